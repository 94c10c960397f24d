//! Use cases of workflows: which versions are in use, a new one tried and taken into use; moves no case.

mod adopt;
mod in_force;
mod list;

pub use adopt::{AdoptionView, NewWorkflow, StandingView};
pub(crate) use in_force::WorkflowMemory;
pub use list::{WorkflowText, WorkflowView};

#[cfg(test)]
mod tests;
