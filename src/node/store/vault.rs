//! Where the wrapped content keys are kept, apart from the records that they open; wraps and unwraps nothing itself.
//!
//! A key must be gone when it is destroyed, also from the free space of the file: hence a database of its own that
//! overwrites what it deletes and empties its write-ahead log at once.

use std::sync::Arc;

use crate::node::clock::Clock;
use crate::node::store::Store;
use crate::node::store::error::StoreError;
use crate::node::store::open::{Layout, StoreConfig};
use crate::node::store::value::{FromRow, Row, params};

static SQLITE: sqlx::migrate::Migrator = sqlx::migrate!("src/node/store/migrations/keys_sqlite");
static POSTGRES: sqlx::migrate::Migrator =
    sqlx::migrate!("src/node/store/migrations/keys_postgres");

/// The content keys, wrapped.
#[derive(Clone)]
pub struct KeyVault(Store);

/// What is known of the key of a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyState {
    /// The group of fields that the key opens.
    pub key_group: String,
    /// When it was made, microseconds.
    pub created_at: i64,
    /// When it was destroyed, microseconds.
    pub destroyed_at: Option<i64>,
}

impl FromRow for KeyState {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(Self { key_group: row.text(0)?, created_at: row.int(1)?, destroyed_at: row.int_opt(2)? })
    }
}

impl KeyVault {
    /// Opens the vault: on SQLite a file of its own, on PostgreSQL the schema `sealane_keys`.
    ///
    /// # Errors
    /// As [`Store::open`].
    pub async fn open(config: &StoreConfig, clock: Arc<dyn Clock>) -> Result<Self, StoreError> {
        let layout = Layout {
            sqlite: &SQLITE,
            postgres: &POSTGRES,
            schema: Some("sealane_keys"),
            application_id: 0x5ea1_a4e2,
            has_secure_delete: true,
            takes_claims: false,
            readers: 1,
        };
        Ok(Self(Store::open_layout(config, &layout, clock).await?))
    }

    /// The wrapped key of a group; none if there never was one or it was destroyed.
    ///
    /// # Errors
    /// What the database says.
    pub async fn get(&self, key_group: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let key_group = key_group.to_owned();
        self.0
            .read("keys_get", |tx| {
                Box::pin(async move {
                    let row = tx
                        .fetch_optional(
                            "-- content_keys.get
                             SELECT key_group, wrapped FROM content_keys WHERE key_group = $1",
                            params![key_group],
                        )
                        .await?;
                    row.map_or(Ok(None), |row| row.bytes_opt(1))
                })
            })
            .await
    }

    /// Keeps a wrapped key for a group unless there is one; gives the one that is kept, durable on return.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if the key of the group was destroyed: it must not come back.
    pub async fn put_if_absent(
        &self,
        key_group: &str,
        wrapped: Vec<u8>,
    ) -> Result<Vec<u8>, StoreError> {
        let key_group = key_group.to_owned();
        let now = self.0.now();
        self.0
            .write("keys_put", move |tx| {
                let (key_group, wrapped) = (key_group.clone(), wrapped.clone());
                Box::pin(async move {
                    tx.execute(
                        "-- content_keys.put_if_absent
                         INSERT INTO content_keys (key_group, wrapped, created_at) VALUES ($1, $2, $3)
                         ON CONFLICT (key_group) DO NOTHING",
                        params![&key_group, wrapped, now],
                    )
                    .await?;
                    tx.fetch_one(
                        "-- content_keys.kept
                         SELECT key_group, wrapped FROM content_keys WHERE key_group = $1",
                        params![key_group],
                    )
                    .await?
                    .bytes_opt(1)?
                    .ok_or(StoreError::Conflict("content_keys.put_if_absent"))
                })
            })
            .await
    }

    /// Replaces the wrapping of a key, when the key that wraps it changes.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if the group's wrapped key is not `old` (any more).
    pub async fn rewrap(
        &self,
        key_group: &str,
        old: Vec<u8>,
        new: Vec<u8>,
    ) -> Result<(), StoreError> {
        let key_group = key_group.to_owned();
        self.0
            .write("keys_rewrap", move |tx| {
                let params = params![&key_group, &old, &new];
                Box::pin(async move {
                    tx.change_one(
                        "-- content_keys.rewrap
                         UPDATE content_keys SET wrapped = $3 WHERE key_group = $1 AND wrapped = $2",
                        params,
                    )
                    .await
                })
            })
            .await
    }

    /// Destroys the key of a group for good; true if there was one. On return no copy is left in the files.
    ///
    /// # Errors
    /// What the database says; [`StoreError::Unavailable`] if a reader kept the write-ahead log from being emptied.
    pub async fn destroy(&self, key_group: &str) -> Result<bool, StoreError> {
        let key_group = key_group.to_owned();
        let now = self.0.now();
        let destroyed: Result<u64, StoreError> = self
            .0
            .write("keys_destroy", move |tx| {
                let params = params![&key_group, now];
                Box::pin(async move {
                    tx.execute(
                        "-- content_keys.destroy
                         UPDATE content_keys SET wrapped = NULL, destroyed_at = $2
                         WHERE key_group = $1 AND wrapped IS NOT NULL",
                        params,
                    )
                    .await
                })
            })
            .await;
        let destroyed = destroyed?;
        self.0.checkpoint().await?;
        Ok(destroyed > 0)
    }

    /// All groups, in order of their names, also those whose key was destroyed.
    ///
    /// # Errors
    /// What the database says.
    pub async fn list(&self) -> Result<Vec<KeyState>, StoreError> {
        self.0
            .read("keys_list", |tx| {
                Box::pin(async move {
                    tx.select(
                        "-- content_keys.list
                         SELECT key_group, created_at, destroyed_at FROM content_keys ORDER BY key_group",
                        params![],
                    )
                    .await
                })
            })
            .await
    }

    /// Writes a consistent copy of a SQLite vault to a new file, as [`Store::copy_to`] does; destroyed keys are not in it.
    ///
    /// # Errors
    /// As [`Store::copy_to`].
    pub async fn copy_to(&self, path: &std::path::Path) -> Result<(), StoreError> {
        self.0.copy_to(path).await
    }

    /// Waits until a disk error stopped the vault; see [`Store::halted`].
    pub async fn halted(&self) {
        self.0.halted().await;
    }

    /// Ends as [`Store::close`] does.
    pub async fn close(&self) {
        self.0.close().await;
    }
}
