//! The newest record of an object, so that whoever changes it can say which one they have seen; changes nothing.

use crate::node::casework::append::SHARED_CHAIN;
use crate::node::casework::{Desk, Error};
use crate::node::store::{StoreError, chains};
use crate::policy::Permit;
use crate::record::StatementHash;

/// The head of an object of which nothing is signed yet, such as a draft.
const NOTHING: [u8; 32] = [0; 32];

impl Desk {
    /// The head of the chain that this authority continues when it says something of the permit's object: of a request
    /// the newest statement of either side, of everything else the newest own one; zeros before the first.
    ///
    /// # Errors
    /// [`Error::NotPermitted`] for a permit without an object, or what the store says.
    pub async fn head(&self, permit: &Permit) -> Result<StatementHash, Error> {
        let object = permit.resource().map(|id| id.to_string()).ok_or_else(|| {
            Error::NotPermitted(format!("{} needs an object to act on", permit.action()))
        })?;
        let own = self.authority.to_string();
        let chains = self
            .store
            .read("head", move |tx| Box::pin(async move { chains::of_object(tx, &object).await }))
            .await
            .map_err(|error: StoreError| Error::from(error))?;
        let of = |author: &str| chains.iter().find(|chain| chain.author == author);
        let chain = of(SHARED_CHAIN).or_else(|| of(&own));
        Ok(StatementHash(chain.map_or(NOTHING, |chain| chain.head)))
    }

    /// The permit for the object as the actor saw it.
    ///
    /// # Errors
    /// [`Error::Conflict`] if there is a newer record by now; else as [`Desk::head`].
    pub async fn on_head(&self, permit: Permit, seen: StatementHash) -> Result<Permit, Error> {
        refuse_stale(Some(self.head(&permit).await?), seen.0)?;
        Ok(permit.on_head(seen.0))
    }
}

/// Refuses what would follow another record than the one that was seen.
pub(crate) fn refuse_stale(newest: Option<StatementHash>, seen: [u8; 32]) -> Result<(), Error> {
    let newest = newest.unwrap_or(StatementHash(NOTHING));
    if newest.0 == seen {
        return Ok(());
    }
    Err(Error::Conflict(format!(
        "it was changed meanwhile and its newest record is {newest}: read it again and repeat"
    )))
}
