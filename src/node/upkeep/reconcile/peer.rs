//! The books kept with peers: what was delivered has the peer's receipt, what came has its sender's; asks no peer.

use std::collections::{BTreeMap, HashMap};

use crate::domain::id::AuthorityName;
use crate::node::casework::{KnownAuthority, Under};
use crate::node::store::inbox::{self, InboxOutcome, Incoming};
use crate::node::store::outbox::{self, OutboxFrame, OutboxState, Outgoing};
use crate::node::store::receipts::{self, Receipt as ReceiptRow};
use crate::node::store::records::Record;
use crate::node::store::{StoreError, Tx, peers};
use crate::node::upkeep::Findings;
use crate::node::upkeep::log_check::{CheckError, STORE_CHANGED, to_i64};
use crate::node::upkeep::reconcile::{Audit, Reconciled};
use crate::record::StatementHash;
use crate::record::receipt::Receipt;

/// What to do about a delivery without its proof.
const NOT_PROVEN: &str = "ask the peer whether it holds the record; its log has it if it does";

/// The books with one peer or with all.
pub(super) struct Books {
    only: Option<String>,
    /// By peer: delivered, refused, withdrawn, waiting.
    counts: BTreeMap<String, [u64; 4]>,
}

/// What is stored about the deliveries of some records.
struct Deliveries {
    outgoing: Vec<Outgoing>,
    incoming: Vec<Incoming>,
    receipts: HashMap<[u8; 32], Vec<ReceiptRow>>,
}

impl Books {
    /// The books to look at.
    pub(super) async fn of(audit: &Audit, peer: Option<&str>) -> Result<Self, CheckError> {
        if let Some(peer) = peer {
            let name = peer.to_owned();
            let known = audit
                .store
                .read("audit_peer", move |tx| Box::pin(async move { peers::get(tx, &name).await }))
                .await?;
            known.ok_or_else(|| CheckError::NoPeer(peer.to_owned()))?;
        }
        Ok(Self { only: peer.map(str::to_owned), counts: BTreeMap::new() })
    }

    fn is_wanted(&self, peer: &str) -> bool {
        self.only.as_deref().is_none_or(|only| only == peer)
    }

    /// Looks at the deliveries of the records of a page.
    pub(super) async fn check(
        &mut self,
        audit: &Audit,
        page: &[Record],
        done: &mut Reconciled,
    ) -> Result<(), CheckError> {
        let hashes: Vec<_> = page.iter().map(|row| row.hash).collect();
        let read = audit.store.read("audit_deliveries", move |tx| {
            Box::pin(async move { Deliveries::read(tx, &hashes).await })
        });
        let Deliveries { outgoing, incoming, receipts } = read.await?;
        let statements: HashMap<_, _> = page.iter().map(|row| (row.hash, row)).collect();
        let none = Vec::new();
        let of = |hash: &[u8; 32]| receipts.get(hash).unwrap_or(&none).as_slice();
        for row in outgoing.iter().filter(|row| row.frame == OutboxFrame::Deliver) {
            let Some(record) = statements.get(&row.record_hash) else { continue };
            if self.is_wanted(&row.peer) {
                done.deliveries = done.deliveries.saturating_add(1);
                self.sent(audit, row, record, of(&row.record_hash), &mut done.findings);
            }
        }
        for row in incoming {
            let Some(record) = statements.get(&row.record_hash) else { continue };
            if self.is_wanted(&row.peer) && row.outcome != InboxOutcome::Refused {
                done.deliveries = done.deliveries.saturating_add(1);
                // The sender's own log vouches for what it sent, whoever wrote it.
                let fault = proof_fault(audit, &row.peer, record, of(&row.record_hash));
                if let Some(fault) = fault {
                    let name = format!("record {} from {}", StatementHash(record.hash), row.peer);
                    done.findings.add(name, format!("the sender's receipt {fault}"), STORE_CHANGED);
                }
            }
        }
        Ok(())
    }

    /// A delivered record has the peer's receipt; so may one that is still queued, if the node ended in between.
    fn sent(
        &mut self,
        audit: &Audit,
        row: &Outgoing,
        record: &Record,
        receipts: &[ReceiptRow],
        findings: &mut Findings,
    ) {
        let place = match row.state {
            OutboxState::Delivered => 0,
            OutboxState::Refused => 1,
            OutboxState::Withdrawn => 2,
            OutboxState::Queued => 3,
        };
        if let Some(count) = self.counts.entry(row.peer.clone()).or_default().get_mut(place) {
            *count = count.saturating_add(1);
        }
        let name = format!("record {} to {}", StatementHash(record.hash), row.peer);
        if row.state == OutboxState::Delivered
            && let Some(fault) = proof_fault(audit, &row.peer, record, receipts)
        {
            findings.add(
                &name,
                format!("is marked as delivered, and the receipt {fault}"),
                NOT_PROVEN,
            );
        }
        if row.state != OutboxState::Queued && row.settled_at.is_none() {
            findings.add(&name, "is settled and has no time of it", STORE_CHANGED);
        }
    }

    /// Tells how each peer stands.
    pub(super) fn end(self, findings: &mut Findings) {
        for (peer, [delivered, refused, withdrawn, waiting]) in self.counts {
            findings.note(format!(
                "{peer}: {delivered} delivered with receipt, {refused} refused, {withdrawn} withdrawn, {waiting} waiting"
            ));
        }
    }
}

impl Deliveries {
    async fn read(tx: &mut Tx, hashes: &[[u8; 32]]) -> Result<Self, StoreError> {
        let outgoing = outbox::of_records(tx, hashes).await?;
        let mut incoming = Vec::new();
        for hash in hashes {
            incoming.extend(inbox::of_record(tx, hash).await?);
        }
        let mut receipts: HashMap<_, Vec<_>> = HashMap::new();
        for row in receipts::of_records(tx, hashes).await? {
            receipts.entry(row.record_hash).or_default().push(row);
        }
        Ok(Self { outgoing, incoming, receipts })
    }
}

/// What is wrong with the receipt that a peer's log gave for a record; nothing if it proves it.
fn proof_fault(
    audit: &Audit,
    peer: &str,
    record: &Record,
    receipts: &[ReceiptRow],
) -> Option<String> {
    let logs = format!("{peer}/log/");
    let Some(row) = receipts.iter().find(|row| row.origin.starts_with(&logs)) else {
        return Some("is missing".to_owned());
    };
    let known = peer.parse::<AuthorityName>().ok().and_then(|name| audit.desk.cards.get(&name));
    let Some(known) = known else {
        return Some("cannot be checked without the peer's card".into());
    };
    verify(row, record, &known).err()
}

fn verify(row: &ReceiptRow, record: &Record, known: &KnownAuthority) -> Result<(), String> {
    let receipt = Receipt::parse(&row.receipt).map_err(|error| error.to_string())?;
    let key = known
        .receipt_key(receipt.key, Under::EveryRoot)
        .ok_or("is by a key that no card of the peer names")?;
    receipt.verify(&record.statement, &key).map_err(|error| format!("does not hold: {error}"))?;
    let is_here = receipt.leaf_index == u64::try_from(row.log_index).unwrap_or(u64::MAX)
        && row.tree_size == to_i64(receipt.tree_size);
    if is_here { Ok(()) } else { Err("names another place than its row".to_owned()) }
}
