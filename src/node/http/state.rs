//! What the handlers of the API share; holds no state of its own.

use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use axum::extract::FromRef;

use crate::node::casework::Desk;
use crate::node::http::caller::Authenticate;
use crate::node::http::pace::Pace;
use crate::node::http::problem::Problem;
use crate::node::http::witness::CheckpointWitness;
use crate::policy::Actor;

/// The parts of the node that the API speaks to.
#[derive(Clone)]
pub struct ApiState {
    /// The use cases.
    pub desk: Arc<Desk>,
    /// The witness of peers' logs.
    pub witness: Arc<dyn CheckpointWitness>,
    /// The folder that holds the published files of each year's log.
    pub log_folder: PathBuf,
    /// Whether log and witness answer without sign-in.
    pub public_log: bool,
    /// The largest evidence file, in bytes.
    pub evidence_bytes_max: u64,
    /// How fast somebody may ask.
    pub pace: Arc<Pace>,
    /// Where court packs lie until they are sent.
    pub packs_folder: PathBuf,
}

impl FromRef<ApiState> for Arc<Pace> {
    fn from_ref(state: &ApiState) -> Self {
        Self::clone(&state.pace)
    }
}

impl FromRef<ApiState> for Arc<dyn Authenticate<Actor>> {
    fn from_ref(state: &ApiState) -> Self {
        let desk: Arc<dyn Authenticate<Actor>> = Arc::<Desk>::clone(&state.desk);
        desk
    }
}

#[async_trait]
impl Authenticate<Actor> for Desk {
    async fn actor(&self, token: &str) -> Result<Option<Actor>, Problem> {
        Ok(self.authenticate(token).await?)
    }
}
