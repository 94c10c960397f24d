//! Nodes as processes: signals, a kill at any moment, and the drill that the kill harness uses.

use crate::support::node::TestNode;

#[tokio::test]
async fn a_node_ends_in_order_at_a_signal_and_survives_a_kill() {
    let mut xa = TestNode::new("xa").await;
    xa.spawn(&[]);
    xa.stop().await;
    xa.spawn(&[]);
    xa.kill();
    xa.spawn(&[]);
    TestNode::until("a checkpoint", async || !xa.checkpoint().is_empty()).await;
    xa.stop().await;
}

#[tokio::test]
async fn two_processes_are_paired_by_commands() {
    let (mut xa, mut xb) = (TestNode::new("xa").await, TestNode::new("xb").await);
    xa.spawn(&[]);
    xb.spawn(&[]);
    for (one, other) in [(&xa, &xb), (&xb, &xa)] {
        let card = one.folder.path().join("peer.card");
        let (card, dir, peer) = (card.to_str().unwrap(), one.dir(), other.dir());
        let (dir, peer) = (dir.to_str().unwrap(), peer.to_str().unwrap());
        let (said, is_done) = TestNode::command(&["peers", "card", "--dir", peer, "--out", card]);
        assert!(is_done, "{said}");
        let words = said.split("from it: ").nth(1).unwrap().trim();
        let (said, is_done) =
            TestNode::command(&["peers", "add", card, "--dir", dir, "--confirm", words]);
        assert!(is_done, "{said}");
    }
    let line = format!("— {}/witness/1 ", xb.name);
    TestNode::until("the cosignature", async || xa.checkpoint().contains(&line)).await;
    xa.stop().await;
    xb.stop().await;
}

#[tokio::test]
async fn an_unknown_drill_is_refused_by_name() {
    let xa = TestNode::new("xa").await;
    let config = xa.config_file();
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_sealane"))
        .args(["serve", "--config", config.to_str().unwrap()])
        .env("SEALANE_CRASH_AT", "whenever")
        .output()
        .unwrap();
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("after_seal"));
}

#[tokio::test]
async fn a_drill_ends_the_node_once_and_loses_nothing() {
    for point in ["after_commit", "after_seal"] {
        let drill = [("SEALANE_CRASH_AT", point)];
        let mut xa = TestNode::new("xa").await;
        xa.spawn(&drill);
        let dir = xa.dir();
        let dir = dir.to_str().unwrap();
        let (said, is_done) =
            TestNode::command(&["user", "add", "anna", "--role", "case_officer", "--dir", dir]);
        assert!(is_done, "{said}");
        let (token, is_done) = TestNode::command(&["token", "new", "anna", "--dir", dir]);
        assert!(is_done, "{token}");
        let token = token.trim().rsplit('=').next().unwrap();
        let url = format!("http://{}", xa.config().http.listen);
        let officer = ["--url", url.as_str(), "--token", token];
        let open = ["case", "new", "--title", "Under-valued telephones"];
        // The answer may be lost with the node; the case is not.
        let (said, _) = TestNode::command(&[&open[..], &officer].concat());
        assert!(!xa.ended().await, "the drill ends the node: {said}{}", xa.log_lines());
        xa.spawn(&drill);
        let (cases, is_done) =
            TestNode::command(&[&["case", "list", "--json"][..], &officer].concat());
        assert!(is_done, "{cases}");
        assert_eq!(cases.matches("Under-valued telephones").count(), 1, "{cases}");
        TestNode::until("everything sealed", async || {
            let size = xa.checkpoint().lines().nth(1).and_then(|line| line.parse::<u64>().ok());
            size.unwrap_or(0) >= 4
        })
        .await;
        xa.stop().await;
    }
}
