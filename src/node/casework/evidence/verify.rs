//! Hashes the stored content of an item again and compares it with the signed record; repairs nothing.

use crate::node::blobs::{BlobError, BlobName, Difference, Wanted};
use crate::node::casework::evidence::VerdictView;
use crate::node::casework::evidence::read::{NO_FILE, registered};
use crate::node::casework::permits::Covers;
use crate::node::casework::{Desk, Error};
use crate::policy::{Action, Permit};

impl Desk {
    /// Compares the content of an item with its registration. Damage is a verdict, not an error.
    ///
    /// # Errors
    /// If the permit is for something else, or the disk cannot be read.
    pub async fn verify_evidence(&self, permit: &Permit) -> Result<VerdictView, Error> {
        let id = permit.object_for(Action::EvidenceRead)?;
        let (item, _) = self.evidence_row(id).await?;
        let held = self.own_held_of(id).await?;
        let (record, signed) = registered(&held)?;
        let (Some(signed), Some(blob)) = (signed.file, item.blob) else {
            return Err(Error::NotFound(NO_FILE));
        };
        let recorded = Wanted {
            size: u64::try_from(signed.size).map_err(Error::internal)?,
            sha256: signed.sha256,
            blake3: signed.blake3,
        };
        self.note_seen(permit).await?;
        let blob: BlobName = blob.parse().map_err(Error::internal)?;
        let found = self.blobs.verify(blob, &self.blob_key(id).await?, &recorded).await;
        let differences = match found {
            Ok(found) => found.iter().map(|difference| word(*difference).to_owned()).collect(),
            Err(
                error @ (BlobError::Missing { .. }
                | BlobError::Damaged { .. }
                | BlobError::Format { .. }),
            ) => vec![error.to_string()],
            Err(other) => return Err(other.into()),
        };
        Ok(VerdictView {
            id: item.id,
            verified: differences.is_empty(),
            differences,
            sha256: hex::encode(signed.sha256),
            size: signed.size,
            record: record.statement().hash().to_string(),
        })
    }
}

const fn word(difference: Difference) -> &'static str {
    match difference {
        Difference::Size => "the size is another",
        Difference::Sha256 => "the SHA-256 is another",
        Difference::Blake3 => "the BLAKE3 is another",
        Difference::Outboard => "the hash tree beside the content is another; it cannot be sent",
    }
}
