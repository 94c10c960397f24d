//! The case file: everything that this authority keeps of one case, as one document for other programs or for paper.

mod page;
#[cfg(test)]
mod tests;

use schemars::{JsonSchema, generate::SchemaSettings};
use serde::Serialize;

use crate::domain::id::ObjectId;
use crate::node::casework::cases::CaseView;
use crate::node::casework::evidence::EvidenceView;
use crate::node::casework::permits::Covers;
use crate::node::casework::requests::{RequestQuery, RequestView};
use crate::node::casework::views::{PAGE_ROWS_MAX, time_text};
use crate::node::casework::{Desk, Error};
use crate::policy::{Action, Permit};

/// The name of the form, which a change that readers must know of counts up.
pub const CASE_FILE_SCHEMA: &str = "urn:sealane:schema:case-file:1";

/// What an officer may see of a case beside itself; what was refused is named in the file.
pub struct CaseFileAccess {
    /// To read the case.
    pub case: Permit,
    /// To read its evidence.
    pub evidence: Result<Permit, String>,
    /// To read requests.
    pub requests: Result<Permit, String>,
}

/// Everything that this authority keeps of one case.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct CaseFile {
    /// The form: `urn:sealane:schema:case-file:1`.
    pub schema: &'static str,
    /// The authority.
    pub authority: String,
    /// When it was written.
    pub written_at: String,
    /// By whom: pseudonym.
    pub written_by: String,
    /// The case with all its fields, checks and records.
    pub case: CaseView,
    /// Its evidence, each item with its chain of custody.
    pub evidence: Vec<EvidenceView>,
    /// The requests for assistance that belong to it, each with its acts.
    pub requests: Vec<RequestView>,
    /// What is not in this file, and why; empty if nothing was left out.
    pub left_out: Vec<String>,
}

impl CaseFile {
    /// The JSON Schema (2020-12) of the file.
    #[must_use]
    pub fn schema() -> serde_json::Value {
        let mut schema = SchemaSettings::draft2020_12()
            .for_serialize()
            .into_generator()
            .into_root_schema_for::<Self>();
        schema.insert("$id".to_owned(), CASE_FILE_SCHEMA.into());
        schema.to_value()
    }
}

impl Desk {
    /// The file of a case; that it was read is in the audit trail.
    ///
    /// # Errors
    /// If a permit is for something else, or the store fails.
    pub async fn case_file(&self, access: CaseFileAccess) -> Result<CaseFile, Error> {
        let case = self.case(&access.case).await?;
        let mut left_out = Vec::new();
        let evidence = match &access.evidence {
            Ok(permit) => self.evidence_in_full(permit).await?,
            Err(why) => {
                left_out.push(format!("evidence: {why}"));
                Vec::new()
            }
        };
        let requests = match &access.requests {
            Ok(permit) => self.requests_in_full(permit, &case.row.id).await?,
            Err(why) => {
                left_out.push(format!("requests: {why}"));
                Vec::new()
            }
        };
        Ok(CaseFile {
            schema: CASE_FILE_SCHEMA,
            authority: self.authority.to_string(),
            written_at: time_text(self.clock.now().0),
            written_by: access.case.actor().to_string(),
            case,
            evidence,
            requests,
            left_out,
        })
    }

    /// As [`Desk::case_file`], as an HTML page without scripts that loads nothing (R33).
    ///
    /// # Errors
    /// As [`Desk::case_file`].
    pub async fn case_report(&self, access: CaseFileAccess) -> Result<String, Error> {
        Ok(page::report(&self.authority, &self.case_file(access).await?))
    }

    /// Each item is judged and noted in the audit trail by itself, as if it were opened alone.
    async fn evidence_in_full(&self, permit: &Permit) -> Result<Vec<EvidenceView>, Error> {
        let mut items = Vec::new();
        for row in self.evidence_of(permit).await? {
            let permit = self.permit_of_part(permit, Action::EvidenceRead, &row.id).await?;
            items.push(self.evidence(&permit).await?);
        }
        Ok(items)
    }

    /// As [`Desk::evidence_in_full`].
    async fn requests_in_full(
        &self,
        permit: &Permit,
        case: &str,
    ) -> Result<Vec<RequestView>, Error> {
        let (mut views, mut after) = (Vec::new(), None);
        loop {
            let query = RequestQuery {
                case: Some(case.to_owned()),
                limit: Some(PAGE_ROWS_MAX),
                after,
                ..RequestQuery::default()
            };
            let page = self.requests(permit, query).await?;
            for row in page.items {
                let permit = self.permit_of_part(permit, Action::RequestRead, &row.id).await?;
                let id = permit.object_for(Action::RequestRead)?;
                views.push(self.request(&permit, id).await?);
            }
            after = page.next;
            if after.is_none() {
                return Ok(views);
            }
        }
    }

    async fn permit_of_part(
        &self,
        permit: &Permit,
        action: Action,
        id: &str,
    ) -> Result<Permit, Error> {
        let id: ObjectId = id.parse().map_err(Error::internal)?;
        self.permit(permit.who(), action, Some(id), permit.purpose()).await
    }
}
