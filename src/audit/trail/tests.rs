//! A sound part of a trail verifies; each kind of tampering is found by the right rule at the right line.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::SigningKey;
use sha2::{Digest as _, Sha256};

use crate::audit::check::{Options, sample};
use crate::audit::report::{Report, Severity, Verdict};
use crate::audit::rule;
use crate::audit::trail::{Entry, FORMAT, Head, Line, Seal, check_trail};
use crate::domain::id::{AuthorityName, ObjectId};
use crate::domain::time::Timestamp;
use crate::record::card::{Card, RecordKey, SignedCard};
use crate::record::kinds::audit::TrailExported;
use crate::record::{Common, Record, Signer};
use crate::transparency::checkpoint::Checkpoint;
use crate::transparency::key::NoteSigner;
use crate::transparency::small_tree::SmallTree;
use crate::transparency::tlog_proof::TlogProof;
use crate::transparency::tree::leaf_hash;

const SECOND: i64 = 1_000_000;
const START: i64 = sample::NOW * SECOND;

fn authority() -> AuthorityName {
    "customs.xa.example".parse().expect("a name")
}

fn signer(seed: u8) -> Signer {
    Signer::new(SigningKey::from_bytes(&[seed; 32]))
}

fn log() -> NoteSigner {
    NoteSigner::new(&authority().log_origin(2026), SigningKey::from_bytes(&[4; 32])).expect("a log")
}

fn card() -> SignedCard {
    let until = |secs: i64| Timestamp::from_secs(sample::NOW + secs);
    let card = Card {
        authority: authority(),
        version: 1,
        title: "Customs".to_owned(),
        country: "XA".to_owned(),
        addresses: vec![],
        http: None,
        anchors: vec![vec![0x30, 0]],
        root_key: signer(1).verifying_key(),
        record_keys: vec![RecordKey {
            key: signer(2).verifying_key(),
            not_before: until(-100),
            not_after: until(100),
        }],
        receipt_key: signer(3).verifying_key(),
        log_vkeys: vec![log().verifier_key().to_string()],
        witness_vkey: log().verifier_key().to_string(),
    };
    SignedCard::of(signed(&card, &signer(1))).expect("a card")
}

fn signed<P: crate::record::Payload>(payload: &P, signer: &Signer) -> Record {
    let common = Common {
        kind: String::new(),
        prev: None,
        object: ObjectId::from_random([9; 16]),
        actor: "officer-1".to_owned(),
        role: "auditor".to_owned(),
        purpose: String::new(),
        authored_at: Timestamp::from_secs(sample::NOW),
        profile: None,
    };
    Record::sign(common, payload, &authority(), signer, &mut |bytes| bytes.fill(7)).expect("signed")
}

/// A trail of six entries, a second apart.
fn trail() -> Vec<Entry> {
    let mut prev = [0; 32];
    (1..=6)
        .map(|seq| {
            let at = START + seq * SECOND;
            let mut entry = Entry {
                seq,
                time: Timestamp(at).to_string(),
                at,
                actor: "officer-1".to_owned(),
                role: "case_officer".to_owned(),
                action: "case.read".to_owned(),
                object: (seq % 2 == 0).then(|| "a case".to_owned()),
                purpose: None,
                outcome: "seen".to_owned(),
                detail: None,
                prev: hex::encode(prev),
                hash: String::new(),
            };
            prev = entry.hashed().chained(&prev);
            entry.hash = hex::encode(prev);
            entry
        })
        .collect()
}

/// The lines of a file with these entries for the third to the fourth second, as the authority seals it.
fn sealed(entries: &[Entry], is_end: bool) -> Vec<String> {
    let line = |line: Line| line.to_text().expect("a line");
    let (from, to) = (START + 3 * SECOND, START + 4 * SECOND);
    let head = Head { format: FORMAT.to_owned(), authority: authority().to_string(), from, to };
    let mut lines = vec![line(Line::Trail(head))];
    lines.extend(entries.iter().cloned().map(|entry| line(Line::Entry(entry))));
    let hash = |text: &str| hex::decode(text).expect("hexadecimal").try_into().expect("32 bytes");
    let payload = TrailExported {
        from,
        to,
        entries: entries.len().try_into().expect("few"),
        first: entries.first().map(|entry| entry.seq),
        last: entries.last().map(|entry| entry.seq),
        prev_hash: entries.first().map_or([0; 32], |entry| hash(&entry.prev)),
        last_hash: entries.last().map_or([0; 32], |entry| hash(&entry.hash)),
        is_end: is_end.into(),
        lines: Sha256::digest(lines[1..].concat()).into(),
    };
    let record = signed(&payload, &signer(2));
    let leaves = vec![leaf_hash(b"genesis"), leaf_hash(record.statement().bytes())];
    let tree = SmallTree::new(leaves);
    let checkpoint =
        Checkpoint { origin: authority().log_origin(2026), size: 2, root: tree.root() };
    let note = checkpoint.sign(&log()).expect("a note");
    let proof = TlogProof { extra: None, index: 1, path: vec![leaf_hash(b"genesis")], note };
    lines.push(line(Line::Seal(Seal {
        statement: STANDARD.encode(record.statement().bytes()),
        leaves: record.leaves().iter().map(|leaf| STANDARD.encode(leaf)).collect(),
        proof: Some(proof.to_text()),
    })));
    lines
}

/// The entries from the second to the fifth: those of the time, with the one before and the one after.
fn sound() -> Vec<String> {
    sealed(&trail()[1..5], false)
}

fn check(lines: &[String]) -> Report {
    let options = Options { trust: vec![card()], ..Options::default() };
    check_trail(lines.concat().as_bytes(), &options)
}

/// The rules that are broken, each with the line.
fn broken(report: &Report) -> Vec<(&'static str, &str)> {
    let failures = report.findings().into_iter();
    let failures = failures.filter(|finding| finding.severity == Severity::Failure);
    failures.map(|finding| (finding.rule, finding.item.as_str())).collect()
}

#[test]
fn a_sound_part_verifies_against_the_card_and_is_consistent_without_it() {
    let report = check(&sound());
    assert_eq!((broken(&report), report.verdict()), (vec![], Verdict::Verified), "{report}");
    let report = check_trail(sound().concat().as_bytes(), &Options::default());
    assert_eq!(report.verdict(), Verdict::ConsistentUntrusted, "{report}");
    let other = Options { trust: sample::cards(&sample::Wish::default()), ..Options::default() };
    let report = check_trail(sound().concat().as_bytes(), &other);
    assert_eq!(report.verdict(), Verdict::Failed, "another root of that name: {report}");
    for (entries, is_end) in [(&trail()[..5], false), (&trail()[..], true), (&trail()[1..4], true)]
    {
        assert_eq!(check(&sealed(entries, is_end)).verdict(), Verdict::Verified);
    }
    assert_eq!(check(&sealed(&[], true)).verdict(), Verdict::Verified);
}

#[test]
fn a_line_that_was_changed_dropped_or_moved_is_named() {
    let with = |change: &dyn Fn(&mut Vec<String>)| {
        let mut lines = sound();
        change(&mut lines);
        lines
    };
    let changed = |place: usize, from: &'static str, to: &'static str| {
        with(&|lines| {
            assert!(lines[place].contains(from), "{}", lines[place]);
            lines[place] = lines[place].replace(from, to);
        })
    };
    // The first line is the head: line 1 is entry 2.
    let table: [(&str, Vec<String>, &str); 7] = [
        ("an actor", changed(2, "officer-1", "officer-2"), "entry 3"),
        ("an object taken away", changed(3, "\"a case\"", "null"), "entry 4"),
        ("a time for people", changed(2, "\"time\":\"2026", "\"time\":\"2025"), "entry 3"),
        ("a place", changed(3, "\"seq\":4", "\"seq\":2"), "entry 2"),
        ("one dropped", with(&|lines| drop(lines.remove(2))), "entry 4"),
        ("two that changed places", with(&|lines| lines.swap(2, 3)), "entry 4"),
        ("one twice", with(&|lines| lines.insert(3, lines[2].clone())), "entry 3"),
    ];
    for (name, lines, item) in table {
        let report = check(&lines);
        let broken = broken(&report);
        assert!(broken.contains(&(rule::TRAIL_CHAIN, item)), "{name}: {broken:?}");
        assert!(broken.contains(&(rule::TRAIL_SEAL, "seal")), "{name}: {broken:?}");
    }
    // The ends: the chain holds, the seal does not.
    for place in [1, 4] {
        let report = check(&with(&|lines| drop(lines.remove(place))));
        assert!(broken(&report).contains(&(rule::TRAIL_SEAL, "seal")), "{report}");
    }
}

#[test]
fn what_was_made_to_fit_or_cut_or_is_of_somebody_else_does_not_verify() {
    let made = |seq: usize| {
        let mut entries = trail();
        entries[seq].actor = "officer-9".to_owned();
        for place in seq..entries.len() {
            let prev = entries[place - 1].hash.clone();
            let bytes: [u8; 32] = hex::decode(&prev).unwrap().try_into().unwrap();
            entries[place].hash = hex::encode(entries[place].hashed().chained(&bytes));
            entries[place].prev = prev;
        }
        let mut lines = sealed(&entries[1..5], false);
        lines[5] = sound()[5].clone();
        lines
    };
    assert!(broken(&check(&made(2))).contains(&(rule::TRAIL_SEAL, "seal")));
    let cut = check(&sound()[..5]);
    assert_eq!(broken(&cut), [(rule::TRAIL_FORM, "audit trail")]);
    let more = check(&[sound(), vec![sound()[1].clone()]].concat());
    assert!(broken(&more).contains(&(rule::TRAIL_FORM, "audit trail")));
    let mut later = sound();
    let mut text = String::new();
    write!(text, "\"from\":{}", START + 2 * SECOND).unwrap();
    later[0] = later[0].replace(&format!("\"from\":{}", START + 3 * SECOND), &text);
    assert!(broken(&check(&later)).contains(&(rule::TRAIL_SEAL, "seal")));
    let renamed = sound().concat().replacen("customs.xa.example", "customs.xb.example", 1);
    let report = check(&[renamed]);
    assert!(broken(&report).contains(&(rule::TRAIL_SEAL, "seal")));
    for nonsense in ["", "{}\n", "[]", "PK", "{\"trail\":{}}\n"] {
        assert_eq!(broken(&check(&[nonsense.to_owned()])), [(rule::TRAIL_FORM, "audit trail")]);
    }
}

#[test]
fn a_part_that_leaves_entries_of_its_time_out_is_not_whole() {
    for entries in [&trail()[2..5], &trail()[1..4], &trail()[2..4]] {
        let report = check(&sealed(entries, false));
        assert!(broken(&report).iter().all(|(rule, _)| *rule == rule::TRAIL_WHOLE), "{report}");
        assert_eq!(report.verdict(), Verdict::Failed);
    }
}

#[test]
fn a_seal_rests_on_the_log() {
    let seal_of = |lines: &[String]| match serde_json::from_str(lines.last().unwrap()).unwrap() {
        Line::Seal(seal) => seal,
        other => panic!("{other:?}"),
    };
    let with = |seal: Seal| {
        let mut lines = sound();
        lines[5] = Line::Seal(seal).to_text().unwrap();
        check(&lines)
    };
    let report = with(Seal { proof: None, ..seal_of(&sound()) });
    assert_eq!(report.verdict(), Verdict::ConsistentUntrusted, "{report}");
    let foreign = seal_of(&sealed(&trail()[..5], false)).proof;
    let report = with(Seal { proof: foreign, ..seal_of(&sound()) });
    assert_eq!(broken(&report), [(rule::TRAIL_ANCHOR, "seal")]);
}
