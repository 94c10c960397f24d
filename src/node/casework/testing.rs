//! A desk on a real store, key vault and blob folder in a temporary place, for the tests of use cases.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use ed25519_dalek::SigningKey;

use crate::domain::handling::Purpose;
use crate::domain::id::ObjectId;
use crate::domain::time::Timestamp;
use crate::node::blobs::{Blobs, Disk, Room, SystemDisk};
use crate::node::casework::receive::budget::RefusalBudget;
use crate::node::casework::{BulkRead, CardBook, Desk, Error, HouseRules, NewToken, NewUser};
use crate::node::clock::{Clock, ManualClock};
use crate::node::keys::ContentKeys;
use crate::node::keys::content::StoreKey;
use crate::node::profiles::Profiles;
use crate::node::rng::{OsRng, Rng};
use crate::node::signals::Signals;
use crate::node::store::{KeyVault, Store, StoreConfig, StoreError};
use crate::policy::{Action, Actor, Permit};
use crate::record::Signer;

/// A desk whose place is removed with it.
pub(crate) struct TestDesk {
    pub(crate) desk: Desk,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) folder: tempfile::TempDir,
}

/// A desk of customs.xa.example in November 2026, with four eyes.
pub(crate) async fn desk() -> TestDesk {
    let folder = tempfile::tempdir().unwrap();
    let clock = Arc::new(ManualClock::at(Timestamp::from_secs(1_795_502_520)));
    let file = |name: &str| StoreConfig::Sqlite { path: folder.path().join(name) };
    let shared: Arc<dyn Clock> = Arc::<ManualClock>::clone(&clock);
    let rng: Arc<dyn Rng> = Arc::new(OsRng);
    let vault = KeyVault::open(&file("keys.db"), Arc::clone(&shared)).await.unwrap();
    let store = Store::open(&file("sealane.db"), Arc::clone(&shared)).await.unwrap();
    let keys = ContentKeys::new(StoreKey::new(&[7; 32]), Arc::new(vault), Arc::clone(&rng));
    let desk = Desk {
        authority: "customs.xa.example".parse().unwrap(),
        store,
        keys: Arc::new(keys),
        blobs: Arc::new(Blobs::open(&folder.path().join("blobs"), Arc::clone(&rng)).unwrap()),
        room: Room::new(Arc::new(SystemDisk), folder.path(), 0),
        cards: Arc::new(CardBook::default()),
        signer: Arc::new(Signer::new(SigningKey::from_bytes(&[1; 32]))),
        log_key: SigningKey::from_bytes(&[2; 32]).verifying_key(),
        clock: shared,
        rng,
        signals: Arc::new(Signals::default()),
        rules: HouseRules {
            four_eyes: true,
            backup_days: 90,
            lead_days: 3,
            level_max: 1,
            bulk_read: BulkRead { items_max: 0, minutes: 60 },
            required_training: Arc::default(),
        },
        profiles: Arc::new(Profiles::shipped().unwrap()),
        courier: OnceLock::new(),
        refusals: RefusalBudget::default(),
        acts: Arc::default(),
        workflows: Arc::default(),
    };
    TestDesk { desk, clock, folder }
}

impl TestDesk {
    /// Adds an officer and signs in with a new token.
    pub(crate) async fn officer(&self, name: &str, role: &str, unit: &str) -> Actor {
        let permit = self.admin().await;
        let user = NewUser {
            name: name.to_owned(),
            roles: vec![role.to_owned()],
            unit: unit.to_owned(),
            clearance: 0,
        };
        self.desk.add_user(&permit, user).await.unwrap();
        self.sign_in(name).await
    }

    /// An officer as the store knows them now.
    pub(crate) async fn sign_in(&self, name: &str) -> Actor {
        let permit = self.admin().await;
        let token = NewToken { user: name.to_owned(), label: "test".to_owned(), days: 1 };
        let token = self.desk.new_token(&permit, token).await.unwrap();
        self.desk.authenticate(&token.token).await.unwrap().unwrap()
    }

    /// What the local socket may.
    pub(crate) async fn admin(&self) -> Permit {
        let actor = Actor::local_socket();
        self.desk.permit(&actor, Action::UserManage, None, None).await.unwrap()
    }

    /// Asks for a permit for customs enforcement.
    pub(crate) async fn ask(
        &self,
        actor: &Actor,
        action: Action,
        object: Option<&str>,
    ) -> Result<Permit, Error> {
        let object = object.map(|id| id.parse::<ObjectId>().unwrap());
        self.desk.permit(actor, action, object, Some(Purpose::CustomsEnforcement)).await
    }

    /// As [`TestDesk::ask`], of an actor who may.
    pub(crate) async fn may(&self, actor: &Actor, action: Action, object: Option<&str>) -> Permit {
        self.ask(actor, action, object).await.unwrap()
    }

    /// What the audit trail says: action and outcome of each row.
    pub(crate) async fn trail(&self) -> Vec<(String, String)> {
        let events = self
            .desk
            .store
            .read("trail", |tx| {
                Box::pin(
                    async move { crate::node::store::audit_events::after(tx, 0, 10_000).await },
                )
            })
            .await
            .map_err(|error: StoreError| error)
            .unwrap();
        assert!(events.iter().all(crate::node::store::audit_events::AuditEvent::is_intact));
        events.into_iter().map(|event| (event.action, event.outcome)).collect()
    }

    /// The files of the blob folder, with their content.
    pub(crate) fn blob_files(&self) -> Vec<PathBuf> {
        let mut files = Vec::new();
        let mut folders = vec![self.folder.path().join("blobs")];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() { folders.push(path) } else { files.push(path) }
            }
        }
        files.sort();
        files
    }
}

/// A disk of which as much is free as a test says, in percent.
#[derive(Debug)]
pub(crate) struct SettableDisk(pub(crate) AtomicU64);

impl Disk for SettableDisk {
    fn free_percent(&self, _: &Path) -> io::Result<Option<u64>> {
        Ok(Some(self.0.load(Ordering::Relaxed)))
    }
}
