//! Where officers get letters, and how often; sends nothing.

use crate::node::store::error::StoreError;
use crate::node::store::table::{table, words};
use crate::node::store::tx::Tx;
use crate::node::store::value::params;

words! {
    /// How often an officer gets a letter.
    MailPace {
        /// As soon as there is a notice; several at once are one letter.
        Each = "each",
        /// Once a day.
        Daily = "daily",
    }
}

table! {
    /// The mailbox of an officer.
    Mailbox = mailboxes (user_id) {
        /// The officer.
        user_id: String,
        /// The address.
        address: String,
        /// How often.
        pace: MailPace,
        /// What was told from this time on is sent, microseconds.
        since: i64,
        /// When the last letter of a daily digest was taken by the mail server, microseconds.
        digest_at: Option<i64>,
    }
}

/// Keeps the mailbox of an officer, in place of the one that was there.
///
/// # Errors
/// All functions of this file: what the database says.
pub async fn put(tx: &mut Tx, mailbox: &Mailbox) -> Result<(), StoreError> {
    tx.put(mailbox).await
}

/// Forgets the mailbox of an officer; gives how many there were.
///
/// # Errors
/// As [`put`].
pub async fn clear(tx: &mut Tx, user_id: &str) -> Result<u64, StoreError> {
    tx.execute(
        "-- mailboxes.clear
         DELETE FROM mailboxes WHERE user_id = $1",
        params![user_id],
    )
    .await
}

/// The mailbox of an officer.
///
/// # Errors
/// As [`put`].
pub async fn of_user(tx: &mut Tx, user_id: &str) -> Result<Option<Mailbox>, StoreError> {
    tx.select_one(
        "-- mailboxes.of_user
         SELECT * FROM mailboxes WHERE user_id = $1",
        params![user_id],
    )
    .await
}

/// All mailboxes of officers whose account is not disabled.
///
/// # Errors
/// As [`put`].
pub async fn list(tx: &mut Tx) -> Result<Vec<Mailbox>, StoreError> {
    tx.select(
        "-- mailboxes.list
         SELECT m.* FROM mailboxes m JOIN users u ON u.id = m.user_id
         WHERE u.disabled_at IS NULL ORDER BY m.user_id",
        params![],
    )
    .await
}

/// Notes when the last digest of an officer was taken by the mail server.
///
/// # Errors
/// As [`put`].
pub async fn digested(tx: &mut Tx, user_id: &str, at: i64) -> Result<u64, StoreError> {
    tx.execute(
        "-- mailboxes.digested
         UPDATE mailboxes SET digest_at = $2 WHERE user_id = $1",
        params![user_id, at],
    )
    .await
}
