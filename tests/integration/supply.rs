//! What is in the dependency tree: licences and bans of `.config/deny.toml`, held without cargo-deny.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

#[test]
fn every_dependency_has_a_licence_that_we_allow_and_none_is_banned() {
    let rules = rules();
    let allowed: BTreeSet<String> = texts(&rules["licenses"]["allow"]).collect();
    let banned: BTreeSet<String> = rules["bans"]["deny"]
        .as_array()
        .unwrap()
        .iter()
        .map(|ban| ban["crate"].as_str().unwrap().to_owned())
        .collect();
    let mut faults = Vec::new();
    for line in tree().lines() {
        let (package, licence) = line.split_once('|').unwrap();
        let name = package.split(' ').next().unwrap();
        if !is_allowed(licence, &allowed) {
            faults.push(format!("{package}: licence '{licence}' is not allowed"));
        }
        if banned.contains(name) {
            faults.push(format!("{package} is banned"));
        }
        if package.contains("://") {
            faults.push(format!("{package} does not come from the registry"));
        }
    }
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

#[test]
fn a_licence_expression_is_read_as_spdx_means_it() {
    let allowed: BTreeSet<String> =
        ["MIT", "Zlib", "Apache-2.0 WITH LLVM-exception"].map(ToOwned::to_owned).into();
    for good in [
        "MIT",
        "MIT OR GPL-3.0",
        "GPL-3.0 OR MIT",
        "GPL-2.0/MIT",
        "(MIT OR GPL-3.0) AND Zlib",
        "Apache-2.0 WITH LLVM-exception OR GPL-3.0",
    ] {
        assert!(is_allowed(good, &allowed), "{good}");
    }
    for bad in
        ["", "GPL-3.0", "MIT AND GPL-3.0", "(MIT OR Zlib) AND GPL-3.0", "Apache-2.0", "MIT GPL-3.0"]
    {
        assert!(!is_allowed(bad, &allowed), "{bad}");
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn rules() -> toml::Table {
    std::fs::read_to_string(root().join(".config/deny.toml")).unwrap().parse().unwrap()
}

fn texts(value: &toml::Value) -> impl Iterator<Item = String> {
    value.as_array().unwrap().iter().map(|text| text.as_str().unwrap().to_owned())
}

/// What is really built here, tests included, as `NAME vVERSION|LICENCE`.
fn tree() -> String {
    let output = Command::new(env!("CARGO"))
        .args(["tree", "--locked", "--all-features", "--edges=normal,build,dev"])
        .args(["--prefix=none", "--no-dedupe", "--format={p}|{l}"])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    let lines: BTreeSet<&str> = text.lines().filter(|line| !line.is_empty()).collect();
    assert!(lines.len() > 100, "the tree is not that of this project");
    lines.into_iter().collect::<Vec<_>>().join("\n")
}

/// Whether an SPDX expression can be met by allowed licences alone; AND binds stronger than OR.
fn is_allowed(expression: &str, allowed: &BTreeSet<String>) -> bool {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut rest = words.as_slice();
    let verdict = any_of(&mut rest, allowed);
    verdict && rest.is_empty()
}

fn any_of(words: &mut &[&str], allowed: &BTreeSet<String>) -> bool {
    let mut verdict = all_of(words, allowed);
    while let Some(rest) = words.strip_prefix(&["OR"]) {
        *words = rest;
        verdict |= all_of(words, allowed);
    }
    verdict
}

fn all_of(words: &mut &[&str], allowed: &BTreeSet<String>) -> bool {
    let mut verdict = one(words, allowed);
    while let Some(rest) = words.strip_prefix(&["AND"]) {
        *words = rest;
        verdict &= one(words, allowed);
    }
    verdict
}

fn one(words: &mut &[&str], allowed: &BTreeSet<String>) -> bool {
    match words {
        ["(", rest @ ..] => {
            *words = rest;
            let verdict = any_of(words, allowed);
            *words = words.strip_prefix(&[")"]).unwrap_or(&[]);
            verdict
        }
        [licence, "WITH", exception, rest @ ..] => {
            let name = format!("{licence} WITH {exception}");
            *words = rest;
            allowed.contains(&name)
        }
        [licence, rest @ ..] => {
            let name = *licence;
            *words = rest;
            allowed.contains(name)
        }
        [] => false,
    }
}
