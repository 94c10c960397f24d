//! The fence: who may name whom, and the house rules that no lint holds. Standard library only; compiles nothing.
//!
//! It reads source text, not syntax: a rule can be evaded on purpose, but not by mistake. Unit tests (what follows
//! `#[cfg(test)]` at the foot of a file, and modules declared under it) may name anything.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::fs;
use std::path::{Path, PathBuf};

/// A layer and the layers that it may name beside itself. A path belongs to the longest entry that it starts with.
/// Change this table in a commit of its own, with the reason.
const MAY_NAME: &[(&str, &str)] = &[
    ("domain", ""),
    ("transparency", ""),
    ("record", "domain transparency"),
    ("policy", "domain"),
    ("audit", "domain record transparency"),
    ("node::clock", "domain"),
    ("node::rng", ""),
    ("node::drill", ""),
    ("node::signals", ""),
    ("node::throttle", ""),
    ("node::telemetry", ""),
    ("node::config", "domain policy"),
    ("node::profiles", "domain"),
    ("node::workflows", "domain"),
    ("node::mappings", "domain"),
    ("node::mail", "node::config"),
    (
        "node::keys",
        "domain record transparency node::clock node::rng node::config node::telemetry node::store",
    ),
    (
        "node::blobs",
        "domain record transparency node::clock node::rng node::config node::telemetry node::keys",
    ),
    (
        "node::store",
        "domain record transparency node::clock node::rng node::config node::telemetry",
    ),
    (
        "node::log",
        "domain record transparency node::clock node::rng node::config node::telemetry node::signals \
         node::store node::keys node::drill",
    ),
    (
        "node::peer",
        "domain record transparency node::clock node::rng node::config node::telemetry node::signals \
         node::throttle node::keys",
    ),
    (
        "node::casework",
        "domain record transparency policy audit node::clock node::rng node::config node::telemetry \
         node::signals node::store node::peer node::keys node::blobs node::log node::profiles node::workflows \
         node::mappings node::mail",
    ),
    (
        "node::jobs",
        "domain record transparency audit node::clock node::rng node::config node::telemetry node::signals \
         node::store node::peer node::keys node::blobs node::log node::drill node::mail",
    ),
    (
        "node::http",
        "domain record transparency policy node::config node::telemetry node::throttle node::casework",
    ),
    (
        "node::upkeep",
        "domain record transparency node::clock node::config node::store node::keys node::blobs node::log \
         node::casework node::start",
    ),
    // The assembly of the node.
    ("node::cli", ANYTHING),
    ("node::doctor", ANYTHING),
    ("node::health", ANYTHING),
    ("node::inbound", ANYTHING),
    ("node::listeners", ANYTHING),
    ("node::init", ANYTHING),
    ("node::pairing", ANYTHING),
    ("node::running", ANYTHING),
    ("node::standing", ANYTHING),
    ("node::start", ANYTHING),
    ("node::trust", ANYTHING),
    ("node::wiring", ANYTHING),
    ("node::witnessing", ANYTHING),
    ("node", ANYTHING),
    ("bin", "domain record transparency audit"),
    ("main", "node"),
    ("lib", ""),
];
const ANYTHING: &str = "*";

/// A word and the only place where code may use it.
const ONLY_IN: &[(&str, &str)] = &[
    ("sqlx", "node::store"),
    ("rusqlite", "node::store"),
    ("quinn", "node::peer"),
    ("axum", "node::http"),
    ("lettre", "node::mail"),
    // Schemas are of what the API takes and answers, and of nothing that is signed or stored.
    ("schemars", "node::casework node::http"),
    ("object_store", "node::blobs"),
    ("tokio", "node main"),
    ("serde", "audit bin node policy record transparency"),
    ("serde_json", "audit bin node record"),
    ("SystemTime", "node::clock"),
    ("std::env", "node::config node::cli bin"),
    ("std::net", "node"),
    ("std::fs", "node bin"),
];

/// What only SQL text looks like.
const SQL: &[&str] =
    &["INSERT INTO ", "DELETE FROM ", "CREATE TABLE ", "SELECT ", "BEGIN IMMEDIATE"];

const FILE_LINES_MAX: usize = 500;
/// Where giants grow: the store, the exchange, configuration.
const FILE_LINES_MAX_IN: &[(&str, usize)] = &[("node::config", 300)];

#[test]
fn source_keeps_to_the_fence() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut faults = Vec::new();
    let sources: Vec<(String, String)> = rust_files(&root.join("src"))
        .into_iter()
        .map(|file| {
            let name = file.strip_prefix(root.join("src")).unwrap().to_str().unwrap().to_owned();
            (name, fs::read_to_string(&file).unwrap())
        })
        .collect();
    let tests: Vec<String> =
        sources.iter().flat_map(|(name, text)| test_modules(name, text)).collect();
    for (name, text) in &sources {
        let is_test = tests.iter().any(|module| is_within(&module_of(name), module));
        let found = if is_test {
            judge_shape(text, FILE_LINES_MAX).map(|fault| format!(": {fault}")).collect()
        } else {
            judge(name, text)
        };
        faults.extend(found.into_iter().map(|fault| format!("src/{name}{fault}")));
    }
    for file in rust_files(&root.join("tests")) {
        let text = fs::read_to_string(&file).unwrap();
        let name = file.strip_prefix(root).unwrap().display().to_string();
        faults.extend(judge_shape(&text, FILE_LINES_MAX).map(|fault| format!("{name}: {fault}")));
    }
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}

#[test]
fn the_map_for_readers_is_the_fence_and_each_layer_stands_there_once() {
    for (number, (layer, _)) in MAY_NAME.iter().enumerate() {
        let first = MAY_NAME.iter().position(|(other, _)| other == layer);
        assert_eq!(
            first,
            Some(number),
            "{layer} stands in the fence twice; one of them is not held"
        );
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = fs::read_to_string(root.join("docs/ARCHITECTURE.md")).unwrap();
    let mut told = Vec::new();
    for row in text.lines().filter(|line| line.starts_with("| `")) {
        let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
        let [rooms, _, may_name] = cells[..] else { panic!("not three cells: {row}") };
        let rooms = rooms.split(", ").map(|room| room.trim_matches('`').to_owned());
        told.extend(rooms.map(|room| (room, may_name.to_owned())));
    }
    let mut held: Vec<(String, String)> = MAY_NAME
        .iter()
        .map(|(layer, may_name)| {
            let words: Vec<&str> = may_name.split_whitespace().collect();
            let words = match words[..] {
                [] => "nothing".to_owned(),
                [ANYTHING] => "anything".to_owned(),
                _ => words.join(", ").replace("node::", ""),
            };
            ((*layer).to_owned(), words)
        })
        .collect();
    told.sort();
    held.sort();
    assert_eq!(told, held, "docs/ARCHITECTURE.md and the fence differ");
}

#[test]
fn the_fence_holds_what_it_promises() {
    let judged = |name: &str, code: &str| judge(name, &format!("//! A file.\n{code}\n")).join("; ");
    for (name, code, fault) in [
        ("domain/case.rs", "use crate::record::Field;", "may not name record"),
        ("node/http/api/cases.rs", "use crate::node::store::Store;", "may not name node::store"),
        ("node/peer/client.rs", "use crate::node::casework::Desk;", "may not name node::casework"),
        ("node/mod.rs", "use crate::{record, domain};", "grouped"),
        ("node/log/mod.rs", "use super::store;", "super::"),
        ("policy/rules.rs", "use serde::Serialize;", ""),
        ("domain/id.rs", "#[derive(serde::Serialize)]", "serde"),
        ("node/casework/x.rs", "let sql = \"SELECT id FROM cases\";", "SQL"),
        ("node/casework/x.rs", "use quinn::Connection;", "quinn"),
        ("node/cli/x.rs", "use axum::Router;", "axum"),
        ("record/x.rs", "let now = SystemTime::now();", "SystemTime"),
        ("audit/x.rs", "std::fs::read(path)", "std::fs"),
        ("bin/sealane-verify.rs", "use sealane::node::cli;", "may not name node"),
        ("node/cli/serve.rs", "use crate::node::store::Store;", ""),
        ("node/store/cases.rs", "\"SELECT id FROM cases\"", ""),
        ("record/x.rs", "// crate::node is not known here", ""),
        (
            "record/x.rs",
            "#[cfg(test)]\nmod tests {\n    use super::*;\n    use crate::audit::Pack;\n}",
            "",
        ),
    ] {
        let found = judged(name, code);
        let is_as_said = if fault.is_empty() { found.is_empty() } else { found.contains(fault) };
        assert!(is_as_said, "{name}: {code}: expected '{fault}', found '{found}'");
    }
    assert!(judge("domain/x.rs", "fn f() {}\n").join("").contains("//!"));
    assert_eq!(
        test_modules("domain/case/mod.rs", "#[cfg(test)]\nmod tests;\n"),
        ["domain::case::tests"]
    );
    assert!(
        judge("domain/x.rs", &format!("//! A file.\n{}", "\n".repeat(500)))
            .join("")
            .contains("500")
    );
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if path.is_dir() && name != "target" {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files.sort();
    files
}

/// Every fault of one file, each with its line where it has one.
fn judge(name: &str, text: &str) -> Vec<String> {
    let module = module_of(name);
    let layer = layer_of(&module);
    let Some((layer, may_name)) = layer else {
        return vec![format!(": '{module}' is in no layer")];
    };
    let lines_max = FILE_LINES_MAX_IN
        .iter()
        .find(|(place, _)| *place == layer)
        .map_or(FILE_LINES_MAX, |(_, max)| *max);
    let mut faults: Vec<String> =
        judge_shape(text, lines_max).map(|fault| format!(": {fault}")).collect();
    for (number, line) in code_lines(text) {
        let mut fault = |words: String| faults.push(format!(":{number}: {words}"));
        for path in paths(line) {
            match path {
                Named::Group => fault("a grouped `crate::{` hides who names whom".to_owned()),
                Named::Layer(other) if other == layer || is_listed(may_name, &other) => {}
                Named::Layer(other) => fault(format!("{layer} may not name {other}")),
                Named::Nothing(other) => fault(format!("crate::{other} is in no layer")),
            }
        }
        if has_word(line, "super") && line.contains("super::") {
            fault("super:: outside of tests; paths start at crate::".to_owned());
        }
        for (word, places) in ONLY_IN {
            if has_word(line, word) && !places.split(' ').any(|place| is_within(layer, place)) {
                fault(format!("{word} belongs to {places} alone"));
            }
        }
        if layer != "node::store" && SQL.iter().any(|words| line.contains(words)) {
            fault("SQL text belongs to node::store alone".to_owned());
        }
    }
    faults
}

fn judge_shape(text: &str, lines_max: usize) -> impl Iterator<Item = String> {
    let headless =
        (!text.starts_with("//! ")).then(|| "does not start with a //! sentence".to_owned());
    let lines = text.lines().count();
    let long = (lines > lines_max).then(|| format!("{lines} lines; at most {lines_max}"));
    headless.into_iter().chain(long)
}

/// `node/http/mod.rs` is `node::http`.
fn module_of(name: &str) -> String {
    let name = name.trim_end_matches(".rs").trim_end_matches("/mod");
    name.replace('/', "::")
}

fn layer_of(module: &str) -> Option<(&'static str, &'static str)> {
    MAY_NAME
        .iter()
        .filter(|(layer, _)| is_within(module, layer))
        .max_by_key(|(layer, _)| layer.len())
        .copied()
        .filter(|(layer, _)| *layer != "node" || module == "node")
}

fn is_within(module: &str, layer: &str) -> bool {
    module == layer || module.strip_prefix(layer).is_some_and(|rest| rest.starts_with("::"))
}

fn is_listed(may_name: &str, other: &str) -> bool {
    may_name == ANYTHING
        || may_name
            .split_whitespace()
            .any(|allowed| allowed == other || allowed == "node" && is_within(other, "node"))
}

/// The numbered lines that are code: no comments, and nothing of the unit tests at the foot.
fn code_lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let lines: Vec<&str> = text.lines().collect();
    let foot =
        (0..lines.len()).find(|at| test_module_at(&lines, *at).is_some_and(|(_, is_here)| is_here));
    let end = foot.unwrap_or(lines.len());
    lines
        .into_iter()
        .enumerate()
        .take(end)
        .map(|(at, line)| (at + 1, line))
        .filter(|(_, line)| !line.trim_start().starts_with("//"))
}

/// The modules in files of their own that a file declares for tests alone.
fn test_modules(name: &str, text: &str) -> Vec<String> {
    let lines: Vec<&str> = text.lines().collect();
    let module = module_of(name);
    (0..lines.len())
        .filter_map(|at| test_module_at(&lines, at))
        .filter(|(_, is_here)| !is_here)
        .map(|(child, _)| format!("{module}::{child}"))
        .collect()
}

/// The test module that is declared at a line, and whether it is written out there.
fn test_module_at<'a>(lines: &[&'a str], at: usize) -> Option<(&'a str, bool)> {
    let is_marked = lines.get(at).is_some_and(|line| *line == "#[cfg(test)]");
    let declared = lines.get(at + 1).filter(|_| is_marked)?.trim_start_matches("pub(crate) ");
    let rest = declared.strip_prefix("mod ")?;
    let end = rest.find([';', ' ', '{'])?;
    Some((&rest[..end], rest.ends_with('{')))
}

enum Named {
    Group,
    Layer(String),
    Nothing(String),
}

/// What a line names of this crate, from inside (`crate::`) or from a program (`sealane::`).
fn paths(line: &str) -> Vec<Named> {
    let mut found = Vec::new();
    for start in ["crate::", "sealane::"] {
        for (at, _) in line.match_indices(start) {
            let is_part_of_a_word =
                line[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == '$');
            let rest = &line[at + start.len()..];
            if is_part_of_a_word || rest.starts_with(|c: char| c.is_whitespace()) {
                continue;
            }
            let end = rest
                .find(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':'))
                .unwrap_or(rest.len());
            let path = rest[..end].trim_end_matches(':');
            found.push(match layer_of_path(path) {
                _ if path.is_empty() => Named::Group,
                Some(layer) => Named::Layer(layer.to_owned()),
                None => Named::Nothing(path.to_owned()),
            });
        }
    }
    found
}

/// `node::Config` names what `node/mod.rs` offers, which only `node` itself and the command line may.
fn layer_of_path(path: &str) -> Option<&'static str> {
    let is_front = |path: &str| {
        path.strip_prefix("node::").is_some_and(|rest| rest.starts_with(char::is_uppercase))
    };
    if path == "node" || is_front(path) {
        return Some("node");
    }
    layer_of(path).map(|(layer, _)| layer)
}

fn has_word(line: &str, word: &str) -> bool {
    let is_joined = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(word).any(|(at, _)| {
        let (before, after) = (&line[..at], &line[at + word.len()..]);
        let in_text = before.matches('"').count() % 2 == 1;
        !in_text && !before.ends_with(is_joined) && !after.starts_with(is_joined)
    })
}
