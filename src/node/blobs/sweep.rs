//! Cleans up after a crash: staged files that no row knows. Finished blobs are only listed, never removed.

use std::collections::HashSet;
use std::io;
use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;

use crate::node::blobs::error::BlobError;
use crate::node::blobs::folder::{Blobs, Folder, blocking, remove_if_there, sync_folder};
use crate::node::blobs::name::BlobName;

/// What a sweep found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// Staged files that were removed.
    pub removed: usize,
    /// Finished blobs that no row knows. After the restore of an older store these can be evidence that the
    /// store has yet to learn of again, so they are for an administrator to decide.
    pub unknown: Vec<BlobName>,
}

impl Blobs {
    /// Removes leftovers of intakes and transfers that no row knows. Only at start, before anything is taken in.
    ///
    /// # Errors
    /// If the folder cannot be read or a file not be removed.
    pub async fn sweep(&self, known: HashSet<BlobName>) -> Result<Swept, BlobError> {
        let folder = Arc::clone(&self.folder);
        blocking(move || sweep(&folder, &known).map_err(BlobError::Folder)).await
    }
}

fn sweep(folder: &Folder, known: &HashSet<BlobName>) -> io::Result<Swept> {
    let mut swept = Swept::default();
    for entry in std::fs::read_dir(&folder.staging)? {
        let path = entry?.path();
        if !blob_of(&path).is_some_and(|blob| known.contains(&blob)) {
            remove_if_there(&path)?;
            swept.removed += 1;
        }
    }
    sync_folder(&folder.staging)?;
    for entry in std::fs::read_dir(&folder.root)? {
        if let Some(blob) = blob_of(&entry?.path())
            && !known.contains(&blob)
        {
            swept.unknown.push(blob);
        }
    }
    swept.unknown.sort_unstable();
    swept.unknown.dedup();
    Ok(swept)
}

fn blob_of(path: &Path) -> Option<BlobName> {
    BlobName::from_str(path.file_stem()?.to_str()?).ok()
}
