//! What an officer reads of the own log: its newest checkpoint and the proof of a record; signs nothing.

use crate::node::casework::permits::Covers as _;
use crate::node::casework::{Desk, Error};
use crate::node::log::LogError;
use crate::node::log::proof::tlog_proof;
use crate::node::store::{StoreError, logs};
use crate::policy::{Action, Permit};
use crate::record::StatementHash;

impl Desk {
    /// The newest checkpoint that peers cosigned, else the newest under the log's own signature.
    ///
    /// # Errors
    /// [`Error::NotFound`] before the first seal.
    pub async fn log_checkpoint(&self, permit: &Permit) -> Result<String, Error> {
        permit.covers(Action::LogRead, None)?;
        let checkpoint = self
            .store
            .read("log_checkpoint", |tx| {
                Box::pin(async move {
                    let Some(log) = logs::newest(tx).await? else { return Ok(None) };
                    match logs::last_witnessed(tx, &log.origin).await? {
                        Some(witnessed) => Ok(Some(witnessed)),
                        None => logs::last_checkpoint(tx, &log.origin).await,
                    }
                })
            })
            .await
            .map_err(|error: StoreError| Error::from(error))?;
        let checkpoint = checkpoint.ok_or(Error::NotFound("checkpoint"))?;
        let note = checkpoint.cosigned.unwrap_or(checkpoint.note);
        Ok(String::from_utf8_lossy(&note).into_owned())
    }

    /// The `.tlog-proof` of a record.
    ///
    /// # Errors
    /// [`Error::NotFound`] if the record is not here or not sealed yet.
    pub async fn log_proof(&self, permit: &Permit, record: &str) -> Result<String, Error> {
        permit.covers(Action::LogRead, None)?;
        let unknown = Error::NotFound("record in the log; one that was just made is sealed soon");
        let hash = hex::decode(record).ok().and_then(|bytes| bytes.try_into().ok());
        let Some(hash) = hash.map(StatementHash) else { return Err(unknown) };
        match tlog_proof(&self.store, hash.0).await {
            Ok(proof) => proof.ok_or(unknown),
            Err(LogError::Store(error)) => Err(error.into()),
            Err(error) => Err(Error::internal(error)),
        }
    }
}
