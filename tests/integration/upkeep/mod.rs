//! Backup, restore, log check and audit on real nodes with real files; delivery and casework have tests of their own.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::net::UdpSocket;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use sealane::node::clock::SystemClock;
use sealane::node::config::Config;
use sealane::node::init::{NewNode, init};
use sealane::node::rng::OsRng;
use sealane::node::store::{Param, Store, StoreConfig, StoreError, logs, records};
use sealane::node::{Node, Seams};
use tempfile::TempDir;

mod advice;
mod backup;
mod checks;
mod refused;

/// Longer than any step takes on a busy machine.
const PATIENCE: Duration = Duration::from_mins(1);

/// A node's folder.
pub(crate) struct Site {
    folder: TempDir,
}

impl Site {
    /// Sets a node up that listens on loopback.
    pub(crate) async fn new(authority: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let node = NewNode {
            dir: folder.path().join("node"),
            authority: authority.parse().unwrap(),
            title: "Customs".to_owned(),
            country: "XA".to_owned(),
            listen: free_port(),
            http: "127.0.0.1:0".to_owned(),
            management: "127.0.0.1:0".to_owned(),
            advertise: Vec::new(),
        };
        init(&node, Arc::new(SystemClock), &OsRng).await.unwrap();
        Self { folder }
    }

    pub(crate) fn dir(&self) -> PathBuf {
        self.folder.path().join("node")
    }

    /// A place beside the node's folder.
    pub(crate) fn beside(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

/// The configuration of the node in a folder.
pub(crate) fn config(dir: &Path) -> Config {
    Config::load(&dir.join("sealane.toml")).unwrap()
}

pub(crate) async fn start(dir: &Path) -> Node {
    Node::start_with(config(dir), Seams::default()).await.unwrap()
}

/// A free UDP address; the node's card names it, so it cannot be left to the system.
fn free_port() -> String {
    UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string()
}

/// A second handle of a node's store.
pub(crate) async fn store(dir: &Path) -> Store {
    let path = dir.join("data/store.db");
    Store::open(&StoreConfig::Sqlite { path }, Arc::new(SystemClock)).await.unwrap()
}

/// Changes a store behind the node's back.
pub(crate) async fn tamper(dir: &Path, sql: &'static str, params: Vec<Param>) {
    let store = store(dir).await;
    let changed: Result<u64, StoreError> = store
        .write("tamper", move |tx| {
            let params = params.clone();
            Box::pin(async move { tx.execute(sql, params).await })
        })
        .await;
    assert!(changed.unwrap() > 0, "{sql}");
    store.close().await;
}

/// Makes that many records and waits until they are sealed and published.
pub(crate) async fn work(node: &Node, dir: &Path, count: usize, label: &str) {
    for number in 0..count {
        let policy = format!("{label} {number}");
        // The node's own policy record may come in between.
        while node.desk().log_witness_policy(policy.clone()).await.is_err() {}
    }
    published(dir, |_| true).await;
}

/// Waits until all records are sealed and the newest checkpoint is published and as wanted.
pub(crate) async fn published(dir: &Path, is_wanted: impl Fn(&logs::Checkpoint) -> bool) -> i64 {
    let store = store(dir).await;
    let wait = async {
        loop {
            let read: Result<_, StoreError> = store
                .read("state", |tx| {
                    Box::pin(async move {
                        let Some(log) = logs::newest(tx).await? else { return Ok(None) };
                        let last = logs::last_checkpoint(tx, &log.origin).await?;
                        Ok(Some((records::last_seq(tx).await? == log.sealed_seq, last)))
                    })
                })
                .await;
            if let Some((true, Some(last))) = read.unwrap()
                && last.published_at.is_some()
                && is_wanted(&last)
            {
                return last.size;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(PATIENCE, wait).await.unwrap()
}

/// Copies a folder of a stopped node.
pub(crate) fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        let metadata = entry.metadata().unwrap();
        if metadata.is_dir() {
            copy_folder(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), &target).unwrap();
        }
        std::fs::set_permissions(&target, metadata.permissions()).unwrap();
    }
}
