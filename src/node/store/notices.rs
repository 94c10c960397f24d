//! What officers were told, each once; decides neither what nor whom.

use crate::node::store::error::StoreError;
use crate::node::store::filter::{Filter, Page};
use crate::node::store::table::{table, words};
use crate::node::store::tx::Tx;
use crate::node::store::value::{Param, params};

words! {
    /// Why an officer is told.
    NoticeKind {
        /// It will be due within the days of the house rule.
        DueSoon = "due_soon",
        /// It was due and is not done.
        Overdue = "overdue",
        /// It has been overdue for days: a supervisor is told.
        Escalated = "escalated",
        /// An officer read very many cases or items within a short time.
        BulkRead = "bulk_read",
    }
}

table! {
    /// A notice.
    Notice = notices (id) {
        /// Its id.
        id: String,
        /// The officer.
        user_id: String,
        /// When it was given, microseconds.
        at: i64,
        /// The case, request or summary; empty if it is about an officer.
        object: String,
        /// Where in it; the officer's pseudonym.
        place: String,
        /// When that is due, microseconds; if it is about an officer, when it happened.
        due_at: i64,
        /// Why.
        kind: NoticeKind,
        /// The sentence; it holds no content of the case.
        text: String,
        /// When the officer read it, microseconds.
        read_at: Option<i64>,
        /// When a letter with it was taken by the mail server, microseconds.
        mailed_at: Option<i64>,
    }
}

/// Gives notices; those that were given before stay as they are. Gives how many are new.
///
/// # Errors
/// All functions of this file: what the database says.
pub async fn give(tx: &mut Tx, rows: &[Notice]) -> Result<u64, StoreError> {
    tx.insert_all_new(rows).await
}

/// The notices about one date of one place, whoever they were given to.
///
/// # Errors
/// As [`give`].
pub async fn given(
    tx: &mut Tx,
    object: &str,
    place: &str,
    due_at: i64,
) -> Result<Vec<Notice>, StoreError> {
    tx.select(
        "-- notices.given
         SELECT * FROM notices WHERE object = $1 AND place = $2 AND due_at = $3",
        params![object, place, due_at],
    )
    .await
}

/// The notices of an officer, newest first; only those that are not read, if that is wanted.
///
/// # Errors
/// As [`give`].
pub async fn of_user(
    tx: &mut Tx,
    user_id: &str,
    is_unread: bool,
    page: &Page,
) -> Result<Vec<Notice>, StoreError> {
    let mut query = Filter::of("-- notices.of_user\nSELECT * FROM notices");
    query.and("user_id = ?", params![user_id]);
    if is_unread {
        query.and("read_at IS NULL", Vec::new());
    }
    query.and_page("(at, id) < (?, ?)", page);
    query.select(tx, "ORDER BY at DESC, id DESC LIMIT ?", page.limit).await
}

/// A notice of an officer.
///
/// # Errors
/// As [`give`].
pub async fn get(tx: &mut Tx, id: &str, user_id: &str) -> Result<Option<Notice>, StoreError> {
    tx.select_one(
        "-- notices.get
         SELECT * FROM notices WHERE id = $1 AND user_id = $2",
        params![id, user_id],
    )
    .await
}

/// Notes that an officer read a notice; one that was read before keeps its time.
///
/// # Errors
/// As [`give`].
pub async fn read(tx: &mut Tx, id: &str, user_id: &str, at: i64) -> Result<u64, StoreError> {
    tx.execute(
        "-- notices.read
         UPDATE notices SET read_at = $3 WHERE id = $1 AND user_id = $2 AND read_at IS NULL",
        params![id, user_id, at],
    )
    .await
}

/// The notices of an officer after a place in time, oldest first.
///
/// # Errors
/// As [`give`].
pub async fn after(
    tx: &mut Tx,
    user_id: &str,
    (at, id): (i64, &str),
    limit: i64,
) -> Result<Vec<Notice>, StoreError> {
    tx.select(
        "-- notices.after
         SELECT * FROM notices WHERE user_id = $1 AND (at, id) > ($2, $3) ORDER BY at, id LIMIT $4",
        params![user_id, at, id, limit],
    )
    .await
}

/// The notices of an officer since a time that were neither read nor mailed, oldest first.
///
/// # Errors
/// As [`give`].
pub async fn unmailed(
    tx: &mut Tx,
    user_id: &str,
    since: i64,
    limit: i64,
) -> Result<Vec<Notice>, StoreError> {
    tx.select(
        "-- notices.unmailed
         SELECT * FROM notices WHERE user_id = $1 AND at >= $2 AND mailed_at IS NULL AND read_at IS NULL
         ORDER BY at, id LIMIT $3",
        params![user_id, since, limit],
    )
    .await
}

/// Notes that a letter with these notices was taken by the mail server.
///
/// # Errors
/// As [`give`].
pub async fn mailed(tx: &mut Tx, ids: &[String], at: i64) -> Result<u64, StoreError> {
    tx.execute_in(
        "-- notices.mailed
         UPDATE notices SET mailed_at = $1 WHERE id IN",
        params![at],
        ids.iter().map(Param::from).collect(),
    )
    .await
}

/// Forgets the notices about an object, after its erasure.
///
/// # Errors
/// As [`give`].
pub async fn clear_object(tx: &mut Tx, object: &str) -> Result<u64, StoreError> {
    tx.execute(
        "-- notices.clear_object
         DELETE FROM notices WHERE object = $1",
        params![object],
    )
    .await
}
