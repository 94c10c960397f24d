//! Cases and evidence over HTTP, from the first line to the file that comes back; what they mean is tested elsewhere.

use http_body_util::Full;
use hyper::Request;
use hyper::body::Bytes;
use hyper::header::{AUTHORIZATION, CONTENT_DISPOSITION, CONTENT_TYPE, HOST, IF_MATCH};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::api::node::{Answer, ApiNode};

/// A node with two officers of one unit.
async fn desk() -> (ApiNode, String, String) {
    let node = ApiNode::start(&[]).await;
    let anna = node.officer("anna", "case_officer").await;
    let bert = node.officer("bert", "case_officer").await;
    (node, anna, bert)
}

async fn open(node: &ApiNode, token: &str) -> String {
    let case = json!({
        "title": "Tea that is no tea",
        "case_type": "tobacco_excise",
        "fields": {"goods/0/description": "green tea", "goods/0/hs": "090210", "goods/0/hs_edition": "2022"},
    });
    let case = node.ask("POST", "/api/v1/cases", token, &case).await;
    assert_eq!(case.status.as_u16(), 201, "{}", case.text());
    case.json()["id"].as_str().unwrap().to_owned()
}

/// A change by somebody who saw that head.
async fn change(node: &ApiNode, token: &str, id: &str, head: &str, fields: &Value) -> Answer {
    let request = Request::builder()
        .method("PATCH")
        .uri(format!("/api/v1/cases/{id}"))
        .header(HOST, "localhost")
        .header(AUTHORIZATION, format!("Bearer {token}"))
        .header(CONTENT_TYPE, "application/json")
        .header("sealane-purpose", "customs_enforcement")
        .header(IF_MATCH, format!("\"{head}\""));
    let body = json!({"fields": fields}).to_string();
    node.ask_as(request.body(Full::new(Bytes::from(body))).unwrap()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_case_is_opened_read_changed_and_moved() {
    let (node, anna, _) = desk().await;
    let id = open(&node, &anna).await;
    let path = format!("/api/v1/cases/{id}");
    let list = node.ask("GET", "/api/v1/cases?status=suspicion", &anna, &Value::Null).await.good();
    assert_eq!(list["items"][0]["id"], id);
    assert_eq!(list["items"][0]["case_type"], "tobacco_excise");

    let case = node.ask("GET", &path, &anna, &Value::Null).await.good();
    let head = case["head"].as_str().unwrap();
    change(&node, &anna, &id, head, &json!({"title": "Cigarettes"})).await.good();
    let stale = change(&node, &anna, &id, head, &json!({"title": "Cigars"})).await;
    let told = stale.problem(412, "stale");
    let newer = node.ask("GET", &path, &anna, &Value::Null).await.good();
    assert_eq!(newer["title"], "Cigarettes");
    assert!(told["detail"].as_str().unwrap().contains(newer["head"].as_str().unwrap()), "{told}");

    let to = format!("{path}/move");
    node.ask("POST", &to, &anna, &json!({"to": "triage"})).await.good();
    node.ask("POST", &to, &anna, &json!({"to": "resolved"})).await.problem(409, "conflict");
    let unknown = node.ask("POST", &to, &anna, &json!({"to": "limbo"})).await;
    let told = unknown.problem(422, "invalid");
    assert_eq!(told["findings"][0]["path"], "to");
    assert_eq!(told["findings"][0]["severity"], "error");

    let hit = node.ask("GET", "/api/v1/search?scheme=hs&value=0902.10", &anna, &Value::Null).await;
    assert!(hit.good().to_string().contains(&id));
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn cases_are_searched_by_words_names_and_filters_by_those_who_may_read_them() {
    let (node, anna, bert) = desk().await;
    let id = open(&node, &anna).await;
    let fields = json!({
        "subjects/0/name": "Владимир Кузнецов", "subjects/0/kind": "person", "subjects/0/role": "suspect",
        "notes/0/text": "met at the old harbour",
    });
    let case = node.ask("GET", &format!("/api/v1/cases/{id}"), &anna, &Value::Null).await.good();
    change(&node, &anna, &id, case["head"].as_str().unwrap(), &fields).await.good();
    for user in [
        json!({"name": "carl", "roles": ["case_officer"], "unit": "port", "clearance": 0}),
        json!({"name": "olga", "roles": ["auditor"], "unit": "customs", "clearance": 0}),
    ] {
        node.administer("POST", "/admin/users", &user).await.good();
    }
    let token = async |name: &str| {
        let wanted = json!({"user": name, "label": "test", "days": 1});
        let token = node.administer("POST", "/admin/tokens", &wanted).await.good();
        token["token"].as_str().unwrap().to_owned()
    };
    let (carl, olga) = (token("carl").await, token("olga").await);
    for asked in [
        "q=harbour%20met%20gre",
        "q=harb&name=Wladimir%20Kusnezow",
        "name=kuznetsov",
        "hs_chapter=09&status=suspicion&case_type=tobacco_excise",
        "scheme=hs&value=0902.10",
    ] {
        let path = format!("/api/v1/search?{asked}");
        let found = node.ask("GET", &path, &bert, &Value::Null).await.good();
        assert_eq!(found["items"][0]["id"], id, "{asked}: {found}");
        assert_eq!(found["next"], Value::Null);
        let nothing = node.ask("GET", &path, &carl, &Value::Null).await.good();
        assert_eq!(nothing, json!({"items": [], "next": null}), "{asked}");
        node.ask("GET", &path, &olga, &Value::Null).await.problem(403, "not-permitted");
    }
    let path = "/api/v1/search?name=Wladimir%20Kusnezow";
    let found = node.ask("GET", path, &anna, &Value::Null).await.good();
    let name = &found["items"][0]["name"];
    assert_eq!(
        (&name["path"], &name["name"]),
        (&json!("subjects/0/name"), &json!("Владимир Кузнецов"))
    );
    assert!(
        name["score"].as_u64().unwrap() < 1000 && name["reasons"].as_array().unwrap().len() == 2
    );
    for (asked, field) in [("q=%22%2a%22", "q"), ("country=Atlantis", "country"), ("limit=5", "q")]
    {
        let path = format!("/api/v1/search?{asked}");
        let told = node.ask("GET", &path, &anna, &Value::Null).await.problem(422, "invalid");
        assert_eq!(told["findings"][0]["path"], field, "{told}");
    }
    node.ask("GET", "/api/v1/search?words=tea", &anna, &Value::Null)
        .await
        .problem(400, "malformed");
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_case_of_another_unit_looks_like_none() {
    let (node, anna, _) = desk().await;
    let user = json!({"name": "carl", "roles": ["case_officer"], "unit": "port", "clearance": 0});
    node.administer("POST", "/admin/users", &user).await.good();
    let wanted = json!({"user": "carl", "label": "test", "days": 1});
    let token = node.administer("POST", "/admin/tokens", &wanted).await.good();
    let carl = token["token"].as_str().unwrap();
    let id = open(&node, &anna).await;
    let foreign = node.ask("GET", &format!("/api/v1/cases/{id}"), carl, &Value::Null).await;
    let absent = node
        .ask("GET", "/api/v1/cases/0b5d1c0e-7f3a-4c59-9c5e-2f6a3f1f9a01", carl, &Value::Null)
        .await;
    assert_eq!(foreign.problem(404, "not-found"), absent.problem(404, "not-found"));
    let list = node.ask("GET", "/api/v1/cases", carl, &Value::Null).await.good();
    assert_eq!(list["items"], json!([]));
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn evidence_goes_in_and_comes_back_byte_for_byte() {
    let (node, anna, bert) = desk().await;
    let case = open(&node, &anna).await;
    // Longer than the bound on ordinary bodies.
    let file: Vec<u8> = (0_u32..1_000_000).map(|n| n.to_le_bytes()[1]).collect();
    let sha256 = hex::encode(Sha256::digest(&file));
    let add = format!(
        "/api/v1/cases/{case}/evidence?description=Photo&filename=a%20%22b%22.jpg&media_type=image/jpeg"
    );
    let item = node.send("POST", &add, &anna, file.clone()).await;
    assert_eq!(item.status.as_u16(), 201, "{}", item.text());
    let item = item.json();
    assert_eq!(item["sha256"], sha256);
    let path = format!("/api/v1/evidence/{}", item["id"].as_str().unwrap());

    let list = format!("/api/v1/cases/{case}/evidence");
    let list = node.ask("GET", &list, &anna, &Value::Null).await.good();
    let first = list.get("items").unwrap_or(&list)[0].clone();
    assert_eq!(first["size"], 1_000_000, "{list}");

    let content = node.ask("GET", &format!("{path}/content"), &anna, &Value::Null).await;
    assert_eq!(content.headers[CONTENT_TYPE], "application/octet-stream");
    assert!(content.headers[CONTENT_DISPOSITION].to_str().unwrap().starts_with("attachment"));
    assert_eq!(content.bytes.as_ref(), file);

    let verdict = node.ask("POST", &format!("{path}/verify"), &anna, &json!({})).await.good();
    assert_eq!(verdict["verified"], true, "{verdict}");

    let hand_over = json!({"to": "bert", "reason": "laboratory", "place": "port"});
    node.ask("POST", &format!("{path}/transfer"), &anna, &hand_over).await.good();
    node.ask("POST", &format!("{path}/receive"), &bert, &json!({})).await.good();
    let custody = node.ask("GET", &format!("{path}/custody"), &anna, &Value::Null).await.good();
    assert!(custody.to_string().contains("transfer"), "{custody}");
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thing_is_registered_sampled_and_printed() {
    let (node, anna, _) = desk().await;
    let case = open(&node, &anna).await;
    let thing = json!({"description": "White powder", "quantity": "2", "unit": "KGM"});
    let path = format!("/api/v1/cases/{case}/things");
    let item = node.ask("POST", &path, &anna, &thing).await.good();
    let path = format!("/api/v1/evidence/{}", item["id"].as_str().unwrap());
    node.ask("GET", &format!("{path}/content"), &anna, &Value::Null)
        .await
        .problem(404, "not-found");
    let event = json!({"event": "sample", "reason": "analysis",
                       "parts": [{"description": "Sample", "quantity": "0.5"}]});
    let after = node.ask("POST", &format!("{path}/custody"), &anna, &event).await.good();
    assert_eq!(after["quantity"], "1.5");
    let unknown = json!({"event": "eat", "reason": "hunger"});
    node.ask("POST", &format!("{path}/custody"), &anna, &unknown).await.problem(422, "invalid");
    let sheet = node.ask("GET", &format!("{path}/custody-sheet"), &anna, &Value::Null).await;
    assert!(sheet.headers[CONTENT_TYPE].to_str().unwrap().starts_with("text/html"));
    assert!(sheet.text().contains("1.5 KGM"), "{}", sheet.text());
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn evidence_beyond_the_bound_is_refused_and_leaves_nothing() {
    let node = ApiNode::start(&[("68719476736", "1000")]).await;
    let anna = node.officer("anna", "case_officer").await;
    let case = open(&node, &anna).await;
    let add = format!("/api/v1/cases/{case}/evidence?description=Photo&filename=a.jpg");
    node.send("POST", &add, &anna, vec![7; 1001]).await.problem(413, "too-large");
    let list = format!("/api/v1/cases/{case}/evidence");
    let list = node.ask("GET", &list, &anna, &Value::Null).await.good();
    assert_eq!(list.get("items").unwrap_or(&list), &json!([]));
    node.send("POST", &add, &anna, vec![7; 1000]).await.good();
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pack_holds_only_what_its_officer_may_read() {
    let (node, anna, _) = desk().await;
    let case = open(&node, &anna).await;
    let pack = node.ask("POST", "/api/v1/packs", &anna, &json!({"objects": [case]})).await;
    assert_eq!(pack.status.as_u16(), 200, "{}", pack.text());
    assert!(pack.bytes.starts_with(b"PK"), "a zip");
    let name = pack.headers[CONTENT_DISPOSITION].to_str().unwrap();
    assert!(name.contains(&format!("{case}.sealane.zip")), "{name}");
    assert_eq!(std::fs::read_dir(node.data().join("packs")).unwrap().count(), 0, "left behind");

    let user = json!({"name": "carl", "roles": ["case_officer"], "unit": "port", "clearance": 0});
    node.administer("POST", "/admin/users", &user).await.good();
    let wanted = json!({"user": "carl", "label": "test", "days": 1});
    let token = node.administer("POST", "/admin/tokens", &wanted).await.good();
    let carl = token["token"].as_str().unwrap();
    for id in [case.as_str(), "0b5d1c0e-7f3a-4c59-9c5e-2f6a3f1f9a01"] {
        let refused = node.ask("POST", "/api/v1/packs", carl, &json!({"objects": [id]})).await;
        refused.problem(404, "not-found");
    }
    let empty = node.ask("POST", "/api/v1/packs", &anna, &json!({"objects": []})).await;
    empty.problem(422, "invalid");
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_to_a_stranger_is_refused_field_by_field() {
    let (node, anna, _) = desk().await;
    let draft = json!({"to": "customs.xb.example", "instrument": "generic.policy", "fields": {}});
    let refused = node.ask("POST", "/api/v1/requests", &anna, &draft).await;
    let told = refused.problem(422, "invalid");
    assert_eq!(told["findings"][0]["path"], "to");
    let list = node.ask("GET", "/api/v1/requests?direction=out", &anna, &Value::Null).await.good();
    assert_eq!(list.get("items").unwrap_or(&list), &json!([]));
    for path in ["/api/v1/summaries", "/api/v1/task-forces"] {
        let list = node.ask("GET", path, &anna, &Value::Null).await.good();
        assert_eq!(list.get("items").unwrap_or(&list), &json!([]), "{path}");
    }
    node.stop().await;
}
