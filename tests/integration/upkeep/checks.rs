//! `log check` and `audit`: a sound node has no findings, and each thing that is changed behind its back is found.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Arc;

use sealane::domain::handling::Purpose;
use sealane::node::casework::{EvidenceInput, NewCase, NewToken, NewUser};
use sealane::node::clock::SystemClock;
use sealane::node::store::Param;
use sealane::node::upkeep::Findings;
use sealane::node::upkeep::log_check::{Checked, log_check};
use sealane::node::upkeep::reconcile::{Reconciled, reconcile};
use sealane::node::{Node, Seams};
use sealane::policy::{Action, Actor, Permit};
use serde_json::json;

use crate::upkeep::{Site, config, copy_folder, published, start, tamper, work};

/// More than one tile, so that a full one, a level above it and a partial one are there.
const RECORDS: usize = 300;

async fn check(dir: &Path) -> Checked {
    log_check(&config(dir), Arc::new(SystemClock), &|_, _| {}).await.unwrap()
}

async fn audit(dir: &Path) -> Reconciled {
    reconcile(&config(dir), &Seams::default(), None, &|_, _| {}).await.unwrap()
}

/// Whether a finding speaks of it.
fn speaks(findings: &Findings, of: &str) -> bool {
    findings.list().iter().any(|finding| finding.what.contains(of))
}

/// A stopped node's folder, and copies of it to be spoilt.
struct Original {
    site: Site,
    copies: std::cell::Cell<u32>,
}

impl Original {
    /// A node that worked and was found sound while it ran.
    async fn sound() -> Self {
        let site = Site::new("customs.xa.example").await;
        let node = start(&site.dir()).await;
        work(&node, &site.dir(), RECORDS, "policy").await;
        let checked = check(&site.dir()).await;
        assert_eq!(checked.findings.list(), []);
        assert!(checked.leaves > 256 && checked.tiles >= 3 && checked.files >= 5, "{checked:?}");
        assert!(checked.checkpoints > 0 && checked.receipts == checked.leaves);
        let compared = audit(&site.dir()).await;
        assert_eq!(compared.findings.list(), []);
        assert!(compared.records >= checked.leaves && compared.objects >= 2, "{compared:?}");
        node.stop().await;
        assert_eq!(check(&site.dir()).await.findings.list(), []);
        Self { site, copies: std::cell::Cell::new(0) }
    }

    fn copy(&self) -> PathBuf {
        self.copies.set(self.copies.get() + 1);
        let copy = self.site.beside(&format!("copy{}", self.copies.get()));
        copy_folder(&self.site.dir(), &copy);
        copy
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_changed_behind_the_log_is_found() {
    let original = Original::sound().await;
    for (sql, says) in [
        (
            "UPDATE records SET statement = (SELECT statement FROM records WHERE seq = 9) WHERE seq = 8",
            "was changed",
        ),
        ("UPDATE log_tiles SET hashes = zeroblob(8192) WHERE level = 0 AND n = 0", "stored tile"),
        ("UPDATE log_tiles SET hashes = zeroblob(32) WHERE level = 1", "stored tile"),
        ("DELETE FROM log_leaves WHERE idx = 17", "leaf is missing"),
        ("UPDATE logs SET root = zeroblob(32)", "stored root of the log"),
        (
            "UPDATE log_checkpoints SET root = zeroblob(32) WHERE size = (SELECT MAX(size) FROM log_checkpoints)",
            "stored root of the checkpoint",
        ),
        (
            "UPDATE log_checkpoints SET note = (SELECT note FROM log_checkpoints ORDER BY size LIMIT 1)
             WHERE size = (SELECT MAX(size) FROM log_checkpoints)",
            "signed checkpoint does not hold",
        ),
        ("DELETE FROM receipts WHERE log_index = 3", "receipt is missing"),
        (
            "UPDATE receipts SET receipt = (SELECT receipt FROM receipts WHERE log_index = 5) WHERE log_index = 6",
            "receipt",
        ),
        ("DELETE FROM log_checkpoints WHERE size = (SELECT MAX(size) FROM log_checkpoints)", "newest"),
    ] {
        let copy = original.copy();
        tamper(&copy, sql, Vec::new()).await;
        let checked = check(&copy).await;
        assert!(speaks(&checked.findings, says), "{sql}: {:?}", checked.findings);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_published_file_that_differs_or_is_gone_is_found() {
    let original = Original::sound().await;
    let files = walk(&original.site.dir().join("data/log"));
    assert!(files.len() >= 5, "{files:?}");
    for file in files {
        let file = file.strip_prefix(original.site.dir()).unwrap();
        // A partial file of a smaller tree is left over and of no use.
        let copy = original.copy();
        let path = copy.join(file);
        let mut bytes = std::fs::read(&path).unwrap();
        let place = bytes.len() / 2;
        bytes[place] ^= 1;
        std::fs::write(&path, bytes).unwrap();
        let has_found = !check(&copy).await.findings.is_empty();
        std::fs::remove_file(&path).unwrap();
        assert_eq!(has_found, !check(&copy).await.findings.is_empty(), "{}", file.display());
        let is_full_or_head = !file.to_string_lossy().contains(".p/");
        assert!(has_found || !is_full_or_head, "{}", file.display());
    }
}

fn walk(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { files.extend(walk(&path)) } else { files.push(path) }
    }
    files
}

#[tokio::test(flavor = "multi_thread")]
async fn what_differs_between_rows_records_and_log_is_found() {
    let original = Original::sound().await;
    for (sql, says) in [
        ("UPDATE records SET author = 'customs.xb.example' WHERE seq = 5", "column author differs"),
        ("UPDATE records SET kind = 'case.opened/1' WHERE seq = 5", "column kind differs"),
        ("UPDATE records SET prev = NULL WHERE seq = 9", "column prev differs"),
        (
            "UPDATE record_fields SET sealed = zeroblob(90) WHERE record_seq = 7",
            "fields cannot be read",
        ),
        ("UPDATE chains SET length = length + 1", "its row says"),
        (
            "UPDATE chains SET head = (SELECT hash FROM records WHERE seq = 9) WHERE length > 100",
            "is not on the chain",
        ),
        ("DELETE FROM log_leaves WHERE idx = 11", "is in no log"),
        (
            "INSERT INTO cases VALUES ('c', 'r', 't', 'x', 'open', '', '', 1, 1, zeroblob(32), 1,
              zeroblob(32), '', '', 1, 0, 1, NULL, '', 0, '')",
            "has a row and no records",
        ),
        (
            "INSERT INTO blobs VALUES ('ff', 'k', 1, zeroblob(32), zeroblob(32), 'complete', 1)",
            "file of evidence is missing",
        ),
        (
            "INSERT INTO outbox (peer, conversation, record_hash, frame, state, attempts, next_at,
                 lease_token, lease_until, queued_at, settled_at)
             SELECT 'customs.xb.example', 'c', hash, 'deliver', 'delivered', 1, 0, 0, 0, 1, 2
             FROM records WHERE seq = 6",
            "receipt is missing",
        ),
        (
            "INSERT INTO audit_events (at, actor, role, action, outcome, prev, hash)
             VALUES (1, 'a', 'r', 'read', 'done', zeroblob(32), zeroblob(32))",
            "was changed",
        ),
        (
            "UPDATE records SET statement = (SELECT statement FROM records WHERE seq = 9) WHERE seq = 8",
            "column hash differs",
        ),
    ] {
        let copy = original.copy();
        tamper(&copy, sql, Vec::<Param>::new()).await;
        let compared = audit(&copy).await;
        assert!(speaks(&compared.findings, says), "{sql}: {:?}", compared.findings);
    }
}

/// An officer of that role, signed in.
async fn officer(node: &Node, name: &str) -> Actor {
    let desk = node.desk();
    let permit = desk.permit(&Actor::local_socket(), Action::UserManage, None, None).await.unwrap();
    let user = NewUser {
        name: name.to_owned(),
        roles: vec!["case_officer".to_owned()],
        unit: "north".to_owned(),
        clearance: 0,
    };
    desk.add_user(&permit, user).await.unwrap();
    let token = NewToken { user: name.to_owned(), label: "test".to_owned(), days: 1 };
    let token = desk.new_token(&permit, token).await.unwrap();
    desk.authenticate(&token.token).await.unwrap().unwrap()
}

async fn may(node: &Node, actor: &Actor, action: Action, object: Option<&str>) -> Permit {
    let object = object.map(|id| id.parse().unwrap());
    node.desk().permit(actor, action, object, Some(Purpose::CustomsEnforcement)).await.unwrap()
}

/// A case that was retitled and moved, with an item that went from hand to hand.
async fn casework(node: &Node) {
    let (ada, bob) = (officer(node, "Ada").await, officer(node, "Bob").await);
    let desk = node.desk();
    let goods = json!({
        "goods/0/description": "tea", "goods/0/hs": "0902", "goods/0/hs_edition": 2022,
    });
    let new = json!({ "title": "Tea", "case_type": "tobacco_excise", "fields": goods });
    let new: NewCase = serde_json::from_value(new).unwrap();
    let permit = may(node, &ada, Action::CaseOpen, None).await;
    let case = desk.open_case(&permit, new).await.unwrap().row.id;
    let change = serde_json::from_value(json!({ "fields": { "title": "Cigarettes" } })).unwrap();
    let permit = may(node, &ada, Action::CaseUpdate, Some(&case)).await;
    desk.update_case(&permit, change).await.unwrap();
    let step = serde_json::from_value(json!({ "to": "triage" })).unwrap();
    let permit = may(node, &ada, Action::CaseMove, Some(&case)).await;
    desk.move_case(&permit, step).await.unwrap();
    for bytes in [10, 300_000] {
        let input = EvidenceInput { description: "Ledger".to_owned(), ..EvidenceInput::default() };
        let permit = may(node, &ada, Action::EvidenceAdd, Some(&case)).await;
        let content = vec![7; bytes];
        let item = desk.add_evidence(&permit, input, content.as_slice(), &|_| {}).await.unwrap();
        let item = item.row.id;
        let give = json!({ "to": "Bob", "reason": "examination", "place": "vault" });
        let permit = may(node, &ada, Action::CustodyTransfer, Some(&item)).await;
        desk.transfer_evidence(&permit, serde_json::from_value(give).unwrap()).await.unwrap();
        let permit = may(node, &bob, Action::CustodyReceive, Some(&item)).await;
        desk.receive_evidence(&permit, serde_json::from_value(json!({})).unwrap()).await.unwrap();
    }
}

/// A change of a row, and what the audit says of it.
const ROWS: &[(&str, &str)] = &[
    ("UPDATE cases SET title = 'Tea'", "under title differs"),
    ("UPDATE cases SET status = 'closed'", "under status differs"),
    ("UPDATE cases SET reference = 'x'", "under reference differs"),
    ("UPDATE cases SET case_type = 'waste'", "under case_type differs"),
    ("UPDATE cases SET unit = 'south'", "under unit differs"),
    ("UPDATE cases SET level = 1", "under level differs"),
    ("UPDATE cases SET compartment = 'amber'", "under compartment differs"),
    (
        "INSERT INTO case_conflicts SELECT id, 'nobody', zeroblob(32) FROM cases",
        "under conflicts differs",
    ),
    ("UPDATE cases SET pending = 'closed'", "under pending differs"),
    (
        "UPDATE cases SET workflow = (SELECT hash FROM workflows WHERE case_type = 'waste')",
        "under workflow differs",
    ),
    ("UPDATE cases SET status_since = 1", "under status_since differs"),
    ("UPDATE cases SET version = 9", "under version differs"),
    ("UPDATE cases SET head = zeroblob(32)", "under head differs"),
    ("UPDATE cases SET opened_at = 1", "under opened_at differs"),
    ("UPDATE cases SET acted_at = 1", "under acted_at differs"),
    ("UPDATE cases SET review_by = 1", "under review_by differs"),
    ("UPDATE cases SET restricted = 'ordered'", "under restricted differs"),
    ("UPDATE deadlines SET due_at = 1 WHERE place = 'retention'", "under deadlines differs"),
    ("DELETE FROM deadlines WHERE kind = 'case_review'", "under deadlines differs"),
    ("INSERT INTO case_origins SELECT id, 'manifest', 'B1' FROM cases", "under origins differs"),
    ("UPDATE case_states SET entered_at = 1", "under states differs"),
    (
        "INSERT INTO case_outcomes SELECT id, 'judicial', 'acquittal' FROM cases",
        "under outcomes differs",
    ),
    ("DELETE FROM identifiers", "under identifiers differs"),
    ("DELETE FROM object_fields WHERE path LIKE 'goods/%'", "under goods/0/"),
    ("DELETE FROM cases", "has records and no row"),
    ("UPDATE evidence SET sha256 = zeroblob(32)", "column sha256 differs"),
    ("UPDATE evidence SET size = size + 1", "column size differs"),
    ("UPDATE evidence SET holder = 'nobody'", "column holder differs"),
    ("UPDATE custody SET to_actor = 'nobody' WHERE position = 1", "custody chain differs"),
    ("DELETE FROM custody WHERE position = 1", "a link of its custody chain is missing"),
    ("DELETE FROM audit_events WHERE seq = 2", "does not continue the event before"),
    ("UPDATE audit_events SET actor = 'nobody' WHERE seq = 2", "was changed"),
];

#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_says_something_else_than_its_records_is_found() {
    let site = Site::new("customs.xa.example").await;
    let node = start(&site.dir()).await;
    casework(&node).await;
    published(&site.dir(), |_| true).await;
    let compared = audit(&site.dir()).await;
    assert_eq!(compared.findings.list(), []);
    assert!(compared.rows >= 5 && compared.events > 0, "{compared:?}");
    node.stop().await;
    let original = Original { site, copies: std::cell::Cell::new(0) };
    for (sql, says) in ROWS {
        let copy = original.copy();
        tamper(&copy, sql, Vec::new()).await;
        let compared = audit(&copy).await;
        assert!(speaks(&compared.findings, says), "{sql}: {:?}", compared.findings);
    }
    let copy = original.copy();
    for file in walk(&copy.join("data/blobs")) {
        std::fs::remove_file(&file).unwrap();
    }
    let lost = audit(&copy).await.findings;
    // Two contents, and the tree of the large one.
    assert_eq!(lost.count(), 3, "{lost:?}");
}

fn sealane(arguments: &[&str], dir: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_sealane"))
        .args(arguments)
        .arg("--config")
        .arg(dir.join("sealane.toml"))
        .output()
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_commands_end_with_3_on_findings_and_with_1_if_there_is_no_node() {
    let site = Site::new("customs.xa.example").await;
    let dir = site.dir();
    start(&dir).await.stop().await;
    for command in [&["log", "check"][..], &["audit"]] {
        let sound = sealane(command, &dir);
        assert_eq!(sound.status.code(), Some(0), "{sound:?}");
        assert!(String::from_utf8_lossy(&sound.stdout).contains("sound"));
    }
    let stranger = sealane(&["audit", "--peer", "customs.xz.example"], &dir);
    assert_eq!(stranger.status.code(), Some(1), "{stranger:?}");
    tamper(&dir, "UPDATE records SET leaf_hashes = zeroblob(64) WHERE seq = 1", Vec::new()).await;
    tamper(&dir, "UPDATE logs SET root = zeroblob(32)", Vec::new()).await;
    for command in [&["log", "check", "--json"][..], &["audit", "--json"]] {
        let found = sealane(command, &dir);
        assert_eq!(found.status.code(), Some(3), "{found:?}");
        let verdict: serde_json::Value = serde_json::from_slice(&found.stdout).unwrap();
        assert_eq!(verdict["sound"], false);
        assert!(verdict["findings"][0]["advice"].is_string());
    }
    std::fs::remove_file(dir.join("data/store.db")).unwrap();
    assert_eq!(sealane(&["log", "check"], &dir).status.code(), Some(1));
    assert!(!dir.join("data/store.db").exists(), "a check makes no store");
    assert_eq!(sealane(&["backup", "--out", "/nowhere/x"], &dir).status.code(), Some(1));
}
