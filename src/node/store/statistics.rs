//! Counts over cases and requests; no row names a person outside the authority.

use crate::node::store::error::StoreError;
use crate::node::store::filter::Filter;
use crate::node::store::tx::Tx;
use crate::node::store::value::{FromRow, Row, params};

/// The most groups of one count.
const GROUPS_MAX: i64 = 1_000;

/// Which cases are counted; an absent condition holds for all.
#[derive(Clone, Debug, Default)]
pub struct Scope {
    /// Opened at this time or later, microseconds.
    pub from: Option<i64>,
    /// Opened before this time, microseconds.
    pub until: Option<i64>,
    /// Of this unit.
    pub unit: Option<String>,
    /// Of this case type.
    pub case_type: Option<String>,
    /// Which are not closed to this user of that clearance by compartment, level or conflict of interest.
    pub open_to: Option<(String, i64)>,
}

/// By what cases are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// Their type.
    CaseType,
    /// The state in which they stand.
    Status,
    /// Their unit.
    Unit,
    /// What came out of their tracks.
    Outcome,
    /// The chapter of the HS code of their goods.
    Chapter,
    /// The country of origin of their goods.
    Origin,
}

/// How many of a group there are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Count {
    /// The group.
    pub group: String,
    /// How many.
    pub count: i64,
}

impl FromRow for Count {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(Self { group: row.text(0)?, count: row.int(1)? })
    }
}

/// How long cases were in a state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stay {
    /// The state.
    pub status: String,
    /// How often a case was in it.
    pub count: i64,
    /// All stays together, microseconds; a running one until now.
    pub total: i64,
    /// The longest stay, microseconds.
    pub longest: i64,
}

impl FromRow for Stay {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            status: row.text(0)?,
            count: row.int(1)?,
            total: row.int(2)?,
            longest: row.int(3)?,
        })
    }
}

/// What an officer has to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Load {
    /// The user.
    pub owner: String,
    /// The unit of the cases.
    pub unit: String,
    /// How many cases that are not closed they lead.
    pub count: i64,
    /// When the oldest of them was opened, microseconds.
    pub oldest: i64,
}

impl FromRow for Load {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            owner: row.text(0)?,
            unit: row.text(1)?,
            count: row.int(2)?,
            oldest: row.int(3)?,
        })
    }
}

fn scoped(head: &'static str, scope: &Scope) -> Filter {
    let mut query = Filter::of(head);
    query.and_some("cases.opened_at >= ?", scope.from);
    query.and_some("cases.opened_at < ?", scope.until);
    query.and_some("cases.unit = ?", scope.unit.as_deref());
    query.and_some("cases.case_type = ?", scope.case_type.as_deref());
    // As the rules judge each case; so no narrow count tells of one that is closed.
    if let Some((user, clearance)) = &scope.open_to {
        query.and(
            "cases.level <= ? AND (cases.compartment = '' OR cases.compartment IN
             (SELECT compartment FROM user_compartments WHERE user_id = ?)) AND cases.id NOT IN
             (SELECT case_id FROM case_conflicts WHERE user_id = ?)",
            params![*clearance, user, user],
        );
    }
    query
}

/// How many cases there are in each group, most first. A case with goods of two chapters counts in both.
///
/// # Errors
/// All functions of this file: what the database says.
pub async fn cases_by(tx: &mut Tx, by: By, scope: &Scope) -> Result<Vec<Count>, StoreError> {
    let head = match by {
        By::CaseType => "-- statistics.by_type\nSELECT case_type, COUNT(*) FROM cases",
        By::Status => "-- statistics.by_status\nSELECT status, COUNT(*) FROM cases",
        By::Unit => "-- statistics.by_unit\nSELECT unit, COUNT(*) FROM cases",
        By::Outcome => {
            "-- statistics.by_outcome\nSELECT outcome, COUNT(*) FROM case_outcomes
             JOIN cases ON cases.id = case_outcomes.case_id"
        }
        By::Chapter => {
            "-- statistics.by_chapter\nSELECT SUBSTR(normalised, 1, 2), COUNT(DISTINCT object)
             FROM identifiers JOIN cases ON cases.id = identifiers.object"
        }
        By::Origin => {
            "-- statistics.by_origin\nSELECT normalised, COUNT(DISTINCT object)
             FROM identifiers JOIN cases ON cases.id = identifiers.object"
        }
    };
    let mut query = scoped(head, scope);
    match by {
        By::Chapter => query.and("scheme = 'hs'", Vec::new()),
        By::Origin => {
            query.and("scheme = 'country' AND path LIKE 'goods/%/origin'", Vec::new());
        }
        By::CaseType | By::Status | By::Unit | By::Outcome => {}
    }
    query.select(tx, "GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT ?", GROUPS_MAX).await
}

/// How many cases of the scope are not closed and were opened from `from` on and before `until`.
///
/// # Errors
/// As [`cases_by`].
pub async fn open_between(
    tx: &mut Tx,
    scope: &Scope,
    (from, until): (i64, i64),
) -> Result<i64, StoreError> {
    let mut query = scoped("-- statistics.open_between\nSELECT COUNT(*) FROM cases", scope);
    query.and("status <> 'closed' AND opened_at >= ? AND opened_at < ?", params![from, until]);
    query.number(tx).await
}

/// How long the cases of the scope were in each state; `now` ends the running stays.
///
/// # Errors
/// As [`cases_by`].
pub async fn stays(tx: &mut Tx, scope: &Scope, now: i64) -> Result<Vec<Stay>, StoreError> {
    let mut query = scoped(
        "-- statistics.stays\nSELECT case_states.status, COUNT(*),
         CAST(SUM(COALESCE(left_at, ?) - entered_at) AS BIGINT),
         CAST(MAX(COALESCE(left_at, ?) - entered_at) AS BIGINT)
         FROM case_states JOIN cases ON cases.id = case_states.case_id",
        scope,
    );
    query.before(params![now, now]);
    query.select(tx, "GROUP BY 1 ORDER BY 1 LIMIT ?", GROUPS_MAX).await
}

/// The cases that are not closed, by who leads them and unit, most first.
///
/// # Errors
/// As [`cases_by`].
pub async fn loads(tx: &mut Tx, scope: &Scope) -> Result<Vec<Load>, StoreError> {
    let mut query = scoped(
        "-- statistics.loads\nSELECT owner, unit, COUNT(*), MIN(opened_at) FROM cases",
        scope,
    );
    query.and("status <> 'closed'", Vec::new());
    query.select(tx, "GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2 LIMIT ?", GROUPS_MAX).await
}

/// How many requests there are by direction, peer and state: `in customs.xb.example answered`; without those of cases that
/// are closed to that user of that clearance.
///
/// # Errors
/// As [`cases_by`].
pub async fn requests(
    tx: &mut Tx,
    open_to: Option<&(String, i64)>,
) -> Result<Vec<Count>, StoreError> {
    let mut query = Filter::of(
        "-- statistics.requests\nSELECT direction || ' ' || peer || ' ' || state, COUNT(*)
         FROM requests LEFT JOIN cases ON cases.id = requests.case_id",
    );
    if let Some((user, clearance)) = open_to {
        query.and(
            "cases.id IS NULL OR (cases.level <= ? AND (cases.compartment = '' OR cases.compartment IN
             (SELECT compartment FROM user_compartments WHERE user_id = ?)) AND cases.id NOT IN
             (SELECT case_id FROM case_conflicts WHERE user_id = ?))",
            params![*clearance, user, user],
        );
    }
    query.select(tx, "GROUP BY 1 ORDER BY 1 LIMIT ?", GROUPS_MAX).await
}
