//! A short pass of every fuzz target on the stable toolchain: its corpus, then seeded mutations of it.
//!
//! It finds panics and nothing else; long runs are `./test fuzz`. The seed is printed, and `SEALANE_FUZZ_SEED` sets it.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

#[path = "../fuzz/targets/mod.rs"]
mod targets;

use std::collections::BTreeSet;
use std::fs;
use std::panic::{self, AssertUnwindSafe};
use std::path::Path;

use sealane::domain::handling::Marking;
use sealane::domain::identifier::{Identifier, Scheme};
use sealane::node::casework::{About, Line, read_rows};
use sealane::node::mappings::{Kind, Mapping, SHIPPED};
use sealane::node::peer::identity;
use sealane::node::upkeep::restore;
use targets::{TARGETS, Target};

const MUTATIONS: usize = 10_000;
/// Longer inputs find nothing more in a short pass.
const INPUT_BYTES_MAX: usize = 16 * 1024;

#[test]
fn no_target_panics_on_its_corpus_or_on_ten_thousand_mutations() {
    let seed = seed();
    let mut faults = Vec::new();
    for Target { name, run } in TARGETS {
        let found = hunt(*run, &corpus(name), seed ^ fnv(name.as_bytes()));
        faults.extend(found.map(|input| format!("{name}: {}", hex::encode(&input))));
    }
    assert!(
        faults.is_empty(),
        "seed {seed}; these inputs make a parser panic:\n{}",
        faults.join("\n")
    );
    eprintln!("{} targets, {MUTATIONS} mutations each, SEALANE_FUZZ_SEED={seed}", TARGETS.len());
}

#[test]
fn a_planted_fault_is_found() {
    fn faulty(input: &[u8]) {
        assert!(!(input.starts_with(b"note") && input.get(9) == Some(&0xff)), "planted");
    }
    let found = hunt(faulty, &[b"note of ten bytes".to_vec()], seed()).unwrap();
    assert_eq!(found[9], 0xff);
}

#[test]
fn every_corpus_folder_belongs_to_a_target() {
    let names: BTreeSet<_> = TARGETS.iter().map(|target| target.name).collect();
    for entry in fs::read_dir(folder()).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(names.contains(name.as_str()), "tests/fuzz/corpus/{name} has no target");
    }
    let declared = fs::read_to_string(folder().join("../Cargo.toml")).unwrap();
    for name in names {
        assert!(
            declared.contains(&format!("name = \"{name}\"")),
            "{name} is not in tests/fuzz/Cargo.toml"
        );
    }
}

/// A target whose seeds are refused at once hunts in the antechamber of its parser.
#[test]
fn the_seeds_of_the_node_are_accepted_by_what_they_are_seeds_of() {
    let seed = |name: &str| fs::read(folder().join(name)).unwrap();
    let text = |name: &str| String::from_utf8(seed(name)).unwrap();
    let backup = std::io::Cursor::new(seed("restore_archive/small.backup"));
    assert!(restore::check(backup, Path::new("small.backup")).is_ok());
    let leaf = identity::read(&seed("certificate_leaf/leaf")).unwrap();
    assert_eq!(leaf.authority.as_str(), "customs.xa.example");
    let kept = |name: &str, mapping: &str| {
        let mut kept = 0;
        let mapping = Mapping::parse(mapping).unwrap();
        let about = About::default();
        let whole = read_rows(seed(name).as_slice(), &mapping, &about, 0, |line| {
            kept += i32::from(matches!(line, Line::Row(_)));
            true
        });
        whole.map(|()| kept).ok()
    };
    assert_eq!(kept("declarations/two.csv", Kind::Declaration.default_mapping()), Some(2));
    assert_eq!(kept("json_rows/two.jsonl", SHIPPED[1].1), Some(2));
    assert!(Mapping::parse(&text("mapping/seizures.toml")).is_ok());
    for name in ["marking/full", "marking/tlp"] {
        assert!(text(name).parse::<Marking>().is_ok(), "{name}");
    }
    for (name, scheme) in [("container", Scheme::Container), ("iban", Scheme::Iban)] {
        let read = Identifier::observe(scheme, &text(&format!("identifier/{name}")));
        assert!(read.is_ok(), "{name}");
    }
}

/// The first input that makes a target panic, if there is one.
fn hunt(run: fn(&[u8]), corpus: &[Vec<u8>], seed: u64) -> Option<Vec<u8>> {
    let mut mutator = Mutator::new(seed);
    let hook = panic::take_hook();
    panic::set_hook(Box::new(|_| {}));
    let found = corpus
        .iter()
        .cloned()
        .chain((0..MUTATIONS).map(|_| mutator.mutate(corpus)))
        .find(|input| panic::catch_unwind(AssertUnwindSafe(|| run(input))).is_err());
    panic::set_hook(hook);
    found
}

/// A new seed each day of the year would make failures hard to place: the default is fixed.
fn seed() -> u64 {
    #[expect(clippy::disallowed_methods, reason = "a test's own setting")]
    std::env::var("SEALANE_FUZZ_SEED").ok().and_then(|text| text.parse().ok()).unwrap_or(20_261_124)
}

fn folder() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/corpus")
}

/// The seeds of a target in a fixed order; the empty input is always one.
fn corpus(name: &str) -> Vec<Vec<u8>> {
    let mut inputs = vec![Vec::new()];
    if let Ok(entries) = fs::read_dir(folder().join(name)) {
        let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
        files.sort();
        inputs.extend(files.iter().map(|file| fs::read(file).unwrap()));
    }
    inputs
}

/// Small changes of known inputs: flips, cuts, repeats, splices, telling numbers.
struct Mutator(u64);

impl Mutator {
    const fn new(seed: u64) -> Self {
        Self(seed | 1)
    }

    /// xorshift64*: fast, and the same on every machine.
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    fn below(&mut self, bound: usize) -> usize {
        let bound = u64::try_from(bound.max(1)).unwrap();
        usize::try_from(self.next() % bound).unwrap()
    }

    fn mutate(&mut self, corpus: &[Vec<u8>]) -> Vec<u8> {
        let mut input = corpus[self.below(corpus.len())].clone();
        input.truncate(INPUT_BYTES_MAX);
        for _ in 0..=self.below(4) {
            self.change(&mut input, corpus);
        }
        input.truncate(INPUT_BYTES_MAX);
        input
    }

    fn change(&mut self, input: &mut Vec<u8>, corpus: &[Vec<u8>]) {
        const TELLING: [u8; 14] =
            [0, 1, 0x17, 0x18, 0x1b, 0x1f, 0x3b, 0x5f, 0x7f, 0x80, 0x9f, 0xbf, 0xff, b'\n'];
        let at = self.below(input.len() + 1);
        match self.below(7) {
            0 if at < input.len() => input[at] ^= 1 << self.below(8),
            1 if at < input.len() => input[at] = TELLING[self.below(TELLING.len())],
            2 => input.truncate(at),
            3 if at < input.len() => {
                let end = at + self.below(input.len() - at) + 1;
                input.drain(at..end);
            }
            4 => {
                let end = (at + self.below(32)).min(input.len());
                let piece = input[at..end].to_vec();
                input.splice(at..at, piece);
            }
            5 => {
                let other = &corpus[self.below(corpus.len())];
                let from = self.below(other.len() + 1);
                let piece = other[from..].to_vec();
                input.truncate(at);
                input.extend(piece);
            }
            _ => {
                let count = self.below(8) + 1;
                let bytes: Vec<u8> = (0..count).map(|_| self.next().to_le_bytes()[0]).collect();
                input.splice(at..at, bytes);
            }
        }
    }
}

fn fnv(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}
