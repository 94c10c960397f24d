//! Conflicts of interest on a real store: what is closed to whom, at once and everywhere, and what puts an end to it.

use serde_json::json;

use crate::node::casework::cases::{CaseQuery, CaseView, ConflictView, Lift, NewCase, NewConflict};
use crate::node::casework::testing::{TestDesk, desk};
use crate::node::casework::{DeadlineQuery, Error, Known, NoticeQuery, Repeatable, SearchQuery};
use crate::node::store::{StoreError, conflicts};
use crate::policy::{Action, Actor};

async fn open(test: &TestDesk, actor: &Actor, title: &str) -> CaseView {
    // Lists are in the order of opening.
    test.clock.advance_secs(1);
    let permit = test.may(actor, Action::CaseOpen, None).await;
    let input = NewCase {
        title: title.to_owned(),
        case_type: "tobacco_excise".to_owned(),
        fields: serde_json::from_value(json!({
            "tasks/70/title": "weigh it", "tasks/70/state": "open", "tasks/70/due": "2026-11-26", "tasks/70/assignee": "Bob",
        }))
        .expect("fields"),
        ..NewCase::default()
    };
    test.desk.open_case(&permit, input).await.expect("a case")
}

async fn declare(
    test: &TestDesk,
    by: &Actor,
    case: &CaseView,
    officer: Option<&str>,
) -> Result<ConflictView, Error> {
    let action = if officer.is_some() { Action::ConflictFlag } else { Action::ConflictDeclare };
    let permit = test.ask(by, action, Some(&case.row.id)).await?;
    let officer = officer.map(str::to_owned);
    let reason = "the importer is my brother".to_owned();
    test.desk.declare_conflict(&permit, NewConflict { officer, reason }).await
}

async fn lift(
    test: &TestDesk,
    by: &Actor,
    case: &CaseView,
    officer: &str,
) -> Result<Vec<ConflictView>, Error> {
    let permit = test.ask(by, Action::ConflictLift, Some(&case.row.id)).await?;
    let (officer, reason) = (officer.to_owned(), "he sold the firm".to_owned());
    test.desk.lift_conflict(&permit, Lift { officer, reason }).await
}

/// The titles that a list, a search and what is due show an officer; the pages of a search are one case long.
async fn seen(test: &TestDesk, actor: &Actor) -> [Vec<String>; 3] {
    let permit = test.may(actor, Action::CaseList, None).await;
    let listed = test.desk.cases(&permit, CaseQuery::default()).await.expect("a list").items;
    let permit = test.may(actor, Action::CaseRead, None).await;
    let (mut found, mut after) = (Vec::new(), None);
    loop {
        let query = SearchQuery {
            case_type: Some("tobacco_excise".to_owned()),
            limit: Some(1),
            after,
            ..SearchQuery::default()
        };
        let page = test.desk.search(&permit, query).await.expect("hits");
        assert!(page.next.is_none() || page.items.len() == 1, "no page is short");
        found.extend(page.items.into_iter().map(|hit| hit.row.title));
        match page.next {
            Some(next) => after = Some(next),
            None => break,
        }
    }
    let permit = test.may(actor, Action::DeadlineList, None).await;
    let due = test.desk.deadlines(&permit, DeadlineQuery::default()).await.expect("a list").items;
    let mut due: Vec<String> = due.into_iter().map(|row| row.about).collect();
    due.sort();
    due.dedup();
    [listed.into_iter().map(|row| row.title).collect(), found, due]
}

async fn differences(test: &TestDesk, case: &CaseView) -> Vec<String> {
    test.desk.case_differences(case.row.id.parse().unwrap()).await.unwrap()
}

#[tokio::test]
async fn a_case_is_closed_to_an_officer_with_a_conflict_of_interest_until_another_lifts_it() {
    let test = desk().await;
    let ada = test.officer("Ada", "case_officer", "north").await;
    let bob = test.officer("Bob", "case_officer", "north").await;
    let [old, case, new] = [
        open(&test, &ada, "old").await,
        open(&test, &ada, "closed").await,
        open(&test, &ada, "new").await,
    ];
    let id = Some(case.row.id.as_str());
    let all = ["new", "closed", "old"].map(str::to_owned);
    assert_eq!(seen(&test, &bob).await[..2], [all.to_vec(), all.to_vec()]);
    test.desk.remind().await.unwrap();
    let inbox = async |actor: &Actor| {
        let permit = test.may(actor, Action::NoticeRead, None).await;
        let notices = test.desk.notices(&permit, NoticeQuery::default()).await.unwrap().items;
        notices.into_iter().filter(|notice| notice.object == case.row.id).collect::<Vec<_>>()
    };
    let told = inbox(&bob).await.remove(0).id.parse().unwrap();

    let declared = declare(&test, &bob, &case, None).await.unwrap();
    assert_eq!(
        (&declared.officer, &declared.declared_by),
        (&bob.pseudonym.to_string(), &bob.pseudonym.to_string())
    );
    for action in [
        Action::CaseRead,
        Action::CaseUpdate,
        Action::CaseMove,
        Action::ConflictDeclare,
        Action::ErasureOrder,
        Action::EvidenceAdd,
        Action::EvidenceRead,
        Action::PackExport,
        Action::SummaryDraft,
    ] {
        let denied = test.ask(&bob, action, id).await.unwrap_err().to_string();
        assert!(denied.contains("conflict of interest") && !denied.contains("brother"), "{denied}");
    }
    let [listed, found, due] = seen(&test, &bob).await;
    let others = ["new", "old"].map(str::to_owned);
    assert_eq!((listed, found), (others.to_vec(), others.to_vec()));
    let about = |case: &CaseView| format!("case {}", case.row.reference);
    assert_eq!(due, [about(&old), about(&new)]);
    assert!(inbox(&bob).await.is_empty(), "what he was told before is closed too");
    let permit = test.may(&bob, Action::NoticeRead, None).await;
    assert!(matches!(test.desk.read_notice(&permit, told).await, Err(Error::NotFound("notice"))));
    assert_eq!(seen(&test, &ada).await[0], all, "nothing is closed to the others");

    let permit = test.may(&ada, Action::CaseRead, id).await;
    let listed = test.desk.conflicts(&permit).await.unwrap();
    assert_eq!(listed, [declared]);
    let shown = test.desk.case(&permit).await.unwrap();
    assert!(shown.content.keys().all(|path| !path.starts_with("conflicts")));
    assert_eq!(shown.history.last().unwrap().kind, "case.conflict_declared/1");
}

#[tokio::test]
async fn a_supervisor_lifts_a_conflict_of_interest_of_another_officer() {
    let test = desk().await;
    let ada = test.officer("Ada", "case_officer", "north").await;
    let bob = test.officer("Bob", "case_officer", "north").await;
    let sue = test.officer("Sue", "supervisor", "south").await;
    let case = open(&test, &ada, "closed").await;
    let id = Some(case.row.id.as_str());
    declare(&test, &bob, &case, None).await.unwrap();
    let again = declare(&test, &ada, &case, Some("Bob")).await;
    assert!(matches!(again, Err(Error::IllegalStep(_))), "{again:?}");
    assert!(matches!(lift(&test, &ada, &case, "Bob").await, Err(Error::NotPermitted(_))));
    assert!(matches!(lift(&test, &bob, &case, "Bob").await, Err(Error::NotPermitted(_))));
    assert!(matches!(lift(&test, &sue, &case, "Ada").await, Err(Error::NotFound(_))));
    assert_eq!(lift(&test, &sue, &case, "Bob").await.unwrap(), []);
    assert_eq!(seen(&test, &bob).await[..2], [["closed".to_owned()], ["closed".to_owned()]]);
    assert!(test.ask(&bob, Action::CaseUpdate, id).await.is_ok());
    assert_eq!(differences(&test, &case).await, [""; 0]);
    let trail = test.trail().await;
    for action in ["conflict.declare", "conflict.lift"] {
        assert!(trail.contains(&(action.to_owned(), "done".to_owned())), "{action}");
    }
}

#[tokio::test]
async fn nobody_gives_a_part_in_a_case_to_an_officer_with_a_conflict_of_interest() {
    let test = desk().await;
    let ada = test.officer("Ada", "case_officer", "north").await;
    let bob = test.officer("Bob", "case_officer", "south").await;
    let far = test.officer("Far", "case_officer", "east").await;
    let sue = test.officer("Sue", "supervisor", "north").await;
    let both = test.officer("Supervisor", "supervisor", "north").await;
    let case = open(&test, &ada, "closed").await;
    let id = Some(case.row.id.as_str());
    let permit = test.may(&ada, Action::CaseUpdate, id).await;
    test.desk.add_to_team(&permit, "Bob").await.unwrap();
    assert!(test.ask(&bob, Action::CaseRead, id).await.is_ok());
    assert!(matches!(declare(&test, &bob, &case, Some("Ada")).await, Err(Error::NotPermitted(_))));
    assert!(matches!(declare(&test, &far, &case, None).await, Err(Error::NotFound("case"))));

    declare(&test, &ada, &case, Some("Bob")).await.unwrap();
    let shown = test.desk.case(&test.may(&ada, Action::CaseRead, id).await).await.unwrap();
    assert_eq!(shown.team, [""; 0]);
    let told = test.ask(&bob, Action::CaseRead, id).await.unwrap_err();
    assert!(matches!(&told, Error::NotPermitted(why) if why.contains("conflict")), "{told}");
    let refused = test.desk.add_to_team(&permit, "Bob").await;
    assert!(matches!(&refused, Err(Error::IllegalStep(why)) if why.contains("Bob")), "{refused:?}");
    let assign = async |who: &str| {
        let permit = test.may(&sue, Action::CaseAssign, id).await;
        test.desk.assign_case(&permit, who).await
    };
    let refused = assign("Bob").await;
    assert!(matches!(&refused, Err(Error::IllegalStep(why)) if why.contains("Bob")), "{refused:?}");

    // Who leads it has one too: another one takes it over.
    declare(&test, &both, &case, Some("Ada")).await.unwrap();
    assert!(test.ask(&ada, Action::CaseRead, id).await.is_err());
    let led = assign("Far").await.unwrap();
    assert_eq!(led.owner, far.pseudonym.to_string());
    assert_eq!(
        seen(&test, &far).await[..2],
        [vec!["closed".to_owned()], vec!["closed".to_owned()]]
    );
    assert!(matches!(assign("Nobody").await, Err(Error::NotFound("officer"))));
    let clerk = test.officer("Clerk", "auditor", "north").await;
    assert!(clerk.user.is_some() && matches!(assign("Clerk").await, Err(Error::Invalid(_))));
    assert_eq!(differences(&test, &case).await, [""; 0]);
}

#[tokio::test]
async fn a_conflict_is_what_the_records_say_and_an_earlier_answer_is_not_repeated() {
    let test = desk().await;
    let ada = test.officer("Ada", "case_officer", "north").await;
    let request = Repeatable { caller: ada.user.unwrap(), key: "k".to_owned(), request: [1; 32] };
    let case = test.desk.claiming(&request, open(&test, &ada, "closed"));
    let case = Box::pin(case).await;
    test.desk.remember(&request, 201, b"the case").await.unwrap();
    assert_eq!(
        test.desk.known(&request).await.unwrap(),
        Known::Answered(201, b"the case".to_vec())
    );
    declare(&test, &ada, &case, None).await.unwrap();
    assert_eq!(test.desk.known(&request).await.unwrap(), Known::Unanswered);

    assert_eq!(differences(&test, &case).await, [""; 0]);
    let (case_id, user) = (case.row.id.clone(), ada.user.unwrap().to_string());
    let removed = test.desk.store.write_with("tamper", (case_id, user), |tx, (case, user)| {
        Box::pin(async move { conflicts::remove(tx, case, user).await })
    });
    removed.await.map_err(|error: StoreError| error).unwrap();
    assert_eq!(differences(&test, &case).await, ["conflicts"]);
}
