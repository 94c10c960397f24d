//! The workflow that a case follows, read from the store and remembered; a version never changes under its hash.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::domain::case::CaseType;
use crate::domain::workflow::Workflow;
use crate::node::casework::{Desk, Error};
use crate::node::store::StoreError;
use crate::node::store::workflows::{self, WorkflowRow};
use crate::node::workflows::{LoadedWorkflow, SHIPPED, load};

/// Workflows that were read before, by hash. There are as many as an authority adopts, so none is forgotten.
#[derive(Debug, Default)]
pub(crate) struct WorkflowMemory(Mutex<BTreeMap<[u8; 32], Arc<Workflow>>>);

impl WorkflowMemory {
    fn get(&self, hash: &[u8; 32]) -> Option<Arc<Workflow>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(hash).cloned()
    }

    fn keep(&self, loaded: LoadedWorkflow) -> Arc<Workflow> {
        let workflow = Arc::new(loaded.workflow);
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(held.entry(loaded.hash.0).or_insert(workflow))
    }
}

impl Desk {
    /// The workflow of a hash.
    pub(crate) async fn workflow(&self, hash: [u8; 32]) -> Result<Arc<Workflow>, Error> {
        if let Some(workflow) = self.workflows.get(&hash) {
            return Ok(workflow);
        }
        let row = self
            .store
            .read("workflow", move |tx| Box::pin(async move { workflows::get(tx, &hash).await }))
            .await
            .map_err(|error: StoreError| Error::from(error))?;
        let row = row.ok_or_else(|| {
            Error::internal(format!("the workflow {} is not in the store", hex::encode(hash)))
        })?;
        self.read_workflow(&row)
    }

    /// The workflow under which cases of a type are opened now, with its hash.
    pub(crate) async fn workflow_in_force(
        &self,
        case_type: CaseType,
    ) -> Result<([u8; 32], Arc<Workflow>), Error> {
        let name = case_type.name();
        let newest = || async {
            self.store
                .read("workflow_in_force", move |tx| {
                    Box::pin(async move { workflows::newest(tx, name).await })
                })
                .await
                .map_err(|error: StoreError| Error::from(error))
        };
        let mut found = newest().await?;
        if found.is_none() {
            self.adopt_shipped().await?;
            found = newest().await?;
        }
        let row = found.ok_or_else(|| {
            Error::internal(format!("no workflow ships for the case type {name}"))
        })?;
        Ok((row.hash, self.read_workflow(&row)?))
    }

    /// Takes the workflows that ship into use where none of their case type is.
    pub(crate) async fn adopt_shipped(&self) -> Result<(), Error> {
        let now = self.clock.now().0;
        let mut rows = Vec::with_capacity(SHIPPED.len());
        for text in SHIPPED {
            let LoadedWorkflow { hash, workflow } = load(text).map_err(Error::internal)?;
            rows.push(WorkflowRow {
                hash: hash.0,
                case_type: workflow.case_type.name().to_owned(),
                version: i64::from(workflow.version),
                content: text.to_owned(),
                record_hash: None,
                adopted_at: now,
            });
        }
        self.store
            .write_with("adopt_shipped", rows, |tx, rows| {
                Box::pin(async move {
                    for row in rows {
                        if workflows::newest(tx, &row.case_type).await?.is_none() {
                            workflows::adopt(tx, row).await?;
                        }
                    }
                    Ok(())
                })
            })
            .await
            .map_err(|error: StoreError| error.into())
    }

    pub(super) fn read_workflow(&self, row: &WorkflowRow) -> Result<Arc<Workflow>, Error> {
        if let Some(workflow) = self.workflows.get(&row.hash) {
            return Ok(workflow);
        }
        let loaded = load(&row.content).map_err(Error::internal)?;
        if loaded.hash.0 != row.hash {
            let name = format!("{}/{}", row.case_type, row.version);
            return Err(Error::internal(format!("the text of the workflow {name} was changed")));
        }
        Ok(self.workflows.keep(loaded))
    }
}
