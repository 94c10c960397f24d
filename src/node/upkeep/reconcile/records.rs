//! Each record by itself: its columns against its statement, its signature, its fields under the root, its leaf.

use std::collections::{BTreeMap, HashSet};
use std::error::Error as _;

use crate::node::casework::{Error, Held, Under};
use crate::node::store::records::Record;
use crate::node::store::{StoreError, logs};
use crate::node::upkeep::Findings;
use crate::node::upkeep::log_check::{CheckError, STORE_CHANGED};
use crate::node::upkeep::reconcile::{Audit, Reconciled};
use crate::record::field::leaf_hashes;
use crate::record::{Statement, StatementHash};

/// What is counted over all records.
pub(super) struct Records {
    /// Up to here the log has sealed.
    sealed_seq: i64,
    erased: u64,
    unsealed: u64,
    /// Records whose author has no card here, by author.
    strangers: BTreeMap<String, u64>,
}

/// How a record's leaves were found.
enum Leaves {
    Sound,
    Erased,
    Wrong(String),
}

impl Records {
    pub(super) async fn begin(audit: &Audit) -> Result<Self, CheckError> {
        let newest = audit
            .store
            .read("audit_log", |tx| Box::pin(async move { logs::newest(tx).await }))
            .await?;
        Ok(Self {
            sealed_seq: newest.map_or(0, |log| log.sealed_seq),
            erased: 0,
            unsealed: 0,
            strangers: BTreeMap::new(),
        })
    }

    pub(super) async fn check(
        &mut self,
        audit: &Audit,
        page: &[Record],
        done: &mut Reconciled,
    ) -> Result<(), CheckError> {
        let sealed = sealed(audit, page).await?;
        for row in page {
            done.records = done.records.saturating_add(1);
            let name = format!("record {}", StatementHash(row.hash));
            if row.seq > self.sealed_seq {
                self.unsealed = self.unsealed.saturating_add(1);
            } else if !sealed.contains(&row.hash) {
                done.findings.add(&name, "is in no log of this node", STORE_CHANGED);
            }
            match Statement::parse(&row.statement) {
                Ok(statement) => {
                    let faults = self.faults(audit, row, &statement);
                    for fault in faults {
                        done.findings.add(&name, fault, STORE_CHANGED);
                    }
                }
                Err(error) => {
                    done.findings.add(&name, error.to_string(), STORE_CHANGED);
                    continue;
                }
            }
            match leaves(audit, row).await? {
                Leaves::Sound => {}
                Leaves::Erased => self.erased = self.erased.saturating_add(1),
                Leaves::Wrong(why) => done.findings.add(&name, why, STORE_CHANGED),
            }
        }
        Ok(())
    }

    /// Columns that differ from the statement, and the signature.
    fn faults(&mut self, audit: &Audit, row: &Record, statement: &Statement) -> Vec<String> {
        let columns = [
            ("hash", statement.hash().0 == row.hash),
            ("author", statement.issuer.as_str() == row.author),
            ("object", statement.subject.to_string() == row.object),
            ("issued_at", statement.issued_at == row.issued_at),
            ("own", (row.own == 1) == (statement.issuer == audit.own)),
        ];
        let mut faults: Vec<String> = columns
            .into_iter()
            .filter(|(_, is_same)| !is_same)
            .map(|(column, _)| format!("the column {column} differs from the signed statement"))
            .collect();
        let Some(known) = audit.desk.cards.get(&statement.issuer) else {
            let count = self.strangers.entry(statement.issuer.to_string()).or_default();
            *count = count.saturating_add(1);
            return faults;
        };
        // A card is signed by the root key, everything else by a record key.
        let key =
            known.record_key(statement, Under::EveryRoot).or_else(|| known.root_key(statement));
        match key.map(|key| statement.verify(&key)) {
            Some(Ok(())) => {}
            Some(Err(error)) => faults.push(error.to_string()),
            None => faults.push(format!(
                "names key {}, which no card of {} lists for the time of signing",
                statement.key, statement.issuer
            )),
        }
        faults
    }

    pub(super) fn end(self, findings: &mut Findings) {
        if self.erased > 0 {
            findings
                .note(format!("{} records are erased: their fields cannot be read", self.erased));
        }
        if self.unsealed > 0 {
            findings.note(format!("{} records wait to be sealed into the log", self.unsealed));
        }
        for (author, count) in self.strangers {
            findings.note(format!(
                "{count} records of {author}: no card of it is here, so their signatures were not checked"
            ));
        }
    }
}

/// Which of the records are in a log.
async fn sealed(audit: &Audit, page: &[Record]) -> Result<HashSet<[u8; 32]>, StoreError> {
    let hashes: Vec<_> = page.iter().map(|row| row.hash).collect();
    let leaves = audit
        .store
        .read("audit_leaves", move |tx| Box::pin(async move { logs::leaves_of(tx, &hashes).await }))
        .await?;
    Ok(leaves.into_iter().map(|leaf| leaf.record_hash).collect())
}

/// Opens what can be opened: the casework refuses leaves that are not under the signed root.
async fn leaves(audit: &Audit, row: &Record) -> Result<Leaves, CheckError> {
    let held = match audit.desk.held(StatementHash(row.hash)).await {
        Ok(held) => held,
        Err(Error::Erased(_)) => return Ok(Leaves::Erased),
        Err(error @ (Error::Unavailable(_) | Error::Full)) => return Err(error.into()),
        Err(error) => {
            let cause = error.source().map_or_else(|| error.to_string(), ToString::to_string);
            return Ok(Leaves::Wrong(format!("its fields cannot be read: {cause}")));
        }
    };
    let common = held.common();
    let why = if !row.kind.is_empty() && common.kind != row.kind {
        Some("the column kind differs from the record")
    } else if common.prev.map(|prev| prev.0) != row.prev {
        Some("the column prev differs from the record")
    } else if let Held::Whole(record) = &held {
        let hashes = leaf_hashes(record.leaves().iter().map(Vec::as_slice));
        let hashes: Vec<u8> = hashes.iter().flat_map(|hash| hash.0).collect();
        (hashes != row.leaf_hashes).then_some("the hashes beside it are not those of its fields")
    } else {
        None
    };
    Ok(why.map_or(Leaves::Sound, |why| Leaves::Wrong(why.to_owned())))
}
