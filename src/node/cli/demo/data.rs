//! The input that ships with the demo, and where its nodes live.

use std::path::{Path, PathBuf};

use anyhow::Context as _;

use crate::node::casework::check_file;
use crate::node::cli::client::file_name;
use crate::node::mappings::{Kind, Mapping};
use crate::node::rng::{OsRng, random};

/// Invented declarations made of real ports and goods codes (`tests/data/README.md`).
pub(super) const DECLARATIONS: &[u8] = include_bytes!("../../../../tests/data/declarations.csv");

/// A file of declarations.
pub(super) struct Declarations {
    /// Its name.
    pub(super) source: String,
    /// What it holds.
    pub(super) bytes: Vec<u8>,
}

/// The declarations to begin with, read before anything is set up: a file that cannot be imported is refused here.
pub(super) fn declarations(file: Option<&Path>) -> anyhow::Result<Declarations> {
    let Some(file) = file else {
        let source = "declarations.csv".to_owned();
        return Ok(Declarations { source, bytes: DECLARATIONS.to_vec() });
    };
    let bytes = std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
    let mapping = Mapping::parse(Kind::Declaration.default_mapping())?;
    check_file(bytes.as_slice(), &mapping)
        .with_context(|| format!("{} holds no declarations", file.display()))?;
    Ok(Declarations { source: file_name(file), bytes })
}

/// Transport papers of some of them, by declaration.
pub(super) const MANIFEST: &str = include_str!("../../../../tests/data/manifest.csv");

/// Files that ship as evidence: name, media type, what it is, bytes.
pub(super) const FILES: [(&str, &str, &str, &[u8]); 4] = [
    (
        "invoice.txt",
        "text/plain",
        "Commercial invoice found with the consignment",
        include_bytes!("../../../../tests/data/evidence/invoice.txt"),
    ),
    (
        "packing-list.csv",
        "text/csv",
        "Packing list",
        include_bytes!("../../../../tests/data/evidence/packing-list.csv"),
    ),
    (
        "scan.png",
        "image/png",
        "X-ray image of the container",
        include_bytes!("../../../../tests/data/evidence/scan.png"),
    ),
    (
        "seizure-report.txt",
        "text/plain",
        "Seizure report",
        include_bytes!("../../../../tests/data/evidence/seizure-report.txt"),
    ),
];

/// A new folder for the three nodes.
pub(super) fn fresh_folder() -> anyhow::Result<PathBuf> {
    let name = format!("sealane-demo-{}", hex::encode(random::<6>(&OsRng)));
    let dir = std::env::temp_dir().join(name);
    std::fs::create_dir(&dir)?;
    Ok(dir)
}

/// The transport paper of a declaration, as a map of column to value.
pub(super) fn paper(declaration: &str) -> Option<Vec<(String, String)>> {
    let mut reader = csv::Reader::from_reader(MANIFEST.as_bytes());
    let headings = reader.headers().ok()?.clone();
    let row = reader.records().flatten().find(|row| row.get(0) == Some(declaration))?;
    Some(headings.iter().zip(row.iter()).map(|(k, v)| (k.to_owned(), v.to_owned())).collect())
}
