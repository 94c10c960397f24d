//! Files of rows over HTTP and by the command, also when the node is killed in the middle.

use std::fs;

use serde_json::{Value, json};

use crate::api::node::ApiNode;
use crate::support::node::TestNode;

#[tokio::test(flavor = "multi_thread")]
async fn rows_are_taken_in_line_by_line_and_the_same_file_adds_nothing() {
    let node = ApiNode::start(&[]).await;
    let anna = node.officer("anna", "case_officer").await;
    let other = b"no,such,header\n1,2,3\n".to_vec();
    let path = node.begin_import(&anna, json!({"source": "n.csv"}), &other).await;
    let told = node.send("POST", &path, &anna, other).await.problem(422, "invalid");
    assert_eq!(told["findings"][0]["path"], "header");

    let text = String::from_utf8(include_bytes!("../../data/declarations.csv").to_vec()).unwrap();
    let bad = text.lines().nth(1).unwrap().replacen("950300", "x", 1);
    let file = format!("{text}{bad}\n").into_bytes();
    let path = node.begin_import(&anna, json!({"source": "d.csv"}), &file).await;
    let report = node.send("POST", &path, &anna, file.clone()).await.good();
    assert_eq!((&report["accepted"], &report["refused"]), (&json!(300), &json!(1)), "{report}");
    let import = path.trim_end_matches("/rows");
    let refused = node.ask("GET", &format!("{import}/refusals"), &anna, &Value::Null).await.good();
    assert_eq!(refused["items"][0]["row"], 302);
    let first = usize::try_from(refused["items"][0]["first_byte"].as_u64().unwrap()).unwrap();
    assert_eq!(&file[first..first + bad.len()], bad.as_bytes());

    assert_eq!(node.begin_import(&anna, json!({"source": "other name.csv"}), &file).await, path);
    let told = node.send("POST", &path, &anna, b"others".to_vec()).await.problem(422, "invalid");
    assert_eq!(told["findings"][0]["path"], "file", "{told}");
    let again = node.send("POST", &path, &anna, file).await.good();
    assert_eq!((&again["rows_new"], &again["accepted"]), (&json!(0), &json!(300)), "{again}");
    let files = node.ask("GET", "/api/v1/imports", &anna, &Value::Null).await.good();
    assert_eq!(files["items"].as_array().unwrap().len(), 2);
    let list = node.ask("GET", "/api/v1/declarations?limit=500", &anna, &Value::Null).await.good();
    assert_eq!(list["items"].as_array().unwrap().len(), 300);
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_manifest_is_found_by_container_and_unsound_questions_are_told() {
    let node = ApiNode::start(&[]).await;
    let anna = node.officer("anna", "case_officer").await;
    let file = include_bytes!("../../data/manifest.csv").to_vec();
    let about = json!({"source": "m.csv", "kind": "manifest"});
    let path = node.begin_import(&anna, about, &file).await;
    let report = node.send("POST", &path, &anna, file).await.good();
    assert_eq!((&report["accepted"], &report["refused"]), (&json!(20), &json!(0)), "{report}");
    let found = "/api/v1/imported?scheme=container&value=xvnu%20180750-4";
    let found = node.ask("GET", found, &anna, &Value::Null).await.good();
    assert_eq!(found["items"][0]["id"], "NHL736789954/XVNU1807504", "{found}");
    let shown = "/api/v1/imported/manifest/NHL736789954%2FXVNU1807504";
    let shown = node.ask("GET", shown, &anna, &Value::Null).await.good();
    assert_eq!(shown["fields"]["vessel"], "Quiet Meridian");
    let case = json!({
        "title": "Perfume", "case_type": "revenue", "fields": {},
        "manifest": "NHL736789954/XVNU1807504",
    });
    let case = node.ask("POST", "/api/v1/cases", &anna, &case).await.good();
    assert_eq!(case["content"]["consignments/0/ship_name"], "Quiet Meridian", "{case}");

    let list = "/api/v1/imported?kind=manifest&limit=7";
    let page = node.ask("GET", list, &anna, &Value::Null).await.good();
    let next = format!("{list}&after={}", page["next"].as_str().unwrap().replace('/', "%2F"));
    let next = node.ask("GET", &next, &anna, &Value::Null).await.good();
    assert_eq!(
        (next["items"].as_array().unwrap().len(), next["items"][0] == page["items"][0]),
        (7, false)
    );
    for bad in ["kind=cargo", "kind=declaration", "scheme=imo", "scheme=boat&value=1", ""] {
        let told = node.ask("GET", &format!("/api/v1/imported?{bad}"), &anna, &Value::Null).await;
        told.problem(422, "invalid");
    }
    let bare = json!({"source": "x", "sha256": "00", "bytes": 1});
    node.ask("POST", "/api/v1/imports", &anna, &bare).await.problem(422, "invalid");
    node.stop().await;
}

/// A node as a process, and what an officer adds to a command.
async fn process() -> (TestNode, Vec<String>) {
    let mut node = TestNode::new("xa").await;
    node.spawn(&[]);
    let dir = node.dir();
    let dir = dir.to_str().unwrap();
    let user = ["user", "add", "anna", "--role", "case_officer", "--dir", dir];
    assert!(TestNode::command(&user).1);
    let (token, is_done) = TestNode::command(&["token", "new", "anna", "--dir", dir]);
    assert!(is_done, "{token}");
    let token = token.trim().rsplit('=').next().unwrap().to_owned();
    let url = format!("http://{}", node.config().http.listen);
    (node, vec!["--url".to_owned(), url, "--token".to_owned(), token])
}

fn sealane(arguments: &[&str], officer: &[String]) -> (String, bool) {
    let officer: Vec<&str> = officer.iter().map(String::as_str).collect();
    TestNode::command(&[arguments, &officer].concat())
}

/// How many rows of the only import are done.
fn rows_done(officer: &[String]) -> u64 {
    let (files, _) = sealane(&["imported", "files", "--json"], officer);
    let files: Value = serde_json::from_str(files.trim()).unwrap_or(Value::Null);
    files["items"][0]["rows_done"].as_u64().unwrap_or(0)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_killed_in_the_middle_of_an_import_goes_on_with_it_and_loses_no_row() {
    const ROWS: u64 = 60_000;
    let (mut node, officer) = process().await;
    let file = node.folder.path().join("many.csv");
    let head = "Declaration ID,HS6 Code,Country of Departure,Country of Origin,Importer ID,Seller ID,Net Mass,Item Price\n";
    let rows = (0..ROWS).map(|number| {
        let mass = if number % 1_000 == 7 { "heavy" } else { "10" };
        format!("d{number},240220,CN,CN,I{number},S,{mass},20\n")
    });
    fs::write(&file, head.to_owned() + &rows.collect::<String>()).unwrap();
    let file = file.to_str().unwrap().to_owned();
    let refused = node.folder.path().join("refused.csv").to_str().unwrap().to_owned();

    let (sent, asker) = (file.clone(), officer.clone());
    let first = tokio::task::spawn_blocking(move || sealane(&["import", &sent, "--json"], &asker));
    TestNode::until("some rows", async || rows_done(&officer) > 0).await;
    node.kill();
    let (told, is_done) = first.await.unwrap();
    assert!(!is_done && told.contains("run the same command"), "{told}");

    node.spawn(&[]);
    let before = rows_done(&officer);
    assert!(before > 0 && before < ROWS, "{before}");
    let import = ["import", &file, "--json", "--refused", &refused];
    let (report, is_done) = sealane(&import, &officer);
    assert!(is_done, "{report}");
    let report: Value = serde_json::from_str(report.trim()).unwrap();
    assert_eq!(report["rows_new"], ROWS - before, "{report}");
    assert_eq!((&report["accepted"], &report["refused"]), (&json!(ROWS - 60), &json!(60)));
    let text = fs::read_to_string(&refused).unwrap();
    assert_eq!(text.lines().count(), 61);
    assert!(text.starts_with("line,reason,Declaration ID,HS6 Code"), "{text}");
    let row = text.lines().nth(1).unwrap();
    assert!(
        row.starts_with("9,\"Net Mass") && row.ends_with("d7,240220,CN,CN,I7,S,heavy,20"),
        "{row}"
    );

    let (told, is_done) = sealane(&["import", &file], &officer);
    assert!(is_done && told.contains("nothing was added"), "{told}");
    // The refused rows, corrected, are taken in from the file that was written of them.
    fs::write(&refused, text.replace("heavy", "11")).unwrap();
    let (told, is_done) = sealane(&["import", &refused], &officer);
    assert!(is_done && told.contains("60 accepted"), "{told}");
    node.stop().await;
    let store = node.store().await;
    let all = sealane::node::store::declarations::DeclarationFilter::default();
    let count = store.read("count", move |tx| {
        Box::pin(async move { sealane::node::store::declarations::count(tx, &all).await })
    });
    let count: Result<i64, sealane::node::store::StoreError> = count.await;
    assert_eq!(count.unwrap(), i64::try_from(ROWS).unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mapping_with_a_mistake_is_told_by_file_and_line() {
    let (mut node, officer) = process().await;
    let mapping = node.folder.path().join("own.toml");
    fs::write(&mapping, "kind = \"manifest\"\n\n[fields.numbr]\ncolumn = \"B/L\"\n").unwrap();
    let rows = node.folder.path().join("rows.csv");
    fs::write(&rows, "B/L\nX1\nX2\n").unwrap();
    let (rows, mapping_file) = (rows.to_str().unwrap(), mapping.to_str().unwrap());
    let import = ["import", rows, "--mapping", mapping_file];
    let (told, is_done) = sealane(&import, &officer);
    let says = "own.toml, line 3: unknown key 'numbr'; did you mean 'number'?";
    assert!(!is_done && told.contains(says), "{told}");
    fs::write(&mapping, "kind = \"manifest\"\n\n[fields.number]\ncolumn = \"B/L\"\n").unwrap();
    let (told, is_done) = sealane(&import, &officer);
    assert!(is_done && told.contains("2 accepted"), "{told}");
    let (told, is_done) = sealane(&["imported", "list", "--kind", "manifest"], &officer);
    assert!(is_done && told.contains("X1") && told.contains("rows.csv"), "{told}");
    node.stop().await;
}
