//! Trainings and authorisations of officers; decides on no role.

use crate::node::store::error::StoreError;
use crate::node::store::table::{table, words};
use crate::node::store::tx::Tx;
use crate::node::store::value::params;

words! {
    /// What a qualification is.
    QualificationKind {
        /// A training that the officer passed.
        Training = "training",
        /// An authorisation that the officer was given.
        Authorisation = "authorisation",
    }
}

table! {
    /// A training or an authorisation of an officer.
    Qualification = qualifications (id) {
        /// By which it is revoked.
        id: String,
        /// Whose.
        user_id: String,
        /// What it is.
        kind: QualificationKind,
        /// The short name that settings know it by.
        name: String,
        /// The name as people read it.
        title: String,
        /// Who gave it.
        issuer: String,
        /// The day from which it is good, microseconds.
        obtained_at: i64,
        /// The last day on which it is good, microseconds; none for one without an end.
        expires_at: Option<i64>,
        /// When it was revoked, microseconds.
        revoked_at: Option<i64>,
        /// When it was entered, microseconds.
        recorded_at: i64,
    }
}

/// Enters a qualification.
///
/// # Errors
/// [`StoreError::Conflict`] if the id is taken or there is no such officer. All functions of this file: what the
/// database says.
pub async fn insert(tx: &mut Tx, row: &Qualification) -> Result<(), StoreError> {
    tx.insert(row).await
}

/// The qualification of that id.
///
/// # Errors
/// As [`insert`].
pub async fn get(tx: &mut Tx, id: &str) -> Result<Option<Qualification>, StoreError> {
    tx.select_one(
        "-- qualifications.get
         SELECT * FROM qualifications WHERE id = $1",
        params![id],
    )
    .await
}

/// All qualifications of an officer, those that ended too, by name and then the newest first.
///
/// # Errors
/// As [`insert`].
pub async fn of_user(tx: &mut Tx, user_id: &str) -> Result<Vec<Qualification>, StoreError> {
    tx.select(
        "-- qualifications.of_user
         SELECT * FROM qualifications WHERE user_id = $1 ORDER BY name, recorded_at DESC, id",
        params![user_id],
    )
    .await
}

/// Revokes a qualification.
///
/// # Errors
/// [`StoreError::Conflict`] if there is none or it was revoked before.
pub async fn revoke(tx: &mut Tx, id: &str, at: i64) -> Result<(), StoreError> {
    tx.change_one(
        "-- qualifications.revoke
         UPDATE qualifications SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL",
        params![id, at],
    )
    .await
}
