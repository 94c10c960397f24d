//! Takes in the rows of a file while it streams: read, scored and kept side by side, in batches that are done or not.

use std::collections::HashSet;

use schemars::JsonSchema;
use serde::Serialize;
use tokio::io::AsyncRead;
use tokio::sync::mpsc;

use crate::domain::id::ObjectId;
use crate::node::casework::audit_trail::done;
use crate::node::casework::imports::batch::{Batch, Reading, refuse_other};
use crate::node::casework::imports::begin::ImportView;
use crate::node::casework::imports::frames::Span;
use crate::node::casework::imports::rows::{Kept, Row};
use crate::node::casework::imports::score::Prices;
use crate::node::casework::permits::Covers;
use crate::node::casework::{Desk, Error};
use crate::node::mappings::Mapping;
use crate::node::store::audit_events::{self, NewAuditEvent};
use crate::node::store::declarations::{self, Declaration};
use crate::node::store::imported_rows::{self, ImportedIdentifier, ImportedRow, Stands};
use crate::node::store::imports::{self, Import, Refusal};
use crate::node::store::{Param, StoreError, Tx};
use crate::policy::{Action, Permit};

/// The most remarks that a report lists; the counts are whole.
const REMARKS_MAX: usize = 1_000;

/// A remark on a row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct RowRemark {
    /// The line of the file; its first is line 1.
    pub row: u64,
    /// What is odd.
    pub reason: String,
}

/// What became of a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ImportReport {
    /// How the import stands now.
    #[serde(flatten)]
    pub import: ImportView,
    /// Rows that this run did; the others were done before.
    pub rows_new: i64,
    /// What is odd in the rows of this run, for the first thousand.
    pub warnings: Vec<RowRemark>,
}

/// A batch as it goes into the store.
struct Write {
    before: Import,
    after: Import,
    declarations: Vec<Declaration>,
    others: Vec<ImportedRow>,
    identifiers: Vec<ImportedIdentifier>,
    ids: Vec<Param>,
    spans: Vec<(String, Span)>,
    warned: HashSet<String>,
    refusals: Vec<Refusal>,
    event: NewAuditEvent,
}

impl Desk {
    /// Takes in the rows of a file that are not done yet. A row that cannot be kept is noted and hurts no other; one
    /// that an import of another file brought before is replaced.
    ///
    /// The file is sent from its first byte each time; rows that are done are passed over. Of a finished import the same
    /// file gives the report again.
    ///
    /// # Errors
    /// [`Error::Invalid`] if the file is not in the form of its mapping, breaks off, is not the one that was announced, or
    /// does not begin as the one whose rows were taken in before; [`Error::Conflict`] if somebody else imports it now. What
    /// was kept before stays, and the same file sent again goes on from there.
    pub async fn import_rows<R: AsyncRead + Unpin + Send + 'static>(
        &self,
        permit: &Permit,
        id: ObjectId,
        file: R,
    ) -> Result<ImportReport, Error> {
        permit.covers(Action::Import, None)?;
        self.has_room()?;
        let import = self.import_row(id).await?;
        let begun = import.rows_done;
        if import.finished_at.is_some() {
            refuse_other(file, &import.sha256).await?;
            return Ok(ImportReport { import: import.into(), rows_new: 0, warnings: Vec::new() });
        }
        let mapping = Mapping::parse(&import.mapping).map_err(Error::internal)?;
        let (read_out, read) = mpsc::channel::<Batch>(2);
        let (scored_out, scored) = mpsc::channel::<Batch>(1);
        let reader = Reading::of(&import, mapping, self.clock.now().0).start(file, read_out);
        let (import, warnings) = {
            let scoring = self.score_batches(read, scored_out);
            let keeping = self.keep_batches(permit, import, scored);
            let ((), kept) = tokio::try_join!(scoring, keeping)?;
            kept
        };
        reader.await.map_err(Error::internal)??;
        let import = self.finish_import(import).await?;
        let rows_new = import.rows_done.saturating_sub(begun);
        Ok(ImportReport { import: import.into(), rows_new, warnings })
    }

    /// Scores declarations by what is known of prices.
    async fn score_batches(
        &self,
        mut batches: mpsc::Receiver<Batch>,
        out: mpsc::Sender<Batch>,
    ) -> Result<(), Error> {
        let mut prices = Prices::default();
        while let Some(mut batch) = batches.recv().await {
            self.learn_prices(&mut prices, &batch.rows).await?;
            for row in &batch.rows {
                prices.add(row);
            }
            prices.score(&mut batch.rows);
            if out.send(batch).await.is_err() {
                break;
            }
        }
        Ok(())
    }

    /// Reads the prices of commodities and chapters that are new in this import.
    async fn learn_prices(&self, prices: &mut Prices, rows: &[Row]) -> Result<(), Error> {
        let new = prices.unknown(rows);
        if new.is_empty() {
            return Ok(());
        }
        let known = self
            .store
            .read("declaration_prices", move |tx| {
                Box::pin(async move {
                    let mut known = Vec::with_capacity(new.len());
                    for group in new {
                        let (first, last) = (format!("{group:0<6}"), format!("{group:9<6}"));
                        let limit = i64::try_from(Prices::SAMPLES_MAX).unwrap_or(i64::MAX);
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

    /// Keeps each batch; gives how the import stands after the last one, and what is odd.
    async fn keep_batches(
        &self,
        permit: &Permit,
        mut import: Import,
        mut batches: mpsc::Receiver<Batch>,
    ) -> Result<(Import, Vec<RowRemark>), Error> {
        let mut warnings = Vec::new();
        while let Some(batch) = batches.recv().await {
            let room = REMARKS_MAX - warnings.len();
            let odd = batch.rows.iter().filter(|row| !row.warnings.is_empty()).take(room);
            warnings.extend(
                odd.map(|row| RowRemark { row: row.span.line, reason: row.warnings.join("; ") }),
            );
            let event = NewAuditEvent {
                detail: Some(format!("{} rows of a {} file", batch.lines, import.kind)),
                ..done(permit, self.clock.now(), import.id.parse().ok())
            };
            let write = write_of(import, batch, event);
            import = self
                .store
                .write_with("import_rows", write, |tx, write| Box::pin(keep(tx, write)))
                .await
                .map_err(taken)?;
        }
        Ok((import, warnings))
    }

    async fn finish_import(&self, import: Import) -> Result<Import, Error> {
        let finished = Import { finished_at: Some(self.clock.now().0), ..import };
        let done = finished.clone();
        self.store
            .write_with("finish_import", done, |tx, import| {
                Box::pin(async move {
                    let at = import.finished_at.unwrap_or_default();
                    imports::finish(tx, &import.id, import.rows_done, at).await
                })
            })
            .await
            .map_err(taken)?;
        Ok(finished)
    }
}

/// Another run that moved the import on is told as such. That may be one whose command is gone: what had arrived of the file
/// is still done.
fn taken(error: StoreError) -> Error {
    match error {
        StoreError::Conflict(_) => Error::Conflict(
            "this file is being imported just now, by a colleague or by a command that was ended a moment ago: wait a little and run it again, it goes on from there".to_owned(),
        ),
        other => other.into(),
    }
}

/// What a batch writes: rows whose number stands twice in it are refused but for the first.
fn write_of(before: Import, batch: Batch, event: NewAuditEvent) -> Write {
    let mut write = Write {
        after: Import {
            rows_done: before.rows_done + batch.lines,
            taken_bytes: place(batch.taken.map_or(0, |taken| taken.bytes)),
            taken_sha256: batch.taken.map_or([0; 32], |taken| taken.sha256),
            ..before.clone()
        },
        before,
        declarations: Vec::new(),
        others: Vec::new(),
        identifiers: Vec::new(),
        ids: Vec::new(),
        spans: Vec::new(),
        warned: HashSet::new(),
        refusals: Vec::new(),
        event,
    };
    let mut lines = std::collections::HashMap::new();
    let mut refused = batch.refusals;
    for row in batch.rows {
        let id = row.id().to_owned();
        if let Some(line) = lines.get(&id) {
            refused.push((row.span, stands_twice(*line)));
            continue;
        }
        lines.insert(id.clone(), i64::try_from(row.span.line).unwrap_or(i64::MAX));
        if !row.warnings.is_empty() {
            write.warned.insert(id.clone());
        }
        write.ids.push(Param::from(id.as_str()));
        write.spans.push((id, row.span));
        write.identifiers.extend(row.identifiers);
        match row.kept {
            Kept::Declaration(declaration) => write.declarations.push(*declaration),
            Kept::Other(other) => write.others.push(*other),
        }
    }
    let import = &write.before.id;
    write.refusals = refused.into_iter().map(|(span, why)| refusal(import, span, why)).collect();
    write
}

fn refusal(import: &str, span: Span, reason: String) -> Refusal {
    Refusal {
        import: import.to_owned(),
        first_byte: place(span.first),
        end_byte: place(span.end),
        line: place(span.line),
        reason,
    }
}

fn place(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn stands_twice(line: i64) -> String {
    format!("its number stands in line {line} before")
}

/// Keeps a batch and moves the import on, both or neither.
async fn keep(tx: &mut Tx, write: &Write) -> Result<Import, StoreError> {
    let kept = declarations::put_new(tx, &write.declarations).await?
        + imported_rows::put_new(tx, &write.others).await?;
    let twice = if kept == u64::try_from(write.spans.len()).unwrap_or(u64::MAX) {
        Vec::new()
    } else {
        standing_elsewhere(tx, write).await?
    };
    let is_twice = |id: &str| twice.iter().any(|(stands, _)| stands.id == *id);
    if twice.is_empty() {
        identify(tx, write, write.ids.clone(), &write.identifiers).await?;
    } else {
        let new = |id: &str| !is_twice(id);
        let ids = write.spans.iter().filter(|(id, _)| new(id)).map(|(id, _)| Param::from(id));
        let rows = write.identifiers.iter().filter(|row| new(&row.id)).cloned();
        identify(tx, write, ids.collect(), &rows.collect::<Vec<_>>()).await?;
    }
    let mut refusals = write.refusals.clone();
    refusals.extend(
        twice
            .iter()
            .map(|(stands, span)| refusal(&write.before.id, *span, stands_twice(stands.line))),
    );
    imports::refuse_all(tx, &refusals).await?;
    let count = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
    let warned = write.warned.iter().filter(|id| !is_twice(id)).count();
    let after = Import {
        accepted: write.before.accepted + count(write.spans.len() - twice.len()),
        warned: write.before.warned + count(warned),
        refused: write.before.refused + count(refusals.len()),
        ..write.after.clone()
    };
    imports::advance(tx, write.before.rows_done, &after).await?;
    audit_events::append(tx, &write.event).await?;
    Ok(after)
}

/// The rows of a batch whose number this import kept from another line before.
async fn standing_elsewhere(tx: &mut Tx, write: &Write) -> Result<Vec<(Stands, Span)>, StoreError> {
    let import = &write.before.id;
    let found = if write.others.is_empty() {
        declarations::standing(tx, import, write.ids.clone()).await?
    } else {
        imported_rows::standing(tx, &write.before.kind, import, write.ids.clone()).await?
    };
    let mut twice = Vec::new();
    for stands in found {
        let span = write.spans.iter().find(|(id, _)| *id == stands.id).map(|(_, span)| *span);
        let is_other = |span: &Span| i64::try_from(span.line) != Ok(stands.line);
        if let Some(span) = span.filter(is_other) {
            twice.push((stands, span));
        }
    }
    Ok(twice)
}

async fn identify(
    tx: &mut Tx,
    write: &Write,
    ids: Vec<Param>,
    rows: &[ImportedIdentifier],
) -> Result<(), StoreError> {
    imported_rows::identify(tx, &write.before.kind, ids, rows).await
}
