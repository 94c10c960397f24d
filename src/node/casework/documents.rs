//! Released evidence files: the field of the record that releases them, who may fetch them, and where to find one that
//! was received; moves no bytes.

use schemars::JsonSchema;
use serde::Serialize;

use crate::domain::finding::Finding;
use crate::domain::handling::Marking;
use crate::domain::id::{AuthorityName, ObjectId};
use crate::node::casework::permits::{evidence_resource, user_behind};
use crate::node::casework::{Desk, Error};
use crate::node::store::blobs::{self, BlobGrant, BlobState};
use crate::node::store::evidence::{EvidenceItem, ItemFile};
use crate::node::store::object_fields::ObjectField;
use crate::node::store::{StoreError, Tx, evidence};
use crate::policy::{Action, Permit, Resource};
use crate::record::StatementHash;
use crate::record::kinds::document::Document;
use crate::record::kinds::evidence::EvidenceRegistered;

/// The most files that one record releases.
pub(crate) const DOCUMENTS_MAX: usize = 64;

/// A released file, as a view shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct DocumentView {
    /// The evidence item at the authority that released it; `evidence fetch` takes this id.
    pub evidence: String,
    /// What it is.
    pub title: String,
    /// Media type.
    pub media_type: String,
    /// Bytes.
    pub size: i64,
    /// SHA-256, in hexadecimal.
    pub sha256: String,
    /// How it must be handled.
    pub marking: String,
}

impl From<&Document> for DocumentView {
    fn from(document: &Document) -> Self {
        Self {
            evidence: document.evidence.to_string(),
            title: document.title.clone(),
            media_type: document.media_type.clone(),
            size: document.size,
            sha256: hex::encode(document.sha256),
            marking: document.marking.clone(),
        }
    }
}

impl Desk {
    /// The evidence items of these ids as documents that a record releases.
    pub(crate) async fn documents(
        &self,
        permit: &Permit,
        ids: &[String],
        marking: &Marking,
    ) -> Result<Vec<Document>, Error> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        if ids.len() > DOCUMENTS_MAX {
            return Err(Error::invalid("documents", "are more than 64; use several records"));
        }
        let parsed = ids
            .iter()
            .map(|id| {
                id.parse::<ObjectId>().map_err(|e| Error::invalid("documents", e.to_string()))
            })
            .collect::<Result<Vec<_>, _>>()?;
        let items =
            self.store.read("documents", move |tx| Box::pin(released_items(tx, parsed))).await?;
        let mut documents = Vec::with_capacity(items.len());
        for (id, item) in items {
            let Some((item, file)) = item else {
                let message = format!("there is no evidence {id} whose file is held here");
                return Err(Error::Invalid(vec![Finding::error("documents", &message)]));
            };
            self.may_release(permit, id, &item).await?;
            documents.push(document(id, (item, file), marking));
        }
        Ok(documents)
    }

    /// Whether the officer may let an item leave the house: by role, by reach of its case, and as a second officer
    /// beside the one who registered it. What another authority released is that authority's to pass on.
    async fn may_release(
        &self,
        permit: &Permit,
        id: ObjectId,
        item: &EvidenceItem,
    ) -> Result<(), Error> {
        let text = item.id.clone();
        let (resource, registered) = self
            .store
            .read("release_evidence", move |tx| {
                Box::pin(async move {
                    let custody = evidence::custody_of(tx, &text).await?;
                    let registered = custody.first().map(|event| StatementHash(event.record_hash));
                    Ok::<_, StoreError>((evidence_resource(tx, id, &text).await?, registered))
                })
            })
            .await?;
        let (Some(resource), Some(registered)) = (resource, registered) else {
            return Err(Error::NotFound("evidence item"));
        };
        let registered = self.held(registered).await?;
        let registrar = registered.common().actor.clone();
        let author = self
            .store
            .read("evidence_registrar", move |tx| {
                Box::pin(async move { user_behind(tx, &registrar).await })
            })
            .await
            .map_err(|error: StoreError| Error::from(error))?;
        let resource = Resource { authors: author.into_iter().collect(), ..resource };
        self.permit_on(permit.who(), Action::EvidenceRelease, resource, permit.purpose()).await?;
        if registered.payload::<EvidenceRegistered>()?.copied_from.is_some() {
            let message = format!(
                "the evidence {id} was received from another authority: ask that authority to release it itself"
            );
            return Err(Error::Invalid(vec![Finding::error("documents", &message)]));
        }
        Ok(())
    }
}

type Found = (ObjectId, Option<(EvidenceItem, ItemFile)>);

async fn released_items(tx: &mut Tx, ids: Vec<ObjectId>) -> Result<Vec<Found>, StoreError> {
    let mut found = Vec::with_capacity(ids.len());
    for id in ids {
        let item = evidence::get(tx, &id.to_string()).await?;
        let mut held = item.and_then(|item| item.file().map(|file| (item, file)));
        if let Some((_, file)) = &held {
            let blob = blobs::get(tx, &file.blob).await?;
            if blob.is_none_or(|blob| blob.state != BlobState::Complete) {
                held = None;
            }
        }
        found.push((id, held));
    }
    Ok(found)
}

fn document(id: ObjectId, (item, file): (EvidenceItem, ItemFile), marking: &Marking) -> Document {
    Document {
        evidence: id,
        blob: file.blob,
        title: item.description,
        media_type: file.media_type,
        size: file.size,
        sha256: file.sha256,
        blake3: file.blake3,
        marking: marking.to_string(),
    }
}

/// Lets peers fetch what a record releases.
pub(crate) async fn grant(
    tx: &mut Tx,
    documents: &[Document],
    peers: &[AuthorityName],
    record: StatementHash,
) -> Result<(), StoreError> {
    for document in documents {
        for peer in peers {
            let grant = BlobGrant {
                blob: document.blob.clone(),
                authority: peer.to_string(),
                evidence_id: document.evidence.to_string(),
                granted_by_record: record.0,
            };
            blobs::grant(tx, &grant).await?;
        }
    }
    Ok(())
}

/// The name under which a received document is found again.
pub(crate) fn reference_object(evidence: ObjectId) -> String {
    format!("document:{evidence}")
}

/// Where the documents of a received record are found again: by the id of the item at its authority. Another authority
/// may use the same id: the record says whose it is.
pub(crate) fn references(documents: &[Document], record: StatementHash) -> Vec<ObjectField> {
    documents
        .iter()
        .map(|document| ObjectField {
            object: reference_object(document.evidence),
            path: record.to_string(),
            value: Vec::new(),
            record_hash: record.0,
            field_index: 0,
        })
        .collect()
}

/// A marking as an officer wrote it: sound, and not above what this node may hold.
pub(crate) fn marking(path: &str, text: &str) -> Result<Marking, Error> {
    let marking: Marking =
        text.parse().map_err(|error: crate::domain::handling::InvalidMarking| {
            Error::invalid(path, error.to_string())
        })?;
    if marking.level() > LEVEL_CEILING {
        return Err(Error::invalid(
            path,
            "is classified above level 1: use the system accredited for that level",
        ));
    }
    Ok(marking)
}

/// The highest classification level that leaves or enters through this node.
const LEVEL_CEILING: u8 = 1;
