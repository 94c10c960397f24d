//! The `sealane-verify` program on a pack that is kept: exit codes, text, JSON. The rules are tested beside the code.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/court-pack").join(name)
}

fn pack() -> PathBuf {
    data("case-17.sealane.zip")
}

fn verify(pack: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sealane-verify"));
    command.arg(pack).args(arguments).output().unwrap()
}

fn trust() -> Vec<String> {
    ["xa", "xb", "xc"]
        .map(|name| data(&format!("customs.{name}.example.card")).display().to_string())
        .into()
}

fn trusting(pack: &Path, more: &[&str]) -> Output {
    let cards = trust();
    let mut arguments: Vec<&str> =
        cards.iter().flat_map(|card| ["--trust", card.as_str()]).collect();
    arguments.extend(more);
    verify(pack, &arguments)
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// The pack with one byte of its evidence changed; the checksum of the archive is the first to notice.
fn tampered(folder: &Path) -> PathBuf {
    let mut bytes = std::fs::read(pack()).unwrap();
    let evidence = b"not really a photograph";
    let at = bytes.windows(evidence.len()).position(|window| window == evidence).unwrap();
    bytes[at] ^= 1;
    let path = folder.join("tampered.sealane.zip");
    std::fs::write(&path, bytes).unwrap();
    path
}

#[test]
fn a_sound_pack_is_verified_with_the_cards_of_its_authorities() {
    let output = trusting(&pack(), &[]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
    assert!(text(&output).starts_with("verdict: verified\n"), "{}", text(&output));
}

#[test]
fn without_cards_it_is_consistent_and_the_exit_code_is_3() {
    let output = verify(&pack(), &["--json"]);
    assert_eq!(output.status.code(), Some(3));
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(json["verdict"], "consistent_untrusted");
    assert_eq!(json["failures"], 0);
}

#[test]
fn a_tampered_copy_is_refused_and_the_item_named() {
    let folder = tempfile::tempdir().unwrap();
    let output = trusting(&tampered(folder.path()), &["--json"]);
    assert_eq!(output.status.code(), Some(3));
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(json["verdict"], "failed");
    let item = json["findings"][0]["item"].as_str().unwrap();
    assert!(item.starts_with("data/evidence/"), "{json}");
}

#[test]
fn what_cannot_be_checked_has_an_exit_code_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let output = verify(&folder.path().join("absent.zip"), &[]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("absent.zip"));
    let bad = pack().display().to_string();
    let output = verify(&pack(), &["--trust", &bad]);
    assert_eq!(output.status.code(), Some(2), "a pack is no card");
}
