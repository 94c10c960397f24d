//! Group commit: one task, on SQLite one thread, owns the writing connection and commits many waiting callers at once; knows no table.
//!
//! The order that must hold: a caller is answered only after `COMMIT` returned without error. A disk error ends the
//! task for good, because after a failed fsync the same handle may report success for pages that were lost.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::sync::{mpsc, oneshot, watch};

use crate::node::clock::Clock;
use crate::node::store::error::{Dialect, StoreError, Verdict};
use crate::node::store::idempotency;
use crate::node::store::open::Pool;
use crate::node::store::tx::{Conn, Tx};

/// Callers that may wait in the queue; more wait for a place in it.
pub(crate) const QUEUE_CALLERS_MAX: usize = 1024;
/// Callers committed together. More gain little, and the first of them waits for the last.
const BATCH_CALLERS_MAX: usize = 256;
/// How often a caller runs on PostgreSQL before it is told that the database is not available.
const ATTEMPTS_MAX: u32 = 10;
/// A pause in which the write-ahead log is moved to the database file, so that no caller pays for it.
const IDLE: Duration = Duration::from_secs(1);
/// In a pause a reader may hold up all writers only that long.
const WAIT_SHORT: &str = "PRAGMA busy_timeout = 50";
/// Who asks for an empty write-ahead log waits for the readers that are under way.
const WAIT_LONG: &str = "PRAGMA busy_timeout = 2000";

/// What is asked of the writer.
pub(crate) enum Message {
    Write(Box<dyn Job>),
    Checkpoint(oneshot::Sender<Result<(), StoreError>>),
    Close(oneshot::Sender<()>),
}

/// A caller who waits: its body, and where its answer goes.
pub(crate) trait Job: Send {
    /// The name of the transaction, for logs.
    fn name(&self) -> &'static str;
    /// Runs the body and keeps what it gave; says whether it succeeded.
    fn run<'t>(&'t mut self, tx: &'t mut Tx) -> BoxFuture<'t, bool>;
    /// Answers with what the body gave, or with `refusal` instead.
    fn answer(self: Box<Self>, refusal: Option<StoreError>);
}

/// What a caller gets: the body's result, or the panic of the body to be continued in the caller.
pub(crate) enum Answer<T, E> {
    Done(Result<T, E>),
    Panicked(Box<dyn Any + Send>),
}

/// The job of one `Store::write`.
pub(crate) struct Write<T, E, F> {
    pub(crate) name: &'static str,
    pub(crate) body: F,
    pub(crate) reply: oneshot::Sender<Answer<T, E>>,
    pub(crate) answer: Option<Answer<T, E>>,
    /// What is kept together with the change, so that a request that is repeated is known again.
    pub(crate) claim: Option<idempotency::Answer>,
}

impl<T, E, F> Job for Write<T, E, F>
where
    T: Send,
    E: From<StoreError> + Send,
    F: for<'t> Fn(&'t mut Tx) -> BoxFuture<'t, Result<T, E>> + Send,
{
    fn name(&self) -> &'static str {
        self.name
    }

    fn run<'t>(&'t mut self, tx: &'t mut Tx) -> BoxFuture<'t, bool> {
        Box::pin(async move {
            if let Some(claim) = &self.claim
                && let Err(error) = idempotency::claim(tx, claim).await
            {
                self.answer = Some(Answer::Done(Err(E::from(error))));
                return false;
            }
            let body = &self.body;
            let begun = catch_unwind(AssertUnwindSafe(move || {
                let tx = tx; // moved in, so that the future may keep it
                body(tx)
            }));
            let answer = match begun {
                Ok(body) => match AssertUnwindSafe(body).catch_unwind().await {
                    Ok(result) => Answer::Done(result),
                    Err(panic) => Answer::Panicked(panic),
                },
                Err(panic) => Answer::Panicked(panic),
            };
            let is_done = matches!(answer, Answer::Done(Ok(_)));
            self.answer = Some(answer);
            is_done
        })
    }

    fn answer(self: Box<Self>, refusal: Option<StoreError>) {
        let answer = match (refusal, self.answer) {
            (Some(refusal), _) => Answer::Done(Err(E::from(refusal))),
            (None, Some(answer)) => answer,
            (None, None) => Answer::Done(Err(E::from(StoreError::Closed))),
        };
        // The caller may have gone away; its change is committed all the same.
        drop(self.reply.send(answer));
    }
}

/// The task that owns the writing connection.
pub(crate) struct Writer {
    pub(crate) pool: Pool,
    pub(crate) queue: mpsc::Receiver<Message>,
    pub(crate) halted: watch::Sender<bool>,
    pub(crate) batches: Arc<AtomicU64>,
    pub(crate) clock: Arc<dyn Clock>,
    /// The writing connection; none after it was lost.
    pub(crate) tx: Option<Tx>,
}

/// A job of a batch, and the error that takes the place of its result.
struct Caller {
    job: Box<dyn Job>,
    refusal: Option<StoreError>,
}

impl Writer {
    /// Lets it work: on SQLite on a thread of its own, since a statement keeps its thread busy, a commit waits for the
    /// disk, and a busy database for another process.
    pub(crate) fn start(self) -> Result<(), StoreError> {
        if self.pool.dialect() == Dialect::Postgres {
            tokio::spawn(self.run());
            return Ok(());
        }
        let cannot = |error| {
            StoreError::Settings(format!("the thread of the store cannot be started: {error}"))
        };
        // A runtime of its own, so that it can end in its own time, whatever becomes of the caller's.
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = runtime.enable_time().build().map_err(cannot)?;
        let thread = std::thread::Builder::new().name("store-writer".into());
        thread.spawn(move || runtime.block_on(self.run())).map_err(cannot)?;
        Ok(())
    }

    /// Works until the store is closed or its last handle is gone.
    async fn run(mut self) {
        let mut has_written = false;
        loop {
            let message = if has_written {
                let Ok(message) = tokio::time::timeout(IDLE, self.queue.recv()).await else {
                    has_written = false;
                    // A reader may hold the old pages; the pause after the next write tries again.
                    drop(self.checkpoint(WAIT_SHORT).await);
                    continue;
                };
                message
            } else {
                self.queue.recv().await
            };
            let Some(message) = message else { break };
            if let Some(closed) = self.handle(message).await {
                self.shut().await;
                closed.send(()).ok();
                return;
            }
            has_written = true;
        }
        self.shut().await;
    }

    /// Handles a message and what waits behind it; gives the sender to answer when the store shall be closed.
    async fn handle(&mut self, message: Message) -> Option<oneshot::Sender<()>> {
        let mut batch = Vec::new();
        let mut next = Some(message);
        while let Some(message) = next.take() {
            match message {
                Message::Write(job) => {
                    batch.push(Caller { job, refusal: None });
                    if batch.len() < BATCH_CALLERS_MAX {
                        next = self.queue.try_recv().ok();
                    }
                }
                Message::Checkpoint(reply) => {
                    self.commit(std::mem::take(&mut batch)).await;
                    drop(reply.send(self.checkpoint(WAIT_LONG).await));
                }
                Message::Close(reply) => {
                    self.commit(batch).await;
                    return Some(reply);
                }
            }
        }
        self.commit(batch).await;
        None
    }

    /// Commits all callers at once, or each alone if the database gave up the common transaction.
    async fn commit(&mut self, mut batch: Vec<Caller>) {
        if batch.is_empty() {
            return;
        }
        match self.attempt(&mut batch).await {
            Ok(()) => answer_all(batch, || None),
            Err(Verdict::Full | Verdict::Retry) => {
                for caller in batch {
                    self.commit_alone(caller).await;
                }
            }
            Err(verdict) => answer_all(batch, || Some(refusal(verdict))),
        }
    }

    async fn commit_alone(&mut self, mut caller: Caller) {
        for attempt in 1..=ATTEMPTS_MAX {
            caller.refusal = None;
            match self.attempt(std::slice::from_mut(&mut caller)).await {
                Ok(()) => return answer_all(vec![caller], || None),
                Err(Verdict::Retry) => {
                    metrics::counter!("store_retries", "transaction" => caller.job.name())
                        .increment(1);
                    tracing::debug!(
                        store.transaction = caller.job.name(),
                        attempt,
                        "the database asks to repeat"
                    );
                }
                Err(verdict) => return answer_all(vec![caller], || Some(refusal(verdict))),
            }
        }
        tracing::warn!(
            store.transaction = caller.job.name(),
            "gave up after {ATTEMPTS_MAX} attempts"
        );
        answer_all(vec![caller], || Some(StoreError::Unavailable));
    }

    /// Runs all bodies in one transaction and commits it. On an error nothing of it is in the store.
    async fn attempt(&mut self, batch: &mut [Caller]) -> Result<(), Verdict> {
        if *self.halted.borrow() {
            return Err(Verdict::Fatal);
        }
        let began_at = self.clock.now();
        let (mut tx, begun) = self.begin(batch.len() > 1).await?;
        let committed = match begun {
            Ok(()) => transact(&mut tx, batch).await,
            Err(verdict) => Err(verdict),
        };
        match committed {
            Ok(()) => {
                self.batches.fetch_add(1, Ordering::Relaxed);
                let took = self.clock.now().0.saturating_sub(began_at.0);
                record_batch(took, batch.len());
                self.tx = Some(tx);
            }
            Err(Verdict::Fatal) => {
                self.halted.send_replace(true);
            }
            // A connection that cannot even roll back is dropped, and the next attempt opens another.
            Err(
                Verdict::Conflict
                | Verdict::Full
                | Verdict::Refused
                | Verdict::Retry
                | Verdict::Unreachable,
            ) => {
                if tx.end("ROLLBACK").await.is_ok() {
                    self.tx = Some(tx);
                }
            }
        }
        committed
    }

    /// Begins a transaction; a connection that a server cut while nobody used it is made anew.
    async fn begin(&mut self, is_shared: bool) -> Result<(Tx, Result<(), Verdict>), Verdict> {
        let statement = match (self.pool.dialect(), is_shared) {
            (Dialect::Sqlite, false) => "BEGIN IMMEDIATE",
            (Dialect::Sqlite, true) => "BEGIN IMMEDIATE; SAVEPOINT caller",
            (Dialect::Postgres, false) => "BEGIN ISOLATION LEVEL SERIALIZABLE",
            (Dialect::Postgres, true) => "BEGIN ISOLATION LEVEL SERIALIZABLE; SAVEPOINT caller",
        };
        if let Some(mut tx) = self.tx.take() {
            let begun = tx.begin(statement).await;
            if (tx.dialect(), begun) != (Dialect::Postgres, Err(Verdict::Unreachable)) {
                return Ok((tx, begun));
            }
        }
        let mut tx = Tx::on(self.connect().await?);
        let begun = tx.begin(statement).await;
        Ok((tx, begun))
    }

    async fn connect(&mut self) -> Result<Conn, Verdict> {
        let acquired = self.pool.acquire().await;
        if let Err(Verdict::Fatal) = acquired {
            self.halted.send_replace(true);
        }
        acquired
    }

    /// Moves the write-ahead log into the database file and empties it; `wait` bounds how long readers hold it up.
    async fn checkpoint(&mut self, wait: &'static str) -> Result<(), StoreError> {
        if *self.halted.borrow() {
            return Err(StoreError::Halted);
        }
        let mut tx = match self.tx.take() {
            Some(tx) => tx,
            None => Tx::on(self.connect().await.map_err(refusal)?),
        };
        if tx.dialect() == Dialect::Postgres {
            self.tx = Some(tx);
            return Ok(());
        }
        tx.raw(wait).await.map_err(refusal)?;
        let row =
            tx.fetch_one("-- store.checkpoint\nPRAGMA wal_checkpoint(TRUNCATE)", Vec::new()).await;
        if tx.take_failure() == Some(Verdict::Fatal) {
            self.halted.send_replace(true);
            return Err(StoreError::Halted);
        }
        tx.raw("PRAGMA busy_timeout = 5000").await.map_err(refusal)?;
        self.tx = Some(tx);
        match row?.int(0)? {
            0 => Ok(()),
            _ => Err(StoreError::Unavailable),
        }
    }

    /// Refuses what still waits, empties the write-ahead log and closes the connection.
    async fn shut(mut self) {
        self.queue.close();
        while let Some(message) = self.queue.recv().await {
            match message {
                Message::Write(job) => job.answer(Some(StoreError::Closed)),
                Message::Checkpoint(reply) => drop(reply.send(Err(StoreError::Closed))),
                Message::Close(reply) => drop(reply.send(()).ok()),
            }
        }
        drop(self.checkpoint(WAIT_LONG).await);
        drop(self.tx.take());
        self.pool.close().await;
    }
}

/// Runs the bodies in the open transaction and commits it.
async fn transact(tx: &mut Tx, batch: &mut [Caller]) -> Result<(), Verdict> {
    // A caller alone needs no savepoint: its failure ends the transaction.
    let is_shared = batch.len() > 1;
    for caller in &mut *batch {
        let is_done = caller.job.run(tx).await;
        let failure = tx.take_failure();
        match failure {
            Some(Verdict::Fatal | Verdict::Full | Verdict::Retry | Verdict::Unreachable) => {
                return Err(failure.unwrap_or(Verdict::Refused));
            }
            Some(Verdict::Conflict | Verdict::Refused) if is_done => {
                // The body went on after a failed statement; PostgreSQL would refuse to keep its work.
                caller.refusal = Some(StoreError::Conflict(caller.job.name()));
            }
            Some(Verdict::Conflict | Verdict::Refused) | None => {}
        }
        let is_kept = is_done && failure.is_none();
        if is_shared {
            tx.raw(if is_kept {
                "RELEASE SAVEPOINT caller; SAVEPOINT caller"
            } else {
                "ROLLBACK TO SAVEPOINT caller"
            })
            .await?;
        } else if !is_kept {
            return tx.end("ROLLBACK").await;
        }
    }
    tx.end("COMMIT").await.map_err(|verdict| match (tx.dialect(), verdict) {
        // The connection broke while the server was committing: nobody knows the outcome.
        (Dialect::Postgres, Verdict::Unreachable) => Verdict::Fatal,
        (Dialect::Sqlite | Dialect::Postgres, verdict) => verdict,
    })
}

fn answer_all(batch: Vec<Caller>, refusal: impl Fn() -> Option<StoreError>) {
    for caller in batch {
        let refusal = refusal().or(caller.refusal);
        caller.job.answer(refusal);
    }
}

/// What the callers of a transaction that failed as a whole are told.
fn refusal(verdict: Verdict) -> StoreError {
    match verdict {
        Verdict::Fatal => StoreError::Halted,
        Verdict::Full => StoreError::Full,
        Verdict::Conflict | Verdict::Refused | Verdict::Retry | Verdict::Unreachable => {
            StoreError::Unavailable
        }
    }
}

fn record_batch(took_us: i64, callers: usize) {
    let seconds = Duration::from_micros(u64::try_from(took_us).unwrap_or(0)).as_secs_f64();
    metrics::histogram!("store_commit_seconds").record(seconds);
    let callers = u32::try_from(callers).unwrap_or(u32::MAX);
    metrics::histogram!("store_batch_callers").record(f64::from(callers));
}
