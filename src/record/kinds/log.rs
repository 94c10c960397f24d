//! Records about the log itself: its genesis and the witness policy in force.

use crate::record::fields::Fields;
use crate::record::kinds::{Facts, bytes_opt, pairs, text_opt};
use crate::record::payload::{Payload, PayloadError};
use crate::record::value::Value;

/// Leaf 0 of a log, so that no inclusion path is ever empty (RFC 9942).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Genesis {
    /// The log's origin.
    pub origin: String,
    /// The vkey of the log's checkpoint key.
    pub vkey: String,
    /// The last checkpoint of the year before, with its cosignatures, if there was one.
    pub previous_checkpoint: Option<String>,
    /// Hash of the card statement in force.
    pub card: Option<[u8; 32]>,
}

impl Payload for Genesis {
    const KIND: &'static str = "log.genesis/1";

    fn fields(&self) -> Facts {
        pairs([
            ("origin", Value::text(self.origin.as_str())),
            ("vkey", Value::text(self.vkey.as_str())),
            ("previous_checkpoint", text_opt(self.previous_checkpoint.as_deref())),
            ("card", bytes_opt(self.card)),
        ])
    }

    fn read(fields: &Fields) -> Result<Self, PayloadError> {
        Ok(Self {
            origin: fields.text("origin")?,
            vkey: fields.text("vkey")?,
            previous_checkpoint: fields.text_opt("previous_checkpoint")?,
            card: fields.bytes_opt("card")?,
        })
    }
}

/// The witnesses whose cosignatures make a checkpoint count, as a tlog-policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WitnessPolicy {
    /// The text of the policy (C2SP tlog-policy).
    pub policy: String,
}

impl Payload for WitnessPolicy {
    const KIND: &'static str = "log.witness_policy/1";

    fn fields(&self) -> Facts {
        pairs([("policy", Value::text(self.policy.as_str()))])
    }

    fn read(fields: &Fields) -> Result<Self, PayloadError> {
        Ok(Self { policy: fields.text("policy")? })
    }
}
