//! Warnings on a case that an officer acknowledged, and those that are open (R52).
//!
//! What is acknowledged is kept beside the item that it is about, with the value that was seen: an erasure of the item
//! takes it along, and another value is a warning again.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::Deserialize;

use crate::domain::finding::{Finding, Severity, short_text};
use crate::node::casework::cases::CaseView;
use crate::node::casework::cases::content::{Content, merged, text};
use crate::node::casework::cases::findings::findings;
use crate::node::casework::permits::Covers;
use crate::node::casework::{Desk, Error};
use crate::policy::{Action, Permit};
use crate::record::Value;
use crate::record::kinds::case::CaseAcknowledged;

/// The part of a path that says that a warning was acknowledged.
pub(crate) const ACKNOWLEDGED: &str = "acknowledged";

/// Warnings that an officer has looked at.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Acknowledgement {
    /// The paths of the warnings.
    pub paths: Vec<String>,
    /// Why they stand as they are.
    pub reason: String,
}

impl Desk {
    /// Acknowledges warnings of the case of the permit: the values stand although something is odd about them.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a path without a warning, [`Error::Conflict`] if the case was changed since the head of the permit.
    pub async fn acknowledge_warnings(
        &self,
        permit: &Permit,
        input: Acknowledgement,
    ) -> Result<CaseView, Error> {
        let id = permit.object_for(Action::CaseUpdate)?;
        let reason = short_text("reason", &input.reason)
            .map_err(|error| Error::invalid("reason", error.reason))?;
        let standing = self.standing(id).await?;
        let warnings = warnings(&standing.content);
        if input.paths.is_empty() {
            return Err(Error::invalid("paths", "name the paths of the warnings"));
        }
        let mut content = Content::new();
        for path in &input.paths {
            let Some(message) = warnings.get(path) else {
                return Err(Error::invalid(path, "has no warning that could be acknowledged"));
            };
            let place = place(path);
            content.insert(format!("{place}/message"), Value::text(message.as_str()));
            content.insert(format!("{place}/value"), value_at(&standing.content, path));
            content.insert(format!("{place}/reason"), Value::text(reason.as_str()));
        }
        let merged = merged(&standing.content, &content);
        let payload = CaseAcknowledged { content: content.into_iter().collect() };
        let write = self.case_write(permit, &payload, standing.case, &merged).await?;
        self.keep_case("acknowledge", write).await?;
        self.case_view(id).await
    }
}

/// The warnings that nobody acknowledged.
pub(crate) fn open_warnings(content: &Content) -> Vec<Finding> {
    let mut found = findings(content);
    let acknowledged = acknowledged(content);
    found.retain(|finding| {
        finding.severity == Severity::Warning && !acknowledged.contains_key(&finding.path)
    });
    found
}

/// The paths whose warnings were acknowledged as they are now, each with the place where that is kept.
pub(crate) fn acknowledged(content: &Content) -> BTreeMap<String, String> {
    let warnings = warnings(content).into_iter();
    warnings
        .filter(|(path, message)| is_acknowledged(content, path, message))
        .map(|(path, _)| (path.clone(), place(&path)))
        .collect()
}

/// Clears what is left of items of which nothing else is left.
pub(crate) fn orphans(content: &Content) -> Content {
    let is_kept = |path: &str| path.split('/').nth(2) == Some(ACKNOWLEDGED);
    let items: BTreeSet<String> =
        content.keys().filter(|path| !is_kept(path)).map(|p| item(p)).collect();
    let left = content.keys().filter(|path| is_kept(path) && !items.contains(&item(path)));
    left.map(|path| (path.clone(), Value::Null)).collect()
}

fn is_acknowledged(content: &Content, path: &str, message: &str) -> bool {
    let place = place(path);
    let seen = content.get(&format!("{place}/value")).cloned().unwrap_or(Value::Null);
    text(content, &format!("{place}/message")) == Some(message) && seen == value_at(content, path)
}

/// What the warnings of each path say.
fn warnings(content: &Content) -> BTreeMap<String, String> {
    let mut warnings: BTreeMap<String, String> = BTreeMap::new();
    for finding in findings(content) {
        if finding.severity == Severity::Warning {
            let said = warnings.entry(finding.path).or_default();
            if !said.is_empty() {
                said.push_str("; ");
            }
            said.push_str(&finding.message);
        }
    }
    warnings
}

/// The value that a warning is about; that of an identifier is what was observed.
fn value_at(content: &Content, path: &str) -> Value {
    let value = content.get(path).or_else(|| content.get(&format!("{path}/observed")));
    value.cloned().unwrap_or(Value::Null)
}

/// The item of a path: `goods/0` of `goods/0/hs`.
fn item(path: &str) -> String {
    path.split('/').take(2).collect::<Vec<_>>().join("/")
}

/// Beside the item, so that it goes with it.
fn place(path: &str) -> String {
    let rest: Vec<_> = path.split('/').skip(2).collect();
    let rest = if rest.is_empty() { "item".to_owned() } else { rest.join(".") };
    format!("{}/{ACKNOWLEDGED}/{rest}", item(path))
}
