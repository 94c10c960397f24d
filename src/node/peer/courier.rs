//! Sending requests to peers, as the rest of the node sees it: the seam at which tests are the network.

use std::fmt;

use async_trait::async_trait;
use bytes::Bytes;

use crate::domain::id::AuthorityName;
use crate::node::peer::inbound::BlobStream;
use crate::node::peer::judge::JudgeError;
use crate::node::peer::message::{
    Anchors, BlobRequest, Deliver, Hello, ItemAnswer, Refusal, RefusalCode, WireError,
    WitnessAnswer,
};

/// Sends one request and awaits its answer. Every request may be repeated: the receiver gives the same answer.
#[async_trait]
pub trait Courier: Send + Sync + 'static {
    /// Exchanges versions and features.
    async fn hello(&self, peer: &AuthorityName) -> Result<Hello, SendError>;

    /// Delivers statements; one answer for each, in order.
    async fn deliver(
        &self,
        peer: &AuthorityName,
        deliver: &Deliver,
    ) -> Result<Vec<ItemAnswer>, SendError>;

    /// Pushes cosigned proofs.
    async fn anchors(&self, peer: &AuthorityName, anchors: &Anchors) -> Result<(), SendError>;

    /// Fetches a range of a blob. The content is not verified here.
    async fn blob(
        &self,
        peer: &AuthorityName,
        request: &BlobRequest,
    ) -> Result<BlobStream, SendError>;

    /// Pushes our new card.
    async fn push_card(&self, peer: &AuthorityName, card: Bytes) -> Result<(), SendError>;

    /// Asks for the peer's card in force.
    async fn query_card(&self, peer: &AuthorityName) -> Result<Bytes, SendError>;

    /// Asks the peer to cosign a checkpoint.
    async fn add_checkpoint(
        &self,
        peer: &AuthorityName,
        body: Bytes,
    ) -> Result<WitnessAnswer, SendError>;

    /// Asks for the newest checkpoint of a log that the peer has cosigned.
    async fn witness_state(
        &self,
        peer: &AuthorityName,
        origin: &str,
    ) -> Result<Option<Bytes>, SendError>;
}

/// Why a request has no answer.
#[derive(Clone, Debug, thiserror::Error)]
pub enum SendError {
    /// There is no card of this authority.
    #[error("{0} is not paired with this node: exchange cards with 'sealane peers add' first")]
    NotPaired(AuthorityName),
    /// None of the addresses in the card answered.
    #[error("{peer} cannot be reached ({detail}); it is tried again")]
    Unreachable {
        /// Whom.
        peer: AuthorityName,
        /// What each address gave.
        detail: String,
    },
    /// Somebody answered whose certificate does not speak for the peer.
    #[error("{peer} was not recognised at its address: {source}")]
    Identity {
        /// Whom we dialled.
        peer: AuthorityName,
        /// What is wrong with the certificate.
        source: JudgeError,
    },
    /// The peer does not accept our certificate.
    #[error(
        "{peer} does not accept this node's certificate ({detail}): it may not have our current card"
    )]
    NotAccepted {
        /// Whom.
        peer: AuthorityName,
        /// What it told us.
        detail: String,
    },
    /// The connection broke, or the answer took too long.
    #[error("the exchange with {peer} was interrupted ({detail}); it is tried again")]
    Interrupted {
        /// Whom.
        peer: AuthorityName,
        /// What happened.
        detail: String,
    },
    /// The answer is not one to this request.
    #[error("{peer} gave an answer that this version does not understand ({detail})")]
    Answer {
        /// Whom.
        peer: AuthorityName,
        /// What is wrong with it.
        detail: String,
    },
    /// The request is larger than a bound; sending it again cannot help.
    #[error("the message cannot be sent: {0}")]
    TooLarge(#[source] WireError),
    /// The peer refuses the request.
    #[error("{peer} refuses: {refusal}")]
    Refused {
        /// Who.
        peer: AuthorityName,
        /// Why.
        refusal: Refusal,
    },
}

/// What the sender can do about an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SendErrorClass {
    /// Try again later.
    Retry,
    /// The same request will be refused again.
    Refused,
}

impl SendError {
    /// What the sender can do.
    #[must_use]
    pub const fn class(&self) -> SendErrorClass {
        match self {
            Self::NotPaired(_)
            | Self::Unreachable { .. }
            | Self::Identity { .. }
            | Self::NotAccepted { .. }
            | Self::Interrupted { .. }
            | Self::Answer { .. } => SendErrorClass::Retry,
            Self::TooLarge(_) => SendErrorClass::Refused,
            Self::Refused { refusal, .. } => match refusal.code {
                RefusalCode::NotPaired | RefusalCode::Busy | RefusalCode::Internal => {
                    SendErrorClass::Retry
                }
                RefusalCode::NotPermitted
                | RefusalCode::Malformed
                | RefusalCode::TooLarge
                | RefusalCode::UnknownMethod
                | RefusalCode::NotFound => SendErrorClass::Refused,
            },
        }
    }
}

impl fmt::Display for SendErrorClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Retry => "retry",
            Self::Refused => "refused",
        })
    }
}
