//! A node's folder from a backup: checked against its manifest, private, and without a high-water file.
//!
//! That file is missing on purpose: the node then asks its witnesses whether the copy is too old before it signs a
//! checkpoint. Starts nothing.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, BufReader, Read, Seek, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use zip::result::ZipError;
use zip::{CompressionMethod, ZipArchive};

use crate::node::clock::Clock;
use crate::node::start::{self, StartError};
use crate::node::store::{KeyVault, Store, StoreConfig, StoreError};
use crate::node::upkeep::Progress;
use crate::node::upkeep::archive::{
    BLOBS, CONFIG, DATA, KEYS, MANIFEST, MANIFEST_BYTES_MAX, Manifest, ManifestFile, STORE, VAULT,
    place,
};
use crate::node::upkeep::backup::copy;

/// The longest configuration that is read.
const CONFIG_BYTES_MAX: u64 = 1024 * 1024;

/// A node that was restored.
#[derive(Clone, Debug)]
pub struct Restored {
    /// What the backup held.
    pub manifest: Manifest,
    /// The configuration file.
    pub config: PathBuf,
    /// Where the data directory was before, if the configuration had to be changed.
    pub moved_from: Option<String>,
}

/// Why nothing usable was restored.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    /// The file is not a backup, or is damaged.
    #[error("{file} is not a sound backup: {why}; take another copy")]
    NotSound {
        /// The file.
        file: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// Something is in the folder.
    #[error(
        "{0} is not empty: a backup is restored into an empty folder; name another one in --dir"
    )]
    NotEmpty(PathBuf),
    /// A file cannot be read or written.
    #[error(
        "cannot read or write {path}: {source}; see whether the disk is full and this user may write there"
    )]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The configuration in the backup cannot be adapted.
    #[error(
        "the configuration in the backup cannot be read: {0}; the data is restored, write sealane.toml by hand"
    )]
    Config(String),
    /// The data directory is in use.
    #[error(transparent)]
    Lock(#[from] StartError),
    /// The restored store does not open.
    #[error("the restored store does not open: {0}")]
    Store(#[from] StoreError),
}

/// Restores a backup into a folder that is empty or not there yet. The configuration comes last, so that no node starts
/// on half a restore.
///
/// # Errors
/// A [`RestoreError`] that says what to do; what was written until then stays and has no configuration.
pub async fn restore(
    file: &Path,
    dir: &Path,
    clock: Arc<dyn Clock>,
    progress: Progress<'_>,
) -> Result<Restored, RestoreError> {
    let data = dir.join(DATA);
    let mut archive = tokio::task::block_in_place(|| Opened::open(file))?;
    make_folders(dir)?;
    let lock = start::lock(&data)?;
    tokio::task::block_in_place(|| archive.extract(dir, progress))?;
    // A store of a newer version is refused here and not when the node is started.
    let place = |name: &str| StoreConfig::Sqlite { path: data.join(name) };
    Store::open(&place(STORE), Arc::clone(&clock)).await?.close().await;
    KeyVault::open(&place(VAULT), clock).await?.close().await;
    let moved_from = archive.put_config(dir)?;
    for folder in [data.join(KEYS), data.join(BLOBS), data, dir.to_owned()] {
        sync(&folder)?;
    }
    drop(lock);
    Ok(Restored { manifest: archive.manifest, config: dir.join(CONFIG), moved_from })
}

/// Holds a backup against its manifest as a restore does: reads all of it and writes nothing. `file` is its name in
/// messages.
///
/// # Errors
/// [`RestoreError::NotSound`] or [`RestoreError::Config`].
pub fn check(backup: impl Read + Seek, file: &Path) -> Result<Manifest, RestoreError> {
    let mut archive = Opened::read(backup, file)?;
    for named in archive.manifest.files.clone() {
        archive.unpack(&named, &mut io::sink(), file, &mut |_| {})?;
    }
    archive.config()?;
    Ok(archive.manifest)
}

/// A backup whose manifest fits its table of contents.
struct Opened<R> {
    file: PathBuf,
    zip: ZipArchive<R>,
    manifest: Manifest,
}

impl Opened<BufReader<File>> {
    fn open(file: &Path) -> Result<Self, RestoreError> {
        Self::read(BufReader::new(File::open(file).map_err(io_at(file))?), file)
    }
}

impl<R: Read + Seek> Opened<R> {
    fn read(backup: R, file: &Path) -> Result<Self, RestoreError> {
        let unsound = |why: String| RestoreError::NotSound { file: file.to_owned(), why };
        let mut zip = ZipArchive::new(backup).map_err(|error| unsound(zip_fault(&error)))?;
        let manifest = read_manifest(&mut zip).map_err(unsound)?;
        // The manifest itself is the one file that it does not name.
        if zip.len() != manifest.files.len().saturating_add(1) {
            return Err(unsound("it holds other files than its manifest names".to_owned()));
        }
        Ok(Self { file: file.to_owned(), zip, manifest })
    }

    fn unsound(&self, why: String) -> RestoreError {
        RestoreError::NotSound { file: self.file.clone(), why }
    }

    /// Writes all files but the configuration, each durable and compared with the manifest.
    fn extract(&mut self, dir: &Path, progress: Progress<'_>) -> Result<(), RestoreError> {
        let total = self.manifest.files.iter().fold(0, |sum: u64, f| sum.saturating_add(f.size));
        let mut done = 0_u64;
        for named in self.manifest.files.clone() {
            if named.path == CONFIG {
                continue;
            }
            let path = place(dir, &named.path);
            let mut new = create(&path)?;
            self.unpack(&named, &mut new, &path, &mut |bytes| {
                done = done.saturating_add(bytes);
                progress(done, total);
            })?;
            new.sync_all().map_err(io_at(&path))?;
        }
        Ok(())
    }

    fn unpack(
        &mut self,
        named: &ManifestFile,
        to: &mut impl Write,
        path: &Path,
        copied: &mut dyn FnMut(u64),
    ) -> Result<(), RestoreError> {
        let file = self.file.clone();
        let unsound = |why: String| RestoreError::NotSound { file: file.clone(), why };
        let entry = self
            .zip
            .by_name(&named.path)
            .map_err(|error| unsound(format!("{}: {}", named.path, zip_fault(&error))))?;
        if entry.compression() != CompressionMethod::Stored || entry.size() != named.size {
            return Err(unsound(format!("{} has another size than the manifest says", named.path)));
        }
        let mut entry = entry.take(named.size);
        let (size, sha256) = copy(&mut entry, to, copied).map_err(|error| match error.kind() {
            io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof => {
                unsound(format!("{} is damaged", named.path))
            }
            _ => RestoreError::Io { path: path.to_owned(), source: error },
        })?;
        if size != named.size || sha256 != named.sha256 {
            return Err(unsound(format!("{} is damaged", named.path)));
        }
        Ok(())
    }

    /// The configuration with the data directory of a restore, and where that was before.
    fn config(&mut self) -> Result<(String, Option<String>), RestoreError> {
        let named = self.manifest.files.iter().find(|file| file.path == CONFIG).cloned();
        let named = named.filter(|file| file.size <= CONFIG_BYTES_MAX);
        let named =
            named.ok_or_else(|| self.unsound("its configuration is too long".to_owned()))?;
        let mut bytes = Vec::new();
        self.unpack(&named, &mut bytes, Path::new(CONFIG), &mut |_| {})?;
        let text = String::from_utf8(bytes).map_err(|e| RestoreError::Config(e.to_string()))?;
        with_data_dir(&text).map_err(RestoreError::Config)
    }

    /// Writes the configuration.
    fn put_config(&mut self, dir: &Path) -> Result<Option<String>, RestoreError> {
        let path = dir.join(CONFIG);
        let (text, moved_from) = self.config()?;
        let mut file = create(&path)?;
        file.write_all(text.as_bytes()).map_err(io_at(&path))?;
        file.sync_all().map_err(io_at(&path))?;
        Ok(moved_from)
    }
}

fn read_manifest(zip: &mut ZipArchive<impl Read + Seek>) -> Result<Manifest, String> {
    let entry = zip.by_name(MANIFEST).map_err(|error| match error {
        ZipError::FileNotFound => format!("it has no {MANIFEST}"),
        error => zip_fault(&error),
    })?;
    if entry.size() > MANIFEST_BYTES_MAX {
        return Err("its manifest is too long".to_owned());
    }
    let mut bytes = Vec::new();
    entry
        .take(MANIFEST_BYTES_MAX)
        .read_to_end(&mut bytes)
        .map_err(|_| "its manifest is damaged".to_owned())?;
    let manifest: Manifest = serde_json::from_slice(&bytes)
        .map_err(|error| format!("its manifest cannot be read ({error})"))?;
    manifest.fault().map_or(Ok(manifest), Err)
}

/// The text with `data_dir = "data"`, and what stood there if it was something else. Comments stay.
fn with_data_dir(text: &str) -> Result<(String, Option<String>), String> {
    let data_dir = |text: &str| -> Result<String, String> {
        let table: toml::Table = text.parse().map_err(|e: toml::de::Error| e.to_string())?;
        let value = table.get("node").and_then(|node| node.get("data_dir"));
        let value = value.and_then(toml::Value::as_str);
        value.map(str::to_owned).ok_or_else(|| "node.data_dir is not set".to_owned())
    };
    let before = data_dir(text)?;
    if before == DATA {
        return Ok((text.to_owned(), None));
    }
    let mut section = String::new();
    let mut lines = Vec::new();
    for line in text.lines() {
        let trimmed = line.trim();
        if trimmed.starts_with('[') {
            section = trimmed.split(']').next().unwrap_or_default().replace(['[', ' '], "");
        }
        let key = trimmed.split('=').next().unwrap_or_default().trim();
        let is_it = section == "node" && key == "data_dir" && trimmed.contains('=');
        lines.push(if is_it { format!("data_dir = \"{DATA}\"") } else { line.to_owned() });
    }
    let after = lines.join("\n") + "\n";
    if data_dir(&after)? == DATA {
        Ok((after, Some(before)))
    } else {
        Err("node.data_dir is not on a line of its own".to_owned())
    }
}

/// Makes the node's folder, which must be empty or absent, and the private folders in it.
fn make_folders(dir: &Path) -> Result<(), RestoreError> {
    match fs::read_dir(dir) {
        Ok(mut entries) => match entries.next() {
            None => {}
            Some(_) => return Err(RestoreError::NotEmpty(dir.to_owned())),
        },
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            DirBuilder::new().recursive(true).mode(0o700).create(dir).map_err(io_at(dir))?;
        }
        Err(error) => return Err(io_at(dir)(error)),
    }
    let data = dir.join(DATA);
    for folder in [data.clone(), data.join(KEYS), data.join(BLOBS)] {
        match DirBuilder::new().mode(0o700).create(&folder) {
            Ok(()) => {}
            // Another restore into the same folder was faster.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                return Err(RestoreError::NotEmpty(dir.to_owned()));
            }
            Err(error) => return Err(io_at(&folder)(error)),
        }
    }
    Ok(())
}

fn create(path: &Path) -> Result<File, RestoreError> {
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(io_at(path))
}

fn sync(folder: &Path) -> Result<(), RestoreError> {
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(io_at(folder))
}

fn zip_fault(error: &ZipError) -> String {
    match error {
        ZipError::Io(error) => format!("it cannot be read ({error})"),
        ZipError::FileNotFound => "it is missing".to_owned(),
        // The table of contents is at the end: a copy that broke off has none.
        ZipError::InvalidArchive(_) => {
            "it was cut short on its way, or is no backup at all: its table of contents, which is at the end, is missing".to_owned()
        }
        error => format!("it is not a backup archive ({error})"),
    }
}

fn io_at(path: &Path) -> impl FnOnce(io::Error) -> RestoreError {
    let path = path.to_owned();
    move |source| RestoreError::Io { path, source }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_data_directory_elsewhere_becomes_the_restored_one_and_comments_stay() {
        let text = "# mine\n[node]\ndata_dir = '/srv/old' # there\n[store]\nbackend = 'sqlite'\n";
        let (after, from) = with_data_dir(text).unwrap();
        assert_eq!(from.as_deref(), Some("/srv/old"));
        assert!(after.starts_with("# mine\n[node]\ndata_dir = \"data\"\n[store]"), "{after}");
        let (same, from) = with_data_dir("[node]\ndata_dir = \"data\"").unwrap();
        assert_eq!((same.as_str(), from), ("[node]\ndata_dir = \"data\"", None));
    }

    #[test]
    fn a_configuration_whose_data_directory_cannot_be_replaced_is_refused() {
        assert!(with_data_dir("node = { data_dir = '/srv/old' }\n").is_err());
        assert!(with_data_dir("[node]\ntitle = 'x'\n").is_err());
        assert!(with_data_dir("[node").is_err());
    }
}
