//! Deadlines and notices over HTTP: what the node's own job tells, once, also across a restart.

use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::net::TcpStream;

use serde_json::{Value, json};

use crate::api::node::ApiNode;

/// The notices of an officer, as soon as there are any.
async fn notices(node: &ApiNode, token: &str) -> Value {
    for _ in 0..100 {
        let list = node.ask("GET", "/api/v1/notices?unread=true", token, &Value::Null).await.good();
        if list["items"].as_array().is_some_and(|items| !items.is_empty()) {
            return list;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the node told nobody");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_overdue_is_listed_and_told_once_by_the_node() {
    let mut node = ApiNode::start(&[]).await;
    let anna = node.officer("anna", "case_officer").await;
    let bert = node.officer("bert", "case_officer").await;
    let case = json!({
        "title": "Tea that is no tea",
        "case_type": "tobacco_excise",
        "fields": {
            "tasks/70/title": "Weigh the goods", "tasks/70/state": "open",
            "tasks/70/due": "2020-01-31", "tasks/70/assignee": "anna",
        },
    });
    let case = node.ask("POST", "/api/v1/cases", &anna, &case).await.good();
    let list = node.ask("GET", "/api/v1/deadlines?overdue=true", &anna, &Value::Null).await.good();
    assert_eq!(list["items"].as_array().unwrap().len(), 1, "{list}");
    assert_eq!(list["items"][0]["object"], case["id"]);
    assert_eq!(list["items"][0]["place"], "tasks/70");
    assert_eq!(list["items"][0]["is_overdue"], true);
    let mine = node.ask("GET", "/api/v1/deadlines?mine=true", &bert, &Value::Null).await.good();
    assert_eq!(mine["items"], json!([]));
    node.ask("GET", "/api/v1/deadlines?soon=1", &anna, &Value::Null)
        .await
        .problem(400, "malformed");

    node.restart().await;
    let told = notices(&node, &anna).await;
    assert_eq!(told["items"].as_array().unwrap().len(), 1, "{told}");
    assert_eq!(told["items"][0]["kind"], "overdue");
    assert!(!told.to_string().contains("Weigh"), "no content: {told}");
    let read = format!("/api/v1/notices/{}/read", told["items"][0]["id"].as_str().unwrap());
    node.ask("POST", &read, &bert, &Value::Null).await.problem(404, "not-found");
    let done = node.ask("POST", &read, &anna, &Value::Null).await.good();
    assert!(done["read_at"].is_string(), "{done}");

    node.restart().await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    let all = node.ask("GET", "/api/v1/notices", &anna, &Value::Null).await.good();
    assert_eq!(all["items"].as_array().unwrap().len(), 1, "{all}");
    assert!(all["items"][0]["read_at"].is_string(), "{all}");
    node.stop().await;
}

/// The events of an officer's notices, line by line.
async fn watch(node: &ApiNode, token: &str, last: &str) -> Lines<BufReader<TcpStream>> {
    let mut stream = TcpStream::connect(node.node().addresses().http).await.expect("the API");
    let request = format!(
        "GET /api/v1/notices/events HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n\
         Last-Event-ID: {last}\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await.expect("a request");
    let mut lines = BufReader::new(stream).lines();
    let status = lines.next_line().await.expect("an answer").expect("a line");
    assert!(status.contains("200"), "{status}");
    lines
}

/// The data of the next event.
async fn event(lines: &mut Lines<BufReader<TcpStream>>) -> Value {
    loop {
        let line = lines.next_line().await.expect("a stream").expect("a line");
        if let Some(data) = line.strip_prefix("data: ") {
            return serde_json::from_str(data).expect("JSON");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_watches_is_told_at_once_and_of_what_was_missed_and_only_of_the_own() {
    let mut node = ApiNode::start(&[]).await;
    let anna = node.officer("anna", "case_officer").await;
    let bert = node.officer("bert", "case_officer").await;
    for (token, name) in [(&anna, "anna"), (&bert, "bert"), (&anna, "anna")] {
        let case = json!({"title": "Tea", "case_type": "revenue", "fields": {
            "tasks/70/title": "Weigh", "tasks/70/state": "open", "tasks/70/due": "2020-01-31",
            "tasks/70/assignee": name,
        }});
        node.ask("POST", "/api/v1/cases", token, &case).await.good();
    }
    node.restart().await;
    let told = notices(&node, &anna).await;
    let items = told["items"].as_array().unwrap();
    assert_eq!(items.len(), 2, "{told}");
    // Both were given at the same time: whoever saw one of them is shown the other.
    for (seen, other) in [(&items[0], &items[1]), (&items[1], &items[0])] {
        let mut lines = watch(&node, &anna, seen["id"].as_str().unwrap()).await;
        assert_eq!(&event(&mut lines).await, other);
    }

    // Without a mark only what comes from now on: another case, and the next look of the node. Nor is anything told of a
    // case that is closed to the officer by now.
    let conflict = format!("/api/v1/cases/{}/conflicts", items[0]["object"].as_str().unwrap());
    let reason = json!({"reason": "my cousin is the importer"});
    assert!(node.ask("POST", &conflict, &anna, &reason).await.status.is_success());
    let mut lines = watch(&node, &anna, "").await;
    let mut after = watch(&node, &anna, items[1]["id"].as_str().unwrap()).await;
    let case = json!({"title": "Tea", "case_type": "revenue", "fields": {
        "tasks/70/title": "Count", "tasks/70/state": "open", "tasks/70/due": "2020-01-31",
        "tasks/70/assignee": "anna",
    }});
    let case = node.ask("POST", "/api/v1/cases", &anna, &case).await.good();
    assert_eq!(node.node().desk().remind().await.unwrap(), 1);
    assert_eq!(event(&mut lines).await["object"], case["id"]);
    assert_eq!(event(&mut after).await["object"], case["id"]);

    // The stream ends with the node, and does not hold it up.
    let asked = tokio::time::Instant::now();
    node.stop().await;
    assert!(asked.elapsed() < Duration::from_secs(2), "{:?}", asked.elapsed());
    while lines.next_line().await.is_ok_and(|line| line.is_some()) {}
}
