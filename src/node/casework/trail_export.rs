//! Exports a part of the audit trail as a file that whoever has the card of the authority can check without the node.

use std::io::Write;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use schemars::JsonSchema;
use serde::Deserialize;
use sha2::{Digest as _, Sha256};

use crate::audit::trail::{Entry, FORMAT, Head, Line, Seal};
use crate::domain::id::ObjectId;
use crate::domain::time::{Date, Timestamp};
use crate::node::casework::append::Authorship;
use crate::node::casework::audit_trail::done;
use crate::node::casework::permits::Covers;
use crate::node::casework::{Desk, Error, Held};
use crate::node::log::proof::tlog_proof;
use crate::node::rng::random;
use crate::node::store::audit_events::{self, AuditEvent, NewAuditEvent};
use crate::node::store::{StoreError, Tx};
use crate::policy::{Action, Permit};
use crate::record::kinds::audit::TrailExported;

/// Entries that are read at a time.
const STEP_ROWS: i64 = 500;

/// The microseconds of a day.
const DAY: i64 = 86_400_000_000;

/// How long an export waits until its seal is in the log.
const SEAL_WAIT: Duration = Duration::from_secs(10);

/// Which part of the trail to export.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TrailRange {
    /// From this day on, such as `2026-11-01`, UTC.
    pub from: String,
    /// Until this day, which is part of it.
    pub to: String,
}

/// The places of what is exported: the entries of the time with the one before and the one after.
struct Places {
    first: i64,
    last: i64,
    is_end: bool,
}

/// What was written so far.
struct Written<W> {
    writer: W,
    digest: Sha256,
    entries: i64,
    first: Option<AuditEvent>,
    last: Option<AuditEvent>,
}

impl Desk {
    /// Writes a part of the trail, sealed by a record of this authority that is in its log before the file is given out. The
    /// entries hold no content of cases, as the trail does not.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a day that is none or a part that ends before it begins; if store or writer fail.
    pub async fn export_trail<W: Write + Send + 'static>(
        &self,
        permit: &Permit,
        range: &TrailRange,
        writer: W,
    ) -> Result<W, Error> {
        permit.covers(Action::AuditExport, None)?;
        let (from, to) = times(range)?;
        let places = self
            .store
            .read("trail_places", move |tx| Box::pin(async move { places(tx, from, to).await }));
        let places = places.await.map_err(|error: StoreError| Error::from(error))?;
        let head =
            Head { format: FORMAT.to_owned(), authority: self.authority.to_string(), from, to };
        let mut written =
            Written { writer, digest: Sha256::new(), entries: 0, first: None, last: None };
        written = write(written, text(&Line::Trail(head))?, Vec::new()).await?;
        written = self.write_entries(written, &places).await?;
        let payload = TrailExported {
            from,
            to,
            entries: written.entries,
            first: written.first.as_ref().map(|event| event.seq),
            last: written.last.as_ref().map(|event| event.seq),
            prev_hash: written.first.as_ref().map_or([0; 32], |event| event.prev),
            last_hash: written.last.as_ref().map_or([0; 32], |event| event.hash),
            is_end: places.is_end.into(),
            lines: written.digest.clone().finalize().into(),
        };
        let seal = self.seal_export(permit, &payload).await?;
        let written = write(written, text(&Line::Seal(seal))?, Vec::new()).await?;
        Ok(written.writer)
    }

    async fn write_entries<W: Write + Send + 'static>(
        &self,
        mut written: Written<W>,
        places: &Places,
    ) -> Result<Written<W>, Error> {
        let mut after = places.first.saturating_sub(1);
        while after < places.last {
            let page = self.store.read("trail_page", move |tx| {
                Box::pin(async move { audit_events::after(tx, after, STEP_ROWS).await })
            });
            let mut page = page.await.map_err(|error: StoreError| Error::from(error))?;
            page.retain(|event| event.seq <= places.last);
            let Some(end) = page.last().map(|event| event.seq) else { break };
            let mut lines = String::new();
            for event in &page {
                lines.push_str(&text(&Line::Entry(entry(event)))?);
            }
            written.digest.update(&lines);
            written = write(written, lines, page).await?;
            after = end;
        }
        Ok(written)
    }

    /// Signs what was written, and waits until that is in the log.
    async fn seal_export(&self, permit: &Permit, payload: &TrailExported) -> Result<Seal, Error> {
        let object = ObjectId::from_random(random(&*self.rng));
        let prepared = self.author(object, Authorship::of(permit, None), payload).await?;
        let hash = prepared.hash();
        let statement = STANDARD.encode(prepared.held.statement().bytes());
        let leaves = match &prepared.held {
            Held::Whole(record) => {
                record.leaves().iter().map(|leaf| STANDARD.encode(leaf)).collect()
            }
            Held::Part(_) => Vec::new(),
        };
        let place = |place: Option<i64>| place.map_or("none".to_owned(), |place| place.to_string());
        let detail = format!("entries {} to {}", place(payload.first), place(payload.last));
        let event = done(permit, self.clock.now(), Some(object));
        let event = NewAuditEvent { detail: Some(detail), ..event };
        let seq =
            self.store.write_with("seal_export", (prepared, event), |tx, (prepared, event)| {
                Box::pin(async move {
                    let seq = prepared.append(tx).await?;
                    audit_events::append(tx, event).await?;
                    Ok(seq)
                })
            });
        let seq = seq.await.map_err(|error: StoreError| Error::from(error))?;
        self.committed();
        let is_sealed = tokio::time::timeout(SEAL_WAIT, self.signals.sealed_through(seq)).await;
        if is_sealed.is_err() {
            tracing::warn!("an exported audit trail is given out before its seal is in the log");
        }
        let proof = tlog_proof(&self.store, hash.0).await.map_err(Error::internal)?;
        Ok(Seal { statement, leaves, proof })
    }
}

/// Writes lines beside the async workers.
async fn write<W: Write + Send + 'static>(
    mut written: Written<W>,
    lines: String,
    page: Vec<AuditEvent>,
) -> Result<Written<W>, Error> {
    let work = tokio::task::spawn_blocking(move || {
        written.writer.write_all(lines.as_bytes())?;
        for event in page {
            written.entries = written.entries.saturating_add(1);
            written.first.get_or_insert_with(|| event.clone());
            written.last = Some(event);
        }
        Ok(written)
    });
    let done: std::io::Result<_> = work.await.map_err(Error::internal)?;
    done.map_err(|error| match error.kind() {
        std::io::ErrorKind::StorageFull => Error::Full,
        _ => Error::internal(error),
    })
}

async fn places(tx: &mut Tx, from: i64, to: i64) -> Result<Places, StoreError> {
    let newest = audit_events::last(tx).await?.map_or(0, |last| last.seq);
    let first = audit_events::first_since(tx, from).await?.unwrap_or(i64::MAX);
    let before = audit_events::place_before(tx, first).await?;
    let last = audit_events::last_until(tx, to).await?.unwrap_or(0);
    let after = audit_events::place_after(tx, last).await?;
    Ok(Places {
        first: before.unwrap_or(first),
        last: after.unwrap_or(newest),
        is_end: after.is_none(),
    })
}

fn times(range: &TrailRange) -> Result<(i64, i64), Error> {
    let day = |path: &'static str, text: &str| -> Result<Date, Error> {
        text.trim().parse::<Date>().map_err(|error| Error::invalid(path, error.to_string()))
    };
    let (from, to) = (day("from", &range.from)?, day("to", &range.to)?);
    if to < from {
        return Err(Error::invalid("to", "is before the first day"));
    }
    Ok((from.start().0, to.start().0.saturating_add(DAY).saturating_sub(1)))
}

fn text(line: &Line) -> Result<String, Error> {
    line.to_text().map_err(Error::internal)
}

fn entry(event: &AuditEvent) -> Entry {
    Entry {
        seq: event.seq,
        time: Timestamp(event.at).to_string(),
        at: event.at,
        actor: event.actor.clone(),
        role: event.role.clone(),
        action: event.action.clone(),
        object: event.object.clone(),
        purpose: event.purpose.clone(),
        outcome: event.outcome.clone(),
        detail: event.detail.clone(),
        prev: hex::encode(event.prev),
        hash: hex::encode(event.hash),
    }
}
