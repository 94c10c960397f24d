//! Who may do what to what, for which purpose; one pure decision, no lookup of its own.

mod action;
mod matrix;
mod permit;
mod role;
mod rules;
mod training;

pub use crate::policy::action::{Action, Actor, Resource, ResourceKind, UnknownAction, Via};
pub use crate::policy::matrix::{needs_purpose, roles_for};
pub use crate::policy::permit::Permit;
pub use crate::policy::role::{Role, UnknownRole, conflict};
pub use crate::policy::rules::{Breadth, Decision, DenialReason, breadth, decide};
pub use crate::policy::training::{
    BadRequirement, HeldTraining, RequiredTraining, is_training_name,
};

#[cfg(test)]
mod rules_tests;
