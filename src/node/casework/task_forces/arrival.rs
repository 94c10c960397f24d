//! Records of other members as they arrive: what a charter, a membership step or a post does, or why it is refused.

use async_trait::async_trait;

use crate::domain::finding::short_text;
use crate::domain::id::{AuthorityName, ObjectId};
use crate::domain::task_force::{MEMBERS_MAX, TaskForceRefusal};
use crate::domain::time::Timestamp;
use crate::node::casework::Desk;
use crate::node::casework::documents::references;
use crate::node::casework::load::Held;
use crate::node::casework::receive::arrival::{Arrival, ArrivalError, Stopped};
use crate::node::casework::receive::open::Refused;
use crate::node::casework::receive::whose::{Family, refuse_other_family};
use crate::node::casework::summaries::whole;
use crate::node::casework::task_forces::room::{Room, Step, StepError};
use crate::node::casework::task_forces::steps::rows;
use crate::node::peer::LaterReason;
use crate::node::store::object_fields::{self, ObjectField};
use crate::node::store::task_forces::{self, TaskForce, TaskForceMember, TaskForcePost};
use crate::node::store::{Tx, chains};
use crate::record::StatementHash;
use crate::record::kinds::task_force::{Charter, Membership, Post};

/// A charter that came.
struct CharterArrival {
    row: TaskForce,
    members: Vec<TaskForceMember>,
}

#[async_trait]
impl Arrival for CharterArrival {
    async fn apply(&self, tx: &mut Tx, hash: StatementHash) -> Result<(), ArrivalError> {
        refuse_other_family(tx, &self.row.id, Some(Family::TaskForce)).await?;
        if task_forces::get(tx, &self.row.id).await?.is_some() {
            let reason = "there is a task force under this id already";
            return Err(ArrivalError::Refused(Refused::new("id_taken", reason)));
        }
        task_forces::insert(tx, &self.row).await?;
        for member in &self.members {
            task_forces::put_member(tx, member).await?;
        }
        chains::set(tx, &self.row.id, &self.row.coordinator, &hash.0).await?;
        Ok(())
    }
}

/// A member's step that came.
struct StepArrival {
    id: ObjectId,
    by: AuthorityName,
    step: Step,
    charter: StatementHash,
    at: i64,
}

#[async_trait]
impl Arrival for StepArrival {
    async fn apply(&self, tx: &mut Tx, hash: StatementHash) -> Result<(), ArrivalError> {
        let id = self.id.to_string();
        let mut room = room(tx, &id, self.charter).await?;
        room.step(tx, &self.by, self.step, hash, self.at).await.map_err(|error| match error {
            StepError::Refused(refusal) => ArrivalError::Refused(refused(&refusal)),
            StepError::Store(error) => ArrivalError::Store(error),
        })?;
        chains::set(tx, &id, self.by.as_str(), &hash.0).await?;
        Ok(())
    }
}

/// A post that came.
struct PostArrival {
    post: TaskForcePost,
    by: AuthorityName,
    charter: StatementHash,
    said_at: Timestamp,
    heads: Vec<StatementHash>,
    documents: Vec<ObjectField>,
}

#[async_trait]
impl Arrival for PostArrival {
    async fn apply(&self, tx: &mut Tx, hash: StatementHash) -> Result<(), ArrivalError> {
        let id = self.post.task_force_id.as_str();
        let room = room(tx, id, self.charter).await?;
        match room.may_have_posted(&self.by, self.said_at, &self.heads) {
            Ok(()) => {}
            // A member's signature that the sender has seen may still be on its way to this node.
            Err(TaskForceRefusal::NotActive(_)) => {
                return Err(ArrivalError::Later(LaterReason::PredecessorMissing));
            }
            Err(refusal) => return Err(ArrivalError::Refused(refused(&refusal))),
        }
        task_forces::add_post(tx, &self.post).await?;
        object_fields::put_all(tx, &self.documents).await?;
        chains::set(tx, id, self.by.as_str(), &hash.0).await?;
        Ok(())
    }
}

/// The room that a record belongs to. Its charter comes from the coordinator, perhaps after other members' records.
async fn room(tx: &mut Tx, id: &str, charter: StatementHash) -> Result<Room, ArrivalError> {
    let room = Room::read(tx, id).await?;
    let room = room.ok_or(ArrivalError::Later(LaterReason::PredecessorMissing))?;
    if room.charter() == charter {
        Ok(room)
    } else {
        let reason = "the record names another charter than that of this task force";
        Err(ArrivalError::Refused(Refused::new("other_charter", reason)))
    }
}

fn refused(refusal: &TaskForceRefusal) -> Refused {
    let code = match refusal {
        TaskForceRefusal::NotMember(_) | TaskForceRefusal::Ended => "not_member",
        TaskForceRefusal::NotLeader(_) => "not_coordinator",
        TaskForceRefusal::NotActive(_) => "not_active",
        TaskForceRefusal::OutOfTime { .. } => "out_of_time",
    };
    Refused::new(code, refusal.to_string())
}

impl Desk {
    /// Decides what a charter of a peer does.
    pub(crate) fn charter_arrival(
        &self,
        peer: &AuthorityName,
        held: &Held,
    ) -> Result<Box<dyn Arrival>, Stopped> {
        let (record, charter) = whole::<Charter>(held)?;
        if !charter.members.contains(&self.authority) {
            let reason = "this authority is not among the members";
            return Err(Refused::new("not_recipient", reason).into());
        }
        let is_sound = charter.coordinator == *peer
            && charter.members.contains(peer)
            && charter.members.len() <= MEMBERS_MAX
            && short_text("name", &charter.name).is_ok();
        if !is_sound {
            let reason = "a charter has a name and comes from its coordinator, who is a member";
            return Err(Refused::new("bad_charter", reason).into());
        }
        let now = self.clock.now().0;
        let (row, members) = rows(record.common().object, &charter, record.hash(), now);
        Ok(Box::new(CharterArrival { row, members }))
    }

    /// Decides what a member's step does.
    pub(crate) fn membership_arrival(
        &self,
        peer: &AuthorityName,
        held: &Held,
    ) -> Result<Box<dyn Arrival>, Stopped> {
        let (record, membership) = whole::<Membership>(held)?;
        let Some(step) = Step::of(&membership.step) else {
            let reason = "a membership step is join, leave or close";
            return Err(Refused::new("bad_fields", reason).into());
        };
        Ok(Box::new(StepArrival {
            id: record.common().object,
            by: peer.clone(),
            step,
            charter: membership.charter,
            at: self.clock.now().0,
        }))
    }

    /// Decides what a post does.
    pub(crate) fn post_arrival(
        &self,
        peer: &AuthorityName,
        held: &Held,
    ) -> Result<Box<dyn Arrival>, Stopped> {
        let (record, post) = whole::<Post>(held)?;
        Ok(Box::new(PostArrival {
            documents: references(&post.documents, record.hash()),
            charter: post.charter,
            said_at: record.common().authored_at,
            heads: post.heads,
            by: peer.clone(),
            post: TaskForcePost {
                task_force_id: record.common().object.to_string(),
                record_hash: record.hash().0,
                author: peer.to_string(),
                at: self.clock.now().0,
            },
        }))
    }
}
