//! Connections to an SQLite file whose statements run on the thread that asks; begins no transaction by itself.
//!
//! A hop to another thread costs ten times what a short statement does. So the writer has a thread of its own and takes
//! its time there, and a reader's statement runs where it is asked. One that turns out long is given up after
//! [`STOP_TICKS`] and run again by a thread for long work, on the same snapshot: no task keeps others from their turn.

use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, ErrorCode, OpenFlags, Statement, ToSql, ffi};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::{spawn_blocking, yield_now};

use crate::node::store::value::{Param, SqliteRow, Value};

/// Steps of SQLite's machine that make a tick: some 50 microseconds.
const TICK_STEPS: i32 = 1000;
/// A reader's statement that takes more ticks is long.
const STOP_TICKS: i64 = 16;
/// A reader that has used so many more ticks lets other tasks run before its next statement.
const TURN_TICKS: i64 = 8;
/// A reader's statement that gives more bytes is long.
const STOP_BYTES: usize = 1 << 20;
/// The statements that a connection keeps prepared.
const STATEMENTS_KEPT: usize = 512;
/// How long a caller waits for a connection that others have.
const ACQUIRE_WAIT: Duration = Duration::from_secs(30);

/// Where connections come from and go back to.
#[derive(Clone)]
pub(crate) struct SqlitePool(Arc<Home>);

struct Home {
    path: PathBuf,
    /// What is set on each new connection.
    pragmas: String,
    is_for_readers: bool,
    size: u32,
    permits: Arc<Semaphore>,
    idle: Mutex<Vec<Link>>,
}

/// A connection and the ticks that its statements have left.
struct Link {
    conn: Connection,
    ticks: Arc<AtomicI64>,
}

/// A connection that is in use.
pub(crate) struct SqliteConn {
    /// None if a thread for long work has it, or took it with it.
    link: Option<(Link, OwnedSemaphorePermit)>,
    home: Arc<Home>,
    is_spoilt: bool,
}

/// What a statement gave.
pub(crate) struct Done {
    pub(crate) rows: Vec<SqliteRow>,
    /// The rows that it changed.
    pub(crate) changes: u64,
}

/// Why a statement did not end.
enum Stop {
    Failed(rusqlite::Error),
    Long,
}

impl From<rusqlite::Error> for Stop {
    fn from(error: rusqlite::Error) -> Self {
        Self::Failed(error)
    }
}

impl SqlitePool {
    /// A pool of at most `size` connections, on each of which `pragmas` are run first.
    pub(crate) fn new(path: &Path, pragmas: String, size: u32, is_for_readers: bool) -> Self {
        let permits = Arc::new(Semaphore::new(usize::try_from(size).unwrap_or(1)));
        let path = path.to_owned();
        Self(Arc::new(Home {
            path,
            pragmas,
            is_for_readers,
            size,
            permits,
            idle: Mutex::default(),
        }))
    }

    /// A connection, as soon as one is free.
    pub(crate) async fn acquire(&self) -> Result<SqliteConn, rusqlite::Error> {
        let home = Arc::clone(&self.0);
        let permit = if let Ok(permit) = Arc::clone(&home.permits).try_acquire_owned() {
            permit
        } else {
            let waiting = Arc::clone(&home.permits).acquire_owned();
            let waited = tokio::time::timeout(ACQUIRE_WAIT, waiting).await;
            waited.ok().and_then(Result::ok).ok_or_else(|| away("no connection is free"))?
        };
        let idle = home.lock().pop();
        let link = if let Some(link) = idle {
            link
        } else {
            let home = Arc::clone(&home);
            aside(move || home.connect()).await??
        };
        Ok(SqliteConn { link: Some((link, permit)), home, is_spoilt: false })
    }

    /// A consistent copy of the database in a new file.
    pub(crate) async fn copy_to(&self, path: &Path) -> Result<(), rusqlite::Error> {
        let (home, path) = (Arc::clone(&self.0), path.display().to_string());
        aside(move || {
            // A connection of its own, since a reader's would be left able to write.
            let conn = home.connect()?.conn;
            conn.execute_batch("PRAGMA query_only = OFF")?;
            conn.execute("VACUUM INTO $1", [path])?;
            conn.close().map_err(|(_, error)| error)
        })
        .await?
    }

    /// Waits for the connections that are in use and closes all; nobody gets one any more.
    pub(crate) async fn close(&self) {
        // An error would mean that it was closed before.
        drop(self.0.permits.acquire_many(self.0.size).await);
        self.0.permits.close();
        let idle = std::mem::take(&mut *self.0.lock());
        // The last connection to a file tidies up after all.
        aside(move || drop(idle)).await.ok();
    }
}

impl Home {
    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Link>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn connect(&self) -> Result<Link, rusqlite::Error> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let conn = Connection::open_with_flags(&self.path, flags)?;
        conn.set_prepared_statement_cache_capacity(STATEMENTS_KEPT);
        conn.execute_batch(&self.pragmas)?;
        let ticks = Arc::new(AtomicI64::new(i64::MAX));
        if self.is_for_readers {
            let left = Arc::clone(&ticks);
            let tick = move || left.fetch_sub(1, Ordering::Relaxed) <= 1;
            conn.progress_handler(TICK_STEPS, Some(tick))?;
        }
        Ok(Link { conn, ticks })
    }
}

impl SqliteConn {
    /// Runs one statement.
    pub(crate) async fn run(
        &mut self,
        sql: Cow<'static, str>,
        is_kept: bool,
        params: Vec<Param>,
    ) -> Result<Done, rusqlite::Error> {
        if self.home.is_for_readers {
            self.let_others_run().await;
        }
        let bytes = if self.home.is_for_readers { STOP_BYTES } else { usize::MAX };
        // Bound first: a connection may not be lent across a wait.
        let done = self.link()?.run(&sql, is_kept, &params, bytes);
        match done {
            Ok(done) => Ok(done),
            Err(Stop::Failed(error)) => Err(error),
            Err(Stop::Long) => self.run_aside(sql, is_kept, params).await,
        }
    }

    /// As [`SqliteConn::run`], by a thread for long work. If the caller goes away, it is given up.
    pub(crate) async fn run_aside(
        &mut self,
        sql: Cow<'static, str>,
        is_kept: bool,
        params: Vec<Param>,
    ) -> Result<Done, rusqlite::Error> {
        let (link, permit) = self.link.take().ok_or_else(lost)?;
        link.ticks.store(i64::MAX, Ordering::Relaxed);
        let caller = Present(Arc::clone(&link.ticks));
        let (link, permit, done) = aside(move || {
            let done = link.run(&sql, is_kept, &params, usize::MAX);
            (link, permit, done)
        })
        .await?;
        drop(caller);
        self.link = Some((link, permit));
        done.map_err(|stop| match stop {
            Stop::Failed(error) => error,
            Stop::Long => lost(),
        })
    }

    /// Runs statements without parameters, divided by `; `; rows are read over.
    pub(crate) fn run_all(&self, sql: &str) -> Result<(), rusqlite::Error> {
        let link = self.link()?;
        for sql in sql.split("; ") {
            let mut statement = link.conn.prepare_cached(sql)?;
            let mut rows = statement.raw_query();
            while rows.next()?.is_some() {}
        }
        Ok(())
    }

    /// Nobody shall use this connection again.
    pub(crate) fn close_on_drop(&mut self) {
        self.is_spoilt = true;
    }

    fn link(&self) -> Result<&Link, rusqlite::Error> {
        self.link.as_ref().map(|(link, _)| link).ok_or_else(lost)
    }

    /// Yields if this reader has had its turn, and gives it the ticks of another.
    async fn let_others_run(&mut self) {
        if self.link().is_ok_and(Link::is_turn_over) {
            yield_now().await;
        }
        if let Ok(link) = self.link() {
            link.start_turn();
        }
    }
}

impl Drop for SqliteConn {
    fn drop(&mut self) {
        let Some((link, permit)) = self.link.take() else { return };
        if !self.is_spoilt {
            self.home.lock().push(link);
        }
        drop(permit);
    }
}

impl Link {
    fn is_turn_over(&self) -> bool {
        self.ticks.load(Ordering::Relaxed) < STOP_TICKS
    }

    /// Gives a turn's ticks, unless enough of the last turn's are left.
    fn start_turn(&self) {
        let left = self.ticks.load(Ordering::Relaxed);
        if !(STOP_TICKS..=STOP_TICKS + TURN_TICKS).contains(&left) {
            self.ticks.store(STOP_TICKS + TURN_TICKS, Ordering::Relaxed);
        }
    }

    fn run(&self, sql: &str, is_kept: bool, params: &[Param], bytes: usize) -> Result<Done, Stop> {
        let done = if is_kept {
            let mut statement =
                self.conn.prepare_cached(sql).map_err(|error| self.stopped(error))?;
            self.step(&mut statement, params, bytes)
        } else {
            let mut statement = self.conn.prepare(sql).map_err(|error| self.stopped(error))?;
            self.step(&mut statement, params, bytes)
        };
        let rows = done?;
        Ok(Done { rows, changes: self.conn.changes() })
    }

    fn step(
        &self,
        statement: &mut Statement<'_>,
        params: &[Param],
        bytes: usize,
    ) -> Result<Vec<SqliteRow>, Stop> {
        bind(statement, params)?;
        let width = statement.column_count();
        let mut names: Option<Arc<[Box<str>]>> = None;
        let mut found = Vec::new();
        let mut read = 0_usize;
        let mut rows = statement.raw_query();
        while let Some(row) = rows.next().map_err(|error| self.stopped(error))? {
            let names = if let Some(names) = &names {
                Arc::clone(names)
            } else {
                let all: Vec<Box<str>> =
                    row.as_ref().column_names().into_iter().map(Box::from).collect();
                Arc::clone(names.insert(all.into()))
            };
            let mut values = Vec::with_capacity(width);
            for index in 0..width {
                let value = Value::of(row.get_ref(index)?);
                read = read.saturating_add(value.bytes());
                values.push(value);
            }
            if read > bytes {
                return Err(Stop::Long);
            }
            found.push(SqliteRow { names, values });
        }
        Ok(found)
    }

    /// An error, or that a statement was given up because it is long.
    fn stopped(&self, error: rusqlite::Error) -> Stop {
        let is_interrupted = error.sqlite_error_code() == Some(ErrorCode::OperationInterrupted);
        if is_interrupted && self.ticks.load(Ordering::Relaxed) <= 0 {
            Stop::Long
        } else {
            Stop::Failed(error)
        }
    }
}

/// Takes all ticks away when the caller goes away.
struct Present(Arc<AtomicI64>);

impl Drop for Present {
    fn drop(&mut self) {
        self.0.store(0, Ordering::Relaxed);
    }
}

impl ToSql for Param {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Text(value) => ValueRef::Text(value.as_bytes()),
            Self::Int(value) => ValueRef::Integer(*value),
            Self::Bytes(value) => ValueRef::Blob(value),
            Self::TextNull | Self::IntNull | Self::BytesNull => ValueRef::Null,
        }))
    }
}

/// Binds each `$3` to the third parameter, and each `?` to the one of its place.
fn bind(statement: &mut Statement<'_>, params: &[Param]) -> Result<(), rusqlite::Error> {
    for place in 1..=statement.parameter_count() {
        let number = match statement.parameter_name(place) {
            None => place,
            Some(name) => name
                .strip_prefix('$')
                .and_then(|number| number.parse().ok())
                .ok_or_else(|| rusqlite::Error::InvalidParameterName(name.to_owned()))?,
        };
        let param = number.checked_sub(1).and_then(|index: usize| params.get(index));
        let param = param.ok_or(rusqlite::Error::InvalidParameterCount(number, params.len()))?;
        statement.raw_bind_parameter(place, param)?;
    }
    Ok(())
}

/// Runs `work` on a thread for long work.
async fn aside<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, rusqlite::Error> {
    spawn_blocking(work).await.map_err(|_| away("the node is stopping"))
}

/// The error of a database that is not to be had just now.
fn away(why: &str) -> rusqlite::Error {
    rusqlite::Error::SqliteFailure(ffi::Error::new(ffi::SQLITE_BUSY), Some(why.to_owned()))
}

/// The error of a connection that a thread for long work has not given back.
fn lost() -> rusqlite::Error {
    away("the last statement was given up")
}
