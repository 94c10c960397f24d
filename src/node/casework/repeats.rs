//! Requests that may be repeated under a key of the caller's choice: each is done once; compares requests by digest.

use crate::domain::id::UserId;
use crate::node::casework::{Desk, Error};
use crate::node::keys::content::KeyGroup;
use crate::node::store::StoreError;
use crate::node::store::idempotency::{self, Answer};

/// A request under a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repeatable {
    /// Who asks.
    pub caller: UserId,
    /// The key that he chose.
    pub key: String,
    /// SHA-256 over all that the request asks.
    pub request: [u8; 32],
}

/// What is known of a request under its key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Known {
    /// Nothing: it is to be done.
    No,
    /// It was done, with this HTTP status and body.
    Answered(u16, Vec<u8>),
    /// Something that it changes is in the store, and whether it came to its end is not known: its answer is lost, or was
    /// given up when something that it shows was closed to its caller.
    Unanswered,
    /// The key was used for another request.
    Another,
}

impl Desk {
    /// What is known of a request.
    ///
    /// # Errors
    /// If the store fails, or what it holds cannot be opened.
    pub async fn known(&self, request: &Repeatable) -> Result<Known, Error> {
        let (caller, key) = (request.caller.to_string(), request.key.clone());
        let oldest = self.oldest_answer();
        let found = self
            .store
            .read("answer_get", move |tx| {
                Box::pin(async move { idempotency::get(tx, &caller, &key).await })
            })
            .await
            .map_err(|error: StoreError| Error::from(error))?;
        let Some(found) = found else { return Ok(Known::No) };
        if found.created_at < oldest {
            self.store
                .write("answers_forget", move |tx| {
                    Box::pin(async move { idempotency::forget_before(tx, oldest).await })
                })
                .await
                .map_err(|error: StoreError| Error::from(error))?;
            return Ok(Known::No);
        }
        if found.request_hash != request.request {
            return Ok(Known::Another);
        }
        if found.status == 0 {
            return Ok(Known::Unanswered);
        }
        let key = self.keys.get_or_create(&KeyGroup::answers()).await.map_err(Error::internal)?;
        let body = key.open(&place(&found), &found.body).map_err(Error::internal)?;
        Ok(Known::Answered(u16::try_from(found.status).map_err(Error::internal)?, body))
    }

    /// Does the work of a request. The first change that it makes in the store claims the key in the same transaction.
    pub async fn claiming<T>(&self, request: &Repeatable, work: impl Future<Output = T>) -> T {
        idempotency::claiming(self.row(request, 0, Vec::new()), work).await
    }

    /// Keeps the answer of a request that was done.
    ///
    /// # Errors
    /// If the store fails; the request then stays known as done, without its answer.
    pub async fn remember(
        &self,
        request: &Repeatable,
        status: u16,
        body: &[u8],
    ) -> Result<(), Error> {
        let key = self.keys.get_or_create(&KeyGroup::answers()).await.map_err(Error::internal)?;
        let mut row = self.row(request, status, Vec::new());
        row.body = key.seal(&*self.rng, &place(&row), body);
        self.store
            .write_with("answer_keep", row, |tx, row| {
                Box::pin(async move { idempotency::keep(tx, row).await })
            })
            .await
            .map_err(|error: StoreError| Error::from(error))
    }

    /// Forgets a request that was refused after a change, so that it can be mended and sent again under its key.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn release(&self, request: &Repeatable) -> Result<(), Error> {
        let data = (request.caller.to_string(), request.key.clone());
        self.store
            .write_with("answer_release", data, |tx, (caller, key)| {
                Box::pin(async move { idempotency::release(tx, caller, key).await.map(drop) })
            })
            .await
            .map_err(|error: StoreError| Error::from(error))
    }

    fn oldest_answer(&self) -> i64 {
        self.clock.now().plus_secs(-idempotency::KEPT_SECS).0
    }

    fn row(&self, request: &Repeatable, status: u16, body: Vec<u8>) -> Answer {
        Answer {
            caller: request.caller.to_string(),
            key: request.key.clone(),
            request_hash: request.request,
            status: status.into(),
            body,
            created_at: self.clock.now().0,
        }
    }
}

/// The row to which a sealed body belongs.
fn place(row: &Answer) -> Vec<u8> {
    [row.caller.as_bytes(), b"/", row.key.as_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::handling::Purpose;
    use crate::node::casework::NewCase;
    use crate::node::casework::testing::desk;
    use crate::policy::Action;

    /// What is known after a restart is what the store holds: neither answer nor refusal was noted before the end.
    #[tokio::test]
    async fn a_request_that_was_denied_leaves_no_claim_and_one_that_changed_something_does() {
        let test = desk().await;
        let ada = test.officer("ada", "case_officer", "north").await;
        let otto = test.officer("otto", "auditor", "north").await;
        let asked = |caller| Repeatable { caller, key: "k".to_owned(), request: [1; 32] };
        let request = asked(otto.user.unwrap());
        let denied = test.desk.claiming(&request, async {
            let purpose = Some(Purpose::CustomsEnforcement);
            test.desk.permit(&otto, Action::CaseOpen, None, purpose).await
        });
        assert!(matches!(denied.await, Err(Error::NotPermitted(_))));
        assert!(test.trail().await.contains(&("case.open".to_owned(), "denied".to_owned())));
        assert_eq!(test.desk.known(&request).await.unwrap(), Known::No);

        let request = asked(ada.user.unwrap());
        let opened = test.desk.claiming(&request, async {
            let permit = test.may(&ada, Action::CaseOpen, None).await;
            let case = serde_json::json!({"title": "Tea", "case_type": "revenue"});
            let case: NewCase = serde_json::from_value(case).unwrap();
            test.desk.open_case(&permit, case).await
        });
        assert!(Box::pin(opened).await.is_ok());
        assert_eq!(test.desk.known(&request).await.unwrap(), Known::Unanswered);
    }
}
