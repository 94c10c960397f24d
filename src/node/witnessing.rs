//! The witness as the HTTP endpoint sees it; judges nothing itself.

use async_trait::async_trait;

use crate::node::http::Problem;
use crate::node::http::witness::{CheckpointWitness, WitnessAnswer};
use crate::node::log::Witness;

#[async_trait]
impl CheckpointWitness for Witness {
    async fn add_checkpoint(&self, body: &[u8]) -> WitnessAnswer {
        let reply = Self::add_checkpoint(self, body).await;
        WitnessAnswer { status: reply.status, content_type: reply.content_type(), body: reply.body }
    }

    async fn checkpoint(&self, origin_hash: [u8; 32]) -> Result<Option<Vec<u8>>, Problem> {
        self.state_of_hash(origin_hash).await.map_err(|error| Problem::internal(&error))
    }
}
