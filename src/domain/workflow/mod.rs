//! The workflow of a case type as data (R04b): which steps a case may take and what each state asks for; reads no file.

mod check;
mod guard;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use crate::domain::case::{CaseStatus, CaseType};
use crate::domain::retention::{BadPeriod, Retention};

pub use crate::domain::workflow::guard::{FieldPattern, InvalidPattern, Lack};

/// The longest time that a task is given, in days: two years.
pub const TASK_DAYS_MAX: u32 = 730;

/// A version of the workflow of a case type. A case keeps the version under which it was opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Workflow {
    /// The case type that it is for.
    pub case_type: CaseType,
    /// Its version, from 1.
    pub version: u32,
    /// What it is called, for officers.
    pub title: String,
    /// What each state asks for and where it leads. A state that is not here is not used.
    pub states: BTreeMap<CaseStatus, StateRule>,
    /// The tasks that it sets.
    pub tasks: Vec<TaskRule>,
    /// How long its cases are kept.
    pub retention: Retention,
}

/// What a state asks of a case that is to enter it, and where it leads.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StateRule {
    /// Where a case may go from here; each is also a step of R04a.
    pub next: Vec<CaseStatus>,
    /// The fields that must be filled before a case enters.
    pub requires: Vec<FieldPattern>,
    /// Who must approve that a case enters; nobody if the officer alone decides.
    pub approval: Option<Approver>,
    /// Whether the officer must say why.
    pub reason: bool,
    /// Whether the officer must name the law that the decision rests on.
    pub legal_basis: bool,
}

/// A task that the workflow sets (R18).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskRule {
    /// Its name in the workflow, such as `valuation`.
    pub key: String,
    /// What is to be done, for officers.
    pub title: String,
    /// The state with which it begins.
    pub starts: CaseStatus,
    /// The state that a case may not enter before the task is done; a task without one is a reminder.
    pub before: Option<CaseStatus>,
    /// In how many calendar days it is due.
    pub days: Option<u32>,
}

/// Who may approve a step; never the officer who proposed it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Approver {
    /// A supervisor.
    Supervisor,
    /// The central coordinating unit.
    ContactPoint,
    /// Who prepares material for courts.
    JudicialLiaison,
}

impl Approver {
    /// Everybody who may be named.
    pub const ALL: [Self; 3] = [Self::Supervisor, Self::ContactPoint, Self::JudicialLiaison];

    /// The name of the role.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Supervisor => "supervisor",
            Self::ContactPoint => "contact_point",
            Self::JudicialLiaison => "judicial_liaison",
        }
    }
}

impl fmt::Display for Approver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A text that names nobody who may approve a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a step is approved by a supervisor, contact_point or judicial_liaison")]
pub struct UnknownApprover;

impl FromStr for Approver {
    type Err = UnknownApprover;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|approver| approver.name() == text).ok_or(UnknownApprover)
    }
}

/// Why a workflow cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WorkflowFault {
    /// A case starts in suspicion.
    #[error("the state suspicion is missing, in which every case starts")]
    NoStart,
    /// A step leads to a state without a rule.
    #[error("{from} leads to {to}, which the workflow does not describe")]
    NoSuchState {
        /// From here.
        from: CaseStatus,
        /// To there.
        to: CaseStatus,
    },
    /// A step that R04a does not know.
    #[error("{from} may not lead to {to} (rule R04a); {from} leads to {}", names(.from.next()))]
    ForeignStep {
        /// From here.
        from: CaseStatus,
        /// To there.
        to: CaseStatus,
    },
    /// No case gets there.
    #[error("no case can reach the state {0}")]
    Unreachable(CaseStatus),
    /// A case would stay there for good.
    #[error("a case in the state {0} can never be closed")]
    NoWayOut(CaseStatus),
    /// Two tasks have one key.
    #[error("there are two tasks with the key {0}")]
    TaskTwice(String),
    /// A key, title or time of a task is not sound.
    #[error("the task {key} cannot be used: {reason}")]
    Task {
        /// Its key.
        key: String,
        /// Why.
        reason: String,
    },
    /// Versions begin with 1.
    #[error("the version is 0; versions begin with 1")]
    NoVersion,
    /// The title is empty or too long.
    #[error("the title {0}")]
    Title(String),
    /// A case would be kept for no time, or for ever.
    #[error("retention: {0}")]
    Retention(#[from] BadPeriod),
}

/// A step that the workflow does not allow.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a case cannot move from {from} to {to} (rule R04a, workflow {workflow}): from there it goes to {}",
    names(.open)
)]
pub struct NoStep {
    /// Where the case stands.
    pub from: CaseStatus,
    /// Where it was to go.
    pub to: CaseStatus,
    /// The workflow, as it is named.
    pub workflow: String,
    /// Where the case may go.
    pub open: Vec<CaseStatus>,
}

impl Workflow {
    /// How it is named: case type and version, such as `revenue/1`.
    #[must_use]
    pub fn name(&self) -> String {
        format!("{}/{}", self.case_type, self.version)
    }

    /// Where a case may go from a state; nowhere from one that the workflow does not describe.
    #[must_use]
    pub fn next(&self, from: CaseStatus) -> &[CaseStatus] {
        self.states.get(&from).map_or(&[], |rule| rule.next.as_slice())
    }

    /// What a state asks for, if a case may take the step.
    ///
    /// # Errors
    /// If the step is not one of the workflow.
    pub fn step(&self, from: CaseStatus, to: CaseStatus) -> Result<&StateRule, NoStep> {
        let open = self.next(from);
        self.states.get(&to).filter(|_| open.contains(&to)).ok_or_else(|| NoStep {
            from,
            to,
            workflow: self.name(),
            open: open.to_vec(),
        })
    }

    /// The tasks that begin with a state.
    pub fn tasks_of(&self, state: CaseStatus) -> impl Iterator<Item = &TaskRule> {
        self.tasks.iter().filter(move |task| task.starts == state)
    }
}

fn names(states: &[CaseStatus]) -> String {
    let names: Vec<&str> = states.iter().map(|state| state.name()).collect();
    if names.is_empty() { "nowhere".to_owned() } else { names.join(", ") }
}
