//! Empties what is rebuilt from records; rebuilds nothing itself.

use crate::node::store::error::StoreError;
use crate::node::store::search;
use crate::node::store::tx::Tx;

/// Every table that the records alone can fill again.
const CLEAR: [&str; 19] = [
    "-- object_fields.clear_all\nDELETE FROM object_fields",
    "-- cases.clear_all\nDELETE FROM cases",
    "-- case_states.clear_all\nDELETE FROM case_states",
    "-- case_outcomes.clear_all\nDELETE FROM case_outcomes",
    "-- case_origins.clear_all\nDELETE FROM case_origins",
    "-- deadlines.clear_all\nDELETE FROM deadlines",
    "-- identifiers.clear_all\nDELETE FROM identifiers",
    "-- evidence.clear_all\nDELETE FROM evidence",
    "-- custody.clear_all\nDELETE FROM custody",
    "-- pending_transfers.clear_all\nDELETE FROM pending_transfers",
    "-- blob_grants.clear_all\nDELETE FROM blob_grants",
    "-- requests.clear_all\nDELETE FROM requests",
    "-- request_acts.clear_all\nDELETE FROM request_acts",
    "-- summaries.clear_all\nDELETE FROM summaries",
    "-- summary_recipients.clear_all\nDELETE FROM summary_recipients",
    "-- summary_sources.clear_all\nDELETE FROM summary_sources",
    "-- task_forces.clear_all\nDELETE FROM task_forces",
    "-- task_force_members.clear_all\nDELETE FROM task_force_members",
    "-- task_force_posts.clear_all\nDELETE FROM task_force_posts",
];

/// Empties all projections, to be filled again from the records in the same transaction.
///
/// # Errors
/// What the database says.
pub async fn clear_all(tx: &mut Tx) -> Result<(), StoreError> {
    for sql in CLEAR {
        tx.execute(sql, Vec::new()).await?;
    }
    search::clear_all(tx).await
}
