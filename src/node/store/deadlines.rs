//! What is due and when, the soonest first; decides nothing, and tells nobody.

use crate::node::store::error::StoreError;
use crate::node::store::filter::{Filter, Page};
use crate::node::store::table::{table, words};
use crate::node::store::tx::Tx;
use crate::node::store::value::params;

words! {
    /// What is due.
    DeadlineKind {
        /// A task of a case.
        Task = "task",
        /// The review of a legal hold.
        HoldReview = "hold_review",
        /// The review of a case.
        CaseReview = "case_review",
        /// The erasure of a case or of a person in it.
        CaseRetention = "case_retention",
        /// The answer to a request for assistance.
        RequestClock = "request_clock",
        /// The deletion of a summary that a peer shared.
        SummaryRetention = "summary_retention",
    }
}

table! {
    /// Something that is due.
    Deadline = deadlines (object, place) {
        /// The case, request or summary.
        object: String,
        /// Where in it: a path such as `tasks/0`, or the name of a clock.
        place: String,
        /// What is due.
        kind: DeadlineKind,
        /// When, microseconds.
        due_at: i64,
        /// Who says so: `law`, `policy` or `agreed`.
        source: String,
        /// The pseudonym of the officer who is to do it; empty if nobody was named.
        assignee: String,
    }
}

/// Which deadlines a list shows; an absent condition holds for all.
#[derive(Clone, Debug, Default)]
pub struct DeadlineFilter {
    /// Due before this time, or at it.
    pub due_by: Option<i64>,
    /// Only reviews and erasures of cases.
    pub is_keeping: bool,
    /// To be done by that officer, or in a case that the officer leads: pseudonym and user.
    pub of: Option<(String, String)>,
}

/// Makes these the deadlines of a case.
///
/// # Errors
/// All functions of this file: what the database says.
pub async fn set(tx: &mut Tx, object: &str, rows: &[Deadline]) -> Result<(), StoreError> {
    clear_object(tx, object).await?;
    if rows.is_empty() { Ok(()) } else { tx.insert_all(rows).await }
}

/// Forgets the deadlines of a case.
///
/// # Errors
/// As [`set`].
pub async fn clear_object(tx: &mut Tx, object: &str) -> Result<u64, StoreError> {
    tx.execute(
        "-- deadlines.clear_object
         DELETE FROM deadlines WHERE object = $1",
        params![object],
    )
    .await
}

/// The deadlines of a case, by place.
///
/// # Errors
/// As [`set`].
pub async fn of_object(tx: &mut Tx, object: &str) -> Result<Vec<Deadline>, StoreError> {
    tx.select(
        "-- deadlines.of_object
         SELECT * FROM deadlines WHERE object = $1 ORDER BY place",
        params![object],
    )
    .await
}

/// What is due in cases, requests and summaries, the soonest first. The id of a place in the list is
/// [`Deadline::mark`].
///
/// # Errors
/// As [`set`].
pub async fn list(
    tx: &mut Tx,
    filter: &DeadlineFilter,
    page: &Page,
) -> Result<Vec<Deadline>, StoreError> {
    let mut query = Filter::of("-- deadlines.list\nSELECT * FROM open_deadlines");
    query.and_some("due_at <= ?", filter.due_by);
    if filter.is_keeping {
        query.and("kind IN ('case_review', 'case_retention')", Vec::new());
    }
    if let Some((pseudonym, user)) = &filter.of {
        query.and(
            "assignee = ? OR object IN (SELECT id FROM cases WHERE owner = ?)",
            params![pseudonym, user],
        );
    }
    query.and_page("(due_at, object || ':' || place) > (?, ?)", page);
    query.select(tx, "ORDER BY due_at, object || ':' || place LIMIT ?", page.limit).await
}

/// Up to `limit` reviews and erasures of whole cases that were due before `now`, the longest ago first, of cases that
/// nothing restricts.
///
/// # Errors
/// As [`set`].
pub async fn overdue_cases(tx: &mut Tx, now: i64, limit: i64) -> Result<Vec<Deadline>, StoreError> {
    tx.select(
        "-- deadlines.overdue_cases
         SELECT deadlines.* FROM deadlines JOIN cases ON cases.id = deadlines.object
         WHERE due_at < $1 AND restricted = ''
         AND (kind = 'case_review' OR kind = 'case_retention' AND place = 'retention')
         ORDER BY due_at, object, place LIMIT $2",
        params![now, limit],
    )
    .await
}

impl Deadline {
    /// What tells it apart from others that are due at the same time.
    #[must_use]
    pub fn mark(&self) -> String {
        format!("{}:{}", self.object, self.place)
    }
}
