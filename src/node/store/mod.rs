//! The node's durable memory and the only SQL; decides nothing about cases.
//!
//! # Reading and writing
//! A transaction is a named closure. [`Store::write`] hands it to the one writer, which runs the closures of all
//! callers that wait in one transaction, each in a savepoint, and answers them after the common commit is durable.
//! [`Store::read`] runs it beside the writer on one consistent snapshot.
//!
//! - **The closure of a write may run twice** (it is `Fn`): make salts, ids, signatures and times before it. Values
//!   read in it are final only when `write` has returned.
//! - A failed statement loses the caller's whole transaction; use `ON CONFLICT` for what may be there already.
//! - After a disk error the store is *halted*: it refuses everything, and [`Store::halted`] tells the node to exit.
//!
//! # Adding a table function
//! 1. *The table*: add a step to `migrations/sqlite` and `migrations/postgres` under the same number. Columns are
//!    TEXT, BIGINT (SQLite: INTEGER) and bytes (BLOB, BYTEA); times are BIGINT microseconds. Never change a step that
//!    was released.
//! 2. *The function*: in the file of its concept write `pub async fn verb(tx: &mut Tx, ..) -> Result<_, StoreError>`
//!    with one statement that runs on both databases, whose text begins with `-- table.verb` (errors and logs name
//!    it) and binds `$1`, `$2`, .. through `params!`. [`Tx::select`] reads structs that implement [`FromRow`],
//!    [`Tx::change_one`] turns "changed nothing" into a conflict. Casts: `CAST(SUM(x) AS BIGINT)`, since PostgreSQL
//!    sums to NUMERIC.
//! 3. *The test*: add a body to `tests/integration/store/`; the suite runs it on both databases.

use std::fmt;
use std::panic::resume_unwind;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use futures_util::future::BoxFuture;
use tokio::sync::{mpsc, oneshot, watch};

use crate::node::clock::Clock;
use crate::node::store::error::Verdict;
use crate::node::store::open::{Layout, Pool};
use crate::node::store::writer::{Answer, Message, QUEUE_CALLERS_MAX, Write, Writer};

pub mod audit_events;
pub mod blobs;
pub mod case_origins;
pub mod cases;
pub mod chains;
pub mod compartments;
pub mod conflicts;
pub mod deadlines;
pub mod declarations;
pub mod erasures;
pub mod evidence;
pub mod idempotency;
pub mod identifiers;
pub mod imported_rows;
pub mod imports;
pub mod inbox;
pub mod leases;
pub mod logs;
pub mod mailboxes;
pub mod notices;
pub mod object_fields;
pub mod outbox;
pub mod peers;
pub mod projections;
pub mod qualifications;
pub mod reads;
pub mod receipts;
pub mod records;
pub mod requests;
pub mod search;
pub mod statistics;
pub mod summaries;
pub mod task_forces;
pub mod users;
pub mod witness;
pub mod workflows;

mod error;
mod filter;
mod open;
mod sqlite;
mod table;
mod tx;
mod value;
mod vault;
mod writer;

pub use error::{Cause, Dialect, StoreError, ensure_affected};
pub use filter::Page;
pub use open::StoreConfig;
pub use table::{Cell, Table};
pub use tx::Tx;
pub use value::{FromRow, Param, Row};
pub use vault::{KeyState, KeyVault};

static SQLITE: sqlx::migrate::Migrator = sqlx::migrate!("src/node/store/migrations/sqlite");
static POSTGRES: sqlx::migrate::Migrator = sqlx::migrate!("src/node/store/migrations/postgres");

/// Readers beside the writer; SQLite gains nothing from more.
const READERS: u32 = 4;

/// A handle of the store; clones share it.
#[derive(Clone)]
pub struct Store(Arc<Inner>);

struct Inner {
    queue: mpsc::Sender<Message>,
    readers: Pool,
    halted: watch::Sender<bool>,
    batches: Arc<AtomicU64>,
    clock: Arc<dyn Clock>,
    takes_claims: bool,
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").field("dialect", &self.dialect()).finish_non_exhaustive()
    }
}

impl Store {
    /// Opens the store and brings its schema up to date.
    ///
    /// # Errors
    /// [`StoreError::NewerSchema`], [`StoreError::Settings`] if the database is not fit, [`StoreError::Unavailable`]
    /// if the server does not answer.
    pub async fn open(config: &StoreConfig, clock: Arc<dyn Clock>) -> Result<Self, StoreError> {
        let layout = Layout {
            sqlite: &SQLITE,
            postgres: &POSTGRES,
            schema: None,
            application_id: 0x5ea1_a4e1,
            // What is erased must not stay in the free space of the file.
            has_secure_delete: true,
            takes_claims: true,
            readers: READERS,
        };
        Self::open_layout(config, &layout, clock).await
    }

    async fn open_layout(
        config: &StoreConfig,
        layout: &Layout,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, StoreError> {
        let (pool, readers) = open::open(config, layout).await?;
        let (queue, waiting) = mpsc::channel(QUEUE_CALLERS_MAX);
        let halted = watch::Sender::new(false);
        let batches = Arc::new(AtomicU64::new(0));
        let writer = Writer {
            pool,
            queue: waiting,
            halted: halted.clone(),
            batches: Arc::clone(&batches),
            clock: Arc::clone(&clock),
            tx: None,
        };
        writer.start()?;
        let takes_claims = layout.takes_claims;
        Ok(Self(Arc::new(Inner { queue, readers, halted, batches, clock, takes_claims })))
    }

    /// Runs `body` in the writer's transaction; returns when its changes are durable, or undone.
    ///
    /// The body may run more than once and must do the same each time. `name` is for logs and metrics.
    ///
    /// # Errors
    /// What the body gives, or a [`StoreError`] of the commit.
    ///
    /// # Panics
    /// If the body panics; its changes are undone.
    pub async fn write<T, E, F>(&self, name: &'static str, body: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        F: for<'t> Fn(&'t mut Tx) -> BoxFuture<'t, Result<T, E>> + Send + 'static,
    {
        if self.is_halted() {
            return Err(StoreError::Halted.into());
        }
        let (reply, answer) = oneshot::channel();
        let claim = if self.0.takes_claims { idempotency::current() } else { None };
        let job = Box::new(Write { name, body, reply, answer: None, claim });
        self.0.queue.send(Message::Write(job)).await.map_err(|_| StoreError::Closed)?;
        match answer.await {
            Ok(Answer::Done(result)) => result,
            Ok(Answer::Panicked(panic)) => resume_unwind(panic),
            Err(_) => Err(StoreError::Closed.into()),
        }
    }

    /// As [`Store::write`], with the body's input lent to it each time that it runs, so that nothing need be cloned.
    ///
    /// # Errors
    /// As [`Store::write`].
    ///
    /// # Panics
    /// As [`Store::write`].
    pub async fn write_with<D, T, E, F>(
        &self,
        name: &'static str,
        input: D,
        body: F,
    ) -> Result<T, E>
    where
        D: Send + Sync + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        F: for<'t> Fn(&'t mut Tx, &'t D) -> BoxFuture<'t, Result<T, E>> + Send + Sync + 'static,
    {
        let shared = Arc::new((input, body));
        self.write(name, move |tx| {
            let shared = Arc::clone(&shared);
            Box::pin(async move { (shared.1)(tx, &shared.0).await })
        })
        .await
    }

    /// Runs `body` on one consistent snapshot of what is committed; it cannot change anything.
    ///
    /// # Errors
    /// What the body gives, or a [`StoreError`] of the database.
    pub async fn read<T, E, F>(&self, name: &'static str, body: F) -> Result<T, E>
    where
        E: From<StoreError>,
        F: for<'t> FnOnce(&'t mut Tx) -> BoxFuture<'t, Result<T, E>>,
    {
        if self.is_halted() {
            return Err(StoreError::Halted.into());
        }
        let begin = match self.dialect() {
            Dialect::Sqlite => "BEGIN DEFERRED",
            Dialect::Postgres => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
        };
        let conn =
            self.0.readers.acquire().await.map_err(|verdict| self.unreadable(verdict, name))?;
        let mut tx = Tx::on(conn);
        tx.begin(begin).await.map_err(|verdict| self.unreadable(verdict, name))?;
        let result = body(&mut tx).await;
        if let Some(verdict @ Verdict::Fatal) = tx.take_failure() {
            return Err(self.unreadable(verdict, name).into());
        }
        // A reader that cannot end leaves a connection that is dropped; what it read is sound.
        tx.end("ROLLBACK").await.ok();
        result
    }

    /// Waits until a disk error stopped the store. The node then exits with an error, and its supervisor restarts it.
    pub async fn halted(&self) {
        // An error would mean that the sender is gone, which this handle itself holds.
        drop(self.0.halted.subscribe().wait_for(|is_halted| *is_halted).await);
    }

    /// Whether a disk error stopped the store.
    #[must_use]
    pub fn is_halted(&self) -> bool {
        *self.0.halted.borrow()
    }

    /// Stops the store as after a disk error: for a file beside it that must not fall behind what it committed.
    pub fn halt(&self) {
        self.0.halted.send_replace(true);
    }

    /// Moves SQLite's write-ahead log into the database file and empties it; on PostgreSQL nothing.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] if a long reader stood in the way.
    pub async fn checkpoint(&self) -> Result<(), StoreError> {
        let (reply, answer) = oneshot::channel();
        self.0.queue.send(Message::Checkpoint(reply)).await.map_err(|_| StoreError::Closed)?;
        answer.await.unwrap_or(Err(StoreError::Closed))
    }

    /// Writes a consistent copy of a SQLite store to a new file while the node works; see OPERATIONS, backup.
    ///
    /// # Errors
    /// [`StoreError::Settings`] on PostgreSQL, which has tools of its own, or if the file cannot be written.
    pub async fn copy_to(&self, path: &Path) -> Result<(), StoreError> {
        self.0.readers.copy_to(path).await
    }

    /// What SQLite's own check of the whole file finds; empty if it is sound. On PostgreSQL always empty.
    ///
    /// # Errors
    /// What the database says.
    pub async fn check(&self) -> Result<Vec<String>, StoreError> {
        self.0.readers.check().await
    }

    /// Commits what waits, empties the write-ahead log and closes all connections. Later calls get `Closed`.
    pub async fn close(&self) {
        let (reply, closed) = oneshot::channel();
        if self.0.queue.send(Message::Close(reply)).await.is_ok() {
            // An error means that the writer had ended before.
            drop(closed.await);
        }
        self.0.readers.close().await;
    }

    /// How many transactions the writer has committed since the store was opened; under load fewer than callers.
    #[must_use]
    pub fn batches(&self) -> u64 {
        self.0.batches.load(Ordering::Relaxed)
    }

    /// Which database keeps the store.
    #[must_use]
    pub fn dialect(&self) -> Dialect {
        self.0.readers.dialect()
    }

    fn now(&self) -> i64 {
        self.0.clock.now().0
    }

    fn unreadable(&self, verdict: Verdict, name: &'static str) -> StoreError {
        match verdict {
            Verdict::Fatal => {
                self.0.halted.send_replace(true);
                StoreError::Halted
            }
            Verdict::Conflict
            | Verdict::Full
            | Verdict::Refused
            | Verdict::Retry
            | Verdict::Unreachable => {
                tracing::debug!(store.transaction = name, "could not begin to read");
                StoreError::Unavailable
            }
        }
    }
}
