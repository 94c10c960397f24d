//! Deadlines and notices over HTTP: what the node's own job tells, once, also across a restart.

use std::time::Duration;

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
