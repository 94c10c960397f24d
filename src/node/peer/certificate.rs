//! The node's own TLS certificate and key, replaced while it runs; issues and stores none.

use std::fmt;
use std::sync::Arc;

use arc_swap::ArcSwap;
use aws_lc_rs::hmac;
use rustls::SignatureScheme;
use rustls::client::ResolvesClientCert;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use sha2::{Digest, Sha256};
use tokio::sync::watch;

use crate::domain::time::Timestamp;
use crate::node::peer::identity::{self, Identity, IdentityError};
use crate::node::peer::tls::provider;

/// The certificate chain and key that the node shows to both sides of a connection.
///
/// After [`OwnCertificate::replace`] new connections use the new one; those that are open go on and are given up by
/// the dialling side when their last request is answered.
pub struct OwnCertificate {
    current: ArcSwap<CertifiedKey>,
    identity: ArcSwap<Identity>,
    changes: watch::Sender<u64>,
    reset_key: hmac::Key,
}

/// Why a certificate and key cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum OwnCertificateError {
    /// The chain is empty.
    #[error("the certificate file holds no certificate")]
    Empty,
    /// The certificate does not name one authority.
    #[error("the node's own certificate is not usable: {0}")]
    Identity(#[from] IdentityError),
    /// The key cannot be read or belongs to another certificate.
    #[error("the private key cannot be read or does not belong to the certificate")]
    Key(#[source] rustls::Error),
    /// A new certificate names another authority.
    #[error("the new certificate names {found}, this node is {expected}")]
    OtherAuthority {
        /// The node's name.
        expected: String,
        /// The name in the certificate.
        found: String,
    },
}

impl OwnCertificate {
    /// Takes the node's chain (leaf first) and key.
    ///
    /// # Errors
    /// If the leaf does not name exactly one authority or the key is not its key.
    pub fn new(
        chain: Vec<CertificateDer<'static>>,
        key: PrivateKeyDer<'static>,
    ) -> Result<Self, OwnCertificateError> {
        let secret = Sha256::new()
            .chain_update(b"sealane/stateless-reset/1")
            .chain_update(key.secret_der())
            .finalize();
        let (certified, identity) = load(chain, key)?;
        Ok(Self {
            current: ArcSwap::from_pointee(certified),
            identity: ArcSwap::from_pointee(identity),
            changes: watch::Sender::new(0),
            reset_key: hmac::Key::new(hmac::HMAC_SHA256, &secret),
        })
    }

    /// Uses another chain and key from now on.
    ///
    /// # Errors
    /// As [`OwnCertificate::new`], and if the leaf names another authority; the old one stays in use.
    pub fn replace(
        &self,
        chain: Vec<CertificateDer<'static>>,
        key: PrivateKeyDer<'static>,
    ) -> Result<(), OwnCertificateError> {
        let (certified, identity) = load(chain, key)?;
        let expected = self.identity.load();
        if identity.authority != expected.authority {
            return Err(OwnCertificateError::OtherAuthority {
                expected: expected.authority.to_string(),
                found: identity.authority.to_string(),
            });
        }
        self.current.store(Arc::new(certified));
        self.identity.store(Arc::new(identity));
        self.changes.send_modify(|count| *count = count.wrapping_add(1));
        Ok(())
    }

    /// The authority that the certificate names.
    #[must_use]
    pub fn identity(&self) -> Arc<Identity> {
        self.identity.load_full()
    }

    /// The last moment of its validity, for the renewal.
    #[must_use]
    pub fn not_after(&self) -> Timestamp {
        self.identity.load().not_after
    }

    /// The number of replacements so far.
    pub(crate) fn generation(&self) -> u64 {
        *self.changes.borrow()
    }

    /// The key under which a node that was started anew tells peers at once that their old connections are gone
    /// (RFC 9000 10.3). Made from the first private key, so that it is the same after a restart.
    pub(crate) fn reset_key(&self) -> hmac::Key {
        self.reset_key.clone()
    }
}

impl fmt::Debug for OwnCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OwnCertificate")
            .field("identity", &self.identity.load())
            .finish_non_exhaustive()
    }
}

impl ResolvesServerCert for OwnCertificate {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.current.load_full())
    }
}

impl ResolvesClientCert for OwnCertificate {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        Some(self.current.load_full())
    }

    fn has_certs(&self) -> bool {
        true
    }
}

fn load(
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
) -> Result<(CertifiedKey, Identity), OwnCertificateError> {
    let leaf = chain.first().ok_or(OwnCertificateError::Empty)?;
    let identity = identity::read(leaf)?;
    let certified =
        CertifiedKey::from_der(chain, key, &provider()).map_err(OwnCertificateError::Key)?;
    Ok((certified, identity))
}
