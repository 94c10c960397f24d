//! The rules of chains: every predecessor is there or said to be left out, about the same object, and nobody forks.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io::{Read, Seek};

use crate::audit::check::bag::Bag;
use crate::audit::check::record::Facts;
use crate::audit::pack::PackReader;
use crate::audit::pack::layout::{OUTSIDE_PATH, hash_of, statement_path};
use crate::audit::report::Report;
use crate::audit::rule;
use crate::domain::id::{AuthorityName, ObjectId};
use crate::record::StatementHash;

/// The statements that the pack says it leaves out.
pub(super) fn read_outside<R: Read + Seek>(
    pack: &mut PackReader<R>,
    bag: &Bag,
    report: &mut Report,
) -> BTreeSet<StatementHash> {
    read_list(pack, bag, OUTSIDE_PATH, report)
}

/// A file of hashes, one a line; missing means that nothing is left out.
pub(super) fn read_list<R: Read + Seek>(
    pack: &mut PackReader<R>,
    bag: &Bag,
    path: &str,
    report: &mut Report,
) -> BTreeSet<StatementHash> {
    let bytes = pack.find(path).and_then(|number| bag.load(pack, number, report));
    let text = String::from_utf8_lossy(bytes.as_deref().unwrap_or_default()).into_owned();
    let mut hashes = BTreeSet::new();
    for (number, line) in (1..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty()) {
        match line.split_whitespace().next().and_then(hash_of) {
            Some(hash) => {
                hashes.insert(hash);
            }
            None => report.fail(rule::BAG_FORM, path, format!("line {number} is not a SHA-256")),
        }
    }
    hashes
}

/// Checks how the records continue each other.
pub(super) fn check(facts: &[Facts], outside: &BTreeSet<StatementHash>, report: &mut Report) {
    let known: HashMap<StatementHash, &Facts> = facts.iter().map(|one| (one.hash, one)).collect();
    let mut next: BTreeMap<(&AuthorityName, ObjectId, Option<StatementHash>), StatementHash> =
        BTreeMap::new();
    for one in facts {
        let Some(said) = &one.said else { continue };
        let item = statement_path(one.hash);
        if let Some(prev) = said.prev {
            check_link(one, prev, &known, outside, report);
        }
        let first = *next.entry((&one.issuer, one.object, said.prev)).or_insert(one.hash);
        if first == one.hash {
            report.ok(rule::CHAIN_FORK, &item);
        } else {
            let after =
                said.prev.map_or_else(|| "the beginning".to_owned(), |hash| hash.to_string());
            let why = format!(
                "{} continued the chain of {} after {after} in two ways: here and with statement {first}",
                one.issuer, one.object
            );
            report.fail(rule::CHAIN_FORK, item, why);
        }
    }
}

fn check_link(
    one: &Facts,
    prev: StatementHash,
    known: &HashMap<StatementHash, &Facts>,
    outside: &BTreeSet<StatementHash>,
    report: &mut Report,
) {
    let item = statement_path(one.hash);
    match known.get(&prev) {
        Some(before) if before.object == one.object => report.ok(rule::CHAIN_GAP, &item),
        Some(before) => {
            let why =
                format!("it continues {prev}, which is about another object ({})", before.object);
            report.fail(rule::CHAIN_OBJECT, item, why);
        }
        None if outside.contains(&prev) => {
            let why = format!("it continues {prev}, which the pack leaves out and says so");
            report.note(rule::CHAIN_OUTSIDE, item, why);
        }
        None => {
            let why = format!(
                "it continues {prev}, which is not in the pack, could not be verified, or was taken out of it"
            );
            report.fail(rule::CHAIN_GAP, item, why);
        }
    }
}
