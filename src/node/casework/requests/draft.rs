//! Drafts of requests: kept sealed at the applicant, sent to nobody.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value as Json};

use crate::domain::assistance::{Act, State};
use crate::domain::finding::{Finding, has_error};
use crate::domain::id::{ObjectId, UserId};
use crate::node::casework::audit_trail::done as event;
use crate::node::casework::guard::allow;
use crate::node::casework::permits::resource_of_case;
use crate::node::casework::requests::check::check;
use crate::node::casework::requests::view::RequestView;
use crate::node::casework::requests::{CONTENT, content};
use crate::node::casework::{Desk, Error, plain};
use crate::node::keys::KeyGroup;
use crate::node::profiles::ProfileHash;
use crate::node::rng::random;
use crate::node::store::object_fields::{self, ObjectField};
use crate::node::store::requests::{self, Direction, Request};
use crate::node::store::{StoreError, audit_events, cases};
use crate::policy::{Action, Permit, ResourceKind};
use crate::record::Value;
use crate::record::kinds::Facts;
use crate::record::kinds::request::RequestAct;

/// Under which path of a draft its author is kept.
const AUTHOR: &str = "draft/author";
/// Under which path of a draft its marking is kept.
const MARKING: &str = "marking";

/// A request to be drafted.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewRequest {
    /// Who is asked.
    pub to: String,
    /// The case that it is about.
    pub case: Option<String>,
    /// The instrument, such as `generic.policy`.
    #[serde(default = "generic_policy")]
    pub instrument: String,
    /// What is asked, by path.
    #[serde(default)]
    pub fields: Map<String, Json>,
}

fn generic_policy() -> String {
    "generic.policy".to_owned()
}

/// A draft as it is kept.
#[derive(Clone, Debug, Default)]
pub(crate) struct Draft {
    pub(crate) content: Facts,
    pub(crate) marking: Option<String>,
    pub(crate) author: Option<UserId>,
}

impl Desk {
    /// Asks the rules whether the officer may draft a request about a case, which is then open to whom the case is.
    async fn may_draft_about(&self, permit: &Permit, case: ObjectId) -> Result<(), Error> {
        let found = self.store.read("case_of_request", move |tx| {
            Box::pin(async move {
                let Some(row) = cases::get(tx, &case.to_string()).await? else { return Ok(None) };
                resource_of_case(tx, ResourceKind::Request, case, &row).await.map(Some)
            })
        });
        let found = found.await.map_err(|error: StoreError| Error::from(error))?;
        let resource = found.ok_or(Error::NotFound("case"))?;
        let asked = self.permit_on(permit.who(), Action::RequestDraft, resource, permit.purpose());
        match asked.await {
            // The same as for a case that is not there.
            Err(Error::NotFound(_)) => Err(Error::NotFound("case")),
            other => other.map(drop),
        }
    }

    /// Drafts a request; nothing leaves the house before an officer submits it.
    ///
    /// # Errors
    /// If the authority is no peer, the instrument is not known, the case is not there or closed to the officer, or a field
    /// cannot be kept.
    pub async fn draft_request(
        &self,
        permit: &Permit,
        input: NewRequest,
    ) -> Result<RequestView, Error> {
        allow(permit, Action::RequestDraft, None)?;
        let to = self.peer_named("to", &input.to)?;
        let (hash, _) = self
            .profiles
            .newest(&input.instrument)
            .ok_or_else(|| Error::invalid("instrument", "is not one that this node holds"))?;
        let case = input.case.map(|case| case.parse::<ObjectId>());
        let case = case.transpose().map_err(|error| Error::invalid("case", error.to_string()))?;
        if let Some(case) = case {
            self.may_draft_about(permit, case).await?;
        }
        let id = ObjectId::from_random(random(&*self.rng));
        let draft = draft_of(input.fields, permit)?;
        let fields = self.seal_draft(id, &draft).await?;
        let now = self.clock.now();
        let row = Request {
            id: id.to_string(),
            direction: Direction::Out,
            peer: to.to_string(),
            case_id: case.map(|case| case.to_string()),
            instrument: input.instrument,
            profile: hash.0.to_vec(),
            state: State::Draft.name().to_owned(),
            version: 0,
            created_at: now.0,
            updated_at: now.0,
            answer_by: None,
            late_withdrawal: 0,
        };
        let event = event(permit, now, Some(id));
        self.store
            .write_with("draft_request", (row, fields, event), |tx, (row, fields, event)| {
                Box::pin(async move {
                    requests::insert(tx, row).await?;
                    object_fields::put_all(tx, fields).await?;
                    audit_events::append(tx, event).await?;
                    Ok::<_, Error>(())
                })
            })
            .await?;
        self.request_view(id).await
    }

    /// Who drafted a request: the officer who may not be the one to submit it.
    ///
    /// # Errors
    /// What the store or the keys say.
    pub async fn request_author(&self, id: ObjectId) -> Result<Option<UserId>, Error> {
        Ok(self.draft(id).await?.author)
    }

    /// What still stands against submitting a draft.
    pub(crate) async fn draft_findings(&self, row: &Request) -> Result<Vec<Finding>, Error> {
        let id: ObjectId = row.id.parse().map_err(Error::internal)?;
        let payload = self.submission_of(row, self.draft(id).await?)?;
        let Some(profile) = profile_hash(row).and_then(|hash| self.profiles.by_hash(hash)) else {
            return Ok(vec![Finding::error("instrument", "is not held here any more")]);
        };
        let mut findings = check(Act::Submit, &payload, profile);
        let unpaired = self.why_not_paired(&payload.requested);
        findings.extend(unpaired.map(|why| Finding::error("to", &why)));
        Ok(findings)
    }

    /// A draft as the act that submits it.
    pub(crate) fn submission_of(&self, row: &Request, draft: Draft) -> Result<RequestAct, Error> {
        Ok(RequestAct {
            act: Act::Submit.name().to_owned(),
            applicant: self.authority.clone(),
            requested: row.peer.parse().map_err(Error::internal)?,
            instrument: row.instrument.clone(),
            offer: None,
            approver: None,
            marking: draft.marking,
            documents: Vec::new(),
            content: draft.content,
        })
    }

    /// Opens the draft of a request.
    pub(crate) async fn draft(&self, id: ObjectId) -> Result<Draft, Error> {
        let object = id.to_string();
        let rows = self
            .store
            .read("request_draft", move |tx| {
                Box::pin(async move { object_fields::of_object(tx, &object).await })
            })
            .await?;
        let mut draft = Draft::default();
        if rows.is_empty() {
            return Ok(draft);
        }
        let group = KeyGroup::object(id);
        let Some(key) = self.keys.get(&group).await? else { return Ok(draft) };
        for row in rows {
            let plain = key.open(&draft_aad(id, &row.path), &row.value).map_err(Error::internal)?;
            let value = Value::decode(&plain).map_err(Error::internal)?;
            match row.path.as_str() {
                AUTHOR => draft.author = value.as_text().and_then(|text| text.parse().ok()),
                MARKING => draft.marking = value.as_text().map(str::to_owned),
                _ => draft.content.push((row.path, value)),
            }
        }
        Ok(draft)
    }

    async fn seal_draft(&self, id: ObjectId, draft: &Draft) -> Result<Vec<ObjectField>, Error> {
        let key = self.keys.get_or_create(&KeyGroup::object(id)).await?;
        let mut pairs = draft.content.clone();
        let author = draft.author.map(|author| author.to_string());
        pairs.extend(author.map(|author| (AUTHOR.to_owned(), Value::Text(author))));
        let marking = draft.marking.clone();
        pairs.extend(marking.map(|marking| (MARKING.to_owned(), Value::Text(marking))));
        let seal = |(path, value): (String, Value)| ObjectField {
            object: id.to_string(),
            value: key.seal(&*self.rng, &draft_aad(id, &path), &value.encode()),
            path,
            record_hash: [0; 32],
            field_index: 0,
        };
        Ok(pairs.into_iter().map(seal).collect())
    }

    /// Throws a draft away that was never sent.
    pub(crate) async fn discard_draft(&self, permit: &Permit, id: ObjectId) -> Result<(), Error> {
        let event = event(permit, self.clock.now(), Some(id));
        self.store
            .write_with("discard_draft", (id.to_string(), event), |tx, (id, event)| {
                Box::pin(async move {
                    let Some(row) = requests::get(tx, id).await? else {
                        return Err(Error::NotFound("request"));
                    };
                    if row.state != State::Draft.name() {
                        return Err(Error::Conflict("the request was sent meanwhile".to_owned()));
                    }
                    let state = State::Discarded.name().to_owned();
                    requests::put(tx, &Request { state, updated_at: event.at, ..row }).await?;
                    object_fields::clear_object(tx, id).await?;
                    audit_events::append(tx, event).await?;
                    Ok(())
                })
            })
            .await
    }
}

/// The profile that a request names.
pub(crate) fn profile_hash(row: &Request) -> Option<ProfileHash> {
    row.profile.as_slice().try_into().ok().map(ProfileHash)
}

fn draft_of(mut fields: Map<String, Json>, permit: &Permit) -> Result<Draft, Error> {
    let marking = match fields.remove("marking") {
        None | Some(Json::Null) => None,
        Some(Json::String(text)) => {
            Some(crate::node::casework::documents::marking("marking", &text)?.to_string())
        }
        Some(Json::Bool(_) | Json::Number(_) | Json::Array(_) | Json::Object(_)) => {
            return Err(Error::invalid("marking", "is not a text such as 'H1 TLP:AMBER'"));
        }
    };
    let content = plain::facts(CONTENT, &fields)?;
    Ok(Draft { content, marking, author: permit.user() })
}

/// The content of a submission with later fields over it.
pub(crate) fn overlay(content: Facts, over: Facts) -> Facts {
    let mut all: std::collections::BTreeMap<String, Value> = content.into_iter().collect();
    all.extend(over);
    all.into_iter().filter(|(_, value)| *value != Value::Null).collect()
}

/// Refuses an act that something stands against.
pub(crate) fn refuse_errors(findings: Vec<Finding>) -> Result<(), Error> {
    if has_error(&findings) { Err(Error::Invalid(findings)) } else { Ok(()) }
}

/// When an answer is needed, as the content says.
pub(crate) fn answer_by(payload: &RequestAct) -> Option<i64> {
    content::read(payload).0.answer_by.map(|at| at.0)
}

fn draft_aad(id: ObjectId, path: &str) -> Vec<u8> {
    format!("draft/{id}/{path}").into_bytes()
}
