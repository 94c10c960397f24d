//! The append-only log as mathematics: trees, proofs, notes, checkpoints; knows bytes, not cases, and does no IO.
