//! The high-water file is never behind what leaves the node.

use std::os::unix::fs::symlink;
use std::time::Duration;

use crate::support::node::TestNode;

/// A device that takes no byte stands in for a disk that fails.
fn break_file(node: &TestNode) {
    let path = node.data().join("high-water");
    std::fs::remove_file(&path).ok();
    symlink("/dev/full", &path).unwrap();
}

async fn halts(node: &TestNode) -> bool {
    tokio::time::timeout(Duration::from_secs(20), node.node().halted()).await.is_ok()
}

#[tokio::test]
async fn a_node_that_cannot_raise_its_file_after_a_seal_stops() {
    let mut xa = TestNode::new("xa").await;
    break_file(&xa);
    xa.start().await;
    assert!(halts(&xa).await);
}

#[tokio::test]
async fn a_file_that_a_crash_left_behind_is_raised_before_anything_is_sealed_anew() {
    let mut xa = TestNode::new("xa").await;
    xa.start().await;
    TestNode::until("a checkpoint", async || !xa.checkpoint().is_empty()).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    xa.stop().await;
    break_file(&xa);
    xa.start().await;
    assert!(halts(&xa).await, "no new record was needed to find out");
}
