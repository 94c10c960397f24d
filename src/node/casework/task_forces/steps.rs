//! What an officer does in task forces: form, join, post, leave, close; every record goes to all other members.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::domain::finding::{long_text, short_text};
use crate::domain::id::{AuthorityName, ObjectId};
use crate::domain::task_force::{MEMBERS_MAX, TaskForceRefusal, TaskForceState};
use crate::domain::time::Date;
use crate::node::casework::append::{Authorship, Prepared};
use crate::node::casework::audit_trail::done as event;
use crate::node::casework::guard::allow;
use crate::node::casework::requests::{end_of_day, outgoing};
use crate::node::casework::task_forces::room::{Room, Step, StepError};
use crate::node::casework::task_forces::view::TaskForceView;
use crate::node::casework::{Desk, Error, documents};
use crate::node::rng::random;
use crate::node::store::task_forces::{self, TaskForce, TaskForceMember, TaskForcePost};
use crate::node::store::{StoreError, audit_events, chains, outbox};
use crate::policy::{Action, Permit};
use crate::record::StatementHash;
use crate::record::kinds::task_force::{Charter, Membership, Post};

/// The marking of posts unless the charter says otherwise.
const DEFAULT_MARKING: &str = "H1 H2 TLP:AMBER+STRICT";

/// A task force to be formed.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewTaskForce {
    /// Its name.
    pub name: String,
    /// The members beside this authority.
    pub members: Vec<String>,
    /// What it is for.
    pub purpose: String,
    /// The day on which it ends.
    pub ends: Option<String>,
    /// What posts bear unless they say otherwise.
    pub marking: Option<String>,
}

/// A post to all members.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPost {
    /// What is said.
    pub text: String,
    /// How it must be handled; the charter's marking if absent.
    pub marking: Option<String>,
    /// Evidence that is released with it.
    #[serde(default)]
    pub documents: Vec<String>,
}

impl From<StepError> for Error {
    fn from(error: StepError) -> Self {
        match error {
            StepError::Refused(refusal) => refusal.into(),
            StepError::Store(error) => error.into(),
        }
    }
}

impl From<TaskForceRefusal> for Error {
    fn from(refusal: TaskForceRefusal) -> Self {
        Self::IllegalStep(refusal.to_string())
    }
}

impl Desk {
    /// Writes a charter, signs it as the coordinator, and sends it to all members.
    ///
    /// # Errors
    /// If a member is no peer, or name, purpose or day have no sense.
    pub async fn form_task_force(
        &self,
        permit: &Permit,
        input: NewTaskForce,
    ) -> Result<TaskForceView, Error> {
        allow(permit, Action::TaskForceForm, None)?;
        let charter = self.charter(&input)?;
        let id = ObjectId::from_random(random(&*self.rng));
        let prepared = self.author(id, Authorship::of(permit, None), &charter).await?;
        let now = self.clock.now();
        let (row, members) = rows(id, &charter, prepared.hash(), now.0);
        let others: Vec<_> =
            charter.members.iter().filter(|member| **member != self.authority).collect();
        let outgoing: Vec<_> =
            others.into_iter().map(|peer| outgoing(peer, id, &prepared, now.0)).collect();
        let event = event(permit, now, Some(id));
        let data = (prepared, row, members, outgoing, event);
        self.store
            .write_with("form_task_force", data, |tx, (prepared, row, members, outgoing, event)| {
                Box::pin(async move {
                    prepared.append(tx).await?;
                    task_forces::insert(tx, row).await?;
                    for member in members {
                        task_forces::put_member(tx, member).await?;
                    }
                    outbox::enqueue(tx, outgoing).await?;
                    audit_events::append(tx, event).await?;
                    Ok::<_, StoreError>(())
                })
            })
            .await?;
        self.committed();
        self.task_force_view(id).await
    }

    fn charter(&self, input: &NewTaskForce) -> Result<Charter, Error> {
        let name = short_text("name", &input.name).map_err(|e| Error::invalid("name", e.reason))?;
        let mandate = long_text("purpose", &input.purpose)
            .map_err(|error| Error::invalid("purpose", error.reason))?;
        let mut members = Vec::new();
        for member in &input.members {
            if *member != self.authority.as_str() {
                members.push(self.peer_named("members", member)?);
            }
        }
        members.push(self.authority.clone());
        members.sort();
        members.dedup();
        if !(2..=MEMBERS_MAX).contains(&members.len()) {
            return Err(Error::invalid("members", "are at least two authorities, at most 64"));
        }
        let ends_at = input.ends.as_deref().map(|text| self.end_day(text)).transpose()?;
        let marking = input.marking.as_deref().unwrap_or(DEFAULT_MARKING);
        let marking = documents::marking("marking", marking)?.to_string();
        let coordinator = self.authority.clone();
        Ok(Charter { name, mandate, members, coordinator, ends_at, marking })
    }

    fn end_day(&self, text: &str) -> Result<i64, Error> {
        let refuse = || Error::invalid("ends", "is a day to come, written YYYY-MM-DD");
        let date: Date = text.parse().map_err(|_| refuse())?;
        let ends = end_of_day(date).ok_or_else(refuse)?;
        if ends > self.clock.now() { Ok(ends.0) } else { Err(refuse()) }
    }

    /// Signs the charter of a task force.
    ///
    /// # Errors
    /// If this authority is no member, it has ended, or another member is no peer any more.
    pub async fn join_task_force(
        &self,
        permit: &Permit,
        id: ObjectId,
    ) -> Result<TaskForceView, Error> {
        self.membership(permit, id, Step::Join, None).await
    }

    /// Leaves a task force: nothing comes from now on.
    ///
    /// # Errors
    /// As [`Desk::join_task_force`].
    pub async fn leave_task_force(
        &self,
        permit: &Permit,
        id: ObjectId,
        reason: String,
    ) -> Result<TaskForceView, Error> {
        self.membership(permit, id, Step::Leave, Some(reason)).await
    }

    /// Ends a task force; only its coordinator does.
    ///
    /// # Errors
    /// As [`Desk::join_task_force`].
    pub async fn close_task_force(
        &self,
        permit: &Permit,
        id: ObjectId,
        reason: String,
    ) -> Result<TaskForceView, Error> {
        self.membership(permit, id, Step::Close, Some(reason)).await
    }

    async fn membership(
        &self,
        permit: &Permit,
        id: ObjectId,
        step: Step,
        reason: Option<String>,
    ) -> Result<TaskForceView, Error> {
        allow(permit, Action::TaskForceForm, Some(id))?;
        let reason = reason.map(|reason| short_text("reason", &reason)).transpose();
        let reason = reason.map_err(|error| Error::invalid("reason", error.reason))?;
        let (room, heads) = self.room(id).await?;
        match step {
            Step::Join => self.refuse_removed(&room.others(&self.authority))?,
            // Whoever ends its part must not depend on others: what a removed peer is told of it waits.
            Step::Leave | Step::Close => {}
        }
        let charter = room.charter();
        let seen = heads.iter().map(|(_, head)| *head).collect();
        let payload = Membership { step: step.name().to_owned(), charter, reason, heads: seen };
        let prev = self.own_head(&heads);
        let prepared = self.author(id, Authorship::of(permit, prev), &payload).await?;
        let now = self.clock.now();
        let outgoing = self.to_others(&room, id, &prepared, now.0);
        let event = audit_events::NewAuditEvent {
            detail: Some(step.name().to_owned()),
            ..event(permit, now, Some(id))
        };
        let own = self.authority.clone();
        let data = (prepared, outgoing, event, own, id.to_string());
        self.store
            .write_with("task_force_step", data, move |tx, (prepared, outgoing, event, own, id)| {
                Box::pin(async move {
                    let room = Room::read(tx, id).await?;
                    let mut room = room.ok_or(Error::NotFound("task force"))?;
                    prepared.append(tx).await?;
                    room.step(tx, own, step, prepared.hash(), event.at).await?;
                    outbox::enqueue(tx, outgoing).await?;
                    audit_events::append(tx, event).await?;
                    Ok::<_, Error>(())
                })
            })
            .await?;
        self.committed();
        self.task_force_view(id).await
    }

    /// Says something to all other members.
    ///
    /// # Errors
    /// If the task force is not active, a member is no peer any more, or the text or marking have no sense.
    pub async fn post(
        &self,
        permit: &Permit,
        id: ObjectId,
        input: NewPost,
    ) -> Result<TaskForceView, Error> {
        allow(permit, Action::TaskForcePost, Some(id))?;
        let text = long_text("text", &input.text).map_err(|e| Error::invalid("text", e.reason))?;
        let (room, heads) = self.room(id).await?;
        self.refuse_removed(&room.others(&self.authority))?;
        let marking = match &input.marking {
            Some(marking) => marking.clone(),
            None => self.held(room.charter()).await?.payload::<Charter>()?.marking,
        };
        let marking = documents::marking("marking", &marking)?;
        let documents = self.documents(permit, &input.documents, &marking).await?;
        let payload = Post {
            charter: room.charter(),
            text,
            marking: marking.to_string(),
            heads: heads.iter().map(|(_, head)| *head).collect(),
            documents,
        };
        let prev = self.own_head(&heads);
        let prepared = self.author(id, Authorship::of(permit, prev), &payload).await?;
        let now = self.clock.now();
        let outgoing = self.to_others(&room, id, &prepared, now.0);
        let post = TaskForcePost {
            task_force_id: id.to_string(),
            record_hash: prepared.hash().0,
            author: self.authority.to_string(),
            at: now.0,
        };
        let others = room.others(&self.authority);
        let event = event(permit, now, Some(id));
        let (own, given) = (self.authority.clone(), payload.documents);
        let data = (prepared, outgoing, event, own, post, (others, given));
        self.store
            .write_with("task_force_post", data, move |tx, data| {
                Box::pin(async move {
                    let (prepared, outgoing, event, own, post, (others, given)) = data;
                    let room = Room::read(tx, &post.task_force_id).await?;
                    let room = room.ok_or(Error::NotFound("task force"))?;
                    room.may_post(own, now)?;
                    prepared.append(tx).await?;
                    task_forces::add_post(tx, post).await?;
                    outbox::enqueue(tx, outgoing).await?;
                    documents::grant(tx, given, others, prepared.hash()).await?;
                    audit_events::append(tx, event).await?;
                    Ok::<_, Error>(())
                })
            })
            .await?;
        self.committed();
        self.task_force_view(id).await
    }

    /// A task force and the newest statement of each member that this node has.
    pub(crate) async fn room(
        &self,
        id: ObjectId,
    ) -> Result<(Room, Vec<(String, StatementHash)>), Error> {
        let text = id.to_string();
        let (room, heads) = self
            .store
            .read("task_force", move |tx| {
                Box::pin(async move {
                    let room = Room::read(tx, &text).await?;
                    Ok::<_, StoreError>((room, chains::of_object(tx, &text).await?))
                })
            })
            .await?;
        let heads =
            heads.into_iter().map(|chain| (chain.author, StatementHash(chain.head))).collect();
        Ok((room.ok_or(Error::NotFound("task force"))?, heads))
    }

    fn own_head(&self, heads: &[(String, StatementHash)]) -> Option<StatementHash> {
        let own = heads.iter().find(|(author, _)| author == self.authority.as_str());
        own.map(|(_, head)| *head)
    }

    fn to_others(
        &self,
        room: &Room,
        id: ObjectId,
        prepared: &Prepared,
        now: i64,
    ) -> Vec<outbox::NewOutgoing> {
        let others = room.others(&self.authority);
        others.iter().map(|peer| outgoing(peer, id, prepared, now)).collect()
    }
}

/// The rows of a task force that begins with a charter.
pub(crate) fn rows(
    id: ObjectId,
    charter: &Charter,
    hash: StatementHash,
    now: i64,
) -> (TaskForce, Vec<TaskForceMember>) {
    let row = TaskForce {
        id: id.to_string(),
        name: charter.name.clone(),
        coordinator: charter.coordinator.to_string(),
        state: TaskForceState::Draft.name().to_owned(),
        ends_at: charter.ends_at,
        created_at: now,
        head: hash.0,
        ended_by: None,
    };
    let member = |authority: &AuthorityName| TaskForceMember {
        task_force_id: id.to_string(),
        authority: authority.to_string(),
        joined_at: (*authority == charter.coordinator).then_some(now),
        left_at: None,
        left_by: None,
    };
    (row, charter.members.iter().map(member).collect())
}
