//! Trainings and authorisations of officers, and what an officer is with them today; which roles they back is the
//! rules' to say.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::domain::finding::short_text;
use crate::domain::id::ObjectId;
use crate::domain::time::{Date, Timestamp};
use crate::node::casework::audit_trail::done;
use crate::node::casework::officers::{actor_of, find_user};
use crate::node::casework::permits::Covers;
use crate::node::casework::views::time_text;
use crate::node::casework::{Desk, Error};
use crate::node::rng::random;
use crate::node::store::audit_events::{self, NewAuditEvent};
use crate::node::store::qualifications::{self, Qualification, QualificationKind};
use crate::node::store::users::{self, User};
use crate::node::store::{StoreError, Tx, compartments};
use crate::policy::{Action, Actor, HeldTraining, Permit, RequiredTraining, is_training_name};

/// How long before its end a qualification is told as one that ends soon, in seconds.
const SOON_SECS: i64 = 30 * 86_400;

/// A qualification to enter.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewQualification {
    /// `training` or `authorisation`.
    #[serde(default)]
    pub kind: Option<String>,
    /// The short name that settings know it by, such as `evidence_handling`.
    pub name: String,
    /// The name as people read it.
    pub title: String,
    /// Who gave it; without it this authority.
    #[serde(default)]
    pub issuer: Option<String>,
    /// The day from which it is good; without it today.
    #[serde(default)]
    pub obtained: Option<String>,
    /// The last day on which it is good; without it there is none.
    #[serde(default)]
    pub expires: Option<String>,
}

/// A training or an authorisation, for this node's own people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct QualificationView {
    /// By which it is revoked.
    pub id: String,
    /// The officer's name.
    pub officer: String,
    /// `training` or `authorisation`.
    pub kind: &'static str,
    /// The short name that settings know it by.
    pub name: String,
    /// The name as people read it.
    pub title: String,
    /// Who gave it.
    pub issuer: String,
    /// The day from which it is good.
    pub obtained: String,
    /// The last day on which it is good.
    pub expires: Option<String>,
    /// When it was revoked.
    pub revoked_at: Option<String>,
    /// `good`, `expires_soon` (within 30 days), `expired` or `revoked`.
    pub state: &'static str,
}

/// What makes of an officer's row an actor: the trainings that roles need, and the time.
#[derive(Clone, Debug)]
pub(crate) struct Backing {
    required: Arc<RequiredTraining>,
    now: Timestamp,
}

impl Backing {
    /// The actor that an officer's row describes, with the roles that are in force now; nothing if the row is not sound.
    pub(crate) async fn actor(
        &self,
        tx: &mut Tx,
        user: &User,
    ) -> Result<Option<Actor>, StoreError> {
        let rows = if self.required.is_empty() {
            Vec::new()
        } else {
            qualifications::of_user(tx, &user.id).await?
        };
        let Some(actor) = self.actor_with(user, &rows) else { return Ok(None) };
        let compartments = compartments::of_user(tx, &user.id).await?;
        let compartments = compartments.into_iter().map(|row| row.compartment).collect();
        Ok(Some(Actor { compartments, ..actor }))
    }

    /// As [`Backing::actor`], of an officer whose qualifications are known, and without compartments.
    pub(crate) fn actor_with(&self, user: &User, rows: &[Qualification]) -> Option<Actor> {
        let mut actor = actor_of(user)?;
        let held: Vec<_> = rows.iter().map(held).collect();
        actor.suspended = self.required.suspended(&actor.roles, &held, self.now);
        actor.roles.retain(|role| !actor.suspended.contains_key(role));
        Some(actor)
    }

    /// The qualifications that end within 30 days: name and last day.
    pub(crate) fn ending(&self, rows: &[Qualification]) -> Vec<String> {
        let soon = rows.iter().filter(|row| self.state(row) == "expires_soon");
        let text = |row: &Qualification| Some(format!("{} {}", row.name, day(row.expires_at?)));
        soon.filter_map(text).collect()
    }

    fn state(&self, row: &Qualification) -> &'static str {
        let held = held(row);
        match row.revoked_at {
            Some(_) => "revoked",
            None if held.is_expired(self.now) => "expired",
            None if held.is_expired(self.now.plus_secs(SOON_SECS)) => "expires_soon",
            None => "good",
        }
    }

    fn view(&self, officer: &str, row: Qualification) -> QualificationView {
        QualificationView {
            state: self.state(&row),
            id: row.id,
            officer: officer.to_owned(),
            kind: row.kind.as_str(),
            name: row.name,
            title: row.title,
            issuer: row.issuer,
            obtained: day(row.obtained_at),
            expires: row.expires_at.map(day),
            revoked_at: row.revoked_at.map(time_text),
        }
    }

    /// All qualifications of an officer.
    pub(crate) async fn views(
        &self,
        tx: &mut Tx,
        user: &User,
    ) -> Result<Vec<QualificationView>, StoreError> {
        let rows = qualifications::of_user(tx, &user.id).await?;
        Ok(rows.into_iter().map(|row| self.view(&user.name, row)).collect())
    }
}

impl Desk {
    /// What makes of an officer's row an actor, now.
    pub(crate) fn backing(&self) -> Backing {
        Backing { required: Arc::clone(&self.rules.required_training), now: self.clock.now() }
    }

    /// The qualifications of an officer (name, pseudonym or id), or of all.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is no such officer.
    pub async fn qualifications(
        &self,
        permit: &Permit,
        who: Option<&str>,
    ) -> Result<Vec<QualificationView>, Error> {
        permit.covers(Action::UserRead, None)?;
        let (backing, who) = (self.backing(), who.map(str::to_owned));
        self.store
            .read("qualifications", move |tx| {
                Box::pin(async move {
                    let officers = match who {
                        Some(who) => {
                            vec![find_user(tx, &who).await?.ok_or(Error::NotFound("officer"))?]
                        }
                        None => users::list(tx).await?,
                    };
                    let mut views = Vec::new();
                    for officer in officers {
                        views.extend(backing.views(tx, &officer).await?);
                    }
                    Ok(views)
                })
            })
            .await
    }

    /// Enters a training or an authorisation of an officer (name, pseudonym or id).
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is no such officer, [`Error::Invalid`] for unsound names or days.
    pub async fn add_qualification(
        &self,
        permit: &Permit,
        who: &str,
        input: NewQualification,
    ) -> Result<QualificationView, Error> {
        permit.covers(Action::UserManage, None)?;
        let row = self.new_qualification(input)?;
        let data = (who.to_owned(), row, done(permit, self.clock.now(), None));
        let (officer, row) = self
            .store
            .write_with("add_qualification", data, |tx, (who, row, event)| {
                Box::pin(async move {
                    let user = find_user(tx, who).await?.ok_or(Error::NotFound("officer"))?;
                    let row = Qualification { user_id: user.id, ..row.clone() };
                    qualifications::insert(tx, &row).await?;
                    let until = row.expires_at.map_or("without end".to_owned(), |last| {
                        format!("good until {}", day(last))
                    });
                    let (kind, name) = (row.kind.as_str(), &row.name);
                    let detail = format!("entered {kind} {name} of {}, {until}", user.pseudonym);
                    let event = NewAuditEvent { detail: Some(detail), ..event.clone() };
                    audit_events::append(tx, &event).await?;
                    Ok::<_, Error>((user.name, row))
                })
            })
            .await?;
        Ok(self.backing().view(&officer, row))
    }

    fn new_qualification(&self, input: NewQualification) -> Result<Qualification, Error> {
        let text = |field: &'static str, text: &str| {
            short_text(field, text).map_err(|error| Error::invalid(field, error.reason))
        };
        let name = input.name.trim();
        if !is_training_name(name) {
            let advice = "use lower-case letters, digits and underscores, such as basic_course";
            return Err(Error::invalid("name", advice));
        }
        let kind = match input.kind.as_deref() {
            None => QualificationKind::Training,
            Some(word) => QualificationKind::parse(word)
                .ok_or_else(|| Error::invalid("kind", "is training or authorisation"))?,
        };
        let now = self.clock.now();
        let parsed = |field: &str, day: Option<String>| {
            let day = day.as_deref().map(str::parse::<Date>).transpose();
            day.map_err(|error| Error::invalid(field, error.to_string()))
        };
        let obtained = parsed("obtained", input.obtained)?.unwrap_or(now.date());
        if obtained > now.date() {
            return Err(Error::invalid("obtained", "is in the future; enter it on that day"));
        }
        let expires = parsed("expires", input.expires)?;
        if expires.is_some_and(|expires| expires < obtained) {
            return Err(Error::invalid("expires", "is before the day on which it was obtained"));
        }
        let issuer = match input.issuer {
            Some(issuer) => text("issuer", &issuer)?,
            None => self.authority.to_string(),
        };
        Ok(Qualification {
            id: ObjectId::from_random(random(&*self.rng)).to_string(),
            user_id: String::new(),
            kind,
            name: name.to_owned(),
            title: text("title", &input.title)?,
            issuer,
            obtained_at: obtained.start().0,
            expires_at: expires.map(|day| day.start().0),
            revoked_at: None,
            recorded_at: now.0,
        })
    }

    /// Revokes a training or an authorisation, at once and for good.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is none of that id, [`Error::Conflict`] if it was revoked before.
    pub async fn revoke_qualification(
        &self,
        permit: &Permit,
        id: &str,
    ) -> Result<QualificationView, Error> {
        permit.covers(Action::UserManage, None)?;
        let now = self.clock.now();
        let data = (id.to_owned(), done(permit, now, None));
        let (officer, row) = self
            .store
            .write_with("revoke_qualification", data, move |tx, (id, event)| {
                Box::pin(async move {
                    let found = qualifications::get(tx, id).await?;
                    let row = found.ok_or(Error::NotFound("training or authorisation"))?;
                    if row.revoked_at.is_some() {
                        return Err(Error::Conflict("it was revoked before".to_owned()));
                    }
                    let user = users::get(tx, &row.user_id).await?;
                    let user = user.ok_or(Error::NotFound("officer"))?;
                    qualifications::revoke(tx, id, now.0).await?;
                    let (kind, name) = (row.kind.as_str(), &row.name);
                    let detail = format!("revoked {kind} {name} of {}", user.pseudonym);
                    let event = NewAuditEvent { detail: Some(detail), ..event.clone() };
                    audit_events::append(tx, &event).await?;
                    Ok((user.name, Qualification { revoked_at: Some(now.0), ..row }))
                })
            })
            .await?;
        Ok(self.backing().view(&officer, row))
    }
}

fn held(row: &Qualification) -> HeldTraining {
    HeldTraining {
        kind: row.kind.as_str().to_owned(),
        name: row.name.clone(),
        expires_at: row.expires_at.map(Timestamp),
        revoked_at: row.revoked_at.map(Timestamp),
    }
}

fn day(micros: i64) -> String {
    Timestamp(micros).date().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::node::casework::testing::{TestDesk, desk};
    use crate::node::casework::{NewToken, NewUser};
    use crate::policy::Role;

    const DAY: i64 = 86_400;

    /// A desk of 2026-11-24 on which an evidence custodian and a supervisor need a training.
    async fn strict_desk() -> TestDesk {
        let mut test = desk().await;
        let needed = ["evidence_custodian=evidence_handling", "supervisor=command"];
        let needed = RequiredTraining::parse(&needed).unwrap();
        test.desk.rules.required_training = Arc::new(needed);
        test
    }

    fn training(name: &str, expires: Option<&str>) -> NewQualification {
        NewQualification {
            name: name.to_owned(),
            title: "Handling of evidence".to_owned(),
            expires: expires.map(str::to_owned),
            ..NewQualification::default()
        }
    }

    /// Adds an officer of those roles, with a token for a year.
    async fn signed_in(test: &TestDesk, roles: &[&str]) -> String {
        let admin = test.admin().await;
        let user = NewUser {
            name: "Ada".to_owned(),
            roles: roles.iter().map(|role| (*role).to_owned()).collect(),
            unit: "north".to_owned(),
            clearance: 0,
        };
        test.desk.add_user(&admin, user).await.unwrap();
        let token = NewToken { user: "Ada".to_owned(), label: "test".to_owned(), days: 300 };
        test.desk.new_token(&admin, token).await.unwrap().token.to_string()
    }

    async fn actor(test: &TestDesk, token: &str) -> Actor {
        test.desk.authenticate(token).await.unwrap().unwrap()
    }

    async fn refusal(test: &TestDesk, token: &str) -> Option<String> {
        match test.ask(&actor(test, token).await, Action::EvidenceAdd, None).await {
            Ok(_) => None,
            Err(Error::NotPermitted(why)) => Some(why),
            Err(other) => panic!("{other}"),
        }
    }

    #[tokio::test]
    async fn a_role_is_in_force_until_the_training_behind_it_ends() {
        let test = strict_desk().await;
        let admin = test.admin().await;
        let token = signed_in(&test, &["evidence_custodian"]).await;
        let missing = refusal(&test, &token).await.unwrap();
        assert!(missing.contains("no training evidence_handling is on record"), "{missing}");

        let entered = training("evidence_handling", Some("2026-12-01"));
        let entered = test.desk.add_qualification(&admin, "Ada", entered).await.unwrap();
        assert_eq!(
            (entered.state, entered.issuer.as_str()),
            ("expires_soon", "customs.xa.example")
        );
        assert_eq!(refusal(&test, &token).await, None);
        let users = test.desk.users(&reader(&test).await).await.unwrap();
        assert_eq!(users[0].expiring, ["evidence_handling 2026-12-01"]);
        assert!(users[0].suspended.is_empty());

        let known = actor(&test, &token).await;
        test.clock.advance_secs(7 * DAY);
        assert_eq!(refusal(&test, &token).await, None, "on its last day");
        test.clock.advance_secs(DAY);
        let late = refusal(&test, &token).await.unwrap();
        assert_eq!(
            late,
            "your role evidence_custodian is suspended: \
             the training evidence_handling expired on 2026-12-01"
        );
        // A list asks who the officer is now, not who they were when the permit was given.
        let old = test.may(&known, Action::EvidenceRead, None).await;
        let now = test.desk.actor_behind(&old).await.unwrap();
        assert!(now.roles.is_empty() && now.suspended.contains_key(&Role::EvidenceCustodian));
        let who = test.desk.who(&actor(&test, &token).await).await.unwrap();
        assert!(who.roles.is_empty() && who.suspended["evidence_custodian"].contains("expired"));
        assert_eq!(who.qualifications[0].state, "expired");
        let users = test.desk.users(&reader(&test).await).await.unwrap();
        assert_eq!((users[0].suspended.len(), users[0].roles.len()), (1, 1));

        let again = training("evidence_handling", None);
        let again = test.desk.add_qualification(&admin, "Ada", again).await.unwrap();
        assert_eq!(refusal(&test, &token).await, None, "renewed");
        test.desk.revoke_qualification(&admin, &again.id).await.unwrap();
        let revoked = refusal(&test, &token).await.unwrap();
        assert!(revoked.contains("was revoked on 2026-12-02"), "{revoked}");
        let twice = test.desk.revoke_qualification(&admin, &again.id).await;
        assert!(matches!(twice, Err(Error::Conflict(_))));
        let done =
            |(action, outcome): &&(String, String)| action == "user.manage" && outcome == "done";
        // The officer, the token, two trainings, and that one was revoked.
        assert_eq!(test.trail().await.iter().filter(done).count(), 5);
    }

    async fn reader(test: &TestDesk) -> Permit {
        let socket = Actor::local_socket();
        test.desk.permit(&socket, Action::UserRead, None, None).await.unwrap()
    }

    #[tokio::test]
    async fn another_role_goes_on_where_one_is_suspended() {
        let test = strict_desk().await;
        let token = signed_in(&test, &["case_officer", "supervisor"]).await;
        let ada = actor(&test, &token).await;
        assert_eq!(ada.roles, [Role::CaseOfficer].into());
        assert!(test.ask(&ada, Action::CaseOpen, None).await.is_ok());
        let approval = test.ask(&ada, Action::WorkflowAdopt, None).await;
        assert!(
            matches!(approval, Err(Error::NotPermitted(why)) if why.contains("no training command"))
        );
    }

    #[tokio::test]
    async fn a_training_is_entered_as_it_can_be_or_not_at_all() {
        let test = strict_desk().await;
        let admin = test.admin().await;
        signed_in(&test, &["evidence_custodian"]).await;
        let sound = || training("evidence_handling", Some("2027-01-31"));
        let some = |text: &str| Some(text.to_owned());
        for (input, path) in [
            (NewQualification { name: "Good Course".to_owned(), ..sound() }, "name"),
            (NewQualification { title: " ".to_owned(), ..sound() }, "title"),
            (NewQualification { kind: some("diploma"), ..sound() }, "kind"),
            (NewQualification { obtained: some("2026-11-25"), ..sound() }, "obtained"),
            (NewQualification { expires: some("31.1.2027"), ..sound() }, "expires"),
            (NewQualification { expires: some("2026-11-23"), ..sound() }, "expires"),
            (NewQualification { issuer: some(""), ..sound() }, "issuer"),
        ] {
            let refused = test.desk.add_qualification(&admin, "Ada", input).await;
            assert!(
                matches!(&refused, Err(Error::Invalid(found)) if found[0].path == path),
                "{path}: {refused:?}"
            );
        }
        let missing = test.desk.add_qualification(&admin, "Nobody", sound()).await;
        assert!(matches!(missing, Err(Error::NotFound("officer"))));
        let missing = test.desk.revoke_qualification(&admin, "none").await;
        assert!(matches!(missing, Err(Error::NotFound(_))));
        let all = test.desk.qualifications(&reader(&test).await, None).await.unwrap();
        assert!(all.is_empty());
        let entered = test.desk.add_qualification(&admin, "Ada", sound()).await.unwrap();
        let of_ada = test.desk.qualifications(&reader(&test).await, Some("Ada")).await.unwrap();
        assert_eq!(of_ada, [entered]);
    }
}
