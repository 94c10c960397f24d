//! Requests for assistance and their acts as the fold over the acts left them; folds nothing itself.

use crate::node::store::error::StoreError;
use crate::node::store::filter::{Filter, Page};
use crate::node::store::table::{table, words};
use crate::node::store::tx::Tx;
use crate::node::store::value::{Param, params};

words! {
    /// Who began it.
    Direction {
        /// It came from a peer.
        In = "in",
        /// We sent it.
        Out = "out",
    }
}

words! {
    /// What the fold makes of an act.
    ActVerdict {
        /// Its position is not known yet.
        Pending = "pending",
        /// It took effect.
        Applied = "applied",
        /// It came too late or was not legal; kept and shown.
        Void = "void",
        /// It says something and changes nothing.
        Note = "note",
        /// The other side refused it for good and never kept it; it is no part of the request.
        Refused = "refused",
    }
}

table! {
    /// A request.
    Request = requests (id) {
        /// Its object id.
        id: String,
        /// Who began it.
        direction: Direction,
        /// The other authority.
        peer: String,
        /// The case here that it belongs to.
        case_id: Option<String>,
        /// The instrument, such as `generic`.
        instrument: String,
        /// The hash of the instrument's profile.
        profile: Vec<u8>,
        /// The state of the machine.
        state: String,
        /// Grows with each act that is folded or refused: a smaller one is of an older fold.
        version: i64,
        /// When it was submitted, microseconds.
        created_at: i64,
        /// When an act last changed it, microseconds.
        updated_at: i64,
        /// When an answer is due, microseconds.
        answer_by: Option<i64>,
        /// 1 if a withdrawal came after an answer, else 0.
        late_withdrawal: i64,
    }
}

table! {
    /// An act of a request.
    RequestAct = request_acts (request_id, record_hash) {
        /// The request.
        request_id: String,
        /// The record of the act.
        record_hash: [u8; 32],
        /// Who acted.
        author: String,
        /// Which act.
        act: String,
        /// Where it stands in the requested authority's log.
        position: Option<i64>,
        /// What the fold makes of it.
        verdict: ActVerdict,
        /// When it was kept here, microseconds.
        at: i64,
    }
}

/// Which requests a list shows; an absent condition holds for all.
#[derive(Clone, Debug, Default)]
pub struct RequestFilter {
    /// Sent or received.
    pub direction: Option<Direction>,
    /// In this state.
    pub state: Option<String>,
    /// With this authority.
    pub peer: Option<String>,
    /// Of this case.
    pub case_id: Option<String>,
}

/// Adds a request.
///
/// # Errors
/// [`StoreError::Conflict`] if the id is taken. All functions of this file: what the database says.
pub async fn insert(tx: &mut Tx, request: &Request) -> Result<(), StoreError> {
    tx.insert(request).await
}

/// Replaces what is known of a request.
///
/// # Errors
/// As [`insert`].
pub async fn put(tx: &mut Tx, request: &Request) -> Result<(), StoreError> {
    tx.put(request).await
}

/// Keeps what a fold of a request's acts gave, unless a fold of more acts was kept before; true if it was kept.
///
/// # Errors
/// As [`insert`].
pub async fn put_fold(tx: &mut Tx, request: &Request) -> Result<bool, StoreError> {
    let changed = tx
        .execute(
            "-- requests.put_fold
             UPDATE requests SET state = $2, version = $3, updated_at = $4, late_withdrawal = $5
             WHERE id = $1 AND version <= $3",
            params![
                &request.id,
                &request.state,
                request.version,
                request.updated_at,
                request.late_withdrawal
            ],
        )
        .await?;
    Ok(changed > 0)
}

/// The request of that id.
///
/// # Errors
/// As [`insert`].
pub async fn get(tx: &mut Tx, id: &str) -> Result<Option<Request>, StoreError> {
    tx.select_one(
        "-- requests.get
         SELECT * FROM requests WHERE id = $1",
        params![id],
    )
    .await
}

/// The requests of these ids, in no fixed order.
///
/// # Errors
/// As [`insert`].
pub async fn get_many(tx: &mut Tx, ids: &[String]) -> Result<Vec<Request>, StoreError> {
    tx.select_in(
        "-- requests.get_many\nSELECT * FROM requests WHERE id IN",
        params![],
        ids.iter().map(Param::from).collect(),
    )
    .await
}

/// The requests that fit, newest first.
///
/// # Errors
/// As [`insert`].
pub async fn list(
    tx: &mut Tx,
    filter: &RequestFilter,
    page: &Page,
) -> Result<Vec<Request>, StoreError> {
    let mut query = Filter::of("-- requests.list\nSELECT * FROM requests");
    query.and_some("direction = ?", filter.direction);
    query.and_some("state = ?", filter.state.as_deref());
    query.and_some("peer = ?", filter.peer.as_deref());
    query.and_some("case_id = ?", filter.case_id.as_deref());
    query.and_page("(created_at, id) < (?, ?)", page);
    query.select(tx, "ORDER BY created_at DESC, id DESC LIMIT ?", page.limit).await
}

/// Up to `limit` requests whose answer was due before a time, the most overdue first.
///
/// # Errors
/// As [`insert`].
pub async fn due_before(tx: &mut Tx, at: i64, limit: i64) -> Result<Vec<Request>, StoreError> {
    tx.select(
        "-- requests.due_before
         SELECT * FROM requests WHERE answer_by IS NOT NULL AND answer_by < $1
         ORDER BY answer_by, id LIMIT $2",
        params![at, limit],
    )
    .await
}

/// Adds an act, or changes its position and verdict.
///
/// # Errors
/// As [`insert`].
pub async fn put_act(tx: &mut Tx, act: &RequestAct) -> Result<(), StoreError> {
    tx.put(act).await
}

/// Adds acts, or changes their positions and verdicts: what a fold gave.
///
/// # Errors
/// As [`insert`].
pub async fn put_acts(tx: &mut Tx, acts: &[RequestAct]) -> Result<(), StoreError> {
    tx.put_all(acts).await
}

/// The acts of a request: those with a position in its order, then the others as they came.
///
/// # Errors
/// As [`insert`].
pub async fn acts(tx: &mut Tx, request_id: &str) -> Result<Vec<RequestAct>, StoreError> {
    tx.select(
        "-- request_acts.of_request
         SELECT * FROM request_acts WHERE request_id = $1
         ORDER BY CASE WHEN position IS NULL THEN 1 ELSE 0 END, position, at, record_hash",
        params![request_id],
    )
    .await
}

/// The acts of requests, in no fixed order.
///
/// # Errors
/// As [`insert`].
pub async fn acts_of_many(
    tx: &mut Tx,
    request_ids: &[String],
) -> Result<Vec<RequestAct>, StoreError> {
    tx.select_in(
        "-- request_acts.of_requests\nSELECT * FROM request_acts WHERE request_id IN",
        params![],
        request_ids.iter().map(Param::from).collect(),
    )
    .await
}

/// The acts of records, in no fixed order.
///
/// # Errors
/// As [`insert`].
pub async fn acts_of_records(
    tx: &mut Tx,
    record_hashes: &[[u8; 32]],
) -> Result<Vec<RequestAct>, StoreError> {
    tx.select_in(
        "-- request_acts.of_records\nSELECT * FROM request_acts WHERE record_hash IN",
        params![],
        record_hashes.iter().map(Param::from).collect(),
    )
    .await
}
