//! Whether a certificate chain speaks for a paired authority at this moment; used in handshakes and again on live
//! connections. Opens and closes no connection.

use std::sync::Arc;
use std::time::Duration;

use rustls::RootCertStore;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier as _;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::WebPkiClientVerifier;

use crate::domain::id::AuthorityName;
use crate::domain::time::Timestamp;
use crate::node::peer::identity::{self, IdentityError};
use crate::node::peer::trust::PeerTrust;

/// The part that the judged side plays in the connection; decides the extended key usage it needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// It dialled us: any paired authority.
    Client,
    /// We dialled it: exactly this authority.
    Server(AuthorityName),
}

/// A chain that was accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Judged {
    /// Whom it speaks for.
    pub authority: AuthorityName,
    /// Until when it can stay accepted.
    pub valid_until: Timestamp,
    /// The anchors under which it was accepted.
    pub anchors_fingerprint: [u8; 32],
}

/// Why a chain is not accepted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JudgeError {
    /// No certificate at all.
    #[error("no certificate was presented")]
    NoCertificate,
    /// The leaf speaks for no authority, or not now.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// The leaf speaks for another authority than the one dialled.
    #[error(
        "expected {expected}, but the certificate there names {found}: check the address in the card of {expected}"
    )]
    Unexpected {
        /// Whom we dialled.
        expected: AuthorityName,
        /// Who answered.
        found: AuthorityName,
    },
    /// The authority is not paired.
    #[error("{0} is not paired with this node: exchange cards with 'sealane peers add' first")]
    NotPaired(AuthorityName),
    /// The card in force has no anchor that can be read.
    #[error("the card of {0} holds no usable certification authority: ask for a new card")]
    NoAnchor(AuthorityName),
    /// The chain does not lead to the anchors in the card.
    #[error(
        "the certificate of {authority} is not issued by the certification authority in its card ({reason})"
    )]
    Chain {
        /// Whom the leaf names.
        authority: AuthorityName,
        /// What the verification found.
        reason: String,
    },
}

impl JudgeError {
    /// Whether the certificate was good until its time ended.
    #[must_use]
    pub const fn is_expiry(&self) -> bool {
        matches!(self, Self::Identity(IdentityError::Expired { .. }))
    }
}

/// Judges chains against the trust of the moment.
#[derive(Debug)]
pub(crate) struct Judge {
    trust: Arc<PeerTrust>,
    provider: Arc<CryptoProvider>,
}

impl Judge {
    pub(crate) const fn new(trust: Arc<PeerTrust>, provider: Arc<CryptoProvider>) -> Self {
        Self { trust, provider }
    }

    pub(crate) const fn trust(&self) -> &Arc<PeerTrust> {
        &self.trust
    }

    pub(crate) const fn provider(&self) -> &Arc<CryptoProvider> {
        &self.provider
    }

    /// Maps the leaf to one authority first, then verifies the chain under that authority's anchors alone, so that
    /// one peer's certification authority can never vouch for another peer.
    pub(crate) fn judge(
        &self,
        chain: &[CertificateDer<'_>],
        role: &Role,
        now: Timestamp,
    ) -> Result<Judged, JudgeError> {
        let (leaf, intermediates) = chain.split_first().ok_or(JudgeError::NoCertificate)?;
        let authority = identity::identify(leaf, now)?.authority;
        if let Role::Server(expected) = role
            && authority != *expected
        {
            return Err(JudgeError::Unexpected { expected: expected.clone(), found: authority });
        }
        let peer =
            self.trust.peer(&authority).ok_or_else(|| JudgeError::NotPaired(authority.clone()))?;
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(peer.anchors.iter().cloned());
        if roots.is_empty() {
            return Err(JudgeError::NoAnchor(authority));
        }
        self.verify(Arc::new(roots), (leaf, intermediates), (role, &authority), now)
            .map_err(|reason| JudgeError::Chain { authority: authority.clone(), reason })?;
        Ok(Judged {
            valid_until: identity::valid_until(chain.iter().map(AsRef::as_ref))?,
            anchors_fingerprint: peer.anchors_fingerprint(),
            authority,
        })
    }

    fn verify(
        &self,
        roots: Arc<RootCertStore>,
        (leaf, intermediates): (&CertificateDer<'_>, &[CertificateDer<'_>]),
        (role, authority): (&Role, &AuthorityName),
        now: Timestamp,
    ) -> Result<(), String> {
        let provider = Arc::clone(&self.provider);
        let now = unix_time(now);
        match role {
            Role::Client => WebPkiClientVerifier::builder_with_provider(roots, provider)
                .build()
                .map_err(|error| error.to_string())?
                .verify_client_cert(leaf, intermediates, now)
                .map_err(|error| error.to_string())
                .map(drop),
            Role::Server(_) => {
                let name =
                    ServerName::try_from(authority.as_str()).map_err(|error| error.to_string())?;
                WebPkiServerVerifier::builder_with_provider(roots, provider)
                    .build()
                    .map_err(|error| error.to_string())?
                    .verify_server_cert(leaf, intermediates, &name, &[], now)
                    .map_err(|error| error.to_string())
                    .map(drop)
            }
        }
    }
}

/// The moment as rustls counts it.
pub(crate) fn unix_time(now: Timestamp) -> UnixTime {
    UnixTime::since_unix_epoch(Duration::from_secs(u64::try_from(now.as_secs()).unwrap_or(0)))
}

/// The moment as the node counts it.
pub(crate) fn timestamp(now: UnixTime) -> Timestamp {
    Timestamp::from_secs(i64::try_from(now.as_secs()).unwrap_or(i64::MAX))
}
