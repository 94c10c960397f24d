//! Which witnesses must cosign: the policy over the paired authorities, as text for the log and as a rule; pure.

use crate::node::config::WitnessQuorum;
use crate::node::jobs::roster::Cards;
use crate::transparency::note::Note;
use crate::transparency::tlog_policy::{PolicyError, PolicyLog, PolicyWitness, TlogPolicy};

/// The policy: the own logs, each paired authority's witness, and the quorum.
///
/// A fixed quorum above the number of witnesses means all of them. A witness key that cannot be read is left out.
///
/// # Errors
/// If two authorities have the same witness key.
pub fn policy(
    own_logs: &[String],
    cards: &Cards,
    quorum: WitnessQuorum,
) -> Result<TlogPolicy, PolicyError> {
    let logs = own_logs.iter().filter_map(|vkey| vkey.parse().ok());
    let logs = logs.map(|key| PolicyLog { key, url: None }).collect();
    let witnesses: Vec<_> = cards
        .values()
        .filter_map(|card| {
            let key = card.witness_vkey.parse().ok()?;
            Some(PolicyWitness { name: card.authority.to_string(), key, url: None })
        })
        .collect();
    let count = witnesses.len();
    let majority = TlogPolicy::majority(logs, witnesses)?;
    match quorum {
        WitnessQuorum::Fixed(_) if count > 0 => {
            let needed = needed(quorum, count);
            let of_majority = format!("group peers {} ", count / 2 + 1);
            let fixed = format!("group peers {needed} ");
            TlogPolicy::parse(&majority.to_text().replacen(&of_majority, &fixed, 1))
        }
        WitnessQuorum::Fixed(_) | WitnessQuorum::Majority => Ok(majority),
    }
}

/// How many of `count` witnesses make the quorum.
#[must_use]
pub fn needed(quorum: WitnessQuorum, count: usize) -> usize {
    match quorum {
        WitnessQuorum::Fixed(needed) => {
            usize::try_from(needed.get()).unwrap_or(usize::MAX).min(count)
        }
        WitnessQuorum::Majority => count / 2 + 1,
    }
}

/// Whether the cosignatures on a note make the quorum of a policy.
#[must_use]
pub fn is_met(policy: &TlogPolicy, note: &Note) -> bool {
    let Ok(witnessings) = policy.witnessings(note) else { return false };
    policy.is_met_by(witnessings.iter().map(|one| one.witness.as_str()))
}
