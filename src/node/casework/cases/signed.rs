//! What the records of a case make of it, all or the first so many of them; reads nothing.

use std::collections::BTreeMap;

use crate::node::casework::Held;
use crate::node::casework::cases::content::Content;
use crate::node::casework::cases::keep::ACTS;
use crate::node::store::cases::Case;
use crate::record::kinds::case::{CaseMoved, CaseOpened, KINDS, PROPOSAL, PROTECTION};
use crate::record::kinds::keeping::{RESTRICTION, REVIEW_BY};
use crate::record::{Payload, StatementHash, Value};

/// What the records of a case make of it.
#[derive(Default)]
pub(super) struct Signed {
    /// Values with the record and leaf that set them.
    pub(super) fields: BTreeMap<String, (Value, StatementHash, usize)>,
    /// The states it entered, and when.
    pub(super) states: Vec<(String, i64)>,
    /// When it was last opened, changed or moved.
    pub(super) acted_at: i64,
    /// Its workflow.
    pub(super) workflow: Option<[u8; 32]>,
    /// The newest record.
    pub(super) head: Option<StatementHash>,
    /// How many records there are.
    pub(super) length: i64,
    /// The version in which each path was set or cleared last.
    pub(super) touched: BTreeMap<String, i64>,
}

/// The records that make up a case.
pub(super) fn of_case(records: &[Held]) -> impl Iterator<Item = &Held> {
    records.iter().filter(|held| KINDS.contains(&held.common().kind.as_str()))
}

impl Signed {
    /// From the records of a case, oldest first; others among them are passed over.
    pub(super) fn of(records: &[Held]) -> Self {
        Self::first(records, i64::MAX)
    }

    /// From the first so many of them.
    pub(super) fn first(records: &[Held], versions: i64) -> Self {
        let mut signed = Self::default();
        for held in of_case(records).take(usize::try_from(versions).unwrap_or(usize::MAX)) {
            let (common, hash) = (held.common(), held.statement().hash());
            if [CaseOpened::KIND, CaseMoved::KIND].contains(&common.kind.as_str())
                && let Ok(status) = held.fields().text("status")
            {
                signed.states.push((status, common.authored_at.0));
            }
            if ACTS.contains(&common.kind.as_str()) {
                signed.acted_at = common.authored_at.0;
            }
            signed.length = signed.length.saturating_add(1);
            for (path, index, value) in held.fields().free() {
                signed.touched.insert(path.to_owned(), signed.length);
                if *value == Value::Null {
                    signed.fields.remove(path);
                } else {
                    signed.fields.insert(path.to_owned(), (value.clone(), hash, index));
                }
            }
            signed.workflow = common.profile;
            signed.head = Some(hash);
        }
        signed
    }

    /// The text at a path, or none.
    pub(super) fn text(&self, path: &str) -> &str {
        self.fields.get(path).and_then(|(value, _, _)| value.as_text()).unwrap_or_default()
    }

    fn int(&self, path: &str) -> Option<i64> {
        match self.fields.get(path)? {
            (Value::Int(int), _, _) => i64::try_from(*int).ok(),
            _ => None,
        }
    }

    /// The classification level.
    fn level(&self) -> i64 {
        let level = self.fields.get(PROTECTION[0]).and_then(|(value, _, _)| value.as_int());
        level.unwrap_or(0)
    }

    /// The values.
    pub(super) fn content(&self) -> Content {
        self.fields.iter().map(|(path, (value, _, _))| (path.clone(), value.clone())).collect()
    }

    /// The columns of a row that differ.
    pub(super) fn columns(&self, case: &Case) -> Vec<&'static str> {
        let since = self.states.last().map(|(_, at)| *at);
        let is_proposed = case.proposer.is_empty() == case.pending.is_empty();
        let same = [
            ("title", self.text("title") == case.title),
            ("status", self.text("status") == case.status),
            ("reference", self.text("reference") == case.reference),
            ("case_type", self.text("case_type") == case.case_type),
            ("unit", self.text("unit") == case.unit),
            ("compartment", self.text(PROTECTION[1]) == case.compartment),
            ("level", self.level() == case.level),
            ("pending", self.text(PROPOSAL[0]) == case.pending && is_proposed),
            ("workflow", self.workflow == Some(case.workflow)),
            ("status_since", since == Some(case.status_since)),
            ("head", self.head == Some(StatementHash(case.head))),
            ("opened_at", self.states.first().map(|(_, at)| *at) == Some(case.opened_at)),
            ("acted_at", self.acted_at == case.acted_at),
            ("review_by", self.int(REVIEW_BY) == case.review_by),
            ("restricted", self.text(RESTRICTION) == case.restricted),
            ("version", self.length == case.version),
        ];
        same.into_iter().filter(|(_, is_same)| !is_same).map(|(column, _)| column).collect()
    }
}
