//! Writing a court pack as a stream: evidence of any size in bounded memory; decides not what may be disclosed.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read, Seek, Write};

use sha2::{Digest, Sha256};
use zip::result::ZipError;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, System, ZipWriter};

use crate::audit::pack::claims::claims;
use crate::audit::pack::layout::{self, FileOrigin};
use crate::audit::pack::page::Page;
use crate::audit::pack::readme::README;
use crate::audit::pack::trust_files;
use crate::domain::id::AuthorityName;
use crate::domain::time::Timestamp;
use crate::record::card::SignedCard;
use crate::record::disclosure::Excerpt;
use crate::record::fields::Fields;
use crate::record::kinds::log::WitnessPolicy;
use crate::record::payload::{Common, Payload};
use crate::record::receipt::Receipt;
use crate::record::{Record, Statement, StatementHash, Value};
use crate::transparency::checkpoint::Checkpoint;
use crate::transparency::note::Note;
use crate::transparency::tlog_proof::TlogProof;

/// Bytes of evidence that are copied at a time.
const CHUNK: usize = 256 * 1024;

/// What a pack says of itself.
#[derive(Clone, Debug)]
pub struct PackInfo {
    /// Name of the pack and of its one folder: letters, digits, `.`, `_` and `-`.
    pub name: String,
    /// The heading of the page for people.
    pub title: String,
    /// What the pack is for, in a sentence.
    pub description: String,
    /// Who makes it.
    pub exporter: AuthorityName,
    /// When it is made; every file in the archive bears this time, so the same content gives the same bytes.
    pub created: Timestamp,
}

/// What of a record goes into the pack.
#[derive(Clone, Copy, Debug)]
pub enum Content<'a> {
    /// All its fields.
    Whole(&'a Record),
    /// Some of its fields.
    Excerpt(&'a Excerpt),
}

/// A record with all that is held to prove it.
#[derive(Clone, Copy, Debug)]
pub struct PackRecord<'a> {
    /// The statement and its fields.
    pub content: Content<'a>,
    /// COSE receipts: of the author's log, and of the log of whoever received it.
    pub receipts: &'a [Vec<u8>],
    /// `.tlog-proof` texts, at most one a log; the cosigned ones.
    pub proofs: &'a [Vec<u8>],
}

/// Why a pack cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum PackWriteError {
    /// The archive cannot be written.
    #[error("the pack cannot be written: {0}")]
    Zip(#[from] ZipError),
    /// The archive or an evidence file cannot be written or read.
    #[error("the pack cannot be written: {0}")]
    Io(#[from] std::io::Error),
    /// A name that cannot be part of a path.
    #[error("'{0}' cannot be part of a file name: use letters, digits, '.', '_' and '-'")]
    Name(String),
    /// The same file twice.
    #[error("'{0}' is in the pack already")]
    Twice(String),
    /// A receipt or proof that no verifier would accept.
    #[error("what is held for statement {statement} is unusable: {why}")]
    Unusable {
        /// The statement.
        statement: String,
        /// What is wrong.
        why: String,
    },
    /// An evidence file is not the one that was announced.
    #[error(
        "the evidence file {sha256} has other bytes than its record says; it is not put into the pack"
    )]
    Evidence {
        /// The digest that was announced.
        sha256: String,
    },
}

/// Writes a court pack.
///
/// Order of calls is free, except that [`finish`](Self::finish) is last: it writes what follows from the rest (page,
/// keys for other tools, lists of what is left out, manifests).
///
/// ```no_run
/// # use sealane::audit::pack::{Content, PackInfo, PackRecord, PackWriteError, PackWriter};
/// # fn export(info: PackInfo, card: &sealane::record::card::SignedCard, record: &sealane::record::Record,
/// #     receipts: &[Vec<u8>], proofs: &[Vec<u8>]) -> Result<(), PackWriteError> {
/// let file = std::fs::File::create("case-17.sealane.zip")?;
/// let mut pack = PackWriter::new(file, info)?;
/// pack.add_card(card)?;
/// pack.add_record(&PackRecord { content: Content::Whole(record), receipts, proofs })?;
/// pack.add_evidence([0x5e; 32], Some("photo.jpg"), 4096, &mut std::fs::File::open("photo.jpg")?)?;
/// pack.finish()?.sync_all()?;
/// # Ok(())
/// # }
/// ```
pub struct PackWriter<W: Write + Seek> {
    zip: ZipWriter<W>,
    info: PackInfo,
    time: DateTime,
    /// Digest and size of each file, by path.
    files: BTreeMap<String, ([u8; 32], u64)>,
    page: Page,
    cards: BTreeMap<AuthorityName, SignedCard>,
    /// Cards of former roots, by their paths.
    former: BTreeMap<String, SignedCard>,
    /// The newest witness policy of each log, with its place in that log.
    policies: BTreeMap<FileOrigin, (u64, String)>,
    records: BTreeSet<StatementHash>,
    named: BTreeSet<StatementHash>,
    claimed: BTreeSet<[u8; 32]>,
    evidence: BTreeSet<[u8; 32]>,
}

impl<W: Write + Seek> PackWriter<W> {
    /// Begins a pack.
    ///
    /// # Errors
    /// If the pack's name cannot be a folder's, or the archive cannot be written.
    pub fn new(inner: W, info: PackInfo) -> Result<Self, PackWriteError> {
        let is_sound = |name: &str| {
            name.len() <= 100 && !name.contains('/') && layout::path_fault(name).is_none()
        };
        if !is_sound(&info.name) {
            return Err(PackWriteError::Name(info.name));
        }
        let mut writer = Self {
            zip: ZipWriter::new(inner),
            time: zip_time(info.created),
            info,
            files: BTreeMap::new(),
            page: Page::default(),
            cards: BTreeMap::new(),
            former: BTreeMap::new(),
            policies: BTreeMap::new(),
            records: BTreeSet::new(),
            named: BTreeSet::new(),
            claimed: BTreeSet::new(),
            evidence: BTreeSet::new(),
        };
        writer.put(layout::BAGIT_PATH, layout::BAGIT.as_bytes())?;
        Ok(writer)
    }

    /// Whether a statement is in the pack.
    #[must_use]
    pub fn has_record(&self, hash: StatementHash) -> bool {
        self.records.contains(&hash)
    }

    /// Whether an evidence file is in the pack.
    #[must_use]
    pub fn has_evidence(&self, sha256: &[u8; 32]) -> bool {
        self.evidence.contains(sha256)
    }

    /// Adds the card of an authority; of two of the same authority the higher version stays.
    ///
    /// # Errors
    /// None for now; the card is written at the end.
    pub fn add_card(&mut self, card: &SignedCard) -> Result<(), PackWriteError> {
        let known = self.cards.get(&card.card.authority);
        if known.is_none_or(|known| known.card.version < card.card.version) {
            self.cards.insert(card.card.authority.clone(), card.clone());
        }
        Ok(())
    }

    /// Adds the last card of a root that its authority had before, under which records in the pack were signed.
    pub fn add_former_card(&mut self, card: &SignedCard) {
        self.former.insert(layout::former_card_path(&card.card), card.clone());
    }

    /// Adds a record with its receipts and proofs. Add the witness-policy records of every log that has a proof in the
    /// pack, too: the quorum is judged by them.
    ///
    /// # Errors
    /// If it is there already, a proof cannot be read, or the archive cannot be written.
    pub fn add_record(&mut self, record: &PackRecord<'_>) -> Result<(), PackWriteError> {
        let (statement, common, fields, whole) = match record.content {
            Content::Whole(record) => (record.statement(), record.common(), record.fields(), true),
            Content::Excerpt(excerpt) => {
                (excerpt.statement(), excerpt.common(), excerpt.fields(), false)
            }
        };
        let hash = statement.hash();
        if !self.records.insert(hash) {
            return Err(PackWriteError::Twice(layout::statement_path(hash)));
        }
        let leaves: Vec<Value> = match record.content {
            Content::Whole(record) => {
                record.leaves().iter().map(|leaf| Value::bytes(leaf.as_slice())).collect()
            }
            Content::Excerpt(excerpt) => {
                excerpt.leaves().iter().map(|leaf| Value::bytes(leaf.bytes.as_slice())).collect()
            }
        };
        self.put(&layout::statement_path(hash), &statement.with_receipts(record.receipts))?;
        self.put(&layout::fields_path(hash), &Value::Array(leaves).encode())?;
        if let Content::Excerpt(excerpt) = record.content {
            self.put(&layout::disclosure_path(hash), &excerpt.disclosure_object())?;
        }
        for proof in record.proofs {
            let origin = origin_of(proof).map_err(|why| unusable(statement, &why))?;
            self.put(&layout::proof_path(hash, &origin), proof)?;
        }
        self.page.add(hash, &statement.issuer, common, fields, whole);
        self.named.extend(common.prev);
        self.claimed.extend(claims(common, fields).into_iter().map(|claim| claim.sha256));
        self.keep_policy(statement, common, fields, record.receipts);
        Ok(())
    }

    /// The policy that stands farthest back in the author's own log is the one in force.
    fn keep_policy(
        &mut self,
        statement: &Statement,
        common: &Common,
        fields: &Fields,
        receipts: &[Vec<u8>],
    ) {
        if common.kind != WitnessPolicy::KIND {
            return;
        }
        let Ok(policy) = WitnessPolicy::read(fields) else { return };
        for receipt in receipts.iter().filter_map(|bytes| Receipt::parse(bytes).ok()) {
            let Some(origin) = receipt.origin else { continue };
            if layout::owner_of(&origin).as_ref() == Some(&statement.issuer) {
                let newest = self.policies.entry(FileOrigin::of(&origin)).or_default();
                if newest.1.is_empty() || newest.0 < receipt.leaf_index {
                    *newest = (receipt.leaf_index, policy.policy.clone());
                }
            }
        }
    }

    /// Adds the newest cosigned checkpoint of a log.
    ///
    /// # Errors
    /// If it cannot be read, is there already, or the archive cannot be written.
    pub fn add_checkpoint(&mut self, note: &[u8]) -> Result<(), PackWriteError> {
        let unusable =
            |why: String| PackWriteError::Unusable { statement: "of the log".to_owned(), why };
        let parsed = Note::parse(note).map_err(|error| unusable(error.to_string()))?;
        let checkpoint =
            Checkpoint::parse(parsed.text()).map_err(|error| unusable(error.to_string()))?;
        self.put(&layout::checkpoint_path(&FileOrigin::of(&checkpoint.origin)), note)
    }

    /// Adds an evidence file of any size, of which a record in the pack speaks. A second copy of the same file is left
    /// out. A file that is not added although a record speaks of it is listed as withheld.
    ///
    /// # Errors
    /// If the bytes are not those announced by `sha256` and `size`, or cannot be read or written. The pack is of no use
    /// then and should be dropped.
    pub fn add_evidence(
        &mut self,
        sha256: [u8; 32],
        file_name: Option<&str>,
        size: u64,
        reader: &mut dyn Read,
    ) -> Result<(), PackWriteError> {
        if !self.evidence.insert(sha256) {
            return Ok(());
        }
        let path = layout::evidence_path(&sha256, file_name);
        // Stored: photographs, documents and archives do not shrink, and a tool can read them in place.
        let options = self
            .options()
            .compression_method(CompressionMethod::Stored)
            .large_file(size >= u64::from(u32::MAX));
        self.zip.start_file(format!("{}/{path}", self.info.name), options)?;
        let (digest, copied) = copy(reader, &mut self.zip, size)?;
        if digest != sha256 || copied != size {
            self.zip.abort_file()?;
            return Err(PackWriteError::Evidence { sha256: hex::encode(sha256) });
        }
        self.files.insert(path, (sha256, size));
        Ok(())
    }

    /// Writes what follows from the rest, and gives the writer back.
    ///
    /// # Errors
    /// If the archive cannot be written.
    pub fn finish(mut self) -> Result<W, PackWriteError> {
        for card in std::mem::take(&mut self.cards).into_values() {
            self.put(&layout::card_path(&card.card.authority), &card.encode())?;
            self.cards.insert(card.card.authority.clone(), card);
        }
        for (path, card) in std::mem::take(&mut self.former) {
            self.put(&path, &card.encode())?;
            self.former.insert(path, card);
        }
        let cards: Vec<_> = self.cards.values().map(|signed| &signed.card).collect();
        let former: Vec<_> = self.former.values().map(|signed| &signed.card).collect();
        let files = trust_files(&cards, &former);
        for (path, text) in files {
            self.put(&path, text.as_bytes())?;
        }
        for (origin, (_, policy)) in std::mem::take(&mut self.policies) {
            self.put(&layout::policy_path(&origin), policy.as_bytes())?;
        }
        let withheld: Vec<_> = self.claimed.difference(&self.evidence).collect();
        let outside: Vec<_> = self.named.difference(&self.records).collect();
        let page = std::mem::take(&mut self.page).finish(&self.info, withheld.len(), outside.len());
        let withheld = lines(withheld.into_iter().map(hex::encode));
        let outside = lines(outside.into_iter().map(StatementHash::to_string));
        self.put(layout::WITHHELD_PATH, withheld.as_bytes())?;
        self.put(layout::OUTSIDE_PATH, outside.as_bytes())?;
        self.put(layout::README_PATH, README.as_bytes())?;
        self.put(layout::INDEX_PATH, page.as_bytes())?;
        self.put_manifests()?;
        Ok(self.zip.finish()?)
    }

    /// RFC 8493 2.1.3 and 2.2: the payload first, so that nothing under `data/` can come after it.
    fn put_manifests(&mut self) -> Result<(), PackWriteError> {
        let payload = |path: &str| path.starts_with("data/");
        let manifest_of = |files: &BTreeMap<String, ([u8; 32], u64)>, data: bool| {
            let listed = files.iter().filter(|(path, _)| payload(path) == data);
            lines(listed.map(|(path, (digest, _))| format!("{}  {path}", hex::encode(digest))))
        };
        let count = self.files.keys().filter(|path| payload(path)).count();
        let bytes: u64 =
            self.files.iter().filter(|(path, _)| payload(path)).map(|(_, (_, size))| size).sum();
        let one_line = |text: &str| text.replace(['\r', '\n'], " ");
        let bag_info = format!(
            "Source-Organization: {}\nExternal-Description: {}\nExternal-Identifier: {}\nBagging-Date: {}\n\
             Payload-Oxum: {bytes}.{count}\nBag-Software-Agent: sealane {}\n",
            self.info.exporter,
            one_line(&self.info.title),
            self.info.name,
            self.info.created.to_string().chars().take(10).collect::<String>(),
            env!("CARGO_PKG_VERSION"),
        );
        let manifest = manifest_of(&self.files, true);
        self.put(layout::BAG_INFO_PATH, bag_info.as_bytes())?;
        self.put(layout::MANIFEST_PATH, manifest.as_bytes())?;
        let tags = manifest_of(&self.files, false);
        self.put(layout::TAG_MANIFEST_PATH, tags.as_bytes())
    }

    fn put(&mut self, path: &str, bytes: &[u8]) -> Result<(), PackWriteError> {
        if let Some(part) = layout::path_fault(path) {
            return Err(PackWriteError::Name(format!("{path}: {part}")));
        }
        let entry = (Sha256::digest(bytes).into(), bytes.len() as u64);
        if self.files.insert(path.to_owned(), entry).is_some() {
            return Err(PackWriteError::Twice(path.to_owned()));
        }
        let options = self.options().compression_method(CompressionMethod::Deflated);
        self.zip.start_file(format!("{}/{path}", self.info.name), options)?;
        self.zip.write_all(bytes)?;
        Ok(())
    }

    fn options(&self) -> SimpleFileOptions {
        SimpleFileOptions::default()
            .system(System::Unix)
            .last_modified_time(self.time)
            .unix_permissions(0o644)
    }
}

impl<W: Write + Seek> std::fmt::Debug for PackWriter<W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PackWriter").field("info", &self.info).finish_non_exhaustive()
    }
}

/// Lines, each with its end.
fn lines(lines: impl Iterator<Item = String>) -> String {
    lines.fold(String::new(), |text, line| text + &line + "\n")
}

/// Copies at most one byte more than `size`, which is enough to tell that there are too many.
fn copy(
    reader: &mut dyn Read,
    writer: &mut dyn Write,
    size: u64,
) -> Result<([u8; 32], u64), std::io::Error> {
    let mut reader = reader.take(size.saturating_add(1));
    let mut hash = Sha256::new();
    let mut chunk = vec![0; CHUNK];
    let mut copied = 0;
    loop {
        let count = match reader.read(&mut chunk) {
            Ok(count) => count,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        let Some(bytes) = chunk.get(..count).filter(|bytes| !bytes.is_empty()) else { break };
        hash.update(bytes);
        writer.write_all(bytes)?;
        copied += count as u64;
    }
    Ok((hash.finalize().into(), copied))
}

fn origin_of(proof: &[u8]) -> Result<FileOrigin, String> {
    let proof = TlogProof::parse(proof).map_err(|error| error.to_string())?;
    let checkpoint = Checkpoint::parse(proof.note.text()).map_err(|error| error.to_string())?;
    Ok(FileOrigin::of(&checkpoint.origin))
}

fn unusable(statement: &Statement, why: &str) -> PackWriteError {
    PackWriteError::Unusable { statement: statement.hash().to_string(), why: why.to_owned() }
}

/// The archive's time stamp; a year before 1980 or after 2107, which it cannot hold, becomes 1980-01-01.
fn zip_time(at: Timestamp) -> DateTime {
    let text = at.to_string();
    let number = |from: usize, to: usize| text.get(from..to).and_then(|part| part.parse().ok());
    let part = |from: usize| number(from, from + 2).and_then(|n: u16| u8::try_from(n).ok());
    let read = || {
        let (year, month, day) = (number(0, 4)?, part(5)?, part(8)?);
        DateTime::from_date_and_time(year, month, day, part(11)?, part(14)?, part(17)?).ok()
    };
    read().unwrap_or_default()
}
