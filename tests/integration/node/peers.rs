//! What an administrator is told of peers that answer, are away, or were not dialled; pairing itself has its own tests.

use crate::support::node::{TestNode, pair};

/// What `sealane doctor` says of a peer, and whether the command ended well.
fn doctor(node: &TestNode) -> (String, bool) {
    let config = node.config_file();
    let config = config.to_str().expect("a temporary path is text");
    let (said, is_sound) = TestNode::command(&["doctor", "--config", config]);
    let about: Vec<_> = said.lines().filter(|line| line.starts_with("peers ")).collect();
    (about.join("\n"), is_sound)
}

fn list(node: &TestNode) -> String {
    let dir = node.dir();
    let dir = dir.to_str().expect("a temporary path is text");
    TestNode::command(&["peers", "list", "--dir", dir]).0
}

#[tokio::test(flavor = "multi_thread")]
async fn doctor_dials_each_peer_over_the_running_node() {
    let (mut xa, mut xb) = (TestNode::new("xa").await, TestNode::new("xb").await);
    let (said, _) = doctor(&xa);
    assert!(said.contains("warning") && said.contains("not dialled"), "{said}");
    xa.start().await;
    xb.start().await;
    pair(&[&xa, &xb]).await;
    TestNode::until("all is sent", async || xa.is_settled().await && xb.is_settled().await).await;
    let (said, _) = doctor(&xa);
    assert!(said.contains("sound") && said.contains("customs.xb.example answers"), "{said}");
    assert!(said.contains("sealane/1.0") && said.contains("card version 1 of 20"), "{said}");
    let listed = list(&xa);
    assert!(listed.contains("  reached  ") && !listed.contains("up to date"), "{listed}");

    xb.stop().await;
    let (said, is_sound) = doctor(&xa);
    assert!(!is_sound && said.contains("fault"), "{said}");
    assert!(said.contains("dialled in vain") && said.contains("last reached: 20"), "{said}");
    let listed = list(&xa);
    assert!(listed.contains("not reached  20"), "{listed}");
    xa.stop().await;
}
