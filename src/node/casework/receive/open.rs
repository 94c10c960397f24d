//! Opens a delivered item: who says it, is it signed, is it in the sender's log, are the fields those that were signed.

use crate::domain::id::AuthorityName;
use crate::node::casework::cards::{KnownAuthority, Under};
use crate::node::casework::load::Held;
use crate::node::peer::message::{DeliverItem, Fields};
use crate::node::store::receipts;
use crate::record::disclosure::{DisclosedLeaf, Excerpt};
use crate::record::receipt::{CheckedRoots, Receipt, ReceiptError};
use crate::record::{PayloadError, Record, Statement};
use crate::transparency::tree::Hash;

/// Why an item is refused for good: the code and the sentence of the signed refusal.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {reason}")]
pub(crate) struct Refused {
    pub(crate) code: &'static str,
    pub(crate) reason: String,
}

impl Refused {
    pub(crate) fn new(code: &'static str, reason: impl Into<String>) -> Self {
        Self { code, reason: reason.into() }
    }
}

/// A verified item.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) held: Held,
    /// The sender's receipt, as it is kept.
    pub(crate) receipt: receipts::Receipt,
}

/// Why an item is not opened.
#[derive(Debug)]
pub(crate) enum NotOpened {
    /// Nothing that the sender could repeat will help.
    Refused(Refused),
    /// The sender signs with a key of a card that has not arrived.
    CardMissing,
}

/// Verifies one item from a peer (PROTOCOL 5.2). Costs a signature check and one hash a leaf, and another check for the
/// receipts of each batch of the sender's log.
pub(crate) fn open(
    peer: &KnownAuthority,
    item: &DeliverItem,
    under: Under,
    (now, checked): (i64, &mut CheckedRoots),
) -> Result<Opened, NotOpened> {
    let refused = |code, reason: String| NotOpened::Refused(Refused { code, reason });
    let statement = Statement::parse(&item.statement)
        .map_err(|error| refused("malformed", error.to_string()))?;
    if statement.issuer != peer.card.authority {
        return Err(refused(
            "foreign_issuer",
            format!("a statement of {} was sent by {}", statement.issuer, peer.card.authority),
        ));
    }
    let key = peer.record_key(&statement, under).ok_or(NotOpened::CardMissing)?;
    let receipt = sender_receipt(peer, item, (&statement, under), (now, checked))?;
    let held = match &item.fields {
        Fields::All(leaves) => {
            let leaves = leaves.iter().map(|leaf| leaf.to_vec()).collect();
            Record::open(statement, leaves, &key).map(Held::Whole)
        }
        Fields::Disclosed { leaf_count, leaves } => {
            let leaves = leaves
                .iter()
                .map(|leaf| DisclosedLeaf {
                    index: usize::try_from(leaf.index).unwrap_or(usize::MAX),
                    bytes: leaf.leaf.to_vec(),
                    path: leaf.path.iter().copied().map(Hash).collect(),
                })
                .collect();
            let count = usize::try_from(*leaf_count).unwrap_or(usize::MAX);
            Excerpt::open(statement, count, leaves, &key).map(Held::Part)
        }
    };
    let held = held.map_err(|error: PayloadError| match &error {
        PayloadError::Statement(_) => refused("bad_signature", error.to_string()),
        PayloadError::Field(_)
        | PayloadError::Root(_)
        | PayloadError::Missing(_)
        | PayloadError::Subject
        | PayloadError::OtherKind { .. } => refused("bad_fields", error.to_string()),
    })?;
    Ok(Opened { held, receipt })
}

/// The sender's proof that the statement is in its own log.
fn sender_receipt(
    peer: &KnownAuthority,
    item: &DeliverItem,
    (statement, under): (&Statement, Under),
    (now, checked): (i64, &mut CheckedRoots),
) -> Result<receipts::Receipt, NotOpened> {
    let refused = |reason: String| NotOpened::Refused(Refused { code: "bad_receipt", reason });
    let receipt = Receipt::parse(&item.receipt).map_err(|error| refused(error.to_string()))?;
    let key = peer.receipt_key(receipt.key, under).ok_or(NotOpened::CardMissing)?;
    receipt
        .verify_among(statement.bytes(), &key, checked)
        .map_err(|error: ReceiptError| refused(error.to_string()))?;
    let origin = receipt.origin.clone().unwrap_or_default();
    if !is_origin_of(&peer.card.authority, &origin) {
        return Err(refused(format!("the receipt is of the log {}", origin.escape_default())));
    }
    Ok(receipts::Receipt {
        record_hash: statement.hash().0,
        origin,
        log_index: i64::try_from(receipt.leaf_index).unwrap_or(i64::MAX),
        tree_size: i64::try_from(receipt.tree_size).unwrap_or(i64::MAX),
        receipt: item.receipt.to_vec(),
        proof: None,
        stored_at: now,
    })
}

/// Whether an origin names a log of that authority: `NAME/log/YEAR`.
pub(crate) fn is_origin_of(authority: &AuthorityName, origin: &str) -> bool {
    origin
        .strip_prefix(authority.as_str())
        .and_then(|rest| rest.strip_prefix("/log/"))
        .is_some_and(|year| year.len() == 4 && year.bytes().all(|b| b.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_belongs_to_the_authority_whose_name_it_begins_with() {
        let xa: AuthorityName = "customs.xa.example".parse().unwrap();
        assert!(is_origin_of(&xa, "customs.xa.example/log/2026"));
        for other in [
            "customs.xb.example/log/2026",
            "customs.xa.example.org/log/2026",
            "customs.xa.example/log/",
            "customs.xa.example/log/20266",
            "customs.xa.example/log/2026/x",
            "",
        ] {
            assert!(!is_origin_of(&xa, other), "{other}");
        }
    }
}
