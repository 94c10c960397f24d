//! How long cases are kept, on a real store, by a clock that the test moves.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};

use crate::domain::id::ObjectId;
use crate::node::casework::cases::{CaseChange, CaseQuery, CaseView, NewCase};
use crate::node::casework::retention::{
    KeepingView, Lifting, NewRestriction, NewReview, RetentionQuery, RetentionRow, ReviewDecision,
};
use crate::node::casework::testing::{TestDesk, desk};
use crate::node::casework::{Error, NewErasure, NoticeQuery, SearchQuery};
use crate::policy::{Action, Actor};

const DAY: i64 = 86_400;

fn fields(json: Json) -> BTreeMap<String, Json> {
    serde_json::from_value(json).expect("fields by path")
}

/// A case of 24 November 2026.
async fn open(test: &TestDesk, actor: &Actor) -> CaseView {
    let permit = test.may(actor, Action::CaseOpen, None).await;
    let input = NewCase {
        title: "Cigarettes as tea".to_owned(),
        case_type: "tobacco_excise".to_owned(),
        fields: fields(json!({
            "subjects/0/name": "Jane Doe", "subjects/0/kind": "person", "subjects/0/role": "suspect",
        })),
        ..NewCase::default()
    };
    test.desk.open_case(&permit, input).await.expect("a case")
}

async fn set(test: &TestDesk, actor: &Actor, id: &str, json: Json) -> Result<CaseView, Error> {
    let permit = test.ask(actor, Action::CaseUpdate, Some(id)).await?;
    test.desk.update_case(&permit, CaseChange { fields: fields(json) }).await
}

async fn review(
    test: &TestDesk,
    actor: &Actor,
    id: &str,
    decision: ReviewDecision,
    next: Option<&str>,
) -> Result<KeepingView, Error> {
    let permit = test.ask(actor, Action::CaseReview, Some(id)).await?;
    let next = next.map(str::to_owned);
    let input = NewReview { decision, reason: "looked through".to_owned(), next };
    test.desk.review_case(&permit, input).await
}

async fn keeping(test: &TestDesk, actor: &Actor, id: &str) -> KeepingView {
    let permit = test.may(actor, Action::RetentionRead, Some(id)).await;
    test.desk.keeping(&permit).await.expect("its clocks")
}

fn told(view: &KeepingView) -> Vec<(&str, &str, &str, &str)> {
    let clocks = view.clocks.iter();
    clocks
        .map(|clock| (clock.action, clock.scope.as_str(), clock.rule, clock.due.as_str()))
        .collect()
}

async fn listed(test: &TestDesk, actor: &Actor, due: bool) -> Vec<RetentionRow> {
    let permit = test.may(actor, Action::RetentionRead, None).await;
    let query = RetentionQuery { due, ..RetentionQuery::default() };
    test.desk.retention(&permit, query).await.expect("a list").items
}

async fn cases(test: &TestDesk, actor: &Actor, restricted: bool) -> Vec<String> {
    let permit = test.may(actor, Action::CaseList, None).await;
    let query = CaseQuery { restricted, ..CaseQuery::default() };
    let page = test.desk.cases(&permit, query).await.expect("a list");
    page.items.into_iter().map(|row| row.id).collect()
}

async fn is_found(test: &TestDesk, actor: &Actor) -> bool {
    let permit = test.may(actor, Action::CaseRead, None).await;
    let query = SearchQuery { name: Some("Jane Doe".to_owned()), ..SearchQuery::default() };
    !test.desk.search(&permit, query).await.expect("an answer").items.is_empty()
}

async fn sound(test: &TestDesk, id: &str) {
    let id: ObjectId = id.parse().expect("an id");
    assert_eq!(test.desk.case_differences(id).await.expect("a case"), [""; 0]);
}

#[tokio::test]
async fn the_clocks_of_a_case_follow_what_came_out_of_it_and_are_derived_by_the_audit() {
    let test = desk().await;
    let ada = test.officer("Ada", "case_officer", "north").await;
    let boss = test.officer("Bo", "supervisor", "north").await;
    let case = open(&test, &ada).await;
    let id = case.row.id.as_str();
    let review = ("review", "case", "review", "2027-11-24");
    let open = keeping(&test, &boss, id).await;
    assert_eq!(told(&open), [("erase", "case", "no_act", "2027-11-24"), review]);
    assert_eq!((open.clocks[0].event, open.clocks[0].source), ("last_act", "policy"));
    for (outcome, value, rule, due) in [
        ("investigation", "substantiated", "breach_undecided", "2032-11-24"),
        ("administrative", "penalty", "decided", "2036-11-24"),
    ] {
        set(&test, &ada, id, json!({format!("tracks/{outcome}/outcome"): value})).await.unwrap();
        assert_eq!(told(&keeping(&test, &boss, id).await), [("erase", "case", rule, due), review]);
        sound(&test, id).await;
    }
    // Who was cleared goes at once, and the list proposes it.
    set(&test, &ada, id, json!({"subjects/0/cleared": "2026-11-23"})).await.unwrap();
    let due = listed(&test, &boss, true).await;
    assert_eq!((due.len(), due[0].scope.as_str(), due[0].action), (1, "subjects/0", "erase"));
    sound(&test, id).await;
    // A legal hold beats it.
    let order = json!({"holds/0/proceeding": "order 7/26", "holds/0/review": "2027-01-01"});
    set(&test, &ada, id, order).await.unwrap();
    let held = keeping(&test, &boss, id).await;
    assert!(held.is_held && told(&held) == [review], "{held:?}");
    assert_eq!(listed(&test, &boss, true).await, []);
    sound(&test, id).await;
    let unsound = set(&test, &ada, id, json!({"subjects/0/cleared": "soon"})).await;
    assert!(matches!(unsound, Err(Error::Invalid(_))));
}

#[tokio::test]
async fn what_was_not_reviewed_is_restricted_until_a_supervisor_reviews_it() {
    let test = desk().await;
    let ada = test.officer("Ada", "case_officer", "north").await;
    let boss = test.officer("Bo", "supervisor", "north").await;
    let case = open(&test, &ada).await;
    let id = case.row.id.as_str();
    test.clock.advance_secs(330 * DAY);
    set(&test, &ada, id, json!({"notes/0/text": "still at it"})).await.unwrap();
    // The supervisors and the officer are told a month before.
    test.desk.remind().await.unwrap();
    assert_eq!(inbox(&test, &ada).await, Vec::<String>::new());
    test.clock.advance_secs(10 * DAY);
    test.desk.remind().await.unwrap();
    let said = inbox(&test, &ada).await;
    assert!(said.len() == 1 && said[0].contains("the review is due on 2027-11-24"), "{said:?}");
    assert_eq!(test.desk.restrict_overdue().await.unwrap(), 0);

    test.clock.advance_secs(26 * DAY);
    assert_eq!(test.desk.restrict_overdue().await.unwrap(), 1);
    assert_eq!(test.desk.restrict_overdue().await.unwrap(), 0, "once is enough");
    sound(&test, id).await;
    // Those who worked on it are told why they do not see it; others that there is no such case.
    let read = test.ask(&ada, Action::CaseRead, Some(id)).await;
    assert!(matches!(read, Err(Error::NotPermitted(why)) if why.contains("restricted")));
    let other = test.officer("Eve", "case_officer", "south").await;
    let read = test.ask(&other, Action::CaseRead, Some(id)).await;
    assert!(matches!(read, Err(Error::NotFound(_))), "{read:?}");
    assert!(
        cases(&test, &ada, false).await.is_empty() && cases(&test, &boss, false).await.is_empty()
    );
    assert_eq!(cases(&test, &boss, true).await, [id]);
    assert!(!is_found(&test, &ada).await && !is_found(&test, &boss).await);
    // The supervisor reads it, and changes nothing but a hold.
    let permit = test.may(&boss, Action::CaseRead, Some(id)).await;
    let shown = test.desk.case(&permit).await.unwrap();
    assert_eq!(shown.content["subjects/0/name"], "Jane Doe");
    assert_eq!(shown.row.restricted.as_deref(), Some("review"));
    let refused = set(&test, &boss, id, json!({"notes/1/text": "x"})).await;
    assert!(matches!(refused, Err(Error::IllegalStep(why)) if why.contains("restricted")));
    for action in [Action::CaseMove, Action::PackExport, Action::SummaryDraft, Action::EvidenceAdd]
    {
        assert!(test.ask(&boss, action, Some(id)).await.is_err(), "{action}");
    }
    let hold = json!({"holds/0/proceeding": "order 7/26", "holds/0/review": "2028-01-01"});
    set(&test, &boss, id, hold).await.unwrap();

    let refused = review(&test, &ada, id, ReviewDecision::Keep, None).await;
    assert!(matches!(refused, Err(Error::NotPermitted(_))), "{refused:?}");
    let kept = review(&test, &boss, id, ReviewDecision::Keep, None).await.unwrap();
    assert_eq!(told(&kept), [("review", "case", "review", "2028-11-25")]);
    assert!(kept.restricted.is_none() && is_found(&test, &ada).await);
    assert_eq!(cases(&test, &ada, false).await, [id]);
    sound(&test, id).await;
    set(&test, &ada, id, json!({"notes/1/text": "on we go"})).await.unwrap();
}

async fn inbox(test: &TestDesk, actor: &Actor) -> Vec<String> {
    let permit = test.may(actor, Action::NoticeRead, None).await;
    let page = test.desk.notices(&permit, NoticeQuery::default()).await.expect("a list");
    let notices = page.items.into_iter().filter(|notice| notice.place == "review");
    notices.map(|notice| notice.text).collect()
}

#[tokio::test]
async fn a_review_ends_no_later_than_the_retention_and_what_it_gives_up_is_erased_by_two() {
    let test = desk().await;
    let ada = test.officer("Ada", "case_officer", "north").await;
    let boss = test.officer("Bo", "supervisor", "north").await;
    let dora = test.officer("Dora", "data_protection_officer", "").await;
    let case = open(&test, &ada).await;
    let id = case.row.id.as_str();
    for (next, says) in
        [("2027-11-25", "2027-11-24"), ("2026-11-23", "2026-11-24"), ("soon", "date")]
    {
        let refused = review(&test, &ada, id, ReviewDecision::Keep, Some(next)).await;
        assert!(
            matches!(&refused, Err(Error::Invalid(found)) if found[0].message.contains(says)),
            "{refused:?}"
        );
    }
    let kept = review(&test, &ada, id, ReviewDecision::Keep, Some("2027-03-01")).await.unwrap();
    assert_eq!(told(&kept)[1].3, "2027-03-01");
    sound(&test, id).await;
    // A year without an act: a review does not prolong it.
    test.clock.advance_secs(366 * DAY);
    let late = review(&test, &ada, id, ReviewDecision::Keep, None).await;
    assert!(
        matches!(&late, Err(Error::IllegalStep(why)) if why.contains("2027-11-24")),
        "{late:?}"
    );
    let given_up = review(&test, &ada, id, ReviewDecision::Erase, None).await.unwrap();
    assert_eq!(given_up.restricted.as_deref(), Some("to_erase"));
    assert_eq!(told(&given_up), [("erase", "case", "reviewed_to_erase", "2027-11-25")]);
    sound(&test, id).await;
    test.clock.advance_secs(DAY);
    let due = listed(&test, &dora, true).await;
    assert_eq!((due.len(), due[0].action, due[0].is_due), (1, "erase", true), "{due:?}");
    // The two-person flow is as ever.
    assert!(test.ask(&ada, Action::ErasureOrder, Some(id)).await.is_err());
    let permit = test.may(&boss, Action::ErasureOrder, Some(id)).await;
    let input = NewErasure {
        scope: vec!["case".to_owned()],
        reason: "reviewed".to_owned(),
        legal_basis: None,
    };
    let ordered = test.desk.order_erasure(&permit, input).await.unwrap();
    let permit = test.may(&dora, Action::ErasureDecide, Some(&ordered.id)).await;
    assert_eq!(test.desk.confirm_erasure(&permit).await.unwrap().state, "done");
    assert_eq!(listed(&test, &dora, false).await, []);
}

#[tokio::test]
async fn a_restriction_is_ordered_and_lifted_and_destroys_nothing() {
    let test = desk().await;
    let ada = test.officer("Ada", "case_officer", "north").await;
    let dora = test.officer("Dora", "data_protection_officer", "").await;
    let case = open(&test, &ada).await;
    let id = case.row.id.as_str();
    assert!(test.ask(&ada, Action::CaseRestrict, Some(id)).await.is_err());
    let permit = test.may(&dora, Action::CaseRestrict, Some(id)).await;
    let lift = || Lifting { reason: "shown to be right".to_owned() };
    let none = test.desk.unrestrict_case(&permit, lift()).await;
    assert!(matches!(none, Err(Error::IllegalStep(_))));
    let reason = "the person disputes that it is true".to_owned();
    let legal_basis = Some("Art. 16(3) LED".to_owned());
    let order = NewRestriction { reason, legal_basis };
    let restricted = test.desk.restrict_case(&permit, order.clone()).await.unwrap();
    assert_eq!(restricted.restricted.as_deref(), Some("ordered"));
    assert!(test.desk.restrict_case(&permit, order).await.is_err());
    assert!(test.ask(&ada, Action::CaseRead, Some(id)).await.is_err());
    assert!(test.ask(&dora, Action::CaseRead, Some(id)).await.is_err(), "reads no content");
    sound(&test, id).await;
    // A review does not lift what was ordered.
    let boss = test.officer("Bo", "supervisor", "north").await;
    let kept = review(&test, &boss, id, ReviewDecision::Keep, None).await.unwrap();
    assert_eq!(kept.restricted.as_deref(), Some("ordered"));
    let lifted = test.desk.unrestrict_case(&permit, lift()).await.unwrap();
    assert_eq!(lifted.restricted, None);
    let permit = test.may(&ada, Action::CaseRead, Some(id)).await;
    assert_eq!(test.desk.case(&permit).await.unwrap().content["subjects/0/name"], "Jane Doe");
    sound(&test, id).await;
}

#[tokio::test]
async fn a_retention_that_passed_restricts_the_case_and_a_hold_stands_against_it() {
    let test = desk().await;
    let ada = test.officer("Ada", "case_officer", "north").await;
    let (gone, held) = (open(&test, &ada).await.row.id, open(&test, &ada).await.row.id);
    let order = json!({"holds/0/proceeding": "order 7/26", "holds/0/review": "2028-01-01"});
    set(&test, &ada, &held, order).await.unwrap();
    test.clock.advance_secs(200 * DAY);
    for id in [&gone, &held] {
        review(&test, &ada, id, ReviewDecision::Keep, None).await.unwrap();
    }
    test.clock.advance_secs(167 * DAY);
    assert_eq!(test.desk.restrict_overdue().await.unwrap(), 1);
    assert_eq!(cases(&test, &ada, false).await, [held]);
    sound(&test, &gone).await;
}
