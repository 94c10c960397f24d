//! Looks once a minute whether an officer must be told that something is due; decides neither what nor whom.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio_util::sync::CancellationToken;

/// Between two looks. Whoever was told stays told, so a missed look is made up for by the next one.
const PAUSE: Duration = Duration::from_mins(1);

/// Who knows what is due.
#[async_trait]
pub trait Remind: Send + Sync {
    /// Gives the notices that are called for now; gives how many are new, or what stands in the way.
    async fn remind(&self) -> Result<u64, String>;
}

/// Looks until told to stop.
pub async fn run(desk: Arc<dyn Remind>, stop: CancellationToken) {
    loop {
        let looked = tokio::select! {
            () = stop.cancelled() => return,
            looked = desk.remind() => looked,
        };
        match looked {
            Ok(0) => {}
            Ok(given) => tracing::info!(given, "officers were told what is due"),
            Err(error) => {
                tracing::warn!(error, "officers could not be told what is due; trying again");
            }
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(PAUSE) => {}
        }
    }
}
