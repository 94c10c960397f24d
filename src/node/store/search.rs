//! Which cases hold which terms, newest first; a term is a keyed hash and tells nothing to whoever has not the key.
//!
//! SQLite keeps them in an index of FTS5, PostgreSQL in a GIN index over a `tsvector`. Both are asked for the same: every
//! group of terms must be met by one of its terms. Terms are words of [`TERM_CHARS`] letters, so that no query can be
//! anything else.

use std::collections::BTreeSet;

use crate::node::store::cases::Case;
use crate::node::store::error::{Dialect, StoreError};
use crate::node::store::tx::Tx;
use crate::node::store::value::{FromRow, Row, params};

/// The length of a term, of `a` to `z` and `2` to `7`.
pub const TERM_CHARS: usize = 8;

/// More cases than this that fit are not gathered and put in order: PostgreSQL then walks from the newest on.
const GATHERED_MAX: usize = 4_000;

/// If so many of the newest 300 cases fit, a walk meets a page of them sooner than all are gathered.
const MANY_OF_NEWEST: usize = 2;

/// The terms of a case, as search knows them.
#[derive(Clone, PartialEq, Eq)]
pub struct SearchCase {
    /// Its place: the higher, the newer.
    pub doc: i64,
    /// The case.
    pub case_id: String,
    /// Its terms.
    pub terms: BTreeSet<String>,
}

impl std::fmt::Debug for SearchCase {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SearchCase").field("doc", &self.doc).finish_non_exhaustive()
    }
}

impl FromRow for SearchCase {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        let terms: String = row.named("terms")?;
        Ok(Self {
            doc: row.named("doc")?,
            case_id: row.named("case_id")?,
            terms: terms.split_ascii_whitespace().map(str::to_owned).collect(),
        })
    }
}

/// A case that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Its place, to go on from.
    pub doc: i64,
    /// The case.
    pub case: Case,
}

impl FromRow for Found {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(Self { doc: row.named("doc")?, case: Case::from_row(row)? })
    }
}

/// What is looked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sought {
    /// Of each group a case has at least one term.
    pub groups: Vec<Vec<String>>,
    /// Opened at this microsecond or later.
    pub from: Option<i64>,
    /// At a place before this one.
    pub before: Option<i64>,
}

/// The place of a found case, while rows are not read yet.
struct Place(i64);

impl FromRow for Place {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        row.named("doc").map(Self)
    }
}

/// Makes these the terms of a case; writes nothing if they are already.
///
/// # Errors
/// All functions of this file: what the database says.
pub async fn put(
    tx: &mut Tx,
    case_id: &str,
    opened_at: i64,
    terms: &BTreeSet<String>,
) -> Result<(), StoreError> {
    let Some(row) = get(tx, case_id).await? else {
        let doc = free_place(tx, opened_at).await?;
        let row = SearchCase { doc, case_id: case_id.to_owned(), terms: terms.clone() };
        return insert_all(tx, &[row]).await;
    };
    if row.terms == *terms { Ok(()) } else { replace(tx, &row, terms).await }
}

/// Takes a term away from a case, gives it another, or both; nothing if search does not know the case.
///
/// # Errors
/// As [`put`].
pub async fn change(
    tx: &mut Tx,
    case_id: &str,
    less: Option<&str>,
    more: Option<&str>,
) -> Result<(), StoreError> {
    let Some(row) = get(tx, case_id).await? else { return Ok(()) };
    let mut terms = row.terms.clone();
    if let Some(less) = less {
        terms.remove(less);
    }
    terms.extend(more.map(str::to_owned));
    if terms == row.terms { Ok(()) } else { replace(tx, &row, &terms).await }
}

/// Adds cases that search does not know yet.
///
/// # Errors
/// [`StoreError::Conflict`] if one is known, or its place is taken.
pub async fn insert_all(tx: &mut Tx, rows: &[SearchCase]) -> Result<(), StoreError> {
    if tx.dialect() == Dialect::Postgres {
        // A row of VALUES has no place for a cast; neither docs nor ids nor terms hold a bar.
        let joined = |column: &dyn Fn(&SearchCase) -> String| {
            rows.iter().map(column).collect::<Vec<_>>().join("|")
        };
        return tx
            .execute(
                "-- search_cases.insert
                 INSERT INTO search_cases (doc, case_id, terms)
                 SELECT doc::bigint, case_id, terms::tsvector FROM UNNEST(
                     STRING_TO_ARRAY($1, '|'), STRING_TO_ARRAY($2, '|'), STRING_TO_ARRAY($3, '|')
                 ) AS added (doc, case_id, terms)",
                params![
                    joined(&|row| row.doc.to_string()),
                    joined(&|row| row.case_id.clone()),
                    joined(&|row| text(&row.terms)),
                ],
            )
            .await
            .map(|_| ());
    }
    let head = "-- search_cases.insert\nINSERT INTO search_cases (doc, case_id, terms) VALUES";
    let params = |row: &SearchCase| params![row.doc, &row.case_id, text(&row.terms)];
    tx.insert_many(head, "", rows.iter().map(params).collect()).await?;
    let head = "-- search_terms.insert\nINSERT INTO search_terms (rowid, terms) VALUES";
    let params = |row: &SearchCase| params![row.doc, text(&row.terms)];
    tx.insert_many(head, "", rows.iter().map(params).collect()).await.map(|_| ())
}

async fn replace(
    tx: &mut Tx,
    row: &SearchCase,
    terms: &BTreeSet<String>,
) -> Result<(), StoreError> {
    if tx.dialect() == Dialect::Postgres {
        return tx
            .change_one(
                "-- search_cases.replace
                 UPDATE search_cases SET terms = $2::tsvector WHERE case_id = $1",
                params![&row.case_id, text(terms)],
            )
            .await;
    }
    forget_terms(tx, &row.case_id).await?;
    let terms = text(terms);
    tx.change_one(
        "-- search_cases.replace
         UPDATE search_cases SET terms = $2 WHERE case_id = $1",
        params![&row.case_id, &terms],
    )
    .await?;
    tx.execute(
        "-- search_terms.insert_one
         INSERT INTO search_terms (rowid, terms) VALUES ($1, $2)",
        params![row.doc, terms],
    )
    .await
    .map(|_| ())
}

/// Forgets a case.
///
/// # Errors
/// As [`put`].
pub async fn clear(tx: &mut Tx, case_id: &str) -> Result<(), StoreError> {
    if tx.dialect() == Dialect::Sqlite {
        forget_terms(tx, case_id).await?;
    }
    tx.execute(
        "-- search_cases.clear
         DELETE FROM search_cases WHERE case_id = $1",
        params![case_id],
    )
    .await
    .map(|_| ())
}

/// Forgets all cases.
///
/// # Errors
/// As [`put`].
pub async fn clear_all(tx: &mut Tx) -> Result<(), StoreError> {
    if tx.dialect() == Dialect::Sqlite {
        let sql = "-- search_terms.clear_all
                   INSERT INTO search_terms (search_terms) VALUES ('delete-all')";
        tx.execute(sql, Vec::new()).await?;
    }
    tx.execute("-- search_cases.clear_all\nDELETE FROM search_cases", Vec::new()).await.map(|_| ())
}

/// The index of SQLite holds no row of its own: it is told what it is to forget.
async fn forget_terms(tx: &mut Tx, case_id: &str) -> Result<(), StoreError> {
    tx.execute(
        "-- search_terms.forget
         INSERT INTO search_terms (search_terms, rowid, terms)
         SELECT 'delete', doc, terms FROM search_cases WHERE case_id = $1",
        params![case_id],
    )
    .await
    .map(|_| ())
}

/// What search knows of a case.
///
/// # Errors
/// As [`put`].
pub async fn get(tx: &mut Tx, case_id: &str) -> Result<Option<SearchCase>, StoreError> {
    let sql = match tx.dialect() {
        Dialect::Sqlite => {
            "-- search_cases.get
             SELECT * FROM search_cases WHERE case_id = $1"
        }
        Dialect::Postgres => {
            "-- search_cases.get
             SELECT doc, case_id, ARRAY_TO_STRING(TSVECTOR_TO_ARRAY(terms), ' ') AS terms
             FROM search_cases WHERE case_id = $1"
        }
    };
    tx.select_one(sql, params![case_id]).await
}

/// The cases that search knows and that are none, some at most.
///
/// # Errors
/// As [`put`].
pub async fn orphans(tx: &mut Tx, limit: i64) -> Result<Vec<String>, StoreError> {
    let rows = tx
        .fetch_all(
            "-- search_cases.orphans
             SELECT case_id FROM search_cases
             WHERE NOT EXISTS (SELECT id FROM cases WHERE cases.id = search_cases.case_id)
             ORDER BY case_id LIMIT $1",
            params![limit],
        )
        .await?;
    rows.iter().map(|row| row.text(0)).collect()
}

/// The cases that have what is looked for, newest first.
///
/// # Errors
/// As [`put`].
pub async fn find(tx: &mut Tx, sought: &Sought, limit: i64) -> Result<Vec<Found>, StoreError> {
    let places = match tx.dialect() {
        Dialect::Sqlite => places_in_fts5(tx, sought, limit).await?,
        Dialect::Postgres => places_in_gin(tx, sought, limit).await?,
    };
    let mut found: Vec<Found> = tx
        .select_in(
            "-- search_cases.cases
             SELECT cases.*, search_cases.doc FROM search_cases
             JOIN cases ON cases.id = search_cases.case_id WHERE search_cases.doc IN",
            params![],
            places.iter().map(|place| place.0.into()).collect(),
        )
        .await?;
    found.sort_by_key(|found| std::cmp::Reverse(found.doc));
    Ok(found)
}

async fn places_in_fts5(
    tx: &mut Tx,
    sought: &Sought,
    limit: i64,
) -> Result<Vec<Place>, StoreError> {
    let (from, before) = bounds(sought);
    tx.select_costly(
        "-- search_terms.find
         SELECT rowid AS doc FROM search_terms
         WHERE search_terms MATCH $1 AND rowid >= $2 AND rowid < $3 ORDER BY rowid DESC LIMIT $4",
        params![expression(sought, " OR ", " AND "), from, before, limit],
    )
    .await
}

/// A GIN index gives what fits in no order, and reads all of it first. So where many fit the newest are met on a walk from
/// the newest on, and where few fit they are gathered and put in order. The newest of all tell which it is.
async fn places_in_gin(tx: &mut Tx, sought: &Sought, limit: i64) -> Result<Vec<Place>, StoreError> {
    let ((from, before), query) = (bounds(sought), expression(sought, " | ", " & "));
    let rows = usize::try_from(limit).unwrap_or(usize::MAX);
    let asked = || params![&query, from, before, limit];
    let newest: Vec<Place> = tx
        .select_costly(
            "-- search_cases.newest
             SELECT doc FROM (
                 SELECT doc, terms FROM search_cases WHERE doc >= $2 AND doc < $3
                 ORDER BY doc DESC LIMIT 300
             ) AS newest WHERE terms @@ $1::tsquery ORDER BY doc DESC LIMIT $4",
            asked(),
        )
        .await?;
    if newest.len() >= rows {
        return Ok(newest);
    }
    if newest.len() < MANY_OF_NEWEST {
        // Which plan is right is known here, and the planner can only guess it.
        plan_with(tx, "off", "on").await?;
        let most = i64::try_from(GATHERED_MAX).unwrap_or(i64::MAX);
        let mut all: Vec<Place> = tx
            .select_costly(
                "-- search_cases.gather
                 SELECT doc FROM search_cases WHERE terms @@ $1::tsquery AND doc >= $2 AND doc < $3
                 LIMIT $4",
                params![&query, from, before, most.saturating_add(1)],
            )
            .await?;
        if all.len() <= GATHERED_MAX {
            all.sort_by_key(|place| std::cmp::Reverse(place.0));
            all.truncate(rows);
            return Ok(all);
        }
    }
    plan_with(tx, "on", "off").await?;
    tx.select_costly(
        "-- search_cases.walk
         SELECT doc FROM search_cases WHERE terms @@ $1::tsquery AND doc >= $2 AND doc < $3
         ORDER BY doc DESC LIMIT $4",
        asked(),
    )
    .await
}

/// Lets PostgreSQL walk an index, or read its bitmap, until the transaction ends; it never reads the whole table.
async fn plan_with(tx: &mut Tx, walk: &str, bitmap: &str) -> Result<(), StoreError> {
    tx.fetch_one(
        "-- search_cases.plan
         SELECT SET_CONFIG('enable_seqscan', 'off', true), SET_CONFIG('enable_indexscan', $1, true),
         SET_CONFIG('enable_bitmapscan', $2, true)",
        params![walk, bitmap],
    )
    .await
    .map(|_| ())
}

fn bounds(sought: &Sought) -> (i64, i64) {
    (sought.from.unwrap_or(i64::MIN), sought.before.unwrap_or(i64::MAX))
}

/// The query in the words of the database. What is no term is left out, and a group without terms is met by nothing.
fn expression(sought: &Sought, or: &str, and: &str) -> String {
    let nothing = "0".repeat(TERM_CHARS);
    let group = |terms: &Vec<String>| {
        let terms: Vec<&str> =
            terms.iter().map(String::as_str).filter(|term| is_term(term)).collect();
        if terms.is_empty() { nothing.clone() } else { format!("({})", terms.join(or)) }
    };
    sought.groups.iter().map(group).collect::<Vec<_>>().join(and)
}

fn is_term(text: &str) -> bool {
    text.len() == TERM_CHARS && text.bytes().all(|b| matches!(b, b'a'..=b'z' | b'2'..=b'7'))
}

fn text(terms: &BTreeSet<String>) -> String {
    terms.iter().map(String::as_str).collect::<Vec<_>>().join(" ")
}

/// The place of a case that was opened then.
async fn free_place(tx: &mut Tx, opened_at: i64) -> Result<i64, StoreError> {
    let mut doc = opened_at;
    while tx
        .fetch_optional(
            "-- search_cases.taken
             SELECT doc FROM search_cases WHERE doc = $1",
            params![doc],
        )
        .await?
        .is_some()
    {
        doc = doc.saturating_add(1);
    }
    Ok(doc)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_made_of_terms_and_of_nothing_else() {
        let sought = Sought {
            groups: vec![
                vec!["aaaaaaaa".to_owned()],
                vec!["bbbbbbbb".to_owned(), "c*\" OR 1".to_owned(), "cccccc22".to_owned()],
                vec!["NEAR(a b".to_owned()],
            ],
            ..Sought::default()
        };
        let expected = "(aaaaaaaa) AND (bbbbbbbb OR cccccc22) AND 00000000";
        assert_eq!(expression(&sought, " OR ", " AND "), expected);
    }
}
