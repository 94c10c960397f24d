//! Opens a case, also from an imported declaration, line of a manifest or seizure.

use std::collections::BTreeMap;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::domain::case::{CaseStatus, CaseType};
use crate::domain::finding::short_text;
use crate::domain::id::ObjectId;
use crate::domain::workflow::Workflow;
use crate::node::casework::cases::CaseView;
use crate::node::casework::cases::content::{Content, merged, parse};
use crate::node::casework::cases::guards::started;
use crate::node::casework::cases::keep::refuse_errors;
use crate::node::casework::permits::Covers;
use crate::node::casework::{Desk, Error};
use crate::node::mappings::Kind;
use crate::node::rng::random;
use crate::node::store::cases::{self, Case};
use crate::node::store::{StoreError, users};
use crate::policy::{Action, Permit};
use crate::record::kinds::case::CaseOpened;

/// How often a running number that somebody else took is drawn anew.
const NUMBER_TRIES: usize = 3;

/// A case to open.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewCase {
    /// The authority's own number; without it the next running one of the year.
    #[serde(default)]
    pub reference: Option<String>,
    /// What it is about, in a line.
    pub title: String,
    /// One of the case types, such as `tobacco_excise`.
    pub case_type: String,
    /// The unit; without it that of the officer.
    #[serde(default)]
    pub unit: Option<String>,
    /// The purpose, which the permit was asked with.
    #[serde(default)]
    pub purpose: Option<String>,
    /// The declaration that gave rise to it; its values become content.
    #[serde(default)]
    pub declaration: Option<String>,
    /// The line of a manifest that gave rise to it; as `declaration`, of which at most one is named.
    #[serde(default)]
    pub manifest: Option<String>,
    /// The seizure that gave rise to it; as `declaration`, of which at most one is named.
    #[serde(default)]
    pub seizure: Option<String>,
    /// Its classification level, from 0.
    #[serde(default)]
    pub level: u8,
    /// The compartment to open it in, such as `operation-amber`; the officer must be in it.
    #[serde(default)]
    pub compartment: Option<String>,
    /// Content by path.
    #[serde(default)]
    pub fields: BTreeMap<String, serde_json::Value>,
}

impl NewCase {
    /// The kind and number of the imported row that gave rise to it.
    fn imported(&self) -> Result<Option<(Kind, &str)>, Error> {
        let named = [
            (Kind::Declaration, &self.declaration),
            (Kind::Manifest, &self.manifest),
            (Kind::Seizure, &self.seizure),
        ];
        let mut named = named.iter().filter_map(|(kind, id)| Some((*kind, id.as_deref()?)));
        let first = named.next();
        match named.next() {
            None => Ok(first),
            Some((kind, _)) => Err(Error::invalid(
                kind.name(),
                "a case is opened on one imported row; add the values of the others as fields",
            )),
        }
    }
}

impl Desk {
    /// Opens a case in the state `suspicion`, under the newest workflow of its type.
    ///
    /// # Errors
    /// [`Error::Invalid`] with the path of each unsound field; [`Error::Conflict`] if the reference is taken;
    /// [`Error::NotFound`] if the imported row is not there.
    pub async fn open_case(&self, permit: &Permit, input: NewCase) -> Result<CaseView, Error> {
        permit.covers(Action::CaseOpen, None)?;
        let own = parse(&input.fields)?;
        let content = match input.imported()? {
            Some((kind, id)) => merged(&self.imported_content(kind, id).await?, &own),
            None => merged(&Content::new(), &own),
        };
        refuse_errors(&content)?;
        let protection = self.protection(permit, input.level, input.compartment.as_deref())?;
        let is_protected = protection.level > 0 || protection.compartment.is_some();
        let (case, workflow) = self.new_case(permit, &input).await?;
        let case = Case {
            level: protection.level,
            compartment: protection.compartment.clone().unwrap_or_default(),
            ..case
        };
        let protection = Some(protection).filter(|_| is_protected);
        let begun = started(&workflow, CaseStatus::Suspicion, &content, self.clock.now());
        let content = merged(&content, &begun);
        let id: ObjectId = case.id.parse().map_err(Error::internal)?;
        for attempt in 0.. {
            let reference = self.reference(&input, attempt).await?;
            let case = Case { reference, ..case.clone() };
            let payload = CaseOpened {
                reference: case.reference.clone(),
                title: case.title.clone(),
                case_type: case.case_type.clone(),
                status: case.status.clone(),
                unit: (!case.unit.is_empty()).then(|| case.unit.clone()),
                protection: protection.clone(),
                content: content.clone().into_iter().collect(),
            };
            let write = self.case_write(permit, &payload, case, &content).await?;
            match self.keep_case("open_case", write).await {
                Err(Error::Conflict(_)) if input.reference.is_none() && attempt < NUMBER_TRIES => {}
                Err(Error::Conflict(_)) => {
                    return Err(Error::Conflict("there is a case with that reference".to_owned()));
                }
                Err(other) => return Err(other),
                Ok(()) => break,
            }
        }
        self.case_view(id).await
    }

    async fn new_case(
        &self,
        permit: &Permit,
        input: &NewCase,
    ) -> Result<(Case, Arc<Workflow>), Error> {
        let line = |path: &'static str, text: &str| {
            short_text(path, text).map_err(|error| Error::invalid(path, error.reason))
        };
        let title = line("title", &input.title)?;
        let case_type: CaseType =
            input.case_type.parse().map_err(|error: crate::domain::case::UnknownCaseType| {
                Error::invalid("case_type", error.to_string())
            })?;
        let owner = permit
            .user()
            .ok_or_else(|| Error::NotPermitted("a case is opened by an officer".to_owned()))?;
        let unit = match &input.unit {
            Some(unit) => line("unit", unit)?,
            None => self.unit_of(owner.to_string()).await?,
        };
        let (hash, workflow) = self.workflow_in_force(case_type).await?;
        let case = Case {
            id: ObjectId::from_random(random(&*self.rng)).to_string(),
            reference: String::new(),
            title,
            case_type: case_type.name().to_owned(),
            status: CaseStatus::Suspicion.name().to_owned(),
            unit,
            owner: owner.to_string(),
            opened_at: self.clock.now().0,
            updated_at: self.clock.now().0,
            head: [0; 32],
            version: 0,
            workflow: hash,
            pending: String::new(),
            proposer: String::new(),
            status_since: self.clock.now().0,
            acted_at: self.clock.now().0,
            review_by: None,
            restricted: String::new(),
            erasures: 0,
            level: 0,
            compartment: String::new(),
        };
        Ok((case, workflow))
    }

    async fn unit_of(&self, user: String) -> Result<String, Error> {
        let user = self
            .store
            .read("unit_of", move |tx| Box::pin(async move { users::get(tx, &user).await }))
            .await
            .map_err(|error: StoreError| Error::from(error))?;
        Ok(user.map(|user| user.unit).unwrap_or_default())
    }

    /// The given reference, or the year's next running number; after that was taken twice with a random ending.
    async fn reference(&self, input: &NewCase, attempt: usize) -> Result<String, Error> {
        if let Some(reference) = &input.reference {
            return short_text("reference", reference)
                .map_err(|error| Error::invalid("reference", error.reason));
        }
        let prefix = format!("{}/", self.clock.now().year());
        let counted = prefix.clone();
        let count = self
            .store
            .read("case_reference", move |tx| {
                Box::pin(async move { cases::count_with_prefix(tx, &counted).await })
            })
            .await
            .map_err(|error: StoreError| Error::from(error))?;
        let number = format!("{prefix}{:06}", count.saturating_add(1));
        if attempt == 0 {
            return Ok(number);
        }
        Ok(format!("{number}-{}", hex::encode(random::<4>(&*self.rng))))
    }
}
