//! Deadlines and notices on a real store, by a clock that the test moves.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value as Json, json};

use crate::domain::time::Timestamp;
use crate::node::casework::cases::{CaseChange, CaseView, NewCase, NewConflict};
use crate::node::casework::deadlines::{
    DeadlineQuery, DeadlineView, NewMailbox, NoticeQuery, NoticeView,
};
use crate::node::casework::testing::{TestDesk, desk};
use crate::node::casework::{Error, PageView};
use crate::node::clock::Clock as _;
use crate::node::store::StoreError;
use crate::node::store::requests::{self, Direction, Request};
use crate::policy::{Action, Actor, RequiredTraining};

const DAY: i64 = 86_400;

/// 2026-11-30T23:59:59Z, when the task of these tests is due.
const DUE: i64 = 1_796_083_199;

fn fields(json: Json) -> BTreeMap<String, Json> {
    serde_json::from_value(json).expect("fields by path")
}

async fn open(test: &TestDesk, actor: &Actor, json: Json) -> CaseView {
    let permit = test.may(actor, Action::CaseOpen, None).await;
    let input = NewCase {
        title: "Cigarettes as tea".to_owned(),
        case_type: "tobacco_excise".to_owned(),
        fields: fields(json),
        ..NewCase::default()
    };
    test.desk.open_case(&permit, input).await.expect("a case")
}

async fn change(test: &TestDesk, actor: &Actor, case: &CaseView, json: Json) {
    let permit = test.may(actor, Action::CaseUpdate, Some(&case.row.id)).await;
    let input = CaseChange { fields: fields(json) };
    test.desk.update_case(&permit, input).await.expect("a change");
}

/// A task of the officer's own beside those that the workflow begins.
fn weigh(assignee: &str) -> Json {
    json!({
        "tasks/70/title": "Weigh the goods", "tasks/70/state": "open",
        "tasks/70/due": "2026-11-30", "tasks/70/assignee": assignee,
    })
}

async fn due(test: &TestDesk, actor: &Actor, query: DeadlineQuery) -> Vec<DeadlineView> {
    let permit = test.may(actor, Action::DeadlineList, None).await;
    test.desk.deadlines(&permit, query).await.expect("a list").items
}

async fn inbox(test: &TestDesk, actor: &Actor) -> Vec<NoticeView> {
    let permit = test.may(actor, Action::NoticeRead, None).await;
    let page: PageView<_> =
        test.desk.notices(&permit, NoticeQuery::default()).await.expect("a list");
    page.items
}

/// What an officer was told of the task, the oldest first.
async fn told(test: &TestDesk, actor: &Actor) -> Vec<&'static str> {
    let notices = inbox(test, actor).await;
    let of_task = notices.iter().rev().filter(|notice| notice.place == "tasks/70");
    of_task.map(|notice| notice.kind).collect()
}

async fn look(test: &TestDesk, at: i64) {
    test.clock.advance_secs(at.saturating_sub(test.clock.now().as_secs()));
    test.desk.remind().await.expect("a look");
    let again = test.desk.remind().await.expect("a look");
    assert_eq!(again, 0, "a second look, as after a restart, gives nothing new");
}

#[tokio::test]
async fn each_officer_is_told_once_before_and_once_after_and_the_supervisor_in_the_end() {
    let test = desk().await;
    let ada = test.officer("Ada", "case_officer", "north").await;
    let bob = test.officer("Bob", "case_officer", "north").await;
    let boss = test.officer("Boss", "supervisor", "north").await;
    let other = test.officer("Other", "supervisor", "south").await;
    let case = open(&test, &ada, weigh("Bob")).await;

    look(&test, DUE - 3 * DAY - 1).await;
    assert_eq!(told(&test, &bob).await, [""; 0]);
    look(&test, DUE - 3 * DAY).await;
    assert_eq!(told(&test, &bob).await, ["due_soon"]);
    look(&test, DUE).await;
    assert_eq!(told(&test, &bob).await, ["due_soon"]);
    look(&test, DUE + 1).await;
    assert_eq!(told(&test, &bob).await, ["due_soon", "overdue"]);
    look(&test, DUE + 3 * DAY).await;
    assert_eq!(told(&test, &boss).await, [""; 0]);
    look(&test, DUE + 3 * DAY + 1).await;
    assert_eq!(told(&test, &boss).await, ["escalated"]);
    assert_eq!(told(&test, &bob).await, ["due_soon", "overdue"]);
    assert_eq!(told(&test, &ada).await, [""; 0], "who leads it is told of what is nobody's");
    assert_eq!(told(&test, &other).await, [""; 0], "another unit's supervisor");
    let notice = inbox(&test, &boss).await.into_iter().find(|n| n.place == "tasks/70").unwrap();
    let known = "case 2026/000001: the task tasks/70 was due on 2026-11-30 and is still not done";
    assert_eq!(notice.text, format!("{known}; see to it"));

    // A new date is a new deadline.
    change(&test, &ada, &case, json!({"tasks/70/due": "2026-12-05"})).await;
    look(&test, DUE + 4 * DAY).await;
    assert_eq!(told(&test, &bob).await, ["due_soon", "overdue", "due_soon"]);
}

#[tokio::test]
async fn an_officer_whose_role_is_suspended_is_told_of_no_case() {
    let mut test = desk().await;
    let ada = test.officer("Ada", "case_officer", "north").await;
    let boss = test.officer("Boss", "supervisor", "north").await;
    open(&test, &ada, weigh("Ada")).await;
    let required = RequiredTraining::parse(&["case_officer=basic_course"]).unwrap();
    test.desk.rules.required_training = Arc::new(required);
    look(&test, DUE).await;
    test.desk.rules.required_training = Arc::default();
    assert_eq!(told(&test, &ada).await, [""; 0]);
    assert_eq!(told(&test, &boss).await, ["due_soon"]);
}

#[tokio::test]
async fn a_task_that_is_done_is_told_to_nobody_and_one_of_nobody_to_who_leads_the_case() {
    let test = desk().await;
    let ada = test.officer("Ada", "case_officer", "north").await;
    let case = open(&test, &ada, weigh("somebody at the port")).await;
    look(&test, DUE - DAY).await;
    assert_eq!(told(&test, &ada).await, ["due_soon"]);
    change(&test, &ada, &case, json!({"tasks/70/state": "done"})).await;
    look(&test, DUE + 9 * DAY).await;
    assert_eq!(told(&test, &ada).await, ["due_soon"]);
    let left = due(&test, &ada, DeadlineQuery::default()).await;
    assert!(left.iter().all(|row| row.place != "tasks/70"), "{left:?}");
}

#[tokio::test]
async fn a_list_shows_what_is_due_in_what_the_officer_may_open() {
    let test = desk().await;
    let ada = test.officer("Ada", "case_officer", "north").await;
    let bob = test.officer("Bob", "case_officer", "north").await;
    let far = test.officer("Far", "case_officer", "south").await;
    let desk = test.officer("Desk", "contact_point", "south").await;
    let mut content = weigh("Bob");
    content["holds/0/proceeding"] = json!("Court of Aa, 7/2026");
    content["holds/0/review"] = json!("2027-06-30");
    let case = open(&test, &ada, content).await;
    let differences = test.desk.case_differences(case.row.id.parse().unwrap()).await.unwrap();
    assert_eq!(differences, [""; 0]);
    let request = Request {
        id: "22222222-2222-4222-8222-222222222222".to_owned(),
        direction: Direction::In,
        peer: "customs.xb.example".to_owned(),
        case_id: None,
        instrument: "generic.policy".to_owned(),
        profile: vec![],
        state: "RECEIVED".to_owned(),
        version: 0,
        created_at: 0,
        updated_at: 0,
        answer_by: Some(Timestamp::from_secs(DUE - 1).0),
        late_withdrawal: 0,
    };
    let kept = test.desk.store.write_with("request", request, |tx, request| {
        Box::pin(async move { requests::insert(tx, request).await })
    });
    kept.await.map_err(|error: StoreError| error).unwrap();

    let places = async |actor: &Actor, query: DeadlineQuery| -> Vec<String> {
        let rows = due(&test, actor, query).await.into_iter();
        let own = ["tasks/70", "holds/0", "answer_by"];
        rows.map(|row| row.place).filter(|place| own.contains(&place.as_str())).collect()
    };
    let all = DeadlineQuery::default();
    assert_eq!(places(&ada, all.clone()).await, ["tasks/70", "holds/0"]);
    assert_eq!(places(&far, all.clone()).await, [""; 0], "neither in the team nor of the unit");
    assert_eq!(places(&desk, all.clone()).await, ["answer_by", "tasks/70", "holds/0"]);
    let mine = DeadlineQuery { mine: true, ..all.clone() };
    assert_eq!(places(&bob, mine.clone()).await, ["tasks/70"]);
    assert_eq!(places(&ada, mine).await, ["tasks/70", "holds/0"]);
    let overdue = DeadlineQuery { overdue: true, ..all.clone() };
    assert_eq!(places(&ada, overdue.clone()).await, [""; 0]);
    let week = DeadlineQuery { days: Some(7), ..all.clone() };
    assert_eq!(places(&ada, week).await, ["tasks/70"]);

    look(&test, DUE + 1).await;
    assert_eq!(places(&ada, overdue.clone()).await, ["tasks/70"]);
    let rows = due(&test, &ada, overdue).await;
    let row = rows.iter().find(|row| row.place == "tasks/70").unwrap();
    assert!(row.is_overdue);
    assert_eq!((row.about.as_str(), row.kind), ("case 2026/000001", "task"));
    assert_eq!(row.assignee, Some(bob.pseudonym.to_string()));
    let answer = |notice: &NoticeView| notice.place == "answer_by" && notice.kind == "overdue";
    assert!(inbox(&test, &desk).await.iter().any(answer), "requests are the contact point's");

    change(&test, &ada, &case, json!({"holds/0/lifted": "2026-12-01"})).await;
    assert_eq!(places(&ada, all).await, ["tasks/70"]);
}

#[tokio::test]
async fn a_notice_is_read_by_its_officer_alone() {
    let test = desk().await;
    let ada = test.officer("Ada", "case_officer", "north").await;
    let bob = test.officer("Bob", "case_officer", "north").await;
    open(&test, &ada, weigh("Bob")).await;
    look(&test, DUE).await;
    let id = inbox(&test, &bob).await[0].id.parse().unwrap();
    let permit = test.may(&ada, Action::NoticeRead, None).await;
    let foreign = test.desk.read_notice(&permit, id).await;
    assert!(matches!(foreign, Err(Error::NotFound("notice"))), "{foreign:?}");
    let permit = test.may(&bob, Action::NoticeRead, None).await;
    let read = test.desk.read_notice(&permit, id).await.unwrap();
    assert!(read.read_at.is_some());
    let unread = NoticeQuery { unread: true, ..NoticeQuery::default() };
    let unread = test.desk.notices(&permit, unread).await.unwrap();
    assert!(unread.items.iter().all(|notice| notice.id != read.id));
    assert!(inbox(&test, &bob).await.iter().any(|notice| notice.id == read.id));
}

async fn mailbox(test: &TestDesk, who: &str, pace: &str) {
    let permit = test.admin().await;
    let input =
        NewMailbox { address: Some(format!("{who}@customs.example")), pace: Some(pace.to_owned()) };
    test.desk.set_mailbox(&permit, who, input).await.expect("a mailbox");
}

#[tokio::test]
async fn a_letter_tells_once_what_the_officer_may_still_know_of() {
    let test = desk().await;
    let ada = test.officer("Ada", "case_officer", "north").await;
    mailbox(&test, "Ada", "each").await;
    let (kept, closed) =
        (open(&test, &ada, weigh("Ada")).await, open(&test, &ada, weigh("Ada")).await);
    look(&test, DUE + 1).await;
    let permit = test.may(&ada, Action::ConflictDeclare, Some(&closed.row.id)).await;
    let conflict = NewConflict { officer: None, reason: "a cousin".to_owned() };
    test.desk.declare_conflict(&permit, conflict).await.unwrap();

    let [first] = test.desk.letters(6).await.unwrap().try_into().unwrap();
    assert_eq!(first.letter.to, "Ada@customs.example");
    assert!(first.letter.text.contains(&kept.row.reference), "{first:?}");
    assert!(!first.letter.text.contains(&closed.row.reference), "{first:?}");
    // Until the server has taken it, it is the same letter.
    let [again] = test.desk.letters(6).await.unwrap().try_into().unwrap();
    assert_eq!(again.letter, first.letter);
    test.desk.letter_done(again).await.unwrap();
    assert!(test.desk.letters(6).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_digest_is_sent_once_a_day_from_its_hour_on() {
    let test = desk().await;
    let ada = test.officer("Ada", "case_officer", "north").await;
    mailbox(&test, "Ada", "daily").await;
    let case = open(&test, &ada, weigh("Ada")).await;
    // The day after, at 00:00:01 and then from six on.
    look(&test, DUE + 2).await;
    assert!(test.desk.letters(6).await.unwrap().is_empty());
    look(&test, DUE + 1 + 6 * 3600).await;
    let [digest] = test.desk.letters(6).await.unwrap().try_into().unwrap();
    let due = format!("overdue since 2026-11-30: case {}, tasks/70", case.row.reference);
    assert!(digest.letter.text.contains(&due), "{digest:?}");
    test.desk.letter_done(digest).await.unwrap();
    look(&test, DUE + 12 * 3600).await;
    assert!(test.desk.letters(6).await.unwrap().is_empty(), "one a day");
    look(&test, DUE + 1 + DAY + 6 * 3600).await;
    assert_eq!(test.desk.letters(6).await.unwrap().len(), 1);
}
