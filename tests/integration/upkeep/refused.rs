//! `audit` and `log check` on nodes whose acts the other side refused: they have no findings, and see what is spoilt.

use std::sync::Arc;

use sealane::domain::handling::Purpose;
use sealane::node::Seams;
use sealane::node::casework::{ActView, NewToken, NewUser, RequestView};
use sealane::node::clock::SystemClock;
use sealane::node::store::{Param, Store, StoreConfig, StoreError};
use sealane::node::upkeep::Findings;
use sealane::node::upkeep::log_check::log_check;
use sealane::node::upkeep::reconcile::reconcile;
use sealane::policy::{Action, Actor, Permit};
use serde_json::json;

use crate::support::node::{TestNode, pair};

/// A node with an officer who drafts and one who sends.
struct Side {
    node: TestNode,
    drafter: Actor,
    sender: Actor,
}

impl Side {
    async fn new(name: &str) -> Self {
        let mut node = TestNode::new(name).await;
        node.start().await;
        let (drafter, sender) = (officer(&node, "Ada").await, officer(&node, "Bob").await);
        Self { node, drafter, sender }
    }

    async fn may(&self, actor: &Actor, action: Action, id: Option<&str>) -> Permit {
        let id = id.map(|id| id.parse().unwrap());
        let purpose = Some(Purpose::MutualAssistance);
        self.node.node().desk().permit(actor, action, id, purpose).await.unwrap()
    }

    async fn drafts(&self, to: &Self) -> String {
        let permit = self.may(&self.drafter, Action::RequestDraft, None).await;
        let request = json!({
            "to": to.node.name.as_str(),
            "fields": {
                "contact": "desk 4", "kinds": ["K05"], "purposes": ["customs_enforcement"],
                "object_reason": "undervaluation of textiles",
                "legal_provisions": ["Customs Act 12"], "persons_unknown": true,
                "facts": "three consignments", "language": "en", "marking": "H1 TLP:AMBER",
            }
        });
        let request = serde_json::from_value(request).unwrap();
        self.node.node().desk().draft_request(&permit, request).await.unwrap().id
    }

    async fn does(&self, id: &str, act: &str) {
        let action = if act == "submit" { Action::RequestSubmit } else { Action::RequestAct };
        let permit = self.may(&self.sender, action, Some(id)).await;
        let input = serde_json::from_value(json!({ "act": act })).unwrap();
        self.node.node().desk().act(&permit, id.parse().unwrap(), input).await.unwrap();
    }

    async fn sees(&self, id: &str) -> Option<RequestView> {
        let (desk, actor) = (self.node.node().desk(), &self.sender);
        let (object, purpose) = (id.parse().unwrap(), Some(Purpose::MutualAssistance));
        let permit = desk.permit(actor, Action::RequestRead, Some(object), purpose).await.ok()?;
        desk.request(&permit, object).await.ok()
    }

    /// Waits until the request is in that state and so many acts of this side were refused.
    async fn reaches(&self, id: &str, state: &str, refused: usize) {
        TestNode::until(&format!("{state} at {}", self.node.name), async || {
            let Some(view) = self.sees(id).await else { return false };
            let is_refused = |act: &&ActView| act.verdict == "refused";
            view.state == state && view.acts.iter().filter(is_refused).count() == refused
        })
        .await;
    }

    async fn changes(&self, sql: &'static str, parameters: &[&str]) {
        let path = self.node.data().join("store.db");
        let store = Store::open(&StoreConfig::Sqlite { path }, Arc::new(SystemClock)).await;
        let store = store.unwrap();
        let parameters: Vec<_> = parameters.iter().map(|text| Param::from(*text)).collect();
        let changed: Result<u64, StoreError> = store
            .write("spoil", move |tx| {
                let parameters = parameters.clone();
                Box::pin(async move { tx.execute(sql, parameters).await })
            })
            .await;
        assert_eq!(changed.unwrap(), 1, "{sql}");
        store.close().await;
    }

    /// Makes the request one under this instrument here, so that acts of the other side are refused, or no longer.
    async fn has_instrument(&self, id: &str, instrument: &str) {
        let sql = "UPDATE requests SET instrument = $2 WHERE id = $1";
        self.changes(sql, &[id, instrument]).await;
    }

    async fn findings(&self) -> Findings {
        let config = self.node.config();
        let checked = log_check(&config, Arc::new(SystemClock), &|_, _| {}).await.unwrap();
        assert_eq!(checked.findings.list(), [], "{}", self.node.name);
        reconcile(&config, &Seams::default(), None, &|_, _| {}).await.unwrap().findings
    }
}

async fn officer(node: &TestNode, name: &str) -> Actor {
    let desk = node.node().desk();
    let permit = desk.permit(&Actor::local_socket(), Action::UserManage, None, None).await.unwrap();
    let user = NewUser {
        name: name.to_owned(),
        roles: ["case_officer", "supervisor", "contact_point"].map(str::to_owned).to_vec(),
        unit: "north".to_owned(),
        clearance: 0,
    };
    desk.add_user(&permit, user).await.unwrap();
    let token = NewToken { user: name.to_owned(), label: "test".to_owned(), days: 1 };
    let token = desk.new_token(&permit, token).await.unwrap();
    desk.authenticate(&token.token).await.unwrap().unwrap()
}

/// An act of one side is refused by the other, and passes once the fault is mended.
async fn refused_then_done(one: &Side, other: &Side, id: &str, act: &str, states: [&str; 2]) {
    other.has_instrument(id, "another").await;
    one.does(id, act).await;
    one.reaches(id, states[0], 1).await;
    other.has_instrument(id, "generic.policy").await;
    one.does(id, act).await;
    one.reaches(id, states[1], 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_audit_of_nodes_with_refused_acts_finds_nothing_but_what_is_spoilt() {
    let (xa, xb) = (Side::new("xa").await, Side::new("xb").await);
    pair(&[&xa.node, &xb.node]).await;
    let id = xa.drafts(&xb).await;
    xa.does(&id, "submit").await;
    xa.reaches(&id, "RECEIVED", 0).await;
    refused_then_done(&xb, &xa, &id, "acknowledge", ["RECEIVED", "ACKNOWLEDGED"]).await;
    xa.reaches(&id, "ACKNOWLEDGED", 0).await;
    refused_then_done(&xa, &xb, &id, "withdraw", ["ACKNOWLEDGED", "WITHDRAWN"]).await;
    xb.reaches(&id, "WITHDRAWN", 1).await;
    // A submission that was refused, because its id is taken there, and stays a draft.
    let draft = xa.drafts(&xb).await;
    let taken = "INSERT INTO requests SELECT $1, direction, peer, case_id, 'another', profile, state, version,
                 created_at, updated_at, answer_by, late_withdrawal FROM requests WHERE id = $2";
    xb.changes(taken, &[&draft, &id]).await;
    xa.does(&draft, "submit").await;
    xa.reaches(&draft, "DRAFT", 1).await;
    xb.changes("DELETE FROM requests WHERE id = $1", &[&draft]).await;
    TestNode::until("all is sent and witnessed", async || {
        xa.node.is_settled().await && xb.node.is_settled().await
    })
    .await;
    for side in [&xa, &xb] {
        assert_eq!(side.findings().await.list(), [], "{}", side.node.name);
        let config = side.node.config_file();
        let (said, is_sound) = TestNode::command(&["audit", "--config", config.to_str().unwrap()]);
        assert!(is_sound && said.contains("sound"), "{said}");
    }
    // Without the note of its refusal the act would stand on the chain again.
    let refused = format!("refusals:{draft}");
    xa.changes("DELETE FROM object_fields WHERE object = $1", &[&refused]).await;
    let found = xa.findings().await;
    let chain = format!("chain of request {draft}");
    assert!(found.list().iter().any(|finding| finding.about == chain), "{found:?}");
    let Side { node: mut one, .. } = xa;
    let Side { node: mut other, .. } = xb;
    one.stop().await;
    other.stop().await;
}
