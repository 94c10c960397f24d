//! Looking after a node's data: copies of it, and checks of the whole of it; runs beside the node and changes nothing there.
//!
//! `backup` and `restore` move the data directory as one file. `log_check` derives the published log again from what
//! is stored; `reconcile` holds records, chains, projections and the books of peers against each other.

mod archive;
mod finding;

pub mod backup;
pub mod log_check;
pub mod reconcile;
pub mod restore;

pub use crate::node::upkeep::archive::{Manifest, ManifestFile};
pub use crate::node::upkeep::finding::{Finding, Findings, Progress};
