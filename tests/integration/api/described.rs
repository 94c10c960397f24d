//! `schemathesis`, which nobody of this project wrote, asks a real node what its description offers and what it does not,
//! and finds no answer that the description does not tell. The longest of the API tests.

use std::fmt::Write as _;
use std::path::Path;
use std::process::{Command, Output};

use sealane::node::http::PATHS;
use serde_json::{Value, json};

use crate::api::node::ApiNode;
use crate::foreign::{environment, text};

/// The one answer that has no end: the tool would wait for it.
const ENDLESS: &str = "/api/v1/notices/events";
/// The requests are the same in each run.
const SEED: &str = "7";
/// How many it makes up for an operation, beside those that cover each rule of a schema.
const EXAMPLES: &str = "3";
/// What it holds an answer to. That all that fits a schema is accepted is not held: the rules of the trade say more
/// than a schema can.
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,\
                      response_headers_conformance,response_schema_conformance,unsupported_method,\
                      allow_header_conformance,negative_data_rejection";

#[tokio::test(flavor = "multi_thread")]
async fn the_node_answers_nothing_that_its_description_does_not_tell() {
    let node = ApiNode::start(&[
        ("token_requests_per_sec = 50", "token_requests_per_sec = 100000"),
        ("sign_in_failures_per_min = 30", "sign_in_failures_per_min = 100000"),
    ])
    .await;
    let officer = node.officer("anna", "case_officer").await;
    let boss = node.officer("bo", "supervisor").await;
    let auditor = node.officer("otto", "auditor").await;
    let (known, done) = furnish(&node, &officer).await;
    let (known, done) = (names(&known), names(&done));
    // Read from a file, since the tool leaves out the path that it has the description from.
    let told = node.ask("GET", "/openapi.json", &officer, &Value::Null).await.good().to_string();
    // One asks for what is there, each rule of each schema by itself; the others see what that one may not.
    let imports = "^/api/v1/imports/";
    for (token, phases, known, paths) in [
        (&officer, "coverage,fuzzing", &known, "^/"),
        (&officer, "coverage", &done, imports),
        (&boss, "fuzzing", &known, "^/"),
        (&auditor, "fuzzing", &known, "^/"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("schemathesis.toml"), known).unwrap();
        std::fs::write(folder.path().join("openapi.json"), &told).unwrap();
        let url = format!("http://{}", node.node().addresses().http);
        let (path, token) = (folder.path().to_owned(), token.clone());
        let asked = tokio::task::spawn_blocking(move || ask(&path, &url, &token, (phases, paths)))
            .await
            .unwrap();
        let report = text(&asked);
        assert!(asked.status.success(), "{report}");
        let prefix = paths.trim_start_matches('^');
        let is_asked = |path: &str| path.starts_with(prefix) && path != ENDLESS;
        let count = PATHS.iter().filter(|(_, path, _)| is_asked(path)).count();
        let tested = format!("Tested: {count}\n");
        assert!(report.contains(&tested), "not {tested}{report}");
    }
    node.stop().await;
}

/// A family of paths, a parameter in them, and what it names.
type Named = (&'static str, &'static str, String);

/// Runs it in a folder of its own, where it leaves nothing that outlives the test.
fn ask(folder: &Path, url: &str, token: &str, (phases, paths): (&str, &str)) -> Output {
    Command::new(environment().join("bin/schemathesis"))
        .current_dir(folder)
        .args(["--config-file", "schemathesis.toml", "run", "openapi.json", "--url", url])
        .args(["--header", &format!("Authorization: Bearer {token}")])
        .args(["--header", "Sealane-Purpose: customs_enforcement"])
        .args(["--phases", phases, "--checks", CHECKS, "--include-path-regex", paths])
        .args(["--exclude-path", ENDLESS])
        .args(["--max-examples", EXAMPLES, "--seed", SEED])
        .args(["--continue-on-failure", "--no-shrink", "--warnings", "off"])
        .output()
        .unwrap()
}

/// Things to ask for, by the family of paths and the parameter that names them: without them every path with an id
/// is answered with 404. Then the same with an import that is finished in place of one that waits for its file.
async fn furnish(node: &ApiNode, officer: &str) -> (Vec<Named>, Vec<Named>) {
    let case = json!({"title": "Tea", "case_type": "tobacco_excise", "fields": {
        "goods/0/description": "green tea", "goods/0/hs": "090210", "goods/0/hs_edition": "2022",
    }});
    let case = node.ask("POST", "/api/v1/cases", officer, &case).await.good();
    let case = case["id"].as_str().expect("an id").to_owned();
    let add = format!("/api/v1/cases/{case}/evidence?description=Ledger");
    let item = node.send("POST", &add, officer, b"page one".to_vec()).await.good();
    let item = item["id"].as_str().expect("an id").to_owned();
    let file = include_bytes!("../../data/manifest.csv").to_vec();
    let about = json!({"source": "m.csv", "kind": "manifest"});
    let rows = node.begin_import(officer, about, &file).await;
    node.send("POST", &rows, officer, file).await.good();
    let id_of = |rows: &str| rows.split('/').nth(4).expect("an id").to_owned();
    let done = vec![("/api/v1/imports/", "id", id_of(&rows))];
    let rows = node.begin_import(officer, json!({"source": "later.csv"}), b"later").await;
    let import = id_of(&rows);
    let known = vec![
        ("/api/v1/cases/", "id", case),
        ("/api/v1/cases/", "version", "1".to_owned()),
        ("/api/v1/evidence/", "id", item),
        ("/api/v1/imports/", "id", import),
        ("/api/v1/imported/", "kind", "manifest".to_owned()),
        ("/api/v1/officers/", "id", "anna".to_owned()),
        ("/api/v1/workflows/", "case_type", "tobacco_excise".to_owned()),
        ("/api/v1/workflows/", "version", "1".to_owned()),
    ];
    (known, done)
}

/// The configuration that names those things.
fn names(known: &[(&str, &str, String)]) -> String {
    let mut text = String::new();
    for (method, path, _) in PATHS {
        let named: Vec<String> = known
            .iter()
            .filter(|(family, name, _)| {
                path.starts_with(family) && path.contains(&format!("{{{name}}}"))
            })
            .map(|(_, name, value)| format!("\"path.{name}\" = \"{value}\""))
            .collect();
        if !named.is_empty() {
            let (method, named) = (method.to_uppercase(), named.join(", "));
            writeln!(
                text,
                "[[operations]]\ninclude-name = \"{method} {path}\"\nparameters = {{ {named} }}\n"
            )
            .expect("a text takes everything");
        }
    }
    text
}
