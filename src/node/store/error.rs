//! What can go wrong in the store, named by what the caller can do next; retries and halting are decided in the writer.

use sqlx::error::DatabaseError;

/// Why the store did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another change came first (a stale chain head, a name already taken, a lost lease): read again, then repeat.
    #[error("changed by someone else meanwhile ({0}): read it again and repeat")]
    Conflict(&'static str),
    /// The disk is full. Nothing was changed and the store stays usable.
    #[error("the disk that holds the store is full: free some space and repeat")]
    Full,
    /// A disk error made the store stop. Whether the last change survived is known only after a restart.
    #[error(
        "the store stopped after a disk error and accepts nothing more: check the disk and restart the node"
    )]
    Halted,
    /// The store was written by a newer version of the program.
    #[error(
        "the store has schema {found}, this version knows schema {known}: install the version that wrote it"
    )]
    NewerSchema {
        /// The schema number found in the store.
        found: i64,
        /// The highest schema number that this program knows.
        known: i64,
    },
    /// A row holds a value that this program never writes.
    #[error("table {table} holds an unreadable {column} in row {row}: run `sealane doctor`")]
    Corrupt {
        /// The table of the row.
        table: &'static str,
        /// The column that cannot be read.
        column: String,
        /// The first column of the row, by which it can be found.
        row: String,
    },
    /// The database did not answer or was busy. Nothing was changed; the same call may succeed later.
    #[error("the database is not available just now: repeat later")]
    Unavailable,
    /// The database is set up in a way that would lose or leak records.
    #[error("{0}")]
    Settings(String),
    /// The store was closed.
    #[error("the store is closed")]
    Closed,
    /// A mistake of this program, found by the database.
    #[error("the database refused a statement")]
    Driver(#[source] Cause),
}

/// What the driver of a database said.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub enum Cause {
    /// SQLite.
    Sqlite(#[from] rusqlite::Error),
    /// The driver of PostgreSQL, and of the steps of the schema of either.
    Sqlx(#[from] sqlx::Error),
}

/// Which database speaks; the meaning of an error code depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// An embedded SQLite file.
    Sqlite,
    /// A PostgreSQL server.
    Postgres,
}

/// What an error of the driver asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// A constraint was violated: this caller alone fails.
    Conflict,
    /// The disk is full: the transaction is rolled back.
    Full,
    /// The medium cannot be trusted: halt.
    Fatal,
    /// The database asks to run the transaction again.
    Retry,
    /// The database cannot be reached or is locked by another process.
    Unreachable,
    /// A faulty statement: this caller alone fails.
    Refused,
}

impl StoreError {
    /// The error of the statement `name` that asked for `verdict`; logs the cause of those that lose it.
    pub(crate) fn of(name: &'static str, verdict: Verdict, cause: Cause) -> Self {
        match verdict {
            Verdict::Conflict => Self::Conflict(name),
            Verdict::Full => Self::Full,
            Verdict::Fatal => {
                tracing::error!(store.statement = name, cause = %cause, "the store met a disk error and stops");
                Self::Halted
            }
            Verdict::Retry | Verdict::Unreachable => {
                tracing::warn!(store.statement = name, cause = %cause, "the database is busy or away");
                Self::Unavailable
            }
            Verdict::Refused => Self::Driver(cause),
        }
    }
}

/// Turns "changed nothing" into a conflict: `rows` must be exactly `expected`.
///
/// # Errors
/// [`StoreError::Conflict`] with `name` if another number of rows was changed.
pub fn ensure_affected(name: &'static str, rows: u64, expected: u64) -> Result<(), StoreError> {
    if rows == expected { Ok(()) } else { Err(StoreError::Conflict(name)) }
}

/// What this error asks for.
pub(crate) fn verdict(error: &Cause) -> Verdict {
    match error {
        Cause::Sqlite(error) => error
            .sqlite_error()
            .map_or(Verdict::Refused, |error| sqlite_verdict(error.extended_code)),
        Cause::Sqlx(sqlx::Error::Database(error)) => postgres_verdict(error.as_ref()),
        Cause::Sqlx(
            sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::BeginFailed,
        ) => Verdict::Unreachable,
        Cause::Sqlx(sqlx::Error::WorkerCrashed) => Verdict::Fatal,
        Cause::Sqlx(_) => Verdict::Refused,
    }
}

/// SQLite result codes (<https://sqlite.org/rescode.html>); the low byte is the primary code.
fn sqlite_verdict(code: i32) -> Verdict {
    /// `SQLITE_IOERR_SHMSIZE`: the shared-memory index cannot grow, the sign of a full disk; it holds nothing durable.
    const IOERR_SHMSIZE: i32 = 4874;
    match (code, code & 0xff) {
        (IOERR_SHMSIZE, _) | (_, 13) => Verdict::Full,
        (8, _) => Verdict::Refused, // plain READONLY: a reader that tried to write
        (_, 5 | 6) => Verdict::Unreachable, // BUSY, LOCKED
        // INTERNAL, NOMEM, READONLY, IOERR, CORRUPT, CANTOPEN, NOTADB
        (_, 2 | 7 | 8 | 10 | 11 | 14 | 26) => Verdict::Fatal,
        (_, 19) => Verdict::Conflict, // CONSTRAINT
        _ => Verdict::Refused,
    }
}

/// SQLSTATE codes (PostgreSQL, appendix A).
fn postgres_verdict(error: &dyn DatabaseError) -> Verdict {
    let code = error.code().unwrap_or_default();
    match code.as_ref() {
        "40001" | "40P01" => Verdict::Retry,
        "53100" => Verdict::Full,
        "58030" | "XX001" | "XX002" => Verdict::Fatal, // io_error, data_corrupted, index_corrupted
        "57014" | "25P03" | "55P03" => Verdict::Unreachable, // cancelled or timed out by the server
        code if code.starts_with("08") || code.starts_with("53") || code.starts_with("57P") => {
            Verdict::Unreachable
        }
        code if code.starts_with("23") => Verdict::Conflict,
        _ => Verdict::Refused,
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;
    use std::error::Error;
    use std::fmt;

    use sqlx::error::ErrorKind;

    use super::*;

    #[derive(Debug)]
    struct Code(&'static str);

    impl fmt::Display for Code {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(self.0)
        }
    }

    impl Error for Code {}

    impl DatabaseError for Code {
        fn message(&self) -> &str {
            self.0
        }
        fn code(&self) -> Option<Cow<'_, str>> {
            Some(Cow::Borrowed(self.0))
        }
        fn as_error(&self) -> &(dyn Error + Send + Sync + 'static) {
            self
        }
        fn as_error_mut(&mut self) -> &mut (dyn Error + Send + Sync + 'static) {
            self
        }
        fn into_error(self: Box<Self>) -> Box<dyn Error + Send + Sync + 'static> {
            self
        }
        fn kind(&self) -> ErrorKind {
            ErrorKind::Other
        }
    }

    fn coded(dialect: Dialect, code: &'static str) -> Cause {
        match dialect {
            Dialect::Sqlite => {
                let error = rusqlite::ffi::Error::new(code.parse().expect("a number"));
                rusqlite::Error::SqliteFailure(error, None).into()
            }
            Dialect::Postgres => sqlx::Error::Database(Box::new(Code(code))).into(),
        }
    }

    #[test]
    fn a_disk_error_is_fatal() {
        // IOERR, IOERR_FSYNC, IOERR_WRITE, CORRUPT, NOTADB, READONLY_DBMOVED, CANTOPEN
        for code in ["10", "1034", "778", "11", "26", "1032", "14"] {
            assert_eq!(verdict(&coded(Dialect::Sqlite, code)), Verdict::Fatal, "{code}");
        }
        for code in ["58030", "XX001", "XX002"] {
            assert_eq!(verdict(&coded(Dialect::Postgres, code)), Verdict::Fatal, "{code}");
        }
        assert_eq!(verdict(&sqlx::Error::WorkerCrashed.into()), Verdict::Fatal);
    }

    #[test]
    fn a_full_disk_a_conflict_and_a_busy_database_are_not_fatal() {
        let cases = [
            (Dialect::Sqlite, "13", Verdict::Full),
            (Dialect::Sqlite, "4874", Verdict::Full),
            (Dialect::Sqlite, "5", Verdict::Unreachable),
            (Dialect::Sqlite, "2067", Verdict::Conflict),
            (Dialect::Sqlite, "1", Verdict::Refused),
            (Dialect::Sqlite, "8", Verdict::Refused),
            (Dialect::Postgres, "53100", Verdict::Full),
            (Dialect::Postgres, "57P01", Verdict::Unreachable),
            (Dialect::Postgres, "40001", Verdict::Retry),
            (Dialect::Postgres, "40P01", Verdict::Retry),
            (Dialect::Postgres, "23505", Verdict::Conflict),
            (Dialect::Postgres, "42601", Verdict::Refused),
        ];
        for (dialect, code, expected) in cases {
            assert_eq!(verdict(&coded(dialect, code)), expected, "{dialect:?} {code}");
        }
    }

    #[test]
    fn a_change_of_another_number_of_rows_is_a_conflict() {
        assert!(ensure_affected("x", 1, 1).is_ok());
        assert!(matches!(ensure_affected("x", 0, 1), Err(StoreError::Conflict("x"))));
        assert!(matches!(ensure_affected("x", 2, 1), Err(StoreError::Conflict("x"))));
    }
}
