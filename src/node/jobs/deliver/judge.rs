//! Judges a peer's answer to one statement: a receipt or refusal counts only if its signature holds; stores nothing.

use crate::domain::time::Timestamp;
use crate::node::peer::{ItemAnswer, LaterReason};
use crate::node::store::receipts;
use crate::record::card::Card;
use crate::record::kinds::delivery::DeliveryRefused;
use crate::record::receipt::{CheckedRoots, Receipt};
use crate::record::{Record, Statement, StatementHash};

/// What an answer amounts to.
#[derive(Clone, Debug)]
pub(super) enum Verdict {
    /// The peer's log holds it.
    Receipted(receipts::Receipt),
    /// The peer refused it for good, under its signature.
    Refused(Box<Record>, String),
    /// To be sent again.
    Again(String),
}

/// The verdict on an answer to `statement`; `card` is the peer's card in force.
pub(super) fn judge(
    answer: ItemAnswer,
    statement: &[u8],
    card: &Card,
    (now, checked): (i64, &mut CheckedRoots),
) -> Verdict {
    let checked = match answer {
        ItemAnswer::Receipt(bytes) => {
            receipt(&bytes, statement, card, (now, checked)).map(Verdict::Receipted)
        }
        ItemAnswer::Refused { statement: refusal, fields } => {
            let leaves = fields.iter().map(|leaf| leaf.to_vec()).collect();
            refusal_of(&refusal, leaves, statement, card)
        }
        ItemAnswer::Later { reason } => Err(later(reason)),
    };
    checked.unwrap_or_else(Verdict::Again)
}

fn receipt(
    bytes: &[u8],
    statement: &[u8],
    card: &Card,
    (now, checked): (i64, &mut CheckedRoots),
) -> Result<receipts::Receipt, String> {
    let unsound = |error: &dyn std::fmt::Display| {
        tracing::error!(peer.authority = %card.authority, error = %error, "a receipt does not hold and is not kept");
        metrics::counter!("sealane_deliver_bad_receipts_total").increment(1);
        format!("the peer's receipt does not hold: {error}")
    };
    let receipt = Receipt::parse(bytes).map_err(|error| unsound(&error))?;
    let verified = receipt.verify_among(statement, &card.receipt_key, checked);
    verified.map_err(|error| unsound(&error))?;
    let prefix = format!("{}/log/", card.authority);
    let origin = receipt.origin.filter(|origin| origin.starts_with(&prefix));
    let origin = origin.ok_or_else(|| unsound(&"it is of another log"))?;
    let number = |value: u64| i64::try_from(value).map_err(|error| unsound(&error));
    Ok(receipts::Receipt {
        record_hash: StatementHash::of(statement).0,
        origin,
        log_index: number(receipt.leaf_index)?,
        tree_size: number(receipt.tree_size)?,
        receipt: bytes.to_vec(),
        proof: None,
        stored_at: now,
    })
}

fn refusal_of(
    refusal: &[u8],
    leaves: Vec<Vec<u8>>,
    statement: &[u8],
    card: &Card,
) -> Result<Verdict, String> {
    let unsound = |error: &dyn std::fmt::Display| {
        tracing::error!(peer.authority = %card.authority, error = %error, "a refusal does not hold and ends nothing");
        format!("the peer's refusal does not hold: {error}")
    };
    let parsed = Statement::parse(refusal).map_err(|error| unsound(&error))?;
    let at = Timestamp::from_secs(parsed.issued_at);
    let key = card
        .record_key(parsed.key, at)
        .ok_or_else(|| unsound(&"its key is not in the card in force"))?;
    if parsed.issuer != card.authority {
        return Err(unsound(&"another authority issued it"));
    }
    let record = Record::open(parsed, leaves, &key).map_err(|error| unsound(&error))?;
    let refused = record.payload::<DeliveryRefused>().map_err(|error| unsound(&error))?;
    if refused.statement != StatementHash::of(statement) {
        return Err(unsound(&"it refuses another statement"));
    }
    let why = format!("{}: {}", refused.code, refused.reason);
    Ok(Verdict::Refused(Box::new(record), why))
}

fn later(reason: LaterReason) -> String {
    match reason {
        LaterReason::Busy => "the peer is busy".to_owned(),
        LaterReason::PredecessorMissing => "the peer waits for the statement before it".to_owned(),
        LaterReason::NotSealed => "the peer has it, but has not sealed its log yet".to_owned(),
        LaterReason::CardMissing => "the peer has not got this node's card yet".to_owned(),
        LaterReason::Other(code) => {
            format!("the peer says later for a reason of a newer version ({code})")
        }
    }
}
