//! Reading a court pack that may be damaged, hostile or gigantic, in bounded memory; judges no content.

use std::collections::BTreeMap;
use std::io::{Read, Seek};

use sha2::{Digest, Sha256};
use zip::{CompressionMethod, ZipArchive};

use crate::audit::pack::directory;
use crate::audit::pack::layout::{Place, path_fault};
use crate::record::card::CARD_BYTES_MAX;
use crate::transparency::note::NOTE_BYTES_MAX;
use crate::transparency::tlog_proof::TLOG_PROOF_BYTES_MAX;

/// The largest file that is read as a whole, but for the bag's manifests: a disclosure object of all fields.
pub const SMALL_FILE_BYTES_MAX: u64 = 2 * 1024 * 1024;

/// The largest manifest.
pub const MANIFEST_BYTES_MAX: u64 = 32 * 1024 * 1024;

/// The largest page for people.
pub const PAGE_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// The most bytes of all files but the evidence.
pub const TOTAL_BYTES_MAX: u64 = 4 * 1024 * 1024 * 1024;

/// How many times its stored size a file of more than [`RATIO_FREE_BYTES`] may expand to.
pub const RATIO_MAX: u64 = 200;

/// Files up to this size may be of any ratio.
pub const RATIO_FREE_BYTES: u64 = 1024 * 1024;

/// Bytes that are hashed at a time.
const CHUNK: usize = 256 * 1024;

/// Why a pack, or a file in it, cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum PackError {
    /// The file cannot be read at all.
    #[error("the file cannot be read: {0}")]
    Io(#[source] std::io::Error),
    /// It is not a sound zip archive.
    #[error("this is not a sound court pack: {0}")]
    Damaged(String),
    /// It is larger than any court pack.
    #[error("the pack is beyond the limits: {0}")]
    Limit(String),
    /// A path that must not be.
    #[error("the path '{path}' may not stand in a court pack: {why}")]
    Path {
        /// The path, shortened.
        path: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// Two files would be one on some system.
    #[error("'{0}' stands twice in the archive (upper and lower case do not differ)")]
    Duplicate(String),
    /// A file that expands beyond proportion.
    #[error(
        "'{path}' expands from {stored} to {size} bytes: this is a decompression bomb, not a court pack"
    )]
    Bomb {
        /// The path.
        path: String,
        /// Bytes in the archive.
        stored: u64,
        /// Bytes after decompression.
        size: u64,
    },
    /// One file cannot be read to its end.
    #[error("'{path}' is damaged in the archive: {why}")]
    File {
        /// The path.
        path: String,
        /// What the archive says.
        why: String,
    },
}

/// A file in the pack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The path relative to the pack's folder.
    pub path: String,
    /// What stands there, if the layout knows it.
    pub place: Option<Place>,
    /// Bytes after decompression, as the archive says; reading refuses more.
    pub size: u64,
}

/// An open pack. Opening checks the archive's table: paths, names, sizes, ratios; nothing is decompressed.
#[derive(Debug)]
pub struct PackReader<R> {
    zip: ZipArchive<R>,
    base: String,
    entries: Vec<(usize, Entry)>,
    paths: BTreeMap<String, usize>,
}

impl<R: Read + Seek> PackReader<R> {
    /// Opens a pack.
    ///
    /// # Errors
    /// If the archive is damaged, breaks a limit, or has a path, name or ratio that no pack has.
    pub fn open(mut reader: R) -> Result<Self, PackError> {
        let names = directory::names(&mut reader)?;
        let base = check_names(&names)?;
        let mut zip = ZipArchive::new(reader).map_err(|error| damaged(&error))?;
        // Two readers of one table that disagree on a name would check one file and show another.
        if !zip.file_names_raw().eq(names.iter().map(String::as_bytes)) {
            return Err(PackError::Damaged("it can be read in two ways".to_owned()));
        }
        zip.validate_header_consistency().map_err(|error| damaged(&error))?;
        let mut pack = Self { zip, base, entries: Vec::new(), paths: BTreeMap::new() };
        let mut total = 0_u64;
        for (index, name) in names.iter().enumerate() {
            let Some(entry) = pack.admit(index, name)? else { continue };
            if !matches!(entry.place, Some(Place::Evidence(_))) {
                total = total.saturating_add(entry.size);
            }
            pack.paths.insert(entry.path.clone(), pack.entries.len());
            pack.entries.push((index, entry));
        }
        if total > TOTAL_BYTES_MAX {
            return Err(PackError::Limit(format!(
                "its files without evidence hold {total} bytes; at most {TOTAL_BYTES_MAX} are read"
            )));
        }
        Ok(pack)
    }

    /// Checks what the table says of one file; a folder is no file.
    fn admit(&self, index: usize, name: &str) -> Result<Option<Entry>, PackError> {
        let file = self.zip.by_index_data(index).map_err(|error| damaged(&error))?;
        let path = name.strip_prefix(&self.base).unwrap_or(name).to_owned();
        if file.is_dir() {
            return if file.size() == 0 {
                Ok(None)
            } else {
                Err(refused(name, "a folder with content"))
            };
        }
        if file.is_symlink() {
            return Err(refused(name, "it is a link"));
        }
        if file.encrypted() {
            return Err(refused(name, "it is encrypted"));
        }
        let (size, stored) = (file.size(), file.compressed_size());
        match file.compression() {
            CompressionMethod::Stored if size == stored => {}
            CompressionMethod::Deflated => {}
            _ => return Err(refused(name, "it is compressed by another method than deflate")),
        }
        if size > RATIO_FREE_BYTES && size / RATIO_MAX > stored {
            return Err(PackError::Bomb { path, stored, size });
        }
        let place = Place::of(&path);
        if size > limit_of(place.as_ref()) {
            return Err(PackError::Limit(format!(
                "'{path}' has {size} bytes, more than its kind may"
            )));
        }
        Ok(Some(Entry { path, place, size }))
    }

    /// The pack's name: that of its top folder.
    #[must_use]
    pub fn name(&self) -> &str {
        self.base.trim_end_matches('/')
    }

    /// Every file, in the order of the archive.
    pub fn entries(&self) -> impl ExactSizeIterator<Item = &Entry> {
        self.entries.iter().map(|(_, entry)| entry)
    }

    /// How many files the pack has.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether the pack has no file.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// A file by its number.
    #[must_use]
    pub fn entry(&self, number: usize) -> Option<&Entry> {
        self.entries.get(number).map(|(_, entry)| entry)
    }

    /// The number of the file at a path.
    #[must_use]
    pub fn find(&self, path: &str) -> Option<usize> {
        self.paths.get(path).copied()
    }

    /// The whole of a file that is not evidence.
    ///
    /// # Errors
    /// If it cannot be read to its end or is longer than the archive says.
    pub fn read(&mut self, number: usize) -> Result<Vec<u8>, PackError> {
        let mut bytes = Vec::new();
        self.stream(number, |chunk| bytes.extend_from_slice(chunk))?;
        Ok(bytes)
    }

    /// SHA-256 and length of a file of any size; `progress` is told the bytes of each step.
    ///
    /// # Errors
    /// If it cannot be read to its end or is longer than the archive says.
    pub fn digest(
        &mut self,
        number: usize,
        mut progress: impl FnMut(u64),
    ) -> Result<([u8; 32], u64), PackError> {
        let mut hash = Sha256::new();
        let size = self.stream(number, |chunk| {
            hash.update(chunk);
            progress(chunk.len() as u64);
        })?;
        Ok((hash.finalize().into(), size))
    }

    fn stream(&mut self, number: usize, mut each: impl FnMut(&[u8])) -> Result<u64, PackError> {
        let Some((index, entry)) = self.entries.get(number) else {
            return Err(PackError::Damaged(format!("there is no file number {number}")));
        };
        let broken =
            |why: &dyn ToString| PackError::File { path: entry.path.clone(), why: why.to_string() };
        let file = self.zip.by_index(*index).map_err(|error| broken(&error))?;
        let mut file = file.take(entry.size.saturating_add(1));
        let mut chunk = vec![0; CHUNK.min(usize::try_from(entry.size).unwrap_or(CHUNK) + 1)];
        let mut total = 0_u64;
        loop {
            let count = file.read(&mut chunk).map_err(|error| broken(&error))?;
            total += count as u64;
            if total > entry.size {
                return Err(broken(&"it is longer than its entry says"));
            }
            match chunk.get(..count) {
                Some([]) | None => break,
                Some(bytes) => each(bytes),
            }
        }
        if total == entry.size {
            Ok(total)
        } else {
            Err(broken(&"it is shorter than its entry says"))
        }
    }
}

fn damaged(error: &zip::result::ZipError) -> PackError {
    PackError::Damaged(error.to_string())
}

fn refused(path: &str, why: &'static str) -> PackError {
    PackError::Path { path: path.to_owned(), why }
}

const fn limit_of(place: Option<&Place>) -> u64 {
    match place {
        Some(Place::Evidence(_)) => u64::MAX,
        Some(Place::Page) => PAGE_BYTES_MAX,
        Some(Place::Bag | Place::Outside | Place::Withheld) => MANIFEST_BYTES_MAX,
        // A statement of 64 KiB with receipts of 4 KiB each.
        Some(Place::Statement(_)) => 256 * 1024,
        // 512 KiB of leaves (PROTOCOL 2.4) and their heads.
        Some(Place::Fields(_)) => 640 * 1024,
        Some(Place::Proof(..)) => TLOG_PROOF_BYTES_MAX as u64,
        Some(Place::Checkpoint(_)) => NOTE_BYTES_MAX as u64,
        Some(Place::Card(_) | Place::FormerCard(_)) => CARD_BYTES_MAX as u64,
        Some(Place::Disclosure(_) | Place::TrustFile) | None => SMALL_FILE_BYTES_MAX,
    }
}

/// Checks every path and gives the one folder that all are in, with its slash.
fn check_names(names: &[String]) -> Result<String, PackError> {
    let clip = |name: &str| name.chars().take(120).flat_map(char::escape_default).collect();
    for name in names {
        if let Some(why) = path_fault(name) {
            return Err(PackError::Path { path: clip(name), why });
        }
    }
    let mut folded: Vec<(String, usize)> = names
        .iter()
        .enumerate()
        .map(|(index, name)| (name.trim_end_matches('/').to_ascii_lowercase(), index))
        .collect();
    folded.sort();
    if let Some((_, second)) = folded
        .windows(2)
        .find_map(|pair| (pair.first()?.0 == pair.last()?.0).then(|| pair.last())?)
    {
        return Err(PackError::Duplicate(
            names.get(*second).map(|name| clip(name)).unwrap_or_default(),
        ));
    }
    let first = names.first().ok_or_else(|| PackError::Damaged("it is empty".to_owned()))?;
    let top = |name: &str| name.split_once('/').map(|(top, _)| format!("{top}/"));
    let base = top(first).ok_or_else(|| refused(first, "it is not inside the pack's folder"))?;
    match names.iter().find(|name| !name.starts_with(&base)) {
        Some(name) => Err(refused(name, "it is not inside the pack's folder")),
        None => Ok(base),
    }
}
