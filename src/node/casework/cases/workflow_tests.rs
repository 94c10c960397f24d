//! A case under its workflow: what a step asks for, tasks, approval by a second officer, another version.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};

use crate::node::casework::cases::{
    CaseChange, CaseQuery, CaseView, Movement, NewCase, Refusal, WorkflowChange,
};
use crate::node::casework::testing::{TestDesk, desk};
use crate::node::casework::{Error, NewWorkflow};
use crate::node::workflows::SHIPPED;
use crate::policy::{Action, Actor};

fn fields(json: Json) -> BTreeMap<String, Json> {
    serde_json::from_value(json).expect("fields by path")
}

async fn open(test: &TestDesk, actor: &Actor, case_type: &str) -> CaseView {
    let permit = test.may(actor, Action::CaseOpen, None).await;
    let input = NewCase {
        title: "Tiles worth more than they cost".to_owned(),
        case_type: case_type.to_owned(),
        ..NewCase::default()
    };
    test.desk.open_case(&permit, input).await.expect("a case")
}

async fn edit(test: &TestDesk, actor: &Actor, id: &str, json: Json) -> Result<CaseView, Error> {
    let permit = test.may(actor, Action::CaseUpdate, Some(id)).await;
    test.desk.update_case(&permit, CaseChange { fields: fields(json) }).await
}

async fn go(test: &TestDesk, actor: &Actor, id: &str, to: &str) -> Result<CaseView, Error> {
    let permit = test.may(actor, Action::CaseMove, Some(id)).await;
    let movement = Movement {
        to: to.to_owned(),
        reason: Some("the facts are in".to_owned()),
        legal_basis: Some("Art. 42 UCC".to_owned()),
    };
    test.desk.move_case(&permit, movement).await
}

async fn show(test: &TestDesk, actor: &Actor, id: &str) -> CaseView {
    let permit = test.may(actor, Action::CaseRead, Some(id)).await;
    test.desk.case(&permit).await.expect("the case")
}

async fn sound(test: &TestDesk, id: &str) {
    let id = id.parse().expect("an id");
    assert_eq!(test.desk.case_differences(id).await.expect("its records"), [""; 0]);
}

fn lacking(refused: Result<CaseView, Error>) -> Vec<String> {
    match refused {
        Err(Error::Invalid(findings)) => findings.into_iter().map(|f| f.path).collect(),
        other => panic!("not refused for what it lacks: {other:?}"),
    }
}

/// The number of the task with that key.
fn task(case: &CaseView, key: &str) -> String {
    let is_it = |(path, value): &(&String, &Json)| path.ends_with("/key") && **value == json!(key);
    let (path, _) = case.content.iter().find(is_it).expect("the task began");
    path.strip_suffix("/key").expect("a key").to_owned()
}

/// A revenue case that is ready for its decision.
async fn decided(test: &TestDesk, ada: &Actor) -> CaseView {
    let case = open(test, ada, "revenue").await;
    for to in ["triage", "open", "investigation"] {
        go(test, ada, &case.row.id, to).await.expect("an open step");
    }
    let content = json!({
        "goods/0/description": "tiles", "goods/0/hs": "690721", "goods/0/hs_edition": 2022,
        "goods/0/origin": "CN", "goods/0/currency": "EUR", "goods/0/declared_value": "100.00",
        "goods/0/assessed_value": "1250.50", "goods/0/valuation_method": 6,
        "tracks/investigation/status": "closed", "tracks/investigation/outcome": "substantiated",
    });
    let case = edit(test, ada, &case.row.id, content).await.expect("sound content");
    let heard = format!("{}/state", task(&case, "right_to_be_heard"));
    let change = json!({ heard.as_str(): "done" });
    edit(test, ada, &case.row.id, change).await.expect("the task is done");
    let case = go(test, ada, &case.row.id, "decision").await.expect("nothing is lacking");
    let notice = format!("{}/state", task(&case, "duty_notice"));
    edit(test, ada, &case.row.id, json!({ notice.as_str(): "done" })).await.expect("it is done")
}

#[tokio::test]
async fn a_step_asks_for_fields_and_tasks_by_path_and_goes_on_when_they_are_there() {
    let test = desk().await;
    let ada = test.officer("Ada", "case_officer", "north").await;
    let case = open(&test, &ada, "revenue").await;
    assert_eq!(case.workflow, "revenue/1");
    let id = case.row.id.as_str();
    for to in ["triage", "open", "investigation"] {
        go(&test, &ada, id, to).await.unwrap();
    }
    let case = show(&test, &ada, id).await;
    let heard = task(&case, "right_to_be_heard");
    assert_eq!(case.content[&format!("{heard}/state")], json!("open"));
    assert_eq!(case.content[&format!("{heard}/before")], json!("decision"));
    // 30 days after the clock of the test.
    assert_eq!(case.content[&format!("{heard}/due")], json!("2026-12-24"));
    let step = case.steps.iter().find(|step| step.to == "decision").unwrap();
    assert!(step.lacks.iter().any(|lack| lack.path == "goods/*/hs"), "{step:?}");

    let paths = lacking(go(&test, &ada, id, "decision").await);
    assert!(paths.contains(&"goods/*/assessed_value".to_owned()), "{paths:?}");
    assert!(paths.contains(&format!("{heard}/state")), "{paths:?}");
    assert_eq!(show(&test, &ada, id).await.row.status, "investigation");
    // Nobody gets around a mandatory task: it is neither dropped nor taken out of the workflow.
    let dropped =
        json!({format!("{heard}/state"): "dropped", format!("{heard}/result"): "no time"});
    edit(&test, &ada, id, dropped).await.unwrap();
    assert!(lacking(go(&test, &ada, id, "decision").await).contains(&format!("{heard}/state")));
    let cleared = edit(&test, &ada, id, json!({format!("{heard}/key"): null})).await;
    assert_eq!(lacking(cleared), [format!("{heard}/key")]);
    sound(&test, id).await;
}

#[tokio::test]
async fn a_task_does_not_begin_twice_and_those_of_states_never_entered_are_not_asked_for() {
    let test = desk().await;
    let ada = test.officer("Ada", "case_officer", "north").await;
    let case = open(&test, &ada, "revenue").await;
    let id = case.row.id.as_str();
    for to in ["triage", "closed", "reopened", "investigation", "pending_external", "investigation"]
    {
        go(&test, &ada, id, to).await.unwrap();
    }
    let case = show(&test, &ada, id).await;
    let keys = case.content.keys().filter(|path| path.ends_with("/key")).count();
    assert_eq!(keys, 2, "{:?}", case.content);
    sound(&test, id).await;
}

#[tokio::test]
async fn a_move_that_needs_approval_waits_for_a_second_officer() {
    let test = desk().await;
    let ada = test.officer("Ada", "case_officer", "north").await;
    let boss = test.officer("Bo", "supervisor", "north").await;
    let case = decided(&test, &ada).await;
    let id = case.row.id.as_str();
    let proposed = go(&test, &ada, id, "resolved").await.unwrap();
    assert_eq!(proposed.row.status, "decision");
    assert_eq!(proposed.row.pending.as_deref(), Some("resolved"));
    let proposal = proposed.proposal.clone().unwrap();
    assert_eq!(
        (proposal.approver.as_str(), proposal.proposer.as_str()),
        ("supervisor", ada.pseudonym.as_str())
    );
    assert_eq!(proposal.legal_basis.as_deref(), Some("Art. 42 UCC"));
    sound(&test, id).await;
    let waits = go(&test, &ada, id, "investigation").await;
    assert!(matches!(waits, Err(Error::IllegalStep(why)) if why.contains("waits for approval")));
    let permit = test.may(&boss, Action::CaseList, None).await;
    let query = || CaseQuery { pending: true, ..CaseQuery::default() };
    assert_eq!(test.desk.cases(&permit, query()).await.unwrap().items.len(), 1);

    let permit = test.may(&boss, Action::CaseApprove, Some(id)).await;
    // Who approves says what he has seen; the case that he read is another one by now.
    let changed = edit(&test, &ada, id, json!({"notes/0/text": "one more thing"})).await.unwrap();
    let on = |head: &str| {
        permit.clone().on_head(crate::record::StatementHash::from_hex(head).unwrap().0)
    };
    let refused = test.desk.approve_move(&on(&proposed.head)).await;
    assert!(matches!(refused, Err(Error::Conflict(_))));
    let moved = test.desk.approve_move(&on(&changed.head)).await.unwrap();
    assert_eq!((moved.row.status.as_str(), &moved.row.pending), ("resolved", &None));
    assert_eq!(moved.proposal, None);
    let last = moved.history.last().unwrap();
    assert_eq!(
        (last.kind.as_str(), last.actor.as_str()),
        ("case.moved/1", boss.pseudonym.as_str())
    );
    assert_eq!(last.role, "supervisor");
    task(&moved, "recover_duty");
    sound(&test, id).await;
    let permit = test.may(&boss, Action::CaseApprove, Some(id)).await;
    let again = test.desk.approve_move(&permit).await;
    assert!(matches!(again, Err(Error::IllegalStep(_))));
}

#[tokio::test]
async fn nobody_approves_what_they_proposed_and_only_the_role_that_the_workflow_names_approves() {
    let test = desk().await;
    let boss = test.officer("Bo", "supervisor", "north").await;
    let liaison = test.officer("Jo", "contact_point", "north").await;
    let ada = test.officer("Ada", "case_officer", "north").await;
    let case = decided(&test, &ada).await;
    let id = case.row.id.as_str();
    go(&test, &boss, id, "resolved").await.unwrap();
    let own = test.ask(&boss, Action::CaseApprove, Some(id)).await;
    assert!(matches!(own, Err(Error::NotPermitted(why)) if why.contains("second officer")));
    let officer = test.ask(&ada, Action::CaseApprove, Some(id)).await;
    assert!(matches!(officer, Err(Error::NotPermitted(_))));
    let permit = test.may(&liaison, Action::CaseApprove, Some(id)).await;
    let other = test.desk.approve_move(&permit).await;
    assert!(matches!(other, Err(Error::NotPermitted(why)) if why.contains("supervisor")));

    // Another officer cannot take the proposal back, its author can.
    let taken = Refusal { reason: "too early".to_owned() };
    let permit = test.may(&ada, Action::CaseMove, Some(id)).await;
    let foreign = test.desk.withdraw_move(&permit, taken.clone()).await;
    assert!(matches!(foreign, Err(Error::NotPermitted(_))));
    let permit = test.may(&boss, Action::CaseMove, Some(id)).await;
    let silent = test.desk.withdraw_move(&permit, Refusal::default()).await;
    assert_eq!(lacking(silent), ["reason"]);
    let back = test.desk.withdraw_move(&permit, taken.clone()).await.unwrap();
    assert_eq!((back.row.status.as_str(), back.proposal), ("decision", None));
    sound(&test, id).await;

    // And a supervisor refuses what an officer proposed.
    go(&test, &ada, id, "resolved").await.unwrap();
    let permit = test.may(&boss, Action::CaseApprove, Some(id)).await;
    let refused = test.desk.refuse_move(&permit, taken).await.unwrap();
    assert_eq!((refused.row.status.as_str(), refused.row.pending), ("decision", None));
    sound(&test, id).await;
}

#[tokio::test]
async fn a_case_keeps_its_version_until_a_supervisor_puts_it_under_another() {
    let test = desk().await;
    let ada = test.officer("Ada", "case_officer", "north").await;
    let boss = test.officer("Bo", "supervisor", "north").await;
    let old = open(&test, &ada, "revenue").await;
    let newer = SHIPPED[0]
        .replace("version = 1", "version = 2")
        .replace("next = [\"triage\", \"closed\"]", "next = [\"triage\"]");
    let adopt = |dry_run| NewWorkflow {
        content: newer.clone(),
        reason: "no case is closed unseen".to_owned(),
        dry_run,
    };
    let permit = test.may(&boss, Action::WorkflowAdopt, None).await;
    let tried = test.desk.adopt_workflow(&permit, adopt(true)).await.unwrap();
    assert_eq!((tried.is_adopted, tried.standing.len()), (false, 1));
    assert_eq!((tried.standing[0].cases, tried.standing[0].next.as_slice()), (1, &["triage"][..]));
    let adopted = test.desk.adopt_workflow(&permit, adopt(false)).await.unwrap();
    assert!(adopted.is_adopted && adopted.record.is_some());
    // The same version again is no next version.
    assert!(matches!(
        test.desk.adopt_workflow(&permit, adopt(false)).await,
        Err(Error::Invalid(_))
    ));

    assert_eq!(open(&test, &ada, "revenue").await.next, ["triage"]);
    let case = show(&test, &ada, &old.row.id).await;
    assert_eq!((case.workflow.as_str(), case.next), ("revenue/1", vec!["triage", "closed"]));
    let permit = test.may(&boss, Action::CaseWorkflow, Some(&old.row.id)).await;
    let change = || WorkflowChange { version: None, reason: "one rule for all".to_owned() };
    let case = test.desk.change_workflow(&permit, change()).await.unwrap();
    assert_eq!((case.workflow.as_str(), case.next), ("revenue/2", vec!["triage"]));
    sound(&test, &old.row.id).await;
    assert_eq!(lacking(test.desk.change_workflow(&permit, change()).await), ["version"]);
    let missing = WorkflowChange { version: Some(7), reason: "x".to_owned() };
    let missing = test.desk.change_workflow(&permit, missing).await;
    assert!(matches!(missing, Err(Error::NotFound(_))));
}
