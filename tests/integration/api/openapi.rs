//! The description of the API against the API: the same operations, and nothing named that is not there.

use std::collections::{BTreeMap, BTreeSet};

use sealane::node::http::{Kind, PATHS, document};
use serde_json::Value;

use crate::api::node::ApiNode;

/// Every operation of the document with its path and method.
fn operations() -> BTreeMap<(String, String), &'static Value> {
    let paths = document()["paths"].as_object().expect("paths");
    let methods = paths.iter().flat_map(|(path, methods)| {
        let methods = methods.as_object().expect("methods");
        methods.iter().map(move |(method, told)| ((method.clone(), path.clone()), told))
    });
    methods.collect()
}

#[test]
fn the_document_and_the_router_name_the_same_operations() {
    let described: BTreeSet<_> = operations().into_keys().collect();
    let routed: BTreeSet<(String, String)> = PATHS
        .iter()
        .map(|(method, path, _)| ((*method).to_owned(), path.replace("{*", "{")))
        .collect();
    assert_eq!(described, routed);
    assert_eq!(routed.len(), PATHS.len(), "two lines of the table are one operation");
}

#[test]
fn every_operation_is_told_in_whole() {
    let mut ids = BTreeSet::new();
    for ((method, path), told) in operations() {
        let place = format!("{method} {path}");
        let summary = told["summary"].as_str().unwrap();
        assert!(summary.ends_with('.') && summary.len() < 120, "{place}: {summary}");
        assert!(ids.insert(told["operationId"].as_str().unwrap()), "{place}");
        let answers = told["responses"].as_object().unwrap();
        assert!(answers.keys().any(|status| status.starts_with('2')), "{place}");
        // An officer's path can always be asked without a token and too often.
        let is_closed = told["security"] == serde_json::json!([{ "token": [] }]);
        assert_eq!(is_closed, path.starts_with("/api/") || path == "/openapi.json", "{place}");
        for status in ["401", "403", "429", "500", "503"] {
            assert!(answers.contains_key(status), "{place}: {status}");
        }
        let parameters = told["parameters"].as_array().unwrap();
        let named: BTreeSet<&str> = parameters
            .iter()
            .filter(|parameter| parameter["in"] == "path")
            .map(|parameter| parameter["name"].as_str().unwrap())
            .collect();
        let braces = path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
        assert_eq!(named, braces.collect(), "{place}");
    }
}

#[test]
fn every_reference_leads_somewhere_and_every_part_is_used() {
    fn walk<'a>(value: &'a Value, found: &mut BTreeSet<&'a str>) {
        match value {
            Value::Object(members) => {
                found.extend(members.get("$ref").and_then(Value::as_str));
                members.values().for_each(|member| walk(member, found));
            }
            Value::Array(items) => items.iter().for_each(|item| walk(item, found)),
            _ => {}
        }
    }
    let mut found = BTreeSet::new();
    walk(document(), &mut found);
    for reference in &found {
        let place = reference.strip_prefix('#').unwrap();
        assert!(document().pointer(place).is_some(), "{reference}");
    }
    for family in ["schemas", "responses"] {
        for name in document()["components"][family].as_object().unwrap().keys() {
            // The frame answers it for methods that no operation has.
            let is_frame = name == Kind::MethodNotAllowed.slug();
            let reference = format!("#/components/{family}/{name}");
            assert!(is_frame || found.contains(reference.as_str()), "{reference} is not used");
        }
    }
}

#[test]
fn what_a_handler_takes_and_answers_is_told_by_its_type() {
    let operations = operations();
    let of = |method: &str, path: &str| operations[&(method.to_owned(), path.to_owned())];
    let update = of("patch", "/api/v1/cases/{id}");
    let schema = &update["requestBody"]["content"]["application/json"]["schema"];
    assert_eq!(schema["$ref"], "#/components/schemas/CaseChange");
    assert!(update["responses"].get("412").is_some(), "{update}");
    let names = |told: &Value| -> BTreeSet<String> {
        let parameters = told["parameters"].as_array().unwrap();
        parameters.iter().map(|one| one["name"].as_str().unwrap().to_owned()).collect()
    };
    assert!(names(update).contains("If-Match"));
    assert!(!names(update).contains("Idempotency-Key"));
    assert!(names(of("post", "/api/v1/cases")).contains("Idempotency-Key"));
    assert!(!names(of("post", "/api/v1/packs")).contains("Idempotency-Key"));
    assert!(names(of("get", "/api/v1/cases")).contains("pending"));
    let fetch = of("post", "/api/v1/evidence/{id}/fetch");
    assert!(fetch["responses"].get("502").is_some(), "{fetch}");
    let content = of("get", "/api/v1/evidence/{id}/content");
    for status in ["200", "206", "416"] {
        assert!(content["responses"].get(status).is_some(), "{status}");
    }
    let change = &document()["components"]["schemas"]["CaseChange"];
    assert_eq!(change["additionalProperties"], false);
    let case = &document()["components"]["schemas"]["CaseView"];
    for member in ["head", "id", "proposal"] {
        assert!(case["required"].as_array().unwrap().iter().any(|name| name == member), "{member}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_node_shows_its_document_to_every_officer() {
    let node = ApiNode::start(&[]).await;
    let officer = node.officer("anna", "auditor").await;
    let shown = node.ask("GET", "/openapi.json", &officer, &Value::Null).await.good();
    assert_eq!(&shown, document());
    assert_eq!(shown["openapi"], "3.1.0");
    node.ask("GET", "/openapi.json", "", &Value::Null).await.problem(401, "not-signed-in");
    node.stop().await;
}
