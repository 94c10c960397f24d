//! Whom the node trusts at this moment, as read from the cards in force; does not read or judge cards itself.

use std::collections::BTreeMap;
use std::sync::Arc;

use arc_swap::ArcSwap;
use rustls::pki_types::CertificateDer;
use sha2::{Digest, Sha256};
use tokio::sync::watch;

use crate::domain::id::AuthorityName;

/// A paired authority, as its card in force describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustedPeer {
    /// The certification authorities that its node certificates are issued by.
    pub anchors: Vec<CertificateDer<'static>>,
    /// Where its node listens, `host:port`, in the order to try.
    pub addresses: Vec<String>,
    /// The version of the card.
    pub card_version: u64,
}

/// All paired authorities at one moment.
pub type Snapshot = BTreeMap<AuthorityName, Arc<TrustedPeer>>;

/// The paired authorities, replaced as a whole while the node runs.
///
/// A change reaches new handshakes at once and live connections within seconds.
#[derive(Debug)]
pub struct PeerTrust {
    current: ArcSwap<Snapshot>,
    changes: watch::Sender<u64>,
}

impl TrustedPeer {
    /// A hash over the anchors: while it is the same, a chain that was accepted stays acceptable until it expires.
    pub(crate) fn anchors_fingerprint(&self) -> [u8; 32] {
        let mut hasher = Sha256::new();
        for anchor in &self.anchors {
            hasher.update((anchor.len() as u64).to_be_bytes());
            hasher.update(anchor);
        }
        hasher.finalize().into()
    }
}

impl Default for PeerTrust {
    fn default() -> Self {
        Self::new(Snapshot::new())
    }
}

impl PeerTrust {
    /// Starts with these authorities.
    #[must_use]
    pub fn new(peers: Snapshot) -> Self {
        Self { current: ArcSwap::from_pointee(peers), changes: watch::Sender::new(0) }
    }

    /// Replaces all authorities at once.
    pub fn replace(&self, peers: Snapshot) {
        self.current.store(Arc::new(peers));
        self.announce();
    }

    /// Adds an authority or takes its new card.
    pub fn insert(&self, name: &AuthorityName, peer: TrustedPeer) {
        let peer = Arc::new(peer);
        self.current.rcu(|peers| {
            let mut peers = Snapshot::clone(peers);
            peers.insert(name.clone(), Arc::clone(&peer));
            peers
        });
        self.announce();
    }

    /// Ends the trust in an authority.
    pub fn remove(&self, name: &AuthorityName) {
        self.current.rcu(|peers| {
            let mut peers = Snapshot::clone(peers);
            peers.remove(name);
            peers
        });
        self.announce();
    }

    /// The authority of that name, if it is paired.
    #[must_use]
    pub fn peer(&self, name: &AuthorityName) -> Option<Arc<TrustedPeer>> {
        self.current.load().get(name).cloned()
    }

    /// All authorities at this moment.
    #[must_use]
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.current.load_full()
    }

    /// Tells of each change from now on; the value counts them.
    #[must_use]
    pub fn subscribe(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    /// The number of changes so far.
    pub(crate) fn generation(&self) -> u64 {
        *self.changes.borrow()
    }

    fn announce(&self) {
        self.changes.send_modify(|count| *count = count.wrapping_add(1));
    }
}
