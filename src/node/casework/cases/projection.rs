//! The current value of each field of an object, sealed beside the record and leaf that set it; decides no change.

use std::collections::BTreeMap;

use crate::domain::id::ObjectId;
use crate::node::casework::append::{Prepared, main_group};
use crate::node::casework::cases::content::Content;
use crate::node::casework::{Desk, Error};
use crate::node::keys::KeyGroup;
use crate::node::store::object_fields::{self, ObjectField};
use crate::node::store::{StoreError, Tx};
use crate::record::kinds::case::{CONFLICTS, PROPOSAL};
use crate::record::{StatementHash, Value};

/// A field as it stands, and where it was signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CurrentField {
    /// The value.
    pub(crate) value: Value,
    /// The record that set it.
    pub(crate) record: StatementHash,
    /// The leaf of that record.
    pub(crate) index: usize,
}

/// What a record changes of an object's current fields.
#[derive(Debug)]
pub(crate) struct FieldChanges {
    set: Vec<ObjectField>,
    cleared: Vec<String>,
    object: String,
}

impl FieldChanges {
    /// Whether a field below a path is set or cleared.
    pub(crate) fn touches(&self, prefix: &str) -> bool {
        let set = self.set.iter().map(|field| &field.path);
        set.chain(&self.cleared).any(|path| path.starts_with(prefix))
    }

    /// Writes the changes.
    pub(crate) async fn apply(&self, tx: &mut Tx) -> Result<(), StoreError> {
        if !self.cleared.is_empty() {
            object_fields::clear(tx, &self.object, &self.cleared).await?;
        }
        if !self.set.is_empty() {
            object_fields::put_all(tx, &self.set).await?;
        }
        Ok(())
    }
}

impl Desk {
    /// Seals every free field of a record as the current value; null clears.
    pub(crate) async fn field_changes(&self, prepared: &Prepared) -> Result<FieldChanges, Error> {
        let common = prepared.held.common();
        let (object, hash) = (common.object, prepared.hash());
        let mut changes =
            FieldChanges { set: Vec::new(), cleared: Vec::new(), object: object.to_string() };
        for (path, index, value) in prepared.held.fields().free() {
            if *value == Value::Null {
                changes.cleared.push(path.to_owned());
                continue;
            }
            let key = self.keys.get_or_create(&group_of(&common.kind, object, path)).await?;
            changes.set.push(ObjectField {
                object: object.to_string(),
                path: path.to_owned(),
                value: key.seal(&*self.rng, &aad(object, path, hash), &value.encode()),
                record_hash: hash.0,
                field_index: i64::try_from(index).map_err(Error::internal)?,
            });
        }
        Ok(changes)
    }

    /// The current fields of an object by path; what was erased is not among them. `kind` is that of its records.
    pub(crate) async fn current_fields(
        &self,
        kind: &str,
        object: ObjectId,
    ) -> Result<BTreeMap<String, CurrentField>, Error> {
        let rows = self
            .store
            .read("current_fields", move |tx| {
                Box::pin(async move { object_fields::of_object(tx, &object.to_string()).await })
            })
            .await
            .map_err(|error: StoreError| Error::from(error))?;
        self.open_fields(kind, object, rows).await
    }

    /// Opens rows of current fields.
    pub(crate) async fn open_fields(
        &self,
        kind: &str,
        object: ObjectId,
        rows: Vec<ObjectField>,
    ) -> Result<BTreeMap<String, CurrentField>, Error> {
        let mut fields = BTreeMap::new();
        for row in rows {
            let group = group_of(kind, object, &row.path);
            let Some(key) = self.keys.get(&group).await? else { continue };
            let record = StatementHash(row.record_hash);
            let plain =
                key.open(&aad(object, &row.path, record), &row.value).map_err(Error::internal)?;
            let value = Value::decode(&plain).map_err(Error::internal)?;
            let index = usize::try_from(row.field_index).map_err(Error::internal)?;
            fields.insert(row.path, CurrentField { value, record, index });
        }
        Ok(fields)
    }
}

/// The free content among current fields: what stands under a family, not the title and the like.
pub(crate) fn content_of(fields: &BTreeMap<String, CurrentField>) -> Content {
    let content = fields.iter().filter(|(path, _)| is_content(path));
    content.map(|(path, field)| (path.clone(), field.value.clone())).collect()
}

/// Whether what stands at a path is content, and not the title, a proposal, a conflict of interest and the like.
pub(crate) fn is_content(path: &str) -> bool {
    path.contains('/') && !PROPOSAL.contains(&path) && !path.starts_with(CONFLICTS)
}

/// A move that waits for approval.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Proposal {
    /// The state to move to.
    pub(crate) status: String,
    /// Why.
    pub(crate) reason: String,
    /// The law that the decision rests on.
    pub(crate) legal_basis: Option<String>,
    /// The role that must approve.
    pub(crate) approver: String,
    /// The record that proposes.
    pub(crate) record: StatementHash,
}

/// The proposal among current fields.
pub(crate) fn proposal_of(fields: &BTreeMap<String, CurrentField>) -> Option<Proposal> {
    let text = |path: &str| fields.get(path)?.value.as_text().map(str::to_owned);
    let [status, reason, legal_basis, approver] = PROPOSAL;
    Some(Proposal {
        status: text(status)?,
        reason: text(reason)?,
        legal_basis: text(legal_basis),
        approver: text(approver)?,
        record: fields.get(status)?.record,
    })
}

/// As for the leaves of records: a person's fields lie under a key of their own.
fn group_of(kind: &str, object: ObjectId, path: &str) -> KeyGroup {
    let number = path.strip_prefix("subjects/").and_then(|rest| rest.split('/').next());
    match number.and_then(|number| number.parse().ok()) {
        Some(number) => KeyGroup::subject(object, number),
        None => main_group(kind, object),
    }
}

/// What a sealed value is bound to: object, path and record.
fn aad(object: ObjectId, path: &str, record: StatementHash) -> Vec<u8> {
    let mut aad = object.0.as_bytes().to_vec();
    aad.extend(record.0);
    aad.extend(path.as_bytes());
    aad
}
