//! A peer that was removed: nothing new is addressed to it or taken from it, and what waits for it is not lost.

use serde_json::json;

use crate::node::casework::exchange_tests::foreign::packed;
use crate::node::casework::exchange_tests::network::{Town, card_of_new_root, towns};
use crate::node::casework::exchange_tests::refusals::FromTheFuture;
use crate::node::casework::exchange_tests::requests::new_request;
use crate::node::casework::exchange_tests::shares::carry_all;
use crate::node::casework::{Error, NewTaskForce};
use crate::node::peer::message::{ItemAnswer, LaterReason};
use crate::node::peer::{Deliver, RefusalCode};
use crate::node::store::{StoreError, peers};
use crate::policy::Action;
use crate::record::StatementHash;

impl Town {
    /// Ends the pairing, as `peers remove` does.
    pub(super) async fn removes(&self, peer: &Self) {
        let name = peer.name().to_string();
        self.desk
            .store
            .write_with("remove", name, |tx, name| {
                Box::pin(async move { peers::remove(tx, name, 1).await })
            })
            .await
            .map_err(|error: StoreError| error)
            .unwrap();
        self.desk.cards.refresh(&self.desk.store).await.unwrap();
    }

    fn charter(&self, members: &[&Self]) -> NewTaskForce {
        assert!(members.iter().all(|member| member.name() != self.name()));
        let members: Vec<_> = members.iter().map(|member| member.name().as_str()).collect();
        let input = json!({ "name": "Loom", "purpose": "textiles", "members": members });
        serde_json::from_value(input).unwrap()
    }

    async fn forms(&self, members: &[&Self]) -> Result<String, Error> {
        let permit = self.permit(1, Action::TaskForceForm, None);
        let charter = self.charter(members);
        self.desk.form_task_force(&permit, charter).await.map(|view| view.id)
    }
}

/// That the answer tells the officer which peer it is about and what to do.
fn is_told<T: std::fmt::Debug>(answer: Result<T, Error>, peer: &Town) {
    let error = answer.expect_err("it went to a removed peer");
    let said = error.to_string();
    assert!(matches!(error, Error::Invalid(_) | Error::IllegalStep(_)), "{said}");
    assert!(said.contains(peer.name().as_str()), "{said}");
    assert!(said.contains("no peer of this node any more"), "{said}");
    assert!(said.contains("Ask the administrator"), "{said}");
}

#[tokio::test]
async fn nothing_new_is_addressed_to_a_removed_peer() {
    let [xa, xb] = towns().await;
    let case = xa.case().await;
    let (draft, under_way) = (xa.drafted(&xb).await.id, xa.drafted(&xb).await.id);
    xa.does(&under_way, json!({"act": "submit"})).await;
    xa.removes(&xb).await;
    let permit = xa.permit(1, Action::RequestDraft, None);
    is_told(xa.desk.draft_request(&permit, new_request(&xb)).await, &xb);
    is_told(xa.shares(&case, &xb, &["facts/vessel"]).await, &xb);
    is_told(xa.forms(&[&xb]).await, &xb);
    is_told(xa.try_to(&draft, json!({"act": "submit"})).await, &xb);
    is_told(xa.try_to(&under_way, json!({"act": "withdraw"})).await, &xb);
    let findings = xa.sees(&draft).await.findings;
    assert!(findings.iter().any(|finding| finding.starts_with("to: ")), "{findings:?}");
    xa.does(&draft, json!({"act": "discard"})).await;
}

#[tokio::test]
async fn what_waits_for_a_removed_peer_goes_out_when_it_is_paired_again() {
    let [xa, xb] = towns().await;
    let id = xa.drafted(&xb).await.id;
    xa.does(&id, json!({"act": "submit"})).await;
    xa.removes(&xb).await;
    assert!(xa.send(&xb).await.frames.is_empty(), "nothing goes to a removed peer");
    xa.pair(vec![xb.card.clone()]).await;
    xa.send(&xb).await;
    assert_eq!(xb.sees(&id).await.state, "RECEIVED");
}

#[tokio::test]
async fn nothing_is_taken_from_a_removed_peer() {
    let [xa, xb] = towns().await;
    let id = xa.drafted(&xb).await.id;
    let act = xa.does(&id, json!({"act": "submit"})).await.acts.remove(0);
    let hash = StatementHash(hex::decode(act.hash).unwrap().try_into().unwrap());
    let deliver = Deliver { checkpoints: vec![], items: vec![xa.item(hash, None).await] };
    xb.removes(&xa).await;
    let refusal = xb.desk.receive(xa.name(), deliver).await.unwrap_err();
    assert_eq!(refusal.code, RefusalCode::NotPaired);
}

#[tokio::test]
async fn a_task_force_with_a_removed_member_can_be_left_and_closed_but_not_joined_or_posted_to() {
    let [xa, xb, xc] = towns().await;
    let id = xa.forms(&[&xb, &xc]).await.unwrap();
    carry_all(&[&xa, &xb, &xc]).await;
    xb.joins(&id).await;
    xc.removes(&xb).await;
    let permit = xc.permit(1, Action::TaskForceForm, Some(&id));
    let id_of = || id.parse().unwrap();
    is_told(xc.desk.join_task_force(&permit, id_of()).await, &xb);
    xc.pair(vec![xb.card.clone()]).await;
    xc.joins(&id).await;
    carry_all(&[&xa, &xb, &xc]).await;
    xa.removes(&xb).await;
    is_told(xa.posts(&id, "the vessel has left").await, &xb);
    xc.posts(&id, "it is here").await.unwrap();
    xc.removes(&xb).await;
    xc.desk.leave_task_force(&permit, id_of(), "over".to_owned()).await.unwrap();
    let permit = xa.permit(1, Action::TaskForceForm, Some(&id));
    xa.desk.close_task_force(&permit, id_of(), "over".to_owned()).await.unwrap();
}

#[tokio::test]
async fn under_a_new_root_what_was_kept_stays_verifiable_and_nothing_new_is_taken_under_the_former()
{
    let [xa, xb] = towns().await;
    let id = xb.drafted(&xa).await.id;
    xb.does(&id, json!({"act": "submit"})).await;
    let first = xb.send(&xa).await;
    xa.removes(&xb).await;
    let new = card_of_new_root(&xb);
    assert!(new.card.version < xb.card.card.version, "a new root counts its versions anew");
    xa.pair(vec![new.clone()]).await;
    let known = xa.desk.cards.paired(xb.name()).unwrap();
    assert_eq!((known.card.root_key, known.card.version), (new.card.root_key, 0));
    assert_eq!(known.witness_key().map(|key| key.to_string()), Some(new.card.witness_vkey));
    let statement = &first.frames[0].items[0].statement;
    let held = xa.desk.held(StatementHash::of(statement)).await.unwrap();
    assert!(xa.desk.is_signed(held.statement()), "signed under the root of its day");
    let again = xa.desk.receive(xb.name(), first.frames[0].clone()).await.unwrap();
    assert_eq!(again, first.answers, "a repetition gets the same answer");
    let item = xb.said(&FromTheFuture).await;
    let deliver = Deliver { checkpoints: vec![], items: vec![item] };
    let refused = xa.desk.receive(xb.name(), deliver).await.unwrap();
    assert_eq!(refused, [ItemAnswer::Later { reason: LaterReason::CardMissing }]);
    let pack = packed(&xa, &id).await;
    let former = format!("data/trust/former/{}.", xb.name());
    assert!(pack.contains(&former), "the pack has the card of the former root");
}
