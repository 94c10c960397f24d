//! The node's own log on real files: sealing, publishing, years, rebuilding, witnessing; each rule is one test.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod high_water;
mod published;
mod witness;
mod years;
