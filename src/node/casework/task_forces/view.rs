//! What an officer sees of task forces: charter, members, posts; each post verified again.

use std::collections::{HashMap, HashSet};

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::domain::id::{AuthorityName, ObjectId};
use crate::domain::task_force::TaskForceState;
use crate::domain::time::Timestamp;
use crate::node::casework::documents::DocumentView;
use crate::node::casework::guard::allow;
use crate::node::casework::listing::{Listing, Part, Reader};
use crate::node::casework::permits::task_force_resource;
use crate::node::casework::task_forces::room::Room;
use crate::node::casework::views::PageView;
use crate::node::casework::{Desk, Error};
use crate::node::store::task_forces::{self, TaskForceMember, TaskForcePost};
use crate::node::store::{Page, StoreError, Tx, records, users};
use crate::policy::{Action, Permit};
use crate::record::StatementHash;
use crate::record::kinds::task_force::{Charter, Membership, Post};

/// Which task forces a list shows.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TaskForceQuery {
    /// At most this many.
    pub limit: Option<u32>,
    /// After the page that ended with this mark.
    pub after: Option<String>,
}

/// A task force in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct TaskForceRow {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The member that proposed it.
    pub coordinator: String,
    /// `draft`, `active` or `ended`.
    pub state: String,
    /// The members that have not left.
    pub members: Vec<String>,
    /// When it ends.
    pub ends_at: Option<String>,
    /// When it was formed, or its charter came.
    pub created_at: String,
}

/// A member.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct MemberView {
    /// The authority.
    pub authority: String,
    /// `invited`, `joined` or `left`.
    pub state: String,
    /// When it signed.
    pub joined_at: Option<String>,
}

/// A post.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct PostView {
    /// The statement's hash.
    pub hash: String,
    /// The authority that said it.
    pub author: String,
    /// Pseudonym of the officer.
    pub actor: String,
    /// When, by the author's clock.
    pub at: String,
    /// What is said.
    pub text: String,
    /// How it must be handled.
    pub marking: String,
    /// The newest statements that the author had seen.
    pub heads: Vec<String>,
    /// Released files.
    pub documents: Vec<DocumentView>,
    /// Whether the signature was verified now.
    pub verified: bool,
    /// How it stands to the end of the task force, if it came to no rest before that.
    pub remark: Option<String>,
}

/// A task force with its members and posts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct TaskForceView {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The member that proposed it.
    pub coordinator: String,
    /// `draft`, `active` or `ended`.
    pub state: String,
    /// What it is to achieve.
    pub purpose: String,
    /// What posts bear unless they say otherwise.
    pub marking: String,
    /// The charter's statement.
    pub charter: String,
    /// When it ends.
    pub ends_at: Option<String>,
    /// The members, also those that left.
    pub members: Vec<MemberView>,
    /// Pseudonyms of the officers of this authority who work in it.
    pub team: Vec<String>,
    /// The posts, in the order in which they came.
    pub posts: Vec<PostView>,
}

impl Desk {
    /// Shows a task force; the reading is audited.
    ///
    /// # Errors
    /// [`Error::NotFound`], or what the store says.
    pub async fn task_force(&self, permit: &Permit, id: ObjectId) -> Result<TaskForceView, Error> {
        allow(permit, Action::TaskForceRead, Some(id))?;
        let view = self.task_force_view(id).await?;
        self.note_seen(permit).await?;
        Ok(view)
    }

    /// Lists the task forces that the officer could open, newest first.
    ///
    /// # Errors
    /// If the query has no sense, or what the store says.
    pub async fn task_forces(
        &self,
        permit: &Permit,
        query: TaskForceQuery,
    ) -> Result<PageView<TaskForceRow>, Error> {
        allow(permit, Action::TaskForceRead, None)?;
        let part = Part::of(query.limit, query.after.as_deref())?;
        let authority = self.authority.clone();
        let listing = TaskForces { reader: self.reader(permit).await?, authority };
        let page = self
            .store
            .read("task_forces", move |tx| Box::pin(async move { part.read(tx, &listing).await }))
            .await
            .map_err(|error: StoreError| Error::from(error))?;
        self.note_seen(permit).await?;
        Ok(page.map(list_row))
    }

    pub(crate) async fn task_force_view(&self, id: ObjectId) -> Result<TaskForceView, Error> {
        let (room, _) = self.room(id).await?;
        let text = id.to_string();
        let (rows, team) = self
            .store
            .read("task_force_posts", move |tx| {
                Box::pin(async move {
                    let mut team = Vec::new();
                    for officer in task_forces::team(tx, &text).await? {
                        team.extend(users::get(tx, &officer.user_id).await?.map(|u| u.pseudonym));
                    }
                    Ok::<_, StoreError>((task_forces::posts(tx, &text).await?, team))
                })
            })
            .await?;
        let charter = self.held(room.charter()).await?.payload::<Charter>()?;
        let ending = self.ending(&room).await?;
        let mut posts = Vec::with_capacity(rows.len());
        for row in rows {
            posts.extend(self.post_view(&row, ending.as_ref()).await?);
        }
        let base = list_row(&room);
        Ok(TaskForceView {
            id: base.id,
            name: base.name,
            coordinator: base.coordinator,
            state: base.state,
            purpose: charter.mandate,
            marking: charter.marking,
            charter: room.charter().to_string(),
            ends_at: base.ends_at,
            members: room.members.iter().map(member).collect(),
            team,
            posts,
        })
    }

    /// The record that ended a task force, and what its signer had seen; none if it goes on, or that was erased.
    async fn ending(&self, room: &Room) -> Result<Option<Ending>, Error> {
        let Some(record) = room.end() else { return Ok(None) };
        let heads = match self.held(record).await {
            Ok(held) => held.payload::<Membership>()?.heads,
            Err(Error::Erased(_)) => return Ok(None),
            Err(error) => return Err(error),
        };
        let id = room.row.id.clone();
        let rows = self
            .store
            .read("task_force_records", move |tx| {
                Box::pin(async move { records::of_object(tx, &id, 0, i64::MAX).await })
            })
            .await
            .map_err(|error: StoreError| Error::from(error))?;
        let prev: HashMap<_, _> = rows.into_iter().map(|row| (row.hash, row.prev)).collect();
        let mut seen = HashSet::new();
        for head in heads.into_iter().chain([record]) {
            let mut at = Some(head.0);
            while let Some(hash) = at.filter(|hash| seen.insert(*hash)) {
                at = prev.get(&hash).copied().flatten();
            }
        }
        Ok(Some(Ending { record, seen }))
    }

    /// A post; none once it was erased.
    async fn post_view(
        &self,
        row: &TaskForcePost,
        ending: Option<&Ending>,
    ) -> Result<Option<PostView>, Error> {
        let held = match self.held(StatementHash(row.record_hash)).await {
            Ok(held) => held,
            Err(Error::Erased(_)) => return Ok(None),
            Err(error) => return Err(error),
        };
        let post = held.payload::<Post>()?;
        Ok(Some(PostView {
            hash: held.statement().hash().to_string(),
            author: row.author.clone(),
            actor: held.common().actor.clone(),
            at: held.common().authored_at.to_string(),
            text: post.text,
            marking: post.marking,
            heads: post.heads.iter().map(ToString::to_string).collect(),
            documents: post.documents.iter().map(DocumentView::from).collect(),
            verified: self.is_signed(held.statement()),
            remark: ending.and_then(|ending| ending.remark(row.record_hash, &post.heads)),
        }))
    }
}

/// The end of a task force.
struct Ending {
    record: StatementHash,
    /// The statements that its signer had seen, and its own.
    seen: HashSet<[u8; 32]>,
}

impl Ending {
    /// How a post stands to it; nothing of one that was part of the task force before.
    fn remark(&self, post: [u8; 32], heads: &[StatementHash]) -> Option<String> {
        let remark = if heads.contains(&self.record) {
            // A member that got the close first refused it.
            "written after the close was seen; it does not count"
        } else if !self.seen.contains(&post) {
            "written before the close was seen"
        } else {
            return None;
        };
        Some(remark.to_owned())
    }
}

struct TaskForces {
    reader: Reader,
    authority: AuthorityName,
}

#[async_trait]
impl Listing for TaskForces {
    type Row = Room;

    async fn rows(&self, tx: &mut Tx, page: &Page) -> Result<Vec<Room>, StoreError> {
        let mut rooms = Vec::new();
        for row in task_forces::list(tx, None, page).await? {
            let members = task_forces::members(tx, &row.id).await?;
            rooms.push(Room { row, members });
        }
        Ok(rooms)
    }

    fn place(room: &Room) -> (i64, String) {
        (room.row.created_at, room.row.id.clone())
    }

    async fn is_open(&self, tx: &mut Tx, room: &Room) -> Result<bool, StoreError> {
        let Ok(id) = room.row.id.parse() else { return Ok(false) };
        let resource = task_force_resource(tx, id, &room.row, &self.authority).await?;
        Ok(self.reader.may_open(&resource))
    }
}

fn list_row(room: &Room) -> TaskForceRow {
    let state = room.rules().map_or(TaskForceState::Ended, |rules| rules.state());
    let members = room.members.iter().filter(|member| member.left_at.is_none());
    TaskForceRow {
        id: room.row.id.clone(),
        name: room.row.name.clone(),
        coordinator: room.row.coordinator.clone(),
        state: state.name().to_owned(),
        members: members.map(|member| member.authority.clone()).collect(),
        ends_at: room.row.ends_at.map(|at| Timestamp(at).to_string()),
        created_at: Timestamp(room.row.created_at).to_string(),
    }
}

fn member(row: &TaskForceMember) -> MemberView {
    let state = match (row.joined_at, row.left_at) {
        (_, Some(_)) => "left",
        (Some(_), None) => "joined",
        (None, None) => "invited",
    };
    MemberView {
        authority: row.authority.clone(),
        state: state.to_owned(),
        joined_at: row.joined_at.map(|at| Timestamp(at).to_string()),
    }
}
