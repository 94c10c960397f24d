//! Puts a case under another version of its workflow, by a signed decision (R32).

use schemars::JsonSchema;
use serde::Deserialize;

use crate::domain::case::CaseStatus;
use crate::node::casework::cases::CaseView;
use crate::node::casework::cases::moving::said;
use crate::node::casework::permits::Covers;
use crate::node::casework::{Desk, Error};
use crate::node::store::cases::Case;
use crate::node::store::{StoreError, workflows};
use crate::policy::{Action, Permit};
use crate::record::kinds::case::CaseWorkflowChanged;

/// The version under which to put a case.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WorkflowChange {
    /// The version; without it the newest.
    #[serde(default)]
    pub version: Option<i64>,
    /// Why.
    pub reason: String,
}

impl Desk {
    /// Puts a case under another version of the workflow of its type.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is no such version, [`Error::IllegalStep`] if it does not know the state of the
    /// case or a proposed move waits, [`Error::Conflict`] if somebody else was first.
    pub async fn change_workflow(
        &self,
        permit: &Permit,
        input: WorkflowChange,
    ) -> Result<CaseView, Error> {
        let id = permit.object_for(Action::CaseWorkflow)?;
        let reason = said("reason", Some(input.reason))?
            .ok_or_else(|| Error::invalid("reason", "say why the case follows another version"))?;
        let standing = self.standing(id).await?;
        if standing.proposal.is_some() {
            return Err(Error::IllegalStep(
                "a move waits for approval under the version that the case follows: it must be \
                 approved, refused or withdrawn first"
                    .to_owned(),
            ));
        }
        let (case_type, version) = (standing.case.case_type.clone(), input.version);
        let row = self
            .store
            .read("workflow_version", move |tx| {
                Box::pin(async move {
                    match version {
                        Some(version) => workflows::by_version(tx, &case_type, version).await,
                        None => workflows::newest(tx, &case_type).await,
                    }
                })
            })
            .await
            .map_err(|error: StoreError| Error::from(error))?
            .ok_or(Error::NotFound("version of the workflow"))?;
        if row.hash == standing.case.workflow {
            return Err(Error::invalid("version", "is the one that the case follows already"));
        }
        let workflow = self.workflow(row.hash).await?;
        let status: CaseStatus = standing.case.status.parse().map_err(Error::internal)?;
        if !workflow.states.contains_key(&status) {
            return Err(Error::IllegalStep(format!(
                "the workflow {} does not know the state {status}: move the case first",
                workflow.name()
            )));
        }
        let payload = CaseWorkflowChanged { workflow: workflow.name(), workflow_reason: reason };
        let case = Case { workflow: row.hash, ..standing.case };
        let write = self.case_write(permit, &payload, case, &standing.content).await?;
        self.keep_case("change_workflow", write).await?;
        self.case_view(id).await
    }
}
