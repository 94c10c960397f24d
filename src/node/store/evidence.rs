//! Evidence items, their custody chains and hand-overs that wait for the receiver; moves no bytes.

use crate::node::store::error::StoreError;
use crate::node::store::filter::{Filter, Page};
use crate::node::store::table::table;
use crate::node::store::tx::Tx;
use crate::node::store::value::{Param, params};

table! {
    /// An evidence item.
    EvidenceItem = evidence (id) {
        /// Its object id.
        id: String,
        /// The case.
        case_id: String,
        /// What it is.
        description: String,
        /// What it is in relation to its original.
        form: String,
        /// The item that it was copied or taken from.
        parent: Option<String>,
        /// How much of it is left, a decimal number.
        quantity: Option<String>,
        /// The unit of the quantity.
        unit: Option<String>,
        /// The media type of its file, where it is one.
        media_type: Option<String>,
        /// The size of its file.
        size: Option<i64>,
        /// SHA-256 of its file.
        sha256: Option<[u8; 32]>,
        /// BLAKE3 of its file.
        blake3: Option<[u8; 32]>,
        /// The name of its blob.
        blob: Option<String>,
        /// The user or authority that has it.
        holder: String,
        /// Where it stands: `held`, `on_the_way`, `divided`, `returned`, `lost` or `destroyed`.
        state: String,
        /// When it was registered, microseconds.
        created_at: i64,
        /// The newest record of its chain.
        head: [u8; 32],
    }
}

/// The file of an item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ItemFile {
    /// The name of its blob.
    pub blob: String,
    /// Its media type.
    pub media_type: String,
    /// Its size in bytes.
    pub size: i64,
    /// Its SHA-256.
    pub sha256: [u8; 32],
    /// Its BLAKE3.
    pub blake3: [u8; 32],
}

impl EvidenceItem {
    /// The file, if the item is one and not a thing.
    #[must_use]
    pub fn file(&self) -> Option<ItemFile> {
        Some(ItemFile {
            blob: self.blob.clone()?,
            media_type: self.media_type.clone()?,
            size: self.size?,
            sha256: self.sha256?,
            blake3: self.blake3?,
        })
    }
}

table! {
    /// A link of a custody chain.
    CustodyEvent = custody (evidence_id, position) {
        /// The item.
        evidence_id: String,
        /// The place in the chain, from 0.
        position: i64,
        /// The record of it.
        record_hash: [u8; 32],
        /// What happened.
        event: String,
        /// Who had it before.
        from_actor: Option<String>,
        /// Who has it then.
        to_actor: Option<String>,
        /// When, microseconds.
        at: i64,
    }
}

table! {
    /// A hand-over that the receiver has not confirmed.
    PendingTransfer = pending_transfers (evidence_id) {
        /// The item.
        evidence_id: String,
        /// The giver's record.
        record_hash: [u8; 32],
        /// Who gives.
        giver: String,
        /// Who shall receive.
        receiver: String,
        /// When it was offered, microseconds.
        at: i64,
    }
}

/// Adds an item.
///
/// # Errors
/// [`StoreError::Conflict`] if the id is taken. All functions of this file: what the database says.
pub async fn insert(tx: &mut Tx, item: &EvidenceItem) -> Result<(), StoreError> {
    tx.insert(item).await
}

/// Replaces what is known of an item.
///
/// # Errors
/// As [`insert`].
pub async fn put(tx: &mut Tx, item: &EvidenceItem) -> Result<(), StoreError> {
    // An item that was erased meanwhile does not come back.
    tx.fetch_one(
        "-- evidence.present
         SELECT id FROM evidence WHERE id = $1",
        params![&item.id],
    )
    .await?;
    tx.put(item).await
}

/// The item of that id.
///
/// # Errors
/// As [`insert`].
pub async fn get(tx: &mut Tx, id: &str) -> Result<Option<EvidenceItem>, StoreError> {
    tx.select_one(
        "-- evidence.get
         SELECT * FROM evidence WHERE id = $1",
        params![id],
    )
    .await
}

/// The items of those ids, in no fixed order.
///
/// # Errors
/// As [`insert`].
pub async fn get_many(tx: &mut Tx, ids: &[String]) -> Result<Vec<EvidenceItem>, StoreError> {
    tx.select_in(
        "-- evidence.get_many\nSELECT * FROM evidence WHERE id IN",
        params![],
        ids.iter().map(Param::from).collect(),
    )
    .await
}

/// The item of that blob.
///
/// # Errors
/// As [`insert`].
pub async fn by_blob(tx: &mut Tx, blob: &str) -> Result<Option<EvidenceItem>, StoreError> {
    tx.select_one(
        "-- evidence.by_blob
         SELECT * FROM evidence WHERE blob = $1",
        params![blob],
    )
    .await
}

/// The items with a file of that digest.
///
/// # Errors
/// As [`insert`].
pub async fn by_sha256(tx: &mut Tx, sha256: &[u8; 32]) -> Result<Vec<EvidenceItem>, StoreError> {
    tx.select(
        "-- evidence.by_sha256
         SELECT * FROM evidence WHERE sha256 = $1 ORDER BY created_at, id",
        params![sha256],
    )
    .await
}

/// All items of a case, oldest first.
///
/// # Errors
/// As [`insert`].
pub async fn of_case(tx: &mut Tx, case_id: &str) -> Result<Vec<EvidenceItem>, StoreError> {
    tx.select(
        "-- evidence.of_case
         SELECT * FROM evidence WHERE case_id = $1 ORDER BY created_at, id",
        params![case_id],
    )
    .await
}

/// Items, newest first, of those with a holder or in a state if one is named.
///
/// # Errors
/// As [`insert`].
pub async fn list(
    tx: &mut Tx,
    holder: Option<&str>,
    state: Option<&str>,
    page: &Page,
) -> Result<Vec<EvidenceItem>, StoreError> {
    let mut query = Filter::of("-- evidence.list\nSELECT * FROM evidence");
    query.and_some("holder = ?", holder);
    query.and_some("state = ?", state);
    query.and_page("(created_at, id) < (?, ?)", page);
    query.select(tx, "ORDER BY created_at DESC, id DESC LIMIT ?", page.limit).await
}

/// Adds a link to a custody chain.
///
/// # Errors
/// [`StoreError::Conflict`] if the place is taken: someone else was first.
pub async fn add_custody(tx: &mut Tx, event: &CustodyEvent) -> Result<(), StoreError> {
    tx.insert(event).await
}

/// The custody chain of an item.
///
/// # Errors
/// As [`insert`].
pub async fn custody_of(tx: &mut Tx, evidence_id: &str) -> Result<Vec<CustodyEvent>, StoreError> {
    tx.select(
        "-- custody.of_item
         SELECT * FROM custody WHERE evidence_id = $1 ORDER BY position",
        params![evidence_id],
    )
    .await
}

/// Notes a hand-over that waits.
///
/// # Errors
/// [`StoreError::Conflict`] if one waits for the item already.
pub async fn offer_transfer(tx: &mut Tx, transfer: &PendingTransfer) -> Result<(), StoreError> {
    tx.insert(transfer).await
}

/// Ends the hand-over that waits under that record, confirmed or taken back.
///
/// # Errors
/// [`StoreError::Conflict`] if it does not wait (any more).
pub async fn end_transfer(
    tx: &mut Tx,
    evidence_id: &str,
    record_hash: &[u8; 32],
) -> Result<(), StoreError> {
    tx.change_one(
        "-- pending_transfers.end
         DELETE FROM pending_transfers WHERE evidence_id = $1 AND record_hash = $2",
        params![evidence_id, record_hash],
    )
    .await
}

/// The hand-over that waits for an item.
///
/// # Errors
/// As [`insert`].
pub async fn pending_transfer(
    tx: &mut Tx,
    evidence_id: &str,
) -> Result<Option<PendingTransfer>, StoreError> {
    tx.select_one(
        "-- pending_transfers.get
         SELECT * FROM pending_transfers WHERE evidence_id = $1",
        params![evidence_id],
    )
    .await
}

/// The hand-overs that wait for a receiver; without one, for all.
///
/// # Errors
/// As [`insert`].
pub async fn pending_transfers(
    tx: &mut Tx,
    receiver: Option<&str>,
    limit: i64,
) -> Result<Vec<PendingTransfer>, StoreError> {
    let mut query = Filter::of("-- pending_transfers.list\nSELECT * FROM pending_transfers");
    query.and_some("receiver = ?", receiver);
    query.select(tx, "ORDER BY at, evidence_id LIMIT ?", limit).await
}
