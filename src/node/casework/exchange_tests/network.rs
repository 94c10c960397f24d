//! Desks with stores, logs and cards in temporary places, and the carrying of what waits between them.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use ed25519_dalek::SigningKey;
use tokio_util::sync::CancellationToken;

use crate::domain::handling::Purpose;
use crate::domain::id::{AuthorityName, ObjectId, OfficerPseudonym, UserId};
use crate::domain::time::Timestamp;
use crate::node::blobs::{Blobs, Room};
use crate::node::casework::receive::budget::RefusalBudget;
use crate::node::casework::testing::SettableDisk;
use crate::node::casework::{CardBook, Desk, HouseRules, SentLeaves};
use crate::node::clock::{Clock, ManualClock};
use crate::node::drill::Drill;
use crate::node::keys::ContentKeys;
use crate::node::keys::content::StoreKey;
use crate::node::log::{
    HighWaterFile, LogOpening, Sequencer, SequencerParts, Signing, SigningGate,
};
use crate::node::peer::{Deliver, DeliverItem, DisclosedLeaf, Fields, ItemAnswer};
use crate::node::profiles::Profiles;
use crate::node::rng::{OsRng, Rng};
use crate::node::signals::Signals;
use crate::node::store::outbox::{self, LeaseTerms, OutboxState, Outgoing};
use crate::node::store::receipts::Receipt as ReceiptRow;
use crate::node::store::users::{self, User};
use crate::node::store::{
    KeyVault, Store, StoreConfig, StoreError, logs, peers, receipts, records,
};
use crate::policy::{Action, Actor, Permit, Resource, ResourceKind, Role, Via, decide};
use crate::record::card::{Card, RecordKey, SignedCard};
use crate::record::payload::Common;
use crate::record::receipt::Receipt;
use crate::record::{Record, Signer, Statement, StatementHash};
use crate::transparency::cosignature::Cosigner;
use crate::transparency::key::{KeyKind, VerifierKey};

/// 2026-11-24.
const NOW: i64 = 1_795_502_520;

/// A node without a network.
pub(super) struct Town {
    pub(super) desk: Arc<Desk>,
    pub(super) card: SignedCard,
    pub(super) folder: tempfile::TempDir,
    pub(super) disk: Arc<SettableDisk>,
    stop: CancellationToken,
}

impl Drop for Town {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// What became of the rows that were carried.
#[derive(Debug, Default)]
pub(super) struct Carried {
    pub(super) frames: Vec<Deliver>,
    pub(super) answers: Vec<ItemAnswer>,
}

/// Towns that know each other, `xa`, `xb` and so on.
pub(super) async fn towns<const N: usize>() -> [Town; N] {
    towns_with([(); N].map(|()| Profiles::shipped().unwrap())).await
}

/// Towns that hold these profiles.
pub(super) async fn towns_with<const N: usize>(profiles: [Profiles; N]) -> [Town; N] {
    let mut towns = Vec::new();
    for (number, profiles) in profiles.into_iter().enumerate() {
        towns.push(town(u8::try_from(number).unwrap(), profiles).await);
    }
    let cards: Vec<_> = towns.iter().map(|town| town.card.clone()).collect();
    for town in &towns {
        town.staff().await;
        town.pair(cards.clone()).await;
    }
    towns.try_into().unwrap_or_else(|_| panic!("as many as were made"))
}

async fn town(number: u8, profiles: Profiles) -> Town {
    let folder = tempfile::tempdir().unwrap();
    let clock = Arc::new(ManualClock::at(Timestamp::from_secs(NOW)));
    let file = |name: &str| StoreConfig::Sqlite { path: folder.path().join(name) };
    let shared: Arc<dyn Clock> = clock;
    let rng: Arc<dyn Rng> = Arc::new(OsRng);
    let free = Arc::new(SettableDisk(AtomicU64::new(100)));
    let vault = KeyVault::open(&file("keys.db"), Arc::clone(&shared)).await.unwrap();
    let store = Store::open(&file("store.db"), Arc::clone(&shared)).await.unwrap();
    let keys = ContentKeys::new(StoreKey::new(&[7; 32]), Arc::new(vault), Arc::clone(&rng));
    let letter = char::from(b'a' + number);
    let authority: AuthorityName = format!("customs.x{letter}.example").parse().unwrap();
    let key = |role: u8| SigningKey::from_bytes(&[number * 10 + role; 32]);
    let signals = Arc::new(Signals::default());
    let desk = Arc::new(Desk {
        authority: authority.clone(),
        store: store.clone(),
        keys: Arc::new(keys),
        blobs: Arc::new(Blobs::open(&folder.path().join("blobs"), Arc::clone(&rng)).unwrap()),
        room: Room::new(Arc::clone(&free) as Arc<_>, folder.path(), 5),
        cards: Arc::new(CardBook::default()),
        signer: Arc::new(Signer::new(key(1))),
        log_key: key(2).verifying_key(),
        clock: Arc::clone(&shared),
        rng,
        signals: Arc::clone(&signals),
        rules: HouseRules {
            four_eyes: true,
            backup_days: 90,
            lead_days: 3,
            level_max: 1,
            bulk_read: crate::node::casework::BulkRead { items_max: 0, minutes: 60 },
            required_training: Arc::default(),
        },
        profiles: Arc::new(profiles),
        courier: OnceLock::new(),
        refusals: RefusalBudget::default(),
        acts: Arc::default(),
        workflows: Arc::default(),
    });
    desk.open_log(2026, None).await.unwrap();
    let stop = CancellationToken::new();
    let sequencer = Sequencer::new(SequencerParts {
        authority: authority.clone(),
        store,
        clock: shared,
        signals,
        log_key: key(2),
        receipt_key: Arc::new(Signer::new(key(3))),
        high_water: HighWaterFile::open(folder.path()).unwrap(),
        gate: Arc::new(SigningGate::new(Signing::Allowed)),
        opening: Arc::<Desk>::clone(&desk),
        drill: Drill::default(),
    });
    tokio::spawn(sequencer.run(stop.clone()));
    Town { card: card(&authority, 1, key), desk, folder, disk: free, stop }
}

/// A card of that town under a new root, with none of its former keys.
pub(super) fn card_of_new_root(town: &Town) -> SignedCard {
    card(town.name(), 0, |role| SigningKey::from_bytes(&[200 + role; 32]))
}

fn card(authority: &AuthorityName, version: i64, key: impl Fn(u8) -> SigningKey) -> SignedCard {
    let origin = authority.log_origin(2026);
    let root = Signer::new(key(4));
    let witness = Cosigner::new(&authority.witness_name(), key(5)).unwrap();
    let log = VerifierKey::new(&origin, KeyKind::Log, &key(2).verifying_key()).unwrap();
    let card = Card {
        authority: authority.clone(),
        version,
        title: "Customs".to_owned(),
        country: "XA".to_owned(),
        addresses: vec![],
        http: None,
        anchors: vec![vec![0x30, 0]],
        root_key: root.verifying_key(),
        record_keys: vec![RecordKey {
            key: key(1).verifying_key(),
            not_before: Timestamp::from_secs(NOW - 1000),
            not_after: Timestamp::from_secs(NOW + 1_000_000),
        }],
        receipt_key: key(3).verifying_key(),
        log_vkeys: vec![log.to_string()],
        witness_vkey: witness.verifier_key().to_string(),
    };
    let common = Common {
        kind: String::new(),
        prev: None,
        object: ObjectId::from_random([9; 16]),
        actor: "node".to_owned(),
        role: "node".to_owned(),
        purpose: String::new(),
        authored_at: Timestamp::from_secs(NOW),
        profile: None,
    };
    let rng = OsRng;
    let mut draw = |bytes: &mut [u8]| rng.fill(bytes);
    let record = Record::sign(common, &card, authority, &root, &mut draw).unwrap();
    SignedCard::of(record).unwrap()
}

impl Town {
    /// Three officers: two with every role of a desk, the third a case officer.
    async fn staff(&self) {
        let user = |number: u8, roles: &str| User {
            id: UserId(uuid::Uuid::from_bytes([number; 16])).to_string(),
            name: format!("Officer {number}"),
            pseudonym: format!("officer-{number}"),
            roles: roles.to_owned(),
            unit: String::new(),
            clearance: 0,
            disabled_at: None,
            created_at: 0,
        };
        let desk = "case_officer supervisor contact_point";
        let users = [user(1, desk), user(2, desk), user(3, "case_officer")];
        self.desk
            .store
            .write_with("staff", users, |tx, users| {
                Box::pin(async move {
                    for user in users {
                        users::insert(tx, user).await?;
                    }
                    Ok::<_, StoreError>(())
                })
            })
            .await
            .unwrap();
    }

    /// Pins these, or pins them anew.
    pub(super) async fn pair(&self, cards: Vec<SignedCard>) {
        self.desk
            .store
            .write_with("pair", cards, |tx, cards| {
                Box::pin(async move {
                    for card in cards {
                        let row = peers::Peer {
                            authority: card.card.authority.to_string(),
                            root_key: card.card.root_key.to_bytes().to_vec(),
                            added_at: 0,
                            removed_at: None,
                        };
                        peers::put(tx, &row).await?;
                        let row = peers::Card {
                            authority: row.authority,
                            root_key: row.root_key,
                            version: card.card.version,
                            card: card.encode(),
                            received_at: 0,
                        };
                        peers::add_card(tx, &row).await?;
                    }
                    Ok::<_, StoreError>(())
                })
            })
            .await
            .unwrap();
        self.desk.cards.refresh(&self.desk.store).await.unwrap();
    }

    pub(super) fn name(&self) -> &AuthorityName {
        &self.desk.authority
    }

    /// A permit of one of two officers, both with every role of a desk.
    #[expect(clippy::unused_self, reason = "an officer is one of this town")]
    pub(super) fn permit(&self, officer: u8, action: Action, object: Option<&str>) -> Permit {
        let user = UserId(uuid::Uuid::from_bytes([officer; 16]));
        let actor = Actor {
            user: Some(user),
            pseudonym: OfficerPseudonym::from_str(&format!("officer-{officer}")).unwrap(),
            roles: [Role::CaseOfficer, Role::Supervisor, Role::ContactPoint].into(),
            suspended: BTreeMap::new(),
            compartments: std::collections::BTreeSet::new(),
            clearance: 0,
            unit: None,
            via: Via::Token,
        };
        let resource = Resource {
            four_eyes: false,
            team: [user].into(),
            ..Resource::of(ResourceKind::Request)
        };
        let resource = match object {
            Some(id) => resource.with_id(id.parse().unwrap()),
            None => resource,
        };
        decide(&actor, action, &resource, Some(Purpose::MutualAssistance)).into_result().unwrap()
    }

    /// Waits until everything committed is sealed.
    pub(super) async fn sealed(&self) {
        let last = self
            .desk
            .store
            .read("last", |tx| Box::pin(async move { records::last_seq(tx).await }))
            .await
            .unwrap();
        self.desk.signals.sealed_through(last).await;
    }

    async fn due(&self, peer: &AuthorityName) -> Vec<Outgoing> {
        self.sealed().await;
        let (peer, now) = (peer.to_string(), self.desk.clock.now().0);
        let sealed_seq = self.desk.signals.sealed();
        let terms = LeaseTerms { now, limit: 256, lease_ms: 1, token: 1, sealed_seq };
        self.desk
            .store
            .write_with("lease", peer, move |tx, peer| {
                Box::pin(async move { outbox::lease_due(tx, peer, terms).await })
            })
            .await
            .map_err(|error: StoreError| error)
            .unwrap()
    }

    /// A statement as it is delivered.
    pub(super) async fn item(&self, hash: StatementHash, shown: Option<&[usize]>) -> DeliverItem {
        let held = self.desk.held(hash).await.unwrap();
        let fields = match held.leaves(shown) {
            SentLeaves::All(leaves) => Fields::All(leaves.into_iter().map(Bytes::from).collect()),
            SentLeaves::Disclosed(count, leaves) => Fields::Disclosed {
                leaf_count: count as u64,
                leaves: leaves
                    .into_iter()
                    .map(|leaf| DisclosedLeaf {
                        index: leaf.index as u64,
                        leaf: leaf.bytes.into(),
                        path: leaf.path.iter().map(|hash| hash.0).collect(),
                    })
                    .collect(),
            },
        };
        let receipt = self.own_receipt(hash).await;
        let statement = Bytes::copy_from_slice(held.statement().bytes());
        DeliverItem { statement, fields, receipt }
    }

    pub(super) async fn own_receipt(&self, hash: StatementHash) -> Bytes {
        self.sealed().await;
        let row = self
            .desk
            .store
            .read("own_receipt", move |tx| {
                Box::pin(async move {
                    let leaf = logs::leaf_of(tx, &hash.0).await?.unwrap();
                    receipts::get(tx, &hash.0, &leaf.origin).await
                })
            })
            .await
            .unwrap();
        row.unwrap().receipt.into()
    }

    /// Carries what is due to a peer, once, and stores its receipts.
    pub(super) async fn send(&self, to: &Self) -> Carried {
        let rows = self.due(to.name()).await;
        let mut carried = Carried::default();
        if rows.is_empty() {
            return carried;
        }
        let mut frame = Deliver::default();
        for row in &rows {
            let shown = row.disclosure.as_deref();
            let shown = shown.map(crate::node::casework::summaries::read_indices);
            let shown: Option<Vec<usize>> = shown.map(|shown| shown.into_iter().collect());
            frame.items.push(self.item(StatementHash(row.record_hash), shown.as_deref()).await);
        }
        let answers = to.desk.receive(self.name(), frame.clone()).await.unwrap();
        assert_eq!(answers.len(), rows.len());
        for (row, answer) in rows.iter().zip(&answers) {
            self.settle(to, row, answer).await;
        }
        carried.frames.push(frame);
        carried.answers.extend(answers);
        carried
    }

    async fn settle(&self, to: &Self, row: &Outgoing, answer: &ItemAnswer) {
        let (lease, hash, now) = (row.lease(), row.record_hash, self.desk.clock.now().0);
        let receipt = match answer {
            ItemAnswer::Receipt(bytes) => Some(delivered(to, &row.record_hash, bytes, self).await),
            ItemAnswer::Refused { .. } | ItemAnswer::Later { .. } => None,
        };
        let state = match answer {
            ItemAnswer::Receipt(_) => Some(OutboxState::Delivered),
            ItemAnswer::Refused { .. } => Some(OutboxState::Refused),
            ItemAnswer::Later { .. } => None,
        };
        self.desk
            .store
            .write_with("settle", receipt, move |tx, receipt| {
                Box::pin(async move {
                    if let Some(receipt) = receipt {
                        receipts::keep(tx, receipt).await?;
                    }
                    match state {
                        Some(state) => outbox::settle(tx, &[lease], state, now, None).await,
                        None => outbox::postpone(tx, &[lease], 0, "later").await,
                    }
                })
            })
            .await
            .unwrap();
        if matches!(answer, ItemAnswer::Receipt(_)) {
            self.desk.on_receipted(to.name(), &[StatementHash(hash)]).await.unwrap();
        }
        if let ItemAnswer::Refused { statement, fields } = answer {
            // Told again after a crash: twice is as once.
            for _ in 0..2 {
                let leaves = fields.iter().map(|leaf| leaf.to_vec()).collect();
                let key = to.card.card.record_keys[0].key;
                let refusal =
                    Record::open(Statement::parse(statement).unwrap(), leaves, &key).unwrap();
                self.desk.keep_refusal(to.name(), StatementHash(hash), refusal).await.unwrap();
            }
        }
    }

    /// Every byte that the store and its log files have on disk.
    pub(super) async fn database_bytes(&self) -> Vec<u8> {
        self.desk.store.checkpoint().await.unwrap();
        let mut bytes = Vec::new();
        for name in ["store.db", "store.db-wal"] {
            let path: PathBuf = self.folder.path().join(name);
            bytes.extend(std::fs::read(path).unwrap_or_default());
        }
        bytes
    }
}

/// The receipt of the receiver, verified as delivery does it.
async fn delivered(to: &Town, hash: &[u8; 32], bytes: &Bytes, from: &Town) -> ReceiptRow {
    let receipt = Receipt::parse(bytes).unwrap();
    let statement = from.desk.held(StatementHash(*hash)).await.unwrap();
    receipt.verify(statement.statement().bytes(), &to.card.card.receipt_key).unwrap();
    ReceiptRow {
        record_hash: *hash,
        origin: receipt.origin.unwrap(),
        log_index: i64::try_from(receipt.leaf_index).unwrap(),
        tree_size: i64::try_from(receipt.tree_size).unwrap(),
        receipt: bytes.to_vec(),
        proof: None,
        stored_at: 0,
    }
}
