//! Who of this authority works in a task force; the team is this node's own matter and not part of the records.

use crate::domain::id::ObjectId;
use crate::node::casework::audit_trail::done;
use crate::node::casework::guard::allow;
use crate::node::casework::officers::find_user;
use crate::node::casework::qualifications::Backing;
use crate::node::casework::task_forces::view::TaskForceView;
use crate::node::casework::{Desk, Error};
use crate::node::store::Tx;
use crate::node::store::audit_events::{self, NewAuditEvent};
use crate::node::store::task_forces::{self, TaskForceOfficer};
use crate::node::store::users::User;
use crate::policy::{Action, Permit, roles_for};

impl Desk {
    /// Adds an officer (name, pseudonym or id) to the team here, who then reads and posts.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is no such officer, [`Error::Invalid`] for one without a role that takes part.
    pub async fn add_to_task_force(
        &self,
        permit: &Permit,
        id: ObjectId,
        who: &str,
    ) -> Result<TaskForceView, Error> {
        self.change_task_force_team(permit, id, who, true).await
    }

    /// Takes an officer out of the team here.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is no such officer.
    pub async fn remove_from_task_force(
        &self,
        permit: &Permit,
        id: ObjectId,
        who: &str,
    ) -> Result<TaskForceView, Error> {
        self.change_task_force_team(permit, id, who, false).await
    }

    async fn change_task_force_team(
        &self,
        permit: &Permit,
        id: ObjectId,
        who: &str,
        is_added: bool,
    ) -> Result<TaskForceView, Error> {
        allow(permit, Action::TaskForceForm, Some(id))?;
        let event = done(permit, self.clock.now(), Some(id));
        let data = (who.to_owned(), id.to_string(), self.backing(), event);
        self.store
            .write_with("change_task_force_team", data, move |tx, (who, id, backing, event)| {
                Box::pin(async move {
                    let user = find_user(tx, who).await?.ok_or(Error::NotFound("officer"))?;
                    let word = if is_added { "added to" } else { "taken out of" };
                    let detail = Some(format!("{} {word} the team", user.pseudonym));
                    if is_added {
                        takes_part(tx, backing, &user).await?;
                        let task_force_id = id.clone();
                        let officer = TaskForceOfficer { task_force_id, user_id: user.id };
                        task_forces::add_officer(tx, &officer).await?;
                    } else {
                        task_forces::remove_officer(tx, id, &user.id).await?;
                    }
                    audit_events::append(tx, &NewAuditEvent { detail, ..event.clone() }).await?;
                    Ok::<_, Error>(())
                })
            })
            .await?;
        self.task_force_view(id).await
    }
}

/// Refuses an officer to whom the team would open nothing.
async fn takes_part(tx: &mut Tx, backing: &Backing, user: &User) -> Result<(), Error> {
    let needed = roles_for(Action::TaskForceRead);
    let actor = backing.actor(tx, user).await?;
    if actor.as_ref().is_some_and(|actor| actor.roles.iter().any(|role| needed.contains(role))) {
        return Ok(());
    }
    let suspended = actor.into_iter().flat_map(|actor| actor.suspended);
    let suspended = suspended.into_iter().find(|(role, _)| needed.contains(role));
    let message = if let Some((role, why)) = suspended {
        format!("the role {role} of {} is suspended: {why}", user.pseudonym)
    } else {
        let needed: Vec<_> = needed.iter().map(|role| role.name()).collect();
        format!(
            "{} has no role that takes part in task forces; it takes one of {}",
            user.pseudonym,
            needed.join(", ")
        )
    };
    Err(Error::invalid("officer", message))
}
