//! The rules of logs: one size has one root, one place has one statement; whether witnesses suffice is `quorum`'s.

use std::collections::BTreeMap;
use std::io::{Read, Seek};

use crate::audit::check::bag::Bag;
use crate::audit::check::cards::Cards;
use crate::audit::check::proofs::{NoteCache, SeenNote};
use crate::audit::check::record::{Placed, Proven};
use crate::audit::check::records::Gathered;
use crate::audit::pack::PackReader;
use crate::audit::pack::layout::{FileOrigin, Place};
use crate::audit::report::Report;
use crate::audit::rule;
use crate::record::StatementHash;
use crate::transparency::note::Note;
use crate::transparency::tree::Hash;

/// Bytes of all different checkpoints together that are kept.
const NOTES_BYTES_MAX: usize = 32 * 1024 * 1024;

/// The different checkpoints of a pack whose log signature holds.
#[derive(Default)]
pub(super) struct Notes {
    pub(super) by_digest: BTreeMap<[u8; 32], SeenNote>,
    bytes: usize,
}

impl Notes {
    /// Keeps a checkpoint at its first appearance.
    pub(super) fn add(&mut self, note: SeenNote, report: &mut Report) {
        if self.by_digest.contains_key(&note.digest) {
            return;
        }
        if self.bytes.saturating_add(note.text.len()) > NOTES_BYTES_MAX {
            report.fail(
                rule::ZIP_LIMIT,
                note.item,
                "the pack has too many different checkpoints to compare",
            );
            return;
        }
        self.bytes += note.text.len();
        report.totals.checkpoints += 1;
        report.ok(rule::CHECKPOINT_SIGNATURE, &note.item);
        self.by_digest.insert(note.digest, note);
    }
}

/// Reads the checkpoints that stand by themselves.
pub(super) fn read_checkpoints<R: Read + Seek>(
    pack: &mut PackReader<R>,
    bag: &Bag,
    cards: &Cards,
    notes: &mut Notes,
    report: &mut Report,
) {
    let mut cache = NoteCache::default();
    for number in 0..pack.len() {
        let Some(entry) = pack.entry(number) else { continue };
        let Some(Place::Checkpoint(named)) = entry.place.clone() else { continue };
        let path = entry.path.clone();
        let Some(bytes) = bag.load(pack, number, report) else { continue };
        let opened = Note::parse(&bytes)
            .map_err(|error| (rule::CHECKPOINT_FORM, error.to_string()))
            .and_then(|note| cache.open(&note, &path, cards));
        match opened {
            Ok((_, checkpoint, _)) if FileOrigin::of(&checkpoint.origin) != named => {
                let why = format!("it is the checkpoint of {}", checkpoint.origin);
                report.fail(rule::CHECKPOINT_FORM, path, why);
            }
            Ok(_) => report.ok(rule::CHECKPOINT_FORM, &path),
            Err((rule, why)) => report.fail(rule, path, why),
        }
    }
    for note in cache.seen {
        notes.add(note, report);
    }
}

/// Compares everything that logs have signed: two roots of one size, or two statements at one place, are two histories.
pub(super) fn check_roots(gathered: &Gathered, report: &mut Report) {
    let mut roots: BTreeMap<(&str, u64), (Hash, &str)> = BTreeMap::new();
    for note in gathered.notes.by_digest.values() {
        let at = (note.checkpoint.origin.as_str(), note.checkpoint.size);
        compare(&mut roots, at, (note.checkpoint.root, &note.item), report);
    }
    let mut statements: BTreeMap<(&str, u64), StatementHash> = BTreeMap::new();
    for facts in &gathered.facts {
        for place in &facts.places {
            if place.by == Proven::Receipt {
                let at = (place.origin.as_str(), place.size);
                compare(&mut roots, at, (place.root, &place.item), report);
            }
            check_position(&mut statements, place, facts.hash, report);
        }
    }
}

fn compare<'a>(
    roots: &mut BTreeMap<(&'a str, u64), (Hash, &'a str)>,
    (origin, size): (&'a str, u64),
    (root, item): (Hash, &'a str),
    report: &mut Report,
) {
    let (known, other) = *roots.entry((origin, size)).or_insert((root, item));
    if known == root {
        report.ok(rule::LOG_ROOT, item);
    } else {
        let why = format!(
            "it shows another history of the log {origin} at size {size} than {other}: the log signed both, or one is \
             about another size"
        );
        report.fail(rule::LOG_ROOT, item, why);
    }
}

fn check_position<'a>(
    statements: &mut BTreeMap<(&'a str, u64), StatementHash>,
    place: &'a Placed,
    hash: StatementHash,
    report: &mut Report,
) {
    let known = *statements.entry((&place.origin, place.index)).or_insert(hash);
    if known == hash {
        report.ok(rule::LOG_POSITION, &place.item);
    } else {
        let why = format!(
            "the log {} shows it at place {}, where it also shows statement {known}: the log has two histories",
            place.origin, place.index
        );
        report.fail(rule::LOG_POSITION, place.item.as_str(), why);
    }
}
