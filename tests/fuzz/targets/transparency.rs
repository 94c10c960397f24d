//! Fuzz entry points of the transparency layer: what is read without error must be written back and read alike.

use std::str::from_utf8;

use sealane::transparency::checkpoint::Checkpoint;
use sealane::transparency::note::Note;
use sealane::transparency::tile::{LogPath, decode_bundle, encode_bundle};
use sealane::transparency::tlog_policy::TlogPolicy;
use sealane::transparency::tlog_proof::TlogProof;
use sealane::transparency::witness::AddCheckpoint;

/// A signed note.
pub(crate) fn note(data: &[u8]) {
    if let Ok(note) = Note::parse(data) {
        assert_eq!(note.to_text().as_bytes(), data, "a note has one spelling");
        assert_eq!(Note::parse(note.to_text().as_bytes()), Ok(note));
    }
}

/// The text of a checkpoint.
pub(crate) fn checkpoint(data: &[u8]) {
    let Ok(text) = from_utf8(data) else { return };
    if let Ok(checkpoint) = Checkpoint::parse(text) {
        assert_eq!(checkpoint.to_text(), text, "a checkpoint has one spelling");
        assert_eq!(Checkpoint::parse(&checkpoint.to_text()), Ok(checkpoint));
    }
}

/// A `.tlog-proof` file.
pub(crate) fn tlog_proof(data: &[u8]) {
    if let Ok(proof) = TlogProof::parse(data) {
        assert_eq!(proof.to_text().as_bytes(), data, "a proof has one spelling");
        assert_eq!(TlogProof::parse(proof.to_text().as_bytes()), Ok(proof));
    }
}

/// A trust policy; comments and spacing are lost.
pub(crate) fn tlog_policy(data: &[u8]) {
    let Ok(text) = from_utf8(data) else { return };
    if let Ok(policy) = TlogPolicy::parse(text) {
        assert_eq!(TlogPolicy::parse(&policy.to_text()), Ok(policy));
    }
}

/// The body of an add-checkpoint request.
pub(crate) fn add_checkpoint(data: &[u8]) {
    if let Ok(request) = AddCheckpoint::parse(data) {
        assert_eq!(request.to_text().as_bytes(), data, "a request has one spelling");
        assert_eq!(AddCheckpoint::parse(request.to_text().as_bytes()), Ok(request));
    }
}

/// The path of a tile or an entry bundle.
pub(crate) fn tile_path(data: &[u8]) {
    let Ok(text) = from_utf8(data) else { return };
    if let Ok(path) = text.parse::<LogPath>() {
        assert_eq!(path.path(), text, "a path has one spelling");
    }
}

/// An entry bundle.
pub(crate) fn entry_bundle(data: &[u8]) {
    if let Ok(entries) = decode_bundle(data) {
        assert_eq!(encode_bundle(&entries).as_deref(), Ok(data), "a bundle has one spelling");
    }
}
