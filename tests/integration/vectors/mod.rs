//! Conformance with test data that nobody in this project wrote; each set must have at least a known number of cases.

use std::fs;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sealane::transparency::tree::Hash;
use serde_json::Value;

mod cose;
mod ed25519;
mod example;
mod merkle;
mod notes;
mod sigstore;
mod tessera;
mod witness;

fn text(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn bytes(path: &Path) -> Vec<u8> {
    fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn json(path: &Path) -> Value {
    serde_json::from_str(&text(path)).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The JSON files below a folder, in a fixed order.
fn json_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("the folder can be read") {
            let path = entry.expect("the folder can be listed").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "json") {
                files.push(path);
            }
        }
    }
    files.sort();
    files
}

fn string<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_else(|| panic!("'{key}' is not text"))
}

fn number(value: &Value, key: &str) -> u64 {
    value[key].as_u64().unwrap_or_else(|| panic!("'{key}' is not a number"))
}

fn unhex(digits: &str) -> Vec<u8> {
    hex::decode(digits).expect("vectors hold sound hexadecimal")
}

fn unbase64(line: &str) -> Vec<u8> {
    STANDARD.decode(line).expect("vectors hold sound base64")
}

/// A hash in base64; some vectors put other texts in its place, which then stand for themselves, cut or padded.
fn hash_or_filler(line: &str) -> Hash {
    let mut bytes = unbase64(line);
    bytes.resize(32, 0);
    Hash::from_slice(&bytes).expect("there are 32 bytes")
}

fn hashes(value: &Value) -> Vec<Hash> {
    let lines = value.as_array().map(Vec::as_slice).unwrap_or_default();
    lines.iter().map(|line| hash_or_filler(line.as_str().expect("a hash is text"))).collect()
}
