//! Registers evidence: takes the bytes in, signs what they are, begins the chain of custody.

use schemars::JsonSchema;
use serde::Deserialize;
use tokio::io::AsyncRead;

use crate::domain::amount::Quantity;
use crate::domain::evidence::{CustodyEvent as Event, ItemForm};
use crate::domain::finding::short_text;
use crate::domain::id::{InvalidObjectId, ObjectId};
use crate::node::blobs::{BlobError, BlobKey, Intake};
use crate::node::casework::append::Authorship;
use crate::node::casework::audit_trail::done;
use crate::node::casework::evidence::EvidenceView;
use crate::node::casework::evidence::custody::Words;
use crate::node::casework::evidence::write::{NewItem, Write};
use crate::node::casework::permits::Covers;
use crate::node::casework::{Desk, Error};
use crate::node::keys::KeyGroup;
use crate::node::rng::random;
use crate::node::store::blobs::{Blob, BlobState};
use crate::node::store::evidence::EvidenceItem;
use crate::policy::{Action, Permit};
use crate::record::StatementHash;
use crate::record::kinds::evidence::{EvidenceRegistered, FileFacts};

/// What is said of an item that is registered.
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
    /// How much of it there is, a decimal number.
    #[serde(default)]
    pub quantity: Option<String>,
    /// The unit of the quantity, by UN/CEFACT Recommendation 20, such as KGM, NMB or LTR.
    #[serde(default)]
    pub unit: Option<String>,
    /// The item, held by the officer, of which it is a copy.
    #[serde(default)]
    pub copy_of: Option<String>,
    /// Whether somebody certified the copy.
    #[serde(default)]
    pub certified: bool,
}

/// Where a new item comes from.
#[derive(Clone, Copy)]
pub(crate) enum Source {
    /// The officer collected it.
    Collected,
    /// Another authority released it; the record that released it.
    Peer(StatementHash),
    /// It was made of an item here.
    Item {
        /// That item.
        parent: ObjectId,
        /// How.
        form: ItemForm,
    },
}

/// An item that is to be registered; the bytes of a file are in their place.
pub(crate) struct Registration {
    /// The new item.
    pub(crate) id: ObjectId,
    /// The case.
    pub(crate) case: ObjectId,
    /// What is said of it.
    pub(crate) input: EvidenceInput,
    /// Its bytes, if it is a file.
    pub(crate) intake: Option<Intake>,
    /// Where it comes from.
    pub(crate) source: Source,
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
        content: R,
        progress: &(dyn Fn(u64) + Send + Sync),
    ) -> Result<EvidenceView, Error> {
        let case = permit.object_for(Action::EvidenceAdd)?;
        self.has_room()?;
        let input = checked(input)?;
        let source = self.source_of(permit, (case, &input)).await?;
        let id = ObjectId::from_random(random(&*self.rng));
        let key = self.blob_key(id).await?;
        let intake = self.blobs.take_in(content, &key, progress).await.map_err(intake_error)?;
        let registration = Registration { id, case, input, intake: Some(intake), source };
        self.register_evidence(permit, registration).await
    }

    /// Registers a thing, of which there is no file, as evidence of the case that the permit names.
    ///
    /// # Errors
    /// [`Error::Invalid`] with the path of each unsound field.
    pub async fn add_thing(
        &self,
        permit: &Permit,
        input: EvidenceInput,
    ) -> Result<EvidenceView, Error> {
        let case = permit.object_for(Action::EvidenceAdd)?;
        let input = checked(input)?;
        for (field, said) in [("filename", &input.filename), ("media_type", &input.media_type)] {
            if said.is_some() {
                return Err(Error::invalid(field, "is said of files only: send the file itself"));
            }
        }
        let source = self.source_of(permit, (case, &input)).await?;
        let id = ObjectId::from_random(random(&*self.rng));
        let registration = Registration { id, case, input, intake: None, source };
        self.register_evidence(permit, registration).await
    }

    /// Where an item that an officer registers comes from. A copy is made by who holds the original.
    async fn source_of(
        &self,
        permit: &Permit,
        (case, input): (ObjectId, &EvidenceInput),
    ) -> Result<Source, Error> {
        let Some(parent) = &input.copy_of else {
            if input.certified {
                return Err(Error::invalid("certified", "is said of copies only: name copy_of"));
            }
            return Ok(Source::Collected);
        };
        let parent: ObjectId = parent
            .parse()
            .map_err(|error: InvalidObjectId| Error::invalid("copy_of", error.to_string()))?;
        // Of an item of another case the officer learns no more than of one that is not there.
        let elsewhere = || Error::invalid("copy_of", "is no evidence item of this case");
        let standing = match self.custody_standing(parent).await {
            Err(Error::NotFound(_)) => return Err(elsewhere()),
            standing => standing?,
        };
        if standing.signed.case != case {
            return Err(elsewhere());
        }
        let by = self.custodian(permit.actor().as_str())?;
        let copy = Event::Copy { by, child: parent };
        standing.state.step(&copy).map_err(|refusal| Error::IllegalStep(refusal.to_string()))?;
        let form = if input.certified { ItemForm::CertifiedCopy } else { ItemForm::Copy };
        Ok(Source::Item { parent, form })
    }

    /// Signs and keeps an item whose bytes are stored; if that fails the bytes go.
    pub(crate) async fn register_evidence(
        &self,
        permit: &Permit,
        registration: Registration,
    ) -> Result<EvidenceView, Error> {
        let (id, intake) = (registration.id, registration.intake);
        let written = self.write_registration(permit, registration).await;
        // If nobody knows whether the record was committed, the bytes stay; the sweep takes what has no record.
        let is_undone = !matches!(written, Ok(()) | Err(Error::Unavailable(_)));
        if is_undone
            && let Some(intake) = intake
            && let Err(left) = self.blobs.remove(intake.blob).await
        {
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
        let id = registration.id;
        let happened = match registration.source {
            Source::Item { parent, form: ItemForm::Copy | ItemForm::CertifiedCopy } => {
                let standing = self.custody_standing(parent).await?;
                let by = self.custodian(permit.actor().as_str())?;
                let words = Words { reason: "copied".to_owned(), ..Words::default() };
                let copied = (Event::Copy { by, child: id }, words);
                Some(self.happen(permit, standing, copied).await?)
            }
            Source::Item { .. } | Source::Collected | Source::Peer(_) => None,
        };
        let made = vec![self.new_item(permit, registration).await?];
        let event = done(permit, self.clock.now(), Some(id));
        self.keep_evidence("add_evidence", Write { happened, made, event }).await
    }

    /// The signed registration of an item, and its rows.
    pub(super) async fn new_item(
        &self,
        permit: &Permit,
        registration: Registration,
    ) -> Result<NewItem, Error> {
        let (id, now) = (registration.id, self.clock.now());
        let payload = payload(permit, &registration)?;
        let prepared = self.author(id, Authorship::of(permit, None), &payload).await?;
        let file = payload.file;
        let blob = registration.intake.zip(file.as_ref()).map(|(intake, file)| Blob {
            name: intake.blob.to_string(),
            key_group: KeyGroup::evidence(id).as_str().to_owned(),
            size: file.size,
            sha256: file.sha256,
            blake3: file.blake3,
            state: BlobState::Complete,
            created_at: now.0,
        });
        let item = EvidenceItem {
            id: id.to_string(),
            case_id: registration.case.to_string(),
            description: payload.description,
            form: payload.form,
            parent: payload.parent.map(|parent| parent.to_string()),
            quantity: payload.quantity,
            unit: payload.unit,
            size: file.as_ref().map(|file| file.size),
            sha256: file.as_ref().map(|file| file.sha256),
            blake3: file.as_ref().map(|file| file.blake3),
            media_type: file.map(|file| file.media_type),
            blob: blob.as_ref().map(|blob| blob.name.clone()),
            holder: payload.collected_by,
            state: "held".to_owned(),
            created_at: now.0,
            head: prepared.hash().0,
        };
        Ok(NewItem { prepared, item, blob })
    }

    /// The key of an item's bytes.
    pub(crate) async fn blob_key(&self, item: ObjectId) -> Result<BlobKey, Error> {
        let key = self.keys.get_or_create(&KeyGroup::evidence(item)).await?;
        Ok(BlobKey::new(&key.derive("blob")))
    }
}

fn payload(permit: &Permit, registration: &Registration) -> Result<EvidenceRegistered, Error> {
    let input = registration.input.clone();
    let media_type = input.media_type;
    let file = registration.intake.map(|intake| {
        Ok::<_, Error>(FileFacts {
            media_type: media_type.unwrap_or_else(|| "application/octet-stream".to_owned()),
            size: i64::try_from(intake.size).map_err(Error::internal)?,
            sha256: intake.sha256,
            blake3: intake.blake3,
        })
    });
    let (parent, form, copied_from) = match registration.source {
        Source::Collected => (None, ItemForm::Original, None),
        Source::Peer(record) => (None, ItemForm::Copy, Some(record.0)),
        Source::Item { parent, form } => (Some(parent), form, None),
    };
    Ok(EvidenceRegistered {
        case: registration.case,
        description: input.description,
        form: form.name().to_owned(),
        parent,
        quantity: input.quantity,
        unit: input.unit,
        file_name: input.filename,
        file: file.transpose()?,
        collected_by: permit.actor().to_string(),
        collected_at: input.collected_at.as_deref().map(instant).transpose()?,
        place: input.place,
        legal_power: input.legal_power,
        seals: input.seals,
        copied_from,
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
    let (quantity, unit) = match (line("quantity", input.quantity)?, line("unit", input.unit)?) {
        (None, None) => (None, None),
        (Some(quantity), Some(unit)) => {
            let quantity = Quantity::parse(&quantity, &unit)
                .map_err(|error| Error::invalid(error.field, error.reason))?;
            (Some(quantity.amount.to_string()), Some(quantity.unit))
        }
        (Some(_), None) => {
            return Err(Error::invalid("unit", "is missing, such as KGM, NMB or LTR"));
        }
        (None, Some(_)) => return Err(Error::invalid("quantity", "is missing beside the unit")),
    };
    Ok(EvidenceInput {
        description: short_text("description", &input.description)
            .map_err(|error| Error::invalid("description", error.reason))?,
        filename: line("filename", input.filename)?,
        media_type: line("media_type", input.media_type)?,
        place: line("place", input.place)?,
        legal_power: line("legal_power", input.legal_power)?,
        seals: line("seals", input.seals)?,
        collected_at: input.collected_at,
        quantity,
        unit,
        copy_of: line("copy_of", input.copy_of)?,
        certified: input.certified,
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
