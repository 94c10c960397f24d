//! The folder of blobs on the local disk: names, staging, durable renames; reads and writes no content.

use std::fmt;
use std::fs::{DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::node::blobs::error::{BlobError, BlobPart};
use crate::node::blobs::name::BlobName;
use crate::node::rng::Rng;

/// The blobs of a node. Cheap to clone.
///
/// A finished blob is `NAME`, its hash tree `NAME.tree`; what is not finished lies in `staging/` under the same names.
#[derive(Clone)]
pub struct Blobs {
    pub(super) folder: Arc<Folder>,
    pub(super) rng: Arc<dyn Rng>,
    writers: Arc<Semaphore>,
    readers: Arc<Semaphore>,
}

/// Blobs that are taken in or fetched at the same time; each holds two threads and about 4 MiB.
const WRITERS_MAX: usize = 32;

/// Blobs that are read or sent at the same time; each holds a thread and less than 1 MiB. Together with the writers
/// they stay below the 512 threads that tokio has for blocking work, so that none waits for one that waits for it.
const READERS_MAX: usize = 128;

impl Blobs {
    /// Opens the folder, and makes it if it is not there.
    ///
    /// # Errors
    /// If the folder cannot be made.
    pub fn open(root: &Path, rng: Arc<dyn Rng>) -> Result<Self, BlobError> {
        let folder = Folder { root: root.to_owned(), staging: root.join("staging") };
        folder.make().map_err(BlobError::Folder)?;
        Ok(Self {
            folder: Arc::new(folder),
            rng,
            writers: Arc::new(Semaphore::new(WRITERS_MAX)),
            readers: Arc::new(Semaphore::new(READERS_MAX)),
        })
    }

    /// Removes a blob, durably. Nothing happens if it is not there.
    ///
    /// # Errors
    /// If the disk refuses.
    pub async fn remove(&self, blob: BlobName) -> Result<(), BlobError> {
        let folder = Arc::clone(&self.folder);
        blocking(move || folder.remove(blob)).await
    }

    pub(super) async fn permit_to_write(&self) -> Result<OwnedSemaphorePermit, BlobError> {
        Arc::clone(&self.writers).acquire_owned().await.map_err(|_| BlobError::Stopped)
    }

    pub(super) async fn permit_to_read(&self) -> Result<OwnedSemaphorePermit, BlobError> {
        Arc::clone(&self.readers).acquire_owned().await.map_err(|_| BlobError::Stopped)
    }
}

impl fmt::Debug for Blobs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Blobs").field("root", &self.folder.root).finish_non_exhaustive()
    }
}

/// Runs work that waits for the disk where it does not hold up others.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, BlobError> + Send + 'static,
) -> Result<T, BlobError> {
    tokio::task::spawn_blocking(work).await.unwrap_or(Err(BlobError::Stopped))
}

/// Where files lie.
#[derive(Debug)]
pub(super) struct Folder {
    pub(super) root: PathBuf,
    pub(super) staging: PathBuf,
}

impl Folder {
    /// A new file that no reader sees yet.
    pub(super) fn stage(&self, blob: BlobName, part: BlobPart) -> Result<File, BlobError> {
        OpenOptions::new()
            .read(true)
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(self.staged(blob, part))
            .and_then(|file| file.lock().map(|()| file))
            .map_err(|source| BlobError::Io { blob, source })
    }

    /// The staged file of a transfer that was interrupted. Waits until a thread that still writes to it has ended:
    /// a staged file is locked for as long as it is open.
    pub(super) fn open_staged(&self, blob: BlobName, part: BlobPart) -> Result<File, BlobError> {
        OpenOptions::new()
            .read(true)
            .write(true)
            .open(self.staged(blob, part))
            .and_then(|file| file.lock().map(|()| file))
            .map_err(|e| classify(blob, part, e))
    }

    /// A finished file.
    pub(super) fn open(&self, blob: BlobName, part: BlobPart) -> Result<File, BlobError> {
        File::open(self.finished(blob, part)).map_err(|e| classify(blob, part, e))
    }

    /// Gives synced staged files their place among the finished ones, durably.
    ///
    /// The tree goes first, so a blob that is there is there with its tree.
    pub(super) fn publish(&self, blob: BlobName, parts: &[BlobPart]) -> Result<(), BlobError> {
        for part in parts.iter().rev() {
            std::fs::rename(self.staged(blob, *part), self.finished(blob, *part))
                .map_err(|source| BlobError::Io { blob, source })?;
        }
        sync_folder(&self.root).map_err(|source| BlobError::NotDurable { blob, source })
    }

    /// Drops what is staged under a name.
    pub(super) fn discard(&self, blob: BlobName) -> Result<(), BlobError> {
        for part in [BlobPart::Content, BlobPart::Outboard] {
            self.discard_part(blob, part)?;
        }
        Ok(())
    }

    pub(super) fn discard_part(&self, blob: BlobName, part: BlobPart) -> Result<(), BlobError> {
        remove_if_there(&self.staged(blob, part)).map_err(|source| BlobError::Io { blob, source })
    }

    fn remove(&self, blob: BlobName) -> Result<(), BlobError> {
        self.discard(blob)?;
        // The content first: a tree without content is no evidence, and the sweep of a later start lists it.
        for part in [BlobPart::Content, BlobPart::Outboard] {
            remove_if_there(&self.finished(blob, part))
                .map_err(|source| BlobError::Io { blob, source })?;
        }
        sync_folder(&self.root).map_err(|source| BlobError::NotDurable { blob, source })
    }

    fn make(&self) -> io::Result<()> {
        let mut private = DirBuilder::new();
        private.recursive(true).mode(0o700);
        private.create(&self.staging)?;
        sync_folder(&self.root)?;
        self.root.parent().filter(|p| !p.as_os_str().is_empty()).map_or(Ok(()), sync_folder)
    }

    pub(super) fn staged(&self, blob: BlobName, part: BlobPart) -> PathBuf {
        self.staging.join(file_name(blob, part))
    }

    pub(super) fn finished(&self, blob: BlobName, part: BlobPart) -> PathBuf {
        self.root.join(file_name(blob, part))
    }
}

/// Drops what is staged under a name unless it was published.
#[derive(Debug)]
pub(super) struct Staged {
    folder: Arc<Folder>,
    blob: BlobName,
    is_published: bool,
}

impl Staged {
    pub(super) const fn new(folder: Arc<Folder>, blob: BlobName) -> Self {
        Self { folder, blob, is_published: false }
    }

    pub(super) fn published(mut self) {
        self.is_published = true;
    }
}

impl Drop for Staged {
    fn drop(&mut self) {
        if !self.is_published {
            // What cannot be removed now is left to the sweep at the next start.
            let _left = self.folder.discard(self.blob);
        }
    }
}

fn file_name(blob: BlobName, part: BlobPart) -> String {
    match part {
        BlobPart::Content => blob.to_string(),
        BlobPart::Outboard => format!("{blob}.tree"),
    }
}

fn classify(blob: BlobName, part: BlobPart, source: io::Error) -> BlobError {
    if source.kind() == io::ErrorKind::NotFound {
        BlobError::Missing { blob, part }
    } else {
        BlobError::Io { blob, source }
    }
}

pub(super) fn remove_if_there(path: &Path) -> io::Result<()> {
    match std::fs::remove_file(path) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

pub(super) fn sync_folder(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}
