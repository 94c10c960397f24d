//! What the jobs need of the casework, as traits: the leaves to send, and where outcomes go. The node wires them.

use async_trait::async_trait;

use crate::domain::id::AuthorityName;
use crate::node::peer::Fields;
use crate::record::{Record, StatementHash};

/// A record that is asked for, and which of its leaves the receiver may see.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// The record.
    pub hash: StatementHash,
    /// The leaves to show beside the fixed ones; none is all.
    pub shown: Option<Vec<usize>>,
}

/// A record ready to be sent.
#[derive(Clone, Debug)]
pub struct Sendable {
    /// The statement's bytes.
    pub statement: Vec<u8>,
    /// The leaves that travel with it.
    pub fields: Fields,
}

/// Why a record cannot be sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotSendable {
    /// It was erased, so there is nothing left to send.
    #[error("{0}")]
    Gone(String),
    /// It may work later.
    #[error("{0}")]
    Later(String),
}

/// Who reads records for sending.
#[async_trait]
pub trait Leaves: Send + Sync + 'static {
    /// The records, one answer for each in order.
    async fn load(&self, wanted: Vec<Wanted>) -> Vec<Result<Sendable, NotSendable>>;
}

/// Who is told how deliveries ended. Told again after a crash, so the same outcome twice must change nothing.
#[async_trait]
pub trait Outcomes: Send + Sync + 'static {
    /// The peer's receipts of these records are stored.
    async fn receipted(&self, peer: &AuthorityName, records: &[StatementHash]);

    /// The peer refused a record for good; `refusal` is its verified statement.
    ///
    /// # Errors
    /// If it cannot be kept now; the delivery is then tried again.
    async fn refused(
        &self,
        peer: &AuthorityName,
        record: StatementHash,
        refusal: Record,
    ) -> Result<(), NotSendable>;
}
