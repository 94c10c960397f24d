//! Versions of workflows on a real store.

use crate::node::casework::testing::desk;
use crate::node::casework::{Error, NewWorkflow};
use crate::node::workflows::SHIPPED;
use crate::policy::Action;

#[tokio::test]
async fn every_case_type_has_a_workflow_in_force_and_its_text_can_be_read() {
    let test = desk().await;
    let auditor = test.officer("Al", "auditor", "").await;
    let permit = test.may(&auditor, Action::WorkflowRead, None).await;
    let all = test.desk.workflows(&permit).await.unwrap();
    assert_eq!(all.len(), 11);
    assert!(all.iter().all(|view| view.is_in_force && view.version == 1 && view.record.is_none()));
    let shown = test.desk.workflow_text(&permit, "waste", 1).await.unwrap();
    assert!(SHIPPED.contains(&shown.content.as_str()));
    for (case_type, version) in [("waste", 2), ("tea", 1)] {
        let none = test.desk.workflow_text(&permit, case_type, version).await;
        assert!(matches!(none, Err(Error::NotFound(_))), "{case_type}/{version}");
    }
    // An officer of the auditor's kind takes nothing into use.
    assert!(test.ask(&auditor, Action::WorkflowAdopt, None).await.is_err());
}

#[tokio::test]
async fn an_unsound_workflow_or_one_without_a_reason_is_not_taken_into_use() {
    let test = desk().await;
    let boss = test.officer("Bo", "supervisor", "north").await;
    let permit = test.may(&boss, Action::WorkflowAdopt, None).await;
    let next = SHIPPED[0].replace("version = 1", "version = 2");
    for (content, reason, told) in [
        ("tea".to_owned(), "why not", "cannot be read"),
        (SHIPPED[0].to_owned(), "again", "version = 2"),
        (next.replace("version = 2", "version = 9"), "far ahead", "version = 2"),
        (next.replace("[\"reopened\"]", "[\"open\"]"), "bad step", "R04a"),
        (next, " ", "reason"),
    ] {
        let input = NewWorkflow { content, reason: reason.to_owned(), dry_run: false };
        let refused = test.desk.adopt_workflow(&permit, input).await;
        let Err(Error::Invalid(_)) = &refused else { panic!("{refused:?}") };
        let refusal = refused.unwrap_err().to_string();
        assert!(refusal.contains(told), "{refusal}");
    }
    let permit = test.may(&boss, Action::WorkflowRead, None).await;
    assert_eq!(test.desk.workflows(&permit).await.unwrap().len(), 11);
}
