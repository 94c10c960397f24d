//! Files that only the node's own user may read: made durable on creation, refused when others could read them.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

/// The longest key or certificate file that is read; a P-256 CA with its certificate has 2 KB.
const FILE_BYTES_MAX: u64 = 64 * 1024;

/// Why a private file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PrivateFileError {
    /// It is not there.
    #[error(
        "{path} is missing: restore it from the backup of the keys; a new key would not be the one that peers know"
    )]
    Missing {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// Others on this machine can read or change it.
    #[error(
        "{path} has mode {mode:04o}, so others on this machine can reach it: run `chmod {wanted:04o} {path}`, and replace the key if it may have been copied"
    )]
    TooWide {
        /// The file or folder.
        path: PathBuf,
        /// Its mode now.
        mode: u32,
        /// The mode it must have.
        wanted: u32,
    },
    /// It belongs to another user.
    #[error(
        "{path} belongs to user id {owner}, but the node runs as {us}: run the node as that user, or `chown {us} {path}`"
    )]
    NotOurs {
        /// The file or folder.
        path: PathBuf,
        /// Who owns it.
        owner: u32,
        /// Who we are.
        us: u32,
    },
    /// It exists and is never overwritten.
    #[error(
        "{path} exists already and is never overwritten: move it away first if it is really not needed"
    )]
    Exists {
        /// The file or folder.
        path: PathBuf,
    },
    /// Reading or writing failed.
    #[error("{path} cannot be read or written")]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the operating system said.
        #[source]
        source: io::Error,
    },
}

/// Makes a folder with mode 0700 and whatever is missing above it; nothing happens if it exists.
pub(super) fn create_folder(path: &Path) -> Result<(), PrivateFileError> {
    DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(|e| classify(path, e))
}

/// Writes a new file with mode 0600 and makes its content durable; never touches an existing one.
///
/// The name is durable only after [`sync_folder`].
pub(super) fn create(path: &Path, content: &[u8]) -> Result<(), PrivateFileError> {
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .map_err(|e| classify(path, e))?;
    file.write_all(content).and_then(|()| file.sync_all()).map_err(|e| classify(path, e))
}

/// Puts a file in the place of another, durably: a reader sees the old or the new one, never half.
pub(super) fn replace(path: &Path, content: &[u8]) -> Result<(), PrivateFileError> {
    let new = path.with_extension("new");
    match std::fs::remove_file(&new) {
        Ok(()) => {}
        Err(e) if e.kind() == io::ErrorKind::NotFound => {}
        Err(e) => return Err(classify(&new, e)),
    }
    create(&new, content)?;
    std::fs::rename(&new, path).map_err(|e| classify(path, e))?;
    path.parent().map_or(Ok(()), sync_folder)
}

/// Makes the names in a folder durable.
pub(super) fn sync_folder(path: &Path) -> Result<(), PrivateFileError> {
    File::open(path).and_then(|folder| folder.sync_all()).map_err(|e| classify(path, e))
}

/// Refuses a folder of keys that others can enter.
pub(super) fn check_folder(path: &Path) -> Result<(), PrivateFileError> {
    let folder = File::open(path).map_err(|e| classify(path, e))?;
    check(path, &folder, 0o700)
}

/// The text of a file that nobody else can read.
///
/// The mode is asked of the open file, not of the name, so it cannot be swapped in between.
pub(super) fn read(path: &Path) -> Result<Zeroizing<String>, PrivateFileError> {
    let file = File::open(path).map_err(|e| classify(path, e))?;
    check(path, &file, 0o600)?;
    read_bounded(path, file)
}

/// The text of a file that is no secret, such as a certificate.
pub(super) fn read_public(path: &Path) -> Result<Zeroizing<String>, PrivateFileError> {
    read_bounded(path, File::open(path).map_err(|e| classify(path, e))?)
}

fn read_bounded(path: &Path, file: File) -> Result<Zeroizing<String>, PrivateFileError> {
    // Room for all at once: a growing buffer would leave copies of the secret behind.
    let mut text = Zeroizing::new(String::with_capacity(8 * 1024));
    file.take(FILE_BYTES_MAX).read_to_string(&mut text).map_err(|e| classify(path, e))?;
    Ok(text)
}

fn check(path: &Path, file: &File, wanted: u32) -> Result<(), PrivateFileError> {
    let metadata = file.metadata().map_err(|e| classify(path, e))?;
    let us = rustix::process::geteuid().as_raw();
    if metadata.uid() != us {
        return Err(PrivateFileError::NotOurs { path: path.to_owned(), owner: metadata.uid(), us });
    }
    let mode = metadata.mode() & 0o7777;
    if mode & !wanted != 0 {
        return Err(PrivateFileError::TooWide { path: path.to_owned(), mode, wanted });
    }
    Ok(())
}

fn classify(path: &Path, source: io::Error) -> PrivateFileError {
    let path = path.to_owned();
    match source.kind() {
        io::ErrorKind::NotFound => PrivateFileError::Missing { path },
        io::ErrorKind::AlreadyExists => PrivateFileError::Exists { path },
        _ => PrivateFileError::Io { path, source },
    }
}
