//! A sender with sealed records and a queue, and the peer at the other end.

use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use sealane::domain::handling::Purpose;
use sealane::domain::id::AuthorityName;
use sealane::domain::time::Timestamp;
use sealane::node::clock::{Clock as _, ManualClock};
use sealane::node::jobs::resting::Resting;
use sealane::node::jobs::seam::{Leaves, NotSendable, Sendable, Wanted};
use sealane::node::peer::Fields;
use sealane::node::store::outbox::{self, NewOutgoing, OutboxFrame, OutboxState};
use sealane::node::store::receipts::{self, Receipt};
use sealane::node::store::{Store, StoreError, records};
use sealane::policy::{Action, Actor};
use sealane::record::StatementHash;

use crate::node::deliver::deliverer;
use crate::node::deliver::peer::{FakePeer, Heard};
use crate::support::node::{TestNode, pair};

/// Everything that a delivery touches.
pub(super) struct World {
    xa: TestNode,
    pub(super) own: AuthorityName,
    pub(super) store: Store,
    pub(super) clock: Arc<ManualClock>,
    pub(super) peer: Arc<FakePeer>,
    pub(super) heard: Arc<Heard>,
    pub(super) resting: Arc<Resting>,
    records: Vec<records::Record>,
}

impl World {
    /// A sender with that many sealed records, paired with the peer.
    pub(super) async fn new(count: usize) -> Self {
        let clock = Arc::new(ManualClock::at(Timestamp::from_secs(1_795_502_520)));
        let mut xa = TestNode::with_clock("xa", clock.clone()).await;
        let mut xb = TestNode::with_clock("xb", clock.clone()).await;
        xa.start().await;
        xb.start().await;
        pair(&[&xa, &xb]).await;
        TestNode::until("the policies at both sides", async || {
            // The clock stands still, and what failed before both were paired waits for it.
            clock.advance_secs(2);
            xa.is_settled().await && xb.is_settled().await
        })
        .await;
        xb.stop().await;
        open_cases(&xa, count).await;
        TestNode::until("the seal", async || {
            xa.node().desk().status().await.unwrap().unsealed == 0
        })
        .await;
        xa.stop().await;
        let (store, own) = (xa.store().await, xa.name.clone());
        let records = store
            .read("test", |tx| {
                Box::pin(async move { records::of_kind(tx, "case.opened/1", 0, 9999).await })
            })
            .await
            .unwrap();
        assert_eq!(records.len(), count);
        let peer = Arc::new(FakePeer::new(xb.name.clone(), &xb.keys()));
        let (heard, resting) = (Arc::default(), Arc::default());
        let world = Self { xa, own, store, clock, peer, heard, resting, records };
        world.seal_all().await;
        world
    }

    /// The key of the sender's log.
    pub(super) fn log_key(&self) -> ed25519_dalek::VerifyingKey {
        self.xa.keys().signing_keys().unwrap().log.public()
    }

    /// The node was stopped as soon as the last record was committed; the sequencer of a restart seals it.
    async fn seal_all(&self) {
        let hashes: Vec<_> = self.records.iter().map(|record| record.hash).collect();
        let sealed = self
            .store
            .read("test", |tx| Box::pin(async move { receipts::of_records(tx, &hashes).await }))
            .await
            .unwrap();
        assert_eq!(sealed.len(), self.records.len(), "records were sealed before the stop");
    }

    /// Queues the records in conversations of these names.
    pub(super) async fn queue(&self, conversations: &[&str]) {
        let rows: Vec<_> = conversations
            .iter()
            .zip(&self.records)
            .map(|(conversation, record)| NewOutgoing {
                peer: self.peer.name().to_string(),
                conversation: (*conversation).to_owned(),
                record_hash: record.hash,
                frame: OutboxFrame::Deliver,
                disclosure: None,
                queued_at: self.now(),
            })
            .collect();
        let queued = self.store.write_with("test", rows, |tx, rows| {
            Box::pin(async move { outbox::enqueue(tx, rows).await })
        });
        assert_eq!(queued.await.unwrap(), conversations.len() as u64);
    }

    pub(super) async fn deliver_now(&self) {
        deliverer(self).await.run_once().await.unwrap();
    }

    /// Lets every wait pass.
    pub(super) fn later(&self) {
        self.clock.advance_secs(400);
    }

    pub(super) async fn deliver_until_settled(&self) {
        for _ in 0..20 {
            self.deliver_now().await;
            let waiting = self
                .store
                .read("test", |tx| Box::pin(async move { outbox::backlogs(tx).await }))
                .await
                .unwrap();
            if waiting.is_empty() {
                return;
            }
            self.later();
        }
        panic!("something is never settled");
    }

    /// Makes settled rows due again, as a crash between receipt and settling does.
    pub(super) async fn unsettle(&self) {
        let peer = self.peer.name().to_string();
        let hashes: Vec<_> = self.records.iter().map(|record| record.hash).collect();
        let fresh: Vec<_> = hashes
            .iter()
            .map(|hash| NewOutgoing {
                peer: peer.clone(),
                conversation: "again".to_owned(),
                record_hash: *hash,
                frame: OutboxFrame::Deliver,
                disclosure: None,
                queued_at: self.now(),
            })
            .collect();
        // The queue itself never takes a record twice.
        let queued = self.store.write_with("test", fresh, |tx, rows| {
            Box::pin(async move { outbox::enqueue(tx, rows).await })
        });
        assert_eq!(queued.await.unwrap(), 0);
    }

    pub(super) fn now(&self) -> i64 {
        self.clock.now().0
    }

    pub(super) fn hashes(&self) -> Vec<StatementHash> {
        self.records.iter().map(|record| StatementHash(record.hash)).collect()
    }

    pub(super) fn statements(&self) -> Vec<Vec<u8>> {
        self.records.iter().map(|record| record.statement.clone()).collect()
    }

    /// The peer's receipts that are kept, in the order of the records.
    pub(super) async fn receipts(&self) -> Vec<Receipt> {
        let prefix = format!("{}/log/", self.peer.name());
        let mut kept = Vec::new();
        for record in &self.records {
            let hash = record.hash;
            let all = self.store.read("test", move |tx| {
                Box::pin(async move { receipts::of_record(tx, &hash).await })
            });
            let all: Result<Vec<_>, StoreError> = all.await;
            kept.extend(all.unwrap().into_iter().filter(|one| one.origin.starts_with(&prefix)));
        }
        kept
    }

    /// The states of the deliveries, in the order of the records.
    pub(super) async fn states(&self) -> Vec<OutboxState> {
        let mut states = Vec::new();
        for record in &self.records {
            let hash = record.hash;
            let rows = self.store.read("test", move |tx| {
                Box::pin(async move { outbox::of_record(tx, &hash).await })
            });
            let rows: Result<Vec<_>, StoreError> = rows.await;
            let deliveries = rows.unwrap().into_iter().filter(|r| r.frame == OutboxFrame::Deliver);
            states.extend(deliveries.map(|row| row.state));
        }
        states
    }
}

/// Statements without their leaves: the peer of these tests reads none.
pub(super) struct StoredStatements(pub(super) Store);

#[async_trait]
impl Leaves for StoredStatements {
    async fn load(&self, wanted: Vec<Wanted>) -> Vec<Result<Sendable, NotSendable>> {
        let hashes: Vec<_> = wanted.iter().map(|one| one.hash.0).collect();
        let rows = self
            .0
            .read("test", move |tx| Box::pin(async move { records::get_many(tx, &hashes).await }))
            .await
            .unwrap();
        let mut by_hash: HashMap<_, _> =
            rows.into_iter().map(|row| (row.hash, row.statement)).collect();
        wanted
            .iter()
            .map(|one| {
                by_hash
                    .remove(&one.hash.0)
                    .map(|statement| Sendable { statement, fields: Fields::All(Vec::new()) })
                    .ok_or_else(|| NotSendable::Gone("erased".to_owned()))
            })
            .collect()
    }
}

/// Opens so many cases: records that nobody is sent by themselves.
async fn open_cases(node: &TestNode, count: usize) {
    let desk = node.node().desk();
    let admin = Actor::local_socket();
    let may = async || desk.permit(&admin, Action::UserManage, None, None).await.unwrap();
    let user = serde_json::json!({ "name": "anna", "roles": ["case_officer"], "unit": "north" });
    desk.add_user(&may().await, serde_json::from_value(user).unwrap()).await.unwrap();
    let token = serde_json::json!({ "user": "anna", "label": "test", "days": 1 });
    let token = desk.new_token(&may().await, serde_json::from_value(token).unwrap()).await.unwrap();
    let anna = desk.authenticate(&token.token).await.unwrap().unwrap();
    for number in 0..count {
        let purpose = Some(Purpose::CustomsEnforcement);
        let permit = desk.permit(&anna, Action::CaseOpen, None, purpose).await.unwrap();
        let title = format!("case {number}");
        let case = serde_json::json!({ "title": title, "case_type": "revenue", "fields": {} });
        desk.open_case(&permit, serde_json::from_value(case).unwrap()).await.unwrap();
    }
}
