//! Carries a confirmed erasure out, from wherever it stopped: each step may be done again.

use crate::domain::id::ObjectId;
use crate::node::blobs::BlobName;
use crate::node::casework::append::Authorship;
use crate::node::casework::erasure::plan::RowPlace;
use crate::node::casework::erasure::scope::Scope;
use crate::node::casework::erasure::wipe::{WIPE_TRIES, Wipe};
use crate::node::casework::{Desk, Error};
use crate::node::store::erasures::{self, Erasure, ErasureState};
use crate::node::store::{Page, StoreError};
use crate::record::StatementHash;
use crate::record::kinds::erasure::ErasureCertified;

/// Seconds of a day.
const DAY_SECS: i64 = 86_400;

/// The most erasures that a start carries on with at once.
const PAGE: i64 = 100;

impl Desk {
    /// Carries on with erasures that a stop of the node interrupted; one that cannot be carried out holds up no other.
    ///
    /// # Errors
    /// The first failure, after all were tried.
    pub async fn finish_erasures(&self) -> Result<usize, Error> {
        let waiting = self
            .store
            .read("erasures_confirmed", |tx| {
                Box::pin(async move {
                    erasures::list(tx, Some(ErasureState::Confirmed), &Page::first(PAGE)).await
                })
            })
            .await
            .map_err(|error: StoreError| Error::from(error))?;
        let mut failed = None;
        for order in &waiting {
            let done = match order.id.parse() {
                Ok(id) => self.carry_out(id).await,
                Err(error) => Err(Error::internal(error)),
            };
            if let Err(error) = done {
                tracing::error!(
                    erasure = order.id,
                    cause = &error as &dyn std::error::Error,
                    "an erasure could not be carried out"
                );
                failed.get_or_insert(error);
            }
        }
        failed.map_or(Ok(waiting.len()), Err)
    }

    /// Carries an order out, again if evidence was added to the case meanwhile.
    pub(super) async fn carry_out(&self, id: ObjectId) -> Result<(), Error> {
        for _ in 1..WIPE_TRIES {
            match self.carry_out_once(id).await {
                Err(Error::Conflict(_)) => {}
                done => return done,
            }
        }
        self.carry_out_once(id).await
    }

    /// Destroys the keys, then removes files and rows and signs the certificate, then empties the write-ahead log.
    async fn carry_out_once(&self, id: ObjectId) -> Result<(), Error> {
        let plan = self.plan(id).await?;
        for group in &plan.keys {
            self.keys.destroy(group).await?;
        }
        for item in &plan.items {
            if let Some(Ok(blob)) = item.blob.as_deref().map(str::parse::<BlobName>) {
                self.blobs.remove(blob).await?;
            }
        }
        let certificate = ErasureCertified {
            case: (plan.scope != Scope::Import).then_some(plan.object),
            import: (plan.scope == Scope::Import).then_some(plan.object),
            scope: plan.scope.parts(),
            keys: plan.keys.iter().map(|group| group.as_str().to_owned()).collect(),
            imported_rows: plan.rows.iter().map(RowPlace::place).collect(),
            rows_kept: plan.rows_kept.iter().map(RowPlace::place).collect(),
            cases: plan.cases.clone(),
            backups_until: self
                .clock
                .now()
                .plus_secs(i64::from(self.rules.backup_days).saturating_mul(DAY_SECS))
                .0,
            holders: plan.holders.iter().filter_map(|name| name.parse().ok()).collect(),
        };
        let by = Authorship::node(Some(StatementHash(plan.order.head)));
        let certificate = self.author(id, by, &certificate).await?;
        let row =
            Erasure { state: ErasureState::Done, head: certificate.hash().0, ..plan.order.clone() };
        self.wipe(Wipe { plan, certificate, row }).await?;
        self.committed();
        // A long reader may stand in the way; the writer's next pause empties it then.
        if let Err(error) = self.store.checkpoint().await {
            tracing::info!(cause = %error, "the write-ahead log is emptied later");
        }
        Ok(())
    }
}
