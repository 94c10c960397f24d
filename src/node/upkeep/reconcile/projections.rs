//! Rows that claim to come from records, from the side of the rows: each must have its records, and a blob its files.

use std::path::Path;
use std::time::Duration;

use crate::domain::id::ObjectId;
use crate::node::blobs::GROUP_BYTES;
use crate::node::casework::Error;
use crate::node::store::blobs::{self, Blob, BlobState};
use crate::node::store::cases::{self, CaseFilter};
use crate::node::store::evidence::{self, CustodyEvent};
use crate::node::store::records;
use crate::node::store::requests::{self, RequestAct, RequestFilter};
use crate::node::store::{Page, StoreError, Tx, search};
use crate::node::upkeep::Findings;
use crate::node::upkeep::log_check::CheckError;
use crate::node::upkeep::reconcile::objects::ROW_DIFFERS;
use crate::node::upkeep::reconcile::{Audit, PAGE, Reconciled};

/// A node writes a new state within this time after an act.
const SETTLE: Duration = Duration::from_secs(2);
/// What to do about evidence whose files are gone.
const BLOB_LOST: &str =
    "look for the file in a backup (data/blobs) and put it back while the node is stopped";

/// Looks at all rows.
pub(super) async fn check(audit: &Audit, done: &mut Reconciled) -> Result<(), CheckError> {
    check_cases(audit, done).await?;
    check_search(audit, done).await?;
    check_evidence(audit, done).await?;
    check_requests(audit, done).await?;
    check_blobs(audit, done).await
}

async fn check_cases(audit: &Audit, done: &mut Reconciled) -> Result<(), CheckError> {
    let mut page = Page::first(PAGE);
    loop {
        let wanted = page.clone();
        let rows = audit
            .store
            .read("audit_cases", move |tx| {
                Box::pin(async move {
                    let rows = cases::list(tx, &CaseFilter::default(), &wanted).await?;
                    let mut found = Vec::with_capacity(rows.len());
                    for row in rows {
                        let has_records = has_records(tx, &row.id).await?;
                        found.push((row.opened_at, row.id, has_records));
                    }
                    Ok::<_, StoreError>(found)
                })
            })
            .await?;
        for (_, id, has_records) in &rows {
            count(done);
            if !has_records {
                done.findings.add(format!("case {id}"), "has a row and no records", ROW_DIFFERS);
            }
        }
        let Some((at, id, _)) = rows.into_iter().next_back() else { return Ok(()) };
        page = Page::after_row(at, id, PAGE);
    }
}

/// Search knows no case that is none. What it knows of each case is compared with its records.
async fn check_search(audit: &Audit, done: &mut Reconciled) -> Result<(), CheckError> {
    let orphans = audit
        .store
        .read("audit_search", |tx| Box::pin(async move { search::orphans(tx, PAGE).await }))
        .await
        .map_err(|error: StoreError| error)?;
    for id in orphans {
        done.findings.add(format!("case {id}"), "can be searched for and has no row", ROW_DIFFERS);
    }
    Ok(())
}

async fn check_evidence(audit: &Audit, done: &mut Reconciled) -> Result<(), CheckError> {
    let mut page = Page::first(PAGE);
    loop {
        let wanted = page.clone();
        let rows = audit
            .store
            .read("audit_evidence", move |tx| {
                Box::pin(async move {
                    let rows = evidence::list(tx, None, None, &wanted).await?;
                    let mut found = Vec::with_capacity(rows.len());
                    for row in rows {
                        let faults = item_faults(tx, &row.id).await?;
                        found.push((row.created_at, row.id, faults));
                    }
                    Ok::<_, StoreError>(found)
                })
            })
            .await?;
        for (_, id, faults) in &rows {
            count(done);
            for fault in faults {
                done.findings.add(format!("evidence {id}"), *fault, ROW_DIFFERS);
            }
        }
        let Some((at, id, _)) = rows.into_iter().next_back() else { return Ok(()) };
        page = Page::after_row(at, id, PAGE);
    }
}

/// An item has records, and each link of its custody chain has one.
async fn item_faults(tx: &mut Tx, id: &str) -> Result<Vec<&'static str>, StoreError> {
    let mut faults = Vec::new();
    if !has_records(tx, id).await? {
        faults.push("has a row and no records");
    }
    for (place, CustodyEvent { position, record_hash, .. }) in
        (0..).zip(evidence::custody_of(tx, id).await?)
    {
        if position != place {
            faults.push("a link of its custody chain is missing");
        }
        if !records::exists(tx, &record_hash).await? {
            faults.push("a link of its custody chain has no record");
        }
    }
    Ok(faults)
}

async fn check_requests(audit: &Audit, done: &mut Reconciled) -> Result<(), CheckError> {
    let mut page = Page::first(PAGE);
    loop {
        let wanted = page.clone();
        let rows = audit
            .store
            .read("audit_requests", move |tx| {
                Box::pin(async move {
                    let rows = requests::list(tx, &RequestFilter::default(), &wanted).await?;
                    let mut found = Vec::with_capacity(rows.len());
                    for row in rows {
                        let mut faults = Vec::new();
                        for act in requests::acts(tx, &row.id).await? {
                            faults.extend(act_fault(tx, &act).await?);
                        }
                        found.push((row.created_at, row.id, faults));
                    }
                    Ok::<_, StoreError>(found)
                })
            })
            .await?;
        for (_, id, faults) in &rows {
            count(done);
            for fault in faults {
                done.findings.add(format!("request {id}"), *fault, ROW_DIFFERS);
            }
            if let Some(fault) = state_fault(audit, id).await? {
                done.findings.add(format!("request {id}"), fault, ROW_DIFFERS);
            }
        }
        let Some((at, id, _)) = rows.into_iter().next_back() else { return Ok(()) };
        page = Page::after_row(at, id, PAGE);
    }
}

/// The state that lists show is the one that the acts give. A running node may be about to write it: one more look.
async fn state_fault(audit: &Audit, id: &str) -> Result<Option<String>, CheckError> {
    let Ok(id) = id.parse::<ObjectId>() else {
        return Ok(Some("its id is not one of an object".to_owned()));
    };
    for is_last in [false, true] {
        let (kept, derived) = match audit.desk.request_states(id).await {
            Ok(states) => states,
            Err(error @ (Error::Unavailable(_) | Error::Full)) => return Err(error.into()),
            // What cannot be read is told where records are checked.
            Err(_) => return Ok(None),
        };
        if kept == derived {
            return Ok(None);
        }
        if is_last {
            return Ok(Some(format!("the column state is {kept}, and its acts give {derived}")));
        }
        tokio::time::sleep(SETTLE).await;
    }
    Ok(None)
}

async fn act_fault(tx: &mut Tx, act: &RequestAct) -> Result<Option<&'static str>, StoreError> {
    let record = records::get(tx, &act.record_hash).await?;
    Ok(match record {
        None => Some("an act has no record"),
        Some(record) if record.author != act.author || record.object != act.request_id => {
            Some("an act differs from its record")
        }
        Some(_) => None,
    })
}

/// A finished blob has its files. Their bytes are compared by `sealane evidence verify`.
async fn check_blobs(audit: &Audit, done: &mut Reconciled) -> Result<(), CheckError> {
    let mut after = String::new();
    loop {
        let from = after.clone();
        let rows = audit
            .store
            .read("audit_blobs", move |tx| {
                Box::pin(async move { blobs::after(tx, &from, PAGE).await })
            })
            .await?;
        let Some(last) = rows.last() else { return Ok(()) };
        after.clone_from(&last.name);
        for row in rows.iter().filter(|row| row.state == BlobState::Complete) {
            count(done);
            check_files(&audit.blobs, row, &mut done.findings);
        }
    }
}

/// A blob of one group has no tree beside it.
fn check_files(folder: &Path, row: &Blob, findings: &mut Findings) {
    let has_tree = usize::try_from(row.size).is_ok_and(|size| size > GROUP_BYTES);
    let tree = has_tree.then(|| format!("{}.tree", row.name));
    for file in [Some(row.name.clone()), tree].into_iter().flatten() {
        let file = folder.join(file);
        if !file.is_file() {
            findings.add(file.display().to_string(), "the file of evidence is missing", BLOB_LOST);
        }
    }
}

async fn has_records(tx: &mut Tx, object: &str) -> Result<bool, StoreError> {
    Ok(!records::of_object(tx, object, 0, 1).await?.is_empty())
}

const fn count(done: &mut Reconciled) {
    done.rows = done.rows.saturating_add(1);
}
