//! The rules of evidence files: each is what its record says, and none is missing without a word.

use std::collections::BTreeMap;
use std::io::{Read, Seek};

use crate::audit::check::Progress;
use crate::audit::check::bag::{self, Bag};
use crate::audit::check::chain::read_list;
use crate::audit::check::record::Facts;
use crate::audit::pack::layout::{Place, WITHHELD_PATH, evidence_path, statement_path};
use crate::audit::pack::{Claim, PackReader};
use crate::audit::report::Report;
use crate::audit::rule;
use crate::record::StatementHash;

/// Hashes every evidence file and compares files with records.
pub(super) fn check<R: Read + Seek>(
    pack: &mut PackReader<R>,
    bag: &Bag,
    facts: &[Facts],
    report: &mut Report,
    progress: &mut dyn FnMut(Progress),
) {
    let claimed = claims(facts);
    let withheld = read_list(pack, bag, WITHHELD_PATH, report);
    let files: Vec<(usize, [u8; 32])> = pack
        .entries()
        .enumerate()
        .filter_map(|(number, entry)| match entry.place {
            Some(Place::Evidence(sha256)) => Some((number, sha256)),
            Some(_) | None => None,
        })
        .collect();
    let total = files
        .iter()
        .filter_map(|(number, _)| pack.entry(*number))
        .fold(0_u64, |sum, entry| sum.saturating_add(entry.size));
    let mut done = 0_u64;
    for (number, sha256) in &files {
        let mut step = |bytes| {
            done = done.saturating_add(bytes);
            progress(Progress { step: "evidence", done, total });
        };
        check_file(pack, bag, (*number, sha256), claimed.get(sha256), report, &mut step);
    }
    let held: std::collections::BTreeSet<[u8; 32]> =
        files.into_iter().map(|(_, sha256)| sha256).collect();
    for (sha256, (claim, statement)) in &claimed {
        if held.contains(sha256) {
            continue;
        }
        let item = evidence_path(sha256, None);
        if withheld.contains(&StatementHash(*sha256)) {
            let why = format!("'{}' is withheld; its record is in the pack", clip(&claim.title));
            report.note(rule::EVIDENCE_WITHHELD, item, why);
        } else {
            let why = format!(
                "{} speaks of the file '{}', which is neither in the pack nor listed as withheld",
                statement_path(*statement),
                clip(&claim.title)
            );
            report.fail(rule::EVIDENCE_MISSING, item, why);
        }
    }
}

/// Every file that a record speaks of, with the first record that does.
fn claims(facts: &[Facts]) -> BTreeMap<[u8; 32], (&Claim, StatementHash)> {
    let mut claimed = BTreeMap::new();
    for one in facts {
        for claim in one.said.iter().flat_map(|said| &said.claims) {
            claimed.entry(claim.sha256).or_insert((claim, one.hash));
        }
    }
    claimed
}

fn check_file<R: Read + Seek>(
    pack: &mut PackReader<R>,
    bag: &Bag,
    (number, sha256): (usize, &[u8; 32]),
    claim: Option<&(&Claim, StatementHash)>,
    report: &mut Report,
    step: &mut dyn FnMut(u64),
) {
    let Some(path) = pack.entry(number).map(|entry| entry.path.clone()) else { return };
    let (digest, size) = match pack.digest(number, step) {
        Ok(found) => found,
        Err(error) => return bag::fail(&error, report),
    };
    report.totals.evidence_files += 1;
    report.totals.evidence_bytes = report.totals.evidence_bytes.saturating_add(size);
    bag.judge(number, &path, &digest, report);
    if digest == *sha256 {
        report.ok(rule::EVIDENCE_DIGEST, &path);
    } else {
        let why = "its SHA-256 is not that of the file that was registered: this is another file";
        report.fail(rule::EVIDENCE_DIGEST, path.as_str(), why);
    }
    match claim {
        None => report.warn(
            rule::EVIDENCE_UNCLAIMED,
            path,
            "no record in the pack speaks of this file, so nothing vouches for it",
        ),
        Some((claim, statement)) => match claim.size {
            Some(said) if u64::try_from(said) != Ok(size) => {
                let record = statement_path(*statement);
                let why = format!("it has {size} bytes, but {record} says {said}");
                report.fail(rule::EVIDENCE_SIZE, path, why);
            }
            Some(_) | None => report.ok(rule::EVIDENCE_SIZE, &path),
        },
    }
}

fn clip(text: &str) -> String {
    text.chars().take(80).flat_map(char::escape_default).collect()
}
