//! Log and witness over HTTP: what tools read and write, with and without sign-in.

use hyper::header::{CACHE_CONTROL, CONTENT_TYPE};
use sealane::node::clock::{Clock as _, SystemClock};
use serde_json::Value;

use crate::api::node::ApiNode;

const OPEN: &[(&str, &str)] = &[("public_log = false", "public_log = true")];

#[tokio::test(flavor = "multi_thread")]
async fn a_witness_answers_with_the_statuses_of_the_protocol() {
    let node = ApiNode::start(OPEN).await;
    let ask = async |body: &str| {
        node.send("POST", "/witness/v1/add-checkpoint", "", body.as_bytes().to_vec()).await
    };
    ask("nonsense").await.problem(400, "malformed");
    let key = "AAAAAcOoiaekRFRr+wLmYLYYrwmwVfvVTvPUUDzBXdUIXyl0QwnqE+RPj83Y5Zmj9E5BM8nF4LKvaLoYkDMLqx9YmA4=";
    let root = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
    let stranger = format!("old 0\n\nlog.example/1\n0\n{root}\n\n\u{2014} log.example/1 {key}\n");
    ask(&stranger).await.problem(404, "not-found");
    let unknown = format!("/witness/v1/{}/checkpoint", "00".repeat(32));
    node.ask("GET", &unknown, "", &Value::Null).await.problem(404, "not-found");
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_officer_reads_checkpoint_and_proof_of_the_own_log() {
    let node = ApiNode::start(&[]).await;
    let officer = node.officer("anna", "case_officer").await;
    node.node().signals().sealed_through(1).await;
    let checkpoint = node.ask("GET", "/api/v1/log/checkpoint", &officer, &Value::Null).await;
    assert_eq!(checkpoint.headers[CONTENT_TYPE], "text/plain; charset=utf-8");
    let origin = format!("customs.xa.example/log/{}\n", SystemClock.now().year());
    assert!(checkpoint.text().starts_with(&origin), "{}", checkpoint.text());
    for absent in ["00".repeat(32), "zz".to_owned(), "00".to_owned()] {
        let path = format!("/api/v1/log/proof/{absent}");
        node.ask("GET", &path, &officer, &Value::Null).await.problem(404, "not-found");
    }
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn published_files_are_read_as_they_are() {
    let node = ApiNode::start(OPEN).await;
    let folder = node.data().join("log/2026/tile/entries");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("000"), [1, 2, 3]).unwrap();
    std::fs::write(folder.join("secret"), "secret").unwrap();
    let tile = node.ask("GET", "/log/2026/tile/entries/000", "", &Value::Null).await;
    assert_eq!(tile.bytes.as_ref(), [1, 2, 3]);
    assert_eq!(tile.headers[CONTENT_TYPE], "application/octet-stream");
    assert!(tile.headers[CACHE_CONTROL].to_str().unwrap().contains("immutable"));
    for path in [
        "/log/2026/tile/entries/001",
        "/log/2026/tile/entries/secret",
        "/log/2026/tile/entries/%2e%2e/entries/000",
        "/log/2026/../2026/tile/entries/000",
        "/log/%2e%2e/store.db",
        "/log/2026",
    ] {
        node.ask("GET", path, "", &Value::Null).await.problem(404, "not-found");
    }
    node.stop().await;
}
