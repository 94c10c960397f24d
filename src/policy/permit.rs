//! The proof that the rules said yes; made nowhere else.

use crate::domain::handling::Purpose;
use crate::domain::id::{ObjectId, OfficerPseudonym, UserId};
use crate::policy::action::{Action, Actor, Resource};
use crate::policy::role::Role;

/// What an actor may do now. A use case takes one, and writes actor, role and purpose of its record from it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Permit {
    who: Actor,
    role: Option<Role>,
    action: Action,
    resource: Option<ObjectId>,
    purpose: Option<Purpose>,
    head: Option<[u8; 32]>,
}

impl Permit {
    /// Only the rules grant.
    pub(in crate::policy) fn grant(
        actor: &Actor,
        role: Option<Role>,
        action: Action,
        resource: &Resource,
        purpose: Option<Purpose>,
    ) -> Self {
        Self { who: actor.clone(), role, action, resource: resource.id, purpose, head: None }
    }

    /// Who may, for a use case that must ask the rules about something else that it touches.
    #[must_use]
    pub const fn who(&self) -> &Actor {
        &self.who
    }

    /// The user; none for the node itself and the local socket.
    #[must_use]
    pub const fn user(&self) -> Option<UserId> {
        self.who.user
    }

    /// The field `actor` of a record.
    #[must_use]
    pub const fn actor(&self) -> &OfficerPseudonym {
        &self.who.pseudonym
    }

    /// The role that allowed it; none for the node itself and the local socket.
    #[must_use]
    pub const fn role(&self) -> Option<Role> {
        self.role
    }

    /// The field `role` of a record.
    #[must_use]
    pub fn role_name(&self) -> &'static str {
        self.role.map_or("node", Role::name)
    }

    /// What is allowed.
    #[must_use]
    pub const fn action(&self) -> Action {
        self.action
    }

    /// On what; none for what does not exist yet and for the system.
    #[must_use]
    pub const fn resource(&self) -> Option<ObjectId> {
        self.resource
    }

    /// The same for the object as the actor saw it: whatever follows another newest record is not allowed.
    ///
    /// `head` is the hash of that record; zeros if there was none yet.
    #[must_use]
    pub fn on_head(self, head: [u8; 32]) -> Self {
        Self { head: Some(head), ..self }
    }

    /// The newest record that the actor has seen of the object; none if it was not said.
    #[must_use]
    pub const fn head(&self) -> Option<[u8; 32]> {
        self.head
    }

    /// The field `purpose` of a record.
    #[must_use]
    pub const fn purpose(&self) -> Option<Purpose> {
        self.purpose
    }
}
