//! A transaction as the table functions see it, the same for both databases; begins and ends only through the store.

use std::borrow::Cow;

use sqlx::pool::PoolConnection;
use sqlx::{AssertSqlSafe, Postgres};

use crate::node::store::error::{Cause, Dialect, StoreError, Verdict, ensure_affected, verdict};
use crate::node::store::sqlite::SqliteConn;
use crate::node::store::value::{FromRow, Param, Row, arguments, statement_name};

/// SQLite takes 32,766 parameters a statement, PostgreSQL 65,535.
const PARAMS_MAX: usize = 30_000;
/// More rows a statement gain nothing and make the statement text long.
const ROWS_MAX: usize = 500;

/// An open transaction. Values read in it are final only when `Store::write` has returned.
pub struct Tx {
    conn: Conn,
    /// What the first failed statement asks for; the writer looks here, whatever the body made of the error.
    failure: Option<Verdict>,
    is_open: bool,
}

/// A connection of either database.
pub(crate) enum Conn {
    Sqlite(SqliteConn),
    Postgres(PoolConnection<Postgres>),
}

/// The text of a statement, its name, and whether the database should keep it prepared.
struct Text {
    name: &'static str,
    sql: Cow<'static, str>,
    is_kept: bool,
}

impl Text {
    /// A text put together from constants of this layer and placeholders, never from input.
    fn built(name: &'static str, sql: String, is_kept: bool) -> Self {
        Self { name, sql: Cow::Owned(sql), is_kept }
    }

    fn fixed(sql: &'static str) -> Self {
        Self { name: statement_name(sql), sql: Cow::Borrowed(sql), is_kept: true }
    }
}

impl Tx {
    /// A connection on which no transaction is open yet.
    pub(crate) fn on(conn: Conn) -> Self {
        Self { conn, failure: None, is_open: false }
    }

    /// Begins with the raw statement `begin`.
    pub(crate) async fn begin(&mut self, begin: &'static str) -> Result<(), Verdict> {
        self.is_open = true;
        self.raw(begin).await
    }

    /// Ends with the raw statement `end`; on an error the transaction counts as open, and the connection as spoilt.
    pub(crate) async fn end(&mut self, end: &'static str) -> Result<(), Verdict> {
        self.raw(end).await?;
        self.is_open = false;
        Ok(())
    }

    /// Runs a statement; gives the number of rows that it changed.
    ///
    /// # Errors
    /// What the database says, as [`StoreError`]; after an error the transaction is lost.
    pub async fn execute(
        &mut self,
        sql: &'static str,
        params: Vec<Param>,
    ) -> Result<u64, StoreError> {
        self.execute_text(Text::fixed(sql), params).await
    }

    /// Runs a statement; gives all rows.
    ///
    /// # Errors
    /// As [`Tx::execute`].
    pub async fn fetch_all(
        &mut self,
        sql: &'static str,
        params: Vec<Param>,
    ) -> Result<Vec<Row>, StoreError> {
        self.fetch_text(Text::fixed(sql), params).await
    }

    /// Runs a statement that ends in `IN`, for each of `keys`; `params` are bound before them.
    ///
    /// # Errors
    /// As [`Tx::execute`].
    pub async fn execute_in(
        &mut self,
        head: &'static str,
        params: Vec<Param>,
        keys: Vec<Param>,
    ) -> Result<u64, StoreError> {
        let mut changed = 0_u64;
        for keys in keys.chunks(ROWS_MAX) {
            let (text, params) = listed(head, &params, keys);
            changed = changed.saturating_add(self.execute_text(text, params).await?);
        }
        Ok(changed)
    }

    /// Runs a query that ends in `IN`, for each of `keys`; `params` are bound before them. The order is not fixed.
    ///
    /// # Errors
    /// As [`Tx::select`].
    pub async fn select_in<T: FromRow>(
        &mut self,
        head: &'static str,
        params: Vec<Param>,
        keys: Vec<Param>,
    ) -> Result<Vec<T>, StoreError> {
        let mut found = Vec::new();
        for keys in keys.chunks(ROWS_MAX) {
            let (text, params) = listed(head, &params, keys);
            for row in self.fetch_text(text, params).await? {
                found.push(T::from_row(&row)?);
            }
        }
        Ok(found)
    }

    /// Runs a statement that gives at most one row.
    ///
    /// # Errors
    /// As [`Tx::execute`].
    pub async fn fetch_optional(
        &mut self,
        sql: &'static str,
        params: Vec<Param>,
    ) -> Result<Option<Row>, StoreError> {
        Ok(self.fetch_all(sql, params).await?.into_iter().next())
    }

    /// Runs a statement that gives one row (an aggregate, an insert with RETURNING).
    ///
    /// # Errors
    /// As [`Tx::execute`]; [`StoreError::Conflict`] if there is no row.
    pub async fn fetch_one(
        &mut self,
        sql: &'static str,
        params: Vec<Param>,
    ) -> Result<Row, StoreError> {
        self.fetch_optional(sql, params)
            .await?
            .ok_or_else(|| StoreError::Conflict(statement_name(sql)))
    }

    /// Runs a query; gives its rows as `T`.
    ///
    /// # Errors
    /// As [`Tx::execute`]; [`StoreError::Corrupt`] if a row is unreadable.
    pub async fn select<T: FromRow>(
        &mut self,
        sql: &'static str,
        params: Vec<Param>,
    ) -> Result<Vec<T>, StoreError> {
        self.fetch_all(sql, params).await?.iter().map(T::from_row).collect()
    }

    /// Runs a query for at most one row; gives it as `T`.
    ///
    /// # Errors
    /// As [`Tx::select`].
    pub async fn select_one<T: FromRow>(
        &mut self,
        sql: &'static str,
        params: Vec<Param>,
    ) -> Result<Option<T>, StoreError> {
        self.fetch_optional(sql, params).await?.as_ref().map(T::from_row).transpose()
    }

    /// Runs a statement that must change exactly one row.
    ///
    /// # Errors
    /// As [`Tx::execute`]; [`StoreError::Conflict`] if it changed none.
    pub async fn change_one(
        &mut self,
        sql: &'static str,
        params: Vec<Param>,
    ) -> Result<(), StoreError> {
        let changed = self.execute(sql, params).await?;
        ensure_affected(statement_name(sql), changed, 1)
    }

    /// Inserts rows of equal width with as few statements as the databases allow; gives the number inserted.
    ///
    /// `head` ends in `VALUES`, `tail` may hold an `ON CONFLICT` clause.
    ///
    /// # Errors
    /// As [`Tx::execute`].
    pub async fn insert_many(
        &mut self,
        head: &'static str,
        tail: &'static str,
        rows: Vec<Vec<Param>>,
    ) -> Result<u64, StoreError> {
        let Some(width) = rows.first().map(|row| row.len().max(1)) else { return Ok(0) };
        let chunk_rows = (PARAMS_MAX / width).clamp(1, ROWS_MAX);
        let mut inserted = 0_u64;
        let mut rest = rows.into_iter();
        loop {
            let chunk: Vec<Vec<Param>> = rest.by_ref().take(chunk_rows).collect();
            if chunk.is_empty() {
                return Ok(inserted);
            }
            let places = places(self.dialect(), chunk.len(), width);
            let sql = format!("{head} {places} {tail}");
            let is_full = chunk.len() == chunk_rows;
            let text = Text::built(statement_name(head), sql, is_full);
            let params = chunk.into_iter().flatten().collect();
            inserted = inserted.saturating_add(self.execute_text(text, params).await?);
        }
    }

    /// Inserts one row; `head` and `tail` as in [`Tx::insert_many`].
    pub(crate) async fn insert_one(
        &mut self,
        head: &'static str,
        tail: &'static str,
        row: Vec<Param>,
    ) -> Result<u64, StoreError> {
        let sql = format!("{head} {} {tail}", places(self.dialect(), 1, row.len()));
        self.execute_text(Text::built(statement_name(head), sql, true), row).await
    }

    /// Runs a query put together by a filter; `head` names it.
    pub(crate) async fn select_built<T: FromRow>(
        &mut self,
        head: &'static str,
        sql: String,
        params: Vec<Param>,
    ) -> Result<Vec<T>, StoreError> {
        let text = Text::built(statement_name(head), sql, true);
        self.fetch_text(text, params).await?.iter().map(T::from_row).collect()
    }

    /// Runs a query whose cost depends on its values and not on the rows that it gives: PostgreSQL plans it for these
    /// values, SQLite runs it on a thread for long work.
    pub(crate) async fn select_costly<T: FromRow>(
        &mut self,
        sql: &'static str,
        params: Vec<Param>,
    ) -> Result<Vec<T>, StoreError> {
        let text = Text { is_kept: self.dialect() == Dialect::Sqlite, ..Text::fixed(sql) };
        let rows = match &mut self.conn {
            Conn::Sqlite(conn) => {
                let outcome = conn.run_aside(text.sql, text.is_kept, params).await;
                let rows = self.noted(text.name, outcome.map_err(Cause::from))?.rows;
                rows.into_iter().map(|row| Row::sqlite(text.name, row)).collect()
            }
            Conn::Postgres(_) => self.fetch_text(text, params).await?,
        };
        rows.iter().map(T::from_row).collect()
    }

    /// Runs a query for one integer put together by a filter; `head` names it.
    pub(crate) async fn number_built(
        &mut self,
        head: &'static str,
        sql: String,
        params: Vec<Param>,
    ) -> Result<i64, StoreError> {
        let name = statement_name(head);
        let rows = self.fetch_text(Text::built(name, sql, true), params).await?;
        rows.first().ok_or(StoreError::Conflict(name))?.int(0)
    }

    /// Which database this is; for the few statements that exist twice.
    #[must_use]
    pub fn dialect(&self) -> Dialect {
        match self.conn {
            Conn::Sqlite(_) => Dialect::Sqlite,
            Conn::Postgres(_) => Dialect::Postgres,
        }
    }

    async fn execute_text(&mut self, text: Text, params: Vec<Param>) -> Result<u64, StoreError> {
        let outcome = match &mut self.conn {
            Conn::Sqlite(conn) => match conn.run(text.sql, text.is_kept, params).await {
                Ok(done) => Ok(done.changes),
                Err(error) => Err(error.into()),
            },
            Conn::Postgres(conn) => match arguments(params) {
                Ok(arguments) => sqlx::query_with(AssertSqlSafe(text.sql), arguments)
                    .persistent(text.is_kept)
                    .execute(&mut **conn)
                    .await
                    .map(|done| done.rows_affected())
                    .map_err(Cause::from),
                Err(error) => Err(error.into()),
            },
        };
        self.noted(text.name, outcome)
    }

    async fn fetch_text(&mut self, text: Text, params: Vec<Param>) -> Result<Vec<Row>, StoreError> {
        let name = text.name;
        let outcome = match &mut self.conn {
            Conn::Sqlite(conn) => match conn.run(text.sql, text.is_kept, params).await {
                Ok(done) => Ok(done.rows.into_iter().map(|row| Row::sqlite(name, row)).collect()),
                Err(error) => Err(error.into()),
            },
            Conn::Postgres(conn) => match arguments(params) {
                Ok(arguments) => sqlx::query_with(AssertSqlSafe(text.sql), arguments)
                    .persistent(text.is_kept)
                    .fetch_all(&mut **conn)
                    .await
                    .map(|rows| rows.into_iter().map(|row| Row::postgres(name, row)).collect())
                    .map_err(Cause::from),
                Err(error) => Err(error.into()),
            },
        };
        self.noted(name, outcome)
    }

    /// Runs statements without parameters and rows, such as `COMMIT` or a savepoint, divided by `; `.
    pub(crate) async fn raw(&mut self, sql: &'static str) -> Result<(), Verdict> {
        let outcome = match &mut self.conn {
            Conn::Sqlite(conn) => conn.run_all(sql).map_err(Cause::from),
            Conn::Postgres(conn) => {
                sqlx::raw_sql(sql).execute(&mut **conn).await.map(|_| ()).map_err(Cause::from)
            }
        };
        outcome.map_err(|error| {
            let verdict = verdict(&error);
            // A full disk and a retry are everyday business; the writer says what becomes of them.
            if !matches!(verdict, Verdict::Full | Verdict::Retry) {
                tracing::warn!(store.statement = sql, cause = %error, "the database refused to begin or end");
            }
            verdict
        })
    }

    /// What the first statement that failed since the last call asked for.
    pub(crate) fn take_failure(&mut self) -> Option<Verdict> {
        self.failure.take()
    }

    fn noted<T>(&mut self, name: &'static str, outcome: Result<T, Cause>) -> Result<T, StoreError> {
        outcome.map_err(|error| {
            let verdict = verdict(&error);
            self.failure.get_or_insert(verdict);
            StoreError::of(name, verdict, error)
        })
    }
}

impl Drop for Tx {
    /// A transaction that was left open (its caller went away) must not be met by the next user of the connection.
    fn drop(&mut self) {
        if self.is_open {
            match &mut self.conn {
                Conn::Sqlite(conn) => conn.close_on_drop(),
                Conn::Postgres(conn) => conn.close_on_drop(),
            }
        }
    }
}

/// The statement `head ($3,$4,..)` with `params` before the `keys` of the list. The last key is repeated until the list
/// is of one of few lengths, so that the database has seen the statement before.
fn listed(head: &'static str, params: &[Param], keys: &[Param]) -> (Text, Vec<Param>) {
    let length = keys.len().next_power_of_two().min(ROWS_MAX);
    let first = params.len() + 1;
    let numbers: Vec<String> = (first..first + length).map(|n| format!("${n}")).collect();
    let sql = format!("{head} ({})", numbers.join(","));
    let mut all = [params, keys].concat();
    let last = keys.last().cloned();
    all.extend(std::iter::repeat_n(last, length - keys.len()).flatten());
    (Text::built(statement_name(head), sql, true), all)
}

/// `(?,?),(?,?)` or `($1,$2),($3,$4)`. SQLite looks up numbered parameters one by one, so it gets plain ones.
fn places(dialect: Dialect, rows: usize, width: usize) -> String {
    let mut number = 0;
    let row = |number: &mut usize| {
        let cells: Vec<String> = (0..width)
            .map(|_| {
                *number += 1;
                match dialect {
                    Dialect::Sqlite => "?".to_owned(),
                    Dialect::Postgres => format!("${number}"),
                }
            })
            .collect();
        format!("({})", cells.join(","))
    };
    (0..rows).map(|_| row(&mut number)).collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_numbered_through_for_postgresql_only() {
        assert_eq!(places(Dialect::Postgres, 2, 2), "($1,$2),($3,$4)");
        assert_eq!(places(Dialect::Sqlite, 2, 2), "(?,?),(?,?)");
    }

    #[test]
    fn a_list_is_filled_up_to_one_of_few_lengths() {
        let keys = |count: i64| (0..count).map(Param::from).collect::<Vec<_>>();
        let (text, params) =
            listed("-- a.b\nDELETE FROM a WHERE b = $1 AND c IN", &keys(1), &keys(3));
        assert!(text.sql.ends_with("c IN ($2,$3,$4,$5)"), "{}", text.sql);
        assert_eq!(params.len(), 5);
        for count in [1, 2, 4, 300, 500] {
            let (_, params) = listed("-- a.b\nDELETE FROM a WHERE c IN", &[], &keys(count));
            let least = usize::try_from(count).unwrap();
            assert_eq!(params.len(), least.next_power_of_two().min(ROWS_MAX));
        }
    }
}
