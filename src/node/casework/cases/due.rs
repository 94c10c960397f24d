//! What is due in a case: open tasks, the reviews of holds, its own review and its erasure; tells nobody.

use crate::domain::case::{CaseStatus, TaskState};
use crate::domain::deadline::DeadlineSource;
use crate::domain::retention::{Clock, Matter, Retention};
use crate::domain::time::{Date, Timestamp};
use crate::node::casework::cases::content::{Content, numbers, text};
use crate::node::casework::officers::find_user;
use crate::node::casework::requests::end_of_day;
use crate::node::casework::retention::clocks_of;
use crate::node::store::cases::Case;
use crate::node::store::deadlines::{Deadline, DeadlineKind};
use crate::node::store::{StoreError, Tx};

/// Something that is due, and the officer as the content names them.
pub(crate) struct Due {
    place: String,
    kind: DeadlineKind,
    at: Timestamp,
    source: DeadlineSource,
    assignee: Option<String>,
}

/// What is due in a case. A closed case has no tasks to be done, but its holds are still reviewed, and it is reviewed and
/// erased itself.
pub(crate) fn due(periods: &Retention, case: &Case, content: &Content) -> Vec<Due> {
    // Set by the workflow or by an officer of this authority.
    let source = DeadlineSource::Policy;
    let mut found = Vec::new();
    let is_closed = case.status == CaseStatus::Closed.name();
    for number in numbers(content, "tasks/").into_iter().filter(|_| !is_closed) {
        let at = |name: &str| text(content, &format!("tasks/{number}/{name}"));
        let is_open = at("state") == Some(TaskState::Open.name());
        if let Some(due) = at("due").and_then(end_of).filter(|_| is_open) {
            let assignee = at("assignee").map(str::to_owned);
            let place = format!("tasks/{number}");
            found.push(Due { place, kind: DeadlineKind::Task, at: due, source, assignee });
        }
    }
    for number in numbers(content, "holds/") {
        let at = |name: &str| text(content, &format!("holds/{number}/{name}"));
        if let Some(due) = at("review").and_then(end_of).filter(|_| at("lifted").is_none()) {
            let place = format!("holds/{number}");
            let kind = DeadlineKind::HoldReview;
            found.push(Due { place, kind, at: due, source, assignee: None });
        }
    }
    found.extend(clocks_of(periods, case, content).iter().filter_map(of_clock));
    found
}

fn of_clock(clock: &Clock) -> Option<Due> {
    let (place, kind) = match clock.matter {
        Matter::Case => ("retention".to_owned(), DeadlineKind::CaseRetention),
        Matter::Subject(number) => {
            (format!("retention/subjects/{number}"), DeadlineKind::CaseRetention)
        }
        Matter::Review => ("review".to_owned(), DeadlineKind::CaseReview),
    };
    let at = end_of_day(clock.due)?;
    Some(Due { place, kind, at, source: clock.source, assignee: None })
}

/// As the store keeps it: an officer that the content names is kept by pseudonym, anybody else is nobody.
pub(crate) async fn rows(
    tx: &mut Tx,
    case: &str,
    due: &[Due],
) -> Result<Vec<Deadline>, StoreError> {
    let mut rows = Vec::with_capacity(due.len());
    for one in due {
        let user = match &one.assignee {
            Some(who) => find_user(tx, who).await?,
            None => None,
        };
        rows.push(Deadline {
            object: case.to_owned(),
            place: one.place.clone(),
            kind: one.kind,
            due_at: one.at.0,
            source: one.source.name().to_owned(),
            assignee: user.map(|user| user.pseudonym).unwrap_or_default(),
        });
    }
    Ok(rows)
}

/// A day is over at its last second.
fn end_of(day: &str) -> Option<Timestamp> {
    end_of_day(day.parse::<Date>().ok()?)
}
