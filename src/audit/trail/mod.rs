//! A part of the audit trail as a file (PROTOCOL 8): JSON lines, of which the last seals those before; [`check_trail`] checks one.

mod check;

#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

use crate::record::trail::TrailEntry;

pub use check::check_trail;

/// The format that this version reads and writes.
pub const FORMAT: &str = "sealane.audit-trail/1";

/// The longest line, in bytes.
pub const LINE_BYTES_MAX: usize = 1 << 20;

/// A line of the file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub enum Line {
    /// The first line.
    Trail(Head),
    /// Those between, in the order of the trail.
    Entry(Entry),
    /// The last line.
    Seal(Seal),
}

/// Whose trail it is, and which part of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Head {
    /// [`FORMAT`].
    pub format: String,
    /// The authority.
    pub authority: String,
    /// From when on, microseconds UTC.
    pub from: i64,
    /// Until when, microseconds UTC.
    pub to: i64,
}

/// An entry of the trail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Its place in the trail.
    pub seq: i64,
    /// When, as people read it.
    pub time: String,
    /// When, microseconds UTC.
    pub at: i64,
    /// Who: a pseudonym, `node` or `operator`.
    pub actor: String,
    /// In which role.
    pub role: String,
    /// What was done.
    pub action: String,
    /// To which object.
    pub object: Option<String>,
    /// For which purpose.
    pub purpose: Option<String>,
    /// `done`, `seen`, `denied` or `alarm`.
    pub outcome: String,
    /// What else must be known.
    pub detail: Option<String>,
    /// The hash of the entry before, in hexadecimal; zeros for the first of the trail.
    pub prev: String,
    /// The hash of this one over the one before.
    pub hash: String,
}

impl Entry {
    /// What is hashed of it.
    #[must_use]
    pub fn hashed(&self) -> TrailEntry<'_> {
        TrailEntry {
            at: self.at,
            actor: &self.actor,
            role: &self.role,
            action: &self.action,
            object: self.object.as_deref(),
            purpose: self.purpose.as_deref(),
            outcome: &self.outcome,
            detail: self.detail.as_deref(),
        }
    }
}

/// The record that seals the file, and where it is in the log; bytes in base64.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Seal {
    /// The signed statement.
    pub statement: String,
    /// The leaves of its fields, in order.
    pub leaves: Vec<String>,
    /// The log proof of the statement (c2sp.org/tlog-proof); none if it was not sealed into the log yet.
    pub proof: Option<String>,
}

impl Line {
    /// The line with its end.
    ///
    /// # Errors
    /// None that can be met: texts and numbers are always written.
    pub fn to_text(&self) -> Result<String, serde_json::Error> {
        let mut text = serde_json::to_string(self)?;
        text.push('\n');
        Ok(text)
    }
}
