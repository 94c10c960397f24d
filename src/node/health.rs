//! Whether the node can do its work, for `/readyz`: what it waits for, in sentences; heals nothing.

use std::sync::Arc;

use async_trait::async_trait;

use crate::node::blobs::Room;
use crate::node::clock::Clock;
use crate::node::http::health::Readiness;
use crate::node::log::{Signing, SigningGate};
use crate::node::peer::OwnCertificate;
use crate::node::store::Store;

/// Looks at the parts that can stop the node's work.
pub(super) struct Health {
    pub(super) store: Store,
    pub(super) gate: Arc<SigningGate>,
    pub(super) own: Arc<OwnCertificate>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) room: Room,
}

#[async_trait]
impl Readiness for Health {
    async fn lacks(&self) -> Vec<String> {
        let mut lacks = Vec::new();
        if self.store.is_halted() {
            lacks.push(
                "the store stopped after a disk error: check the disk and restart".to_owned(),
            );
        }
        let signing = self.gate.state();
        if signing != Signing::Allowed {
            lacks.push(signing.to_string());
        }
        if self.own.not_after() < self.clock.now() {
            lacks.push("the node certificate has expired: restart the node to renew it".to_owned());
        }
        lacks
    }

    async fn limits(&self) -> Vec<String> {
        self.room.lacks().into_iter().collect()
    }
}
