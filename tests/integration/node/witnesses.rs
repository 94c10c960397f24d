//! A second witness is paired later: what was proven before is proven again with the quorum of today.

use sealane::node::store::{StoreError, logs, receipts};

use crate::support::node::{TestNode, pair};

/// The proofs that a node keeps of the entries of another's log, or its own, in order of the log.
async fn proofs(at: &TestNode, log_of: &TestNode) -> Vec<String> {
    let (store, prefix) = (at.store().await, format!("{}/log/", log_of.name));
    let read = store.read("test", move |tx| {
        Box::pin(async move {
            let mut kept = Vec::new();
            for log in logs::list(tx).await? {
                let year = log.origin.rsplit('/').next().unwrap_or_default();
                let origin = format!("{prefix}{year}");
                kept.extend(receipts::witnessed(tx, &origin, (0, i64::MAX), 1000).await?);
            }
            Ok::<_, StoreError>(kept)
        })
    });
    let proofs = read.await.unwrap().into_iter().filter_map(|receipt| receipt.proof);
    let texts = proofs.map(|proof| String::from_utf8(proof).unwrap()).collect();
    store.close().await;
    texts
}

fn cosigned_by(proofs: &[String], witness: &TestNode) -> usize {
    let line = format!("— {}/witness/1 ", witness.name);
    proofs.iter().filter(|proof| proof.contains(&line)).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn proofs_are_made_again_when_the_quorum_grows_also_across_a_restart() {
    let mut nodes = Vec::new();
    for name in ["xa", "xb", "xc"] {
        let mut node = TestNode::new(name).await;
        node.start().await;
        nodes.push(node);
    }
    let [mut xa, mut xb, mut xc] = <[TestNode; 3]>::try_from(nodes).ok().unwrap();
    pair(&[&xa, &xb]).await;
    TestNode::until("the first proofs at both", async || {
        xa.is_settled().await && !proofs(&xb, &xa).await.is_empty()
    })
    .await;
    let first = proofs(&xa, &xa).await.len();
    assert!(first > 0 && cosigned_by(&proofs(&xa, &xa).await, &xc) == 0);

    // The second witness is away when it is paired, and this node is restarted before it is back.
    let (card, words) = xc.card().await;
    let (own, own_words) = xa.card().await;
    xc.node().trust().add_peer(&own.encode(), &own_words).await.unwrap();
    xc.stop().await;
    xa.node().trust().add_peer(&card.encode(), &words).await.unwrap();
    xa.stop().await;
    xa.start().await;
    xc.start().await;
    TestNode::until("every proof with both witnesses", async || {
        let kept = proofs(&xa, &xa).await;
        let both = [&xb, &xc].map(|witness| cosigned_by(&kept, witness));
        kept.len() > first && both == [kept.len(); 2]
    })
    .await;
    TestNode::until("the same proofs at the peer", async || {
        let kept = proofs(&xb, &xa).await;
        !kept.is_empty() && cosigned_by(&kept, &xc) == kept.len()
    })
    .await;
    xa.stop().await;
    xb.stop().await;
    xc.stop().await;
}
