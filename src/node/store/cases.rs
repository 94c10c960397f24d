//! Cases and their teams as lists and search read them; rebuilt from records, decides no step.

use crate::node::store::case_origins;
use crate::node::store::conflicts;
use crate::node::store::error::StoreError;
use crate::node::store::filter::{Filter, Page, anywhere};
use crate::node::store::table::table;
use crate::node::store::tx::Tx;
use crate::node::store::value::params;

table! {
    /// A case.
    Case = cases (id) {
        /// Its object id.
        id: String,
        /// The reference that officers use.
        reference: String,
        /// The title.
        title: String,
        /// What it is about: one of the case types.
        case_type: String,
        /// The state in the workflow.
        status: String,
        /// The unit that works on it.
        unit: String,
        /// The user who leads it.
        owner: String,
        /// When it was opened, microseconds.
        opened_at: i64,
        /// When it last changed, microseconds.
        updated_at: i64,
        /// The newest record of its chain.
        head: [u8; 32],
        /// How many records its chain has.
        version: i64,
        /// The version of the workflow that it follows: the hash of its text.
        workflow: [u8; 32],
        /// The state that somebody proposed to move it to; empty if nothing waits for approval.
        pending: String,
        /// The user who proposed it; empty if nothing waits.
        proposer: String,
        /// Since when it stands in its state, microseconds.
        status_since: i64,
        /// How many erasures were carried out in it.
        erasures: i64,
        /// When it was last opened, changed or moved, microseconds.
        acted_at: i64,
        /// When it is reviewed next, or was to be erased, microseconds; none while it was never reviewed.
        review_by: Option<i64>,
        /// What restricts it: `ordered`, `review`, `retention` or `to_erase`; empty if nothing does.
        restricted: String,
        /// Its classification level, from 0.
        level: i64,
        /// The compartment that it is in; empty if it is in none.
        compartment: String,
    }
}

table! {
    /// A state that a case was in.
    CaseState = case_states (case_id, position) {
        /// The case.
        case_id: String,
        /// The how manieth state of the case, from 0.
        position: i64,
        /// The state.
        status: String,
        /// When it entered, microseconds.
        entered_at: i64,
        /// When it left; none while it stands there.
        left_at: Option<i64>,
    }
}

table! {
    /// What came out of a track of a case.
    CaseOutcome = case_outcomes (case_id, track) {
        /// The case.
        case_id: String,
        /// The track.
        track: String,
        /// The outcome.
        outcome: String,
    }
}

table! {
    /// That an officer works on a case.
    CaseMember = case_team (case_id, user_id) {
        /// The case.
        case_id: String,
        /// The user.
        user_id: String,
    }
}

/// Which cases a list shows; an absent condition holds for all.
#[derive(Clone, Debug, Default)]
pub struct CaseFilter {
    /// In this state.
    pub status: Option<String>,
    /// Of this case type.
    pub case_type: Option<String>,
    /// Of this unit.
    pub unit: Option<String>,
    /// Led by this user.
    pub owner: Option<String>,
    /// Led by this user or with the user in the team.
    pub member: Option<String>,
    /// With these letters in reference or title, in either case.
    pub text: Option<String>,
    /// With a move that waits for approval.
    pub is_pending: bool,
    /// Restricted, or not restricted.
    pub is_restricted: Option<bool>,
}

/// Adds a case.
///
/// # Errors
/// [`StoreError::Conflict`] if the id or reference is taken. All functions of this file: what the database says.
pub async fn insert(tx: &mut Tx, case: &Case) -> Result<(), StoreError> {
    tx.insert(case).await
}

/// Replaces what is known of a case.
///
/// # Errors
/// As [`insert`].
pub async fn put(tx: &mut Tx, case: &Case) -> Result<(), StoreError> {
    tx.put(case).await
}

/// The case of that id.
///
/// # Errors
/// As [`insert`].
pub async fn get(tx: &mut Tx, id: &str) -> Result<Option<Case>, StoreError> {
    tx.select_one(
        "-- cases.get
         SELECT * FROM cases WHERE id = $1",
        params![id],
    )
    .await
}

/// The case of that reference.
///
/// # Errors
/// As [`insert`].
pub async fn by_reference(tx: &mut Tx, reference: &str) -> Result<Option<Case>, StoreError> {
    tx.select_one(
        "-- cases.by_reference
         SELECT * FROM cases WHERE reference = $1",
        params![reference],
    )
    .await
}

/// The cases that fit, newest first by the time that they were opened.
///
/// # Errors
/// As [`insert`].
pub async fn list(tx: &mut Tx, filter: &CaseFilter, page: &Page) -> Result<Vec<Case>, StoreError> {
    let mut query = filtered("-- cases.list\nSELECT * FROM cases", filter);
    query.and_page("(opened_at, id) < (?, ?)", page);
    query.select(tx, "ORDER BY opened_at DESC, id DESC LIMIT ?", page.limit).await
}

/// How many cases fit.
///
/// # Errors
/// As [`insert`].
pub async fn count(tx: &mut Tx, filter: &CaseFilter) -> Result<i64, StoreError> {
    filtered("-- cases.count\nSELECT COUNT(*) FROM cases", filter).number(tx).await
}

fn filtered(head: &'static str, filter: &CaseFilter) -> Filter {
    let mut query = Filter::of(head);
    query.and_some("status = ?", filter.status.as_deref());
    query.and_some("case_type = ?", filter.case_type.as_deref());
    query.and_some("unit = ?", filter.unit.as_deref());
    query.and_some("owner = ?", filter.owner.as_deref());
    if let Some(user) = filter.member.as_deref() {
        query.and(
            "owner = ? OR id IN (SELECT case_id FROM case_team WHERE user_id = ?)",
            params![user, user],
        );
    }
    if filter.is_pending {
        query.and("pending <> ''", Vec::new());
    }
    match filter.is_restricted {
        Some(true) => query.and("restricted <> ''", Vec::new()),
        Some(false) => query.and("restricted = ''", Vec::new()),
        None => {}
    }
    if let Some(text) = &filter.text {
        let pattern = anywhere(&text.to_lowercase());
        query.and(
            "LOWER(reference) LIKE ? ESCAPE '\\' OR LOWER(title) LIKE ? ESCAPE '\\'",
            params![&pattern, &pattern],
        );
    }
    query
}

/// How many cases of a type stand in each state, by state.
///
/// # Errors
/// As [`insert`].
pub async fn count_by_status(
    tx: &mut Tx,
    case_type: &str,
) -> Result<Vec<(String, i64)>, StoreError> {
    let rows = tx
        .fetch_all(
            "-- cases.count_by_status
             SELECT status, COUNT(*) FROM cases WHERE case_type = $1 GROUP BY status ORDER BY status",
            params![case_type],
        )
        .await?;
    rows.iter().map(|row| Ok((row.text(0)?, row.int(1)?))).collect()
}

/// How many references begin so; what the next running number is made from.
///
/// # Errors
/// As [`insert`].
pub async fn count_with_prefix(tx: &mut Tx, prefix: &str) -> Result<i64, StoreError> {
    tx.fetch_one(
        "-- cases.count_with_prefix
         SELECT COUNT(*) FROM cases WHERE SUBSTR(reference, 1, LENGTH($1)) = $1",
        params![prefix],
    )
    .await?
    .int(0)
}

/// Makes these users the team of a case; gives nothing to those who are in it already.
///
/// # Errors
/// As [`insert`].
pub async fn set_team(tx: &mut Tx, case_id: &str, user_ids: &[String]) -> Result<(), StoreError> {
    tx.execute(
        "-- case_team.clear
         DELETE FROM case_team WHERE case_id = $1",
        params![case_id],
    )
    .await?;
    let rows: Vec<CaseMember> = user_ids
        .iter()
        .map(|user_id| CaseMember { case_id: case_id.to_owned(), user_id: user_id.clone() })
        .collect();
    tx.insert_all_new(&rows).await.map(|_| ())
}

/// Adds a user to the team of a case; true if it was not in it.
///
/// # Errors
/// As [`insert`].
pub async fn add_member(tx: &mut Tx, member: &CaseMember) -> Result<bool, StoreError> {
    tx.insert_new(member).await
}

/// Takes a user out of the team of a case; true if it was in it.
///
/// # Errors
/// As [`insert`].
pub async fn remove_member(tx: &mut Tx, case_id: &str, user_id: &str) -> Result<bool, StoreError> {
    let removed = tx
        .execute(
            "-- case_team.remove
             DELETE FROM case_team WHERE case_id = $1 AND user_id = $2",
            params![case_id, user_id],
        )
        .await?;
    Ok(removed > 0)
}

/// The team of a case.
///
/// # Errors
/// As [`insert`].
pub async fn team(tx: &mut Tx, case_id: &str) -> Result<Vec<CaseMember>, StoreError> {
    tx.select(
        "-- case_team.of_case
         SELECT * FROM case_team WHERE case_id = $1 ORDER BY user_id",
        params![case_id],
    )
    .await
}

/// Whether a user is in the team of a case.
///
/// # Errors
/// As [`insert`].
pub async fn is_member(tx: &mut Tx, case_id: &str, user_id: &str) -> Result<bool, StoreError> {
    Ok(tx
        .fetch_optional(
            "-- case_team.is_member
             SELECT case_id FROM case_team WHERE case_id = $1 AND user_id = $2",
            params![case_id, user_id],
        )
        .await?
        .is_some())
}

/// Notes that something of a case was erased: what was made ready before is not written any more.
///
/// # Errors
/// As [`insert`].
pub async fn note_erasure(tx: &mut Tx, id: &str) -> Result<(), StoreError> {
    tx.execute(
        "-- cases.note_erasure
         UPDATE cases SET erasures = erasures + 1 WHERE id = $1",
        params![id],
    )
    .await
    .map(|_| ())
}

/// Refuses a change that was made ready before an erasure, and could bring back what was erased.
///
/// # Errors
/// [`StoreError::Conflict`] if more was erased since `seen` erasures, or the whole case.
pub async fn refuse_erased(tx: &mut Tx, id: &str, seen: i64) -> Result<(), StoreError> {
    tx.fetch_one(
        "-- cases.refuse_erased
         SELECT id FROM cases WHERE id = $1 AND erasures = $2",
        params![id, seen],
    )
    .await
    .map(|_| ())
}

/// Refuses a change that was made ready while somebody else led the case: it would give the case back.
///
/// # Errors
/// [`StoreError::Conflict`] if that officer leads the case no longer.
pub async fn refuse_reassigned(tx: &mut Tx, id: &str, owner: &str) -> Result<(), StoreError> {
    tx.fetch_one(
        "-- cases.refuse_reassigned
         SELECT id FROM cases WHERE id = $1 AND owner = $2",
        params![id, owner],
    )
    .await
    .map(|_| ())
}

/// Notes that a case entered a state, and left the one before.
///
/// # Errors
/// As [`insert`].
pub async fn enter(tx: &mut Tx, case_id: &str, status: &str, at: i64) -> Result<(), StoreError> {
    tx.execute(
        "-- case_states.leave
         UPDATE case_states SET left_at = $2 WHERE case_id = $1 AND left_at IS NULL",
        params![case_id, at],
    )
    .await?;
    tx.execute(
        "-- case_states.enter
         INSERT INTO case_states (case_id, position, status, entered_at, left_at)
         SELECT $1, COUNT(*), $2, $3, NULL FROM case_states WHERE case_id = $1",
        params![case_id, status, at],
    )
    .await
    .map(|_| ())
}

/// The states that a case was in, in order.
///
/// # Errors
/// As [`insert`].
pub async fn states(tx: &mut Tx, case_id: &str) -> Result<Vec<CaseState>, StoreError> {
    tx.select(
        "-- case_states.of_case
         SELECT * FROM case_states WHERE case_id = $1 ORDER BY position",
        params![case_id],
    )
    .await
}

/// Makes these the outcomes of a case.
///
/// # Errors
/// As [`insert`].
pub async fn set_outcomes(
    tx: &mut Tx,
    case_id: &str,
    rows: &[CaseOutcome],
) -> Result<(), StoreError> {
    tx.execute(
        "-- case_outcomes.clear
         DELETE FROM case_outcomes WHERE case_id = $1",
        params![case_id],
    )
    .await?;
    tx.insert_all_new(rows).await.map(|_| ())
}

/// The outcomes of a case, by track.
///
/// # Errors
/// As [`insert`].
pub async fn outcomes(tx: &mut Tx, case_id: &str) -> Result<Vec<CaseOutcome>, StoreError> {
    tx.select(
        "-- case_outcomes.of_case
         SELECT * FROM case_outcomes WHERE case_id = $1 ORDER BY track",
        params![case_id],
    )
    .await
}

/// Forgets a case, after its erasure or before it is rebuilt from records.
///
/// # Errors
/// As [`insert`].
pub async fn delete(tx: &mut Tx, id: &str) -> Result<(), StoreError> {
    set_team(tx, id, &[]).await?;
    set_outcomes(tx, id, &[]).await?;
    case_origins::set(tx, id, &[]).await?;
    conflicts::clear_case(tx, id).await?;
    tx.execute(
        "-- case_states.clear
         DELETE FROM case_states WHERE case_id = $1",
        params![id],
    )
    .await?;
    tx.execute(
        "-- cases.delete
         DELETE FROM cases WHERE id = $1",
        params![id],
    )
    .await
    .map(|_| ())
}
