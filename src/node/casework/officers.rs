//! Officers: added, listed, disabled; what an officer may do is the rules' to say.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::domain::finding::short_text;
use crate::domain::id::{ObjectId, OfficerPseudonym};
use crate::node::casework::audit_trail::done;
use crate::node::casework::permits::Covers;
use crate::node::casework::qualifications::{Backing, QualificationView};
use crate::node::casework::views::time_text;
use crate::node::casework::{Desk, Error};
use crate::node::rng::random;
use crate::node::store::qualifications::{self, Qualification};
use crate::node::store::users::{self, User};
use crate::node::store::{StoreError, Tx, audit_events};
use crate::policy::{Action, Actor, Permit, Role, Via, conflict};

/// An officer to add.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewUser {
    /// The name, which stays on this node.
    pub name: String,
    /// The roles, such as `case_officer`.
    pub roles: Vec<String>,
    /// The unit.
    #[serde(default)]
    pub unit: String,
    /// The highest classification that the officer may see.
    #[serde(default)]
    pub clearance: u8,
}

/// An officer, for this node's own people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct UserView {
    /// The id within the node.
    pub id: String,
    /// The name.
    pub name: String,
    /// What peers see.
    pub pseudonym: String,
    /// The roles.
    pub roles: Vec<String>,
    /// The unit.
    pub unit: String,
    /// The clearance.
    pub clearance: i64,
    /// When the account was disabled.
    pub disabled_at: Option<String>,
    /// The roles that are not in force, each with the reason.
    pub suspended: Vec<String>,
    /// The trainings and authorisations that end within 30 days, each with its last day.
    pub expiring: Vec<String>,
}

/// Who somebody is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct WhoView {
    /// What peers see.
    pub pseudonym: String,
    /// The roles that are in force.
    pub roles: Vec<&'static str>,
    /// The roles that are not, each with the reason.
    pub suspended: BTreeMap<&'static str, String>,
    /// The officer's trainings and authorisations.
    pub qualifications: Vec<QualificationView>,
    /// The unit.
    pub unit: Option<String>,
    /// The clearance.
    pub clearance: u8,
    /// The compartments that the officer was let into.
    pub compartments: Vec<String>,
    /// The authority.
    pub authority: String,
}

impl UserView {
    fn of(user: User, rows: &[Qualification], backing: &Backing) -> Self {
        let suspended = backing.actor_with(&user, rows).map(|actor| actor.suspended);
        let suspended = suspended.unwrap_or_default().into_iter();
        Self {
            id: user.id,
            name: user.name,
            pseudonym: user.pseudonym,
            roles: user.roles.split_whitespace().map(str::to_owned).collect(),
            unit: user.unit,
            clearance: user.clearance,
            disabled_at: user.disabled_at.map(time_text),
            suspended: suspended.map(|(role, why)| format!("{role}: {why}")).collect(),
            expiring: backing.ending(rows),
        }
    }
}

impl Desk {
    /// Adds an officer under a random pseudonym.
    ///
    /// # Errors
    /// [`Error::Invalid`] for an unsound name, role or pair of roles; [`Error::Conflict`] if the name is taken.
    pub async fn add_user(&self, permit: &Permit, input: NewUser) -> Result<UserView, Error> {
        permit.covers(Action::UserManage, None)?;
        let user = self.new_user(&input)?;
        let event = done(permit, self.clock.now(), None);
        let event = audit_events::NewAuditEvent {
            detail: Some(format!("added {}", user.pseudonym)),
            ..event
        };
        self.store
            .write_with("add_user", (user.clone(), event), |tx, (user, event)| {
                Box::pin(async move {
                    let known = users::list(tx).await?;
                    if known.iter().any(|known| known.name == user.name) {
                        return Err(Error::Conflict(format!(
                            "there is an officer {} already; choose another name",
                            user.name
                        )));
                    }
                    users::insert(tx, user).await?;
                    audit_events::append(tx, event).await?;
                    Ok(())
                })
            })
            .await?;
        Ok(UserView::of(user, &[], &self.backing()))
    }

    fn new_user(&self, input: &NewUser) -> Result<User, Error> {
        let name = short_text("name", &input.name)
            .map_err(|error| Error::invalid("name", error.reason))?;
        let roles = roles_of(&input.roles)?;
        let pseudonym = OfficerPseudonym::from_random(random(&*self.rng));
        let names: Vec<_> = roles.iter().map(|role| role.name()).collect();
        Ok(User {
            id: ObjectId::from_random(random(&*self.rng)).to_string(),
            name,
            pseudonym: pseudonym.to_string(),
            roles: names.join(" "),
            unit: input.unit.trim().to_owned(),
            clearance: i64::from(input.clearance),
            disabled_at: None,
            created_at: self.clock.now().0,
        })
    }

    /// All officers.
    ///
    /// # Errors
    /// If the permit is for something else, or the store fails.
    pub async fn users(&self, permit: &Permit) -> Result<Vec<UserView>, Error> {
        permit.covers(Action::UserRead, None)?;
        let backing = self.backing();
        self.store
            .read("users", move |tx| {
                Box::pin(async move {
                    let mut views = Vec::new();
                    for user in users::list(tx).await? {
                        let rows = qualifications::of_user(tx, &user.id).await?;
                        views.push(UserView::of(user, &rows, &backing));
                    }
                    Ok(views)
                })
            })
            .await
            .map_err(|error: StoreError| Error::from(error))
    }

    /// Disables an officer and revokes the tokens; records stay.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is no such officer.
    pub async fn disable_user(&self, permit: &Permit, who: &str) -> Result<UserView, Error> {
        permit.covers(Action::UserManage, None)?;
        let now = self.clock.now();
        let data = (who.to_owned(), self.backing(), done(permit, now, None));
        self.store
            .write_with("disable_user", data, move |tx, (who, backing, event)| {
                Box::pin(async move {
                    let mut user = find_user(tx, who).await?.ok_or(Error::NotFound("officer"))?;
                    user.disabled_at = user.disabled_at.or(Some(now.0));
                    users::update(tx, &user).await?;
                    users::revoke_tokens_of(tx, &user.id, now.0).await?;
                    let detail = Some(format!("disabled {}", user.pseudonym));
                    let event = audit_events::NewAuditEvent { detail, ..event.clone() };
                    audit_events::append(tx, &event).await?;
                    let rows = qualifications::of_user(tx, &user.id).await?;
                    Ok(UserView::of(user, &rows, backing))
                })
            })
            .await
    }

    /// Who an actor is.
    ///
    /// # Errors
    /// What the store says.
    pub async fn who(&self, actor: &Actor) -> Result<WhoView, Error> {
        let (backing, id) = (self.backing(), actor.user.map(|user| user.to_string()));
        let read = self.store.read("who", move |tx| {
            Box::pin(async move {
                let user = users::get(tx, &id.unwrap_or_default()).await?;
                match user {
                    Some(user) => backing.views(tx, &user).await,
                    None => Ok(Vec::new()),
                }
            })
        });
        let qualifications = read.await.map_err(|error: StoreError| Error::from(error))?;
        let suspended = actor.suspended.iter();
        Ok(WhoView {
            pseudonym: actor.pseudonym.to_string(),
            roles: actor.roles.iter().map(|role| role.name()).collect(),
            suspended: suspended.map(|(role, why)| (role.name(), why.clone())).collect(),
            qualifications,
            unit: actor.unit.clone(),
            clearance: actor.clearance,
            compartments: actor.compartments.iter().cloned().collect(),
            authority: self.authority.to_string(),
        })
    }
}

fn roles_of(names: &[String]) -> Result<BTreeSet<Role>, Error> {
    let mut roles = BTreeSet::new();
    for name in names {
        let role: Role =
            name.parse().map_err(|error| Error::invalid("roles", format!("{name}: {error}")))?;
        roles.insert(role);
    }
    if roles.is_empty() {
        return Err(Error::invalid("roles", "name at least one, such as case_officer"));
    }
    if let Some((one, other)) = conflict(&roles) {
        let message = format!("nobody may be both {one} and {other}; use two accounts");
        return Err(Error::invalid("roles", message));
    }
    Ok(roles)
}

/// The officer of that name, pseudonym or id.
pub(crate) async fn find_user(tx: &mut Tx, who: &str) -> Result<Option<User>, StoreError> {
    let who = who.trim();
    let users = users::list(tx).await?;
    Ok(users.into_iter().find(|u| u.name == who || u.pseudonym == who || u.id == who))
}

/// The actor that an officer's row alone describes, as if every role were in force and no compartment open; nothing if the row is not sound.
/// For whoever acts, ask [`Backing`].
pub(super) fn actor_of(user: &User) -> Option<Actor> {
    Some(Actor {
        user: Some(user.id.parse().ok()?),
        pseudonym: user.pseudonym.parse().ok()?,
        roles: user.roles.split_whitespace().filter_map(|role| role.parse().ok()).collect(),
        suspended: BTreeMap::new(),
        compartments: BTreeSet::new(),
        clearance: u8::try_from(user.clearance).unwrap_or(0),
        unit: (!user.unit.is_empty()).then(|| user.unit.clone()),
        via: Via::Token,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::node::casework::testing::desk;
    use crate::node::casework::{NewToken, TOKEN_PREFIX};

    fn user(name: &str, roles: &[&str]) -> NewUser {
        NewUser {
            name: name.to_owned(),
            roles: roles.iter().map(|role| (*role).to_owned()).collect(),
            unit: "north".to_owned(),
            clearance: 1,
        }
    }

    fn token(user: &str, days: u32) -> NewToken {
        NewToken { user: user.to_owned(), label: "test".to_owned(), days }
    }

    #[tokio::test]
    async fn a_token_speaks_for_its_officer_until_it_expires_or_the_officer_is_disabled() {
        let test = desk().await;
        let admin = test.admin().await;
        let ada = test.desk.add_user(&admin, user("Ada", &["case_officer"])).await.unwrap();
        let short = test.desk.new_token(&admin, token("Ada", 1)).await.unwrap();
        let long = test.desk.new_token(&admin, token(&ada.pseudonym, 30)).await.unwrap();
        assert!(short.token.starts_with(TOKEN_PREFIX));
        let actor = test.desk.authenticate(&short.token).await.unwrap().unwrap();
        assert_eq!(actor.pseudonym.as_str(), ada.pseudonym);
        assert_eq!((actor.clearance, actor.unit.as_deref()), (1, Some("north")));
        assert_eq!(test.desk.authenticate("slt_unknown").await.unwrap(), None);
        assert_eq!(test.desk.authenticate("").await.unwrap(), None);

        test.clock.advance_secs(86_400);
        assert_eq!(test.desk.authenticate(&short.token).await.unwrap(), None);
        assert!(test.desk.authenticate(&long.token).await.unwrap().is_some());
        let disabled = test.desk.disable_user(&admin, "Ada").await.unwrap();
        assert!(disabled.disabled_at.is_some());
        assert_eq!(test.desk.authenticate(&long.token).await.unwrap(), None);
        let late = test.desk.new_token(&admin, token("Ada", 1)).await;
        assert!(matches!(late, Err(Error::Invalid(_))));
        assert!(test.trail().await.contains(&("user.manage".to_owned(), "done".to_owned())));
    }

    #[tokio::test]
    async fn a_name_is_taken_once_and_roles_that_must_stay_apart_are_refused() {
        let test = desk().await;
        let admin = test.admin().await;
        test.desk.add_user(&admin, user("Ada", &["case_officer"])).await.unwrap();
        let twice = test.desk.add_user(&admin, user("Ada", &["analyst"])).await;
        assert!(matches!(twice, Err(Error::Conflict(_))));
        let apart: [&[&str]; 3] = [&["auditor", "case_officer"], &["captain"], &[]];
        for roles in apart {
            let refused = test.desk.add_user(&admin, user("Bob", roles)).await;
            assert!(
                matches!(refused, Err(Error::Invalid(findings)) if findings[0].path == "roles")
            );
        }
        let missing = test.desk.new_token(&admin, token("Nobody", 1)).await;
        assert!(matches!(missing, Err(Error::NotFound("officer"))));
    }
}
