//! Compares what lists and views read of a case with its records; repairs nothing.

use std::collections::BTreeMap;

use crate::domain::id::ObjectId;
use crate::node::casework::{Desk, Error};
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
        let mut differences = Vec::new();
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
}
