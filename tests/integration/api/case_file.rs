//! The file of a case over HTTP, judged by its own schema with a validator that nobody of this project wrote.

use std::process::Command;

use hyper::header::CONTENT_TYPE;
use serde_json::{Value, json};

use crate::api::node::ApiNode;
use crate::foreign::{environment, foreign, text};

/// What a foreign validator says of a document, and whether it fits.
async fn judged(schema: &Value, document: &Value) -> (bool, String) {
    let folder = tempfile::tempdir().expect("a folder");
    let files = ["schema.json", "document.json"].map(|name| folder.path().join(name));
    for (file, json) in files.iter().zip([schema, document]) {
        std::fs::write(file, json.to_string()).expect("a file");
    }
    let asked = tokio::task::spawn_blocking(move || {
        let mut command = Command::new(environment().join("bin/python"));
        command.arg(foreign("schema.py")).args(files).output().expect("python")
    });
    let output = asked.await.expect("an answer");
    drop(folder);
    (output.status.success(), text(&output))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_file_of_a_case_fits_its_schema_and_a_changed_one_does_not() {
    let node = ApiNode::start(&[]).await;
    let anna = node.officer("anna", "case_officer").await;
    let case = json!({"title": "Tea", "case_type": "revenue", "fields": {
        "goods/0/description": "green tea", "goods/0/hs": "090210", "goods/0/hs_edition": "2022",
    }});
    let case = node.ask("POST", "/api/v1/cases", &anna, &case).await.good();
    let path = format!("/api/v1/cases/{}", case["id"].as_str().unwrap());
    let thing = json!({"description": "Tea", "quantity": "2", "unit": "KGM"});
    node.ask("POST", &format!("{path}/things"), &anna, &thing).await.good();

    let file = node.ask("GET", &format!("{path}/file"), &anna, &Value::Null).await.good();
    assert_eq!(file["case"]["id"], case["id"]);
    assert_eq!(file["evidence"][0]["quantity"], "2");
    assert_eq!(file["left_out"], json!([]));
    let schema = node.ask("GET", "/api/v1/schemas/case-file", &anna, &Value::Null).await.good();
    assert_eq!(schema["$id"], file["schema"]);
    let (fits, said) = judged(&schema, &file).await;
    assert!(fits, "{said}");
    let mut changed = file.clone();
    changed["evidence"][0]["custody"] = json!("none");
    let (fits, said) = judged(&schema, &changed).await;
    assert!(!fits && said.contains("custody"), "{said}");

    let report = node.ask("GET", &format!("{path}/report"), &anna, &Value::Null).await;
    assert!(report.headers[CONTENT_TYPE].to_str().unwrap().starts_with("text/html"));
    assert!(report.text().contains("green tea"), "{}", report.text());
    // The whole file is for those who may read the case, and nobody else.
    let otto = node.officer("otto", "auditor").await;
    for what in ["file", "report"] {
        let denied = node.ask("GET", &format!("{path}/{what}"), &otto, &Value::Null).await;
        denied.problem(403, "not-permitted");
    }
    node.stop().await;
}
