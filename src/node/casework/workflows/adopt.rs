//! Takes a new version of a workflow into use, after it was tried on the cases that are there (R32).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::domain::case::CaseStatus;
use crate::domain::finding::long_text;
use crate::domain::id::ObjectId;
use crate::domain::workflow::Workflow;
use crate::node::casework::append::{Authorship, Prepared};
use crate::node::casework::audit_trail::done;
use crate::node::casework::permits::Covers;
use crate::node::casework::{Desk, Error};
use crate::node::rng::random;
use crate::node::store::audit_events::{self, NewAuditEvent};
use crate::node::store::workflows::{self, WorkflowRow};
use crate::node::store::{StoreError, cases};
use crate::node::workflows::{LoadedWorkflow, load};
use crate::policy::{Action, Permit};
use crate::record::kinds::workflow::WorkflowAdopted;

/// A version to take into use.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewWorkflow {
    /// The TOML text.
    pub content: String,
    /// Why; needed unless it is only tried.
    #[serde(default)]
    pub reason: String,
    /// Only try it.
    #[serde(default)]
    pub dry_run: bool,
}

/// How many cases stand in a state, and whether the new version knows a way on from there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct StandingView {
    /// The state.
    pub status: String,
    /// How many cases of the type stand in it.
    pub cases: i64,
    /// Where the new version lets them go.
    pub next: Vec<&'static str>,
    /// Whether they would be stuck under it. They keep their own version until somebody moves them to this one.
    pub is_stuck: bool,
}

/// What a new version means for the cases that are there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct AdoptionView {
    /// The version by name.
    pub name: String,
    /// The SHA-256 of its text.
    pub hash: String,
    /// Whether it is in use now; not so after a trial.
    pub is_adopted: bool,
    /// The record with which it was taken into use.
    pub record: Option<String>,
    /// The cases of its type by state.
    pub standing: Vec<StandingView>,
}

struct Adoption {
    prepared: Prepared,
    row: WorkflowRow,
    event: NewAuditEvent,
}

impl Desk {
    /// Tries a version on the cases that are there and, unless it is only a trial, takes it into use: cases of its
    /// type that are opened from now on follow it.
    ///
    /// # Errors
    /// [`Error::Invalid`] if the text is no sound workflow or not the next version; [`Error::Conflict`] if another
    /// text has that version.
    pub async fn adopt_workflow(
        &self,
        permit: &Permit,
        input: NewWorkflow,
    ) -> Result<AdoptionView, Error> {
        permit.covers(Action::WorkflowAdopt, None)?;
        let loaded =
            load(&input.content).map_err(|error| Error::invalid("content", error.to_string()))?;
        let newest = self.workflow_in_force(loaded.workflow.case_type).await?.1;
        let next = newest.version.saturating_add(1);
        if loaded.workflow.version != next {
            let reason = format!(
                "the newest workflow of this case type is {}: give the new one version = {next}",
                newest.name()
            );
            return Err(Error::invalid("content", reason));
        }
        let standing = self.standing_under(&loaded.workflow).await?;
        let mut view = AdoptionView {
            name: loaded.workflow.name(),
            hash: hex::encode(loaded.hash.0),
            is_adopted: false,
            record: None,
            standing,
        };
        if !input.dry_run {
            let record = self.keep_adoption(permit, &loaded, &input, &view.standing).await?;
            (view.is_adopted, view.record) = (true, Some(record));
        }
        Ok(view)
    }

    async fn standing_under(&self, workflow: &Workflow) -> Result<Vec<StandingView>, Error> {
        let name = workflow.case_type.name();
        let counts = self
            .store
            .read("cases_by_status", move |tx| {
                Box::pin(async move { cases::count_by_status(tx, name).await })
            })
            .await
            .map_err(|error: StoreError| Error::from(error))?;
        let view = |(status, cases): (String, i64)| {
            let state: CaseStatus = status.parse().map_err(Error::internal)?;
            let next: Vec<_> = workflow.next(state).iter().map(|state| state.name()).collect();
            let is_stuck = next.is_empty() && state != CaseStatus::Closed;
            Ok(StandingView { status, cases, next, is_stuck })
        };
        counts.into_iter().map(view).collect()
    }

    async fn keep_adoption(
        &self,
        permit: &Permit,
        loaded: &LoadedWorkflow,
        input: &NewWorkflow,
        standing: &[StandingView],
    ) -> Result<String, Error> {
        let reason = long_text("reason", &input.reason)
            .map_err(|error| Error::invalid("reason", error.reason))?;
        let sum = |of: &dyn Fn(&StandingView) -> bool| {
            standing.iter().filter(|row| of(row)).map(|row| row.cases).sum()
        };
        let payload = WorkflowAdopted {
            case_type: loaded.workflow.case_type.name().to_owned(),
            version: i64::from(loaded.workflow.version),
            hash: loaded.hash.0,
            reason,
            tried: sum(&|row| row.status != CaseStatus::Closed.name()),
            stuck: sum(&|row| row.is_stuck),
        };
        let id = ObjectId::from_random(random(&*self.rng));
        let authorship =
            Authorship { profile: Some(loaded.hash.0), ..Authorship::of(permit, None) };
        let prepared = self.author(id, authorship, &payload).await?;
        let record = prepared.hash();
        let row = WorkflowRow {
            hash: loaded.hash.0,
            case_type: payload.case_type,
            version: payload.version,
            content: input.content.clone(),
            record_hash: Some(record.0),
            adopted_at: self.clock.now().0,
        };
        let event = NewAuditEvent {
            detail: Some(loaded.workflow.name()),
            ..done(permit, self.clock.now(), Some(id))
        };
        let adoption = Adoption { prepared, row, event };
        self.store
            .write_with("adopt_workflow", adoption, |tx, adoption| {
                Box::pin(async move {
                    adoption.prepared.append(tx).await?;
                    if !workflows::adopt(tx, &adoption.row).await? {
                        return Err(StoreError::Conflict("workflows.insert"));
                    }
                    audit_events::append(tx, &adoption.event).await.map(drop)
                })
            })
            .await
            .map_err(|error: StoreError| match error {
                StoreError::Conflict(_) => Error::Conflict(
                    "somebody else took a workflow of that version into use meanwhile: look at \
                     the list and give yours the next version"
                        .to_owned(),
                ),
                other => other.into(),
            })?;
        self.committed();
        Ok(record.to_string())
    }
}
