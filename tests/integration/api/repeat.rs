//! Requests under an `Idempotency-Key` over HTTP: done once, answered alike, also after a restart.

use http_body_util::Full;
use hyper::Request;
use hyper::body::Bytes;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use sealane::node::store::{StoreError, idempotency};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::api::node::{Answer, ApiNode};
use crate::support::node::TestNode;

fn case(title: &str) -> Value {
    json!({"title": title, "case_type": "revenue", "fields": {}})
}

fn request(token: &str, path: &str, key: &str, body: String) -> Request<Full<Bytes>> {
    let request = Request::builder()
        .method("POST")
        .uri(path)
        .header(HOST, "localhost")
        .header(CONTENT_TYPE, "application/json")
        .header(AUTHORIZATION, format!("Bearer {token}"))
        .header("sealane-purpose", "customs_enforcement")
        .header("idempotency-key", key);
    request.body(Full::new(Bytes::from(body))).unwrap()
}

/// Opens a case under a key.
async fn open(node: &ApiNode, token: &str, key: &str, title: &str) -> Answer {
    node.ask_as(request(token, "/api/v1/cases", key, case(title).to_string())).await
}

async fn count(node: &ApiNode, token: &str) -> usize {
    let list = node.ask("GET", "/api/v1/cases", token, &Value::Null).await.good();
    list["items"].as_array().unwrap().len()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_request_is_done_once_and_answered_alike_after_a_restart_too() {
    let mut node = ApiNode::start(&[]).await;
    let anna = node.officer("anna", "case_officer").await;
    let bert = node.officer("bert", "case_officer").await;
    let first = open(&node, &anna, "\"k-1\"", "Tea").await;
    assert_eq!(first.status.as_u16(), 201, "{}", first.text());
    for restarts in [false, true] {
        if restarts {
            node.restart().await;
        }
        let again = open(&node, &anna, "k-1", "Tea").await;
        assert_eq!((again.status, &again.bytes), (first.status, &first.bytes));
        assert_eq!(again.headers[CONTENT_TYPE], first.headers[CONTENT_TYPE]);
        let other = open(&node, &anna, "k-1", "Coffee").await.problem(422, "invalid");
        assert!(other["detail"].as_str().unwrap().contains("choose a new one"), "{other}");
    }
    assert_eq!(count(&node, &anna).await, 1);
    // Keys are each officer's own; what is kept of them is not readable in the store.
    assert_eq!(open(&node, &bert, "k-1", "Coffee").await.status.as_u16(), 201);
    assert_eq!(count(&node, &bert).await, 2);
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_request_can_be_mended_under_its_key_and_odd_keys_are_refused() {
    let node = ApiNode::start(&[]).await;
    let anna = node.officer("anna", "case_officer").await;
    let otto = node.officer("otto", "auditor").await;
    open(&node, &anna, "k", "").await.problem(422, "invalid");
    assert_eq!(open(&node, &anna, "k", "Tea").await.status.as_u16(), 201);
    // A denial writes the audit trail, and changes nothing that the key could stand for.
    open(&node, &otto, "k", "Tea").await.problem(403, "not-permitted");
    open(&node, &otto, "k", "Coffee").await.problem(403, "not-permitted");
    open(&node, "forged", "k", "Tea").await.problem(401, "not-signed-in");
    open(&node, &anna, "two words", "Tea").await.problem(400, "malformed");
    let streamed = request(&anna, "/api/v1/packs", "k", String::new());
    node.ask_as(streamed).await.problem(400, "malformed");
    let long = request(&anna, "/api/v1/cases", "long", " ".repeat(300 * 1024));
    node.ask_as(long).await.problem(413, "too-large");
    assert_eq!(count(&node, &anna).await, 1);
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_in_flight_is_not_begun_again() {
    let node = ApiNode::start(&[]).await;
    let anna = node.officer("anna", "case_officer").await;
    let body = case("Tea").to_string();
    let head = format!(
        "POST /api/v1/cases HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-type: application/json\r\nauthorization: Bearer {anna}\r\nsealane-purpose: customs_enforcement\r\nidempotency-key: k\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    // What is refused for its form is not kept, so that asking changes nothing until the slow one is there. Whichever of the
    // two comes first is told to wait: then the slow one begins again.
    let slow = std::sync::Mutex::new(None);
    TestNode::until("the slow request", async || {
        let mut stream = TcpStream::connect(node.node().addresses().http).await.unwrap();
        stream.write_all(head.as_bytes()).await.unwrap();
        stream.write_all(&body.as_bytes()[..10]).await.unwrap();
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
        let is_there = open(&node, &anna, "k", "").await.status.as_u16() == 409;
        if is_there {
            *slow.lock().unwrap() = Some(stream);
        }
        is_there
    })
    .await;
    let mut slow = slow.into_inner().unwrap().unwrap();
    let told = open(&node, &anna, "k", "Tea").await.problem(409, "conflict");
    assert!(told["detail"].as_str().unwrap().contains("in a moment"), "{told}");
    slow.write_all(&body.as_bytes()[10..]).await.unwrap();
    let mut answer = String::new();
    slow.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
    let again = open(&node, &anna, "k", "Tea").await;
    assert!(answer.ends_with(&again.text()), "{answer}");
    assert_eq!(count(&node, &anna).await, 1);
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_who_does_not_wait_finds_the_answer_later() {
    let node = ApiNode::start(&[]).await;
    let anna = node.officer("anna", "case_officer").await;
    let body = case("Tea").to_string();
    let mut hasty = TcpStream::connect(node.node().addresses().http).await.unwrap();
    let text = format!(
        "POST /api/v1/cases HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\nauthorization: Bearer {anna}\r\nsealane-purpose: customs_enforcement\r\nidempotency-key: k\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    hasty.write_all(text.as_bytes()).await.unwrap();
    TestNode::until("the case", async || count(&node, &anna).await == 1).await;
    drop(hasty);
    TestNode::until("the answer", async || {
        open(&node, &anna, "k", "Tea").await.status.as_u16() == 201
    })
    .await;
    assert_eq!(count(&node, &anna).await, 1);
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_ends_between_change_and_answer_does_not_do_it_again() {
    let mut node = ApiNode::start(&[]).await;
    let anna = node.officer("anna", "case_officer").await;
    let first = open(&node, &anna, "k", "Tea").await;
    assert_eq!(first.status.as_u16(), 201, "{}", first.text());
    // What such an end leaves: the claim, which came with the change, and no answer.
    let store = node.halt().await;
    let users = store
        .read("users", |tx| Box::pin(async move { sealane::node::store::users::list(tx).await }));
    let users: Result<_, StoreError> = users.await;
    let caller = users.unwrap().remove(0).id;
    let cut: Result<(), StoreError> = store
        .write("cut", move |tx| {
            let caller = caller.clone();
            Box::pin(async move {
                let row = idempotency::get(tx, &caller, "k").await?.expect("it was kept");
                let whole = String::from_utf8_lossy(&row.body).into_owned();
                assert!(!whole.contains("Tea"), "the body is sealed");
                let claim = idempotency::Answer { status: 0, body: Vec::new(), ..row };
                idempotency::keep(tx, &claim).await
            })
        })
        .await;
    cut.unwrap();
    store.close().await;
    node.restart().await;
    let told = open(&node, &anna, "k", "Tea").await.problem(409, "conflict");
    assert!(told["detail"].as_str().unwrap().contains("its answer was lost"), "{told}");
    assert_eq!(count(&node, &anna).await, 1);
    node.stop().await;
}
