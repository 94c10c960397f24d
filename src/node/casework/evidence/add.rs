//! Registers evidence: takes the bytes in, signs what they are, begins the chain of custody.

use schemars::JsonSchema;
use serde::Deserialize;
use tokio::io::AsyncRead;

use crate::domain::finding::short_text;
use crate::domain::id::ObjectId;
use crate::node::blobs::{BlobError, BlobKey, Intake};
use crate::node::casework::append::{Authorship, Prepared};
use crate::node::casework::audit_trail::done;
use crate::node::casework::evidence::EvidenceView;
use crate::node::casework::permits::Covers;
use crate::node::casework::{Desk, Error};
use crate::node::keys::KeyGroup;
use crate::node::rng::random;
use crate::node::store::audit_events::{self, NewAuditEvent};
use crate::node::store::blobs::{self, Blob, BlobState};
use crate::node::store::evidence::{self, CustodyEvent, EvidenceItem};
use crate::node::store::{StoreError, Tx, cases};
use crate::policy::{Action, Permit};
use crate::record::kinds::evidence::EvidenceRegistered;

/// What is said of a file that is registered.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EvidenceInput {
    /// What it is and where it was found.
    pub description: String,
    /// The name of the file as it was found.
    #[serde(default)]
    pub filename: Option<String>,
    /// Its media type.
    #[serde(default)]
    pub media_type: Option<String>,
    /// Where it was collected.
    #[serde(default)]
    pub place: Option<String>,
    /// The legal power used.
    #[serde(default)]
    pub legal_power: Option<String>,
    /// Seal numbers, as observed.
    #[serde(default)]
    pub seals: Option<String>,
    /// When it was collected, RFC 3339.
    #[serde(default)]
    pub collected_at: Option<String>,
}

/// An item whose bytes are in their place and which is to be registered.
pub(crate) struct Registration {
    /// The new item.
    pub(crate) id: ObjectId,
    /// The case.
    pub(crate) case: ObjectId,
    /// What is said of it.
    pub(crate) input: EvidenceInput,
    /// Its bytes.
    pub(crate) intake: Intake,
    /// The registration at another authority that it was copied from.
    pub(crate) copied_from: Option<[u8; 32]>,
}

struct Write {
    prepared: Prepared,
    item: EvidenceItem,
    blob: Blob,
    event: NewAuditEvent,
}

impl Desk {
    /// Registers a file of any size as evidence of the case that the permit names. `progress` hears the bytes read.
    ///
    /// # Errors
    /// [`Error::Invalid`] with the path of each unsound field; whatever reading and storing the bytes meets. Nothing
    /// is kept then.
    pub async fn add_evidence<R: AsyncRead + Unpin + Send>(
        &self,
        permit: &Permit,
        input: EvidenceInput,
        source: R,
        progress: &(dyn Fn(u64) + Send + Sync),
    ) -> Result<EvidenceView, Error> {
        let case = permit.object_for(Action::EvidenceAdd)?;
        self.has_room()?;
        let input = checked(input)?;
        let id = ObjectId::from_random(random(&*self.rng));
        let key = self.blob_key(id).await?;
        let intake = self.blobs.take_in(source, &key, progress).await.map_err(intake_error)?;
        let registration = Registration { id, case, input, intake, copied_from: None };
        self.register_evidence(permit, registration).await
    }

    /// Signs and keeps an item whose bytes are stored; if that fails the bytes go.
    pub(crate) async fn register_evidence(
        &self,
        permit: &Permit,
        registration: Registration,
    ) -> Result<EvidenceView, Error> {
        let (id, blob) = (registration.id, registration.intake.blob);
        let written = self.write_registration(permit, registration).await;
        // If nobody knows whether the record was committed, the bytes stay; the sweep takes what has no record.
        let is_undone = !matches!(written, Ok(()) | Err(Error::Unavailable(_)));
        if is_undone && let Err(left) = self.blobs.remove(blob).await {
            tracing::warn!(error = %left, "a blob without a record stays until the sweep");
        }
        written?;
        self.committed();
        self.evidence_view(id).await
    }

    async fn write_registration(
        &self,
        permit: &Permit,
        registration: Registration,
    ) -> Result<(), Error> {
        let payload = payload(permit, &registration)?;
        let (id, intake) = (registration.id, registration.intake);
        let prepared = self.author(id, Authorship::of(permit, None), &payload).await?;
        let now = self.clock.now();
        let item = EvidenceItem {
            id: id.to_string(),
            case_id: registration.case.to_string(),
            description: payload.description,
            media_type: payload.media_type,
            size: payload.size,
            sha256: intake.sha256,
            blake3: intake.blake3,
            blob: intake.blob.to_string(),
            holder: payload.collected_by,
            state: "held".to_owned(),
            created_at: now.0,
            head: prepared.hash().0,
        };
        let blob = Blob {
            name: item.blob.clone(),
            key_group: KeyGroup::evidence(id).as_str().to_owned(),
            size: item.size,
            sha256: item.sha256,
            blake3: item.blake3,
            state: BlobState::Complete,
            created_at: now.0,
        };
        let write = Write { prepared, item, blob, event: done(permit, now, Some(id)) };
        self.store
            .write_with("add_evidence", write, |tx, write| {
                Box::pin(async move {
                    // It may have been erased while the bytes came in.
                    if cases::get(tx, &write.item.case_id).await?.is_none() {
                        return Err(Error::NotFound("case"));
                    }
                    Ok(write.keep(tx).await?)
                })
            })
            .await
    }

    /// The key of an item's bytes.
    pub(crate) async fn blob_key(&self, item: ObjectId) -> Result<BlobKey, Error> {
        let key = self.keys.get_or_create(&KeyGroup::evidence(item)).await?;
        Ok(BlobKey::new(&key.derive("blob")))
    }
}

impl Write {
    async fn keep(&self, tx: &mut Tx) -> Result<(), StoreError> {
        self.prepared.append(tx).await?;
        blobs::put(tx, &self.blob).await?;
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
        evidence::add_custody(tx, &collected).await?;
        audit_events::append(tx, &self.event).await.map(drop)
    }
}

fn payload(permit: &Permit, registration: &Registration) -> Result<EvidenceRegistered, Error> {
    let (input, intake) = (registration.input.clone(), registration.intake);
    Ok(EvidenceRegistered {
        case: registration.case,
        description: input.description,
        file_name: input.filename,
        media_type: input.media_type.unwrap_or_else(|| "application/octet-stream".to_owned()),
        size: i64::try_from(intake.size).map_err(Error::internal)?,
        sha256: intake.sha256,
        blake3: intake.blake3,
        collected_by: permit.actor().to_string(),
        collected_at: input.collected_at.as_deref().map(instant).transpose()?,
        place: input.place,
        legal_power: input.legal_power,
        seals: input.seals,
        copied_from: registration.copied_from,
    })
}

/// Refuses what cannot stand in the record, before any byte is read.
fn checked(input: EvidenceInput) -> Result<EvidenceInput, Error> {
    let line = |path: &'static str, text: Option<String>| {
        let text = text.filter(|text| !text.trim().is_empty());
        text.map(|text| short_text(path, &text))
            .transpose()
            .map_err(|error| Error::invalid(path, error.reason))
    };
    input.collected_at.as_deref().map(instant).transpose()?;
    Ok(EvidenceInput {
        description: short_text("description", &input.description)
            .map_err(|error| Error::invalid("description", error.reason))?,
        filename: line("filename", input.filename)?,
        media_type: line("media_type", input.media_type)?,
        place: line("place", input.place)?,
        legal_power: line("legal_power", input.legal_power)?,
        seals: line("seals", input.seals)?,
        collected_at: input.collected_at,
    })
}

fn instant(text: &str) -> Result<i64, Error> {
    let instant: jiff::Timestamp = text
        .parse()
        .map_err(|_| Error::invalid("collected_at", "is a time such as 2026-11-24T08:00:00Z"))?;
    Ok(instant.as_microsecond())
}

fn intake_error(error: BlobError) -> Error {
    match error {
        BlobError::TooLarge => Error::invalid("content", error.to_string()),
        BlobError::Source(_) => {
            Error::invalid("content", "broke off before its end; send it again")
        }
        other => other.into(),
    }
}
