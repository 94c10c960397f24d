//! Commands of officers and administrators against real nodes, each over the socket or port that it really uses.

use std::process::Command;

use serde_json::Value;

use crate::support::node::{TestNode, pair};

/// Runs a command that must end well.
fn run(arguments: &[&str]) -> String {
    let (said, is_done) = TestNode::command(arguments);
    assert!(is_done, "{arguments:?}: {said}");
    said
}

/// An officer of a running node, and how to ask as this officer.
struct Officer {
    url: String,
    token: String,
}

impl Officer {
    fn new(node: &TestNode, name: &str, role: &str, unit: &str) -> Self {
        let dir = node.dir();
        let dir = dir.to_str().expect("text");
        run(&["user", "add", name, "--role", role, "--unit", unit, "--dir", dir]);
        let token = run(&["token", "new", name, "--dir", dir]).trim().to_owned();
        Self { url: format!("http://{}", node.node().addresses().http), token }
    }

    fn ask(&self, arguments: &[&str]) -> (String, bool) {
        TestNode::command(&[arguments, &["--url", &self.url, "--token", &self.token]].concat())
    }

    fn run(&self, arguments: &[&str]) -> String {
        let (said, is_done) = self.ask(arguments);
        assert!(is_done, "{arguments:?}: {said}");
        said
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_officer_of_another_unit_is_in_a_team_as_long_as_he_was_added() {
    let mut xa = TestNode::new("xa").await;
    xa.start().await;
    let anna = Officer::new(&xa, "anna", "case_officer", "north");
    let carl = Officer::new(&xa, "carl", "case_officer", "port");
    let opened = anna.run(&["case", "new", "--title", "Tiles", "--type", "tobacco_excise"]);
    let case = opened.split_whitespace().nth(2).expect("the id of the case");
    assert!(!carl.ask(&["case", "show", case]).1);
    let (said, is_done) = carl.ask(&["case", "team", "add", case, "carl"]);
    assert!(!is_done, "nobody adds himself: {said}");
    anna.run(&["case", "team", "add", case, "carl"]);
    carl.run(&["case", "show", case]);
    anna.run(&["case", "team", "remove", case, "carl"]);
    assert!(!carl.ask(&["case", "show", case]).1);
    let (said, is_done) = anna.ask(&["case", "team", "add", case, "nobody"]);
    assert!(!is_done && said.contains("officer"), "{said}");
    xa.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_leaves_a_task_force_and_the_others_see_it() {
    let (mut xa, mut xb) = (TestNode::new("xa").await, TestNode::new("xb").await);
    xa.start().await;
    xb.start().await;
    pair(&[&xa, &xb]).await;
    let anna = Officer::new(&xa, "anna", "supervisor", "north");
    let bea = Officer::new(&xb, "bea", "supervisor", "north");
    let member = "customs.xb.example";
    let said = anna.run(&["task-force", "new", "--name", "Tiles", "--member", member]);
    let room = said.split_whitespace().nth(3).expect("the id of the room");
    let state = |officer: &Officer| -> Value {
        let (said, _) = officer.ask(&["task-force", "show", room, "--json"]);
        serde_json::from_str(&said).unwrap_or(Value::Null)
    };
    TestNode::until("the invitation", async || state(&bea).is_object()).await;
    bea.run(&["task-force", "join", room]);
    let has = |word: &str| {
        let room = state(&anna);
        room["members"].to_string().contains(word)
    };
    TestNode::until("the signature", async || has("joined") || has("member")).await;
    let before = state(&anna);
    bea.run(&["task-force", "leave", room, "--reason", "the operation moved on"]);
    TestNode::until("that he left", async || state(&anna)["members"] != before["members"]).await;
    assert!(state(&anna)["members"].to_string().contains("left"), "{}", state(&anna));
    let (said, is_done) = bea.ask(&["task-force", "post", room, "--text", "still here"]);
    assert!(!is_done, "{said}");
    xa.stop().await;
    xb.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_token_is_revoked_and_the_others_of_its_officer_stay() {
    let mut xa = TestNode::new("xa").await;
    xa.start().await;
    let dir = xa.dir();
    let dir = dir.to_str().expect("text");
    let lost = Officer::new(&xa, "anna", "case_officer", "north");
    let token = run(&["token", "new", "anna", "--label", "second", "--dir", dir]).trim().to_owned();
    let kept = Officer { url: lost.url.clone(), token };
    let listed = run(&["token", "list", "--json", "--dir", dir]);
    assert!(!listed.contains("slt_") && !listed.contains(&lost.token), "{listed}");
    let listed: Value = serde_json::from_str(&listed).expect("JSON");
    let listed = listed.as_array().expect("a list");
    let first = listed.iter().find(|token| token["label"] == "command line").expect("the first");
    let id = first["id"].as_str().expect("its id");
    run(&["token", "revoke", id, "--dir", dir]);
    assert!(!lost.ask(&["case", "list"]).1);
    kept.run(&["case", "list"]);
    let listed = run(&["token", "list", "--dir", dir]);
    let row = |id: &str| listed.lines().find(|line| line.starts_with(id)).unwrap_or_default();
    assert!(row(id).contains("revoked"), "{listed}");
    let (said, is_done) = TestNode::command(&["token", "revoke", id, "--dir", dir]);
    assert!(!is_done && said.contains("revoked before"), "{said}");
    let (said, is_done) = TestNode::command(&["token", "revoke", "00", "--dir", dir]);
    assert!(!is_done && said.contains("Not found"), "{said}");
    xa.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_case_is_closed_to_officers_by_commands_and_the_trail_of_it_is_exported_and_checked() {
    let mut xa = TestNode::new("xa").await;
    xa.start().await;
    let anna = Officer::new(&xa, "anna", "case_officer", "north");
    let bert = Officer::new(&xa, "bert", "case_officer", "north");
    let sue = Officer::new(&xa, "sue", "supervisor", "south");
    let dora = Officer::new(&xa, "dora", "data_protection_officer", "");
    sue.run(&["compartment", "grant", "anna", "operation-amber", "--reason", "leads it"]);
    let listed = sue.run(&["compartment", "list", "anna"]);
    assert!(listed.contains("operation-amber") && listed.contains("leads it"), "{listed}");
    let opened = anna.run(&["case", "new", "--title", "Tea"]);
    let id = opened.split_whitespace().nth(2).expect("its id");
    let declared = ["case", "conflict", "declare", id, "--reason", "my brother is the importer"];
    bert.run(&declared);
    let (said, is_done) = bert.ask(&["case", "show", id]);
    assert!(!is_done && said.contains("conflict of interest"), "{said}");
    assert!(anna.run(&["case", "conflict", "list", id]).contains("my brother"));
    sue.run(&["case", "conflict", "lift", id, "bert", "--reason", "he sold the firm"]);
    bert.run(&["case", "show", id]);
    sue.run(&["case", "assign", id, "anna"]);
    let amber = ["--level", "0", "--compartment", "operation-amber", "--reason", "an informant"];
    anna.run(&[&["case", "protect", id], &amber[..]].concat());
    let (said, is_done) = sue.ask(&["case", "show", id]);
    assert!(!is_done && said.contains("Not found"), "{said}");
    sue.run(&["compartment", "revoke", "anna", "operation-amber", "--reason", "left"]);
    assert!(!anna.ask(&["case", "show", id]).1);

    assert!(dora.run(&["audit-trail", "list", "--limit", "5"]).contains("case.read"));
    let file = xa.dir().join("trail.jsonl");
    let file = file.to_str().expect("text");
    let days = ["--from", "2020-01-01", "--to", "2100-12-31", "--out", file];
    dora.run(&[&["audit-trail", "export"], &days[..]].concat());
    let card = xa.dir().join("xa.card");
    let card = card.to_str().expect("text");
    run(&["peers", "card", "--dir", xa.dir().to_str().expect("text"), "--out", card]);
    let checked = |file: &str| {
        let mut verify = Command::new(env!("CARGO_BIN_EXE_sealane-verify"));
        let said = verify.args([file, "--trust", card]).output().expect("an end");
        (String::from_utf8_lossy(&said.stdout).into_owned(), said.status.code())
    };
    assert_eq!(checked(file).1, Some(0), "{}", checked(file).0);
    let text = std::fs::read_to_string(file).expect("the file");
    std::fs::write(file, text.replacen("\"seen\"", "\"done\"", 1)).expect("changed");
    let (said, code) = checked(file);
    assert!(code == Some(3) && said.contains("trail-chain"), "{said}");
    xa.stop().await;
}
