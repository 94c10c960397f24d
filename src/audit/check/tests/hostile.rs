//! Packs that are cut, damaged or built to hurt: a clear finding, never a panic, never much memory.

use crate::audit::check::Options;
use crate::audit::check::sample::{self, NAME, Wish};
use crate::audit::check::tests::{Files, assert_fails, check, trusting, zip_of};
use crate::audit::pack::layout;
use crate::audit::report::Verdict;
use crate::audit::rule;

fn hostile(name: &str, pack: &[u8], rule: &str, item: &str) {
    assert_fails(name, &check(pack, &Options::default()), rule, item);
}

#[test]
fn a_pack_cut_off_anywhere_is_not_a_sound_pack() {
    let (pack, _) = sample::pack(&Wish::default());
    for keep in [0, 1, 21, 22, 100, pack.len() / 3, pack.len() / 2, pack.len() - 22, pack.len() - 1]
    {
        hostile(&format!("{keep} bytes"), &pack[..keep], rule::ZIP, "the file");
    }
    hostile("surplus bytes", &[pack.as_slice(), b"x"].concat(), rule::ZIP, "the file");
    hostile("no zip at all", &vec![b'x'; 10_000], rule::ZIP, "the file");
}

#[test]
fn a_path_that_leaves_the_folder_is_refused_by_name() {
    let bytes: &[u8] = b"x";
    for bad in ["../evil", "case-17/../../evil", "/etc/passwd", "case-17/a\\b", "case-17//a"] {
        let pack = zip_of([(format!("{NAME}/bagit.txt"), bytes), (bad.to_owned(), bytes)]);
        let report = check(&pack, &Options::default());
        assert_eq!(report.verdict(), Verdict::Failed, "{bad}");
        assert_eq!(
            report.findings().first().map(|f| f.rule),
            Some(rule::ZIP_PATH),
            "{bad}\n{report}"
        );
    }
    let pack = zip_of([(format!("{NAME}/bagit.txt"), bytes), ("other/a".to_owned(), bytes)]);
    hostile("two folders", &pack, rule::ZIP_PATH, "other/a");
}

#[test]
fn one_name_twice_is_refused_also_in_another_case() {
    let bytes: &[u8] = b"x";
    let pack = zip_of([
        ("case-17/data/a.txt".to_owned(), bytes),
        ("case-17/data/A.txt".to_owned(), bytes),
    ]);
    hostile("case", &pack, rule::ZIP_DUPLICATE, "case-17/data/A.txt");
    // The writer refuses double names, so one of two names of the same length is overwritten afterwards.
    let mut pack = zip_of([
        ("case-17/data/a.txt".to_owned(), bytes),
        ("case-17/data/b.txt".to_owned(), bytes),
    ]);
    for at in 0..pack.len() - 17 {
        if pack[at..].starts_with(b"case-17/data/b.txt") {
            pack[at + 13] = b'a';
        }
    }
    hostile("double", &pack, rule::ZIP_DUPLICATE, "case-17/data/a.txt");
}

#[test]
fn a_file_that_expands_beyond_proportion_is_refused_unread() {
    let zeros = vec![0; 20 * 1024 * 1024];
    let pack = zip_of([(format!("{NAME}/{}", layout::INDEX_PATH), zeros.as_slice())]);
    assert!(pack.len() < 100_000);
    hostile("bomb", &pack, rule::ZIP_BOMB, layout::INDEX_PATH);
}

#[test]
fn a_file_larger_than_its_kind_is_refused_unread() {
    let noise: Vec<u8> =
        (0..300_000_u32).flat_map(|n| n.wrapping_mul(2_654_435_761).to_be_bytes()).collect();
    let path = layout::statement_path(crate::record::StatementHash([1; 32]));
    let pack = zip_of([(format!("{NAME}/{path}"), noise.as_slice())]);
    hostile("large", &pack, rule::ZIP_LIMIT, "the file");
}

#[test]
fn a_table_of_contents_that_announces_too_much_is_refused_before_it_is_read() {
    let (pack, _) = sample::pack(&Wish::default());
    // The number of files, at 8 and 10 of the end record of 22 bytes.
    let mut many = pack.clone();
    let end = many.len() - 22;
    many[end + 10..end + 12].copy_from_slice(&[0xfe, 0xff]);
    hostile("wrong count", &many, rule::ZIP, "the file");
    let mut huge = pack;
    let record = [
        b"PK\x06\x06".as_slice(),
        &44_u64.to_le_bytes(),
        &[0; 12],
        &u64::MAX.to_le_bytes(),
        &u64::MAX.to_le_bytes(),
        &[0; 16],
    ]
    .concat();
    let locator =
        [b"PK\x06\x07".as_slice(), &[0; 4], &(end as u64).to_le_bytes(), &[0; 4]].concat();
    huge.splice(end..end, [record, locator].concat());
    hostile("huge count", &huge, rule::ZIP_LIMIT, "the file");
}

#[test]
fn a_damaged_file_is_named_and_the_others_are_still_checked() {
    let (pack, hashes) = sample::pack(&Wish::default());
    let evidence = sample::PHOTO;
    let at = pack.windows(evidence.len()).position(|window| window == evidence).unwrap();
    let mut damaged = pack;
    damaged[at] ^= 1;
    let report = check(&damaged, &trusting(&Wish::default()));
    let digest: [u8; 32] = <sha2::Sha256 as sha2::Digest>::digest(evidence).into();
    assert_fails(
        "evidence",
        &report,
        rule::FILE_READABLE,
        &layout::evidence_path(&digest, Some("x.jpg")),
    );
    assert_eq!(report.totals.records, 8, "{}", hashes.case);
}

#[test]
fn no_flipped_byte_makes_the_check_panic_or_a_changed_file_pass() {
    let (pack, _) = sample::pack(&Wish::default());
    let sound = Files::of(&pack);
    let mut state = 20_261_124_u64;
    for _ in 0..400 {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let at = usize::try_from(state >> 33).unwrap() % pack.len();
        let mut flipped = pack.clone();
        flipped[at] ^= 1 << (state >> 30 & 7);
        let report = check(&flipped, &trusting(&Wish::default()));
        if report.verdict() == Verdict::Verified {
            assert!(Files::of(&flipped).0 == sound.0, "byte {at} was changed and nobody noticed");
        }
    }
}

#[test]
fn an_empty_pack_proves_nothing() {
    let mut files = Files(std::collections::BTreeMap::from([(
        layout::BAGIT_PATH.to_owned(),
        layout::BAGIT.as_bytes().to_vec(),
    )]));
    files.fix_manifests();
    hostile("empty", &files.pack(), rule::PACK_EMPTY, NAME);
}
