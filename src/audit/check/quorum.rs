//! The rules of witnesses: which policy was in force at a checkpoint, and whether enough of its witnesses cosigned.

use std::collections::BTreeMap;

use crate::audit::check::cards::Cards;
use crate::audit::check::proofs::{Broken, SeenNote};
use crate::audit::check::record::Proven;
use crate::audit::check::records::Gathered;
use crate::audit::report::Report;
use crate::audit::rule;
use crate::domain::id::AuthorityName;
use crate::transparency::note::Note;
use crate::transparency::tlog_policy::TlogPolicy;

/// Policies of each log by their place in it.
type InForce<'a> = BTreeMap<&'a str, BTreeMap<u64, &'a str>>;

/// Judges each different checkpoint once; a finding names the first file that rests on it.
pub(super) fn check(
    gathered: &Gathered,
    cards: &Cards,
    own: Option<&TlogPolicy>,
    report: &mut Report,
) {
    let in_force = policies(gathered);
    let mut resting: BTreeMap<[u8; 32], usize> = BTreeMap::new();
    for place in gathered.facts.iter().flat_map(|facts| &facts.places) {
        if let Proven::Note(digest) = place.by {
            *resting.entry(digest).or_default() += 1;
        }
    }
    for note in gathered.notes.by_digest.values() {
        let others = resting.get(&note.digest).copied().unwrap_or(0).saturating_sub(1);
        match judge(note, &in_force, cards, own, report) {
            Ok(()) => report.ok(rule::QUORUM, &note.item),
            Err((rule, why)) => {
                let why = if others > 0 {
                    format!("{why}; {others} other proofs rest on the same checkpoint")
                } else {
                    why
                };
                report.fail(rule, note.item.as_str(), why);
            }
        }
    }
}

/// Which witness policies the pack proves to be in which log, and where. Only a log's owner sets its policy.
fn policies(gathered: &Gathered) -> InForce<'_> {
    let mut in_force = InForce::new();
    for facts in &gathered.facts {
        let Some(policy) = facts.said.as_ref().and_then(|said| said.policy.as_deref()) else {
            continue;
        };
        for place in facts.places.iter().filter(|place| place.owner == facts.issuer) {
            in_force.entry(&place.origin).or_default().insert(place.index, policy);
        }
    }
    in_force
}

fn judge(
    seen: &SeenNote,
    in_force: &InForce<'_>,
    cards: &Cards,
    own: Option<&TlogPolicy>,
    report: &mut Report,
) -> Result<(), Broken> {
    let read;
    let policy = if let Some(own) = own {
        own
    } else {
        read = policy_at(seen, in_force)?;
        &read
    };
    let note = Note::parse(seen.text.as_bytes())
        .map_err(|error| (rule::CHECKPOINT_FORM, error.to_string()))?;
    check_log(seen, &note, policy)?;
    let witnessings =
        policy.witnessings(&note).map_err(|error| (rule::COSIGNATURE, error.to_string()))?;
    let names: Vec<&str> = witnessings.iter().map(|one| one.witness.as_str()).collect();
    for witness in policy.witnesses().iter().filter(|one| names.contains(&one.name.as_str())) {
        check_witness(seen, witness.key.name(), &witness.key.to_string(), cards, report)?;
    }
    if policy.is_met_by(names.iter().copied()) {
        // A policy of the auditor's own says itself whom to believe.
        if own.is_none() && !is_confirmed(seen, policy, &note, &names, cards) {
            report.rests_on_its_own(rule::QUORUM_UNCONFIRMED, seen.item.as_str(), UNCONFIRMED);
        }
        return Ok(());
    }
    let by = if names.is_empty() { "nobody".to_owned() } else { names.join(", ") };
    Err((
        rule::QUORUM,
        format!(
            "its checkpoint of size {} was cosigned by {by}, which is less than the witness policy asks for",
            seen.checkpoint.size
        ),
    ))
}

/// Why a met quorum does not yet say anything.
const UNCONFIRMED: &str = "not enough of its witnesses are in cards that you trust: the quorum rests on a policy that the \
                           log's owner wrote itself. Give the cards of the witnesses with --trust, or a policy of your own \
                           with --policy";

/// Whether those of the cosigners whose keys are in cards that the auditor trusts are enough for the policy. The
/// owner of the log is no witness of it. A policy without a quorum asks for nobody: then one such cosigner is needed.
fn is_confirmed(
    seen: &SeenNote,
    policy: &TlogPolicy,
    note: &Note,
    names: &[&str],
    cards: &Cards,
) -> bool {
    let trusted = cards.trusted_witnesses(&seen.owner);
    if policy.quorum().is_none() {
        return note.verify(&trusted).is_ok();
    }
    let confirmed = policy
        .witnesses()
        .iter()
        .filter(|witness| trusted.contains(&witness.key))
        .map(|witness| witness.name.as_str())
        .filter(|name| names.contains(name));
    policy.is_met_by(confirmed)
}

/// The policy at the highest place below the checkpoint's size: the last one that the witnesses could see.
fn policy_at(seen: &SeenNote, in_force: &InForce<'_>) -> Result<TlogPolicy, Broken> {
    let (origin, size) = (seen.checkpoint.origin.as_str(), seen.checkpoint.size);
    let text = in_force
        .get(origin)
        .and_then(|policies| policies.range(..size).next_back())
        .map(|(_, text)| *text)
        .ok_or_else(|| {
            let why = format!(
                "the pack has no witness policy of the log {origin} that was in force at size {size}: ask for the pack \
                 again, or give a policy of your own with --policy"
            );
            (rule::POLICY_MISSING, why)
        })?;
    TlogPolicy::parse(text).map_err(|error| (rule::POLICY_FORM, error.to_string()))
}

/// A policy that names logs must name this one with the key that signed.
fn check_log(seen: &SeenNote, note: &Note, policy: &TlogPolicy) -> Result<(), Broken> {
    let keys = policy.log_keys(&seen.checkpoint.origin);
    if policy.logs().is_empty() || (!keys.is_empty() && note.verify(&keys).is_ok()) {
        Ok(())
    } else {
        let why =
            format!("the witness policy is not for the log {} and its key", seen.checkpoint.origin);
        Err((rule::POLICY_FORM, why))
    }
}

/// A witness that counts must be the one that its authority's card names.
fn check_witness(
    seen: &SeenNote,
    name: &str,
    vkey: &str,
    cards: &Cards,
    report: &mut Report,
) -> Result<(), Broken> {
    let authority = name
        .split_once("/witness/")
        .and_then(|(authority, _)| authority.parse::<AuthorityName>().ok());
    if authority.as_ref() == Some(&seen.owner) {
        let why = format!("the log counts its own owner as a witness ({name})");
        report.warn(rule::WITNESS_SELF, seen.item.as_str(), why);
    }
    let known = authority.as_ref().map_or(&[][..], |authority| cards.of(authority));
    let mut keys = known.iter().filter_map(|known| known.witness.as_ref());
    let named = keys.clone().find(|key| key.to_string() == vkey);
    match named.or_else(|| keys.next()) {
        Some(key) if key.to_string() == vkey => {
            report.ok(rule::WITNESS_KEY, &seen.item);
            Ok(())
        }
        Some(key) if key.name() == name => {
            let why =
                format!("the witness {name} signs with another key than its authority's card says");
            Err((rule::WITNESS_KEY, why))
        }
        Some(_) | None => {
            let why = format!(
                "the key of the witness {name} rests on the log's policy alone: no card confirms it"
            );
            report.warn(rule::WITNESS_UNCONFIRMED, seen.item.as_str(), why);
            Ok(())
        }
    }
}
