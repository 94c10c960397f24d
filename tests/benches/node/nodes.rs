//! Two whole nodes in this process, paired, on the disk that is measured, with an officer at each; measures nothing.

use std::collections::BTreeMap;
use std::net::{TcpListener, UdpSocket};
use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use sealane::domain::handling::Purpose;
use sealane::domain::id::{AuthorityName, ObjectId, OfficerPseudonym, UserId};
use sealane::node::clock::{Clock, SystemClock};
use sealane::node::config::Config;
use sealane::node::init::{NewNode, init};
use sealane::node::keys::words::Fingerprint;
use sealane::node::rng::OsRng;
use sealane::node::store::{Store, StoreConfig};
use sealane::node::{Node, Seams};
use sealane::policy::{Action, Actor, Permit, Resource, ResourceKind, Role, Via, decide};
use serde_json::{Value, json};

/// Who drafts, and who approves and acts.
const OFFICERS: [u8; 2] = [1, 2];
/// Between two looks.
const PAUSE: Duration = Duration::from_millis(10);

/// A node that runs, and its store opened a second time, to look into.
pub(crate) struct Party {
    pub(crate) node: Node,
    pub(crate) store: Store,
}

/// The applicant and the requested authority.
pub(crate) async fn pair(folder: &Path) -> [Party; 2] {
    let parties = [Party::start(folder, "xa").await, Party::start(folder, "xb").await];
    let [one, other] = &parties;
    one.trusts(other).await;
    other.trusts(one).await;
    parties
}

impl Party {
    /// One node in a folder of its own.
    pub(crate) async fn start(folder: &Path, name: &str) -> Self {
        let tcp = || TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
        let dir = folder.join(name);
        let node = NewNode {
            dir: dir.clone(),
            authority: format!("customs.{name}.example").parse().unwrap(),
            title: format!("Customs of {name}"),
            country: name.to_uppercase(),
            listen: UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string(),
            http: tcp(),
            management: tcp(),
            advertise: Vec::new(),
        };
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let set_up = init(&node, Arc::clone(&clock), &OsRng).await.unwrap();
        let text = std::fs::read_to_string(set_up.config).unwrap();
        let config = Config::parse(&text, &dir, []).unwrap();
        let place = StoreConfig::Sqlite { path: config.node.data_dir.join("store.db") };
        let seams = Seams { clock: Arc::clone(&clock), ..Seams::default() };
        let node = Node::start_with(config, seams).await.unwrap();
        Self { node, store: Store::open(&place, clock).await.unwrap() }
    }

    async fn trusts(&self, other: &Self) {
        let card = other.node.trust().own_card().await.unwrap().unwrap();
        let words = Fingerprint::of(&card.card.authority, &card.card.root_key).to_string();
        self.node.trust().add_peer(&card.encode(), &words).await.unwrap();
    }

    pub(crate) fn name(&self) -> &AuthorityName {
        self.node.authority()
    }

    /// The permit of the officer who drafts.
    pub(crate) fn drafts(action: Action, object: Option<ObjectId>) -> Permit {
        permit(OFFICERS[0], action, object)
    }

    /// The permit of the officer who approves and acts.
    pub(crate) fn acts(action: Action, object: Option<ObjectId>) -> Permit {
        permit(OFFICERS[1], action, object)
    }

    /// Drafts a request to another authority and submits it.
    pub(crate) async fn asks(&self, to: &Self) -> ObjectId {
        let request = json!({
            "to": to.name().as_str(),
            "fields": {
                "contact": "desk 4", "kinds": ["K05"], "purposes": ["customs_enforcement"],
                "object_reason": "undervaluation of textiles", "language": "en",
                "legal_provisions": ["Customs Act 12"], "persons_unknown": true,
                "facts": "three consignments", "marking": "H1 TLP:AMBER",
            },
        });
        let request = serde_json::from_value(request).unwrap();
        let permit = Self::drafts(Action::RequestDraft, None);
        let draft = self.node.desk().draft_request(&permit, request).await.unwrap();
        let id = draft.id.parse().unwrap();
        self.does(id, json!({"act": "submit"})).await;
        id
    }

    /// Acts on a request; gives the hash of the act.
    pub(crate) async fn does(&self, request: ObjectId, act: Value) -> [u8; 32] {
        let act: sealane::node::casework::ActInput = serde_json::from_value(act).unwrap();
        let permit = Self::acts(act.action().unwrap(), Some(request));
        let view = self.node.desk().act(&permit, request, act).await.unwrap();
        let mut hash = [0; 32];
        hex::decode_to_slice(&view.acts.last().unwrap().hash, &mut hash).unwrap();
        hash
    }

    /// Waits until a request is in that state here.
    pub(crate) async fn sees(&self, request: ObjectId, state: &str) {
        let permit = Self::acts(Action::RequestRead, Some(request));
        loop {
            match self.node.desk().request(&permit, request).await {
                Ok(view) if view.state == state => return,
                _ => tokio::time::sleep(PAUSE).await,
            }
        }
    }

    pub(crate) async fn stop(self) {
        self.store.close().await;
        self.node.stop().await;
    }
}

fn permit(officer: u8, action: Action, object: Option<ObjectId>) -> Permit {
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
        id: object,
        four_eyes: false,
        team: [user].into(),
        ..Resource::of(ResourceKind::Request)
    };
    decide(&actor, action, &resource, Some(Purpose::MutualAssistance)).into_result().unwrap()
}
