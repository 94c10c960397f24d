//! What the node does with the requests of peers: the seam between the exchange and the casework; decides nothing.

use async_trait::async_trait;
use bytes::Bytes;
use tokio::io::AsyncRead;

use crate::domain::id::AuthorityName;
use crate::node::peer::message::{
    Anchors, BlobRequest, Deliver, Hello, ItemAnswer, Refusal, WitnessAnswer,
};

/// Bytes that are read while they are sent.
pub type BlobReader = Box<dyn AsyncRead + Send + Unpin>;

/// A range of a blob as it goes over the wire; whoever reads it verifies the content.
pub struct BlobStream {
    /// The size of the whole blob.
    pub size: u64,
    /// How many bytes the reader gives.
    pub length: u64,
    /// The bytes.
    pub reader: BlobReader,
}

impl std::fmt::Debug for BlobStream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BlobStream")
            .field("size", &self.size)
            .field("length", &self.length)
            .finish_non_exhaustive()
    }
}

/// Takes the requests of paired authorities. `peer` is the authority that the verified certificate names.
///
/// A handler may be cut off at any `await` when the node ends, some seconds after it was asked to. A panic in a
/// handler is answered with `internal` and does not end anything else.
#[async_trait]
pub trait Inbound: Send + Sync + 'static {
    /// The peer tells its version and features and learns ours.
    async fn hello(&self, peer: &AuthorityName, hello: Hello) -> Hello;

    /// Statements arrive: one answer for each, in order. A refusal is for the frame as a whole.
    async fn deliver(
        &self,
        peer: &AuthorityName,
        deliver: Deliver,
    ) -> Result<Vec<ItemAnswer>, Refusal>;

    /// Cosigned proofs arrive for statements that the peer delivered before.
    async fn anchors(&self, peer: &AuthorityName, anchors: Anchors) -> Result<(), Refusal>;

    /// The peer wants a range of a released blob.
    async fn blob(&self, peer: &AuthorityName, request: BlobRequest)
    -> Result<BlobStream, Refusal>;

    /// The peer has a new card.
    async fn card_received(&self, peer: &AuthorityName, card: Bytes) -> Result<(), Refusal>;

    /// The peer asks for our card in force.
    async fn card_query(&self, peer: &AuthorityName) -> Result<Bytes, Refusal>;

    /// The peer asks us to cosign a checkpoint: `add-checkpoint` of C2SP tlog-witness.
    async fn add_checkpoint(&self, peer: &AuthorityName, body: Bytes) -> WitnessAnswer;

    /// The newest checkpoint of a log that we have cosigned, as a note with our cosignature.
    async fn witness_state(&self, peer: &AuthorityName, origin: &str) -> Option<Bytes>;
}
