//! A task force as the rows of this node say it: read into the domain's rules, and written back.

use std::collections::BTreeSet;

use crate::domain::handling::{Marking, Purpose, Tlp};
use crate::domain::id::AuthorityName;
use crate::domain::task_force::{Charter, TaskForce, TaskForceRefusal};
use crate::domain::time::Timestamp;
use crate::node::store::task_forces::{self, TaskForceMember};
use crate::node::store::{StoreError, Tx};
use crate::record::StatementHash;

/// A task force with its members, as it stands in a transaction.
#[derive(Clone, Debug)]
pub(crate) struct Room {
    pub(crate) row: task_forces::TaskForce,
    pub(crate) members: Vec<TaskForceMember>,
}

impl Room {
    /// Reads it.
    pub(crate) async fn read(tx: &mut Tx, id: &str) -> Result<Option<Self>, StoreError> {
        let Some(row) = task_forces::get(tx, id).await? else { return Ok(None) };
        let members = task_forces::members(tx, id).await?;
        Ok(Some(Self { row, members }))
    }

    /// The charter's statement.
    pub(crate) const fn charter(&self) -> StatementHash {
        StatementHash(self.row.head)
    }

    /// The record that ended it: its close, or the leaving of its coordinator.
    pub(crate) fn end(&self) -> Option<StatementHash> {
        let coordinator = self.members.iter().find(|m| m.authority == self.row.coordinator);
        let left_by = coordinator.and_then(|member| member.left_by);
        self.row.ended_by.or(left_by).map(StatementHash)
    }

    /// The rules of this task force now; none if its rows are no sound charter.
    pub(crate) fn rules(&self) -> Option<TaskForce> {
        self.rules_by(|_, _| true)
    }

    /// The rules for somebody who knows of these leavings and closes only, each by its signer and record.
    fn rules_by(&self, knows: impl Fn(&str, StatementHash) -> bool) -> Option<TaskForce> {
        let knows = |signer: &str, record: Option<[u8; 32]>| {
            record.is_some_and(|record| knows(signer, StatementHash(record)))
        };
        let names: BTreeSet<AuthorityName> =
            self.members.iter().filter_map(|member| member.authority.parse().ok()).collect();
        let charter = Charter {
            name: self.row.name.clone(),
            purpose: Purpose::CustomsEnforcement,
            legal_basis: "the charter".to_owned(),
            leader: self.row.coordinator.parse().ok()?,
            members: names,
            starts: Timestamp(i64::MIN),
            ends: Timestamp(self.row.ends_at.unwrap_or(i64::MAX)),
            marking: Marking::of(Tlp::Red),
        };
        let leader = charter.leader.clone();
        let mut rules = TaskForce::propose(charter).ok()?;
        for member in self.members.iter().filter(|member| member.joined_at.is_some()) {
            rules = stepped(rules, &member.authority, TaskForce::accept);
        }
        for member in self.members.iter().filter(|m| knows(&m.authority, m.left_by)) {
            rules = stepped(rules, &member.authority, TaskForce::leave);
        }
        if knows(&self.row.coordinator, self.row.ended_by) {
            rules = rules.clone().end(&leader).unwrap_or(rules);
        }
        Some(rules)
    }

    /// Whether an authority may post at a time, and why not.
    pub(crate) fn may_post(
        &self,
        author: &AuthorityName,
        at: Timestamp,
    ) -> Result<(), TaskForceRefusal> {
        let rules = self.rules().ok_or(TaskForceRefusal::Ended)?;
        rules.may_post(author, at)
    }

    /// Whether a member may have posted at a time, having seen these statements, and why not (PROTOCOL 5.6). A leaving or
    /// a close counts if the author had seen it, so that each member says the same, whichever came first there.
    pub(crate) fn may_have_posted(
        &self,
        author: &AuthorityName,
        at: Timestamp,
        heads: &[StatementHash],
    ) -> Result<(), TaskForceRefusal> {
        let rules = self.rules_by(|signer, record| {
            // What is the author's own came here in the order in which it was signed.
            signer == author.as_str() || heads.contains(&record)
        });
        rules.ok_or(TaskForceRefusal::Ended)?.may_post(author, at)
    }

    /// The others that have not left: to whom a record goes.
    pub(crate) fn others(&self, own: &AuthorityName) -> Vec<AuthorityName> {
        self.members
            .iter()
            .filter(|member| member.left_at.is_none() && member.authority != own.as_str())
            .filter_map(|member| member.authority.parse().ok())
            .collect()
    }

    /// Takes a member's step into the rows.
    pub(crate) async fn step(
        &mut self,
        tx: &mut Tx,
        by: &AuthorityName,
        step: Step,
        record: StatementHash,
        at: i64,
    ) -> Result<(), StepError> {
        let rules = self.rules().ok_or(TaskForceRefusal::Ended)?;
        match step {
            Step::Join => drop(rules.accept(by)?),
            Step::Leave => drop(rules.leave(by)?),
            Step::Close => {
                drop(rules.end(by)?);
                self.row.ended_by = Some(record.0);
            }
        }
        for member in self.members.iter_mut().filter(|m| m.authority == by.as_str()) {
            match step {
                Step::Join => member.joined_at = member.joined_at.or(Some(at)),
                Step::Leave => {
                    member.left_at = member.left_at.or(Some(at));
                    member.left_by = member.left_by.or(Some(record.0));
                }
                Step::Close => {}
            }
            task_forces::put_member(tx, member).await?;
        }
        if let Some(rules) = self.rules() {
            rules.state().name().clone_into(&mut self.row.state);
        }
        task_forces::put(tx, &self.row).await?;
        Ok(())
    }
}

/// What a member does to its membership.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Signs the charter.
    Join,
    /// Leaves.
    Leave,
    /// Ends the task force.
    Close,
}

impl Step {
    /// As it stands in records.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Join => "join",
            Self::Leave => "leave",
            Self::Close => "close",
        }
    }

    /// Reads what stands in a record.
    pub(crate) fn of(name: &str) -> Option<Self> {
        [Self::Join, Self::Leave, Self::Close].into_iter().find(|step| step.name() == name)
    }
}

/// Why a step was not taken.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StepError {
    /// The charter does not allow it.
    #[error(transparent)]
    Refused(#[from] TaskForceRefusal),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

fn stepped(
    rules: TaskForce,
    member: &str,
    step: impl Fn(TaskForce, &AuthorityName) -> Result<TaskForce, TaskForceRefusal>,
) -> TaskForce {
    let Ok(member) = member.parse::<AuthorityName>() else { return rules };
    step(rules.clone(), &member).unwrap_or(rules)
}
