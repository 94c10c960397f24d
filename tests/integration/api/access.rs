//! Who may not see a case, over HTTP: conflicts of interest and compartments; and the trail of it, exported and checked.

use sealane::audit::{Options, Verdict, check_trail};
use serde_json::{Value, json};

use crate::api::NOBODY;
use crate::api::node::ApiNode;

async fn open(node: &ApiNode, token: &str) -> String {
    let case = json!({"title": "Tea", "case_type": "revenue"});
    let case = node.ask("POST", "/api/v1/cases", token, &case).await;
    assert_eq!(case.status.as_u16(), 201, "{}", case.text());
    case.json()["id"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conflict_of_interest_closes_a_case_and_a_supervisor_lifts_it() {
    let node = ApiNode::start(&[]).await;
    let anna = node.officer("anna", "case_officer").await;
    let bert = node.officer("bert", "case_officer").await;
    let sue = node.officer("sue", "supervisor").await;
    let id = open(&node, &anna).await;
    let path = format!("/api/v1/cases/{id}");
    let conflicts = format!("{path}/conflicts");
    let declared = json!({"reason": "my brother is the importer"});
    let declared = node.ask("POST", &conflicts, &bert, &declared).await;
    assert_eq!(declared.status.as_u16(), 201, "{}", declared.text());
    for below in ["", "/conflicts", "/evidence", "/difference"] {
        let closed = node.ask("GET", &format!("{path}{below}"), &bert, &Value::Null).await;
        let told = closed.problem(403, "not-permitted");
        assert!(!told.to_string().contains("brother"), "{told}");
    }
    let pack = node.ask("POST", "/api/v1/packs", &bert, &json!({"objects": [id]})).await;
    pack.problem(403, "not-permitted");
    let all = node.ask("GET", "/api/v1/cases", &bert, &Value::Null).await.good();
    assert_eq!(all["items"], json!([]));
    let listed = node.ask("GET", &conflicts, &anna, &Value::Null).await.good();
    assert_eq!(listed[0]["record"], declared.json()["record"]);
    let member = json!({"officer": "bert"});
    let refused = node.ask("POST", &format!("{path}/team"), &anna, &member).await;
    assert!(refused.problem(409, "conflict").to_string().contains("bert"));
    let sold = json!({"officer": "bert", "reason": "he sold the firm"});
    let lift = format!("{conflicts}/lift");
    node.ask("POST", &lift, &anna, &sold).await.problem(403, "not-permitted");
    let standing = node.ask("POST", &lift, &sue, &sold).await.good();
    assert_eq!(standing, json!([]));
    node.ask("GET", &path, &bert, &Value::Null).await.good();
    let led = node.ask("POST", &format!("{path}/owner"), &sue, &member).await.good();
    assert_ne!(led["owner"], Value::Null);
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_case_in_a_compartment_answers_whoever_is_not_in_it_as_if_it_were_none() {
    let node = ApiNode::start(&[]).await;
    let anna = node.officer("anna", "case_officer").await;
    let max = node.officer("max", "supervisor").await;
    let sue = node.officer("sue", "supervisor").await;
    let amber = json!({"compartment": "operation-amber", "reason": "works on it"});
    let own = node.ask("POST", "/api/v1/officers/sue/compartments", &sue, &amber).await;
    own.problem(403, "not-permitted");
    let granted = node.ask("POST", "/api/v1/officers/anna/compartments", &sue, &amber).await;
    assert_eq!(granted.status.as_u16(), 201, "{}", granted.text());
    let who = node.ask("GET", "/api/v1/whoami", &anna, &Value::Null).await.good();
    assert_eq!(who["compartments"], json!(["operation-amber"]));
    let id = open(&node, &anna).await;
    let protection =
        json!({"level": 1, "compartment": "operation-amber", "reason": "an informant"});
    let path = format!("/api/v1/cases/{id}/protection");
    let case = node.ask("POST", &path, &anna, &protection).await.good();
    assert_eq!((&case["level"], &case["compartment"]), (&json!(1), &json!("operation-amber")));
    for outsider in [&max, &sue] {
        for below in ["", "/conflicts", "/evidence", "/difference", "/versions/1"] {
            let asked = async |id: &str| {
                let path = format!("/api/v1/cases/{id}{below}");
                node.ask("GET", &path, outsider, &Value::Null).await.problem(404, "not-found")
            };
            assert_eq!(asked(&id).await, asked(NOBODY).await, "{below}");
        }
        let packed = async |id: &str| {
            let wanted = json!({"objects": [id]});
            node.ask("POST", "/api/v1/packs", outsider, &wanted).await.problem(404, "not-found")
        };
        assert_eq!(packed(&id).await, packed(NOBODY).await);
        let all = node.ask("GET", "/api/v1/cases", outsider, &Value::Null).await.good();
        assert_eq!(all["items"], json!([]));
        let found = "/api/v1/search?case_type=revenue";
        let found = node.ask("GET", found, outsider, &Value::Null).await.good();
        assert_eq!(found, json!({"items": [], "next": null}));
        let counted = node.ask("GET", "/api/v1/statistics", outsider, &Value::Null).await.good();
        assert_eq!(counted["cases"], 0);
    }
    let revoked = "/api/v1/officers/anna/compartments/revoke";
    assert_eq!(node.ask("POST", revoked, &max, &amber).await.good(), json!([]));
    let closed = node.ask("GET", &format!("/api/v1/cases/{id}"), &anna, &Value::Null).await;
    closed.problem(404, "not-found");
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_exported_trail_verifies_with_the_card_of_the_authority_and_tells_what_was_changed() {
    let node = ApiNode::start(&[]).await;
    let anna = node.officer("anna", "case_officer").await;
    let dora = node.officer("dora", "data_protection_officer").await;
    let id = open(&node, &anna).await;
    node.ask("GET", &format!("/api/v1/cases/{id}"), &anna, &Value::Null).await.good();
    let days = json!({"from": "2020-01-01", "to": "2100-12-31"});
    let exports = "/api/v1/audit-trail/exports";
    node.ask("POST", exports, &anna, &days).await.problem(403, "not-permitted");
    let bad = json!({"from": "2026-01-02", "to": "2026-01-01"});
    node.ask("POST", exports, &dora, &bad).await.problem(422, "invalid");
    let file = node.ask("POST", exports, &dora, &days).await;
    assert_eq!(file.status.as_u16(), 200, "{}", file.text());

    let card = node.node().trust().own_card().await.unwrap().unwrap();
    let options = Options { trust: vec![card], ..Options::default() };
    let report = check_trail(&file.bytes[..], &options);
    assert_eq!(report.verdict(), Verdict::Verified, "{report}");
    let text = file.text();
    let entries: Vec<&str> = text.lines().filter(|line| line.contains("\"case.read\"")).collect();
    assert!(entries.iter().any(|line| line.contains(&id)), "{text}");
    let shows = |line: &str| line.contains("\"entry\"") && line.contains("Tea");
    assert!(!text.lines().any(shows), "no content of the case");
    let changed = text.replace("\"case.read\"", "\"case.list\"");
    let report = check_trail(changed.as_bytes(), &options);
    assert_eq!(report.verdict(), Verdict::Failed);
    let seq: Value = serde_json::from_str(entries[0]).unwrap();
    let item = format!("entry {}", seq["entry"]["seq"]);
    assert!(report.findings().iter().any(|finding| finding.item == item), "{report}");
    let again = node.ask("POST", exports, &dora, &days).await;
    assert_eq!(check_trail(&again.bytes[..], &options).verdict(), Verdict::Verified);
    assert!(again.text().contains("\"audit.export\""), "the first export is in the second");
    node.stop().await;
}
