//! Released evidence files of peers: fetched in ranges that are verified while they stream, resumable, and registered as
//! evidence of this authority; gives nothing out.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::domain::id::{AuthorityName, ObjectId};
use crate::node::blobs::{BlobError, BlobName, Fetch, FetchError, Intake, TRANSFER_BYTES, Wanted};
use crate::node::casework::documents::reference_object;
use crate::node::casework::evidence::{EvidenceInput, Registration, Source};
use crate::node::casework::guard::allow;
use crate::node::casework::load::Held;
use crate::node::casework::{Desk, Error};
use crate::node::keys::KeyGroup;
use crate::node::peer::BlobRequest;
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

/// Under which path it stands where a copy of what an authority released is kept; its name follows.
const COPY: &str = "copy:";
/// How often a range is asked for again without a byte of progress.
const ROUNDS_MAX: u32 = 3;

/// What a fetch may be told.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FetchInput {
    /// The authority that released it; needed if several released an item under the same id.
    pub from: Option<String>,
    /// The request, summary or task force through which it was released.
    pub request: Option<String>,
    /// The case here to which the copy belongs; that of the request or summary if absent.
    pub case: Option<String>,
}

/// How far a fetch has come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
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
        let found = self.releases(document, &input).await?;
        // The case is known only now: whoever fetches must be allowed to add evidence to that one.
        let (released, case) = self.case_of_copy(found, input.case).await?;
        let (who, purpose) = (permit.who(), permit.purpose());
        let permit = &self.permit(who, Action::EvidenceAdd, Some(case), purpose).await?;
        let copy = self.copy_of(document, &released.peer).await?;
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

    /// The records that released the document that is meant, all of one authority.
    async fn releases(
        &self,
        document: ObjectId,
        input: &FetchInput,
    ) -> Result<Vec<Released>, Error> {
        let from = input.from.as_deref().map(str::parse::<AuthorityName>).transpose();
        let from = from.map_err(|error| Error::invalid("from", error.to_string()))?;
        let through = input.request.as_deref().map(str::parse::<ObjectId>).transpose();
        let through = through.map_err(|error| Error::invalid("request", error.to_string()))?;
        let mut releases = Vec::new();
        for row in self.references_to(document).await? {
            if row.path.starts_with(COPY) {
                continue;
            }
            let held = match self.held(StatementHash(row.record_hash)).await {
                Ok(held) => held,
                Err(Error::NotFound(_) | Error::Erased(_)) => continue,
                Err(error) => return Err(error),
            };
            let (peer, object) = (held.statement().issuer.clone(), held.common().object);
            let is_meant = from.as_ref().is_none_or(|from| *from == peer)
                && through.is_none_or(|through| through == object);
            let document = documents(&held).into_iter().find(|d| d.evidence == document);
            if let Some(document) = document.filter(|_| is_meant) {
                releases.push(Released { document, peer, record: held.statement().hash(), object });
            }
        }
        let issuers: BTreeSet<_> = releases.iter().map(|one| one.peer.as_str()).collect();
        match issuers.len() {
            0 => Err(Error::NotFound("document released to this authority")),
            1 => Ok(releases),
            _ => {
                let issuers: Vec<_> = issuers.into_iter().collect();
                let message = format!(
                    "several authorities released an item under this id: name one of {} (--from)",
                    issuers.join(", ")
                );
                Err(Error::invalid("from", message))
            }
        }
    }

    /// Where a copy of what an authority released is, or was begun.
    async fn copy_of(
        &self,
        document: ObjectId,
        issuer: &AuthorityName,
    ) -> Result<Option<CopyPlace>, Error> {
        let path = copy_path(issuer);
        let rows = self.references_to(document).await?;
        Ok(rows.iter().find(|row| row.path == path).and_then(|row| place_of(&row.value)))
    }

    async fn references_to(&self, document: ObjectId) -> Result<Vec<ObjectField>, Error> {
        let object = reference_object(document);
        self.store
            .read("released_document", move |tx| {
                Box::pin(async move { object_fields::of_object(tx, &object).await })
            })
            .await
            .map_err(|error: StoreError| error.into())
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

    /// The case of a copy, and the release that it is fetched by: the case named, or that of the request or summary.
    async fn case_of_copy(
        &self,
        releases: Vec<Released>,
        named: Option<String>,
    ) -> Result<(Released, ObjectId), Error> {
        let named = named.map(|named| named.parse::<ObjectId>()).transpose();
        let named = named.map_err(|error| Error::invalid("case", error.to_string()))?;
        let mut found: Option<(Released, ObjectId)> = None;
        for released in releases {
            let Some(case) = named.or(self.case_of(released.object).await?) else { continue };
            match &found {
                None => found = Some((released, case)),
                Some((_, other)) if *other == case => {}
                Some(_) => {
                    let message = "it was released for several cases here: name the request (--request) or the case (--case)";
                    return Err(Error::invalid("case", message));
                }
            }
        }
        found.ok_or_else(|| {
            let message = "what released it belongs to no case here: name the case to which the copy is to belong (--case)";
            Error::invalid("case", message)
        })
    }

    /// The case of a request or summary.
    async fn case_of(&self, object: ObjectId) -> Result<Option<ObjectId>, Error> {
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
        Ok(case.and_then(|case| case.parse().ok()))
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
                    self.forget_copy(document, &released.peer, place.blob).await?;
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
            path: copy_path(&released.peer),
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

    async fn forget_copy(
        &self,
        document: ObjectId,
        issuer: &AuthorityName,
        blob: BlobName,
    ) -> Result<(), Error> {
        let data = (reference_object(document), [copy_path(issuer)], blob.to_string());
        self.store
            .write_with("forget_fetch", data, |tx, (object, path, blob)| {
                Box::pin(async move {
                    blobs::delete(tx, blob).await?;
                    object_fields::clear(tx, object, path).await?;
                    Ok::<_, StoreError>(())
                })
            })
            .await?;
        Ok(())
    }

    /// Asks for range after range until all is there. If that fails, what came is kept for the next time.
    async fn pull(
        &self,
        document: ObjectId,
        released: &Released,
        mut fetch: Fetch,
        wanted: Wanted,
    ) -> Result<Intake, Error> {
        if let Err(error) = self.pull_ranges(released, &mut fetch, wanted).await {
            fetch.pause().await;
            return Err(error);
        }
        let blob = fetch.blob();
        match fetch.finish().await {
            Ok(intake) => Ok(intake),
            Err(FetchError::Blob(error @ BlobError::Mismatch { .. })) => {
                self.forget_copy(document, &released.peer, blob).await?;
                Err(Error::Peer(error.to_string()))
            }
            Err(FetchError::Blob(error)) => Err(error.into()),
            Err(error @ (FetchError::CutOff { .. } | FetchError::Forged { .. })) => {
                Err(Error::Peer(error.to_string()))
            }
        }
    }

    async fn pull_ranges(
        &self,
        released: &Released,
        fetch: &mut Fetch,
        wanted: Wanted,
    ) -> Result<(), Error> {
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
        Ok(())
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
            media_type: Some(document.media_type.clone()),
            ..EvidenceInput::default()
        };
        let source = Source::Peer(released.record);
        let registration =
            Registration { id: place.item, case, input, intake: Some(intake), source };
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

fn copy_path(issuer: &AuthorityName) -> String {
    format!("{COPY}{issuer}")
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
