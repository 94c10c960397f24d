//! Officers and their tokens (digests only); grants nothing.

use crate::node::store::error::StoreError;
use crate::node::store::table::table;
use crate::node::store::tx::Tx;
use crate::node::store::value::params;

table! {
    /// An officer. The pseudonym is what peers see; the pairing never leaves the node.
    User = users (id) {
        /// The id within the node.
        id: String,
        /// The name.
        name: String,
        /// The pseudonym in records.
        pseudonym: String,
        /// The roles, parted by spaces.
        roles: String,
        /// The unit.
        unit: String,
        /// The clearance.
        clearance: i64,
        /// When the account was disabled, microseconds.
        disabled_at: Option<i64>,
        /// When it was made, microseconds.
        created_at: i64,
    }
}

table! {
    /// A token by which a client speaks for an officer.
    Token = tokens (hash) {
        /// SHA-256 of the token; the token itself is shown once and never kept.
        hash: [u8; 32],
        /// Whose.
        user_id: String,
        /// What for, in the officer's words.
        label: String,
        /// When it was made, microseconds.
        created_at: i64,
        /// Until when it is good, microseconds.
        expires_at: i64,
        /// When it was revoked, microseconds.
        revoked_at: Option<i64>,
    }
}

/// Adds an officer.
///
/// # Errors
/// [`StoreError::Conflict`] if the id or pseudonym is taken. All functions of this file: what the database says.
pub async fn insert(tx: &mut Tx, user: &User) -> Result<(), StoreError> {
    tx.insert(user).await
}

/// Changes an officer's name, roles, unit, clearance and whether the account is disabled.
///
/// # Errors
/// [`StoreError::Conflict`] if there is none of that id.
pub async fn update(tx: &mut Tx, user: &User) -> Result<(), StoreError> {
    tx.change_one(
        "-- users.update
         UPDATE users SET name = $2, roles = $3, unit = $4, clearance = $5, disabled_at = $6
         WHERE id = $1",
        params![&user.id, &user.name, &user.roles, &user.unit, user.clearance, user.disabled_at],
    )
    .await
}

/// The officer of that id.
///
/// # Errors
/// As [`insert`].
pub async fn get(tx: &mut Tx, id: &str) -> Result<Option<User>, StoreError> {
    tx.select_one(
        "-- users.get
         SELECT * FROM users WHERE id = $1",
        params![id],
    )
    .await
}

/// The officer behind a pseudonym.
///
/// # Errors
/// As [`insert`].
pub async fn by_pseudonym(tx: &mut Tx, pseudonym: &str) -> Result<Option<User>, StoreError> {
    tx.select_one(
        "-- users.by_pseudonym
         SELECT * FROM users WHERE pseudonym = $1",
        params![pseudonym],
    )
    .await
}

/// All officers, by name.
///
/// # Errors
/// As [`insert`].
pub async fn list(tx: &mut Tx) -> Result<Vec<User>, StoreError> {
    tx.select(
        "-- users.list
         SELECT * FROM users ORDER BY name, id",
        params![],
    )
    .await
}

/// Keeps a token's digest.
///
/// # Errors
/// [`StoreError::Conflict`] if it is kept already or there is no such officer.
pub async fn add_token(tx: &mut Tx, token: &Token) -> Result<(), StoreError> {
    tx.insert(token).await
}

/// The officer for whom a token speaks now: neither expired nor revoked, the account not disabled.
///
/// # Errors
/// As [`insert`].
pub async fn by_token(tx: &mut Tx, hash: &[u8; 32], now: i64) -> Result<Option<User>, StoreError> {
    tx.select_one(
        "-- users.by_token
         SELECT u.* FROM users u JOIN tokens t ON t.user_id = u.id
         WHERE t.hash = $1 AND t.expires_at > $2 AND t.revoked_at IS NULL AND u.disabled_at IS NULL",
        params![hash, now],
    )
    .await
}

/// The token of that digest, also one that is no longer good.
///
/// # Errors
/// As [`insert`].
pub async fn token(tx: &mut Tx, hash: &[u8; 32]) -> Result<Option<Token>, StoreError> {
    tx.select_one(
        "-- tokens.get
         SELECT * FROM tokens WHERE hash = $1",
        params![hash],
    )
    .await
}

/// All tokens of an officer, newest first.
///
/// # Errors
/// As [`insert`].
pub async fn tokens_of(tx: &mut Tx, user_id: &str) -> Result<Vec<Token>, StoreError> {
    tx.select(
        "-- tokens.of_user
         SELECT * FROM tokens WHERE user_id = $1 ORDER BY created_at DESC, hash",
        params![user_id],
    )
    .await
}

/// Revokes a token.
///
/// # Errors
/// [`StoreError::Conflict`] if there is none or it was revoked before.
pub async fn revoke_token(tx: &mut Tx, hash: &[u8; 32], at: i64) -> Result<(), StoreError> {
    tx.change_one(
        "-- tokens.revoke
         UPDATE tokens SET revoked_at = $2 WHERE hash = $1 AND revoked_at IS NULL",
        params![hash, at],
    )
    .await
}

/// Revokes all tokens of an officer; gives how many were good.
///
/// # Errors
/// As [`insert`].
pub async fn revoke_tokens_of(tx: &mut Tx, user_id: &str, at: i64) -> Result<u64, StoreError> {
    tx.execute(
        "-- tokens.revoke_of_user
         UPDATE tokens SET revoked_at = $2 WHERE user_id = $1 AND revoked_at IS NULL",
        params![user_id, at],
    )
    .await
}
