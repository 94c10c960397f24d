//! Who did, saw and was refused what: one chained row for each; holds no personal data of the people in a case.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::Serialize;

use crate::domain::handling::Purpose;
use crate::domain::id::ObjectId;
use crate::domain::time::Timestamp;
use crate::node::casework::permits::Covers;
use crate::node::casework::views::{PageView, page_rows, time_text};
use crate::node::casework::{Desk, Error};
use crate::node::store::audit_events::{self, AuditEvent, NewAuditEvent};
use crate::node::store::{StoreError, idempotency};
use crate::policy::{Action, Actor, Permit, Via};

/// What the local socket is called in the trail.
const OPERATOR: &str = "operator";

/// A row of the audit trail.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct AuditEventView {
    /// Its place in the chain.
    pub seq: i64,
    /// When.
    pub at: String,
    /// Who: a pseudonym, `node` or `operator`.
    pub actor: String,
    /// In which role.
    pub role: String,
    /// What was done.
    pub action: String,
    /// To which object.
    pub object: Option<String>,
    /// For which purpose.
    pub purpose: Option<String>,
    /// `done`, `seen`, `denied` or `alarm`.
    pub outcome: String,
    /// What else must be known.
    pub detail: Option<String>,
    /// The hash of this row over the row before.
    pub hash: String,
}

impl From<AuditEvent> for AuditEventView {
    fn from(event: AuditEvent) -> Self {
        Self {
            seq: event.seq,
            at: time_text(event.at),
            actor: event.actor,
            role: event.role,
            action: event.action,
            object: event.object,
            purpose: event.purpose,
            outcome: event.outcome,
            detail: event.detail,
            hash: hex::encode(event.hash),
        }
    }
}

/// The row of a change, to be appended in the transaction of the change.
pub(crate) fn done(permit: &Permit, now: Timestamp, object: Option<ObjectId>) -> NewAuditEvent {
    event(permit, now, object, "done")
}

fn event(
    permit: &Permit,
    now: Timestamp,
    object: Option<ObjectId>,
    outcome: &str,
) -> NewAuditEvent {
    let is_operator = permit.user().is_none() && permit.action() == Action::UserManage;
    NewAuditEvent {
        at: now.0,
        actor: if is_operator { OPERATOR.to_owned() } else { permit.actor().to_string() },
        role: permit.role_name().to_owned(),
        action: permit.action().name().to_owned(),
        object: object.or(permit.resource()).map(|id| id.to_string()),
        purpose: permit.purpose().map(|purpose| purpose.name().to_owned()),
        outcome: outcome.to_owned(),
        detail: None,
    }
}

impl Desk {
    /// Notes that content was seen; it is shown only after the note is durable. Whoever sees very much raises an alarm.
    pub(crate) async fn note_seen(&self, permit: &Permit) -> Result<(), Error> {
        let now = self.clock.now();
        let seen = (event(permit, now, None, "seen"), self.watch(permit, permit.resource(), now));
        let seen = Arc::new(seen);
        let write = self.store.write_with("audit_note", Arc::clone(&seen), |tx, seen| {
            Box::pin(async move {
                let (event, watch) = &**seen;
                audit_events::append(tx, event).await?;
                match watch {
                    Some(watch) => watch.note(tx).await,
                    None => Ok(false),
                }
            })
        });
        let is_much = idempotency::beside(write).await;
        let is_much = is_much.map_err(|error: StoreError| Error::from(error))?;
        if let Some(watch) = seen.1.as_ref().filter(|_| is_much) {
            watch.tell();
            self.signals.tell();
        }
        Ok(())
    }

    /// Notes that somebody was refused.
    pub(crate) async fn note_denied(
        &self,
        actor: &Actor,
        action: Action,
        object: Option<ObjectId>,
        purpose: Option<Purpose>,
        reason: &str,
    ) -> Result<(), Error> {
        let name = match actor.via {
            Via::LocalSocket => OPERATOR.to_owned(),
            Via::Token | Via::Node => actor.pseudonym.to_string(),
        };
        let roles: Vec<_> = actor.roles.iter().map(|role| role.name()).collect();
        self.note(NewAuditEvent {
            at: self.clock.now().0,
            actor: name,
            role: roles.join(" "),
            action: action.name().to_owned(),
            object: object.map(|id| id.to_string()),
            purpose: purpose.map(|purpose| purpose.name().to_owned()),
            outcome: "denied".to_owned(),
            detail: Some(reason.to_owned()),
        })
        .await
    }

    /// A note is no change that a repeatable request was sent for: it claims no key, or a denied request would look done.
    async fn note(&self, event: NewAuditEvent) -> Result<(), Error> {
        let write = self.store.write_with("audit_note", event, |tx, event| {
            Box::pin(async move { audit_events::append(tx, event).await.map(drop) })
        });
        idempotency::beside(write).await.map_err(|error: StoreError| error.into())
    }

    /// The audit trail, newest first, before a place (none: from the end).
    ///
    /// # Errors
    /// If the permit is for something else, or the store fails.
    pub async fn audit_trail(
        &self,
        permit: &Permit,
        before: Option<i64>,
        limit: Option<u32>,
    ) -> Result<PageView<AuditEventView>, Error> {
        permit.covers(Action::AuditRead, None)?;
        self.note_seen(permit).await?;
        let rows = page_rows(limit);
        let before = before.unwrap_or(0);
        let events = self
            .store
            .read("audit_trail", move |tx| {
                Box::pin(
                    async move { audit_events::newest_before(tx, before, i64::from(rows)).await },
                )
            })
            .await
            .map_err(|error: StoreError| Error::from(error))?;
        let is_full = events.len() == usize::try_from(rows).unwrap_or(usize::MAX);
        let next = events.last().filter(|_| is_full).map(|event| event.seq.to_string());
        Ok(PageView { items: events.into_iter().map(AuditEventView::from).collect(), next })
    }
}
