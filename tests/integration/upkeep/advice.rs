//! What is advised when something is missing from a node that was set up: never to set it up again.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use crate::support::node::TestNode;

/// What `sealane COMMAND --config FILE` says.
fn said(node: &TestNode, command: &str) -> String {
    let config = node.config_file();
    TestNode::command(&[command, "--config", config.to_str().expect("text")]).0
}

/// The line of a check in what `sealane doctor` printed.
fn line<'a>(said: &'a str, check: &str) -> &'a str {
    said.lines().find(|line| line.starts_with(check)).unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn doctor_draws_no_conclusion_from_keys_that_it_cannot_read() {
    let mut xa = TestNode::new("xa").await;
    xa.start().await;
    xa.stop().await;
    let key = xa.data().join("keys/record.key");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).expect("our own file");
    let told = said(&xa, "doctor");
    assert!(line(&told, "keys ").contains("fault"), "{told}");
    assert!(line(&told, "card ").contains("not compared with the keys"), "{told}");
    fs::remove_file(&key).expect("our own file");
    let told = said(&xa, "doctor");
    assert!(line(&told, "keys ").contains("restore it from the backup of the keys"), "{told}");
    assert!(!told.contains("sealane init"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn doctor_neither_makes_nor_misses_a_high_water_file_where_none_is_needed() {
    let mut xa = TestNode::new("xa").await;
    let file = xa.data().join("high-water");
    let told = said(&xa, "doctor");
    assert!(line(&told, "log ").contains("sound") && !file.exists(), "{told}");
    xa.start().await;
    TestNode::until("a checkpoint", async || !xa.checkpoint().is_empty()).await;
    xa.stop().await;
    fs::remove_file(&file).expect("our own file");
    let told = said(&xa, "doctor");
    assert!(line(&told, "log ").contains("warning"), "{told}");
    assert!(line(&told, "log ").contains("at its next start the node asks"), "{told}");
    assert!(!file.exists(), "an examination changes nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_store_is_restored_and_never_made_anew() {
    let mut xa = TestNode::new("xa").await;
    xa.start().await;
    xa.stop().await;
    for name in ["store.db", "keys.db"] {
        let (file, aside) = (xa.data().join(name), xa.folder.path().join("aside"));
        fs::rename(&file, &aside).expect("our own file");
        for command in ["serve", "doctor", "audit"] {
            let told = said(&xa, command);
            assert!(told.contains(&format!("{name} is missing")), "{command}: {told}");
            assert!(told.contains("restore it from a backup"), "{command}: {told}");
            assert!(!told.contains("sealane init") && !file.exists(), "{command}: {told}");
        }
        fs::rename(&aside, &file).expect("our own file");
    }
    xa.start().await;
    xa.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_system_says_is_said_once() {
    let xa = TestNode::new("xa").await;
    fs::remove_file(xa.config_file()).expect("our own file");
    let told = said(&xa, "serve");
    assert_eq!(told.matches("No such file").count(), 1, "{told}");
    let nowhere = xa.folder.path().join("no/file");
    let target = xa.folder.path().join("target");
    let (nowhere, target) = (nowhere.to_str().expect("text"), target.to_str().expect("text"));
    let (told, _) = TestNode::command(&["restore", nowhere, "--dir", target]);
    assert_eq!(told.matches("No such file").count(), 1, "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_next_command_names_the_same_node_and_a_card_can_be_copied_from_the_screen() {
    let mut xa = TestNode::new("xa").await;
    xa.start().await;
    let dir = xa.dir();
    let dir = dir.to_str().expect("text");
    let (told, _) = TestNode::command(&["user", "add", "anna", "--dir", dir]);
    assert!(told.contains(&format!("sealane token new anna --dir {dir}")), "{told}");
    let (told, _) = TestNode::command(&["peers", "card", "--dir", dir]);
    assert!(!told.contains('\u{fffd}'), "{told}");
    let file = xa.folder.path().join("copied.card");
    fs::write(&file, &told).expect("our own folder");
    let read = sealane::audit::card_file::read(told.as_bytes()).expect("a card in the text");
    assert_eq!(read.card.authority, xa.name);
    xa.stop().await;
}

#[test]
fn the_message_of_exit_70_stands_in_the_manual() {
    let root = env!("CARGO_MANIFEST_DIR");
    let read = |name: &str| fs::read_to_string(format!("{root}/{name}")).expect("a file of ours");
    let message = "the store stopped after a disk error: check the disk, then start the node again";
    for name in ["docs/OPERATIONS.md", "src/node/cli/serve.rs"] {
        assert!(read(name).contains(message), "{name}");
    }
}
