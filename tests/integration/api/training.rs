//! A training node says on every answer and page what it is.

use std::sync::Arc;

use sealane::node::clock::SystemClock;
use serde_json::{Value, json};

use crate::api::node::ApiNode;
use crate::support::node::TestNode;

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_and_page_of_a_training_node_says_so() {
    let name = "training.customs.xa.example";
    let mut node = TestNode::named(name, "xa", Arc::new(SystemClock)).await;
    node.start().await;
    let node = ApiNode::of(node);
    let anna = node.officer("anna", "case_officer").await;
    let case = json!({"title": "Tea", "case_type": "revenue", "fields": {}});
    let case = node.ask("POST", "/api/v1/cases", &anna, &case).await;
    assert_eq!(case.headers["sealane-training"], "yes");
    let path = format!("/api/v1/cases/{}/report", case.good()["id"].as_str().unwrap());
    let report = node.ask("GET", &path, &anna, &Value::Null).await;
    assert!(report.text().contains("TRAINING"), "{}", report.text());
    let refused = node.ask("GET", "/api/v1/nothing", &anna, &Value::Null).await;
    assert_eq!(
        (refused.status.as_u16(), &refused.headers["sealane-training"]),
        (404, &"yes".parse().unwrap())
    );
    node.stop().await;

    let node = ApiNode::start(&[]).await;
    let anna = node.officer("anna", "case_officer").await;
    let list = node.ask("GET", "/api/v1/cases", &anna, &Value::Null).await;
    assert!(!list.headers.contains_key("sealane-training"));
    node.stop().await;
}
