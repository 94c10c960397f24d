//! How fast the API may be asked: by one token, and from one network with tokens that are not valid.

use hyper::header::RETRY_AFTER;
use serde_json::Value;

use crate::api::node::{Answer, ApiNode};

async fn who(node: &ApiNode, token: &str) -> Answer {
    node.ask("GET", "/api/v1/whoami", token, &Value::Null).await
}

fn wait_of(answer: &Answer) -> u64 {
    answer.problem(429, "too-many");
    answer.headers[RETRY_AFTER].to_str().unwrap().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_runaway_token_is_told_when_to_ask_again_and_holds_up_no_other() {
    let one = [("token_requests_per_sec = 50", "token_requests_per_sec = 1")];
    let node = ApiNode::start(&one).await;
    let anna = node.officer("anna", "case_officer").await;
    let bert = node.officer("bert", "case_officer").await;
    let mut answers = Vec::new();
    for _ in 0..12 {
        answers.push(who(&node, &anna).await);
    }
    let good = answers.iter().filter(|answer| answer.status.is_success()).count();
    assert!((4..12).contains(&good), "{good} of 12 were answered");
    let refused = answers.iter().find(|answer| !answer.status.is_success()).unwrap();
    assert_eq!(wait_of(refused), 1);
    who(&node, &bert).await.good();
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_tokens_hold_up_their_network_but_not_an_officer_at_work() {
    let three = [("sign_in_failures_per_min = 30", "sign_in_failures_per_min = 3")];
    let node = ApiNode::start(&three).await;
    let anna = node.officer("anna", "case_officer").await;
    who(&node, &anna).await.good();
    for _ in 0..5 {
        // Without a token nothing is tried, so nothing is counted.
        who(&node, "").await.problem(401, "not-signed-in");
    }
    for number in 0..3 {
        who(&node, &format!("slt_{number}")).await.problem(401, "not-signed-in");
    }
    let wait = wait_of(&who(&node, "slt_other").await);
    assert!((1..=60).contains(&wait), "{wait}");
    who(&node, &anna).await.good();
    node.administer("POST", "/admin/users/anna/disable", &serde_json::json!({})).await.good();
    who(&node, &anna).await.problem(401, "not-signed-in");
    wait_of(&who(&node, &anna).await);
    node.stop().await;
}
