//! Sets and clears content of a case.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::domain::finding::short_text;
use crate::domain::id::ObjectId;
use crate::node::casework::cases::CaseView;
use crate::node::casework::cases::acknowledge::orphans;
use crate::node::casework::cases::content::{Content, merged, parse};
use crate::node::casework::cases::keep::refuse_new_errors;
use crate::node::casework::permits::Covers;
use crate::node::casework::{Desk, Error};
use crate::node::store::cases::Case;
use crate::policy::{Action, Permit};
use crate::record::kinds::case::CaseUpdated;

/// What to change of a case: values by path, null clears; `title` is a field too.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CaseChange {
    /// Values by path.
    pub fields: BTreeMap<String, serde_json::Value>,
}

impl Desk {
    /// Changes a case.
    ///
    /// # Errors
    /// [`Error::Invalid`] with the path of each unsound field, [`Error::Conflict`] if somebody else was first.
    pub async fn update_case(&self, permit: &Permit, input: CaseChange) -> Result<CaseView, Error> {
        let id = permit.object_for(Action::CaseUpdate)?;
        let mut fields = input.fields;
        let title = title_of(fields.remove("title"))?;
        let changes = parse(&fields)?;
        if title.is_none() && changes.is_empty() {
            return Err(Error::invalid("fields", "name a field to change"));
        }
        self.change_case(permit, id, title, changes).await?;
        self.case_view(id).await
    }

    /// Writes a change of content.
    pub(crate) async fn change_case(
        &self,
        permit: &Permit,
        id: ObjectId,
        title: Option<String>,
        changes: Content,
    ) -> Result<(), Error> {
        let standing = self.standing(id).await?;
        let mut changes = changes;
        changes.extend(orphans(&merged(&standing.content, &changes)));
        let content = merged(&standing.content, &changes);
        refuse_new_errors(&standing.content, &content)?;
        let payload = CaseUpdated { title: title.clone(), content: changes.into_iter().collect() };
        let case = Case { title: title.unwrap_or(standing.case.title), ..standing.case };
        let write = self.case_write(permit, &payload, case, &content).await?;
        self.keep_case("update_case", write).await
    }
}

fn title_of(title: Option<serde_json::Value>) -> Result<Option<String>, Error> {
    let Some(title) = title else { return Ok(None) };
    let text = title.as_str().ok_or_else(|| Error::invalid("title", "is a line of text"))?;
    short_text("title", text).map(Some).map_err(|error| Error::invalid("title", error.reason))
}
