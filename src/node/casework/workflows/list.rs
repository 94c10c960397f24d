//! Shows the versions of workflows that are or were in use.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::Serialize;

use crate::domain::case::CaseType;
use crate::node::casework::permits::Covers;
use crate::node::casework::views::time_text;
use crate::node::casework::{Desk, Error};
use crate::node::store::StoreError;
use crate::node::store::workflows::{self, WorkflowRow};
use crate::policy::{Action, Permit};

/// A version of a workflow.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct WorkflowView {
    /// Its name: case type and version.
    pub name: String,
    /// The case type.
    pub case_type: String,
    /// The version.
    pub version: i64,
    /// What it is called.
    pub title: String,
    /// Whether cases of the type are opened under it now.
    pub is_in_force: bool,
    /// Since when it has been in use.
    pub adopted_at: String,
    /// The record with which it was taken into use; none if it ships with the program.
    pub record: Option<String>,
    /// The SHA-256 of its text, which the records of its cases name as their profile.
    pub hash: String,
}

/// A version of a workflow with its text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct WorkflowText {
    /// What lists show too.
    #[serde(flatten)]
    pub view: WorkflowView,
    /// The TOML text.
    pub content: String,
}

impl Desk {
    /// Every version, by case type and version.
    ///
    /// # Errors
    /// If the permit is for something else, or the store fails.
    pub async fn workflows(&self, permit: &Permit) -> Result<Vec<WorkflowView>, Error> {
        permit.covers(Action::WorkflowRead, None)?;
        let rows = self.workflow_rows().await?;
        let newest: BTreeMap<&str, i64> =
            rows.iter().map(|row| (row.case_type.as_str(), row.version)).collect();
        rows.iter()
            .map(|row| self.workflow_view(row, newest.get(row.case_type.as_str()).copied()))
            .collect()
    }

    /// One version with its text.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is no such version.
    pub async fn workflow_text(
        &self,
        permit: &Permit,
        case_type: &str,
        version: i64,
    ) -> Result<WorkflowText, Error> {
        permit.covers(Action::WorkflowRead, None)?;
        let rows = self.workflow_rows().await?;
        let of_type = || rows.iter().filter(|row| row.case_type == case_type);
        let row = of_type()
            .find(|row| row.version == version)
            .ok_or(Error::NotFound("workflow of that case type and version"))?;
        let newest = of_type().map(|row| row.version).max();
        Ok(WorkflowText { view: self.workflow_view(row, newest)?, content: row.content.clone() })
    }

    async fn workflow_rows(&self) -> Result<Vec<WorkflowRow>, Error> {
        let rows = self.kept_workflows().await?;
        let held: BTreeSet<&str> = rows.iter().map(|row| row.case_type.as_str()).collect();
        if held.len() == CaseType::ALL.len() {
            return Ok(rows);
        }
        self.adopt_shipped().await?;
        self.kept_workflows().await
    }

    async fn kept_workflows(&self) -> Result<Vec<WorkflowRow>, Error> {
        self.store
            .read("workflows", |tx| Box::pin(async move { workflows::list(tx).await }))
            .await
            .map_err(|error: StoreError| error.into())
    }

    fn workflow_view(&self, row: &WorkflowRow, newest: Option<i64>) -> Result<WorkflowView, Error> {
        let workflow = self.read_workflow(row)?;
        Ok(WorkflowView {
            name: workflow.name(),
            case_type: row.case_type.clone(),
            version: row.version,
            title: workflow.title.clone(),
            is_in_force: newest == Some(row.version),
            adopted_at: time_text(row.adopted_at),
            record: row.record_hash.map(hex::encode),
            hash: hex::encode(row.hash),
        })
    }
}
