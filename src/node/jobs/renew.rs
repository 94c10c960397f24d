//! Renews the node certificate in its last thirty days, swaps it in, and tidies the store when the node is idle.

use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_util::sync::CancellationToken;

use crate::domain::id::AuthorityName;
use crate::node::clock::Clock;
use crate::node::keys::KeyDir;
use crate::node::keys::certificate::Renewal;
use crate::node::peer::OwnCertificate;
use crate::node::rng::Rng;
use crate::node::store::{Store, StoreError, idempotency};

/// How often the certificate is looked at.
const LOOK: Duration = Duration::from_hours(1);
/// After this long without a commit the write-ahead log is moved into the database.
const IDLE: Duration = Duration::from_secs(30);

/// Old answers are forgotten every so many pauses of [`IDLE`].
const LOOKS_PER_HOUR: u32 = 120;

/// What renewal works with.
pub struct Renew {
    /// The node's own authority.
    pub authority: AuthorityName,
    /// The folder of keys.
    pub keys: KeyDir,
    /// What the exchange shows.
    pub own: Arc<OwnCertificate>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Serial numbers.
    pub rng: Arc<dyn Rng>,
}

impl Renew {
    /// Looks until told to stop.
    pub async fn run(self, stop: CancellationToken) {
        loop {
            match self.look() {
                Ok(true) => {
                    tracing::info!(not_after = %self.own.not_after(), "the node certificate was renewed");
                }
                Ok(false) => {}
                Err(error) => {
                    tracing::error!(error, not_after = %self.own.not_after(), "the node certificate could not be renewed");
                }
            }
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(LOOK) => {}
            }
        }
    }

    /// Renews if it is time; true if a new certificate is shown from now on.
    ///
    /// # Errors
    /// A sentence that says what is wrong with the keys.
    pub fn look(&self) -> Result<bool, String> {
        let now = self.clock.now();
        let renewal = self
            .keys
            .renew_if_due(&self.authority, &*self.rng, now)
            .map_err(|error| error.to_string())?;
        match renewal {
            Renewal::NotDue { .. } | Renewal::NotOurs { .. } => Ok(false),
            Renewal::Renewed { .. } => {
                let tls = self.keys.tls().map_err(|error| error.to_string())?;
                let chain = CertificateDer::pem_slice_iter(tls.certificate_pem.as_bytes())
                    .collect::<Result<Vec<_>, _>>()
                    .map_err(|error| error.to_string())?;
                let key = PrivateKeyDer::from_pem_slice(tls.key_pem().as_bytes())
                    .map_err(|error| error.to_string())?;
                self.own.replace(chain, key).map_err(|error| error.to_string())?;
                Ok(true)
            }
        }
    }
}

/// Moves the write-ahead log into the database whenever nothing was committed for a while, and forgets, once an hour,
/// the answers that were kept long enough.
pub async fn tidy(store: Store, clock: Arc<dyn Clock>, stop: CancellationToken) {
    let mut tidied = 0;
    let mut looks: u32 = 0;
    let mut last = store.batches();
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(IDLE) => {}
        }
        if looks.is_multiple_of(LOOKS_PER_HOUR) {
            let oldest = clock.now().plus_secs(-idempotency::KEPT_SECS).0;
            let forgotten = store.write("answers_forget", move |tx| {
                Box::pin(async move { idempotency::forget_before(tx, oldest).await })
            });
            if let Err(error) = forgotten.await {
                let error: StoreError = error;
                tracing::warn!(error = %error, "old answers could not be forgotten now");
            }
        }
        looks = looks.wrapping_add(1);
        let now = store.batches();
        if now == last && now != tidied {
            match store.checkpoint().await {
                Ok(()) => tidied = now,
                Err(error) => tracing::debug!(error = %error, "the store could not be tidied now"),
            }
        }
        last = now;
    }
}
