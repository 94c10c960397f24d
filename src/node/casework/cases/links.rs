//! Links a case to another one of this node.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::domain::finding::short_text;
use crate::domain::id::{InvalidObjectId, ObjectId};
use crate::node::casework::cases::CaseView;
use crate::node::casework::cases::content::{Content, numbers, text};
use crate::node::casework::cases::keep::Standing;
use crate::node::casework::permits::Covers;
use crate::node::casework::{Desk, Error};
use crate::node::store::cases::Case;
use crate::policy::{Action, Permit};
use crate::record::Value;

/// What to link a case to.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Linking {
    /// The other case.
    pub to: String,
    /// How they belong together.
    pub relation: String,
}

impl Linking {
    /// The other case, for which a permit to read is needed.
    ///
    /// # Errors
    /// If it is no id.
    pub fn other(&self) -> Result<ObjectId, Error> {
        self.to.parse().map_err(|error: InvalidObjectId| Error::invalid("to", error.to_string()))
    }
}

impl Desk {
    /// Links the case of `permit` to the case that `seen` permits to read. A link that is there already is kept.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a case linked to itself, an unsound relation, or a link that would tell of the other case to
    /// officers to whom that one is closed.
    pub async fn link_case(
        &self,
        permit: &Permit,
        seen: &Permit,
        input: Linking,
    ) -> Result<CaseView, Error> {
        let id = permit.object_for(Action::CaseUpdate)?;
        let other = input.other()?;
        seen.covers(Action::CaseRead, Some(other))?;
        if id == other {
            return Err(Error::invalid("to", "a case is not linked to itself"));
        }
        let relation = short_text("relation", &input.relation)
            .map_err(|error| Error::invalid("relation", error.reason))?;
        let Standing { case, content, .. } = self.standing(id).await?;
        refuse_disclosing(&case, &self.case_row(other).await?)?;
        let taken = numbers(&content, "links/");
        let is_there = |number: &u32| {
            text(&content, &format!("links/{number}/to")) == Some(other.to_string().as_str())
                && text(&content, &format!("links/{number}/relation")) == Some(relation.as_str())
        };
        if !taken.iter().any(is_there) {
            let number = taken.last().map_or(0, |last| last.saturating_add(1));
            let changes: Content = [
                (format!("links/{number}/to"), Value::text(other.to_string())),
                (format!("links/{number}/relation"), Value::text(relation)),
            ]
            .into();
            // The number is free only at the head that was read.
            let permit =
                permit.head().map_or_else(|| permit.clone().on_head(case.head), |_| permit.clone());
            self.change_case(&permit, id, None, changes).await?;
        }
        self.case_view(id).await
    }
}

/// Whoever may read a case sees what it is linked to; so it is linked to no case that is protected more strictly.
fn refuse_disclosing(case: &Case, other: &Case) -> Result<(), Error> {
    let is_within = other.compartment.is_empty() || other.compartment == case.compartment;
    if is_within && other.level <= case.level {
        return Ok(());
    }
    let advice = "is protected more strictly than this case, which would tell of it: link that case to this one instead";
    Err(Error::invalid("to", advice))
}
