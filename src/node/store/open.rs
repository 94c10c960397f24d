//! Opens a store: settings of the databases, checks, migrations; runs no transaction of a caller.

use std::fmt;
use std::fs::OpenOptions;
use std::io::ErrorKind;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use sqlx::PgPool;
use sqlx::migrate::{MigrateError, Migrator};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};

use crate::node::store::error::{Cause, Dialect, StoreError, Verdict, verdict};
use crate::node::store::sqlite::SqlitePool;
use crate::node::store::tx::Conn;
use crate::node::store::value::Row;

/// Where the store is kept.
#[derive(Clone)]
pub enum StoreConfig {
    /// A file, made if it does not exist; its folder must.
    Sqlite {
        /// The file.
        path: PathBuf,
    },
    /// A database on a PostgreSQL server.
    Postgres {
        /// `postgres://user:password@host/database`
        url: String,
    },
}

impl fmt::Debug for StoreConfig {
    /// Hides the password in the URL.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite { path } => f.debug_struct("Sqlite").field("path", path).finish(),
            Self::Postgres { .. } => f.debug_struct("Postgres").finish_non_exhaustive(),
        }
    }
}

/// How one kind of store differs from another.
pub(crate) struct Layout {
    pub(crate) sqlite: &'static Migrator,
    pub(crate) postgres: &'static Migrator,
    /// The PostgreSQL schema; none is the default of the user.
    pub(crate) schema: Option<&'static str>,
    /// Written into the SQLite header, so that no other program's file is taken for a store.
    pub(crate) application_id: i32,
    /// Whether SQLite overwrites what is deleted.
    pub(crate) has_secure_delete: bool,
    /// Whether it has the table in which requests that may be repeated are claimed.
    pub(crate) takes_claims: bool,
    pub(crate) readers: u32,
}

/// Connections to either database.
#[derive(Clone)]
pub(crate) enum Pool {
    Sqlite(SqlitePool),
    Postgres(PgPool),
}

impl Pool {
    pub(crate) async fn acquire(&self) -> Result<Conn, Verdict> {
        let conn = match self {
            Self::Sqlite(pool) => pool.acquire().await.map(Conn::Sqlite).map_err(Cause::from),
            Self::Postgres(pool) => pool.acquire().await.map(Conn::Postgres).map_err(Cause::from),
        };
        conn.map_err(|error| {
            tracing::warn!(cause = %error, "no connection to the database");
            verdict(&error)
        })
    }

    pub(crate) fn dialect(&self) -> Dialect {
        match self {
            Self::Sqlite(_) => Dialect::Sqlite,
            Self::Postgres(_) => Dialect::Postgres,
        }
    }

    /// A consistent copy of a SQLite database in a new file.
    pub(crate) async fn copy_to(&self, path: &Path) -> Result<(), StoreError> {
        let Self::Sqlite(pool) = self else {
            return Err(StoreError::Settings(
                "a PostgreSQL store is copied with pg_dump or a base backup".into(),
            ));
        };
        pool.copy_to(path).await.map_err(|error| cannot_open(path, &error))
    }

    /// What `PRAGMA integrity_check` finds.
    pub(crate) async fn check(&self) -> Result<Vec<String>, StoreError> {
        let Self::Sqlite(pool) = self else { return Ok(Vec::new()) };
        let done = async {
            pool.acquire()
                .await?
                .run_aside("PRAGMA integrity_check".into(), false, Vec::new())
                .await
        };
        let done = done.await.map_err(|error| StoreError::Driver(error.into()))?;
        let mut findings = Vec::new();
        for row in done.rows {
            let finding = Row::sqlite("integrity_check", row).text(0)?;
            if finding != "ok" {
                findings.push(finding);
            }
        }
        Ok(findings)
    }

    pub(crate) async fn close(&self) {
        match self {
            Self::Sqlite(pool) => pool.close().await,
            Self::Postgres(pool) => pool.close().await,
        }
    }
}

/// Opens the database, brings its schema up to date, and gives the pools of the writer and of the readers.
pub(crate) async fn open(
    config: &StoreConfig,
    layout: &Layout,
) -> Result<(Pool, Pool), StoreError> {
    match config {
        StoreConfig::Sqlite { path } => open_sqlite(path, layout).await,
        StoreConfig::Postgres { url } => open_postgres(url, layout).await,
    }
}

async fn open_sqlite(path: &Path, layout: &Layout) -> Result<(Pool, Pool), StoreError> {
    make_private(path)?;
    let steps = migrate_sqlite(path, layout).await?;
    let secure_delete = if layout.has_secure_delete { "ON" } else { "OFF" };
    let pragmas = format!(
        "PRAGMA busy_timeout = 5000;
         PRAGMA synchronous = FULL;
         PRAGMA foreign_keys = ON;
         PRAGMA trusted_schema = OFF;
         PRAGMA cell_size_check = ON;
         PRAGMA wal_autocheckpoint = 5000;
         PRAGMA secure_delete = {secure_delete};"
    );
    let writer = SqlitePool::new(path, pragmas.clone(), 1, false);
    let pragmas = format!("{pragmas} PRAGMA query_only = ON;");
    let readers = SqlitePool::new(path, pragmas, layout.readers, true);
    drop(writer.acquire().await.map_err(|error| cannot_open(path, &error))?);
    drop(readers.acquire().await.map_err(|error| cannot_open(path, &error))?);
    // Only now, since the last connection to close would take the write-ahead log away.
    steps.close().await;
    Ok((Pool::Sqlite(writer), Pool::Sqlite(readers)))
}

/// Makes the database what it lastingly is and brings its schema up to date; gives the connection that did it.
async fn migrate_sqlite(path: &Path, layout: &Layout) -> Result<sqlx::SqlitePool, StoreError> {
    let options = SqliteConnectOptions::new()
        .filename(path)
        .page_size(8192) // half the checkpoint cost of the default for rows of 2 KB
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(Duration::from_secs(5))
        .pragma("trusted_schema", "OFF")
        .pragma("cell_size_check", "ON")
        .pragma("secure_delete", if layout.has_secure_delete { "ON" } else { "OFF" });
    let connected = SqlitePoolOptions::new().max_connections(1).connect_with(options).await;
    let pool = connected.map_err(|error| cannot_open(path, &error))?;
    claim_file(&pool, path, layout.application_id).await?;
    let known = newest(layout.sqlite);
    layout.sqlite.run(&pool).await.map_err(|error| migration_error(error, known))?;
    Ok(pool)
}

/// Makes the file, readable by its owner alone, unless it is there; SQLite gives its companions the same mode.
fn make_private(path: &Path) -> Result<(), StoreError> {
    let made = OpenOptions::new().create_new(true).write(true).mode(0o600).open(path);
    match made {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(cannot_open(path, &error)),
    }
}

/// Marks a new file as ours, or refuses a file that is another program's.
async fn claim_file(
    pool: &sqlx::SqlitePool,
    path: &Path,
    application_id: i32,
) -> Result<(), StoreError> {
    let (found, tables): (i64, i64) = sqlx::query_as(
        "SELECT application_id, (SELECT COUNT(*) FROM sqlite_schema) FROM pragma_application_id",
    )
    .fetch_one(pool)
    .await
    .map_err(|error| cannot_open(path, &error))?;
    if found == i64::from(application_id) {
        return Ok(());
    }
    if found != 0 || tables != 0 {
        return Err(StoreError::Settings(format!(
            "{} is not a store of this kind: name another file in the configuration",
            path.display()
        )));
    }
    let claim = sqlx::AssertSqlSafe(format!("PRAGMA application_id = {application_id}"));
    sqlx::raw_sql(claim).execute(pool).await.map_err(|error| cannot_open(path, &error))?;
    Ok(())
}

async fn open_postgres(url: &str, layout: &Layout) -> Result<(Pool, Pool), StoreError> {
    let mut options = PgConnectOptions::from_str(url)
        .map_err(|_| StoreError::Settings("the URL of the PostgreSQL store is not one".into()))?
        .application_name("sealane")
        .statement_cache_capacity(512)
        // A lost node must not hold locks for ever.
        .options([("idle_in_transaction_session_timeout", "60s")]);
    if let Some(schema) = layout.schema {
        options = options.options([("search_path", schema)]);
    }
    let pool = |connections: u32| {
        PgPoolOptions::new()
            .max_connections(connections)
            .idle_timeout(None)
            .max_lifetime(None)
            .test_before_acquire(false)
    };
    let away = |error: sqlx::Error| {
        tracing::warn!(cause = %error, "the PostgreSQL server cannot be reached");
        StoreError::Unavailable
    };
    let writer = pool(1).connect_with(options.clone()).await.map_err(away)?;
    refuse_lossy_server(&writer).await?;
    if let Some(schema) = layout.schema {
        let create = sqlx::AssertSqlSafe(format!("CREATE SCHEMA IF NOT EXISTS {schema}"));
        sqlx::raw_sql(create).execute(&writer).await.map_err(driver)?;
    }
    let known = newest(layout.postgres);
    layout.postgres.run(&writer).await.map_err(|error| migration_error(error, known))?;
    let readers = pool(layout.readers).test_before_acquire(true);
    let readers = readers.connect_with(options).await.map_err(away)?;
    Ok((Pool::Postgres(writer), Pool::Postgres(readers)))
}

/// A server that acknowledges before it has written would make our own acknowledgements lies.
async fn refuse_lossy_server(pool: &PgPool) -> Result<(), StoreError> {
    let settings: Vec<(String, String)> = sqlx::query_as(
        "SELECT name, setting FROM pg_settings WHERE name IN ('fsync', 'full_page_writes', 'synchronous_commit')",
    )
    .fetch_all(pool)
    .await
    .map_err(driver)?;
    match settings.iter().find(|(_, setting)| setting == "off") {
        None => Ok(()),
        Some((name, _)) => Err(StoreError::Settings(format!(
            "the PostgreSQL server has {name} = off and would lose acknowledged records: set it to on"
        ))),
    }
}

fn newest(migrator: &Migrator) -> i64 {
    migrator.iter().map(|migration| migration.version).max().unwrap_or(0)
}

fn migration_error(error: MigrateError, known: i64) -> StoreError {
    match error {
        MigrateError::VersionMissing(found) => StoreError::NewerSchema { found, known },
        MigrateError::VersionMismatch(version) => StoreError::Settings(format!(
            "the schema of the store was changed by hand (step {version}): restore it from a backup"
        )),
        MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => driver(error),
        error => driver(error.into()),
    }
}

fn driver(error: sqlx::Error) -> StoreError {
    StoreError::Driver(error.into())
}

fn cannot_open(path: &Path, error: &dyn fmt::Display) -> StoreError {
    StoreError::Settings(format!("the store {} cannot be opened: {error}", path.display()))
}
