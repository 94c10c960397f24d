//! The background work of a node: delivering, publishing, anchoring, cards, renewal, notices, letters. Decides nothing about cases.
//!
//! Each job takes a step, keeps its result in the store, and can be ended at any `await` without losing anything.

pub mod anchor;
pub mod backoff;
pub mod cards;
pub mod deliver;
pub mod notices;
pub mod post;
pub mod publish;
pub mod quorum;
pub mod renew;
pub mod resting;
pub mod roster;
pub mod seam;
pub mod start_check;

mod witnesses;
