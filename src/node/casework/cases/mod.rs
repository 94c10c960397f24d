//! Use cases of cases: open, change, move, approve, link, read, list; evidence and requests stand elsewhere.

mod approval;
mod check;
pub(crate) mod content;
mod due;
mod findings;
mod guards;
mod keep;
mod links;
mod list;
mod moving;
mod open;
pub(crate) mod projection;
mod read;
mod team;
mod update;
mod views;
mod workflow;

pub use approval::Refusal;
pub(crate) use findings::searchable;
pub use links::Linking;
pub use list::CaseQuery;
pub use moving::Movement;
pub use open::NewCase;
pub use update::CaseChange;
pub use views::{CaseRow, CaseView, IdentifierView, ProposalView, StepView};
pub use workflow::WorkflowChange;

#[cfg(test)]
mod tests;
#[cfg(test)]
mod workflow_tests;
