//! Withdrawing a summary: what has not left stays here, who may have it is told to delete it; erases nothing.

use crate::domain::finding::short_text;
use crate::domain::id::{AuthorityName, ObjectId};
use crate::node::casework::append::{Authorship, Prepared};
use crate::node::casework::audit_trail::done as event;
use crate::node::casework::guard::allow;
use crate::node::casework::summaries::share::{indices, read_indices, row_of};
use crate::node::casework::summaries::view::SummaryView;
use crate::node::casework::{Desk, Error};
use crate::node::store::audit_events::{self, NewAuditEvent};
use crate::node::store::outbox::{self, OutboxFrame, OutboxState};
use crate::node::store::requests::Direction;
use crate::node::store::summaries::{self, Summary};
use crate::node::store::{StoreError, Tx, blobs};
use crate::policy::{Action, Permit};
use crate::record::StatementHash;
use crate::record::kinds::summary::SummaryWithdrawn;

/// What the write of a withdrawal needs.
struct Withdrawing {
    prepared: Prepared,
    id: String,
    /// The record that shared the summary.
    shared: [u8; 32],
    recipients: Vec<AuthorityName>,
    event: NewAuditEvent,
}

impl Desk {
    /// Withdraws a summary: the recipients are told to stop using it and to delete it. Those whom it has not left for
    /// get neither the summary nor the withdrawal.
    ///
    /// # Errors
    /// If it is not this authority's, or was withdrawn before.
    pub async fn withdraw_summary(
        &self,
        permit: &Permit,
        id: ObjectId,
        reason: String,
    ) -> Result<SummaryView, Error> {
        allow(permit, Action::SummaryWithdraw, Some(id))?;
        let reason =
            short_text("reason", &reason).map_err(|e| Error::invalid("reason", e.reason))?;
        let (row, recipients) = self.own_summary(id).await?;
        if row.withdrawn_at.is_some() {
            return Err(Error::IllegalStep("the summary was withdrawn before".to_owned()));
        }
        let payload = SummaryWithdrawn { recipients: recipients.clone(), reason };
        let authorship = Authorship::of(permit, Some(StatementHash(row.head)));
        let prepared = self.author(id, authorship, &payload).await?;
        let event = event(permit, self.clock.now(), Some(id));
        let withdrawing = Withdrawing { prepared, id: row.id, shared: row.head, recipients, event };
        self.store
            .write_with("withdraw_summary", withdrawing, |tx, withdrawing| {
                Box::pin(withdrawing.write(tx))
            })
            .await?;
        self.committed();
        self.summary_view(id).await
    }

    async fn own_summary(&self, id: ObjectId) -> Result<(Summary, Vec<AuthorityName>), Error> {
        let text = id.to_string();
        let (row, recipients) = self
            .store
            .read("own_summary", move |tx| {
                Box::pin(async move {
                    let row = summaries::get(tx, &text).await?;
                    Ok::<_, StoreError>((row, summaries::recipients(tx, &text).await?))
                })
            })
            .await?;
        let row = row.ok_or(Error::NotFound("summary"))?;
        if row.direction != Direction::Out {
            return Err(Error::NotPermitted("only its author withdraws a summary".to_owned()));
        }
        let recipients = recipients
            .into_iter()
            .map(|recipient| recipient.authority.parse().map_err(Error::internal))
            .collect::<Result<_, _>>()?;
        Ok((row, recipients))
    }
}

impl Withdrawing {
    async fn write(&self, tx: &mut Tx) -> Result<(), StoreError> {
        self.prepared.append(tx).await?;
        let (hash, at) = (self.prepared.hash(), self.event.at);
        summaries::withdraw(tx, &self.id, &hash.0, at).await?;
        for peer in &self.recipients {
            let may_have_it = self.may_have_left(tx, peer.as_str()).await?;
            outbox::withdraw(tx, &self.shared, peer.as_str(), at).await?;
            self.take_sources_back(tx, peer.as_str()).await?;
            if may_have_it {
                let row = row_of(peer, self.id.clone(), hash, None, at);
                outbox::enqueue(tx, &[row]).await?;
            }
        }
        blobs::revoke_of(tx, &self.shared).await?;
        audit_events::append(tx, &self.event).await?;
        Ok(())
    }

    /// A row that was leased once may have arrived even if no answer came back, so only one that never was has not left.
    async fn may_have_left(&self, tx: &mut Tx, peer: &str) -> Result<bool, StoreError> {
        let row = outbox::of_frame(tx, &self.shared, peer, OutboxFrame::Deliver).await?;
        Ok(row.is_some_and(|row| row.state != OutboxState::Queued || row.lease_token != 0))
    }

    /// Statements that still wait for a peer show it only what other summaries show it, and stay here if none does.
    async fn take_sources_back(&self, tx: &mut Tx, peer: &str) -> Result<(), StoreError> {
        for source in summaries::sources(tx, &self.id).await? {
            let hash = &source.record_hash;
            let waiting = outbox::of_frame(tx, hash, peer, OutboxFrame::Deliver).await?;
            let Some(row) = waiting.filter(|row| row.state == OutboxState::Queued) else {
                continue;
            };
            // Without a choice it is sent for another reason than a summary.
            let Some(shown) = row.disclosure.as_deref().map(read_indices) else { continue };
            let others = summaries::shown_by_others(tx, &self.id, hash, peer).await?;
            if others.is_empty() {
                outbox::withdraw(tx, hash, peer, self.event.at).await?;
                continue;
            }
            let needed = others.iter().flat_map(|other| read_indices(&other.fields)).collect();
            if needed != shown {
                outbox::requeue(tx, row.id, Some(&indices(&needed)), row.queued_at).await?;
            }
        }
        Ok(())
    }
}
