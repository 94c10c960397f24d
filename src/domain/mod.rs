//! What customs officers talk about; knows no encoding, no store and no clock.

pub mod id;
pub mod time;
