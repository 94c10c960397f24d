//! The highest log state that this node ever signed, in a file that no backup restores; judges nothing.
//!
//! Two slots are written in turn, each with its own checksum, so that a torn write leaves the other one; one
//! `fdatasync` makes a raise durable.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use sha2::{Digest, Sha256};

use crate::node::log::LogError;
use crate::node::store::logs::Log;
use crate::record::Value;

/// The file's name in the data directory.
pub const FILE_NAME: &str = "high-water";

/// Bytes of a slot: the longest origin and its numbers fit well within.
const SLOT_BYTES: usize = 1024;

/// The highest state of the own log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HighWater {
    /// The log.
    pub origin: String,
    /// The year, which orders logs.
    pub year: i64,
    /// Its size.
    pub size: i64,
    /// Its root.
    pub root: [u8; 32],
}

impl HighWater {
    /// The state of a log.
    #[must_use]
    pub fn of(log: &Log) -> Self {
        Self { origin: log.origin.clone(), year: log.year, size: log.size, root: log.root }
    }

    /// Whether this state is later than another.
    #[must_use]
    pub const fn is_above(&self, other: &Self) -> bool {
        self.year > other.year || (self.year == other.year && self.size > other.size)
    }
}

/// The file, open while the node runs.
#[derive(Clone, Debug)]
pub struct HighWaterFile(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    path: PathBuf,
    file: File,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    counter: i64,
    highest: Option<HighWater>,
}

impl HighWaterFile {
    /// Opens the file of a data directory, or begins it.
    ///
    /// # Errors
    /// If it cannot be opened, or holds something in which neither slot is sound.
    pub fn open(data_dir: &Path) -> Result<Self, LogError> {
        let path = data_dir.join(FILE_NAME);
        let failed = |source| LogError::HighWater { path: path.display().to_string(), source };
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&path)
            .map_err(failed)?;
        let length = file.metadata().map_err(failed)?.len();
        let mut state = State::default();
        for slot in 0..2_u64 {
            let mut bytes = vec![0; SLOT_BYTES];
            match file.read_exact_at(&mut bytes, slot * SLOT_BYTES as u64) {
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => continue,
                Err(error) => return Err(failed(error)),
            }
            if let Some((counter, value)) = decode(&bytes)
                && counter > state.counter
            {
                state = State { counter, highest: Some(value) };
            }
        }
        if length > 0 && state.highest.is_none() {
            return Err(LogError::HighWaterDamaged(path.display().to_string()));
        }
        sync_folder(data_dir).map_err(failed)?;
        Ok(Self(Arc::new(Inner { path, file, state: Mutex::new(state) })))
    }

    /// The highest state, if a log was ever sealed here.
    ///
    /// # Panics
    /// Never: no holder of the lock can panic.
    #[must_use]
    pub fn highest(&self) -> Option<HighWater> {
        self.0.state.lock().expect("no holder of this lock can panic").highest.clone()
    }

    /// Makes a higher state durable; a lower one changes nothing.
    ///
    /// # Errors
    /// If it cannot be written; the file then still holds the state before.
    pub async fn raise(&self, to: &HighWater) -> Result<(), LogError> {
        let (inner, to) = (Arc::clone(&self.0), to.clone());
        let path = inner.path.display().to_string();
        tokio::task::spawn_blocking(move || inner.write(&to))
            .await
            .unwrap_or_else(|_| Err(io::Error::other("the writing task was cancelled")))
            .map_err(|source| LogError::HighWater { path, source })
    }
}

impl Inner {
    fn write(&self, to: &HighWater) -> io::Result<()> {
        let mut state = self.state.lock().expect("no holder of this lock can panic");
        if state.highest.as_ref().is_some_and(|highest| !to.is_above(highest)) {
            return Ok(());
        }
        let counter = state.counter.saturating_add(1);
        let slot = if counter % 2 == 0 { 0 } else { SLOT_BYTES as u64 };
        self.file.write_all_at(&encode(counter, to)?, slot)?;
        self.file.sync_data()?;
        *state = State { counter, highest: Some(to.clone()) };
        Ok(())
    }
}

fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// A slot: SHA-256 of the rest, then the length and the CBOR of `[counter, origin, year, size, root]`.
fn encode(counter: i64, value: &HighWater) -> io::Result<Vec<u8>> {
    let body = Value::Array(vec![
        Value::int(counter),
        Value::text(value.origin.as_str()),
        Value::int(value.year),
        Value::int(value.size),
        Value::bytes(value.root),
    ])
    .encode();
    let length = u16::try_from(body.len()).unwrap_or(u16::MAX);
    let mut rest = length.to_be_bytes().to_vec();
    rest.extend(&body);
    rest.resize(SLOT_BYTES - 32, 0);
    let mut slot = Sha256::digest(&rest).to_vec();
    slot.extend(rest);
    if body.len() > SLOT_BYTES - 34 {
        return Err(io::Error::other("the log's origin is too long for the file"));
    }
    Ok(slot)
}

fn decode(slot: &[u8]) -> Option<(i64, HighWater)> {
    let (digest, rest) = slot.split_at_checked(32)?;
    if Sha256::digest(rest).as_slice() != digest {
        return None;
    }
    let (length, body) = rest.split_at_checked(2)?;
    let length = u16::from_be_bytes(length.try_into().ok()?);
    let Value::Array(parts) = Value::decode(body.get(..length.into())?).ok()? else { return None };
    let [counter, origin, year, size, root] = <[Value; 5]>::try_from(parts).ok()?;
    let value = HighWater {
        origin: origin.as_text()?.to_owned(),
        year: year.as_int()?,
        size: size.as_int()?,
        root: root.as_bytes()?.try_into().ok()?,
    };
    Some((counter.as_int()?, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(size: i64) -> HighWater {
        HighWater {
            origin: "customs.xa.example/log/2026".to_owned(),
            year: 2026,
            size,
            root: [7; 32],
        }
    }

    #[tokio::test]
    async fn the_highest_state_survives_reopening_and_never_falls() {
        let dir = tempfile::tempdir().unwrap();
        let file = HighWaterFile::open(dir.path()).unwrap();
        assert_eq!(file.highest(), None);
        for size in [3, 9, 5] {
            file.raise(&state(size)).await.unwrap();
        }
        let again = HighWaterFile::open(dir.path()).unwrap();
        assert_eq!(again.highest(), Some(state(9)));
    }

    #[tokio::test]
    async fn a_torn_write_leaves_the_state_before() {
        let dir = tempfile::tempdir().unwrap();
        let file = HighWaterFile::open(dir.path()).unwrap();
        file.raise(&state(3)).await.unwrap();
        file.raise(&state(9)).await.unwrap();
        let path = dir.path().join("high-water");
        let mut bytes = std::fs::read(&path).unwrap();
        bytes[40] ^= 1; // the second raise went to the first slot
        std::fs::write(&path, &bytes).unwrap();
        assert_eq!(HighWaterFile::open(dir.path()).unwrap().highest(), Some(state(3)));
        bytes[SLOT_BYTES + 40] ^= 1;
        std::fs::write(&path, &bytes).unwrap();
        assert!(matches!(HighWaterFile::open(dir.path()), Err(LogError::HighWaterDamaged(_))));
    }

    #[test]
    fn a_later_year_is_above_any_size_of_the_year_before() {
        let next = HighWater { year: 2027, ..state(1) };
        assert!(next.is_above(&state(100)));
        assert!(!state(100).is_above(&next));
    }
}
