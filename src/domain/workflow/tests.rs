//! Workflows that hold together, and each way in which one does not.

use std::collections::BTreeSet;

use super::*;
use CaseStatus::{Closed, Decision, Investigation, Open, Resolved, Suspicion, Triage};

fn rule(next: &[CaseStatus]) -> StateRule {
    StateRule { next: next.to_vec(), ..StateRule::default() }
}

fn workflow() -> Workflow {
    let requires = ["goods/*/hs", "facts/loss"].map(|text| text.parse().expect("a pattern"));
    Workflow {
        case_type: CaseType::Revenue,
        version: 1,
        title: "Duties".to_owned(),
        states: [
            (Suspicion, rule(&[Triage, Closed])),
            (Triage, rule(&[Open, Closed])),
            (Open, rule(&[Investigation])),
            (Investigation, rule(&[Decision])),
            (Decision, StateRule { requires: requires.to_vec(), ..rule(&[Resolved]) }),
            (Resolved, rule(&[Closed])),
            (Closed, StateRule { reason: true, ..rule(&[]) }),
        ]
        .into(),
        tasks: vec![TaskRule {
            key: "valuation".to_owned(),
            title: "Value the goods".to_owned(),
            starts: Investigation,
            before: Some(Closed),
            days: Some(30),
        }],
        retention: Retention::default(),
    }
}

fn broken(change: impl FnOnce(&mut Workflow)) -> WorkflowFault {
    let mut workflow = workflow();
    change(&mut workflow);
    workflow.check().expect_err("a broken workflow was accepted")
}

#[test]
fn a_sound_workflow_is_accepted_and_each_broken_one_is_refused_by_name() {
    assert_eq!(workflow().check(), Ok(()));
    assert_eq!(broken(|w| w.version = 0), WorkflowFault::NoVersion);
    assert!(matches!(broken(|w| w.title = " ".into()), WorkflowFault::Title(_)));
    assert!(matches!(broken(|w| w.retention.review_months = 0), WorkflowFault::Retention(_)));
    assert_eq!(broken(|w| drop(w.states.remove(&Suspicion))), WorkflowFault::NoStart);
    let missing = WorkflowFault::NoSuchState { from: Investigation, to: Decision };
    assert_eq!(broken(|w| drop(w.states.remove(&Decision))), missing);
    let foreign = WorkflowFault::ForeignStep { from: Open, to: Resolved };
    assert_eq!(broken(|w| drop(w.states.insert(Open, rule(&[Resolved])))), foreign);
    let away = broken(|w| drop(w.states.insert(CaseStatus::Reopened, rule(&[Closed]))));
    assert_eq!(away, WorkflowFault::Unreachable(CaseStatus::Reopened));
    let stuck = broken(|w| drop(w.states.insert(Resolved, rule(&[]))));
    assert!(matches!(stuck, WorkflowFault::NoWayOut(_)), "{stuck}");
}

#[test]
fn a_task_that_cannot_be_done_in_time_is_refused() {
    let task =
        |change: fn(&mut TaskRule)| broken(|w| w.tasks.iter_mut().for_each(change)).to_string();
    assert!(task(|t| t.key = "Two words".into()).contains("key"));
    assert!(task(|t| t.title = String::new()).contains("title"));
    assert!(task(|t| t.days = Some(0)).contains("730"));
    assert!(task(|t| t.days = Some(731)).contains("730"));
    assert!(task(|t| t.starts = CaseStatus::Proceedings).contains("starts"));
    assert!(task(|t| t.before = Some(CaseStatus::Proceedings)).contains("before"));
    assert!(task(|t| t.before = Some(Investigation)).contains("before"));
    assert!(task(|t| t.before = Some(Triage)).contains("before"));
    let twice = broken(|w| w.tasks.extend(workflow().tasks));
    assert_eq!(twice, WorkflowFault::TaskTwice("valuation".to_owned()));
}

#[test]
fn a_step_outside_the_workflow_names_it_and_what_is_open() {
    let workflow = workflow();
    assert!(workflow.step(Suspicion, Closed).is_ok_and(|rule| rule.reason));
    // R04a knows that step, this workflow does not.
    let refusal = workflow.step(Open, Closed).unwrap_err().to_string();
    assert_eq!(
        refusal,
        "a case cannot move from open to closed (rule R04a, workflow revenue/1): from there it goes to investigation"
    );
    let nowhere = workflow.step(Closed, CaseStatus::Reopened).unwrap_err().to_string();
    assert!(nowhere.ends_with("from there it goes to nowhere"), "{nowhere}");
}

#[test]
fn what_a_case_lacks_is_told_by_path() {
    let lacks = |to, filled: &[&str], open: &[&str]| -> Vec<String> {
        let (filled, open): (BTreeSet<&str>, BTreeSet<&str>) =
            (filled.iter().copied().collect(), open.iter().copied().collect());
        workflow().lacks(to, &filled, &open).into_iter().map(|lack| lack.path).collect()
    };
    assert_eq!(lacks(Decision, &[], &[]), ["goods/*/hs", "facts/loss"]);
    let filled = ["goods/0/hs", "goods/1/description", "goods/10/hs", "facts/loss"];
    assert_eq!(lacks(Decision, &filled, &["valuation"]), ["goods/1/hs"]);
    assert_eq!(lacks(Closed, &[], &["valuation"]), ["tasks/valuation"]);
    assert_eq!(lacks(Closed, &[], &[]), [""; 0]);
    assert_eq!(lacks(CaseStatus::Proceedings, &[], &["valuation"]), [""; 0]);
}

#[test]
fn a_required_field_is_a_plain_path() {
    for sound in
        ["facts/loss", "goods/*/hs", "tracks/judicial/outcome", "subjects/*/identifiers/0/scheme"]
    {
        assert_eq!(FieldPattern::from_str(sound).map(|p| p.to_string()), Ok(sound.to_owned()));
    }
    for bad in
        ["", "goods", "*/hs", "goods/*", "goods/*/*/hs", "goods//hs", "Goods/*/hs", "goods/* /hs"]
    {
        assert_eq!(FieldPattern::from_str(bad), Err(InvalidPattern), "{bad}");
    }
}
