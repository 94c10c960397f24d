//! Earlier versions of a case and what changed between two of them, from its signed records alone (R36).

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::domain::id::ObjectId;
use crate::node::casework::cases::projection::is_content;
use crate::node::casework::cases::signed::{Signed, of_case};
use crate::node::casework::permits::Covers;
use crate::node::casework::views::{json_content, json_value, time_text};
use crate::node::casework::{Desk, Error, Held};
use crate::policy::{Action, Permit};
use crate::record::Value;

/// A case as it stood after one of its records.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct VersionView {
    /// Its id.
    pub id: String,
    /// The number of the version, from 1.
    pub version: i64,
    /// How many versions there are by now.
    pub versions: i64,
    /// The record that made it.
    pub record: String,
    /// The kind of that record.
    pub kind: String,
    /// Who signed it: pseudonym.
    pub actor: String,
    /// In which role.
    pub role: String,
    /// When.
    pub at: String,
    /// The title.
    pub title: String,
    /// The status.
    pub status: String,
    /// The values by path; what was erased since is not among them.
    pub content: BTreeMap<String, serde_json::Value>,
}

/// Two versions to compare.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DifferenceQuery {
    /// The earlier version; 0 is before the case was opened, without it the one before `to`.
    #[serde(default)]
    pub from: Option<i64>,
    /// The later version; without it the newest.
    #[serde(default)]
    pub to: Option<i64>,
}

/// What changed between two versions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct DifferenceView {
    /// The earlier version.
    pub from: i64,
    /// The later version.
    pub to: i64,
    /// The changes, by path.
    pub changes: Vec<ChangeView>,
}

/// A field that changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ChangeView {
    /// Where.
    pub path: String,
    /// The value before; null if there was none.
    pub before: serde_json::Value,
    /// The value after; null if there is none.
    pub after: serde_json::Value,
    /// The version in which it took this value.
    pub version: i64,
    /// Who changed it: pseudonym.
    pub actor: String,
    /// When.
    pub at: String,
}

impl Desk {
    /// A case as it stood in an earlier version; that it was seen is in the audit trail.
    ///
    /// # Errors
    /// [`Error::NotFound`] if it has no such version.
    pub async fn case_version(&self, permit: &Permit, version: i64) -> Result<VersionView, Error> {
        let id = permit.object_for(Action::CaseRead)?;
        let records = self.versions_of(id).await?;
        let place = usize::try_from(version).ok().and_then(|version| version.checked_sub(1));
        let held = place
            .and_then(|place| of_case(&records).nth(place))
            .ok_or(Error::NotFound("version of the case"))?;
        self.note_seen(permit).await?;
        let (signed, common) = (Signed::first(&records, version), held.common());
        let content = signed.content().into_iter().filter(|(path, _)| is_content(path)).collect();
        Ok(VersionView {
            id: id.to_string(),
            version,
            versions: i64::try_from(of_case(&records).count()).map_err(Error::internal)?,
            record: held.statement().hash().to_string(),
            kind: common.kind.clone(),
            actor: common.actor.clone(),
            role: common.role.clone(),
            at: time_text(common.authored_at.0),
            title: signed.text("title").to_owned(),
            status: signed.text("status").to_owned(),
            content: json_content(&content),
        })
    }

    /// What changed of a case from one version to another.
    ///
    /// # Errors
    /// [`Error::NotFound`] if it has no such version, [`Error::Invalid`] if the earlier is not before the later.
    pub async fn case_difference(
        &self,
        permit: &Permit,
        query: DifferenceQuery,
    ) -> Result<DifferenceView, Error> {
        let id = permit.object_for(Action::CaseRead)?;
        let records = self.versions_of(id).await?;
        let newest = i64::try_from(of_case(&records).count()).map_err(Error::internal)?;
        let to = query.to.unwrap_or(newest);
        let from = query.from.unwrap_or_else(|| to.saturating_sub(1));
        if !(1..=newest).contains(&to) {
            return Err(Error::NotFound("version of the case"));
        }
        if !(0..to).contains(&from) {
            return Err(Error::invalid("from", format!("is a version from 0 to before {to}")));
        }
        self.note_seen(permit).await?;
        Ok(DifferenceView { from, to, changes: changes(&records, from, to) })
    }

    /// The records of a case that is there.
    async fn versions_of(&self, id: ObjectId) -> Result<Vec<Held>, Error> {
        self.case_row(id).await?;
        self.own_held_of(id).await
    }
}

/// What a record says of itself and not of the case.
const OF_THE_RECORD: [&str; 4] = ["approves", "from", "lifts", "refuses"];

fn changes(records: &[Held], from: i64, to: i64) -> Vec<ChangeView> {
    let (before, after) = (Signed::first(records, from), Signed::first(records, to));
    let paths: BTreeSet<&String> = before.fields.keys().chain(after.fields.keys()).collect();
    let value = |signed: &Signed, path: &str| {
        signed.fields.get(path).map_or(Value::Null, |(value, _, _)| value.clone())
    };
    let mut changes = Vec::new();
    for path in paths {
        let (was, is) = (value(&before, path), value(&after, path));
        if was == is || OF_THE_RECORD.contains(&path.as_str()) {
            continue;
        }
        let version = after.touched.get(path).copied().unwrap_or(to);
        let place = usize::try_from(version).unwrap_or(0).saturating_sub(1);
        let Some(held) = of_case(records).nth(place) else { continue };
        changes.push(ChangeView {
            path: path.clone(),
            before: json_value(&was),
            after: json_value(&is),
            version,
            actor: held.common().actor.clone(),
            at: time_text(held.common().authored_at.0),
        });
    }
    changes
}
