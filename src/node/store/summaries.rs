//! Summaries shared with peers or received from them, their recipients and sources; chooses no fields.

use crate::node::store::error::StoreError;
use crate::node::store::filter::{Filter, Page};
use crate::node::store::requests::Direction;
use crate::node::store::table::table;
use crate::node::store::tx::Tx;
use crate::node::store::value::params;

table! {
    /// A summary.
    Summary = summaries (id) {
        /// Its object id.
        id: String,
        /// The case here that it is drawn from or was joined to.
        case_id: Option<String>,
        /// Sent or received.
        direction: Direction,
        /// The authority that shared it.
        author: String,
        /// Its title.
        title: String,
        /// Its marking.
        marking: String,
        /// The purpose for which it may be used.
        purpose: String,
        /// When it must be deleted, microseconds.
        delete_by: Option<i64>,
        /// When it was withdrawn, microseconds.
        withdrawn_at: Option<i64>,
        /// The newest record of its chain.
        head: [u8; 32],
        /// When it was shared, microseconds.
        created_at: i64,
    }
}

table! {
    /// That a summary was shared with an authority.
    SummaryRecipient = summary_recipients (summary_id, authority) {
        /// The summary.
        summary_id: String,
        /// The recipient.
        authority: String,
    }
}

table! {
    /// A record that a summary draws from.
    SummarySource = summary_sources (summary_id, record_hash) {
        /// The summary.
        summary_id: String,
        /// The record.
        record_hash: [u8; 32],
        /// The disclosed fields (CBOR array of indices).
        fields: Vec<u8>,
    }
}

/// Adds a summary.
///
/// # Errors
/// [`StoreError::Conflict`] if the id is taken. All functions of this file: what the database says.
pub async fn insert(tx: &mut Tx, summary: &Summary) -> Result<(), StoreError> {
    tx.insert(summary).await
}

/// Replaces what is known of a summary.
///
/// # Errors
/// As [`insert`].
pub async fn put(tx: &mut Tx, summary: &Summary) -> Result<(), StoreError> {
    tx.put(summary).await
}

/// Notes that a summary was withdrawn by the record `head`.
///
/// # Errors
/// [`StoreError::Conflict`] if there is none or it was withdrawn before.
pub async fn withdraw(tx: &mut Tx, id: &str, head: &[u8; 32], at: i64) -> Result<(), StoreError> {
    tx.change_one(
        "-- summaries.withdraw
         UPDATE summaries SET withdrawn_at = $3, head = $2 WHERE id = $1 AND withdrawn_at IS NULL",
        params![id, head, at],
    )
    .await
}

/// The summary of that id.
///
/// # Errors
/// As [`insert`].
pub async fn get(tx: &mut Tx, id: &str) -> Result<Option<Summary>, StoreError> {
    tx.select_one(
        "-- summaries.get
         SELECT * FROM summaries WHERE id = $1",
        params![id],
    )
    .await
}

/// Summaries, newest first, of one direction or case if one is named.
///
/// # Errors
/// As [`insert`].
pub async fn list(
    tx: &mut Tx,
    direction: Option<Direction>,
    case_id: Option<&str>,
    page: &Page,
) -> Result<Vec<Summary>, StoreError> {
    let mut query = Filter::of("-- summaries.list\nSELECT * FROM summaries");
    query.and_some("direction = ?", direction);
    query.and_some("case_id = ?", case_id);
    query.and_page("(created_at, id) < (?, ?)", page);
    query.select(tx, "ORDER BY created_at DESC, id DESC LIMIT ?", page.limit).await
}

/// Up to `limit` summaries that had to be deleted before a time.
///
/// # Errors
/// As [`insert`].
pub async fn delete_due(tx: &mut Tx, at: i64, limit: i64) -> Result<Vec<Summary>, StoreError> {
    tx.select(
        "-- summaries.delete_due
         SELECT * FROM summaries WHERE delete_by IS NOT NULL AND delete_by < $1
         ORDER BY delete_by, id LIMIT $2",
        params![at, limit],
    )
    .await
}

/// Forgets a summary, its recipients and sources.
///
/// # Errors
/// As [`insert`].
pub async fn delete(tx: &mut Tx, id: &str) -> Result<(), StoreError> {
    for sql in [
        "-- summary_recipients.delete\nDELETE FROM summary_recipients WHERE summary_id = $1",
        "-- summary_sources.delete\nDELETE FROM summary_sources WHERE summary_id = $1",
        "-- summaries.delete\nDELETE FROM summaries WHERE id = $1",
    ] {
        tx.execute(sql, params![id]).await?;
    }
    Ok(())
}

/// Adds recipients; those that are there already stay.
///
/// # Errors
/// As [`insert`].
pub async fn add_recipients(tx: &mut Tx, rows: &[SummaryRecipient]) -> Result<u64, StoreError> {
    tx.insert_all_new(rows).await
}

/// The recipients of a summary.
///
/// # Errors
/// As [`insert`].
pub async fn recipients(
    tx: &mut Tx,
    summary_id: &str,
) -> Result<Vec<SummaryRecipient>, StoreError> {
    tx.select(
        "-- summary_recipients.of_summary
         SELECT * FROM summary_recipients WHERE summary_id = $1 ORDER BY authority",
        params![summary_id],
    )
    .await
}

/// The authorities to which summaries of a case were given, withdrawn ones too, by name.
///
/// # Errors
/// As [`insert`].
pub async fn holders_of_case(tx: &mut Tx, case_id: &str) -> Result<Vec<String>, StoreError> {
    let rows = tx
        .fetch_all(
            "-- summary_recipients.of_case
             SELECT DISTINCT authority FROM summary_recipients WHERE summary_id IN
             (SELECT id FROM summaries WHERE case_id = $1 AND direction = 'out') ORDER BY authority",
            params![case_id],
        )
        .await?;
    rows.iter().map(|row| row.text(0)).collect()
}

/// Adds sources, or changes which fields they disclose.
///
/// # Errors
/// As [`insert`].
pub async fn put_sources(tx: &mut Tx, rows: &[SummarySource]) -> Result<(), StoreError> {
    tx.put_all(rows).await
}

/// The sources of a summary.
///
/// # Errors
/// As [`insert`].
pub async fn sources(tx: &mut Tx, summary_id: &str) -> Result<Vec<SummarySource>, StoreError> {
    tx.select(
        "-- summary_sources.of_summary
         SELECT * FROM summary_sources WHERE summary_id = $1 ORDER BY record_hash",
        params![summary_id],
    )
    .await
}

/// What other summaries that were not withdrawn show an authority of a record.
///
/// # Errors
/// As [`insert`].
pub async fn shown_by_others(
    tx: &mut Tx,
    summary_id: &str,
    record_hash: &[u8; 32],
    authority: &str,
) -> Result<Vec<SummarySource>, StoreError> {
    tx.select(
        "-- summary_sources.shown_by_others
         SELECT s.* FROM summary_sources s
         JOIN summaries m ON m.id = s.summary_id
         JOIN summary_recipients r ON r.summary_id = s.summary_id
         WHERE s.record_hash = $2 AND s.summary_id <> $1 AND r.authority = $3
           AND m.withdrawn_at IS NULL AND m.direction = 'out'
         ORDER BY s.summary_id",
        params![summary_id, record_hash, authority],
    )
    .await
}
