//! Acts that only the other side can refuse: they leave the request, both sides agree, and the officer can act again.

use serde_json::json;

use crate::node::casework::exchange_tests::network::{Town, towns};
use crate::node::casework::{RequestQuery, RequestView, SharedChain};
use crate::node::peer::ItemAnswer;
use crate::node::store::requests::{self, Direction, Request};
use crate::node::store::{StoreError, chains};
use crate::policy::Action;

impl Town {
    /// Makes the request another one on this side, as if an old copy of the store had come back.
    async fn has_instrument(&self, request: Request, instrument: &str) {
        let row = Request { instrument: instrument.to_owned(), ..request };
        self.desk
            .store
            .write_with("instrument", row, |tx, row| {
                Box::pin(async move { requests::put(tx, row).await.map_err(|e: StoreError| e) })
            })
            .await
            .unwrap();
    }

    pub(super) async fn request_row(&self, id: &str) -> Request {
        let id = id.to_owned();
        let read = self.desk.store.read("row", move |tx| {
            Box::pin(async move { requests::get(tx, &id).await.map_err(|e: StoreError| e) })
        });
        read.await.unwrap().unwrap()
    }

    /// The chain of the request is as its acts give it, and so is the state that lists show.
    async fn is_consistent(&self, id: &str) {
        let text = id.to_owned();
        let (kept, derived) = self
            .desk
            .store
            .read("chain", move |tx| {
                Box::pin(async move {
                    let kept = chains::get(tx, &text, SharedChain::AUTHOR).await?;
                    let kept = kept.map_or((None, 0), |one| (Some(one.head), one.length));
                    let derived = SharedChain::read(tx, &text).await?;
                    Ok::<_, StoreError>((kept, (derived.head, derived.length())))
                })
            })
            .await
            .unwrap();
        assert_eq!(kept, derived, "{}", self.name());
        let (kept, derived) = self.desk.request_states(id.parse().unwrap()).await.unwrap();
        assert_eq!(kept, derived, "{}", self.name());
        let permit = self.permit(1, Action::RequestRead, None);
        let listed = self.desk.requests(&permit, RequestQuery::default()).await.unwrap();
        assert_eq!(listed.items[0].state, self.sees(id).await.state);
    }
}

/// The acts that are part of the request.
fn kept(view: &RequestView) -> Vec<(String, String)> {
    let acts = view.acts.iter().filter(|act| act.verdict != "refused");
    acts.map(|act| (act.hash.clone(), act.verdict.clone())).collect()
}

/// Both sides have the same acts and this state.
async fn both_agree(one: &Town, other: &Town, id: &str, state: &str) {
    let (here, there) = (one.sees(id).await, other.sees(id).await);
    assert_eq!((here.state.as_str(), there.state.as_str()), (state, state));
    assert_eq!(kept(&here), kept(&there));
    one.is_consistent(id).await;
    other.is_consistent(id).await;
}

/// The act of one side is refused by the other, leaves the request, and the same act passes once the fault is gone.
async fn refused_then_done(one: &Town, other: &Town, id: &str, act: &str, states: [&str; 2]) {
    let row = other.request_row(id).await;
    other.has_instrument(row.clone(), "another").await;
    one.does(id, json!({"act": act})).await;
    let answers = one.send(other).await.answers;
    assert!(matches!(answers.as_slice(), [ItemAnswer::Refused { .. }]), "{answers:?}");
    let seen = one.sees(id).await;
    let refused = seen.acts.last().unwrap();
    assert_eq!((refused.act.as_str(), refused.verdict.as_str()), (act, "refused"));
    assert!(refused.reason.as_deref().unwrap().starts_with("not_party: "), "{refused:?}");
    assert_eq!((seen.state.as_str(), seen.expected_state.as_str()), (states[0], states[0]));
    assert!(seen.possible_acts.contains(&act.to_owned()), "{:?}", seen.possible_acts);
    one.is_consistent(id).await;
    other.has_instrument(row, &seen.instrument).await;
    one.does(id, json!({"act": act})).await;
    let answers = one.send(other).await.answers;
    assert!(matches!(answers.as_slice(), [ItemAnswer::Receipt(_)]), "{answers:?}");
    other.send(one).await;
    both_agree(one, other, id, states[1]).await;
}

async fn received(xa: &Town, xb: &Town) -> String {
    let id = xa.drafted(xb).await.id;
    xa.does(&id, json!({"act": "submit"})).await;
    xa.send(xb).await;
    xb.send(xa).await;
    id
}

#[tokio::test]
async fn a_refused_act_of_the_applicant_leaves_the_request_and_the_next_one_passes() {
    let [xa, xb] = towns().await;
    let id = received(&xa, &xb).await;
    refused_then_done(&xa, &xb, &id, "withdraw", ["RECEIVED", "WITHDRAWN"]).await;
}

#[tokio::test]
async fn a_refused_act_of_the_requested_side_leaves_the_request_though_its_log_has_it() {
    let [xa, xb] = towns().await;
    let id = received(&xa, &xb).await;
    refused_then_done(&xb, &xa, &id, "acknowledge", ["RECEIVED", "ACKNOWLEDGED"]).await;
    xa.does(&id, json!({"act": "withdraw"})).await;
    xa.send(&xb).await;
    both_agree(&xa, &xb, &id, "WITHDRAWN").await;
}

/// A draft whose id the other side already has for another request.
async fn drafted_and_taken(xa: &Town, xb: &Town) -> String {
    let id = xa.drafted(xb).await.id;
    let mut row = xa.request_row(&id).await;
    row.direction = Direction::In;
    row.peer = xa.name().to_string();
    xb.has_instrument(row, "another").await;
    id
}

#[tokio::test]
async fn a_refused_submission_is_a_draft_again() {
    let [xa, xb] = towns().await;
    let id = drafted_and_taken(&xa, &xb).await;
    refused_then_done(&xa, &xb, &id, "submit", ["DRAFT", "RECEIVED"]).await;
}

#[tokio::test]
async fn a_draft_whose_submission_was_refused_can_be_discarded() {
    let [xa, xb] = towns().await;
    let id = drafted_and_taken(&xa, &xb).await;
    xa.does(&id, json!({"act": "submit"})).await;
    xa.send(&xb).await;
    xa.does(&id, json!({"act": "discard"})).await;
    assert_eq!(xa.sees(&id).await.state, "DISCARDED");
    assert!(xa.send(&xb).await.frames.is_empty(), "nothing is sent of a draft");
}
