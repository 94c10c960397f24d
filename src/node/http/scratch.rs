//! Files without a name, for what must be whole before it can be sent, and how they are sent; gone when closed, also after
//! a crash.

use std::fs::{File, OpenOptions, Permissions};
use std::io::{self, Seek as _, SeekFrom};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use crate::node::casework::Error;
use crate::node::http::download::{Attachment, attachment};
use crate::node::http::frame::running_number;
use crate::node::http::problem::Problem;

/// A new empty file in that folder, for its owner alone, which is made if it is not there.
///
/// # Errors
/// What the operating system says.
pub(crate) fn file(folder: &Path) -> io::Result<File> {
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    std::fs::set_permissions(folder, Permissions::from_mode(0o700))?;
    let path = folder.join(running_number());
    let file =
        OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(&path)?;
    // The bytes live as long as the file is open.
    std::fs::remove_file(&path)?;
    Ok(file)
}

/// As [`file()`], beside the async workers.
///
/// # Errors
/// A problem of the disk.
pub(crate) async fn begun(folder: PathBuf) -> Result<File, Problem> {
    blocking(move || file(&folder)).await
}

/// The answer that sends a file which is whole under that name.
///
/// # Errors
/// As [`begun`].
pub(crate) async fn sent(mut file: File, name: &str) -> Result<Attachment, Problem> {
    let (file, bytes) = blocking(move || {
        let bytes = file.seek(SeekFrom::End(0))?;
        file.rewind()?;
        Ok((file, bytes))
    })
    .await?;
    Ok(attachment(name, bytes, tokio::fs::File::from_std(file)))
}

/// File work beside the async workers.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<T, Problem> {
    let done = tokio::task::spawn_blocking(work).await;
    let done = done.unwrap_or_else(|_| Err(io::Error::other("the task was cancelled")));
    done.map_err(|error| match error.kind() {
        io::ErrorKind::StorageFull => Error::Full.into(),
        _ => Problem::internal(&error),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read as _, Write as _};

    #[test]
    fn a_scratch_file_leaves_no_name() {
        let folder = tempfile::tempdir().unwrap();
        let packs = folder.path().join("packs");
        let mut scratch = file(&packs).unwrap();
        scratch.write_all(b"pack").unwrap();
        scratch.rewind().unwrap();
        let mut text = String::new();
        scratch.read_to_string(&mut text).unwrap();
        assert_eq!(text, "pack");
        assert_eq!(std::fs::read_dir(&packs).unwrap().count(), 0);
    }
}
