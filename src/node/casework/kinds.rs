//! What an id names at this node, so that the right permit can be asked for; says nothing about what it names.

use crate::domain::id::ObjectId;
use crate::node::casework::{Desk, Error};
use crate::node::store::{StoreError, cases, evidence, requests, summaries, task_forces};
use crate::policy::Action;

impl Desk {
    /// The action that reads the object of that id; none if this node has no such object.
    ///
    /// # Errors
    /// What the store says.
    pub async fn reading(&self, id: ObjectId) -> Result<Option<Action>, Error> {
        let id = id.to_string();
        let found = self.store.read("what_is", move |tx| {
            Box::pin(async move {
                if cases::get(tx, &id).await?.is_some() {
                    return Ok::<_, StoreError>(Some(Action::CaseRead));
                }
                if evidence::get(tx, &id).await?.is_some() {
                    return Ok(Some(Action::EvidenceRead));
                }
                if requests::get(tx, &id).await?.is_some() {
                    return Ok(Some(Action::RequestRead));
                }
                if summaries::get(tx, &id).await?.is_some() {
                    return Ok(Some(Action::SummaryRead));
                }
                let room = task_forces::get(tx, &id).await?;
                Ok(room.map(|_| Action::TaskForceRead))
            })
        });
        Ok(found.await?)
    }
}
