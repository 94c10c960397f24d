//! The rules of the bag (RFC 8493): complete, nothing surplus, every digest right; believes none of it to be signed.

use std::io::{Read, Seek};

use sha2::{Digest, Sha256};

use crate::audit::check::{item_of, rule_of};
use crate::audit::pack::layout::{
    self, BAG_INFO_PATH, BAGIT_PATH, MANIFEST_PATH, Place, TAG_MANIFEST_PATH,
};
use crate::audit::pack::{PackError, PackReader};
use crate::audit::report::Report;
use crate::audit::rule;

/// The digests that the manifests say, by number of the file.
pub(super) struct Bag {
    expected: Vec<Option<[u8; 32]>>,
}

impl Bag {
    /// Reads the bag's own files and checks that manifests and files name each other.
    pub(super) fn read<R: Read + Seek>(pack: &mut PackReader<R>, report: &mut Report) -> Self {
        let mut bag = Self { expected: vec![None; pack.len()] };
        for (path, tags) in [(TAG_MANIFEST_PATH, true), (MANIFEST_PATH, false)] {
            let Some(number) = pack.find(path) else {
                report.fail(
                    rule::BAG_MISSING,
                    path,
                    "the pack has no such file: it is not a whole bag",
                );
                continue;
            };
            match pack.read(number) {
                Ok(text) => bag.learn(pack, path, &text, tags, report),
                Err(error) => fail(&error, report),
            }
        }
        for number in 0..pack.len() {
            bag.expect_listed(pack, number, report);
        }
        bag.check_tag(pack, BAGIT_PATH, report, |text, report| {
            if text == layout::BAGIT.as_bytes() {
                report.ok(rule::BAG_FORM, BAGIT_PATH);
            } else {
                report.fail(
                    rule::BAG_FORM,
                    BAGIT_PATH,
                    "it is not the declaration of a BagIt 1.0 bag",
                );
            }
        });
        let oxum = payload_oxum(pack);
        bag.check_tag(pack, BAG_INFO_PATH, report, |text, report| check_oxum(text, &oxum, report));
        bag.check_tag(pack, MANIFEST_PATH, report, |_, _| ());
        bag
    }

    /// Takes the lines of one manifest.
    fn learn<R: Read + Seek>(
        &mut self,
        pack: &PackReader<R>,
        manifest: &str,
        text: &[u8],
        tags: bool,
        report: &mut Report,
    ) {
        for (line, bytes) in (1..).zip(text.split(|b| *b == b'\n')) {
            if bytes.is_empty() {
                continue;
            }
            let Some((digest, path)) = manifest_line(bytes) else {
                report.fail(
                    rule::BAG_FORM,
                    manifest,
                    format!("line {line} is not a digest and a path"),
                );
                continue;
            };
            if path.starts_with("data/") == tags {
                report.fail(
                    rule::BAG_FORM,
                    manifest,
                    format!("line {line} belongs into the other manifest"),
                );
                continue;
            }
            let slot = pack.find(path).and_then(|number| self.expected.get_mut(number));
            match slot {
                None => {
                    report.fail(
                        rule::BAG_MISSING,
                        path,
                        format!("{manifest} lists it, but the pack does not hold it"),
                    );
                }
                Some(Some(_)) => {
                    report.fail(
                        rule::BAG_FORM,
                        manifest,
                        format!("line {line} lists {path} a second time"),
                    );
                }
                Some(slot @ None) => *slot = Some(digest),
            }
        }
    }

    fn expect_listed<R: Read + Seek>(
        &self,
        pack: &PackReader<R>,
        number: usize,
        report: &mut Report,
    ) {
        let Some(entry) = pack.entry(number) else { return };
        let listed = self.expected.get(number).is_some_and(Option::is_some);
        if !listed && entry.path != TAG_MANIFEST_PATH {
            report.fail(
                rule::BAG_SURPLUS,
                entry.path.as_str(),
                "it is in the pack, but no manifest lists it: it was added later",
            );
        }
    }

    fn check_tag<R: Read + Seek>(
        &self,
        pack: &mut PackReader<R>,
        path: &str,
        report: &mut Report,
        check: impl FnOnce(&[u8], &mut Report),
    ) {
        let Some(number) = pack.find(path) else {
            if path != MANIFEST_PATH {
                report.fail(
                    rule::BAG_MISSING,
                    path,
                    "the pack has no such file: it is not a whole bag",
                );
            }
            return;
        };
        if let Some(text) = self.load(pack, number, report) {
            check(&text, report);
        }
    }

    /// Reads a whole file and checks its digest.
    pub(super) fn load<R: Read + Seek>(
        &self,
        pack: &mut PackReader<R>,
        number: usize,
        report: &mut Report,
    ) -> Option<Vec<u8>> {
        match pack.read(number) {
            Ok(bytes) => {
                if let Some(entry) = pack.entry(number) {
                    self.judge(number, &entry.path, &Sha256::digest(&bytes).into(), report);
                }
                Some(bytes)
            }
            Err(error) => {
                fail(&error, report);
                None
            }
        }
    }

    /// Compares a file's digest with the manifest's; a file that is not listed was reported before.
    pub(super) fn judge(&self, number: usize, path: &str, digest: &[u8; 32], report: &mut Report) {
        match self.expected.get(number) {
            Some(Some(expected)) if expected == digest => report.ok(rule::BAG_DIGEST, path),
            Some(Some(_)) => report.fail(
                rule::BAG_DIGEST,
                path,
                "its SHA-256 differs from the manifest's: the file was changed after the pack was made",
            ),
            Some(None) | None => {}
        }
    }
}

/// Reports a file that cannot be read.
pub(super) fn fail(error: &PackError, report: &mut Report) {
    report.fail(rule_of(error), item_of(error).unwrap_or("the file"), error);
}

/// Digests the files that no other check reads, and reports those that have no place in a pack.
pub(super) fn check_rest<R: Read + Seek>(pack: &mut PackReader<R>, bag: &Bag, report: &mut Report) {
    for number in 0..pack.len() {
        let Some(entry) = pack.entry(number) else { continue };
        let path = entry.path.clone();
        match entry.place {
            None => report.fail(
                rule::FILE_UNKNOWN,
                path.as_str(),
                "a court pack has no such file, and nothing in it is signed: do not rely on it",
            ),
            Some(Place::Page) => {}
            Some(
                Place::Bag
                | Place::Statement(_)
                | Place::Fields(_)
                | Place::Disclosure(_)
                | Place::Proof(..)
                | Place::Checkpoint(_)
                | Place::Card(_)
                | Place::FormerCard(_)
                | Place::TrustFile
                | Place::Evidence(_)
                | Place::Withheld
                | Place::Outside,
            ) => continue,
        }
        match pack.digest(number, |_| ()) {
            Ok((digest, _)) => bag.judge(number, &path, &digest, report),
            Err(error) => fail(&error, report),
        }
    }
}

/// `<64 hex>  <path>`, also with the `*` of `sha256sum --binary`.
fn manifest_line(line: &[u8]) -> Option<([u8; 32], &str)> {
    let line = std::str::from_utf8(line).ok()?;
    let line = line.strip_suffix('\r').unwrap_or(line);
    let (digest, path) = line.split_at_checked(64)?;
    let digest = hex::decode(digest).ok()?.try_into().ok()?;
    let path = path.strip_prefix([' ', '\t'])?.trim_start_matches([' ', '\t']);
    let path = path.strip_prefix('*').unwrap_or(path);
    (!path.is_empty()).then_some((digest, path))
}

/// `OCTETS.FILES` of the payload, as RFC 8493 2.2.2 writes it.
fn payload_oxum<R: Read + Seek>(pack: &PackReader<R>) -> String {
    let payload = || pack.entries().filter(|entry| entry.path.starts_with("data/"));
    let bytes = payload().fold(0_u64, |sum, entry| sum.saturating_add(entry.size));
    format!("{bytes}.{}", payload().count())
}

fn check_oxum(text: &[u8], oxum: &str, report: &mut Report) {
    let text = String::from_utf8_lossy(text);
    match text.lines().find_map(|line| line.strip_prefix("Payload-Oxum:")) {
        Some(said) if said.trim() == oxum => report.ok(rule::BAG_OXUM, BAG_INFO_PATH),
        Some(_) => report.fail(
            rule::BAG_OXUM,
            BAG_INFO_PATH,
            format!("it says another number or size of files than the pack has ({oxum})"),
        ),
        None => {
            report.fail(rule::BAG_OXUM, BAG_INFO_PATH, "it does not say how many files there are");
        }
    }
}
