//! The published files of a log against what the walk derives; writes none.
//!
//! A running node replaces partial tiles by fuller ones. If one is missing while the checkpoint moved on, that is no
//! finding.

use std::io::ErrorKind;
use std::path::PathBuf;

use crate::node::log::{LogError, LogFiles};
use crate::node::upkeep::Findings;
use crate::transparency::checkpoint::Checkpoint;
use crate::transparency::key::VerifierKey;
use crate::transparency::note::Note;
use crate::transparency::tile::{BundleId, Tile, encode_bundle};
use crate::transparency::tree::Hash;

const WIDTH: u64 = 256;

/// What to do about a file.
const REBUILD: &str = "stop the node, move the log folder aside and start it again: the files are rebuilt from the store";

/// The published state of a log when its check began.
pub(super) struct Published {
    files: LogFiles,
    origin: String,
    folder: PathBuf,
    note: Vec<u8>,
    root: Hash,
    /// The published size.
    pub(super) size: u64,
}

impl Published {
    /// Reads the published checkpoint; none if nothing is published.
    pub(super) async fn read(
        files: &LogFiles,
        origin: &str,
        findings: &mut Findings,
    ) -> Result<Option<Self>, LogError> {
        let folder = files.folder(origin);
        let Some(note) = files.checkpoint(origin).await? else {
            if folder.is_dir() {
                findings.add(origin, "the published checkpoint is missing", REBUILD);
            } else {
                findings.note(format!(
                    "{origin} has no published files yet: the node writes them when it runs"
                ));
            }
            return Ok(None);
        };
        let parsed = Note::parse(&note).ok().and_then(|n| Checkpoint::parse(n.text()).ok());
        let Some(checkpoint) = parsed.filter(|checkpoint| checkpoint.origin == origin) else {
            findings.add(origin, "the published checkpoint is not one of this log", REBUILD);
            return Ok(None);
        };
        let (files, origin) = (files.clone(), origin.to_owned());
        let (root, size) = (checkpoint.root, checkpoint.size);
        Ok(Some(Self { files, origin, folder, note, root, size }))
    }

    /// Compares a tile's file if it is within the published size; gives how many files were read.
    pub(super) async fn tile(&self, tile: &Tile, findings: &mut Findings) -> Result<u64, LogError> {
        let shift = 8 * u32::from(tile.id.level);
        let hashes = tile.id.n.saturating_mul(WIDTH).saturating_add(tile.id.width.into());
        if hashes > self.size.checked_shr(shift).unwrap_or(0) {
            return Ok(0);
        }
        self.compare(&tile.id.path(), &tile.to_bytes(), tile.id.is_full(), findings).await?;
        Ok(1)
    }

    /// Compares the file of the entry bundle that ends at `end`, if it is a published one.
    pub(super) async fn bundle(
        &self,
        end: u64,
        entries: &[Vec<u8>],
        findings: &mut Findings,
    ) -> Result<u64, LogError> {
        let is_full = end.is_multiple_of(WIDTH);
        let Some(last) = end.checked_sub(1) else { return Ok(0) };
        if end > self.size || !(is_full || end == self.size) {
            return Ok(0);
        }
        let Some(id) = BundleId::in_log(last / WIDTH, end) else { return Ok(0) };
        self.compare(&id.path(), &encode_bundle(entries)?, is_full, findings).await?;
        Ok(1)
    }

    /// The published checkpoint must be signed and of the derived root.
    pub(super) fn head(&self, root: Hash, keys: &[VerifierKey], findings: &mut Findings) {
        let opened = Note::parse(&self.note).map_err(|error| error.to_string()).and_then(|note| {
            Checkpoint::open(&note, &self.origin, keys).map_err(|error| error.to_string())
        });
        if let Err(error) = opened {
            findings.add(
                &self.origin,
                format!("the published checkpoint does not hold: {error}"),
                REBUILD,
            );
        } else if self.root != root {
            findings.add(
                &self.origin,
                "the published checkpoint has another root than the store: two histories were signed",
                "stop the node and keep both as evidence: witnesses of this log will refuse it; tell the peers",
            );
        }
    }

    async fn compare(
        &self,
        path: &str,
        derived: &[u8],
        is_full: bool,
        findings: &mut Findings,
    ) -> Result<(), LogError> {
        let file = self.folder.join(path);
        let what = match tokio::fs::read(&file).await {
            Ok(bytes) if bytes == derived => return Ok(()),
            Ok(_) => "holds other bytes than the store says",
            Err(error) if error.kind() == ErrorKind::NotFound => "is missing",
            Err(source) => {
                return Err(LogError::File { path: file.display().to_string(), source });
            }
        };
        let has_moved =
            !is_full && self.files.checkpoint(&self.origin).await?.as_ref() != Some(&self.note);
        if !has_moved {
            findings.add(file.display().to_string(), format!("the published file {what}"), REBUILD);
        }
        Ok(())
    }
}
