//! Requests between two desks: each step, concurrency, and what the requested node does by itself.

use serde_json::json;

use crate::domain::id::ObjectId;
use crate::node::casework::exchange_tests::network::{Town, towns, towns_with};
use crate::node::casework::{ActInput, Error, NewRequest, RequestQuery, RequestView};
use crate::node::peer::{Deliver, ItemAnswer};
use crate::node::profiles::{GENERIC_POLICY, Profiles};
use crate::node::store::StoreError;
use crate::node::store::requests::{self, Request};
use crate::policy::Action;
use crate::record::StatementHash;

/// A request that the generic profile passes.
pub(super) fn new_request(to: &Town) -> NewRequest {
    serde_json::from_value(json!({
        "to": to.name().as_str(),
        "fields": {
            "contact": "desk 4", "kinds": ["K05"], "purposes": ["customs_enforcement"],
            "object_reason": "undervaluation of textiles", "legal_provisions": ["Customs Act 12"],
            "persons_unknown": true, "facts": "three consignments", "language": "en",
            "marking": "H1 TLP:AMBER",
        }
    }))
    .unwrap()
}

fn id_of(view: &RequestView) -> ObjectId {
    view.id.parse().unwrap()
}

impl Town {
    pub(super) async fn drafted(&self, to: &Self) -> RequestView {
        let permit = self.permit(1, Action::RequestDraft, None);
        self.desk.draft_request(&permit, new_request(to)).await.unwrap()
    }

    pub(super) async fn try_to(
        &self,
        request: &str,
        act: serde_json::Value,
    ) -> Result<RequestView, Error> {
        let input: ActInput = serde_json::from_value(act).unwrap();
        let permit = self.permit(2, input.action()?, Some(request));
        self.desk.act(&permit, request.parse().unwrap(), input).await
    }

    pub(super) async fn does(&self, request: &str, act: serde_json::Value) -> RequestView {
        self.try_to(request, act).await.unwrap()
    }

    pub(super) async fn sees(&self, request: &str) -> RequestView {
        let permit = self.permit(1, Action::RequestRead, Some(request));
        self.desk.request(&permit, request.parse().unwrap()).await.unwrap()
    }
}

/// Both sides see the same state, and the list says the same.
async fn both_are(one: &Town, other: &Town, request: &str, state: &str) {
    for town in [one, other] {
        assert_eq!(town.sees(request).await.state, state, "{}", town.name());
        let permit = town.permit(1, Action::RequestRead, None);
        let listed = town.desk.requests(&permit, RequestQuery::default()).await.unwrap();
        assert_eq!(
            listed.items.first().map(|row| row.state.as_str()),
            Some(state),
            "{}",
            town.name()
        );
    }
}

/// The second of two officers who read the same state is refused where the act would be signed, not only before it.
#[tokio::test]
async fn an_act_follows_only_what_its_officer_has_seen() {
    let [xa, xb] = towns().await;
    let id = xa.drafted(&xb).await.id;
    let act = async |act: serde_json::Value, head: [u8; 32]| {
        let input: ActInput = serde_json::from_value(act).unwrap();
        let permit = xa.permit(2, input.action().unwrap(), Some(&id)).on_head(head);
        xa.desk.act(&permit, id.parse().unwrap(), input).await
    };
    act(json!({"act": "submit"}), [0; 32]).await.unwrap();
    let withdraw = json!({"act": "withdraw", "reason": "solved"});
    let late = act(withdraw.clone(), [0; 32]).await;
    assert!(matches!(late, Err(Error::Conflict(_))), "{late:?}");
    let read = xa.permit(1, Action::RequestRead, Some(&id));
    let head = xa.desk.head(&read).await.unwrap();
    act(withdraw, head.0).await.unwrap();
}

#[tokio::test]
async fn a_request_goes_from_draft_to_close_and_both_sides_agree_at_each_step() {
    let [xa, xb] = towns().await;
    let draft = xa.drafted(&xb).await;
    assert_eq!((draft.state.as_str(), draft.findings.len()), ("DRAFT", 0), "{:?}", draft.findings);
    let id = draft.id.as_str();
    assert_eq!(xa.does(id, json!({"act": "submit"})).await.state, "SUBMITTED");
    xa.send(&xb).await;
    assert_eq!(xb.sees(id).await.state, "RECEIVED");
    assert_eq!(xa.sees(id).await.state, "SUBMITTED");
    xb.send(&xa).await;
    both_are(&xa, &xb, id, "RECEIVED").await;
    let answer = json!({"act": "final_reply", "result": "found", "marking": "H1 H2 TLP:AMBER A1"});
    let steps = [
        (&xb, json!({"act": "acknowledge", "handler": "desk 2"}), "ACKNOWLEDGED"),
        (&xb, json!({"act": "ask_clarification", "question": "which port?"}), "CLARIFICATION"),
        (&xa, json!({"act": "supply", "port": "XAAAA"}), "ACKNOWLEDGED"),
        (&xb, json!({"act": "accept"}), "IN_EXECUTION"),
        (&xb, answer, "ANSWERED"),
        (&xa, json!({"act": "close"}), "CLOSED"),
    ];
    for (town, act, state) in steps {
        town.does(id, act).await;
        let (from, to) = if town.name() == xa.name() { (&xa, &xb) } else { (&xb, &xa) };
        from.send(to).await;
        both_are(&xa, &xb, id, state).await;
    }
    let (one, other) = (xa.sees(id).await, xb.sees(id).await);
    let acts = |view: &RequestView| {
        let acts = view.acts.iter();
        acts.map(|act| (act.hash.clone(), act.verdict.clone(), act.position)).collect::<Vec<_>>()
    };
    assert_eq!(acts(&one), acts(&other));
    assert!(one.acts.iter().all(|act| act.verdict == "applied" && act.position.is_some()));
    assert_eq!(one.content.get("facts"), Some(&json!("three consignments")));
    assert_eq!(one.content, other.content);
}

#[tokio::test]
async fn acts_of_one_frame_are_kept_in_order_and_the_answer_to_one_comes_before_the_next() {
    let [xa, xb] = towns().await;
    let draft = xa.drafted(&xb).await;
    let id = draft.id.as_str();
    xa.does(id, json!({"act": "submit"})).await;
    xa.does(id, json!({"act": "withdraw"})).await;
    let frames = xa.send(&xb).await.frames;
    assert_eq!(frames.first().map(|frame| frame.items.len()), Some(2));
    xb.send(&xa).await;
    both_are(&xa, &xb, id, "WITHDRAWN").await;
    for town in [&xa, &xb] {
        let acts = town.sees(id).await.acts;
        let acts: Vec<_> = acts.iter().map(|act| act.act.as_str()).collect();
        assert_eq!(acts, ["submit", "receipt", "withdraw"], "{}", town.name());
    }
}

#[tokio::test]
async fn no_receipt_is_given_for_what_may_not_leave_yet() {
    let [xa, xb] = towns().await;
    let id = xa.drafted(&xb).await.id;
    xa.does(&id, json!({"act": "submit"})).await;
    let statement = xa.send(&xb).await.frames[0].items[0].statement.clone();
    let hash = [StatementHash::of(&statement)];
    let sealed = xb.desk.signals.sealed();
    assert_eq!(xb.desk.own_receipts(&hash, sealed).await.len(), 1);
    assert!(xb.desk.own_receipts(&hash, 0).await.is_empty());
}

#[tokio::test]
async fn a_statement_twice_in_a_frame_is_kept_once_and_answered_twice_alike() {
    let [xa, xb] = towns().await;
    let draft = xa.drafted(&xb).await;
    let id = draft.id.as_str();
    let submitted = xa.does(id, json!({"act": "submit"})).await;
    let mut hash = [0; 32];
    hex::decode_to_slice(&submitted.acts[0].hash, &mut hash).unwrap();
    let item = xa.item(StatementHash(hash), None).await;
    let deliver = Deliver { checkpoints: vec![], items: vec![item.clone(), item] };
    let answers = xb.desk.receive(xa.name(), deliver.clone()).await.unwrap();
    assert!(
        matches!(answers.as_slice(), [ItemAnswer::Receipt(one), ItemAnswer::Receipt(other)] if one == other)
    );
    assert_eq!(xb.desk.receive(xa.name(), deliver).await.unwrap(), answers);
    assert_eq!(xb.sees(id).await.acts.len(), 2, "the act and its receipt");
}

#[tokio::test]
async fn a_withdrawal_beats_a_refusal_that_was_signed_at_the_same_time() {
    let [xa, xb] = towns().await;
    let draft = xa.drafted(&xb).await;
    let id = draft.id.as_str();
    xa.does(id, json!({"act": "submit"})).await;
    xa.send(&xb).await;
    xb.does(id, json!({"act": "acknowledge"})).await;
    xb.send(&xa).await;
    let refusal = json!({"act": "refuse", "grounds": ["G03"], "reasons": "national interest"});
    assert_eq!(xb.does(id, refusal).await.state, "REFUSED");
    let withdrawn = xa.does(id, json!({"act": "withdraw"})).await;
    assert_eq!(withdrawn.state, "ACKNOWLEDGED");
    assert_eq!(withdrawn.expected_state, "WITHDRAWN");
    assert_eq!(withdrawn.acts.last().unwrap().verdict, "pending");
    xb.send(&xa).await;
    assert_eq!(xa.sees(id).await.state, "REFUSED");
    xa.send(&xb).await;
    both_are(&xa, &xb, id, "WITHDRAWN").await;
    let seen = xa.sees(id).await;
    let refused = seen.acts.iter().find(|act| act.act == "refuse").unwrap();
    assert_eq!(refused.verdict, "void");
    assert!(refused.reason.as_deref().unwrap().contains("withdrawn"));
}

#[tokio::test]
async fn a_request_under_a_profile_that_the_other_side_does_not_hold_comes_back() {
    let newer = GENERIC_POLICY.replace("version = 1", "version = 2");
    let newer = Profiles::shipped().unwrap().with(&newer).unwrap();
    let [xa, xb] = towns_with([newer, Profiles::shipped().unwrap()]).await;
    let draft = xa.drafted(&xb).await;
    let id = draft.id.as_str();
    xa.does(id, json!({"act": "submit"})).await;
    xa.send(&xb).await;
    xb.send(&xa).await;
    both_are(&xa, &xb, id, "RETURNED").await;
    let seen = xa.sees(id).await;
    let reasons = seen.acts.last().unwrap().content.get("reasons").unwrap().as_str().unwrap();
    assert!(reasons.contains("profile differs"), "{reasons}");
    assert!(seen.possible_acts.contains(&"resubmit".to_owned()));
}

#[tokio::test]
async fn a_submission_needs_a_second_officer_and_a_complete_request() {
    let [xa, xb] = towns().await;
    let draft = xa.drafted(&xb).await;
    let id = id_of(&draft);
    let input = || serde_json::from_value::<ActInput>(json!({"act": "submit"})).unwrap();
    let own = xa.permit(1, Action::RequestSubmit, Some(&draft.id));
    assert!(matches!(xa.desk.act(&own, id, input()).await, Err(Error::NotPermitted(_))));
    let lacking = xa.try_to(&draft.id, json!({"act": "submit", "facts": null})).await;
    let Err(Error::Invalid(findings)) = lacking else { panic!("a request without facts was sent") };
    assert_eq!(findings.first().unwrap().path, "facts");
    let changed = xa.try_to(&draft.id, json!({"act": "submit", "facts": "other facts"})).await;
    let Err(Error::Invalid(findings)) = changed else { panic!("a changed draft was sent") };
    assert!(findings[0].message.contains("differs from the draft"), "{findings:?}");
    let wrong = xa.try_to(&draft.id, json!({"act": "supply", "x": "y"})).await;
    assert!(matches!(wrong, Err(Error::IllegalStep(_))));
    assert!(xb.desk.request_view(id).await.is_err());
}

#[tokio::test]
async fn an_answer_bears_marking_and_grading_and_a_refusal_its_ground() {
    let [xa, xb] = towns().await;
    let draft = xa.drafted(&xb).await;
    let id = draft.id.as_str();
    xa.does(id, json!({"act": "submit"})).await;
    xa.send(&xb).await;
    xb.does(id, json!({"act": "acknowledge"})).await;
    let refusal = xb.try_to(id, json!({"act": "refuse", "reasons": "no"})).await;
    assert!(matches!(refusal, Err(Error::Invalid(_))));
    xb.does(id, json!({"act": "accept"})).await;
    let answer = xb.try_to(id, json!({"act": "final_reply", "marking": "TLP:AMBER"})).await;
    assert!(matches!(answer, Err(Error::Invalid(_))));
}

#[tokio::test]
async fn the_same_delivery_again_gives_the_same_receipt_bytes_and_changes_nothing() {
    let [xa, xb] = towns().await;
    let draft = xa.drafted(&xb).await;
    xa.does(&draft.id, json!({"act": "submit"})).await;
    let carried = xa.send(&xb).await;
    let frame = carried.frames.into_iter().next().unwrap();
    let again = xb.desk.receive(xa.name(), frame).await.unwrap();
    assert!(matches!(again.first(), Some(ItemAnswer::Receipt(_))));
    assert_eq!(again, carried.answers);
    let seen = xb.sees(&draft.id).await;
    let acts: Vec<_> = seen.acts.iter().map(|act| act.act.as_str()).collect();
    assert_eq!(acts, ["submit", "receipt"]);
}

#[tokio::test]
async fn a_list_filter_that_names_nothing_is_refused() {
    let [xa, xb] = towns().await;
    let draft = xa.drafted(&xb).await;
    let permit = xa.permit(1, Action::RequestRead, None);
    for (name, bad, told) in [
        ("state", "nonsense", "IN_EXECUTION"),
        ("direction", "sideways", "in or out"),
        ("peer", "no authority", ""),
        ("case", "x", ""),
        ("after", "garbage", "mark of a page"),
    ] {
        let query = serde_json::from_value(json!({name: bad})).unwrap();
        let listed = xa.desk.requests(&permit, query).await;
        let Err(Error::Invalid(findings)) = listed else { panic!("{name} was taken") };
        assert_eq!(findings[0].path, name);
        assert!(findings[0].message.contains(told), "{}", findings[0].message);
    }
    let query = serde_json::from_value(json!({"state": "DRAFT", "direction": "out"})).unwrap();
    assert_eq!(xa.desk.requests(&permit, query).await.unwrap().items[0].id, draft.id);
}

#[tokio::test]
async fn an_approver_is_another_officer_with_a_role_that_approves() {
    let [xa, xb] = towns().await;
    let draft = xa.drafted(&xb).await;
    let id = draft.id.as_str();
    xa.does(id, json!({"act": "submit"})).await;
    xa.send(&xb).await;
    for (approver, why) in
        [("officer-2", "another officer"), ("officer-3", "neither"), ("officer-9", "pseudonym")]
    {
        let tried = xb.try_to(id, json!({"act": "acknowledge", "approver": approver})).await;
        let Err(Error::Invalid(findings)) = tried else { panic!("{approver} approved") };
        assert!(findings[0].message.contains(why), "{approver}: {findings:?}");
    }
    xb.does(id, json!({"act": "acknowledge", "approver": "officer-1"})).await;
}

#[tokio::test]
async fn a_request_that_cannot_be_read_holds_up_no_other_one_of_its_frame() {
    let [xa, xb] = towns().await;
    let mut ids = Vec::new();
    for _ in 0..2 {
        let id = xa.drafted(&xb).await.id;
        xa.does(&id, json!({"act": "submit"})).await;
        ids.push(id);
    }
    let mut rows = Vec::new();
    for (id, peer) in ids.iter().zip(["Not A Name", xb.name().as_str()]) {
        let (peer, state) = (peer.to_owned(), "DRAFT".to_owned());
        rows.push(Request { peer, state, ..xa.request_row(id).await });
    }
    let write = xa.desk.store.write_with("damage", rows, |tx, rows| {
        Box::pin(async move {
            for row in rows {
                requests::put(tx, row).await?;
            }
            Ok::<_, StoreError>(())
        })
    });
    write.await.unwrap();
    let parsed = ids.iter().map(|id| id.parse().unwrap()).collect();
    assert!(xa.desk.recompute_requests(parsed).await.is_err());
    assert_eq!(xa.request_row(&ids[1]).await.state, "SUBMITTED");
}
