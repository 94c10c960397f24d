//! Shows evidence and hands out its bytes.

use crate::domain::id::ObjectId;
use crate::node::blobs::{BlobName, BlobReader};
use crate::node::casework::evidence::custody::custody_views;
use crate::node::casework::evidence::{CustodyView, EvidenceRow, EvidenceView, PendingView};
use crate::node::casework::permits::Covers;
use crate::node::casework::views::time_text;
use crate::node::casework::{Desk, Error, Held};
use crate::node::store::StoreError;
use crate::node::store::evidence::{self, EvidenceItem, PendingTransfer};
use crate::policy::{Action, Permit};
use crate::record::Payload;
use crate::record::kinds::evidence::EvidenceRegistered;

/// A range of an item's bytes.
#[derive(Debug)]
pub struct EvidenceContent {
    /// The bytes.
    pub reader: BlobReader,
    /// Where the range begins.
    pub offset: u64,
    /// How many bytes it has.
    pub bytes: u64,
    /// The size of the whole.
    pub size: u64,
    /// The media type.
    pub media_type: String,
    /// The name of the file as it was found.
    pub file_name: Option<String>,
}

impl Desk {
    /// Shows an item; that it was seen is in the audit trail.
    ///
    /// # Errors
    /// If the permit is for something else, or the store fails.
    pub async fn evidence(&self, permit: &Permit) -> Result<EvidenceView, Error> {
        let id = permit.object_for(Action::EvidenceRead)?;
        self.note_seen(permit).await?;
        self.evidence_view(id).await
    }

    /// The items of the case that the permit names as its object, oldest first.
    ///
    /// # Errors
    /// If the permit is for something else, or the store fails.
    pub async fn evidence_of(&self, permit: &Permit) -> Result<Vec<EvidenceRow>, Error> {
        let case = permit.object_for(Action::EvidenceRead)?;
        self.note_seen(permit).await?;
        let items = self
            .store
            .read("evidence_of", move |tx| {
                Box::pin(async move { evidence::of_case(tx, &case.to_string()).await })
            })
            .await
            .map_err(|error: StoreError| Error::from(error))?;
        Ok(items.iter().map(EvidenceRow::from).collect())
    }

    /// The chain of custody of an item.
    ///
    /// # Errors
    /// If the permit is for something else, or the store fails.
    pub async fn custody(&self, permit: &Permit) -> Result<Vec<CustodyView>, Error> {
        let id = permit.object_for(Action::EvidenceRead)?;
        self.note_seen(permit).await?;
        Ok(custody_views(&self.own_held_of(id).await?))
    }

    /// Bytes of an item from `offset` on, at most `bytes`; none for all to the end.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a range that begins after the end; whatever opening the stored file meets.
    pub async fn evidence_content(
        &self,
        permit: &Permit,
        offset: u64,
        bytes: Option<u64>,
    ) -> Result<EvidenceContent, Error> {
        let id = permit.object_for(Action::EvidenceRead)?;
        let (item, _) = self.evidence_row(id).await?;
        let size = u64::try_from(item.size).map_err(Error::internal)?;
        if offset > size {
            return Err(Error::invalid("range", format!("the item has {size} bytes")));
        }
        self.note_seen(permit).await?;
        let bytes = bytes.unwrap_or(u64::MAX).min(size.saturating_sub(offset));
        let blob: BlobName = item.blob.parse().map_err(Error::internal)?;
        let reader = self.blobs.read(blob, &self.blob_key(id).await?, offset, bytes).await?;
        let file_name = registered(&self.own_held_of(id).await?)?.1.file_name;
        Ok(EvidenceContent { reader, offset, bytes, size, media_type: item.media_type, file_name })
    }

    /// What is shown of an item.
    pub(crate) async fn evidence_view(&self, id: ObjectId) -> Result<EvidenceView, Error> {
        let (item, pending) = self.evidence_row(id).await?;
        let held = self.own_held_of(id).await?;
        let (_, signed) = registered(&held)?;
        Ok(EvidenceView {
            row: EvidenceRow::from(&item),
            file_name: signed.file_name,
            collected_at: signed.collected_at.map(time_text),
            place: signed.place,
            legal_power: signed.legal_power,
            seals: signed.seals,
            copied_from: signed.copied_from.map(hex::encode),
            head: hex::encode(item.head),
            pending_transfer: pending.map(PendingView::from),
            custody: custody_views(&held),
            history: self.history_of(&held).await?,
        })
    }

    /// The row of an item and the hand-over that waits for it.
    pub(crate) async fn evidence_row(
        &self,
        id: ObjectId,
    ) -> Result<(EvidenceItem, Option<PendingTransfer>), Error> {
        let (item, pending) = self
            .store
            .read("evidence_row", move |tx| {
                Box::pin(async move {
                    let id = id.to_string();
                    let item = evidence::get(tx, &id).await?;
                    Ok((item, evidence::pending_transfer(tx, &id).await?))
                })
            })
            .await
            .map_err(|error: StoreError| Error::from(error))?;
        Ok((item.ok_or(Error::NotFound("evidence item"))?, pending))
    }
}

/// The registration among the records of an item.
pub(crate) fn registered(held: &[Held]) -> Result<(&Held, EvidenceRegistered), Error> {
    let is_registration = |held: &&Held| held.common().kind == EvidenceRegistered::KIND;
    let first = held.iter().find(is_registration).ok_or(Error::NotFound("evidence item"))?;
    Ok((first, first.payload()?))
}
