//! Released evidence files between nodes: given out only with a grant; fetched in ranges that are verified while they
//! stream, resumable, and registered as evidence of this authority.

use serde::{Deserialize, Serialize};

use crate::domain::id::{AuthorityName, ObjectId};
use crate::node::blobs::{
    BlobError, BlobKey, BlobName, Fetch, FetchError, Intake, TRANSFER_BYTES, Wanted, encoded_bytes,
};
use crate::node::casework::documents::reference_object;
use crate::node::casework::evidence::{EvidenceInput, Registration};
use crate::node::casework::guard::allow;
use crate::node::casework::load::Held;
use crate::node::casework::{Desk, Error};
use crate::node::keys::KeyGroup;
use crate::node::peer::{BlobRequest, BlobStream, Refusal, RefusalCode};
use crate::node::rng::random;
use crate::node::store::blobs::{self, Blob, BlobState};
use crate::node::store::object_fields::{self, ObjectField};
use crate::node::store::{StoreError, evidence, requests, summaries};
use crate::policy::{Action, Permit};
use crate::record::StatementHash;
use crate::record::kinds::document::Document;
use crate::record::kinds::request::RequestAct;
use crate::record::kinds::summary::SummaryShared;
use crate::record::kinds::task_force::Post;

/// Under which path it stands where a copy is kept.
const COPY: &str = "copy";
/// How often a range is asked for again without a byte of progress.
const ROUNDS_MAX: u32 = 3;

/// What a fetch may be told.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FetchInput {
    /// The case here to which the copy belongs; that of the request if absent.
    pub case: Option<String>,
}

/// How far a fetch has come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FetchView {
    /// `complete`.
    pub state: String,
    /// The evidence item that the copy is here.
    pub evidence: String,
    /// The authority it came from.
    pub from: String,
    /// Bytes.
    pub size: i64,
    /// SHA-256, in hexadecimal.
    pub sha256: String,
}

/// A document that was released to this node.
struct Released {
    document: Document,
    peer: AuthorityName,
    record: StatementHash,
    object: ObjectId,
}

/// Where a copy is kept: the new item, and its blob.
#[derive(Clone, Copy)]
struct CopyPlace {
    item: ObjectId,
    blob: BlobName,
}

impl Desk {
    /// Gives out a range of a released blob.
    ///
    /// # Errors
    /// [`RefusalCode::NotFound`] without a grant, so that nobody learns which blobs there are.
    pub(crate) async fn serve_blob(
        &self,
        peer: &AuthorityName,
        request: BlobRequest,
    ) -> Result<BlobStream, Refusal> {
        let absent = || Refusal::new(RefusalCode::NotFound, "no such blob is released to you");
        let name: BlobName = request.blob.parse().map_err(|_| absent())?;
        let (blob, authority) = (request.blob.clone(), peer.to_string());
        let rows = self
            .store
            .read("serve_blob", move |tx| {
                Box::pin(async move {
                    let grant = blobs::grant_of(tx, &blob, &authority).await?;
                    Ok::<_, StoreError>((grant, blobs::get(tx, &blob).await?))
                })
            })
            .await
            .map_err(|error| failed(&error))?;
        let (Some(grant), Some(blob)) = rows else { return Err(absent()) };
        let is_held = blob.state == BlobState::Complete;
        if grant.evidence_id != request.about.to_string() || !is_held {
            return Err(absent());
        }
        let key = self.key_of_blob(&KeyGroup::stored(&blob.key_group)).await;
        let key = key.map_err(|error| failed(&error))?.ok_or_else(absent)?;
        let size = u64::try_from(blob.size).unwrap_or(0);
        let reader = self
            .blobs
            .encode(name, &key, blob.blake3, request.offset, request.length)
            .await
            .map_err(|error| match error {
                BlobError::OutOfRange { .. } => {
                    Refusal::new(RefusalCode::Malformed, "the range is outside of the blob")
                }
                error => failed(&error),
            })?;
        tracing::info!(peer.authority = %peer, evidence = %request.about, offset = request.offset, "gave out a range of released evidence");
        Ok(BlobStream {
            size,
            length: encoded_bytes(size, request.offset, request.length),
            reader: Box::new(reader),
        })
    }

    async fn key_of_blob(&self, group: &KeyGroup) -> Result<Option<BlobKey>, Error> {
        let key = self.keys.get(group).await?;
        Ok(key.map(|key| BlobKey::new(&key.derive("blob"))))
    }

    /// Fetches a released document and registers it as evidence of this authority. Called again, it goes on where it
    /// stopped; called once more, it gives what is there.
    ///
    /// # Errors
    /// [`Error::NotFound`] if no peer released it, [`Error::Peer`] if the peer cannot be reached or sends other bytes.
    pub async fn fetch_evidence(
        &self,
        permit: &Permit,
        document: ObjectId,
        input: FetchInput,
    ) -> Result<FetchView, Error> {
        allow(permit, Action::EvidenceAdd, None)?;
        let (released, copy) = self.released_to_us(document).await?;
        // The case is known only now: whoever fetches must be allowed to add evidence to that one.
        let case = self.case_of_copy(&released, input.case).await?;
        let (who, purpose) = (permit.who(), permit.purpose());
        let permit = &self.permit(who, Action::EvidenceAdd, Some(case), purpose).await?;
        if let Some(place) = copy
            && self.is_registered(place.item).await?
        {
            return Ok(view(&released, place.item));
        }
        self.has_room()?;
        let wanted = Wanted {
            size: u64::try_from(released.document.size).unwrap_or(u64::MAX),
            sha256: released.document.sha256,
            blake3: released.document.blake3,
        };
        let copied = self.fetch_blob(document, &released, copy, wanted).await?;
        let place = copied.0;
        self.register_copy(permit, &released, case, copied).await?;
        Ok(view(&released, place.item))
    }

    /// Finds the record that released a document, and a copy that was begun.
    async fn released_to_us(
        &self,
        document: ObjectId,
    ) -> Result<(Released, Option<CopyPlace>), Error> {
        let object = reference_object(document);
        let rows = self
            .store
            .read("released_document", move |tx| {
                Box::pin(async move { object_fields::of_object(tx, &object).await })
            })
            .await?;
        let copy = rows.iter().find(|row| row.path == COPY).and_then(|row| place_of(&row.value));
        for row in rows.iter().filter(|row| row.path != COPY) {
            let held = match self.held(StatementHash(row.record_hash)).await {
                Ok(held) => held,
                Err(Error::NotFound(_) | Error::Erased(_)) => continue,
                Err(error) => return Err(error),
            };
            if let Some(document) = documents(&held).into_iter().find(|d| d.evidence == document) {
                let released = Released {
                    document,
                    peer: held.statement().issuer.clone(),
                    record: held.statement().hash(),
                    object: held.common().object,
                };
                return Ok((released, copy));
            }
        }
        Err(Error::NotFound("document released to this authority"))
    }

    async fn is_registered(&self, item: ObjectId) -> Result<bool, Error> {
        let id = item.to_string();
        let row = self
            .store
            .read("copy_registered", move |tx| {
                Box::pin(async move { evidence::get(tx, &id).await })
            })
            .await?;
        Ok(row.is_some())
    }

    /// The case of a copy: the one named, that of the request or summary, or the object that released it.
    async fn case_of_copy(
        &self,
        released: &Released,
        named: Option<String>,
    ) -> Result<ObjectId, Error> {
        let object = released.object;
        if let Some(named) = named {
            return named.parse().map_err(|error: crate::domain::id::InvalidObjectId| {
                Error::invalid("case", error.to_string())
            });
        }
        let id = object.to_string();
        let case = self
            .store
            .read("case_of_copy", move |tx| {
                Box::pin(async move {
                    let request = requests::get(tx, &id).await?.and_then(|row| row.case_id);
                    let summary = summaries::get(tx, &id).await?.and_then(|row| row.case_id);
                    Ok::<_, StoreError>(request.or(summary))
                })
            })
            .await?;
        Ok(case.and_then(|case| case.parse().ok()).unwrap_or(object))
    }

    /// Fetches the bytes, from where an earlier fetch stopped.
    async fn fetch_blob(
        &self,
        document: ObjectId,
        released: &Released,
        copy: Option<CopyPlace>,
        wanted: Wanted,
    ) -> Result<(CopyPlace, Intake), Error> {
        if let Some(place) = copy {
            let group = KeyGroup::evidence(place.item);
            let key = self.key_of_blob(&group).await?;
            let key = key.ok_or_else(|| Error::Erased("the copy was erased".to_owned()))?;
            match self.blobs.resume_fetch(place.blob, &key, wanted).await {
                Ok(fetch) => {
                    let intake = self.pull(document, released, fetch, wanted).await?;
                    return Ok((place, intake));
                }
                // It ended before its row knew, or its bytes are gone.
                Err(BlobError::Missing { .. }) => {
                    if self.blobs.size(place.blob, &key).await.ok() == Some(wanted.size) {
                        let Wanted { size, sha256, blake3 } = wanted;
                        return Ok((place, Intake { blob: place.blob, size, sha256, blake3 }));
                    }
                    self.forget_copy(document, place.blob).await?;
                }
                Err(error) => return Err(error.into()),
            }
        }
        let item = ObjectId::from_random(random(&*self.rng));
        let key = self.blob_key(item).await?;
        let fetch = self.blobs.begin_fetch(&key, wanted).await?;
        let place = CopyPlace { item, blob: fetch.blob() };
        self.note_copy(document, released, place).await?;
        let intake = self.pull(document, released, fetch, wanted).await?;
        Ok((place, intake))
    }

    /// Notes the blob and where it is found again, before its first range.
    async fn note_copy(
        &self,
        document: ObjectId,
        released: &Released,
        place: CopyPlace,
    ) -> Result<(), Error> {
        let blob = Blob {
            name: place.blob.to_string(),
            key_group: KeyGroup::evidence(place.item).as_str().to_owned(),
            size: released.document.size,
            sha256: released.document.sha256,
            blake3: released.document.blake3,
            state: BlobState::Staged,
            created_at: self.clock.now().0,
        };
        let field = ObjectField {
            object: reference_object(document),
            path: COPY.to_owned(),
            value: format!("{} {}", place.item, place.blob).into_bytes(),
            record_hash: released.record.0,
            field_index: 0,
        };
        self.store
            .write_with("begin_fetch", (blob, field), |tx, (blob, field)| {
                Box::pin(async move {
                    blobs::insert(tx, blob).await?;
                    object_fields::put_all(tx, std::slice::from_ref(field)).await?;
                    Ok::<_, StoreError>(())
                })
            })
            .await?;
        Ok(())
    }

    async fn forget_copy(&self, document: ObjectId, blob: BlobName) -> Result<(), Error> {
        let data = (reference_object(document), blob.to_string());
        self.store
            .write_with("forget_fetch", data, |tx, (object, blob)| {
                Box::pin(async move {
                    blobs::delete(tx, blob).await?;
                    object_fields::clear(tx, object, &[COPY.to_owned()]).await?;
                    Ok::<_, StoreError>(())
                })
            })
            .await?;
        Ok(())
    }

    /// Asks for range after range until all is there.
    async fn pull(
        &self,
        document: ObjectId,
        released: &Released,
        mut fetch: Fetch,
        wanted: Wanted,
    ) -> Result<Intake, Error> {
        let mut rounds = 0;
        while !fetch.is_complete() {
            let offset = fetch.next_offset();
            let length = wanted.size.saturating_sub(offset).min(TRANSFER_BYTES);
            let request = BlobRequest {
                blob: released.document.blob.clone(),
                offset,
                length,
                about: released.document.evidence,
            };
            let courier = self.courier.get().ok_or_else(|| {
                Error::Unavailable("the node does not yet reach its peers".to_owned())
            })?;
            let stream = courier.blob(&released.peer, &request).await;
            let mut stream = stream.map_err(|error| Error::Peer(error.to_string()))?;
            match fetch.accept(length, &mut stream.reader).await {
                Ok(()) => rounds = 0,
                Err(FetchError::CutOff { at, .. }) if at > offset || rounds < ROUNDS_MAX => {
                    rounds = if at > offset { 0 } else { rounds + 1 };
                }
                Err(FetchError::Blob(error)) => return Err(error.into()),
                Err(error @ (FetchError::CutOff { .. } | FetchError::Forged { .. })) => {
                    return Err(Error::Peer(error.to_string()));
                }
            }
        }
        let blob = fetch.blob();
        match fetch.finish().await {
            Ok(intake) => Ok(intake),
            Err(FetchError::Blob(error @ BlobError::Mismatch { .. })) => {
                self.forget_copy(document, blob).await?;
                Err(Error::Peer(error.to_string()))
            }
            Err(FetchError::Blob(error)) => Err(error.into()),
            Err(error @ (FetchError::CutOff { .. } | FetchError::Forged { .. })) => {
                Err(Error::Peer(error.to_string()))
            }
        }
    }

    /// Registers the copy as an item of its own.
    async fn register_copy(
        &self,
        permit: &Permit,
        released: &Released,
        case: ObjectId,
        (place, intake): (CopyPlace, Intake),
    ) -> Result<(), Error> {
        let document = &released.document;
        let input = EvidenceInput {
            description: document.title.clone(),
            filename: None,
            media_type: Some(document.media_type.clone()),
            place: None,
            legal_power: None,
            seals: None,
            collected_at: None,
        };
        let copied_from = Some(released.record.0);
        let registration = Registration { id: place.item, case, input, intake, copied_from };
        self.register_evidence(permit, registration).await?;
        Ok(())
    }
}

/// The documents that a record releases.
fn documents(held: &Held) -> Vec<Document> {
    match held.common().kind.as_str() {
        "request.act/1" => held.payload::<RequestAct>().map(|act| act.documents),
        "summary.shared/1" => held.payload::<SummaryShared>().map(|summary| summary.documents),
        "task_force.post/1" => held.payload::<Post>().map(|post| post.documents),
        _ => Ok(Vec::new()),
    }
    .unwrap_or_default()
}

fn place_of(value: &[u8]) -> Option<CopyPlace> {
    let (item, blob) = std::str::from_utf8(value).ok()?.split_once(' ')?;
    Some(CopyPlace { item: item.parse().ok()?, blob: blob.parse().ok()? })
}

fn view(released: &Released, item: ObjectId) -> FetchView {
    FetchView {
        state: "complete".to_owned(),
        evidence: item.to_string(),
        from: released.peer.to_string(),
        size: released.document.size,
        sha256: hex::encode(released.document.sha256),
    }
}

fn failed(error: &dyn std::error::Error) -> Refusal {
    tracing::error!(error = %error, "released evidence could not be read");
    Refusal::new(
        RefusalCode::Internal,
        "this node could not read the blob; it is asked again later",
    )
}
