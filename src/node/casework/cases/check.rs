//! Compares what lists and views read of a case with its records; repairs nothing.

use std::collections::BTreeMap;

use crate::domain::id::ObjectId;
use crate::node::casework::cases::content::Content;
use crate::node::casework::cases::due::{due, rows};
use crate::node::casework::{Desk, Error};
use crate::node::store::{StoreError, deadlines};
use crate::record::kinds::case::{CaseOpened, KINDS, PROPOSAL};
use crate::record::{Payload, StatementHash, Value};

impl Desk {
    /// In what the projection of a case differs from its records, by path; nothing if it is sound.
    ///
    /// # Errors
    /// If there is no such case, or a record cannot be read.
    pub async fn case_differences(&self, id: ObjectId) -> Result<Vec<String>, Error> {
        let case = self.case_row(id).await?;
        let mut expected: BTreeMap<String, (Value, StatementHash, usize)> = BTreeMap::new();
        let (mut head, mut length, mut workflow) = (None, 0_i64, None);
        for held in self.own_held_of(id).await? {
            if !KINDS.contains(&held.common().kind.as_str()) {
                continue;
            }
            workflow = held.common().profile;
            let hash = held.statement().hash();
            for (path, index, value) in held.fields().free() {
                if *value == Value::Null {
                    expected.remove(path);
                } else {
                    expected.insert(path.to_owned(), (value.clone(), hash, index));
                }
            }
            head = Some(hash);
            length = length.saturating_add(1);
        }
        let mut found: BTreeMap<_, _> = self
            .current_fields(CaseOpened::KIND, id)
            .await?
            .into_iter()
            .map(|(path, field)| (path, (field.value, field.record, field.index)))
            .collect();
        let signed = expected.iter().map(|(path, (value, _, _))| (path.clone(), value.clone()));
        let mut differences = self.due_differences(id, &case.status, &signed.collect()).await?;
        for (name, shown) in
            [("title", case.title), ("status", case.status), ("reference", case.reference)]
        {
            let signed = expected.get(name).and_then(|(value, _, _)| value.as_text());
            if signed != Some(shown.as_str()) {
                differences.push(name.to_owned());
            }
        }
        let proposed = expected.get(PROPOSAL[0]).and_then(|(value, _, _)| value.as_text());
        if proposed.unwrap_or_default() != case.pending {
            differences.push("pending".to_owned());
        }
        if workflow != Some(case.workflow) {
            differences.push("workflow".to_owned());
        }
        if head != Some(StatementHash(case.head)) || length != case.version {
            differences.push("head".to_owned());
        }
        for (path, signed) in expected {
            if found.remove(&path).as_ref() != Some(&signed) {
                differences.push(path);
            }
        }
        differences.extend(found.into_keys());
        Ok(differences)
    }

    async fn due_differences(
        &self,
        id: ObjectId,
        status: &str,
        signed: &Content,
    ) -> Result<Vec<String>, Error> {
        let (id, due) = (id.to_string(), due(status, signed));
        let (mut expected, found) = self
            .store
            .read("due_differences", move |tx| {
                Box::pin(async move {
                    Ok((rows(tx, &id, &due).await?, deadlines::of_object(tx, &id).await?))
                })
            })
            .await
            .map_err(|error: StoreError| Error::from(error))?;
        expected.sort_by(|one, other| one.place.cmp(&other.place));
        let is_same = expected == found;
        Ok(if is_same { Vec::new() } else { vec!["deadlines".to_owned()] })
    }
}
