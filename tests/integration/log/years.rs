//! The log of a year gives way to that of the next.

use std::sync::Arc;

use sealane::domain::time::Timestamp;
use sealane::node::clock::ManualClock;
use sealane::node::store::logs;

use crate::support::node::TestNode;

#[tokio::test]
async fn a_new_year_opens_a_new_log_that_names_the_last_checkpoint_of_the_old_one() {
    // 2026-12-31T23:59:50Z
    let clock = Arc::new(ManualClock::at(Timestamp::from_secs(1_798_761_590)));
    let mut xa = TestNode::with_clock("xa", clock.clone()).await;
    xa.start().await;
    TestNode::until("the old log", async || xa.checkpoint().contains("/log/2026\n")).await;
    clock.advance_secs(20);
    xa.node().desk().log_witness_policy("# new year\nquorum none\n".to_owned()).await.unwrap();
    TestNode::until("the new log", async || xa.checkpoint().contains("/log/2027\n")).await;
    // A clock that is set back does not open the old log again.
    clock.advance_secs(-20);
    xa.node().desk().log_witness_policy("# set back\nquorum none\n".to_owned()).await.unwrap();
    TestNode::until("growth of the new log", async || {
        let size = xa.checkpoint().lines().nth(1).and_then(|line| line.parse::<u64>().ok());
        size.unwrap_or(0) >= 2
    })
    .await;
    xa.stop().await;
    let store = xa.store().await;
    let all = store.read("test", |tx| Box::pin(async move { logs::list(tx).await })).await.unwrap();
    let years: Vec<_> = all.iter().map(|log| (log.year, log.closed_at.is_some())).collect();
    assert_eq!(years, [(2026, true), (2027, false)]);
    assert!(std::fs::exists(xa.data().join("log/2026/checkpoint")).unwrap());
    store.close().await;
}
