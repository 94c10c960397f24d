//! Task forces: a charter that every member accepts, and who may post; holds no posts.

use std::collections::BTreeSet;
use std::fmt;

use crate::domain::finding::{ImpossibleValue, short_text};
use crate::domain::handling::{Marking, Purpose};
use crate::domain::id::AuthorityName;
use crate::domain::time::Timestamp;

/// The most members of a task force.
pub const MEMBERS_MAX: usize = 64;

/// What the members agree on. It does not change: another agreement is another task force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Charter {
    /// The name.
    pub name: String,
    /// What it is for.
    pub purpose: Purpose,
    /// The legal basis in words, or the instrument.
    pub legal_basis: String,
    /// The member that leads, that of the state where the team works.
    pub leader: AuthorityName,
    /// All members, the leader among them.
    pub members: BTreeSet<AuthorityName>,
    /// From when.
    pub starts: Timestamp,
    /// Until when.
    pub ends: Timestamp,
    /// What posts bear at least.
    pub marking: Marking,
}

/// Where a task force stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TaskForceState {
    /// Not all members have accepted the charter.
    Draft,
    /// All members have accepted.
    Active,
    /// The leader ended it, or fewer than two members are left.
    Ended,
}

/// A charter and what the members have done with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskForce {
    charter: Charter,
    accepted: BTreeSet<AuthorityName>,
    left: BTreeSet<AuthorityName>,
    is_ended: bool,
}

/// A step in a task force that the charter does not allow.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TaskForceRefusal {
    /// Not a member, or not any more.
    #[error("{0} is not a member of this task force")]
    NotMember(AuthorityName),
    /// Only the leader may do that.
    #[error("only the leader {0} may end the task force")]
    NotLeader(AuthorityName),
    /// Not yet active.
    #[error("the charter still waits for the acceptance of {0}")]
    NotActive(String),
    /// Over.
    #[error("the task force has ended; form a new one")]
    Ended,
    /// Before or after the time of the charter.
    #[error("the charter allows posts from {starts} to {ends} only")]
    OutOfTime {
        /// From when.
        starts: Timestamp,
        /// Until when.
        ends: Timestamp,
    },
}

impl Charter {
    /// Checks what a charter must have.
    ///
    /// # Errors
    /// If it has no name or basis, fewer than two members, a leader that is none, or no time.
    pub fn check(&self) -> Result<(), ImpossibleValue> {
        short_text("name", &self.name)?;
        short_text("legal basis", &self.legal_basis)?;
        if !(2..=MEMBERS_MAX).contains(&self.members.len()) {
            return Err(ImpossibleValue::of("members", "are at least two authorities, at most 64"));
        }
        if !self.members.contains(&self.leader) {
            return Err(ImpossibleValue::of("leader", "must be one of the members"));
        }
        if self.ends <= self.starts {
            return Err(ImpossibleValue::of("ends", "must come after the start"));
        }
        Ok(())
    }
}

impl TaskForce {
    /// A new task force under a charter, which the leader accepts by proposing it.
    ///
    /// # Errors
    /// If the charter lacks what it must have.
    pub fn propose(charter: Charter) -> Result<Self, ImpossibleValue> {
        charter.check()?;
        let accepted = BTreeSet::from([charter.leader.clone()]);
        Ok(Self { charter, accepted, left: BTreeSet::new(), is_ended: false })
    }

    /// A member accepts the charter; again is the same.
    ///
    /// # Errors
    /// If the authority is not a member or the task force has ended.
    pub fn accept(mut self, member: &AuthorityName) -> Result<Self, TaskForceRefusal> {
        self.require_member(member)?;
        self.accepted.insert(member.clone());
        Ok(self)
    }

    /// A member leaves: it gets nothing from now on.
    ///
    /// # Errors
    /// If the authority is not a member or the task force has ended.
    pub fn leave(mut self, member: &AuthorityName) -> Result<Self, TaskForceRefusal> {
        self.require_member(member)?;
        self.left.insert(member.clone());
        Ok(self)
    }

    /// The leader ends it.
    ///
    /// # Errors
    /// If another does, or it has ended.
    pub fn end(mut self, by: &AuthorityName) -> Result<Self, TaskForceRefusal> {
        if self.state() == TaskForceState::Ended {
            return Err(TaskForceRefusal::Ended);
        }
        if *by != self.charter.leader {
            return Err(TaskForceRefusal::NotLeader(self.charter.leader));
        }
        self.is_ended = true;
        Ok(self)
    }

    /// Whether an authority may post now.
    ///
    /// # Errors
    /// If it may not, with the reason.
    pub fn may_post(&self, author: &AuthorityName, now: Timestamp) -> Result<(), TaskForceRefusal> {
        self.require_member(author)?;
        if self.state() == TaskForceState::Draft {
            let missing: Vec<&str> = self.awaited().map(AuthorityName::as_str).collect();
            return Err(TaskForceRefusal::NotActive(missing.join(", ")));
        }
        if now < self.charter.starts || now > self.charter.ends {
            return Err(TaskForceRefusal::OutOfTime {
                starts: self.charter.starts,
                ends: self.charter.ends,
            });
        }
        Ok(())
    }

    /// Where it stands.
    #[must_use]
    pub fn state(&self) -> TaskForceState {
        let has_leader = !self.left.contains(&self.charter.leader);
        if self.is_ended || !has_leader || self.members().count() < 2 {
            TaskForceState::Ended
        } else if self.awaited().next().is_some() {
            TaskForceState::Draft
        } else {
            TaskForceState::Active
        }
    }

    /// What the members agreed on.
    #[must_use]
    pub const fn charter(&self) -> &Charter {
        &self.charter
    }

    /// The members that have not left.
    pub fn members(&self) -> impl Iterator<Item = &AuthorityName> {
        self.charter.members.difference(&self.left)
    }

    /// The members whose acceptance is missing.
    pub fn awaited(&self) -> impl Iterator<Item = &AuthorityName> {
        self.members().filter(|member| !self.accepted.contains(*member))
    }

    fn require_member(&self, authority: &AuthorityName) -> Result<(), TaskForceRefusal> {
        if self.state() == TaskForceState::Ended {
            return Err(TaskForceRefusal::Ended);
        }
        if self.members().any(|member| member == authority) {
            Ok(())
        } else {
            Err(TaskForceRefusal::NotMember(authority.clone()))
        }
    }
}

impl TaskForceState {
    /// The stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Active => "active",
            Self::Ended => "ended",
        }
    }
}

impl fmt::Display for TaskForceState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use std::str::FromStr;

    use super::*;
    use crate::domain::handling::Tlp;

    fn authority(code: &str) -> AuthorityName {
        AuthorityName::from_str(&format!("customs.{code}.example")).unwrap()
    }

    fn charter() -> Charter {
        Charter {
            name: "Operation Tern".to_owned(),
            purpose: Purpose::CustomsEnforcement,
            legal_basis: "generic.policy".to_owned(),
            leader: authority("xa"),
            members: ["xa", "xb", "xc"].into_iter().map(authority).collect(),
            starts: Timestamp(10),
            ends: Timestamp(20),
            marking: Marking::of(Tlp::Amber),
        }
    }

    fn active() -> TaskForce {
        let proposed = TaskForce::propose(charter()).unwrap();
        proposed.accept(&authority("xb")).unwrap().accept(&authority("xc")).unwrap()
    }

    #[test]
    fn it_is_active_when_every_member_has_accepted() {
        let draft = TaskForce::propose(charter()).unwrap().accept(&authority("xb")).unwrap();
        assert_eq!(draft.state(), TaskForceState::Draft);
        let refusal = draft.may_post(&authority("xa"), Timestamp(15)).unwrap_err();
        assert_eq!(refusal, TaskForceRefusal::NotActive("customs.xc.example".to_owned()));
        assert_eq!(active().state(), TaskForceState::Active);
        assert_eq!(active().may_post(&authority("xb"), Timestamp(15)), Ok(()));
        assert!(draft.accept(&authority("xd")).is_err());
    }

    #[test]
    fn who_has_left_or_never_was_a_member_cannot_post() {
        let smaller = active().leave(&authority("xc")).unwrap();
        assert_eq!(
            smaller.may_post(&authority("xc"), Timestamp(15)),
            Err(TaskForceRefusal::NotMember(authority("xc")))
        );
        assert_eq!(smaller.may_post(&authority("xb"), Timestamp(15)), Ok(()));
        assert!(smaller.clone().accept(&authority("xc")).is_err());
        let alone = smaller.leave(&authority("xb")).unwrap();
        assert_eq!(alone.state(), TaskForceState::Ended);
        assert_eq!(active().leave(&authority("xa")).unwrap().state(), TaskForceState::Ended);
    }

    #[test]
    fn only_the_leader_ends_it_and_nothing_follows() {
        assert!(matches!(active().end(&authority("xb")), Err(TaskForceRefusal::NotLeader(_))));
        let ended = active().end(&authority("xa")).unwrap();
        assert_eq!(ended.may_post(&authority("xa"), Timestamp(15)), Err(TaskForceRefusal::Ended));
        assert_eq!(ended.end(&authority("xa")), Err(TaskForceRefusal::Ended));
    }

    #[test]
    fn posts_are_bound_to_the_time_of_the_charter() {
        for (at, is_allowed) in [(9, false), (10, true), (20, true), (21, false)] {
            assert_eq!(active().may_post(&authority("xa"), Timestamp(at)).is_ok(), is_allowed);
        }
    }

    #[test]
    fn a_charter_needs_two_members_and_a_leader_among_them() {
        let alone = Charter { members: BTreeSet::from([authority("xa")]), ..charter() };
        assert!(TaskForce::propose(alone).is_err());
        assert!(TaskForce::propose(Charter { leader: authority("xd"), ..charter() }).is_err());
        assert!(TaskForce::propose(Charter { ends: Timestamp(10), ..charter() }).is_err());
        assert!(TaskForce::propose(Charter { name: String::new(), ..charter() }).is_err());
    }
}
