//! The HTTP API of a real node: who may ask what, and how each refusal is told; the exchange has its own tests.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod access;
mod case_file;
mod casework;
mod conditional;
mod deadlines;
mod described;
mod imports;
mod log;
mod mail;
mod node;
mod openapi;
mod pace;
mod repeat;
mod room;
mod training;

use http_body_util::Full;
use hyper::Request;
use hyper::header::{ALLOW, HOST};
use sealane::node::http::PATHS;
use serde_json::{Value, json};

use crate::api::node::ApiNode;

const NOBODY: &str = "0b5d1c0e-7f3a-4c59-9c5e-2f6a3f1f9a01";

/// A path of the table with every parameter filled in.
fn filled(path: &str) -> String {
    path.replace("{id}", NOBODY)
        .replace("{record}", &"00".repeat(32))
        .replace("{year}", "2026")
        .replace("{*path}", "checkpoint")
        .replace("{origin}", &"00".repeat(32))
        .replace("{kind}", "manifest")
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_unknown_reaches_any_path() {
    let many = [("sign_in_failures_per_min = 30", "sign_in_failures_per_min = 1000")];
    let node = ApiNode::start(&many).await;
    for (method, path, _) in PATHS {
        for token in ["", "forged", "slt_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"] {
            let method = method.to_uppercase();
            let answer = node.ask(&method, &filled(path), token, &json!({})).await;
            answer.problem(401, "not-signed-in");
            assert_eq!(answer.headers["www-authenticate"], "Bearer", "{method} {path}");
        }
    }
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_refusal_is_a_problem_with_its_own_type() {
    let node = ApiNode::start(&[]).await;
    let officer = node.officer("anna", "case_officer").await;
    for path in ["/", "/api", "/api/v1/nothing", "/api/v1//cases", "/console", "/admin/users"] {
        node.ask("GET", path, &officer, &Value::Null).await.problem(404, "not-found");
    }
    let answer = node.ask("DELETE", "/api/v1/cases", &officer, &Value::Null).await;
    answer.problem(405, "method-not-allowed");
    assert!(answer.headers[ALLOW].to_str().unwrap().contains("POST"));

    let broken = node.send("POST", "/api/v1/cases", &officer, b"{\"title\":".to_vec()).await;
    broken.problem(400, "malformed");
    let unknown = json!({"title": "t", "case_type": "revenue", "surprise": 1});
    let unknown = node.ask("POST", "/api/v1/cases", &officer, &unknown).await;
    let told = unknown.problem(422, "invalid");
    assert!(told["detail"].as_str().unwrap().contains("surprise"), "{told}");
    let long = node.send("POST", "/api/v1/cases", &officer, vec![b' '; 300 * 1024]).await;
    long.problem(413, "too-large");

    let no_id = node.ask("GET", "/api/v1/cases/..%2f..%2fetc", &officer, &Value::Null).await;
    no_id.problem(404, "not-found");
    let absent = node.ask("GET", &format!("/api/v1/cases/{NOBODY}"), &officer, &Value::Null).await;
    absent.problem(404, "not-found");
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_or_purpose_that_does_not_allow_it_is_refused() {
    let node = ApiNode::start(&[]).await;
    let auditor = node.officer("otto", "auditor").await;
    let officer = node.officer("anna", "case_officer").await;
    let case = json!({"title": "t", "case_type": "revenue", "fields": {}});
    node.ask("POST", "/api/v1/cases", &auditor, &case).await.problem(403, "not-permitted");
    node.ask("GET", "/api/v1/audit-trail", &officer, &Value::Null)
        .await
        .problem(403, "not-permitted");
    let trail = node.ask("GET", "/api/v1/audit-trail", &auditor, &Value::Null).await.good();
    assert!(trail["items"].to_string().contains("denied"), "{trail}");

    for (purpose, status, slug) in
        [(None, 403, "not-permitted"), (Some("curiosity"), 422, "invalid")]
    {
        let mut request = Request::builder()
            .uri(format!("/api/v1/cases/{NOBODY}"))
            .header(HOST, "localhost")
            .header("authorization", format!("Bearer {officer}"));
        if let Some(purpose) = purpose {
            request = request.header("sealane-purpose", purpose);
        }
        let answer = node.ask_as(request.body(Full::default()).unwrap()).await;
        answer.problem(status, slug);
    }
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_runs_or_audits_the_node_reaches_no_content() {
    let node = ApiNode::start(&[]).await;
    node.node().signals().sealed_through(1).await;
    let open_to_all = [
        "/api/v1/whoami",
        "/api/v1/status",
        "/api/v1/log/checkpoint",
        "/openapi.json",
        "/api/v1/schemas/case-file",
    ];
    for role in ["auditor", "system_administrator"] {
        let token = node.officer(role, role).await;
        for (method, path, _) in PATHS {
            let is_rule = *method == "get" && path.starts_with("/api/v1/workflows");
            let is_audit = ["/api/v1/audit-trail", "/api/v1/erasures", "/api/v1/erasures/{id}"];
            let is_open = open_to_all.contains(path)
                || is_rule
                || is_audit.contains(path) && role == "auditor"
                // Who is trained in what is no content of a case.
                || path.starts_with("/api/v1/officers/")
                || path.starts_with("/log/");
            if is_open {
                continue;
            }
            let answer = node.ask(&method.to_uppercase(), &filled(path), &token, &json!({})).await;
            let status = answer.status.as_u16();
            assert!(
                [400, 403, 404, 422, 428].contains(&status),
                "{role} {method} {path}: {status}"
            );
            // What needs no body is refused for the role, whether or not the thing exists.
            if *method == "get" && path.starts_with("/api/") && !path.contains("/log/") {
                let is_query = answer.status.as_u16() == 400;
                assert!(is_query || status == 403, "{role} {path}: {}", answer.text());
            }
        }
    }
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_whose_training_is_missing_is_suspended_until_it_is_entered() {
    let needed = ("required_training = []", "required_training = [\"analyst=statistics\"]");
    let node = ApiNode::start(&[needed]).await;
    let officer = node.officer("anna", "analyst").await;
    let boss = node.officer("bo", "supervisor").await;
    let told = node.ask("GET", "/api/v1/cases", &officer, &Value::Null).await;
    let told = told.problem(403, "not-permitted");
    assert!(told["detail"].as_str().unwrap().contains("role analyst is suspended"), "{told}");
    let who = node.ask("GET", "/api/v1/whoami", &officer, &Value::Null).await.good();
    assert_eq!(who["roles"], json!([]));
    assert!(who["suspended"]["analyst"].is_string(), "{who}");

    let path = "/admin/users/anna/qualifications";
    let training = json!({"name": "statistics", "title": "Statistics", "expires": "2999-12-31"});
    let made = node.administer("POST", path, &training).await.good();
    node.ask("GET", "/api/v1/cases", &officer, &Value::Null).await.good();
    let read = "/api/v1/officers/anna/qualifications";
    let listed = node.ask("GET", read, &boss, &Value::Null).await.good();
    assert_eq!(listed, json!([made]));
    node.ask("GET", read, &officer, &Value::Null).await.problem(403, "not-permitted");
    let who = node.ask("GET", "/api/v1/whoami", &officer, &Value::Null).await.good();
    assert_eq!((&who["qualifications"], &who["suspended"]), (&listed, &json!({})));

    let revoke = format!("/admin/qualifications/{}/revoke", made["id"].as_str().unwrap());
    node.administer("POST", &revoke, &json!({})).await.good();
    node.ask("GET", "/api/v1/cases", &officer, &Value::Null).await.problem(403, "not-permitted");
    let all = node.administer("GET", "/admin/qualifications", &Value::Null).await.good();
    assert_eq!(all[0]["state"], "revoked");
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disabled_officers_token_ends_at_once() {
    let node = ApiNode::start(&[]).await;
    let officer = node.officer("anna", "case_officer").await;
    let who = node.ask("GET", "/api/v1/whoami", &officer, &Value::Null).await.good();
    assert_eq!(who["authority"], "customs.xa.example");
    assert_eq!(who["roles"], json!(["case_officer"]));
    node.administer("POST", "/admin/users/anna/disable", &json!({})).await.good();
    node.ask("GET", "/api/v1/whoami", &officer, &Value::Null).await.problem(401, "not-signed-in");
    let users = node.administer("GET", "/admin/users", &Value::Null).await.good();
    assert!(users[0]["disabled_at"].is_string(), "{users}");
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn health_is_told_to_the_machine_alone() {
    let node = ApiNode::start(&[]).await;
    assert_eq!(node.manage("/livez").await.text(), "alive\n");
    assert_eq!(node.manage("/readyz").await.good()["ready"], true);
    assert!(node.manage("/metrics").await.status.is_success());
    let status = node.administer("GET", "/admin/status", &Value::Null).await.good();
    assert_eq!(status["ready"], true);
    node.ask("GET", "/metrics", "", &Value::Null).await.problem(404, "not-found");
    node.stop().await;
}
