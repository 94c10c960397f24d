//! The node's own transparency log: sequencing, sealing, tiles, proofs and witness state; sends nothing.

pub mod cards;
pub mod files;
pub mod high_water;
pub mod proof;
pub mod sequencer;
pub mod signing;
pub mod start_check;
pub mod witness;

mod error;
mod rows;

use std::sync::Arc;

use crate::transparency::key::VerifierKey;

pub use error::{EdgeError, FormError, LogError};
pub use files::LogFiles;
pub use high_water::{HighWater, HighWaterFile};
pub use sequencer::{LogOpening, Sequencer, SequencerParts};
pub use signing::{Signing, SigningGate};
pub use witness::{Witness, WitnessReply};

/// The vkey of the own log of an origin; one key serves all years.
pub type LogKeys = Arc<dyn Fn(&str) -> Option<VerifierKey> + Send + Sync>;
