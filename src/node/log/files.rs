//! The published files of a log (tlog-tiles), derived from the store: durable before the checkpoint that covers them.
//!
//! `<data_dir>/log/<year>/` holds `checkpoint`, `tile/<level>/<n>` and `tile/entries/<n>`. A file is never overwritten
//! with other bytes, except the checkpoint. Decides nothing about when to publish.

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use crate::node::log::rows;
use crate::node::log::{EdgeError, LogError};
use crate::node::store::logs;
use crate::node::store::{Store, StoreError, Tx};
use crate::transparency::tile::{BundleId, TILE_LEVEL_MAX, TileId, encode_bundle};

/// Tiles that are read and written at once: bounds memory at 16 bundles of at most 16 MiB.
const TILES_AT_ONCE: u64 = 16;

const TILE_WIDTH: u64 = 256;

/// The folder of published files.
#[derive(Clone, Debug)]
pub struct LogFiles {
    root: PathBuf,
}

/// A file to be, below a log's folder.
struct Draft {
    path: String,
    bytes: Vec<u8>,
    /// The folder of partial tiles that this full one replaces.
    replaces: Option<String>,
}

impl LogFiles {
    /// The published files of a data directory.
    #[must_use]
    pub fn at(data_dir: &Path) -> Self {
        Self { root: data_dir.join("log") }
    }

    /// The folder of a log: the last part of its origin, the year.
    #[must_use]
    pub fn folder(&self, origin: &str) -> PathBuf {
        self.root.join(origin.rsplit('/').next().unwrap_or(origin))
    }

    /// Writes the tiles and entry bundles that a log of `size` has beyond those of `published`, durably.
    ///
    /// # Errors
    /// If the store or the disk fails, or a file holds other bytes.
    pub async fn write_tree(
        &self,
        store: &Store,
        origin: &str,
        published: u64,
        size: u64,
    ) -> Result<(), LogError> {
        for level in 0..=TILE_LEVEL_MAX {
            let Some((first, last)) = changed(level, published, size) else { break };
            let mut n = first;
            while n <= last {
                let end = last.min(n.saturating_add(TILES_AT_ONCE - 1));
                let drafts = drafts(store, origin, level, n..=end, size).await?;
                self.write(origin, drafts).await?;
                n = end.saturating_add(1);
            }
        }
        Ok(())
    }

    /// Replaces the published checkpoint, durably.
    ///
    /// # Errors
    /// If the disk fails.
    pub async fn put_checkpoint(&self, origin: &str, note: &[u8]) -> Result<(), LogError> {
        let (folder, note) = (self.folder(origin), note.to_vec());
        blocking(folder.join("checkpoint"), move |path| {
            fs::create_dir_all(&folder)?;
            replace(path, &note)?;
            sync_folder(&folder)
        })
        .await
    }

    /// The published checkpoint, if there is one.
    ///
    /// # Errors
    /// If the disk fails.
    pub async fn checkpoint(&self, origin: &str) -> Result<Option<Vec<u8>>, LogError> {
        blocking(self.folder(origin).join("checkpoint"), |path| match fs::read(path) {
            Ok(note) => Ok(Some(note)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        })
        .await
    }

    /// The size up to which no tile or bundle of a log is missing: the size asked about, or less if files were lost.
    ///
    /// # Errors
    /// If the disk fails.
    pub async fn complete_through(&self, origin: &str, size: u64) -> Result<u64, LogError> {
        let folder = self.folder(origin);
        blocking(folder.clone(), move |_| {
            let last = size.checked_sub(1).map(|last| last / TILE_WIDTH);
            for n in 0..=last.unwrap_or(0) {
                let paths = [
                    TileId::in_log(0, n, size).map(|id| id.path()),
                    BundleId::in_log(n, size).map(|id| id.path()),
                ];
                if paths.iter().flatten().any(|path| !folder.join(path).is_file()) {
                    return Ok(n * TILE_WIDTH);
                }
            }
            let above = (1..=TILE_LEVEL_MAX).flat_map(|level| {
                let last = (size >> (8 * u32::from(level).min(7))) / TILE_WIDTH;
                (0..=last).filter_map(move |n| TileId::in_log(level, n, size))
            });
            for id in above {
                if !folder.join(id.path()).is_file() {
                    return Ok(0);
                }
            }
            Ok(size)
        })
        .await
    }

    async fn write(&self, origin: &str, drafts: Vec<Draft>) -> Result<(), LogError> {
        let folder = self.folder(origin);
        blocking(folder.clone(), move |_| {
            let mut touched = BTreeSet::new();
            for draft in &drafts {
                let path = folder.join(&draft.path);
                create(&path, &draft.bytes, &folder, &mut touched)?;
            }
            for folder in &touched {
                sync_folder(folder)?;
            }
            // Only now that the full tiles are durable may the partial ones go.
            for draft in &drafts {
                if let Some(partial) = &draft.replaces {
                    remove_folder(&folder.join(partial))?;
                }
            }
            Ok(())
        })
        .await
    }
}

/// The first and last tile of a level that differ between two sizes; none if the level has no tile.
fn changed(level: u8, published: u64, size: u64) -> Option<(u64, u64)> {
    let shift = 8 * u32::from(level);
    let hashes = |size: u64| size.checked_shr(shift).unwrap_or(0);
    let last = hashes(size).checked_sub(1)? / TILE_WIDTH;
    Some((hashes(published.min(size)) / TILE_WIDTH, last))
}

async fn drafts(
    store: &Store,
    origin: &str,
    level: u8,
    range: std::ops::RangeInclusive<u64>,
    size: u64,
) -> Result<Vec<Draft>, LogError> {
    let origin = origin.to_owned();
    let read = store
        .read("log_files", move |tx| {
            Box::pin(async move {
                let mut read = Vec::new();
                for n in range {
                    let Some(id) = TileId::in_log(level, n, size) else { break };
                    let tile = rows::tile(tx, &origin, id).await?;
                    let entries = match level {
                        0 => Some(entries(tx, &origin, id).await?),
                        _ => None,
                    };
                    read.push((id, tile, entries));
                }
                Ok::<_, StoreError>((origin, read))
            })
        })
        .await?;
    let (origin, read) = read;
    let mut drafts = Vec::with_capacity(2 * read.len());
    for (id, tile, entries) in read {
        let tile = tile.filter(|tile| tile.hashes.len() == usize::from(id.width));
        let Some(tile) = tile else { return Err(EdgeError::Root { origin, size }.into()) };
        drafts.push(draft(id.path(), tile.to_bytes(), id.is_full()));
        if let Some(entries) = entries {
            if entries.len() != usize::from(id.width) {
                return Err(EdgeError::Root { origin, size }.into());
            }
            let bundle = BundleId { n: id.n, width: id.width };
            drafts.push(draft(bundle.path(), encode_bundle(&entries)?, bundle.is_full()));
        }
    }
    Ok(drafts)
}

fn draft(path: String, bytes: Vec<u8>, is_full: bool) -> Draft {
    let replaces = is_full.then(|| format!("{path}.p"));
    Draft { path, bytes, replaces }
}

async fn entries(tx: &mut Tx, origin: &str, id: TileId) -> Result<Vec<Vec<u8>>, StoreError> {
    let first = i64::try_from(id.n.saturating_mul(TILE_WIDTH)).unwrap_or(i64::MAX);
    logs::entries_from(tx, origin, first, id.width.into()).await
}

/// Runs file work beside the async workers, with the path in its error.
async fn blocking<T: Send + 'static>(
    path: PathBuf,
    work: impl FnOnce(&Path) -> io::Result<T> + Send + 'static,
) -> Result<T, LogError> {
    let name = path.display().to_string();
    let done = tokio::task::spawn_blocking(move || work(&path)).await;
    done.unwrap_or_else(|_| Err(io::Error::other("the writing task was cancelled"))).map_err(
        |source| match source.get_ref().and_then(|cause| cause.downcast_ref::<Differs>()) {
            Some(Differs(path)) => LogError::FileDiffers(path.clone()),
            None => LogError::File { path: name, source },
        },
    )
}

/// The mark of a file that holds other bytes.
#[derive(Debug, thiserror::Error)]
#[error("{0} holds other bytes")]
struct Differs(String);

/// Makes a file with these bytes; one that is there must hold the same.
fn create(
    path: &Path,
    bytes: &[u8],
    root: &Path,
    touched: &mut BTreeSet<PathBuf>,
) -> io::Result<()> {
    match fs::read(path) {
        Ok(known) if known == bytes => return Ok(()),
        Ok(_) => return Err(io::Error::other(Differs(path.display().to_string()))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    let folder = path.parent().unwrap_or(root);
    if !folder.is_dir() {
        fs::create_dir_all(folder)?;
        // The names of new folders must be durable too, up to the log's own and the one that holds it.
        let above = folder.ancestors().take_while(|above| above.starts_with(root));
        touched.extend(above.map(Path::to_owned));
        touched.extend(root.parent().map(Path::to_owned));
    }
    replace(path, bytes)?;
    touched.insert(folder.to_owned());
    Ok(())
}

/// Writes under a temporary name, makes it durable, renames it. The folder is the caller's to sync.
fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let temporary = path.with_extension("new");
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).open(&temporary)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&temporary, path)
}

fn remove_folder(folder: &Path) -> io::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}

fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_tiles_that_grew_are_written() {
        assert_eq!(changed(0, 0, 1), Some((0, 0)));
        assert_eq!(changed(0, 300, 600), Some((1, 2)));
        assert_eq!(changed(0, 256, 257), Some((1, 1)));
        assert_eq!(changed(1, 0, 255), None);
        assert_eq!(changed(1, 200, 256), Some((0, 0)));
        assert_eq!(changed(0, 0, 0), None);
        // A level that did not grow begins after its last tile, or at a partial one that is written as it was.
        assert_eq!(changed(1, 256, 511), Some((0, 0)));
    }
}
