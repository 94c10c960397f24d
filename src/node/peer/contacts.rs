//! When each peer was last reached from here and what it said of itself, in memory since the start; dials nobody.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use crate::domain::id::AuthorityName;
use crate::domain::time::Timestamp;
use crate::node::peer::courier::SendError;
use crate::node::peer::message::Hello;

/// How the requests to one peer went since this node started.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Contact {
    /// When it last answered a request of this node.
    pub reached_at: Option<Timestamp>,
    /// What it said of itself when a connection was last opened to it.
    pub hello: Option<Hello>,
    /// When the last attempt failed and why; nothing if the last one did not fail.
    pub failed: Option<(Timestamp, String)>,
}

/// The contacts with all peers. It grows with the authorities that were ever paired, and no further.
#[derive(Debug, Default)]
pub struct Contacts(Mutex<HashMap<AuthorityName, Contact>>);

impl Contacts {
    /// The contact with a peer, empty if it was not tried yet.
    #[must_use]
    pub fn of(&self, peer: &AuthorityName) -> Contact {
        let contacts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        contacts.get(peer).cloned().unwrap_or_default()
    }

    /// Keeps what a peer said of itself.
    pub(crate) fn greeted(&self, peer: &AuthorityName, hello: Hello) {
        self.change(peer, |contact| contact.hello = Some(hello));
    }

    /// Keeps how a request went. A peer that refuses was reached.
    pub(crate) fn note<T>(
        &self,
        peer: &AuthorityName,
        at: Timestamp,
        result: &Result<T, SendError>,
    ) {
        match result {
            Ok(_) | Err(SendError::Refused { .. }) => self.change(peer, |contact| {
                contact.reached_at = Some(at);
                contact.failed = None;
            }),
            // Nothing was sent, so nothing is known of the peer.
            Err(SendError::NotPaired(_) | SendError::TooLarge(_)) => {}
            Err(error) => self.failed(peer, at, error.to_string()),
        }
    }

    /// Keeps that an attempt failed.
    pub fn failed(&self, peer: &AuthorityName, at: Timestamp, why: String) {
        self.change(peer, |contact| contact.failed = Some((at, why)));
    }

    fn change(&self, peer: &AuthorityName, change: impl FnOnce(&mut Contact)) {
        let mut contacts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        change(contacts.entry(peer.clone()).or_default());
    }
}
