//! Sealane: a node with which a customs authority keeps its enforcement cases and works them together with others.
//!
//! The crate is a stack of layers; each names only those above it (`docs/ARCHITECTURE.md`, held by `tests/integration/architecture.rs`).
//!
//! | layer | is | may name |
//! |---|---|---|
//! | [`domain`] | what customs officers talk about | nothing |
//! | [`transparency`] | the append-only log as mathematics; knows bytes, not cases | nothing |
//! | [`record`] | how a fact becomes signed bytes that two authorities agree on | domain, transparency |
//! | [`policy`] | who may do what to what, for which purpose | domain |
//! | [`audit`] | what an auditor can check with a file and public keys alone | domain, record, transparency |
//! | `node` | the running node: store, peers, log, casework, HTTP, command line | all of the above |
//!
//! The pure layers do no IO, read no clock and draw no randomness; they build with `--no-default-features`.

pub mod domain;
pub mod transparency;

pub mod record;

pub mod audit;
pub mod policy;

#[cfg(feature = "node")]
pub mod node;
