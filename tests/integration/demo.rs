//! The main job, end to end, as the command `sealane demo` walks it: once undisturbed, once with each node killed at
//! each of three points.
//!
//! ```text
//!   xa ---- request, evidence, summary ----> xb, xc      three processes, real QUIC, real certificates, real files
//!    \------ task force, cosignatures ------/
//! ```

use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

/// Runs the demo in a folder; gives its lines as JSON, the summary last.
fn walk(dir: &Path, more: &[&str]) -> Vec<Value> {
    let output = Command::new(env!("CARGO_BIN_EXE_sealane"))
        .args(["demo", "--headless", "--json", "--dir"])
        .arg(dir)
        .args(more)
        .stdin(Stdio::null())
        .output()
        .expect("the demo starts");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        output.status.success(),
        "the demo failed: {}\n{}\n{text}",
        output.status,
        String::from_utf8_lossy(&output.stderr)
    );
    text.lines().map(|line| serde_json::from_str(line).expect("each line is JSON")).collect()
}

/// What holds at the end of every walk.
fn assert_end_state(lines: &[Value]) {
    let summary = lines.last().expect("the last line is the summary");
    assert_eq!(summary["ok"], true, "{summary}");
    assert_eq!(summary["authorities"], 3);
    assert_eq!(summary["cosigned"], 3);
    assert_eq!(summary["pack_verdict"], "verified");
    assert_eq!(summary["tampered_verdict"], "refused");
    let requests = summary["requests"].as_array().expect("requests are listed");
    assert_eq!(requests.len(), 2, "the request as either side sees it");
    assert!(requests.iter().all(|request| request["state"] == "CLOSED"), "{summary}");
    let sizes = summary["log_sizes"].as_object().expect("log sizes are listed");
    assert_eq!(sizes.len(), 3);
    let logged: u64 = sizes.values().map(|size| size.as_u64().expect("a size")).sum();
    assert_eq!(summary["records"].as_u64(), Some(logged), "every record is in its log, once");
}

#[test]
fn declarations_that_cannot_be_imported_are_refused_before_anything_starts() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let (absent, odd) = (dir.path().join("absent.csv"), dir.path().join("odd.csv"));
    std::fs::write(&odd, "Declaration ID,Net Mass\n1,2\n").expect("our own folder");
    for (file, why) in [(&absent, "cannot read"), (&odd, "HS6 Code")] {
        let home = dir.path().join("demo");
        let output = Command::new(env!("CARGO_BIN_EXE_sealane"))
            .args(["demo", "--headless", "--dir"])
            .arg(&home)
            .arg("--declarations")
            .arg(file)
            .output()
            .expect("the demo starts");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && said.contains(why), "{said}");
        assert!(output.stdout.is_empty() && !home.exists(), "nothing was begun");
    }
}

#[test]
fn three_authorities_work_a_case_from_suspicion_to_a_court_pack() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let lines = walk(&dir.path().join("demo"), &[]);
    assert_end_state(&lines);
    let pack = lines.last().and_then(|summary| summary["pack"].as_str()).expect("a pack");
    let card = |name: &str| dir.path().join("demo").join(name).join("authority.card");
    let verdict = Command::new(env!("CARGO_BIN_EXE_sealane-verify"))
        .arg(pack)
        .args(
            ["customs.xa.example", "customs.xb.example", "customs.xc.example"]
                .iter()
                .flat_map(|name| ["--trust".into(), card(name).into_os_string()]),
        )
        .status()
        .expect("the verifier starts");
    assert!(verdict.success(), "the auditor's own program agrees");
}

#[test]
fn the_end_is_reached_when_each_node_dies_after_a_commit() {
    dies_at("after_commit");
}

#[test]
fn the_end_is_reached_when_each_node_dies_after_sealing() {
    dies_at("after_seal");
}

#[test]
fn the_end_is_reached_when_each_node_dies_after_a_receipt_is_stored() {
    dies_at("after_receipt");
}

/// Walks with nodes of which each is killed once at a point, and started again as a supervisor would.
fn dies_at(point: &str) {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let lines = walk(&dir.path().join("demo"), &["--crash-at", point]);
    assert_end_state(&lines);
    let restarts = lines.last().and_then(|summary| summary["restarts"].as_u64());
    assert_eq!(restarts, Some(3), "each node died once");
}
