//! Goes through all records of a pack, reading on one thread and checking on several, in bounded memory.

use std::collections::{BTreeMap, HashMap};
use std::io::{Read, Seek};
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, Sender, channel, sync_channel};

use crate::audit::check::bag::{self, Bag};
use crate::audit::check::cards::Cards;
use crate::audit::check::logs::Notes;
use crate::audit::check::proofs::{NoteCache, SeenNote};
use crate::audit::check::record::{Bundle, Context, Facts, Loaded, check};
use crate::audit::check::{Options, Progress};
use crate::audit::pack::PackReader;
use crate::audit::pack::layout::Place;
use crate::audit::report::Report;
use crate::audit::rule;
use crate::record::StatementHash;

/// The most files of one record that are read: statement, fields, disclosure, and proofs in several logs.
const FILES_MAX: usize = 16;

/// Records that are handed over at a time.
const BATCH_RECORDS: usize = 32;

/// Bytes at which a batch is handed over sooner.
const BATCH_BYTES: usize = 1024 * 1024;

/// What was learned of all records.
#[derive(Default)]
pub(super) struct Gathered {
    pub(super) facts: Vec<Facts>,
    pub(super) notes: Notes,
}

/// What one thread found in one batch.
struct Outcome {
    batch: usize,
    facts: Vec<Facts>,
    seen: Vec<SeenNote>,
    report: Report,
}

/// The numbers of the files of each statement, in the order in which statements first appear.
fn groups<R: Read + Seek>(pack: &PackReader<R>) -> Vec<(StatementHash, Vec<usize>)> {
    let mut places: HashMap<StatementHash, usize> = HashMap::new();
    let mut groups: Vec<(StatementHash, Vec<usize>)> = Vec::new();
    for (number, entry) in pack.entries().enumerate() {
        let hash = match &entry.place {
            Some(
                Place::Statement(hash)
                | Place::Fields(hash)
                | Place::Disclosure(hash)
                | Place::Proof(hash, _),
            ) => *hash,
            Some(_) | None => continue,
        };
        let place = *places.entry(hash).or_insert(groups.len());
        match groups.get_mut(place) {
            Some((_, numbers)) => numbers.push(number),
            None => groups.push((hash, vec![number])),
        }
    }
    groups
}

/// Checks every record by itself.
pub(super) fn check_all<R: Read + Seek>(
    pack: &mut PackReader<R>,
    bag: &Bag,
    cards: &Cards,
    options: &Options,
    (report, progress): (&mut Report, &mut dyn FnMut(Progress)),
) -> Gathered {
    let groups = groups(pack);
    let threads = options.threads.clamp(1, 64);
    let mut outcomes: BTreeMap<usize, Outcome> = BTreeMap::new();
    // Few batches wait, so that reading does not run ahead of checking.
    let (work, waiting) = sync_channel::<(usize, Vec<Bundle>)>(threads);
    let waiting = Mutex::new(waiting);
    std::thread::scope(|scope| {
        let (done, results) = channel::<Outcome>();
        for _ in 0..threads {
            let (done, waiting) = (done.clone(), &waiting);
            scope.spawn(move || work_on(waiting, &done, cards, bag, options.keep_ok));
        }
        drop(done);
        let total = groups.len() as u64;
        let mut rest = groups.as_slice();
        let mut batch = 0;
        while !rest.is_empty() {
            let bundles = load_batch(pack, &mut rest, report);
            if work.send((batch, bundles)).is_err() {
                break;
            }
            batch += 1;
            progress(Progress { step: "records", done: total - rest.len() as u64, total });
            outcomes.extend(results.try_iter().map(|outcome| (outcome.batch, outcome)));
        }
        drop(work);
        outcomes.extend(results.iter().map(|outcome| (outcome.batch, outcome)));
    });
    gather(outcomes, report)
}

/// Puts the outcomes together in the order of the pack, so that a report does not depend on which thread was faster.
fn gather(outcomes: BTreeMap<usize, Outcome>, report: &mut Report) -> Gathered {
    let mut gathered = Gathered::default();
    for outcome in outcomes.into_values() {
        for facts in &outcome.facts {
            match &facts.said {
                Some(said) if said.whole => report.totals.records += 1,
                Some(_) => report.totals.excerpts += 1,
                None => {}
            }
        }
        gathered.facts.extend(outcome.facts);
        for note in outcome.seen {
            gathered.notes.add(note, report);
        }
        report.absorb(outcome.report);
    }
    gathered
}

fn work_on(
    waiting: &Mutex<Receiver<(usize, Vec<Bundle>)>>,
    done: &Sender<Outcome>,
    cards: &Cards,
    bag: &Bag,
    keep_ok: bool,
) {
    let mut notes = NoteCache::default();
    loop {
        let next = waiting.lock().map(|queue| queue.recv());
        let Ok(Ok((batch, bundles))) = next else { return };
        let mut report = Report::new(keep_ok);
        let mut facts = Vec::new();
        for bundle in &bundles {
            let mut context = Context { cards, bag, notes: &mut notes, report: &mut report };
            facts.extend(check(bundle, &mut context));
        }
        let seen = std::mem::take(&mut notes.seen);
        if done.send(Outcome { batch, facts, seen, report }).is_err() {
            return;
        }
    }
}

fn load_batch<R: Read + Seek>(
    pack: &mut PackReader<R>,
    rest: &mut &[(StatementHash, Vec<usize>)],
    report: &mut Report,
) -> Vec<Bundle> {
    let mut bundles = Vec::new();
    let mut bytes = 0;
    while let Some(((hash, numbers), after)) = rest.split_first() {
        *rest = after;
        let bundle = load(pack, *hash, numbers, report);
        bytes += bundle.files.iter().map(|file| file.bytes.len()).sum::<usize>();
        bundles.push(bundle);
        if bundles.len() >= BATCH_RECORDS || bytes >= BATCH_BYTES {
            break;
        }
    }
    bundles
}

fn load<R: Read + Seek>(
    pack: &mut PackReader<R>,
    hash: StatementHash,
    numbers: &[usize],
    report: &mut Report,
) -> Bundle {
    if numbers.len() > FILES_MAX {
        let why = format!("{} files belong to it; at most {FILES_MAX} are read", numbers.len());
        report.fail(rule::ZIP_LIMIT, hash.to_string(), why);
    }
    let mut files = Vec::new();
    for number in numbers.iter().take(FILES_MAX).copied() {
        let Some(entry) = pack.entry(number) else { continue };
        let (Some(place), path) = (entry.place.clone(), entry.path.clone()) else { continue };
        match pack.read(number) {
            Ok(bytes) => files.push(Loaded { number, place, path, bytes }),
            Err(error) => bag::fail(&error, report),
        }
    }
    Bundle { hash, files }
}
