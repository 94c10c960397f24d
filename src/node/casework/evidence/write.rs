//! What is kept of evidence in one transaction: what happened to an item and the items that are new; decides nothing.

use crate::node::casework::append::Prepared;
use crate::node::casework::{Desk, Error};
use crate::node::store::audit_events::{self, NewAuditEvent};
use crate::node::store::blobs::{self, Blob};
use crate::node::store::evidence::{self, CustodyEvent, EvidenceItem, PendingTransfer};
use crate::node::store::{StoreError, Tx, cases};

/// A custody event of an item that is registered.
pub(super) struct Happened {
    /// The record of it.
    pub(super) prepared: Prepared,
    /// The item after it.
    pub(super) item: EvidenceItem,
    /// Its link of the chain.
    pub(super) row: CustodyEvent,
    /// The hand-over that begins with it.
    pub(super) offered: Option<PendingTransfer>,
    /// The hand-over that ends with it.
    pub(super) ended: Option<PendingTransfer>,
}

/// An item that is registered.
pub(super) struct NewItem {
    /// The record of it.
    pub(super) prepared: Prepared,
    /// Its row.
    pub(super) item: EvidenceItem,
    /// Its file, if it is one.
    pub(super) blob: Option<Blob>,
}

/// All of one use case.
pub(super) struct Write {
    /// What happened to an item.
    pub(super) happened: Option<Happened>,
    /// The items that are new.
    pub(super) made: Vec<NewItem>,
    /// That it was done.
    pub(super) event: NewAuditEvent,
}

impl Desk {
    /// Keeps all of it or nothing.
    pub(super) async fn keep_evidence(
        &self,
        name: &'static str,
        write: Write,
    ) -> Result<(), Error> {
        self.store
            .write_with(name, write, |tx, write| Box::pin(async move { write.keep(tx).await }))
            .await
    }
}

impl Write {
    async fn keep(&self, tx: &mut Tx) -> Result<(), Error> {
        if let Some(happened) = &self.happened {
            happened.keep(tx).await.map_err(|error| match error {
                StoreError::Conflict(_) => Error::Conflict(
                    "something else happened to the item meanwhile: read it again".to_owned(),
                ),
                other => other.into(),
            })?;
        }
        for new in &self.made {
            // It may have been erased while the bytes came in.
            if cases::get(tx, &new.item.case_id).await?.is_none() {
                return Err(Error::NotFound("case"));
            }
            new.keep(tx).await?;
        }
        audit_events::append(tx, &self.event).await?;
        Ok(())
    }
}

impl Happened {
    async fn keep(&self, tx: &mut Tx) -> Result<(), StoreError> {
        self.prepared.append(tx).await?;
        evidence::put(tx, &self.item).await?;
        evidence::add_custody(tx, &self.row).await?;
        if let Some(ended) = &self.ended {
            evidence::end_transfer(tx, &ended.evidence_id, &ended.record_hash).await?;
        }
        if let Some(offered) = &self.offered {
            evidence::offer_transfer(tx, offered).await?;
        }
        Ok(())
    }
}

impl NewItem {
    async fn keep(&self, tx: &mut Tx) -> Result<(), StoreError> {
        self.prepared.append(tx).await?;
        if let Some(blob) = &self.blob {
            blobs::put(tx, blob).await?;
        }
        evidence::insert(tx, &self.item).await?;
        let collected = CustodyEvent {
            evidence_id: self.item.id.clone(),
            position: 0,
            record_hash: self.item.head,
            event: "collect".to_owned(),
            from_actor: None,
            to_actor: Some(self.item.holder.clone()),
            at: self.item.created_at,
        };
        evidence::add_custody(tx, &collected).await
    }
}
