//! Which officers were let into which compartments; decides nothing.

use crate::node::store::error::StoreError;
use crate::node::store::table::table;
use crate::node::store::tx::Tx;
use crate::node::store::value::params;

table! {
    /// That an officer is in a compartment.
    UserCompartment = user_compartments (user_id, compartment) {
        /// The user.
        user_id: String,
        /// The compartment.
        compartment: String,
        /// The user who let them in.
        granted_by: String,
        /// Why.
        reason: String,
        /// When, microseconds.
        granted_at: i64,
    }
}

/// Lets an officer into a compartment; true if they were not in it.
///
/// # Errors
/// All functions of this file: what the database says.
pub async fn grant(tx: &mut Tx, row: &UserCompartment) -> Result<bool, StoreError> {
    tx.insert_new(row).await
}

/// Takes an officer out of a compartment; true if they were in it.
///
/// # Errors
/// As [`grant`].
pub async fn revoke(tx: &mut Tx, user_id: &str, compartment: &str) -> Result<bool, StoreError> {
    let revoked = tx
        .execute(
            "-- user_compartments.revoke
             DELETE FROM user_compartments WHERE user_id = $1 AND compartment = $2",
            params![user_id, compartment],
        )
        .await?;
    Ok(revoked > 0)
}

/// The compartments that an officer is in, by name.
///
/// # Errors
/// As [`grant`].
pub async fn of_user(tx: &mut Tx, user_id: &str) -> Result<Vec<UserCompartment>, StoreError> {
    tx.select(
        "-- user_compartments.of_user
         SELECT * FROM user_compartments WHERE user_id = $1 ORDER BY compartment",
        params![user_id],
    )
    .await
}
