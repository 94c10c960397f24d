//! Tags and conditions: what was read is not sent again, and nobody changes unseen what another wrote.

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, ETAG, HOST};
use hyper::{Request, StatusCode};
use serde_json::{Value, json};

use crate::api::node::{Answer, ApiNode};

/// Asks with a condition.
async fn ask_if(
    node: &ApiNode,
    (method, path): (&str, &str),
    token: &str,
    (condition, tag): (&str, &str),
    body: &Value,
) -> Answer {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header(HOST, "localhost")
        .header(AUTHORIZATION, format!("Bearer {token}"))
        .header(CONTENT_TYPE, "application/json")
        .header("sealane-purpose", "customs_enforcement")
        .header(condition, tag);
    let bytes = if body.is_null() { Bytes::new() } else { Bytes::from(body.to_string()) };
    node.ask_as(request.body(Full::new(bytes)).expect("a request")).await
}

/// The tag of what is at a path now.
async fn tag(node: &ApiNode, path: &str, token: &str) -> String {
    let read = node.ask("GET", path, token, &Value::Null).await;
    assert_eq!(read.status, StatusCode::OK, "{}", read.text());
    read.headers[ETAG].to_str().expect("a tag").to_owned()
}

/// What is at a path once its first record has its place in the log, which is part of the view.
async fn read_sealed(node: &ApiNode, path: &str, token: &str) -> Value {
    loop {
        let signals = node.node().signals();
        let sealed = signals.sealed();
        let read = node.ask("GET", path, token, &Value::Null).await.good();
        if !read["history"][0]["log_index"].is_null() {
            return read;
        }
        signals.sealed_through(sealed + 1).await;
    }
}

async fn open(node: &ApiNode, token: &str) -> String {
    let case = json!({"title": "Tea", "case_type": "revenue", "fields": {}});
    let case = node.ask("POST", "/api/v1/cases", token, &case).await.good();
    format!("/api/v1/cases/{}", case["id"].as_str().expect("an id"))
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_read_is_not_sent_again_until_it_changes() {
    let node = ApiNode::start(&[]).await;
    let anna = node.officer("anna", "case_officer").await;
    let path = open(&node, &anna).await;
    let read = read_sealed(&node, &path, &anna).await;
    let known = tag(&node, &path, &anna).await;
    assert!(known.starts_with(&format!("\"{}-", read["head"].as_str().unwrap())), "{known}");

    let read = ("GET", path.as_str());
    let again = ask_if(&node, read, &anna, ("if-none-match", &known), &Value::Null).await;
    assert_eq!((again.status.as_u16(), again.bytes.len()), (304, 0));
    assert_eq!(again.headers[ETAG].to_str().unwrap(), known);
    // Who may not read it is told nothing, whatever tag they have.
    let otto = node.officer("otto", "auditor").await;
    let denied = ask_if(&node, read, &otto, ("if-none-match", &known), &Value::Null).await;
    denied.problem(403, "not-permitted");

    let to = format!("{path}/move");
    node.ask("POST", &to, &anna, &json!({"to": "triage"})).await.good();
    let newer = ask_if(&node, read, &anna, ("if-none-match", &known), &Value::Null).await;
    assert_eq!(newer.good()["status"], "triage");
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_says_what_its_author_has_seen() {
    let node = ApiNode::start(&[]).await;
    let anna = node.officer("anna", "case_officer").await;
    let path = open(&node, &anna).await;
    let change = json!({"fields": {"title": "Coffee"}});
    let unseen = node.ask("PATCH", &path, &anna, &change).await;
    let told = unseen.problem(428, "seen-nothing");
    assert!(told["detail"].as_str().unwrap().contains("If-Match"), "{told}");
    let bad = ask_if(&node, ("PATCH", &path), &anna, ("if-match", "*"), &change).await;
    bad.problem(400, "malformed");

    let seen = tag(&node, &path, &anna).await;
    ask_if(&node, ("PATCH", &path), &anna, ("if-match", &seen), &change).await.good();
    let stale = ask_if(&node, ("PATCH", &path), &anna, ("if-match", &seen), &change).await;
    stale.problem(412, "stale");
    for (what, said) in [
        ("conflicts", json!({"reason": "a cousin"})),
        ("review", json!({"decision": "keep", "reason": "needed"})),
    ] {
        let to = format!("{path}/{what}");
        let stale = ask_if(&node, ("POST", &to), &anna, ("if-match", &seen), &said).await;
        stale.problem(412, "stale");
    }
    // A step is judged by what the officer has seen before it is judged by the rules.
    let to = format!("{path}/move");
    let step = json!({"to": "resolved"});
    let stale = ask_if(&node, ("POST", &to), &anna, ("if-match", &seen), &step).await;
    stale.problem(412, "stale");
    let seen = tag(&node, &path, &anna).await;
    let illegal = ask_if(&node, ("POST", &to), &anna, ("if-match", &seen), &step).await;
    illegal.problem(409, "conflict");
    let step = json!({"to": "triage"});
    ask_if(&node, ("POST", &to), &anna, ("if-match", &seen), &step).await.good();
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_officers_who_hand_over_an_item_one_is_told_that_it_moved() {
    let node = ApiNode::start(&[]).await;
    let anna = node.officer("anna", "case_officer").await;
    node.officer("bea", "case_officer").await;
    let case = open(&node, &anna).await;
    let add = format!("{case}/evidence?description=Ledger");
    let item = node.send("POST", &add, &anna, b"page one".to_vec()).await.good();
    let item = format!("/api/v1/evidence/{}", item["id"].as_str().unwrap());
    let seen = tag(&node, &item, &anna).await;
    let over = json!({"to": "bea", "reason": "analysis", "place": "lab"});
    let to = format!("{item}/transfer");
    ask_if(&node, ("POST", &to), &anna, ("if-match", &seen), &over).await.good();
    let late = ask_if(&node, ("POST", &to), &anna, ("if-match", &seen), &over).await;
    late.problem(412, "stale");
    let seen = tag(&node, &item, &anna).await;
    let twice = ask_if(&node, ("POST", &to), &anna, ("if-match", &seen), &over).await;
    twice.problem(409, "conflict");
    node.stop().await;
}
