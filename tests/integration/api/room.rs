//! A disk that runs full: nothing new is taken in, and what must go on goes on.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use sealane::node::blobs::Disk;
use serde_json::{Value, json};

use crate::api::node::ApiNode;

/// A disk of which as much is free as a test says.
#[derive(Debug)]
struct Free(AtomicU64);

impl Disk for Free {
    fn free_percent(&self, _: &Path) -> io::Result<Option<u64>> {
        Ok(Some(self.0.load(Ordering::Relaxed)))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_is_nearly_full_takes_no_evidence_and_no_import_but_acts_go_on() {
    let disk = Arc::new(Free(AtomicU64::new(5)));
    let node = ApiNode::with_disk(Arc::clone(&disk) as Arc<_>).await;
    node.node().signals().sealed_through(1).await;
    let anna = node.officer("anna", "case_officer").await;
    let case = json!({"title": "Tea", "case_type": "revenue", "fields": {}});
    let case = node.ask("POST", "/api/v1/cases", &anna, &case).await.good();
    let path = format!("/api/v1/cases/{}", case["id"].as_str().unwrap());
    let evidence =
        format!("{path}/evidence?description=Photo&filename=a.jpg&media_type=image/jpeg");
    let csv = include_bytes!("../../data/declarations.csv").to_vec();
    let import = node.begin_import(&anna, json!({"source": "d.csv"}), &csv).await;
    let import = import.as_str();
    node.send("POST", &evidence, &anna, vec![1; 100]).await.good();
    node.send("POST", import, &anna, csv.clone()).await.good();
    assert_eq!(node.manage("/readyz").await.good()["limits"], json!([]));

    disk.0.store(4, Ordering::Relaxed);
    for (path, body) in [(evidence.as_str(), vec![1; 100]), (import, csv.clone())] {
        let told = node.send("POST", path, &anna, body).await.problem(507, "storage-full");
        let detail = told["detail"].as_str().unwrap();
        assert!(detail.contains("4 %") && detail.contains("disk_free_percent_min"), "{detail}");
    }
    let ready = node.manage("/readyz").await.good();
    assert_eq!(ready["ready"], true);
    assert!(ready["limits"][0].as_str().unwrap().contains("acts and deliveries go on"), "{ready}");
    let status = node.administer("GET", "/admin/status", &Value::Null).await.good();
    assert_eq!(status["limits"], ready["limits"]);
    let metrics = node.manage("/metrics").await.text();
    assert!(metrics.contains("sealane_disk_free_percent"), "{metrics}");
    assert!(metrics.contains("sealane_intake_refused_total"), "{metrics}");
    let to = format!("{path}/move");
    node.ask("POST", &to, &anna, &json!({"to": "triage"})).await.good();
    node.ask("GET", &format!("{path}/evidence"), &anna, &Value::Null).await.good();

    disk.0.store(5, Ordering::Relaxed);
    node.send("POST", &evidence, &anna, vec![2; 100]).await.good();
    node.stop().await;
}
