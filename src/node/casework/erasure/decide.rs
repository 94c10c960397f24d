//! A second officer decides on an erasure; from a yes on there is no way back.

use crate::domain::finding::long_text;
use crate::domain::id::ObjectId;
use crate::node::casework::append::Authorship;
use crate::node::casework::audit_trail::done;
use crate::node::casework::cases::Refusal;
use crate::node::casework::erasure::ErasureView;
use crate::node::casework::erasure::order::refuse_held;
use crate::node::casework::erasure::scope::Scope;
use crate::node::casework::permits::Covers;
use crate::node::casework::{Desk, Error};
use crate::node::store::StoreError;
use crate::node::store::audit_events::{self, NewAuditEvent};
use crate::node::store::erasures::{self, Erasure, ErasureState};
use crate::policy::{Action, Permit};
use crate::record::StatementHash;
use crate::record::kinds::erasure::ErasureRefused;

impl Desk {
    /// Confirms an order and carries it out: keys are destroyed, rows removed, the certificate signed.
    ///
    /// # Errors
    /// [`Error::IllegalStep`] if it was decided already or a legal hold stands by now. After an error of the store the
    /// erasure is carried on with at the next start, or by confirming again.
    pub async fn confirm_erasure(&self, permit: &Permit) -> Result<ErasureView, Error> {
        let id = permit.object_for(Action::ErasureDecide)?;
        let order = self.erasure_row(id).await?;
        match order.state {
            ErasureState::Ordered => {
                let object: ObjectId = order.object.parse().map_err(Error::internal)?;
                match order.scope.parse().map_err(Error::internal)? {
                    Scope::Import => self.refuse_held_import(object).await?,
                    Scope::Case | Scope::Parts(_) => {
                        refuse_held(&self.standing(object).await?.content)?;
                    }
                }
                self.note_confirmed(permit, order).await?;
            }
            // It was interrupted.
            ErasureState::Confirmed => {}
            ErasureState::Refused | ErasureState::Done => return Err(decided(order.state)),
        }
        self.carry_out(id).await?;
        self.erasure_view(permit, id).await
    }

    /// Refuses an order: the data stay.
    ///
    /// # Errors
    /// [`Error::IllegalStep`] if it was decided already, [`Error::Invalid`] without a reason.
    pub async fn refuse_erasure(
        &self,
        permit: &Permit,
        input: Refusal,
    ) -> Result<ErasureView, Error> {
        let id = permit.object_for(Action::ErasureDecide)?;
        let order = self.erasure_row(id).await?;
        if order.state != ErasureState::Ordered {
            return Err(decided(order.state));
        }
        let reason = long_text("reason", &input.reason)
            .map_err(|error| Error::invalid("reason", error.reason))?;
        let by = Authorship::of(permit, Some(StatementHash(order.head)));
        let prepared = self.author(id, by, &ErasureRefused { reason }).await?;
        let row = Erasure {
            state: ErasureState::Refused,
            decided_at: Some(self.clock.now().0),
            head: prepared.hash().0,
            ..order
        };
        let event = decision(done(permit, self.clock.now(), Some(id)), "refused");
        self.store
            .write_with("refuse_erasure", (prepared, row, event), |tx, (prepared, row, event)| {
                Box::pin(async move {
                    prepared.append(tx).await?;
                    erasures::advance(tx, ErasureState::Ordered, row).await?;
                    audit_events::append(tx, event).await.map(drop)
                })
            })
            .await
            .map_err(|error: StoreError| Error::from(error))?;
        self.committed();
        self.erasure_view(permit, id).await
    }

    async fn note_confirmed(&self, permit: &Permit, order: Erasure) -> Result<(), Error> {
        let id = order.id.parse().map_err(Error::internal)?;
        let row = Erasure {
            state: ErasureState::Confirmed,
            decided_at: Some(self.clock.now().0),
            ..order
        };
        let event = decision(done(permit, self.clock.now(), Some(id)), "confirmed");
        self.store
            .write_with("confirm_erasure", (row, event), |tx, (row, event)| {
                Box::pin(async move {
                    erasures::advance(tx, ErasureState::Ordered, row).await?;
                    audit_events::append(tx, event).await.map(drop)
                })
            })
            .await
            .map_err(|error: StoreError| error.into())
    }
}

fn decision(event: NewAuditEvent, word: &str) -> NewAuditEvent {
    NewAuditEvent { detail: Some(word.to_owned()), ..event }
}

fn decided(state: ErasureState) -> Error {
    Error::IllegalStep(format!("the order was decided already: it is {}", state.as_str()))
}
