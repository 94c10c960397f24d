//! Who leads a case and who works on it; both are this node's own matter and not part of the records.

use crate::node::casework::audit_trail::done;
use crate::node::casework::cases::CaseView;
use crate::node::casework::cases::conflicts::refuse_closed;
use crate::node::casework::officers::find_user;
use crate::node::casework::permits::Covers;
use crate::node::casework::{Desk, Error};
use crate::node::store::audit_events::{self, NewAuditEvent};
use crate::node::store::cases::{self, Case, CaseMember};
use crate::node::store::{idempotency, search};
use crate::policy::{Action, Permit, roles_for};

impl Desk {
    /// Adds an officer (name, pseudonym or id) to the team of a case.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is no such officer, [`Error::Conflict`] if the case is closed to them.
    pub async fn add_to_team(&self, permit: &Permit, who: &str) -> Result<CaseView, Error> {
        self.change_team(permit, who, true).await
    }

    /// Takes an officer out of the team of a case.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is no such officer.
    pub async fn remove_from_team(&self, permit: &Permit, who: &str) -> Result<CaseView, Error> {
        self.change_team(permit, who, false).await
    }

    /// Gives a case to another officer, who leads it from now on; whoever led it before is in its team no more than others.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is no such officer, [`Error::Invalid`] for one who cannot work cases, [`Error::Conflict`] if the
    /// case is closed to them.
    pub async fn assign_case(&self, permit: &Permit, who: &str) -> Result<CaseView, Error> {
        let id = permit.object_for(Action::CaseAssign)?;
        let event = done(permit, self.clock.now(), Some(id));
        let data = (who.to_owned(), event, self.term_maker().await?, self.backing());
        self.store
            .write_with("assign_case", data, move |tx, (who, event, maker, backing)| {
                Box::pin(async move {
                    let user = find_user(tx, who).await?.ok_or(Error::NotFound("officer"))?;
                    let case_id = id.to_string();
                    let case = cases::get(tx, &case_id).await?.ok_or(Error::NotFound("case"))?;
                    refuse_closed(tx, &case, &user).await?;
                    let actor = backing.actor(tx, &user).await?;
                    let roles = actor.map(|actor| actor.roles).unwrap_or_default();
                    let works = roles_for(Action::CaseUpdate).iter().any(|r| roles.contains(r));
                    if !works || user.disabled_at.is_some() {
                        let advice = "works no cases: name a case officer or a supervisor";
                        return Err(Error::invalid("officer", advice));
                    }
                    let team = cases::team(tx, &case_id).await?;
                    let is_member = |id: &str| team.iter().any(|member| member.user_id == id);
                    let (less, more) = (maker.officer(&case.owner), maker.officer(&user.id));
                    let less = Some(less).filter(|_| !is_member(&case.owner));
                    search::change(tx, &case_id, less.as_deref(), Some(&more)).await?;
                    let detail = Some(format!("{} leads the case", user.pseudonym));
                    idempotency::lose_answers(tx, &case.owner).await?;
                    cases::put(tx, &Case { owner: user.id, ..case }).await?;
                    audit_events::append(tx, &NewAuditEvent { detail, ..event.clone() }).await?;
                    Ok::<_, Error>(())
                })
            })
            .await?;
        self.case_view(id).await
    }

    async fn change_team(
        &self,
        permit: &Permit,
        who: &str,
        is_added: bool,
    ) -> Result<CaseView, Error> {
        let id = permit.object_for(Action::CaseUpdate)?;
        let event = done(permit, self.clock.now(), Some(id));
        let data = (who.to_owned(), event, self.term_maker().await?);
        self.store
            .write_with("change_team", data, move |tx, (who, event, maker)| {
                Box::pin(async move {
                    let user = find_user(tx, who).await?.ok_or(Error::NotFound("officer"))?;
                    let case_id = id.to_string();
                    let word = if is_added { "added to" } else { "taken out of" };
                    let detail = Some(format!("{} {word} the team", user.pseudonym));
                    let term = Some(maker.officer(&user.id));
                    if is_added {
                        let case = cases::get(tx, &case_id).await?;
                        refuse_closed(tx, &case.ok_or(Error::NotFound("case"))?, &user).await?;
                        search::change(tx, &case_id, None, term.as_deref()).await?;
                        cases::add_member(tx, &CaseMember { case_id, user_id: user.id }).await?;
                    } else {
                        cases::remove_member(tx, &case_id, &user.id).await?;
                        idempotency::lose_answers(tx, &user.id).await?;
                        let case = cases::get(tx, &case_id).await?;
                        // Who leads it still finds it.
                        let is_owner = case.is_some_and(|case| case.owner == user.id);
                        let term = term.filter(|_| !is_owner);
                        search::change(tx, &case_id, term.as_deref(), None).await?;
                    }
                    audit_events::append(tx, &NewAuditEvent { detail, ..event.clone() }).await?;
                    Ok::<_, Error>(())
                })
            })
            .await?;
        self.case_view(id).await
    }
}
