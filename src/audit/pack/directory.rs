//! The table of contents of a zip archive, read with bounds before the archive is opened; reads no file in it.
//!
//! The zip library builds its own table from the same bytes. Reading them here first is what bounds its memory, and lets
//! a fault be told by the path it concerns: the library would drop a double name silently.

use std::io::{Read, Seek, SeekFrom};

use crate::audit::pack::read::PackError;

/// The most files in a pack: about 40,000 records.
pub(crate) const ENTRIES_MAX: u64 = 150_000;

/// The most bytes of the table of contents: the names of that many files.
pub(crate) const DIRECTORY_BYTES_MAX: u64 = 48 * 1024 * 1024;

const END_BYTES: usize = 22;
const END_SIGNATURE: [u8; 4] = *b"PK\x05\x06";
const LOCATOR_BYTES: usize = 20;
const LOCATOR_SIGNATURE: [u8; 4] = *b"PK\x06\x07";
const END64_BYTES: usize = 56;
const END64_SIGNATURE: [u8; 4] = *b"PK\x06\x06";
const ENTRY_BYTES: usize = 46;
const ENTRY_SIGNATURE: [u8; 4] = *b"PK\x01\x02";

/// Where the table stands and how many files it lists.
struct End {
    entries: u64,
    offset: u64,
    size: u64,
    /// Where the table must end.
    next: u64,
}

/// The names in a zip archive, in the order of its table.
pub(crate) fn names<R: Read + Seek>(reader: &mut R) -> Result<Vec<String>, PackError> {
    let end = find_end(reader)?;
    if end.entries > ENTRIES_MAX {
        return Err(PackError::Limit(format!(
            "it announces {} files; a court pack has at most {ENTRIES_MAX}",
            end.entries
        )));
    }
    if end.size > DIRECTORY_BYTES_MAX {
        return Err(PackError::Limit(format!(
            "its table of contents is {} bytes long; a court pack's has at most {DIRECTORY_BYTES_MAX}",
            end.size
        )));
    }
    if end.offset.checked_add(end.size) != Some(end.next) {
        return Err(PackError::Damaged("its table of contents is not where it says".to_owned()));
    }
    let size = usize::try_from(end.size).map_err(|_| cut())?;
    let table = read_at(reader, end.offset, size)?;
    let mut names = Vec::new();
    let mut rest = table.as_slice();
    while !rest.is_empty() {
        let (name, after) = entry(rest)?;
        names.push(name);
        rest = after;
    }
    if names.len() as u64 == end.entries {
        Ok(names)
    } else {
        Err(PackError::Damaged(format!(
            "it announces {} files and lists {}",
            end.entries,
            names.len()
        )))
    }
}

fn entry(table: &[u8]) -> Result<(String, &[u8]), PackError> {
    let broken = || PackError::Damaged("an entry of its table of contents is broken".to_owned());
    let head = table.get(..ENTRY_BYTES).ok_or_else(broken)?;
    if !head.starts_with(&ENTRY_SIGNATURE) {
        return Err(broken());
    }
    let length = |at| u16_at(head, at).map(usize::from).ok_or_else(broken);
    let (name, extra, comment) = (length(28)?, length(30)?, length(32)?);
    let end = ENTRY_BYTES + name + extra + comment;
    let bytes = table.get(ENTRY_BYTES..ENTRY_BYTES + name).ok_or_else(broken)?;
    let rest = table.get(end..).ok_or_else(broken)?;
    let name = std::str::from_utf8(bytes).map_err(|_| PackError::Path {
        path: String::from_utf8_lossy(bytes)
            .chars()
            .take(80)
            .flat_map(char::escape_default)
            .collect(),
        why: "it is not UTF-8",
    })?;
    Ok((name.to_owned(), rest))
}

/// Finds the end record. It must be the last bytes of the file, without a comment: then there is no second reading.
fn find_end<R: Read + Seek>(reader: &mut R) -> Result<End, PackError> {
    let length = reader.seek(SeekFrom::End(0)).map_err(PackError::Io)?;
    let at = length.checked_sub(END_BYTES as u64).ok_or_else(cut)?;
    let end = read_at(reader, at, END_BYTES)?;
    if !end.starts_with(&END_SIGNATURE) || u16_at(&end, 20) != Some(0) {
        return Err(cut());
    }
    let short = End {
        entries: u16_at(&end, 10).ok_or_else(cut)?.into(),
        size: u32_at(&end, 12).ok_or_else(cut)?.into(),
        offset: u32_at(&end, 16).ok_or_else(cut)?.into(),
        next: at,
    };
    let Some(locator_at) = at.checked_sub(LOCATOR_BYTES as u64) else { return Ok(short) };
    let locator = read_at(reader, locator_at, LOCATOR_BYTES)?;
    if !locator.starts_with(&LOCATOR_SIGNATURE) {
        return Ok(short);
    }
    let next = u64_at(&locator, 8).ok_or_else(cut)?;
    if next.checked_add(END64_BYTES as u64) != Some(locator_at) {
        return Err(PackError::Damaged("its 64-bit end record is not where it says".to_owned()));
    }
    let end64 = read_at(reader, next, END64_BYTES)?;
    if !end64.starts_with(&END64_SIGNATURE) {
        return Err(PackError::Damaged("its 64-bit end record is broken".to_owned()));
    }
    Ok(End {
        entries: u64_at(&end64, 32).ok_or_else(cut)?,
        size: u64_at(&end64, 40).ok_or_else(cut)?,
        offset: u64_at(&end64, 48).ok_or_else(cut)?,
        next,
    })
}

fn cut() -> PackError {
    PackError::Damaged(
        "it is not a zip archive, or its end is cut off: compare its size with the original and copy it again"
            .to_owned(),
    )
}

fn read_at<R: Read + Seek>(reader: &mut R, at: u64, size: usize) -> Result<Vec<u8>, PackError> {
    reader.seek(SeekFrom::Start(at)).map_err(PackError::Io)?;
    let mut bytes = Vec::new();
    reader.by_ref().take(size as u64).read_to_end(&mut bytes).map_err(PackError::Io)?;
    if bytes.len() == size { Ok(bytes) } else { Err(cut()) }
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..)?.first_chunk().map(|b| u16::from_le_bytes(*b))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().map(|b| u32::from_le_bytes(*b))
}

fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    bytes.get(at..)?.first_chunk().map(|b| u64::from_le_bytes(*b))
}
