//! Use cases of cases: open, change, move, approve, link, assign, close to officers, read, list; evidence and requests stand elsewhere.

pub(crate) mod acknowledge;
mod approval;
mod check;
mod conflicts;
pub(crate) mod content;
pub(crate) mod due;
mod findings;
mod guards;
mod keep;
mod links;
mod list;
mod moving;
mod open;
mod origin;
pub(crate) mod projection;
mod protect;
mod read;
mod signed;
mod team;
mod update;
mod versions;
mod views;
mod workflow;

pub use acknowledge::Acknowledgement;
pub use approval::Refusal;
pub use conflicts::{ConflictView, Lift, NewConflict};
pub(crate) use findings::searchable;
pub(crate) use keep::Standing;
pub use links::Linking;
pub use list::CaseQuery;
pub use moving::Movement;
pub use open::NewCase;
pub(crate) use origin::{number_path, origins};
pub use protect::NewProtection;
pub use update::CaseChange;
pub use versions::{ChangeView, DifferenceQuery, DifferenceView, VersionView};
pub use views::{
    AcknowledgedView, CaseRow, CaseView, IdentifierView, ProposalView, QualityView, StepView,
    WarningView,
};
pub use workflow::WorkflowChange;

#[cfg(test)]
mod conflict_tests;
#[cfg(test)]
mod protect_tests;
#[cfg(test)]
mod quality_tests;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod workflow_tests;
