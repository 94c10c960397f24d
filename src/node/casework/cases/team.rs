//! Who works on a case; the team is this node's own matter and not part of the records.

use crate::node::casework::audit_trail::done;
use crate::node::casework::cases::CaseView;
use crate::node::casework::officers::find_user;
use crate::node::casework::permits::Covers;
use crate::node::casework::{Desk, Error};
use crate::node::store::audit_events::{self, NewAuditEvent};
use crate::node::store::cases::{self, CaseMember};
use crate::node::store::search;
use crate::policy::{Action, Permit};

impl Desk {
    /// Adds an officer (name, pseudonym or id) to the team of a case.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is no such officer.
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
                        search::change(tx, &case_id, None, term.as_deref()).await?;
                        cases::add_member(tx, &CaseMember { case_id, user_id: user.id }).await?;
                    } else {
                        cases::remove_member(tx, &case_id, &user.id).await?;
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
