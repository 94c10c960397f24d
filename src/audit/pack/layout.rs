//! Where each file of a court pack stands (PROTOCOL 7.1); reads and writes none of them.

use std::fmt;

use crate::domain::id::AuthorityName;
use crate::record::card::Card;
use crate::record::{KeyId, StatementHash};

/// How the file name of a pack ends.
pub const EXTENSION: &str = ".sealane.zip";

/// `bagit.txt`, exactly (RFC 8493 2.1.1).
pub const BAGIT: &str = "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n";

/// The bag's declaration.
pub const BAGIT_PATH: &str = "bagit.txt";
/// The bag's description.
pub const BAG_INFO_PATH: &str = "bag-info.txt";
/// Digests of everything under `data/`.
pub const MANIFEST_PATH: &str = "manifest-sha256.txt";
/// Digests of the files beside `data/`.
pub const TAG_MANIFEST_PATH: &str = "tagmanifest-sha256.txt";
/// What is in the pack, for people.
pub const INDEX_PATH: &str = "data/index.html";
/// How to check the pack with other tools.
pub const README_PATH: &str = "data/README.txt";
/// The vkeys of all logs and witnesses.
pub const VKEYS_PATH: &str = "data/trust/vkeys.txt";
/// Digests of the evidence files that the pack leaves out on purpose.
pub const WITHHELD_PATH: &str = "data/evidence/withheld.txt";
/// Hashes of statements that records in the pack continue and that it leaves out on purpose.
pub const OUTSIDE_PATH: &str = "data/records/outside.txt";

/// Digits of a root key's thumbprint in the name of a file.
const ROOT_DIGITS: usize = 16;

/// The longest path, the top folder included.
pub const PATH_BYTES_MAX: usize = 512;

/// What stands at a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// One of the four files of the bag itself.
    Bag,
    /// `index.html` or `README.txt`.
    Page,
    /// `data/records/HASH.cose`: a statement with its receipts.
    Statement(StatementHash),
    /// `data/records/HASH.fields.cbor`: the leaves, all or those that are shown.
    Fields(StatementHash),
    /// `data/records/HASH.disclosure.cose`: which leaves are shown, with their proofs.
    Disclosure(StatementHash),
    /// `data/proofs/HASH.ORIGIN.tlog-proof`
    Proof(StatementHash, FileOrigin),
    /// `data/log/ORIGIN/checkpoint`
    Checkpoint(FileOrigin),
    /// `data/trust/cards/AUTHORITY.card`
    Card(AuthorityName),
    /// `data/trust/former/AUTHORITY.ROOT.card`: the last card of a root that the authority had before.
    FormerCard(AuthorityName),
    /// `data/trust/policies/ORIGIN.txt`, `data/trust/vkeys.txt` or `data/trust/keys/NAME.pem`: derived from records and
    /// cards, for other tools.
    TrustFile,
    /// `data/evidence/SHA256[.EXTENSION]`
    Evidence([u8; 32]),
    /// [`WITHHELD_PATH`]
    Withheld,
    /// [`OUTSIDE_PATH`]
    Outside,
}

/// A log's origin as part of a file name: `/` written as `_`, which no authority name contains.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileOrigin(String);

impl FileOrigin {
    /// The file form of an origin.
    #[must_use]
    pub fn of(origin: &str) -> Self {
        Self(origin.replace('/', "_"))
    }
}

impl fmt::Display for FileOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Place {
    /// What stands at a path relative to the pack's folder, or `None` if nothing should stand there.
    #[must_use]
    pub fn of(path: &str) -> Option<Self> {
        match path {
            BAGIT_PATH | BAG_INFO_PATH | MANIFEST_PATH | TAG_MANIFEST_PATH => {
                return Some(Self::Bag);
            }
            INDEX_PATH | README_PATH => return Some(Self::Page),
            VKEYS_PATH => return Some(Self::TrustFile),
            WITHHELD_PATH => return Some(Self::Withheld),
            OUTSIDE_PATH => return Some(Self::Outside),
            _ => {}
        }
        let (folder, name) = path.strip_prefix("data/")?.rsplit_once('/')?;
        match folder {
            "records" => record_file(name),
            "proofs" => {
                let (hash, rest) = name.split_once('.')?;
                let origin = rest.strip_suffix(".tlog-proof")?;
                Some(Self::Proof(hash_of(hash)?, file_origin(origin)?))
            }
            "trust/cards" => name.strip_suffix(".card")?.parse().ok().map(Self::Card),
            "trust/former" => {
                let (authority, root) = name.strip_suffix(".card")?.rsplit_once('.')?;
                let is_root = root.len() == ROOT_DIGITS && hash_digits(root);
                is_root.then(|| authority.parse().ok().map(Self::FormerCard))?
            }
            "trust/keys" => name.strip_suffix(".pem").map(|_| Self::TrustFile),
            "trust/policies" => name.strip_suffix(".txt").map(|_| Self::TrustFile),
            "evidence" => evidence_file(name),
            _ => {
                let origin = folder.strip_prefix("log/")?;
                (name == "checkpoint").then(|| file_origin(origin).map(Self::Checkpoint))?
            }
        }
    }
}

fn record_file(name: &str) -> Option<Place> {
    let (hash, kind) = name.split_once('.')?;
    let hash = hash_of(hash)?;
    match kind {
        "cose" => Some(Place::Statement(hash)),
        "fields.cbor" => Some(Place::Fields(hash)),
        "disclosure.cose" => Some(Place::Disclosure(hash)),
        _ => None,
    }
}

fn evidence_file(name: &str) -> Option<Place> {
    let (digest, extension) = name.split_once('.').unwrap_or((name, "bin"));
    let digest = hash_of(digest)?;
    (safe_extension(extension).as_deref() == Some(extension)).then_some(Place::Evidence(digest.0))
}

/// Lower-case hexadecimal digits.
fn hash_digits(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}

/// A hash in the one spelling: 64 lower-case hexadecimal digits.
pub(crate) fn hash_of(text: &str) -> Option<StatementHash> {
    StatementHash::from_hex(text).filter(|hash| hash.to_string() == text)
}

fn file_origin(text: &str) -> Option<FileOrigin> {
    (!text.is_empty() && !text.contains('/')).then(|| FileOrigin(text.to_owned()))
}

/// A file's extension if it is harmless: one to ten lower-case letters and digits.
#[must_use]
pub fn safe_extension(extension: &str) -> Option<String> {
    let lower = extension.to_ascii_lowercase();
    let is_safe =
        (1..=10).contains(&lower.len()) && lower.bytes().all(|b| b.is_ascii_alphanumeric());
    is_safe.then_some(lower)
}

/// Path of a statement with its receipts.
#[must_use]
pub fn statement_path(hash: StatementHash) -> String {
    format!("data/records/{hash}.cose")
}

/// Path of a record's leaves: deterministic CBOR `[leaf, ...]`, each leaf a byte string.
#[must_use]
pub fn fields_path(hash: StatementHash) -> String {
    format!("data/records/{hash}.fields.cbor")
}

/// Path of a disclosure object.
#[must_use]
pub fn disclosure_path(hash: StatementHash) -> String {
    format!("data/records/{hash}.disclosure.cose")
}

/// Path of a statement's proof in a log.
#[must_use]
pub fn proof_path(hash: StatementHash, origin: &FileOrigin) -> String {
    format!("data/proofs/{hash}.{origin}.tlog-proof")
}

/// Path of a log's newest checkpoint.
#[must_use]
pub fn checkpoint_path(origin: &FileOrigin) -> String {
    format!("data/log/{origin}/checkpoint")
}

/// Path of an authority's card.
#[must_use]
pub fn card_path(authority: &AuthorityName) -> String {
    format!("data/trust/cards/{authority}.card")
}

/// Path of the last card of a root that the authority had before.
#[must_use]
pub fn former_card_path(card: &Card) -> String {
    format!("data/trust/former/{}.{}.card", card.authority, root_digits(card))
}

/// By what files of a former root are told apart: the beginning of the root key's thumbprint.
pub(crate) fn root_digits(card: &Card) -> String {
    KeyId::of(&card.root_key).to_string().chars().take(ROOT_DIGITS).collect()
}

/// Path of the witness policy of a log.
#[must_use]
pub fn policy_path(origin: &FileOrigin) -> String {
    format!("data/trust/policies/{origin}.txt")
}

/// Path of an evidence file, with the extension of its own name if that is harmless.
#[must_use]
pub fn evidence_path(sha256: &[u8; 32], file_name: Option<&str>) -> String {
    let extension =
        file_name.and_then(|name| name.rsplit_once('.')).and_then(|(_, ext)| safe_extension(ext));
    let digest = hex::encode(sha256);
    extension.map_or_else(
        || format!("data/evidence/{digest}"),
        |extension| format!("data/evidence/{digest}.{extension}"),
    )
}

/// Why a path may not stand in a pack, or `None` if it may.
#[must_use]
pub fn path_fault(path: &str) -> Option<&'static str> {
    if path.len() > PATH_BYTES_MAX {
        return Some("it is longer than 512 bytes");
    }
    if path.starts_with('/') {
        return Some("it is absolute");
    }
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-' | b'/');
    if !path.bytes().all(is_plain) {
        return Some("it has characters other than letters, digits, '.', '_', '-' and '/'");
    }
    let mut segments = path.strip_suffix('/').unwrap_or(path).split('/');
    if segments.any(|segment| matches!(segment, "" | "." | "..")) {
        return Some("it has an empty part, '.' or '..'");
    }
    None
}

/// The authority that owns a log: the part of the origin before `/log/` (PROTOCOL 1.1).
#[must_use]
pub fn owner_of(origin: &str) -> Option<AuthorityName> {
    let (authority, year) = origin.split_once("/log/")?;
    let is_year = year.len() == 4 && year.bytes().all(|b| b.is_ascii_digit());
    is_year.then(|| authority.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_path_is_read_as_what_was_written_there() {
        let hash = StatementHash([0xab; 32]);
        let origin = FileOrigin::of("customs.xa.example/log/2026");
        let authority: AuthorityName = "customs.xa.example".parse().unwrap();
        let evidence = |name| Place::of(&evidence_path(&[7; 32], name));
        for (path, place) in [
            (statement_path(hash), Place::Statement(hash)),
            (fields_path(hash), Place::Fields(hash)),
            (disclosure_path(hash), Place::Disclosure(hash)),
            (proof_path(hash, &origin), Place::Proof(hash, origin.clone())),
            (checkpoint_path(&origin), Place::Checkpoint(origin.clone())),
            (card_path(&authority), Place::Card(authority.clone())),
            (
                format!("data/trust/former/{authority}.{}.card", "0f".repeat(8)),
                Place::FormerCard(authority),
            ),
            (policy_path(&origin), Place::TrustFile),
            (OUTSIDE_PATH.to_owned(), Place::Outside),
            (WITHHELD_PATH.to_owned(), Place::Withheld),
        ] {
            assert_eq!(Place::of(&path), Some(place), "{path}");
            assert_eq!(path_fault(&path), None, "{path}");
        }
        for name in [None, Some("a.PDF"), Some("x.y/../z"), Some("noext")] {
            assert_eq!(evidence(name), Some(Place::Evidence([7; 32])), "{name:?}");
        }
    }

    #[test]
    fn a_path_that_has_no_place_is_told() {
        let upper = statement_path(StatementHash([0xab; 32])).replace("ab", "AB");
        for path in [
            "data/x",
            "x",
            "data/records/00.cose",
            "data/log/a/b/checkpoint",
            "data/evidence/x",
            "data/trust/former/customs.xa.example.card",
            "data/trust/former/customs.xa.example.0F0f0f0f0f0f0f0f.card",
            &upper,
        ] {
            assert_eq!(Place::of(path), None, "{path}");
        }
    }

    #[test]
    fn a_path_that_leaves_the_folder_or_hides_something_is_refused() {
        for path in ["/a", "a/../b", "../a", "a//b", "./a", "a\\b", "c:/a", "a\0b", "ä", ""] {
            assert!(path_fault(path).is_some(), "{path:?}");
        }
        assert!(path_fault(&"a".repeat(PATH_BYTES_MAX)).is_none());
        assert!(path_fault(&"a".repeat(PATH_BYTES_MAX + 1)).is_some());
    }

    #[test]
    fn an_origin_names_its_owner() {
        let owner = |origin: &str| owner_of(origin).map(|name| name.to_string());
        assert_eq!(owner("customs.xa.example/log/2026").as_deref(), Some("customs.xa.example"));
        for origin in
            ["customs.xa.example", "customs.xa.example/log/26", "x/log/2026", "a.b/log/2026/c"]
        {
            assert_eq!(owner(origin), None, "{origin}");
        }
    }
}
