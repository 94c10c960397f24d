//! A sound pack verifies; each kind of tampering is found by the right rule at the right item.

mod hostile;
mod tamper;

use std::collections::BTreeMap;
use std::io::{Cursor, Read as _, Write as _};

use sha2::{Digest, Sha256};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

use crate::audit::check::sample::{self, Flaw, Hashes, NAME, NOW, Wish};
use crate::audit::check::tests::tamper::Tampering;
use crate::audit::check::{Options, check_pack};
use crate::audit::pack::layout;
use crate::audit::report::{Report, Severity, Verdict};
use crate::audit::rule;

fn trusting(wish: &Wish) -> Options {
    Options { trust: sample::cards(wish), threads: 2, ..Options::default() }
}

fn check(pack: &[u8], options: &Options) -> Report {
    check_pack(Cursor::new(pack), options, &mut |_| ())
}

/// The files of a pack, to be changed and packed again.
struct Files(BTreeMap<String, Vec<u8>>);

impl Files {
    fn of(pack: &[u8]) -> Self {
        let mut zip = ZipArchive::new(Cursor::new(pack)).unwrap();
        let mut files = BTreeMap::new();
        for index in 0..zip.len() {
            let mut file = zip.by_index(index).unwrap();
            let path = file.name().unwrap().strip_prefix("case-17/").unwrap().to_owned();
            let mut bytes = Vec::new();
            file.read_to_end(&mut bytes).unwrap();
            files.insert(path, bytes);
        }
        Self(files)
    }

    fn at(&mut self, path: &str) -> &mut Vec<u8> {
        self.0.get_mut(path).unwrap_or_else(|| panic!("no {path}"))
    }

    /// What a forger would do: manifests are not signed, so they are made to fit.
    fn fix_manifests(&mut self) {
        let line = |path: &str, content: &[u8]| {
            format!("{}  {path}\n", hex::encode(Sha256::digest(content)))
        };
        let mut manifest = String::new();
        let (mut bytes, mut count) = (0, 0);
        for (path, content) in self.0.iter().filter(|(path, _)| path.starts_with("data/")) {
            manifest += &line(path, content);
            bytes += content.len();
            count += 1;
        }
        self.0.insert(layout::MANIFEST_PATH.to_owned(), manifest.into_bytes());
        let info = format!("Payload-Oxum: {bytes}.{count}\n");
        self.0.insert(layout::BAG_INFO_PATH.to_owned(), info.into_bytes());
        let mut tags = String::new();
        for path in [layout::BAGIT_PATH, layout::BAG_INFO_PATH, layout::MANIFEST_PATH] {
            tags += &line(path, &self.0[path]);
        }
        self.0.insert(layout::TAG_MANIFEST_PATH.to_owned(), tags.into_bytes());
    }

    fn pack(&self) -> Vec<u8> {
        let names = self.0.iter().map(|(path, bytes)| (format!("{NAME}/{path}"), bytes.as_slice()));
        zip_of(names)
    }
}

fn zip_of<'a>(files: impl IntoIterator<Item = (String, &'a [u8])>) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in files {
        let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
        zip.start_file(name, options).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

fn failures(report: &Report) -> Vec<(&str, &str)> {
    report
        .findings()
        .into_iter()
        .filter(|finding| finding.severity == Severity::Failure)
        .map(|finding| (finding.rule, finding.item.as_str()))
        .collect()
}

fn assert_fails(name: &str, report: &Report, rule: &str, item: &str) {
    assert_eq!(report.verdict(), Verdict::Failed, "{name}");
    assert!(failures(report).contains(&(rule, item)), "{name}: {rule} {item} not in\n{report}");
}

/// For findings whose item is whichever file comes first.
fn assert_finds(name: &str, report: &Report, rule: &str) {
    assert!(failures(report).iter().any(|(found, _)| *found == rule), "{name}: {rule}\n{report}");
}

#[test]
fn what_was_signed_under_a_former_root_verifies_for_who_trusts_both_roots() {
    let wish = Wish { new_root: true, ..Wish::default() };
    let (pack, _) = sample::pack(&wish);
    let judged = |trust| check(&pack, &Options { trust, ..Options::default() });
    let (old, new) = (sample::cards(&wish), sample::card_of_new_root(&wish));
    let both = judged([old.clone(), vec![new.clone()]].concat());
    assert_eq!(both.verdict(), Verdict::Verified, "{both}");
    assert!(both.parties.iter().any(|party| party.former && party.trusted), "{both}");
    let only_new = judged(vec![old[0].clone(), new, old[2].clone()]);
    assert_eq!(only_new.verdict(), Verdict::ConsistentUntrusted, "{only_new}");
    let only_old = judged(old);
    assert_fails(
        "only the former card",
        &only_old,
        rule::CARD_ROOT,
        "data/trust/cards/customs.xb.example.card",
    );
}

#[test]
fn a_former_card_is_one_of_the_root_in_its_name_and_asks_for_trust_of_its_own() {
    let wish = Wish { new_root: true, ..Wish::default() };
    let mut files = Files::of(&sample::pack(&wish).0);
    let path = files.0.keys().find(|path| path.starts_with("data/trust/former/")).unwrap().clone();
    let forged = sample::forged_card().encode();
    *files.at(&path) = forged;
    files.fix_manifests();
    let report = check(&files.pack(), &trusting(&wish));
    assert_fails("another authority's", &report, rule::CARD_FORM, &path);
}

#[test]
fn a_sound_pack_verifies_with_the_cards_and_is_consistent_without() {
    let wish = Wish::default();
    let (pack, _) = sample::pack(&wish);
    let report = check(&pack, &trusting(&wish));
    assert_eq!(report.verdict(), Verdict::Verified, "{report}");
    assert_eq!((report.totals.records, report.totals.excerpts), (8, 1), "{report}");
    assert_eq!((report.totals.evidence_files, report.totals.checkpoints), (1, 2));
    assert_eq!(report.count(Severity::Warning), 0, "{report}");
    let notes: Vec<_> = report.findings().into_iter().map(|finding| finding.rule).collect();
    assert_eq!(notes, [rule::EVIDENCE_WITHHELD], "the reply's file is not in the pack");
    let untrusted = check(&pack, &Options::default());
    assert_eq!(untrusted.verdict(), Verdict::ConsistentUntrusted, "{untrusted}");
    assert_eq!(untrusted.to_json()["verdict"], "consistent_untrusted");
    let partly = Options { trust: sample::cards(&wish).split_off(1), ..Options::default() };
    assert_eq!(check(&pack, &partly).verdict(), Verdict::ConsistentUntrusted);
}

#[test]
fn the_same_content_gives_the_same_bytes_and_only_what_was_chosen() {
    let (pack, hashes) = sample::pack(&Wish::default());
    assert!(pack == sample::pack(&Wish::default()).0);
    let files = Files::of(&pack).0;
    let holds = |bytes: &[u8], text: &str| bytes.windows(text.len()).any(|w| w == text.as_bytes());
    assert!(files.values().all(|bytes| !holds(bytes, "NAME-NOT-SHOWN")));
    let page = &files[layout::INDEX_PATH];
    assert!(holds(page, "CSQU3054383") && holds(page, "&lt;b&gt;tiles&lt;/b&gt;"));
    assert!(holds(page, &hashes.case.to_string()) && !holds(page, "<script"));
}

#[test]
fn a_file_changed_dropped_or_added_without_the_manifest_is_named() {
    let wish = Wish::default();
    let (pack, _) = sample::pack(&wish);
    let names: Vec<String> = Files::of(&pack).0.into_keys().collect();
    for path in names.iter().filter(|path| path.as_str() != layout::TAG_MANIFEST_PATH) {
        let mut files = Files::of(&pack);
        let at = files.at(path).len() / 2;
        match files.at(path).get_mut(at) {
            Some(byte) => *byte ^= 1,
            None => files.at(path).push(b'\n'),
        }
        assert_fails("changed", &check(&files.pack(), &trusting(&wish)), rule::BAG_DIGEST, path);
        let mut files = Files::of(&pack);
        files.0.remove(path);
        assert_fails("dropped", &check(&files.pack(), &trusting(&wish)), rule::BAG_MISSING, path);
    }
    let mut files = Files::of(&pack);
    files.0.insert("data/evidence/note.txt".to_owned(), b"look here".to_vec());
    let report = check(&files.pack(), &trusting(&wish));
    assert_fails("added", &report, rule::BAG_SURPLUS, "data/evidence/note.txt");
    assert_fails("added", &report, rule::FILE_UNKNOWN, "data/evidence/note.txt");
}

#[test]
fn a_forger_who_also_fixes_the_manifests_is_found_by_the_signatures() {
    let wish = Wish::default();
    let (pack, hashes) = sample::pack(&wish);
    let mut sound = Files::of(&pack);
    sound.fix_manifests();
    let report = check(&sound.pack(), &trusting(&wish));
    assert_eq!(report.verdict(), Verdict::Verified, "packing again is no tampering\n{report}");
    for Tampering { name, change, rule, item } in tamper::all() {
        let mut files = Files::of(&pack);
        change(&mut files, &hashes);
        files.fix_manifests();
        let report = check(&files.pack(), &trusting(&wish));
        assert!(!failures(&report).iter().any(|(found, _)| *found == rule::BAG_DIGEST), "{name}");
        match item {
            Some(item) => assert_fails(name, &report, rule, &item(&hashes)),
            None => assert_finds(name, &report, rule),
        }
    }
}

#[test]
fn what_signers_themselves_do_wrong_is_found() {
    let sound = Wish::default();
    let case = |h: &Hashes| layout::statement_path(h.case);
    let flaw = |flaw| Wish { flaw: Some(flaw), ..sound.clone() };
    let check_wish = |wish: &Wish| {
        let (pack, hashes) = sample::pack(wish);
        (check(&pack, &trusting(wish)), hashes)
    };
    let (report, _) = check_wish(&Wish { cosigners: 1, ..sound.clone() });
    assert_finds("too few witnesses", &report, rule::QUORUM);
    let (report, _) = check_wish(&flaw(Flaw::FalseWitness));
    assert_finds("false witness", &report, rule::WITNESS_KEY);
    let (report, hashes) = check_wish(&Wish { key_until: NOW - 1, ..sound.clone() });
    assert_fails("key expired", &report, rule::KEY_EXPIRED, &case(&hashes));
    let (report, hashes) = check_wish(&flaw(Flaw::Fork));
    let forked = layout::statement_path(hashes.forked);
    assert_fails("fork", &report, rule::CHAIN_FORK, &forked);
    let (report, hashes) = check_wish(&flaw(Flaw::TwoHistories));
    assert_fails("two histories", &report, rule::LOG_ROOT, &case(&hashes));
    let (report, hashes) = check_wish(&flaw(Flaw::WithoutProofs));
    assert_fails("unwitnessed", &report, rule::PROOF_MISSING, &case(&hashes));
    let (report, hashes) = check_wish(&flaw(Flaw::SignedByRoot));
    assert_fails("root key", &report, rule::KEY_ROOT, &case(&hashes));
}

fn warns(report: &Report, rule: &str) -> bool {
    report.findings().iter().any(|f| f.severity == Severity::Warning && f.rule == rule)
}

#[test]
fn a_quorum_counts_only_witnesses_in_cards_that_the_auditor_trusts() {
    use crate::transparency::tlog_policy::TlogPolicy;
    let wish = Wish::default();
    let (pack, _) = sample::pack(&wish);
    let mut two = sample::cards(&wish);
    let witness = two.pop().unwrap().card.witness_vkey;
    // Both authorities that issued records are trusted, one of two needed witnesses is not.
    let without = Options { trust: two, ..Options::default() };
    let report = check(&pack, &without);
    assert_eq!(report.verdict(), Verdict::ConsistentUntrusted, "{report}");
    assert!(warns(&report, rule::QUORUM_UNCONFIRMED), "{report}");
    let policy = TlogPolicy::parse(&format!("witness c {witness}\nquorum c\n")).unwrap();
    let report = check(&pack, &Options { policy: Some(policy), ..without });
    assert_eq!(report.verdict(), Verdict::Verified, "the auditor says so: {report}");
}

#[test]
fn a_policy_that_asks_for_nobody_does_not_verify() {
    let wish = Wish { flaw: Some(Flaw::NoQuorum), cosigners: 0, ..Wish::default() };
    let (pack, _) = sample::pack(&wish);
    let report = check(&pack, &trusting(&wish));
    assert_eq!(report.verdict(), Verdict::ConsistentUntrusted, "{report}");
    assert!(warns(&report, rule::QUORUM_UNCONFIRMED), "{report}");
}

#[test]
fn a_card_with_another_root_than_the_trusted_one_is_refused() {
    let (pack, _) = sample::pack(&Wish::default());
    let options = Options { trust: vec![sample::forged_card()], ..Options::default() };
    let report = check(&pack, &options);
    assert_fails("forged", &report, rule::CARD_ROOT, "data/trust/cards/customs.xa.example.card");
}

#[test]
fn the_auditors_own_policy_replaces_those_in_the_pack() {
    use crate::transparency::tlog_policy::TlogPolicy;
    let wish = Wish { cosigners: 1, ..Wish::default() };
    let (pack, _) = sample::pack(&wish);
    let policy = |text: &str| Some(TlogPolicy::parse(text).unwrap());
    let lenient = Options { policy: policy("quorum none\n"), ..trusting(&wish) };
    assert_eq!(check(&pack, &lenient).verdict(), Verdict::Verified);
    let card = sample::cards(&wish).remove(2).card;
    let strict = format!("witness c {}\nquorum c\n", card.witness_vkey);
    let strict = Options { policy: policy(&strict), ..trusting(&wish) };
    assert_eq!(check(&pack, &strict).verdict(), Verdict::Failed);
}

/// Makes the files of `tests/data/court-pack`, from which the verifier's own tests start, and a large pack to measure.
#[test]
#[ignore = "writes files; run it when the layout of packs changes"]
fn writes_the_packs_for_the_verifiers_tests() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/court-pack");
    std::fs::create_dir_all(&folder).unwrap();
    let wish = Wish::default();
    std::fs::write(folder.join("case-17.sealane.zip"), sample::pack(&wish).0).unwrap();
    for card in sample::cards(&wish) {
        let name = folder.join(format!("{}.card", card.card.authority));
        std::fs::write(name, crate::audit::card_file::write(&card)).unwrap();
    }
    let large = Wish { extra_records: 10_000, ..wish };
    std::fs::write(std::env::temp_dir().join("large.sealane.zip"), sample::pack(&large).0).unwrap();
}
