//! Each object once: its chains against its records, and its row among the projections; rebuilds no row.

use std::collections::{HashMap, HashSet};

use crate::domain::id::ObjectId;
use crate::node::casework::{Error, Held, SharedChain};
use crate::node::store::chains::{self, Chain};
use crate::node::store::records::{self, Record};
use crate::node::store::{StoreError, Tx, cases, evidence};
use crate::node::upkeep::Findings;
use crate::node::upkeep::log_check::{CheckError, STORE_CHANGED};
use crate::node::upkeep::reconcile::{Audit, Reconciled};
use crate::record::kinds::case::CaseOpened;
use crate::record::kinds::custody::CustodyEvent;
use crate::record::kinds::evidence::EvidenceRegistered;
use crate::record::{Payload, StatementHash};

/// What to do about a row that differs from its records.
pub(super) const ROW_DIFFERS: &str = "the records are what counts: keep a copy of the data directory, report the row, restore a backup if the row was changed by hand";

/// An object as it is stored, from one snapshot.
struct Stored {
    records: Vec<Record>,
    chains: Vec<Chain>,
    /// The chain of a request, as its acts give it.
    shared: SharedChain,
    case: Option<cases::Case>,
    item: Option<evidence::EvidenceItem>,
    custody: Vec<evidence::CustodyEvent>,
}

/// Looks at the objects whose first record is on the page.
pub(super) async fn check(
    audit: &Audit,
    page: &[Record],
    done: &mut Reconciled,
) -> Result<(), CheckError> {
    let mut seen = HashSet::new();
    for row in page {
        if !seen.insert(row.object.as_str()) {
            continue;
        }
        let object = row.object.clone();
        let stored = audit
            .store
            .read("audit_object", move |tx| Box::pin(async move { read(tx, &object).await }))
            .await?;
        // An object is looked at once, with its first record.
        if stored.records.first().is_none_or(|first| first.seq != row.seq) {
            continue;
        }
        done.objects = done.objects.saturating_add(1);
        check_chains(&row.object, &stored, &mut done.findings);
        check_rows(audit, &row.object, &stored, &mut done.findings).await?;
    }
    Ok(())
}

async fn read(tx: &mut Tx, object: &str) -> Result<Stored, StoreError> {
    Ok(Stored {
        records: records::of_object(tx, object, 0, i64::MAX).await?,
        shared: SharedChain::read(tx, object).await?,
        chains: chains::of_object(tx, object).await?,
        case: cases::get(tx, object).await?,
        item: evidence::get(tx, object).await?,
        custody: evidence::custody_of(tx, object).await?,
    })
}

/// Each chain from its head to its begin: as long as it says, and with every record of its author.
///
/// A card is signed by the root key and stands in no chain; received records are ordered by their author.
fn check_chains(object: &str, stored: &Stored, findings: &mut Findings) {
    let by_hash: HashMap<_, _> = stored.records.iter().map(|row| (row.hash, row)).collect();
    let mut on_a_chain = check_shared(object, stored, findings);
    for chain in stored.chains.iter().filter(|chain| chain.author != SharedChain::AUTHOR) {
        let name = format!("chain of {} by {}", object, chain.author);
        let (mut at, mut length) = (Some(chain.head), 0_i64);
        while let Some(hash) = at {
            let Some(row) = by_hash.get(&hash) else {
                let hash = StatementHash(hash);
                findings.add(&name, format!("record {hash} is missing"), STORE_CHANGED);
                break;
            };
            if !on_a_chain.insert(hash) {
                findings.add(&name, "runs into another chain or itself", STORE_CHANGED);
                break;
            }
            length = length.saturating_add(1);
            at = row.prev;
        }
        if length != chain.length {
            let what = format!("has {length} records, and its row says {}", chain.length);
            findings.add(&name, what, STORE_CHANGED);
        }
    }
    let is_own_work = |row: &&Record| row.own == 1 && !row.kind.starts_with("card/");
    for row in stored.records.iter().filter(is_own_work) {
        if !on_a_chain.contains(&row.hash) && !stored.shared.refused.contains(&row.hash) {
            let name = format!("record {}", StatementHash(row.hash));
            findings.add(name, "is not on the chain of its object", STORE_CHANGED);
        }
    }
}

/// The acts of a request branch where both sides act at once, so its chain is compared with its acts, not walked. An
/// act that the other side refused is not on it. Gives what is on it.
fn check_shared(object: &str, stored: &Stored, findings: &mut Findings) -> HashSet<[u8; 32]> {
    let shared = &stored.shared;
    let kept = stored.chains.iter().find(|chain| chain.author == SharedChain::AUTHOR);
    let name = format!("chain of request {object}");
    if kept.map(|chain| chain.head) != shared.head {
        findings.add(&name, "its head is not the newest act that was not refused", STORE_CHANGED);
    }
    let length = kept.map_or(0, |chain| chain.length);
    if length != shared.length() {
        let what = format!("has {} acts, and its row says {length}", shared.length());
        findings.add(&name, what, STORE_CHANGED);
    }
    shared.acts.clone()
}

async fn check_rows(
    audit: &Audit,
    object: &str,
    stored: &Stored,
    findings: &mut Findings,
) -> Result<(), CheckError> {
    let is_case = |row: &Record| row.own == 1 && row.kind == CaseOpened::KIND;
    let is_item = |row: &Record| row.kind == EvidenceRegistered::KIND;
    if stored.records.iter().any(is_case) {
        check_case(audit, object, stored, findings).await?;
    }
    if let Some(row) = stored.records.iter().find(|row| is_item(row)) {
        check_item(audit, row, stored, findings).await?;
    }
    Ok(())
}

/// The row, fields, states, outcomes and identifiers of a case are what its records make of them.
async fn check_case(
    audit: &Audit,
    object: &str,
    stored: &Stored,
    findings: &mut Findings,
) -> Result<(), CheckError> {
    let Some(row) = &stored.case else {
        // Of an erased case the records stay, unreadable.
        for record in stored.records.iter().filter(|record| record.own == 1) {
            if held(audit, record).await?.is_some() {
                findings.add(format!("case {object}"), "has records and no row", ROW_DIFFERS);
                break;
            }
        }
        return Ok(());
    };
    let Ok(id) = object.parse::<ObjectId>() else { return Ok(()) };
    match audit.desk.case_differences(id).await {
        Ok(differences) => {
            for path in differences {
                let name = format!("case {} ({object})", row.reference);
                let what = format!("what is shown under {path} differs from its records");
                findings.add(name, what, ROW_DIFFERS);
            }
            Ok(())
        }
        Err(error @ (Error::Unavailable(_) | Error::Full)) => Err(error.into()),
        // What is wrong with a record that cannot be read is told where records are checked.
        Err(_) => Ok(()),
    }
}

/// Digests, size and case of an evidence item are those that were registered.
async fn check_item(
    audit: &Audit,
    registration: &Record,
    stored: &Stored,
    findings: &mut Findings,
) -> Result<(), CheckError> {
    let Some(held) = held(audit, registration).await? else { return Ok(()) };
    let Ok(registered) = held.payload::<EvidenceRegistered>() else { return Ok(()) };
    let name = format!("evidence {}", registration.object);
    let Some(row) = &stored.item else {
        // A foreign registration may be held without the item, as the source of a summary.
        if registration.own == 1 {
            findings.add(name, "has records and no row", ROW_DIFFERS);
        }
        return Ok(());
    };
    let file = registered.file.as_ref();
    let parent = registered.parent.map(|parent| parent.to_string());
    let columns = [
        ("case_id", is_object(&row.case_id, registered.case) || registration.own == 0),
        ("description", registered.description == row.description),
        ("form", registered.form == row.form),
        ("parent", parent == row.parent),
        ("unit", registered.unit == row.unit),
        ("media_type", file.map(|file| &file.media_type) == row.media_type.as_ref()),
        ("size", file.map(|file| file.size) == row.size),
        ("sha256", file.map(|file| file.sha256) == row.sha256),
        ("blake3", file.map(|file| file.blake3) == row.blake3),
    ];
    for (column, _) in columns.into_iter().filter(|(_, is_same)| !is_same) {
        findings.add(&name, format!("the column {column} differs from its record"), ROW_DIFFERS);
    }
    let is_head = |chain: &Chain| chain.author == audit.own.as_str() && chain.head != row.head;
    if registration.own == 1 && stored.chains.iter().any(is_head) {
        findings.add(&name, "the column head differs from its records", ROW_DIFFERS);
    }
    check_custody(audit, (row, held), stored, findings).await
}

/// Holder, state and quantity are what the records make of them, and each link of the chain says what its record says.
async fn check_custody(
    audit: &Audit,
    (item, registration): (&evidence::EvidenceItem, Held),
    stored: &Stored,
    findings: &mut Findings,
) -> Result<(), CheckError> {
    let name = format!("evidence {}", item.id);
    let mut chain = vec![registration];
    let is_event = |row: &&Record| row.kind == CustodyEvent::KIND;
    for record in stored.records.iter().filter(is_event) {
        let Some(held) = held(audit, record).await? else { return Ok(()) };
        let Ok(event) = held.payload::<CustodyEvent>() else { continue };
        let link = stored.custody.iter().find(|link| link.record_hash == record.hash);
        let is_same = link.is_some_and(|link| {
            link.event == event.event
                && link.from_actor.as_ref() == Some(&event.from)
                && link.to_actor.as_ref() == Some(&event.to)
        });
        if !is_same {
            findings.add(&name, "its custody chain differs from its records", ROW_DIFFERS);
        }
        chain.push(held);
    }
    // A copy that came from a peer is held by who fetched it.
    let is_own = stored.records.first().is_some_and(|first| first.own == 1);
    if !is_own {
        return Ok(());
    }
    let Ok(told) = audit.desk.custody_told(&chain) else {
        findings.add(&name, "its records are no chain of custody", STORE_CHANGED);
        return Ok(());
    };
    let columns = [
        ("holder", told.holder == item.holder),
        ("state", told.state == item.state),
        ("quantity", told.quantity == item.quantity),
    ];
    for (column, _) in columns.into_iter().filter(|(_, is_same)| !is_same) {
        findings.add(&name, format!("the column {column} differs from its records"), ROW_DIFFERS);
    }
    Ok(())
}

fn is_object(column: &str, object: ObjectId) -> bool {
    column == object.to_string()
}

/// A record as far as it can be read; what is wrong with one that cannot is told where records are checked.
async fn held(audit: &Audit, row: &Record) -> Result<Option<Held>, CheckError> {
    match audit.desk.held(StatementHash(row.hash)).await {
        Ok(held) => Ok(Some(held)),
        Err(error @ (Error::Unavailable(_) | Error::Full)) => Err(error.into()),
        Err(_) => Ok(None),
    }
}
