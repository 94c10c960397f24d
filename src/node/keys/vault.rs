//! The store of content keys as the vault that the keys are taken from; holds none itself.

use async_trait::async_trait;

use crate::node::keys::content::{Vault, VaultError};
use crate::node::store::{KeyVault, StoreError};

#[async_trait]
impl Vault for KeyVault {
    async fn get(&self, group: &str) -> Result<Option<Vec<u8>>, VaultError> {
        Ok(Self::get(self, group).await?)
    }

    async fn put_if_absent(
        &self,
        group: &str,
        wrapped: Vec<u8>,
    ) -> Result<Option<Vec<u8>>, VaultError> {
        match Self::put_if_absent(self, group, wrapped).await {
            Ok(kept) => Ok(Some(kept)),
            Err(StoreError::Conflict(_)) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    async fn destroy(&self, group: &str) -> Result<(), VaultError> {
        Self::destroy(self, group).await?;
        Ok(())
    }
}
