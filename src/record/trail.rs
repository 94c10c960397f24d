//! An entry of the audit trail and the hash that chains it to the one before; keeps no trail.

use sha2::{Digest, Sha256};

/// What was done, seen or refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TrailEntry<'a> {
    /// When, microseconds UTC.
    pub at: i64,
    /// Who: a pseudonym, `node` or `operator`.
    pub actor: &'a str,
    /// In which role.
    pub role: &'a str,
    /// What was done.
    pub action: &'a str,
    /// To which object.
    pub object: Option<&'a str>,
    /// For which purpose.
    pub purpose: Option<&'a str>,
    /// `done`, `seen`, `denied` or `alarm`.
    pub outcome: &'a str,
    /// What else must be known.
    pub detail: Option<&'a str>,
}

impl TrailEntry<'_> {
    /// SHA-256 over the hash before (zeros for the first entry), the time, and each text with its length before it, all
    /// ones for a text that is absent (PROTOCOL 8).
    #[must_use]
    pub fn chained(&self, prev: &[u8; 32]) -> [u8; 32] {
        let texts = [
            Some(self.actor),
            Some(self.role),
            Some(self.action),
            self.object,
            self.purpose,
            Some(self.outcome),
            self.detail,
        ];
        let mut hasher = Sha256::new();
        hasher.update(prev);
        hasher.update(self.at.to_be_bytes());
        for text in texts {
            hasher.update(text.map_or(u64::MAX, |text| text.len() as u64).to_be_bytes());
            hasher.update(text.unwrap_or_default());
        }
        hasher.finalize().into()
    }
}
