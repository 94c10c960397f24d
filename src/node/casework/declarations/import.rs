//! Imports a file of declarations while it streams, in batches; nothing of it becomes a record yet.

use std::collections::HashSet;

use schemars::JsonSchema;
use serde::Serialize;
use tokio::io::AsyncRead;
use tokio::sync::mpsc;
use tokio_util::io::SyncIoBridge;

use crate::domain::finding::short_text;
use crate::node::casework::audit_trail::done;
use crate::node::casework::declarations::rows::{Line, Row, read_rows};
use crate::node::casework::declarations::score::{Prices, SAMPLES_MAX, groups};
use crate::node::casework::permits::Covers;
use crate::node::casework::{Desk, Error};
use crate::node::store::StoreError;
use crate::node::store::audit_events::{self, NewAuditEvent};
use crate::node::store::declarations::{self, Declaration};
use crate::policy::{Action, Permit};

/// Rows that are scored and written together.
const BATCH_ROWS: usize = 500;

/// The most remarks of each kind that a report lists; the counts are whole.
const REMARKS_MAX: usize = 1_000;

/// A remark on a row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct RowRemark {
    /// The line of the file; the header is line 1.
    pub row: u64,
    /// What is odd or wrong.
    pub reason: String,
}

/// What became of the rows of a file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ImportReport {
    /// The file.
    pub source: String,
    /// Rows that are kept.
    pub accepted: u64,
    /// Rows among them that an officer should look at.
    pub warned: u64,
    /// Rows that are not kept.
    pub refused: u64,
    /// What is odd, for the first thousand.
    pub warnings: Vec<RowRemark>,
    /// What is wrong, for the first thousand.
    pub refusals: Vec<RowRemark>,
}

impl ImportReport {
    fn refuse(&mut self, row: u64, reason: String) {
        self.refused += 1;
        if self.refusals.len() < REMARKS_MAX {
            self.refusals.push(RowRemark { row, reason });
        }
    }

    fn accept(&mut self, row: &Row) {
        self.accepted += 1;
        if row.warnings.is_empty() {
            return;
        }
        self.warned += 1;
        if self.warnings.len() < REMARKS_MAX {
            let reason = row.warnings.join("; ");
            self.warnings.push(RowRemark { row: row.line, reason });
        }
    }
}

impl Desk {
    /// Imports a CSV file of declarations and scores each. A row that cannot be kept is reported and hurts no other.
    /// A declaration that was imported before is replaced.
    ///
    /// # Errors
    /// [`Error::Invalid`] if it is no such file or breaks off; batches before that are kept.
    pub async fn import_declarations<R: AsyncRead + Unpin + Send + 'static>(
        &self,
        permit: &Permit,
        source: &str,
        file: R,
    ) -> Result<ImportReport, Error> {
        permit.covers(Action::Import, None)?;
        self.has_room()?;
        let source =
            short_text("source", source).map_err(|error| Error::invalid("source", error.reason))?;
        let mut report = ImportReport { source: source.clone(), ..ImportReport::default() };
        let (out, mut lines) = mpsc::channel::<Vec<Line>>(2);
        let now = self.clock.now().0;
        let reader = tokio::task::spawn_blocking(move || {
            let mut batch = Vec::with_capacity(BATCH_ROWS);
            let read = read_rows(SyncIoBridge::new(file), &source, now, |line| {
                batch.push(line);
                // When nobody listens any more the import has failed elsewhere.
                batch.len() < BATCH_ROWS || out.blocking_send(std::mem::take(&mut batch)).is_ok()
            });
            if !batch.is_empty() {
                drop(out.blocking_send(batch));
            }
            read
        });
        let mut prices = Prices::default();
        while let Some(batch) = lines.recv().await {
            self.import_batch(permit, batch, &mut prices, &mut report).await?;
        }
        reader.await.map_err(Error::internal)??;
        Ok(report)
    }

    async fn import_batch(
        &self,
        permit: &Permit,
        batch: Vec<Line>,
        prices: &mut Prices,
        report: &mut ImportReport,
    ) -> Result<(), Error> {
        let mut rows = Vec::with_capacity(batch.len());
        let mut seen = HashSet::new();
        for line in batch {
            match line {
                Line::Refused(line, reason) => report.refuse(line, reason),
                Line::Row(row) if seen.insert(row.declaration.id.clone()) => rows.push(*row),
                Line::Row(row) => {
                    report.refuse(row.line, "its Declaration ID stands in a row before".to_owned());
                }
            }
        }
        self.learn_prices(prices, &rows).await?;
        for row in &rows {
            prices.add(&row.declaration);
        }
        prices.score(&mut rows);
        self.keep_rows(permit, &rows).await?;
        for row in &rows {
            report.accept(row);
        }
        Ok(())
    }

    /// Reads the prices of commodities and chapters that are new in this import.
    async fn learn_prices(&self, prices: &mut Prices, rows: &[Row]) -> Result<(), Error> {
        let groups = rows.iter().flat_map(|row| groups(&row.declaration.hs6));
        let new: HashSet<String> =
            groups.filter(|group| !prices.knows(group)).map(str::to_owned).collect();
        let known = self
            .store
            .read("declaration_prices", move |tx| {
                Box::pin(async move {
                    let limit = i64::try_from(SAMPLES_MAX).unwrap_or(i64::MAX);
                    let mut known = Vec::with_capacity(new.len());
                    for group in new {
                        let (first, last) = (format!("{group:0<6}"), format!("{group:9<6}"));
                        let found = declarations::prices(tx, &first, &last, limit).await?;
                        known.push((group, found));
                    }
                    Ok(known)
                })
            })
            .await
            .map_err(|error: StoreError| Error::from(error))?;
        for (group, found) in known {
            prices.learn(&group, &found);
        }
        Ok(())
    }

    async fn keep_rows(&self, permit: &Permit, rows: &[Row]) -> Result<(), Error> {
        let declarations: Vec<Declaration> =
            rows.iter().map(|row| row.declaration.clone()).collect();
        if declarations.is_empty() {
            return Ok(());
        }
        let detail = Some(format!("{} declarations", declarations.len()));
        let event = NewAuditEvent { detail, ..done(permit, self.clock.now(), None) };
        self.store
            .write_with("import_declarations", (declarations, event), |tx, (rows, event)| {
                Box::pin(async move {
                    declarations::put_all(tx, rows).await?;
                    audit_events::append(tx, event).await.map(drop)
                })
            })
            .await
            .map_err(|error: StoreError| error.into())
    }
}
