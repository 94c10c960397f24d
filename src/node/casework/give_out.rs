//! Released evidence files for peers: given out only with a grant, in ranges that the peer can verify; fetches nothing.

use crate::domain::id::AuthorityName;
use crate::node::blobs::{BlobError, BlobKey, BlobName, encoded_bytes};
use crate::node::casework::{Desk, Error};
use crate::node::keys::KeyGroup;
use crate::node::peer::{BlobRequest, BlobStream, Refusal, RefusalCode};
use crate::node::store::blobs::{self, BlobState};
use crate::node::store::{StoreError, Tx, cases, evidence};

impl Desk {
    /// Gives out a range of a released blob.
    ///
    /// # Errors
    /// [`RefusalCode::NotFound`] without a grant, so that nobody learns which blobs there are, and while the data of its case
    /// are restricted.
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
                    let grant = match grant {
                        Some(grant) if is_restricted(tx, &grant.evidence_id).await? => None,
                        grant => grant,
                    };
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

    /// The key of a blob; none once it was destroyed.
    pub(crate) async fn key_of_blob(&self, group: &KeyGroup) -> Result<Option<BlobKey>, Error> {
        let key = self.keys.get(group).await?;
        Ok(key.map(|key| BlobKey::new(&key.derive("blob"))))
    }
}

/// Whether an item belongs to a case whose data are restricted.
async fn is_restricted(tx: &mut Tx, evidence_id: &str) -> Result<bool, StoreError> {
    let Some(item) = evidence::get(tx, evidence_id).await? else { return Ok(false) };
    let case = cases::get(tx, &item.case_id).await?;
    Ok(case.is_some_and(|case| !case.restricted.is_empty()))
}

fn failed(error: &dyn std::error::Error) -> Refusal {
    tracing::error!(error = %error, "released evidence could not be read");
    Refusal::new(
        RefusalCode::Internal,
        "this node could not read the blob; it is asked again later",
    )
}
