//! Shows evidence and hands out its bytes.

use crate::domain::id::ObjectId;
use crate::node::blobs::{BlobName, BlobReader};
use crate::node::casework::evidence::{
    CustodyView, EvidenceRow, EvidenceView, PartView, PendingView,
};
use crate::node::casework::permits::Covers;
use crate::node::casework::views::time_text;
use crate::node::casework::{Desk, Error, Held};
use crate::node::store::StoreError;
use crate::node::store::evidence::{self, EvidenceItem, PendingTransfer};
use crate::policy::{Action, Permit};
use crate::record::Payload;
use crate::record::kinds::custody::CustodyEvent;
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

/// What is asked for when somebody wants the bytes of a thing.
pub(super) const NO_FILE: &str = "file: this evidence item is a thing, and no file of it is held";

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
        let file = item.file().ok_or(Error::NotFound(NO_FILE))?;
        let size = u64::try_from(file.size).map_err(Error::internal)?;
        if offset > size {
            return Err(Error::invalid("range", format!("the item has {size} bytes")));
        }
        self.note_seen(permit).await?;
        let bytes = bytes.unwrap_or(u64::MAX).min(size.saturating_sub(offset));
        let blob: BlobName = file.blob.parse().map_err(Error::internal)?;
        let reader = self.blobs.read(blob, &self.blob_key(id).await?, offset, bytes).await?;
        let file_name = registered(&self.own_held_of(id).await?)?.1.file_name;
        Ok(EvidenceContent { reader, offset, bytes, size, media_type: file.media_type, file_name })
    }

    /// What is shown of an item.
    pub(crate) async fn evidence_view(&self, id: ObjectId) -> Result<EvidenceView, Error> {
        let (item, pending) = self.evidence_row(id).await?;
        let held = self.own_held_of(id).await?;
        let (_, signed) = registered(&held)?;
        let custody = custody_views(&held);
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
            seals_now: custody.last().and_then(|link| link.seals.clone()),
            custody,
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

/// The chain of custody that the records of an item tell.
fn custody_views(held: &[Held]) -> Vec<CustodyView> {
    let mut views: Vec<CustodyView> = Vec::new();
    for held in held {
        let view = CustodyView {
            position: views.len(),
            event: "collect".to_owned(),
            from: None,
            to: None,
            at: time_text(held.common().authored_at.0),
            reason: None,
            place: None,
            condition: None,
            seals_before: None,
            seals: None,
            quantity: None,
            parts: Vec::new(),
            warning: None,
            record: held.statement().hash().to_string(),
        };
        if let Ok((_, signed)) = registered(std::slice::from_ref(held)) {
            let (to, place, seals) = (Some(signed.collected_by), signed.place, signed.seals);
            views.push(CustodyView { to, place, seals, quantity: signed.quantity, ..view });
        } else if let Ok(event) = held.payload::<CustodyEvent>() {
            let is_hand_over = matches!(event.event.as_str(), "transfer" | "receive");
            let is_other = is_hand_over && event.seals_before != event.seals_after;
            let parts = event.parts.into_iter();
            views.push(CustodyView {
                event: event.event,
                from: Some(event.from),
                to: Some(event.to),
                reason: Some(event.reason),
                place: event.place,
                condition: event.condition,
                seals_before: event.seals_before,
                seals: event.seals_after,
                quantity: event.quantity_after,
                parts: parts
                    .map(|part| PartView { item: part.item.to_string(), quantity: part.quantity })
                    .collect(),
                warning: is_other.then(|| {
                    "the seals found are not those that were on it: find out what happened in between"
                        .to_owned()
                }),
                ..view
            });
        }
    }
    views
}

/// The registration among the records of an item.
pub(crate) fn registered(held: &[Held]) -> Result<(&Held, EvidenceRegistered), Error> {
    let is_registration = |held: &&Held| held.common().kind == EvidenceRegistered::KIND;
    let first = held.iter().find(is_registration).ok_or(Error::NotFound("evidence item"))?;
    Ok((first, first.payload()?))
}
