//! What a delivered record does to this node, by its kind; one file a family implements it.

use async_trait::async_trait;

use crate::domain::id::AuthorityName;
use crate::domain::id::ObjectId;
use crate::node::casework::load::Held;
use crate::node::casework::receive::open::Refused;
use crate::node::casework::receive::whose::refuse_foreign_object;
use crate::node::casework::{Desk, Error, requests};
use crate::node::peer::LaterReason;
use crate::node::store::inbox::InboxOutcome;
use crate::node::store::{StoreError, Tx};
use crate::record::StatementHash;

/// Why a record is not taken in.
#[derive(Debug)]
pub(crate) enum ArrivalError {
    /// It is refused for good, by a signed refusal.
    Refused(Refused),
    /// The store did not do what it was asked; the sender tries again.
    Store(StoreError),
    /// Something that it builds on has not arrived; the sender tries again.
    Later(LaterReason),
}

impl From<StoreError> for ArrivalError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// The effect of a record that is about to be kept. Prepared before the write; applied in it, perhaps twice.
#[async_trait]
pub(crate) trait Arrival: Send + Sync + 'static {
    /// Changes the projections. The record itself is kept by the caller, right before.
    ///
    /// # Errors
    /// [`ArrivalError::Refused`] undoes the keeping and is answered with a signed refusal.
    async fn apply(&self, tx: &mut Tx, hash: StatementHash) -> Result<(), ArrivalError>;

    /// The request whose state is computed anew once it is kept, outside of the write.
    fn request(&self) -> Option<ObjectId> {
        None
    }

    /// Whether it keeps a record of this node's own, which comes in commit order before later ones of the same object.
    fn has_answer(&self) -> bool {
        false
    }

    /// What the inbox says of it.
    fn outcome(&self) -> InboxOutcome {
        InboxOutcome::Stored
    }
}

/// A record that is kept and changes nothing else.
struct Kept;

#[async_trait]
impl Arrival for Kept {
    async fn apply(&self, _: &mut Tx, _: StatementHash) -> Result<(), ArrivalError> {
        Ok(())
    }
}

/// A record of a peer's case or evidence item, kept as a source that a summary draws from.
struct SourceKept {
    object: String,
    author: String,
}

#[async_trait]
impl Arrival for SourceKept {
    async fn apply(&self, tx: &mut Tx, _: StatementHash) -> Result<(), ArrivalError> {
        refuse_foreign_object(tx, &self.object, &self.author).await
    }
}

/// A record of a kind that this version does not know: kept, receipted, shown as not understood.
struct NotUnderstood;

#[async_trait]
impl Arrival for NotUnderstood {
    async fn apply(&self, _: &mut Tx, _: StatementHash) -> Result<(), ArrivalError> {
        Ok(())
    }

    fn outcome(&self) -> InboxOutcome {
        InboxOutcome::UnknownKind
    }
}

/// What stops a record before the write.
#[derive(Debug)]
pub(crate) enum Stopped {
    /// It is refused for good.
    Refused(Refused),
    /// This node failed; the sender tries again.
    Failed(Error),
}

impl From<Error> for Stopped {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

impl From<Refused> for Stopped {
    fn from(refused: Refused) -> Self {
        Self::Refused(refused)
    }
}

impl Desk {
    /// Decides by kind what a verified record does. Whatever it needs signed is signed here, before the write.
    pub(crate) async fn arrival(
        &self,
        peer: &AuthorityName,
        held: &Held,
    ) -> Result<Box<dyn Arrival>, Stopped> {
        let kind = held.common().kind.as_str();
        match kind {
            "case.opened/1"
            | "case.updated/1"
            | "case.moved/1"
            | "case.proposed/1"
            | "case.proposal_refused/1"
            | "case.workflow_changed/1"
            | "case.acknowledged/1"
            | "case.conflict_declared/1"
            | "case.conflict_lifted/1"
            | "case.protected/1"
            | "evidence.registered/1"
            | "custody.event/1" => Ok(Box::new(SourceKept {
                object: held.common().object.to_string(),
                author: held.statement().issuer.to_string(),
            })),
            "log.witness_policy/1" => Ok(Box::new(Kept)),
            "request.act/1" if requests::is_understood(held) => self.act_arrival(peer, held).await,
            "summary.shared/1" => self.summary_arrival(peer, held),
            "summary.withdrawn/1" => self.withdrawal_arrival(peer, held),
            "task_force.charter/1" => self.charter_arrival(peer, held),
            "task_force.membership/1" => self.membership_arrival(peer, held),
            "task_force.post/1" => self.post_arrival(peer, held),
            "card/1" | "log.genesis/1" | "delivery.refused/1" => {
                let reason = format!("a record of kind {kind} is not delivered");
                Err(Refused::new("not_deliverable", reason).into())
            }
            _ => {
                tracing::info!(peer.authority = %peer, record = %held.statement().hash(), "kept a record that is not understood");
                Ok(Box::new(NotUnderstood))
            }
        }
    }
}
