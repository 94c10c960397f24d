//! What the workflow asks of a case that is to enter a state, and the tasks that begin with it; writes nothing.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::case::{CaseStatus, TaskState};
use crate::domain::finding::{Finding, Severity};
use crate::domain::time::Timestamp;
use crate::domain::workflow::Workflow;
use crate::node::casework::Error;
use crate::node::casework::cases::acknowledge::open_warnings;
use crate::node::casework::cases::content::{Content, numbers, text};
use crate::record::Value;

/// Seconds of a day.
const DAY_SECS: i64 = 86_400;

/// What a case lacks to enter a state.
pub(crate) fn lacks(workflow: &Workflow, to: CaseStatus, content: &Content) -> Vec<Finding> {
    let filled: BTreeSet<&str> = content.keys().map(String::as_str).collect();
    let tasks = tasks(content);
    let is_open = |number: &u32| {
        text(content, &format!("tasks/{number}/state")) != Some(TaskState::Done.name())
    };
    let open: BTreeSet<&str> =
        tasks.iter().filter(|(_, number)| is_open(number)).map(|(key, _)| *key).collect();
    let mut found = Vec::new();
    if matches!(to, CaseStatus::Resolved | CaseStatus::Closed) {
        found.extend(open_warnings(content).into_iter().map(|warning| Finding {
            severity: Severity::Error,
            message: format!("{}: correct it, or acknowledge the warning", warning.message),
            ..warning
        }));
    }
    let lacks = workflow.lacks(to, &filled, &open).into_iter();
    let place = |path: String| {
        let number = path.strip_prefix("tasks/").and_then(|key| tasks.get(key));
        number.map_or(path.clone(), |number| format!("tasks/{number}/state"))
    };
    found.extend(lacks.map(|lack| Finding::error(&place(lack.path), &lack.message)));
    found
}

/// Refuses a case that lacks something.
pub(crate) fn refuse_lacking(
    workflow: &Workflow,
    to: CaseStatus,
    content: &Content,
) -> Result<(), Error> {
    let lacks = lacks(workflow, to, content);
    if lacks.is_empty() { Ok(()) } else { Err(Error::Invalid(lacks)) }
}

/// The tasks that begin when a case enters a state, by path; not again those that it has.
pub(crate) fn started(
    workflow: &Workflow,
    state: CaseStatus,
    content: &Content,
    now: Timestamp,
) -> Content {
    let held = tasks(content);
    let first = numbers(content, "tasks/").last().map_or(0, |last| last.saturating_add(1));
    let new = workflow.tasks_of(state).filter(|task| !held.contains_key(task.key.as_str()));
    let mut begun = Content::new();
    for (number, task) in (first..).zip(new) {
        let mut set = |name: &str, text: &str| {
            begun.insert(format!("tasks/{number}/{name}"), Value::text(text));
        };
        set("key", &task.key);
        set("title", &task.title);
        set("state", TaskState::Open.name());
        if let Some(before) = task.before {
            set("before", before.name());
        }
        if let Some(days) = task.days {
            let due = now.plus_secs(i64::from(days).saturating_mul(DAY_SECS));
            set("due", &due.date().to_string());
        }
    }
    begun
}

/// The tasks of the workflow that a case has: key and number.
fn tasks(content: &Content) -> BTreeMap<&str, u32> {
    let key = |number: u32| Some((text(content, &format!("tasks/{number}/key"))?, number));
    numbers(content, "tasks/").into_iter().filter_map(key).collect()
}
