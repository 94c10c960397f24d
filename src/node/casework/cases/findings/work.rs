//! What an officer should look at in tasks, tracks, seizures, documents, interviews, inspections and holds; changes nothing.

use std::collections::BTreeSet;

use crate::domain::amount::Quantity;
use crate::domain::case::{DocumentType, TaskState, Track, TrackOutcome, TrackStatus};
use crate::domain::finding::Finding;
use crate::domain::time::Date;
use crate::node::casework::cases::content::{Content, numbers};
use crate::node::casework::cases::findings::item::{Item, amount};
use crate::record::Value;

/// What looks at one item of a family.
type Judge = fn(&Item<'_>, &mut Vec<Finding>);

/// Adds the findings of all these families.
pub(super) fn judge(content: &Content, findings: &mut Vec<Finding>) {
    let families: [(&str, Judge); 6] = [
        ("tasks", task),
        ("seizures", seizure),
        ("documents", document),
        ("interviews", interview),
        ("inspections", inspection),
        ("holds", hold),
    ];
    for (family, judge) in families {
        for number in numbers(content, &format!("{family}/")) {
            judge(&Item::new(content, &format!("{family}/{number}")), findings);
        }
    }
    let tracks: BTreeSet<&str> =
        content.keys().filter_map(|path| path.strip_prefix("tracks/")?.split('/').next()).collect();
    for name in tracks {
        track(name, &Item::new(content, &format!("tracks/{name}")), findings);
    }
}

fn task(item: &Item<'_>, findings: &mut Vec<Finding>) {
    if item.text("title").is_none() {
        findings.push(item.error("title", "is missing; say what is to be done"));
    }
    if item.text("state").is_none() {
        findings.push(item.error("state", "is missing; use open, done or dropped"));
    }
    let state = item.word::<TaskState>("state", findings);
    item.check::<Date>("due", findings);
    if state == Some(TaskState::Dropped) && item.text("result").is_none() {
        findings.push(item.warning("result", "is missing; say why the task was dropped"));
    }
}

fn track(name: &str, item: &Item<'_>, findings: &mut Vec<Finding>) {
    let track: Track = match name.parse() {
        Ok(track) => track,
        Err(error) => {
            let message = format!("{error}");
            findings.push(Finding::error(&format!("tracks/{name}"), &message));
            return;
        }
    };
    let status = item.word::<TrackStatus>("status", findings);
    let outcome = item.word::<TrackOutcome>("outcome", findings);
    item.check::<Date>("opened", findings);
    item.check::<Date>("closed", findings);
    if let Some(outcome) = outcome.filter(|outcome| outcome.track() != track) {
        let of: Vec<&str> = TrackOutcome::ALL
            .iter()
            .filter(|outcome| outcome.track() == track)
            .map(|outcome| outcome.name())
            .collect();
        let reason = format!("{outcome} is no outcome of the {track} track: use {}", of.join(", "));
        findings.push(item.error("outcome", &reason));
    }
    if status == Some(TrackStatus::Closed) && outcome.is_none() {
        findings.push(item.warning("outcome", "is missing; a track is closed with its outcome"));
    }
}

fn seizure(item: &Item<'_>, findings: &mut Vec<Finding>) {
    for (name, reason) in [
        ("description", "is missing; say what was seized"),
        ("legal_power", "is missing; name the law that allowed the seizure"),
        ("quantity", "is missing; say how much was seized"),
        ("at", "is missing; say when it was seized"),
    ] {
        if !item.content.contains_key(&item.path(name)) {
            findings.push(item.warning(name, reason));
        }
    }
    if let Some(quantity) = amount(item, "quantity", "unit", Quantity::parse, findings) {
        let found = quantity.findings().into_iter();
        findings.extend(found.map(|finding| Finding { path: item.path("quantity"), ..finding }));
    }
    item.check::<Date>("at", findings);
    for identifier in item.identifiers() {
        findings.extend(identifier.findings(&item.path("identifiers")));
    }
}

fn document(item: &Item<'_>, findings: &mut Vec<Finding>) {
    if item.text("type").is_none() {
        findings.push(item.warning("type", "is missing; say manifest, invoice, declaration, .."));
    }
    item.check::<DocumentType>("type", findings);
    item.check::<Date>("date", findings);
    for identifier in item.identifiers() {
        findings.extend(identifier.findings(&item.path("identifiers")));
    }
}

fn interview(item: &Item<'_>, findings: &mut Vec<Finding>) {
    item.check::<Date>("at", findings);
    match item.content.get(&item.path("subject")) {
        Some(Value::Int(number)) => {
            if !numbers(item.content, "subjects/").iter().any(|n| i128::from(*n) == *number) {
                // It may have been erased, so the rest of the case must stay open to changes.
                let reason = format!("there is no subjects/{number} in the case");
                findings.push(item.warning("subject", &reason));
            }
        }
        Some(_) => findings.push(item.error("subject", "is the number of a subject, such as 0")),
        None => findings.push(item.warning("subject", "is missing; say which subject was heard")),
    }
    match item.content.get(&item.path("rights_read")) {
        Some(Value::Bool(true)) => {}
        Some(Value::Bool(false)) | None => {
            findings.push(item.warning("rights_read", "the person was not told of their rights"));
        }
        Some(_) => findings.push(item.error("rights_read", "is true or false")),
    }
}

fn inspection(item: &Item<'_>, findings: &mut Vec<Finding>) {
    item.check::<Date>("at", findings);
    if item.text("place").is_none() {
        findings.push(item.warning("place", "is missing; say where it was inspected"));
    }
}

/// A legal hold: what keeps data from being erased until it is lifted.
fn hold(item: &Item<'_>, findings: &mut Vec<Finding>) {
    if item.text("proceeding").is_none() {
        findings.push(item.error("proceeding", "is missing; name the proceeding or court order"));
    }
    if item.text("review").is_none() {
        findings.push(item.error("review", "is missing; say when the hold is reviewed"));
    }
    item.check::<Date>("review", findings);
    item.check::<Date>("lifted", findings);
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::json;

    use crate::domain::finding::Severity::{self, Error, Warning};
    use crate::node::casework::cases::content::parse;
    use crate::node::casework::cases::findings::findings;

    fn judged(json: serde_json::Value) -> BTreeMap<String, Severity> {
        let fields = serde_json::from_value(json).unwrap();
        let found = findings(&parse(&fields).unwrap());
        found.into_iter().map(|finding| (finding.path, finding.severity)).collect()
    }

    #[test]
    fn a_sound_file_has_nothing_to_look_at() {
        let found = judged(json!({
            "subjects/0/name": "A. Person", "subjects/0/kind": "person", "subjects/0/role": "witness",
            "subjects/0/grading": "B2",
            "goods/0/description": "tea", "goods/0/valuation_method": 1, "goods/0/currency": "EUR",
            "goods/0/declared_value": "100.00", "goods/0/assessed_value": "1250.50",
            "tasks/0/title": "Weigh the goods", "tasks/0/state": "done", "tasks/0/due": "2026-12-01",
            "tracks/investigation/status": "closed", "tracks/investigation/outcome": "substantiated",
            "seizures/0/description": "cigarettes", "seizures/0/quantity": "10", "seizures/0/unit": "KGM",
            "seizures/0/legal_power": "Art. 198 UCC", "seizures/0/at": "2026-11-20",
            "documents/0/type": "invoice", "documents/0/date": "2026-11-01",
            "interviews/0/subject": 0, "interviews/0/rights_read": true, "interviews/0/at": "2026-11-21",
            "inspections/0/place": "Berth 7", "inspections/0/at": "2026-11-20",
        }));
        assert_eq!(found, BTreeMap::new());
    }

    #[test]
    fn each_unsound_value_is_told_at_its_field() {
        let found = judged(json!({
            "subjects/0/name": "A", "subjects/0/kind": "person", "subjects/0/role": "suspect",
            "subjects/0/grading": "Z9",
            "goods/0/description": "tea", "goods/0/valuation_method": 7, "goods/0/declared_value": "1",
            "tasks/0/result": "x", "tasks/1/title": "a", "tasks/1/state": "dropped", "tasks/1/due": "soon",
            "tracks/criminal/status": "open", "tracks/judicial/outcome": "penalty",
            "tracks/administrative/status": "closed",
            "seizures/0/unit": "KGM", "documents/0/type": "letter",
            "holds/0/reason": "x", "holds/0/lifted": "now",
            "interviews/0/subject": 4, "interviews/0/rights_read": "yes", "inspections/0/at": "1",
        }));
        let expected = [
            ("subjects/0/grading", Error),
            ("goods/0/valuation_method", Error),
            ("goods/0/currency", Error),
            ("tasks/0/title", Error),
            ("tasks/0/state", Error),
            ("tasks/1/due", Error),
            ("tasks/1/result", Warning),
            ("tracks/criminal", Error),
            ("tracks/judicial/outcome", Error),
            ("tracks/administrative/outcome", Warning),
            ("seizures/0/description", Warning),
            ("seizures/0/legal_power", Warning),
            ("seizures/0/quantity", Warning),
            ("documents/0/type", Error),
            ("holds/0/proceeding", Error),
            ("holds/0/review", Error),
            ("holds/0/lifted", Error),
            ("interviews/0/subject", Warning),
            ("interviews/0/rights_read", Error),
            ("inspections/0/at", Error),
            ("inspections/0/place", Warning),
        ];
        for (path, severity) in expected {
            assert_eq!(found.get(path), Some(&severity), "{path}: {found:?}");
        }
    }
}
