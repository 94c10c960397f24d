//! A copy of a node's data as one file, made while the node runs; takes no lock and changes nothing of the node.
//!
//! The store is copied first, then the content keys: a key that is newer than the rows is harmless, a row whose key is
//! missing cannot be read. Evidence files never change once they have their name, so they come last. What is derived
//! (the published log) or belongs to the machine (the high-water file, lock, socket) is left out.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sha2::{Digest, Sha256};
use zip::result::ZipError;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, System, ZipWriter};

use crate::domain::time::Timestamp;
use crate::node::clock::Clock;
use crate::node::config::{Backend, Config, ConfigError};
use crate::node::start::{StartError, store_configs};
use crate::node::store::{KeyVault, Store, StoreConfig, StoreError, logs};
use crate::node::upkeep::Progress;
use crate::node::upkeep::archive::{
    BLOBS, CONFIG, FORMAT, KEYS, MANIFEST, Manifest, ManifestFile, STORE, VAULT, data_path,
};

/// Bytes that are copied at a time.
const CHUNK: usize = 256 * 1024;
/// The root key stays off the machine, so it is in no backup of the machine either.
const ROOT_KEY: &str = "root.key";

/// What is to be backed up, and where to.
#[derive(Clone, Debug)]
pub struct Backup {
    /// The node's configuration file.
    pub config: PathBuf,
    /// The file to write; it must not exist.
    pub out: PathBuf,
    /// Whether the key files go into it.
    pub with_keys: bool,
}

/// A backup that was made.
#[derive(Clone, Debug)]
pub struct Made {
    /// What it holds.
    pub manifest: Manifest,
    /// The root key's file, if it still lies on this machine. It is not in the backup.
    pub root_key: Option<PathBuf>,
    /// Files that the configuration names and that are not in the backup.
    pub left_out: Vec<PathBuf>,
}

/// Why no backup was made.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The configuration cannot be used.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The store is PostgreSQL's.
    #[error(
        "the store of this node is a PostgreSQL database, which has its own tools: run `pg_dump --format=custom` on it (the schema sealane_keys holds the content keys), then copy {0} (blobs and keys) and the configuration; the dump must come before the copy"
    )]
    Postgres(PathBuf),
    /// There is no store.
    #[error("{0} is not there: name the configuration of a node that was set up, in --config")]
    Absent(PathBuf),
    /// The file exists.
    #[error("{0} exists already and is never overwritten: name another file")]
    Exists(PathBuf),
    /// Another backup to that file.
    #[error("{0} is in the way: if no other backup is running, remove it and repeat")]
    Busy(PathBuf),
    /// The copy of the store is not sound.
    #[error("the copy of the store is damaged ({0}): check the disk, then `sealane log check`")]
    Damaged(String),
    /// The store cannot be copied.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The places of the store cannot be told.
    #[error(transparent)]
    Start(#[from] StartError),
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
    /// The archive cannot be written.
    #[error("the backup cannot be written: {0}")]
    Zip(#[from] ZipError),
}

/// Makes the backup; the file appears under its name only when it is whole and durable.
///
/// # Errors
/// A [`BackupError`] that says what to do; nothing is left behind then.
pub async fn backup(
    what: &Backup,
    clock: Arc<dyn Clock>,
    progress: Progress<'_>,
) -> Result<Made, BackupError> {
    let config = Config::load(&what.config)?;
    let (main, vault) = places(&config)?;
    if what.out.exists() {
        return Err(BackupError::Exists(what.out.clone()));
    }
    let scratch = Scratch::beside(&what.out)?;
    let begun = clock.now();
    let mut manifest = copy_store(&main, &scratch, &clock).await?;
    manifest.authority = config.node.authority.to_string();
    manifest.made_at = begun.to_string();
    copy_vault(&vault, &scratch, &clock).await?;
    let sources = sources(what, &config, &scratch)?;
    let file = scratch.path("archive");
    let made = tokio::task::block_in_place(|| -> Result<Manifest, BackupError> {
        let manifest = write_archive(&file, begun, manifest, &sources, progress)?;
        fs::rename(&file, &what.out).map_err(io_at(&what.out))?;
        sync_parent(&what.out)?;
        Ok(manifest)
    })?;
    let root_key = config.node.data_dir.join(KEYS).join(ROOT_KEY);
    let named = [&config.http.tls_certificate, &config.http.tls_key, &config.store.url_file];
    Ok(Made {
        manifest: made,
        root_key: root_key.exists().then_some(root_key),
        left_out: named.into_iter().flatten().cloned().collect(),
    })
}

/// The files of the store and of the content keys.
fn places(config: &Config) -> Result<(PathBuf, PathBuf), BackupError> {
    let data = &config.node.data_dir;
    if config.store.backend == Backend::Postgres {
        return Err(BackupError::Postgres(data.clone()));
    }
    match store_configs(config)? {
        (StoreConfig::Sqlite { path: main }, StoreConfig::Sqlite { path: vault }) => {
            // Opening would make them.
            let missing = [&main, &vault].into_iter().find(|path| !path.is_file()).cloned();
            missing.map_or(Ok((main, vault)), |missing| Err(BackupError::Absent(missing)))
        }
        (StoreConfig::Sqlite { .. } | StoreConfig::Postgres { .. }, _) => {
            Err(BackupError::Postgres(data.clone()))
        }
    }
}

/// Copies the store, and looks whether the copy is sound.
async fn copy_store(
    main: &Path,
    scratch: &Scratch,
    clock: &Arc<dyn Clock>,
) -> Result<Manifest, BackupError> {
    let copy = scratch.path(STORE);
    let open = |path: &Path| StoreConfig::Sqlite { path: path.to_owned() };
    let store = Store::open(&open(main), Arc::clone(clock)).await?;
    let copied = store.copy_to(&copy).await;
    store.close().await;
    copied?;
    let store = Store::open(&open(&copy), Arc::clone(clock)).await?;
    let faults = store.check().await;
    let newest =
        store.read("backup_log", |tx| Box::pin(async move { logs::newest(tx).await })).await;
    store.close().await;
    if let Some(fault) = faults?.into_iter().next() {
        return Err(BackupError::Damaged(fault));
    }
    let newest = newest?;
    Ok(Manifest {
        format: FORMAT.to_owned(),
        authority: String::new(),
        made_at: String::new(),
        log_size: newest.as_ref().map_or(0, |log| log.size),
        log: newest.map(|log| log.origin),
        files: Vec::new(),
    })
}

async fn copy_vault(
    vault: &Path,
    scratch: &Scratch,
    clock: &Arc<dyn Clock>,
) -> Result<(), BackupError> {
    let place = StoreConfig::Sqlite { path: vault.to_owned() };
    let vault = KeyVault::open(&place, Arc::clone(clock)).await?;
    let copied = vault.copy_to(&scratch.path(VAULT)).await;
    vault.close().await;
    Ok(copied?)
}

/// A file and its path in the archive.
struct Source {
    path: String,
    file: PathBuf,
}

/// The files to pack, evidence last.
fn sources(what: &Backup, config: &Config, scratch: &Scratch) -> Result<Vec<Source>, BackupError> {
    let data = &config.node.data_dir;
    let mut sources = vec![
        Source { path: CONFIG.to_owned(), file: what.config.clone() },
        Source { path: data_path(STORE), file: scratch.path(STORE) },
        Source { path: data_path(VAULT), file: scratch.path(VAULT) },
    ];
    if what.with_keys {
        sources.extend(folder(&data.join(KEYS), KEYS, |name| name != ROOT_KEY)?);
    }
    // What is staged is in a folder below, and no evidence yet.
    sources.extend(folder(&data.join(BLOBS), BLOBS, |_| true)?);
    Ok(sources)
}

/// The plain files of a folder by name; a folder that is not there has none.
fn folder(
    folder: &Path,
    below: &str,
    is_wanted: impl Fn(&str) -> bool,
) -> Result<Vec<Source>, BackupError> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(io_at(folder)(error)),
    };
    let mut sources = Vec::new();
    for entry in entries {
        let entry = entry.map_err(io_at(folder))?;
        let is_file = entry.file_type().map_err(io_at(folder))?.is_file();
        let name = entry.file_name().to_string_lossy().into_owned();
        if is_file && is_wanted(&name) {
            sources
                .push(Source { path: data_path(&format!("{below}/{name}")), file: entry.path() });
        }
    }
    sources.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(sources)
}

/// Writes the archive with its manifest at the end, durably.
fn write_archive(
    archive: &Path,
    begun: Timestamp,
    mut manifest: Manifest,
    sources: &[Source],
    progress: Progress<'_>,
) -> Result<Manifest, BackupError> {
    let total = sources.iter().filter_map(|s| fs::metadata(&s.file).ok()).map(|m| m.len()).sum();
    let new = OpenOptions::new().write(true).read(true).create_new(true).mode(0o600).open(archive);
    let mut zip = ZipWriter::new(new.map_err(io_at(archive))?);
    let options = options(begun);
    let mut done = 0_u64;
    for source in sources {
        let mut file = match File::open(&source.file) {
            Ok(file) => file,
            // Evidence that was erased since the folder was read.
            Err(error) if error.kind() == io::ErrorKind::NotFound && is_blob(&source.path) => {
                continue;
            }
            Err(error) => return Err(io_at(&source.file)(error)),
        };
        zip.start_file(source.path.as_str(), options)?;
        let (size, sha256) = copy(&mut file, &mut zip, |bytes| {
            done = done.saturating_add(bytes);
            progress(done, total);
        })
        .map_err(io_at(&source.file))?;
        manifest.files.push(ManifestFile { path: source.path.clone(), size, sha256 });
    }
    zip.start_file(MANIFEST, options)?;
    let text = serde_json::to_vec_pretty(&manifest).map_err(io::Error::other);
    zip.write_all(&text.map_err(io_at(archive))?).map_err(io_at(archive))?;
    zip.finish()?.sync_all().map_err(io_at(archive))?;
    Ok(manifest)
}

fn is_blob(path: &str) -> bool {
    path.starts_with(&data_path(BLOBS))
}

/// Stored and not deflated: databases are small beside evidence, and evidence is encrypted.
fn options(begun: Timestamp) -> SimpleFileOptions {
    let text = begun.to_string();
    let number = |range: std::ops::Range<usize>| -> Option<u8> { text.get(range)?.parse().ok() };
    let year = text.get(0..4).and_then(|year| year.parse::<u16>().ok());
    let time = year.zip(number(5..7)).zip(number(8..10)).and_then(|((year, month), day)| {
        let (hour, minute, second) = (number(11..13)?, number(14..16)?, number(17..19)?);
        zip::DateTime::from_date_and_time(year, month, day, hour, minute, second).ok()
    });
    SimpleFileOptions::default()
        .system(System::Unix)
        .compression_method(CompressionMethod::Stored)
        .large_file(true)
        .last_modified_time(time.unwrap_or_default())
        .unix_permissions(0o600)
}

/// Copies all bytes; gives their number and digest.
pub(super) fn copy(
    from: &mut impl Read,
    to: &mut impl Write,
    mut copied: impl FnMut(u64),
) -> io::Result<(u64, String)> {
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; CHUNK];
    let mut size = 0_u64;
    loop {
        let read = match from.read(&mut buffer) {
            Ok(0) => return Ok((size, hex::encode(hasher.finalize()))),
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        let bytes = buffer.get(..read).unwrap_or_default();
        hasher.update(bytes);
        to.write_all(bytes)?;
        let count = u64::try_from(read).unwrap_or(u64::MAX);
        size = size.saturating_add(count);
        copied(count);
    }
}

/// A folder for what is copied, beside the file that it becomes; it goes when the work ends.
struct Scratch(PathBuf);

impl Scratch {
    fn beside(out: &Path) -> Result<Self, BackupError> {
        let name = out.file_name().map(|name| name.to_string_lossy().into_owned());
        let name = name.ok_or_else(|| BackupError::Exists(out.to_owned()))?;
        let folder = out.with_file_name(format!(".{name}.partial"));
        match DirBuilder::new().mode(0o700).create(&folder) {
            Ok(()) => Ok(Self(folder)),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                Err(BackupError::Busy(folder))
            }
            Err(error) => Err(io_at(&folder)(error)),
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What cannot be removed is told by the next backup to the same file.
        let _left = fs::remove_dir_all(&self.0);
    }
}

fn sync_parent(file: &Path) -> Result<(), BackupError> {
    let parent = file.parent().filter(|parent| !parent.as_os_str().is_empty());
    let parent = parent.unwrap_or(Path::new("."));
    File::open(parent).and_then(|folder| folder.sync_all()).map_err(io_at(parent))
}

fn io_at(path: &Path) -> impl FnOnce(io::Error) -> BackupError {
    let path = path.to_owned();
    move |source| BackupError::Io { path, source }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_knows_its_size_and_digest() {
        let mut copied = Vec::new();
        let (size, sha256) = copy(&mut &b"abc"[..], &mut copied, |_| {}).unwrap();
        assert_eq!((size, copied.as_slice()), (3, &b"abc"[..]));
        assert_eq!(sha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }
}
