//! The audit trail: each event fits its hash and names the one before; judges no event.

use crate::node::store::audit_events;
use crate::node::upkeep::log_check::{CheckError, STORE_CHANGED};
use crate::node::upkeep::reconcile::{Audit, PAGE, Reconciled};

/// Walks the trail from its begin.
pub(super) async fn check(audit: &Audit, done: &mut Reconciled) -> Result<(), CheckError> {
    let (mut seq, mut prev) = (0, [0; 32]);
    loop {
        let page = audit
            .store
            .read("audit_trail", move |tx| {
                Box::pin(async move { audit_events::after(tx, seq, PAGE).await })
            })
            .await?;
        let Some(last) = page.last() else { return Ok(()) };
        seq = last.seq;
        for event in &page {
            done.events = done.events.saturating_add(1);
            let name = format!("audit event {}", event.seq);
            if event.prev != prev {
                let what = "does not continue the event before: one was removed or put in";
                done.findings.add(&name, what, STORE_CHANGED);
            }
            if !event.is_intact() {
                done.findings.add(&name, "was changed", STORE_CHANGED);
            }
            prev = event.hash;
        }
    }
}
