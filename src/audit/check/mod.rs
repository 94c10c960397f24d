//! Checks a court pack against every rule and collects all findings; needs no node, no network and no clock.
//!
//! One file a family of rules: the bag, the cards, each record by itself (on all cores), then what holds between records:
//! chains, logs with their witnesses, evidence. Nothing that a manifest says is believed: manifests find damage, the
//! signatures find forgery.

mod bag;
mod cards;
mod chain;
mod evidence;
mod logs;
mod proofs;
mod quorum;
mod record;
mod records;
mod trust;

#[cfg(test)]
pub(crate) mod sample;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::io::{Read, Seek};

use crate::audit::check::bag::Bag;
use crate::audit::check::cards::Cards;
use crate::audit::check::record::Facts;
use crate::audit::pack::{PackError, PackReader};
use crate::audit::report::{Party, Report};
use crate::audit::rule;
use crate::domain::id::AuthorityName;
use crate::record::card::SignedCard;
use crate::record::key::KeyId;
use crate::transparency::tlog_policy::TlogPolicy;

/// How a pack is checked.
#[derive(Clone, Debug)]
pub struct Options {
    /// Cards that the auditor got from the authorities themselves.
    pub trust: Vec<SignedCard>,
    /// A witness policy of the auditor's own, in place of those in the pack.
    pub policy: Option<TlogPolicy>,
    /// Threads that check signatures; at least one is used.
    pub threads: usize,
    /// Whether kept rules are listed one by one.
    pub keep_ok: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { trust: Vec::new(), policy: None, threads: 1, keep_ok: false }
    }
}

/// How far a check is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// `records` (counted) or `evidence` (bytes).
    pub step: &'static str,
    /// Done so far.
    pub done: u64,
    /// To do in all.
    pub total: u64,
}

/// Checks a pack. Whatever is wrong is a finding; a pack that cannot be opened gives one.
pub fn check_pack<R: Read + Seek>(
    reader: R,
    options: &Options,
    progress: &mut dyn FnMut(Progress),
) -> Report {
    let mut report = Report::new(options.keep_ok);
    let mut pack = match PackReader::open(reader) {
        Ok(pack) => pack,
        Err(error) => {
            bag::fail(&error, &mut report);
            return report;
        }
    };
    report.ok(rule::ZIP, pack.name());
    let bag = Bag::read(&mut pack, &mut report);
    let cards = Cards::read(&mut pack, &bag, &options.trust, &mut report);
    let mut gathered =
        records::check_all(&mut pack, &bag, &cards, options, (&mut report, progress));
    logs::read_checkpoints(&mut pack, &bag, &cards, &mut gathered.notes, &mut report);
    trust::check(&mut pack, &bag, &cards, &gathered.facts, &mut report);
    evidence::check(&mut pack, &bag, &gathered.facts, &mut report, progress);
    bag::check_rest(&mut pack, &bag, &mut report);
    let outside = chain::read_outside(&mut pack, &bag, &mut report);
    chain::check(&gathered.facts, &outside, &mut report);
    logs::check_roots(&gathered, &mut report);
    quorum::check(&gathered, &cards, options.policy.as_ref(), &mut report);
    if gathered.facts.is_empty() {
        report.fail(
            rule::PACK_EMPTY,
            pack.name(),
            "there is no record in the pack that could be checked",
        );
    }
    report.parties = parties(&gathered.facts, &cards);
    for party in &report.parties.clone() {
        if party.trusted {
            report.ok(rule::AUTHORITY_TRUSTED, party.authority.as_str());
        } else {
            report.warn(
                rule::AUTHORITY_TRUSTED,
                party.authority.as_str(),
                if party.former { FORMER_NOT_TRUSTED } else { NOT_TRUSTED },
            );
        }
    }
    report
}

/// What to do about an authority that the auditor did not speak of.
const NOT_TRUSTED: &str = "you have not said that you trust this authority: get its card from the authority, compare the \
                           fingerprint words, and give it with --trust";

/// What to do about a root that an authority had before.
const FORMER_NOT_TRUSTED: &str = "you have not said that you trust a root that this authority had before: ask it whether \
                                  that root was its own and until when, and give its card of that time with --trust, too";

/// The authorities whose keys the proofs rest on: who issued the records, and whose logs hold them.
fn parties(facts: &[Facts], cards: &Cards) -> Vec<Party> {
    let names: BTreeSet<&AuthorityName> = facts
        .iter()
        .flat_map(|fact| {
            std::iter::once(&fact.issuer).chain(fact.places.iter().map(|place| &place.owner))
        })
        .collect();
    names
        .into_iter()
        .flat_map(|name| {
            // Former roots, too: it is not told apart under which root which of its records rest.
            cards.of(name).iter().map(|known| Party {
                authority: name.clone(),
                trusted: known.trusted,
                former: known.former,
                root_key: KeyId::of(&known.card.root_key).to_string(),
                card_version: known.card.version,
            })
        })
        .collect()
}

/// The rule that a pack breaks which cannot be read.
const fn rule_of(error: &PackError) -> &'static str {
    match error {
        PackError::Io(_) | PackError::Damaged(_) => rule::ZIP,
        PackError::Limit(_) => rule::ZIP_LIMIT,
        PackError::Path { .. } => rule::ZIP_PATH,
        PackError::Duplicate(_) => rule::ZIP_DUPLICATE,
        PackError::Bomb { .. } => rule::ZIP_BOMB,
        PackError::File { .. } => rule::FILE_READABLE,
    }
}

fn item_of(error: &PackError) -> Option<&str> {
    match error {
        PackError::Io(_) | PackError::Damaged(_) | PackError::Limit(_) => None,
        PackError::Path { path, .. }
        | PackError::Duplicate(path)
        | PackError::Bomb { path, .. }
        | PackError::File { path, .. } => Some(path),
    }
}
