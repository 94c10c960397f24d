//! Tools that nobody of this project wrote judge what we write (`tests/foreign/verify.py`); has no judgement of its own.
//!
//! Needs Python 3.11 or newer, openssl, and a package index for the first run.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::ffi::OsStr;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

mod sample;

#[test]
fn foreign_tools_accept_the_example_of_the_format_survey() {
    if let Some(example) = crate::support::shared("example") {
        let verdict = judge(&[OsStr::new("--example"), example.as_os_str()]);
        assert!(verdict.status.success(), "{}", text(&verdict));
    }
}

#[test]
fn foreign_tools_accept_what_the_layers_write_and_refuse_it_once_changed() {
    let folder = tempfile::tempdir().unwrap();
    let sample = sample::write(folder.path());
    let bag = unpack(&sample.pack, folder.path());
    let mut logs = logs_below(folder.path());
    logs.sort();
    assert_eq!(logs, sample.logs);
    let verdict = judge_pack(&bag, &logs);
    assert!(verdict.status.success(), "{}", text(&verdict));

    let path = bag.join(&sample.record);
    let mut record = fs::read(&path).unwrap();
    *record.last_mut().unwrap() ^= 1;
    fs::write(&path, record).unwrap();
    let verdict = judge_pack(&bag, &sample.logs);
    assert_eq!(verdict.status.code(), Some(1), "{}", text(&verdict));
    for refusal in ["FAIL cwt: ", "FAIL scitt-cose: ", "FAIL sha256sum: "] {
        assert!(text(&verdict).contains(refusal), "{refusal}\n{}", text(&verdict));
    }
}

#[test]
fn foreign_tools_accept_the_pack_and_the_logs_of_a_demo() {
    let folder = tempfile::tempdir().unwrap();
    let demo = Command::new(env!("CARGO_BIN_EXE_sealane"))
        .args(["demo", "--headless", "--json", "--dir"])
        .arg(folder.path())
        .output()
        .unwrap();
    assert!(demo.status.success(), "{}", text(&demo));
    let last = String::from_utf8(demo.stdout).unwrap().lines().last().unwrap().to_owned();
    let report: serde_json::Value = serde_json::from_str(&last).unwrap();
    let bag = unpack(&folder.path().join(report["pack"].as_str().unwrap()), folder.path());
    let logs = logs_below(folder.path());
    assert!(logs.len() >= 3, "each of three authorities publishes a log: {logs:?}");
    let verdict = judge_pack(&bag, &logs);
    assert!(verdict.status.success(), "{}", text(&verdict));
}

/// Unpacks with Python's own zip, which is not ours either; gives the bag, the one folder at the top.
fn unpack(pack: &Path, folder: &Path) -> PathBuf {
    let target = folder.join("unpacked");
    run(Command::new("python3").args(["-m", "zipfile", "-e"]).args([pack, &target]));
    let mut folders = fs::read_dir(target).unwrap().map(|entry| entry.unwrap().path());
    folders.next().expect("the pack holds a bag")
}

/// Every published log below a folder, wherever a node keeps it: its origin is the first line of its checkpoint.
fn logs_below(folder: &Path) -> Vec<(String, PathBuf)> {
    let mut logs = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        if folder.join("tile").is_dir() {
            let note = fs::read_to_string(folder.join("checkpoint")).unwrap();
            logs.push((note.lines().next().unwrap().to_owned(), folder));
            continue;
        }
        let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        folders.extend(entries.filter(|path| path.is_dir()));
    }
    logs
}

fn judge_pack(pack: &Path, logs: &[(String, PathBuf)]) -> Output {
    let logs: Vec<String> =
        logs.iter().map(|(origin, path)| format!("{origin}={}", path.display())).collect();
    let mut arguments = vec![OsStr::new("--pack"), pack.as_os_str()];
    for log in &logs {
        arguments.extend([OsStr::new("--log"), OsStr::new(log)]);
    }
    judge(&arguments)
}

fn judge(arguments: &[&OsStr]) -> Output {
    Command::new(environment().join("bin/python"))
        .arg(foreign("verify.py"))
        .args(arguments)
        .output()
        .unwrap()
}

/// The virtual environment with the tools; made once for each list of requirements.
pub(crate) fn environment() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("foreign");
    fs::create_dir_all(&folder).unwrap();
    // Tests run in processes of their own; the first makes it, the others wait.
    let lock = File::create(folder.join("lock")).unwrap();
    lock.lock().unwrap();
    let environment = folder.join("environment");
    let requirements = fs::read_to_string(foreign("requirements.txt")).unwrap();
    let installed = environment.join("installed.txt");
    if fs::read_to_string(&installed).ok().as_ref() != Some(&requirements) {
        run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&environment));
        run(Command::new(environment.join("bin/pip"))
            .args(["install", "--quiet", "--disable-pip-version-check"])
            .args(["--ignore-requires-python", "--requirement"])
            .arg(foreign("requirements.txt")));
        fs::write(&installed, requirements).unwrap();
    }
    environment
}

/// A file of `tests/foreign`.
pub(crate) fn foreign(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/foreign").join(file)
}

fn run(command: &mut Command) {
    let done = command.output().unwrap();
    assert!(done.status.success(), "{command:?}\n{}", text(&done));
}

/// All that a program said.
pub(crate) fn text(output: &Output) -> String {
    [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes)).concat()
}
