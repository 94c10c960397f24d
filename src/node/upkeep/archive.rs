//! What a backup file holds: the paths that may stand in it and the manifest with their digests; reads no node.
//!
//! The manifest is not signed. It proves that nothing was damaged, not that nobody changed it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// The manifest's path in the archive.
pub(super) const MANIFEST: &str = "manifest.json";
/// The configuration's path in the archive and in a restored folder.
pub(super) const CONFIG: &str = "sealane.toml";
/// The data directory in the archive and in a restored folder.
pub(super) const DATA: &str = "data";
/// The store below the data directory.
pub(super) const STORE: &str = "store.db";
/// The store of content keys below the data directory.
pub(super) const VAULT: &str = "keys.db";
/// The folder of key files below the data directory.
pub(super) const KEYS: &str = "keys";
/// The folder of evidence below the data directory.
pub(super) const BLOBS: &str = "blobs";
/// The format's name and version.
pub(super) const FORMAT: &str = "sealane-backup/1";
/// The longest manifest that is read: a million evidence files have 200 MB.
pub(super) const MANIFEST_BYTES_MAX: u64 = 512 * 1024 * 1024;

/// What a backup holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// `sealane-backup/1`.
    pub format: String,
    /// Whose node it is.
    pub authority: String,
    /// When the backup was begun, RFC 3339.
    pub made_at: String,
    /// The newest log in the copy of the store; none if the node never ran.
    pub log: Option<String>,
    /// The log's size in the copy of the store.
    pub log_size: i64,
    /// The files, in the order of the archive.
    pub files: Vec<ManifestFile>,
}

/// A file of a backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ManifestFile {
    /// Its path below the node's folder.
    pub path: String,
    /// Its bytes.
    pub size: u64,
    /// SHA-256 of its bytes, in hexadecimal.
    pub sha256: String,
}

impl Manifest {
    /// Whether the key files are in it.
    #[must_use]
    pub fn has_keys(&self) -> bool {
        let folder = format!("{DATA}/{KEYS}/");
        self.files.iter().any(|file| file.path.starts_with(&folder))
    }

    /// What makes a manifest unusable; nothing if it can be restored from.
    pub(super) fn fault(&self) -> Option<String> {
        if self.format != FORMAT {
            return Some(format!(
                "it has format '{}', and this version knows {FORMAT}: restore it with the version that made it",
                self.format
            ));
        }
        let mut seen = BTreeSet::new();
        for file in &self.files {
            if !is_known(&file.path) {
                return Some(format!("it names the file '{}', which no backup holds", file.path));
            }
            if !seen.insert(file.path.as_str()) {
                return Some(format!("it names {} twice", file.path));
            }
        }
        let needed = [CONFIG.to_owned(), data_path(STORE), data_path(VAULT)];
        let missing = needed.iter().find(|path| !seen.contains(path.as_str()));
        missing.map(|path| format!("it lacks {path}"))
    }
}

/// The path of something in the data directory, in the archive.
pub(super) fn data_path(below: &str) -> String {
    format!("{DATA}/{below}")
}

/// Where a file of the archive goes below a folder.
pub(super) fn place(folder: &Path, path: &str) -> PathBuf {
    path.split('/').fold(folder.to_owned(), |place, part| place.join(part))
}

/// Whether a backup may hold that path: nothing else is ever written, wherever an archive comes from.
fn is_known(path: &str) -> bool {
    let is_name = |name: &str| {
        !name.is_empty()
            && !name.starts_with('.')
            && name.len() <= 255
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_'))
    };
    let mut parts = path.split('/');
    match (parts.next(), parts.next(), parts.next(), parts.next()) {
        (Some(CONFIG), None, None, None) | (Some(DATA), Some(STORE | VAULT), None, None) => true,
        (Some(DATA), Some(KEYS | BLOBS), Some(name), None) => is_name(name),
        (_, _, _, _) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_files_of_a_node_are_ever_written() {
        for path in ["sealane.toml", "data/store.db", "data/keys.db", "data/blobs/00ff.tree"] {
            assert!(is_known(path), "{path}");
        }
        for path in [
            "data/high-water",
            "data/lock",
            "../x",
            "data/keys/../../x",
            "data/blobs/.x",
            "data/blobs/",
            "data/blobs/staging/x",
            "/etc/passwd",
            "data\\keys\\x",
            "data/keys",
            "",
        ] {
            assert!(!is_known(path), "{path}");
        }
    }

    #[test]
    fn a_manifest_that_lacks_or_repeats_a_file_is_refused() {
        let file =
            |path: &str| ManifestFile { path: path.to_owned(), size: 0, sha256: String::new() };
        let mut manifest = Manifest {
            format: FORMAT.to_owned(),
            authority: "customs.xa.example".to_owned(),
            made_at: String::new(),
            log: None,
            log_size: 0,
            files: vec![file("sealane.toml"), file("data/store.db")],
        };
        assert!(manifest.fault().unwrap().contains("data/keys.db"));
        manifest.files.push(file("data/keys.db"));
        assert_eq!(manifest.fault(), None);
        assert!(!manifest.has_keys());
        manifest.files.push(file("data/keys.db"));
        assert!(manifest.fault().unwrap().contains("twice"));
        manifest.format = "sealane-backup/2".to_owned();
        assert!(manifest.fault().unwrap().contains("sealane-backup/2"));
    }
}
