//! The case file on paper.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::domain::id::AuthorityName;
use crate::node::casework::case_file::CaseFile;
use crate::node::casework::print::Sheet;

/// The whole file as a page.
pub(super) fn report(authority: &AuthorityName, file: &CaseFile) -> String {
    let case = &file.case;
    let mut sheet = Sheet::new(authority, "Case report", &case.row.title);
    sheet.facts(&[
        ("Authority", Some(file.authority.clone())),
        ("Case", Some(case.row.reference.clone())),
        ("Type", Some(words(&case.row.case_type))),
        ("State", Some(words(&case.row.status))),
        ("Workflow", Some(case.workflow.clone())),
        ("Unit", Some(case.row.unit.clone()).filter(|unit| !unit.is_empty())),
        ("Led by", Some(case.owner.clone())),
        ("Opened", Some(case.row.opened_at.clone())),
        ("Data quality", case.quality.percent.map(|percent| format!("{percent} %"))),
        ("Newest record", Some(case.head.clone())),
        ("Written", Some(format!("{} by {}", file.written_at, file.written_by))),
    ]);
    for left_out in &file.left_out {
        sheet.says(&format!("Left out: {left_out}"));
    }
    content(&mut sheet, file);
    warnings(&mut sheet, file);
    evidence(&mut sheet, file);
    requests(&mut sheet, file);
    sheet.part("Records");
    let rows: Vec<_> = case
        .history
        .iter()
        .map(|one| {
            [
                one.at.clone(),
                one.kind.clone(),
                format!("{} ({})", one.actor, one.role),
                one.log_index.map(|index| index.to_string()).unwrap_or_default(),
                one.hash.clone(),
            ]
        })
        .collect();
    sheet.table(["Time (UTC)", "Record", "Who", "Place in the log", "Hash"], &rows);
    sheet.says(
        "Each record is signed under the key of the authority and stands in its log. This report proves nothing by itself; a \
         court pack of the case does.",
    );
    sheet.end()
}

/// The fields, a part for each family of paths, a row for each value.
fn content(sheet: &mut Sheet, file: &CaseFile) {
    let mut families: BTreeMap<&str, Vec<[String; 2]>> = BTreeMap::new();
    for (path, value) in &file.case.content {
        let (family, rest) = path.split_once('/').unwrap_or((path, ""));
        families.entry(family).or_default().push([words(rest), text(value)]);
    }
    for (family, rows) in families {
        sheet.part(&capital(&words(family)));
        sheet.table(["Field", "Value"], &rows);
    }
}

fn warnings(sheet: &mut Sheet, file: &CaseFile) {
    if file.case.warnings.is_empty() {
        return;
    }
    sheet.part("Warnings");
    let rows: Vec<_> = file
        .case
        .warnings
        .iter()
        .map(|warning| {
            let seen = warning.acknowledged.as_ref();
            let seen = seen.map(|one| format!("{} by {}: {}", one.at, one.by, one.reason));
            [
                warning.finding.path.clone(),
                warning.finding.message.clone(),
                seen.unwrap_or_else(|| "open".to_owned()),
            ]
        })
        .collect();
    sheet.table(["Field", "What is odd", "Acknowledged"], &rows);
}

fn evidence(sheet: &mut Sheet, file: &CaseFile) {
    for item in &file.evidence {
        sheet.part(&format!("Evidence: {}", item.row.description));
        let quantity = item.row.quantity.as_ref();
        let unit = item.row.unit.as_deref().unwrap_or_default();
        sheet.facts(&[
            ("Item", Some(item.row.id.clone())),
            ("Form", Some(words(&item.row.form))),
            ("Quantity now", quantity.map(|quantity| format!("{quantity} {unit}"))),
            ("State", Some(words(&item.row.state))),
            ("Holder", Some(item.row.holder.clone())),
            ("Collected", item.collected_at.clone()),
            ("Place", item.place.clone()),
            ("Legal power", item.legal_power.clone()),
            ("File", item.file_name.clone()),
            ("SHA-256", item.row.sha256.clone()),
        ]);
        let rows: Vec<_> = item
            .custody
            .iter()
            .map(|link| {
                [
                    link.at.clone(),
                    words(&link.event),
                    link.from.clone().unwrap_or_default(),
                    link.to.clone().unwrap_or_default(),
                    link.reason.clone().unwrap_or_default(),
                ]
            })
            .collect();
        sheet.table(["Time (UTC)", "Event", "From", "To", "Why"], &rows);
    }
}

fn requests(sheet: &mut Sheet, file: &CaseFile) {
    for request in &file.requests {
        let verb = if request.direction == "out" { "to" } else { "from" };
        sheet.part(&format!("Request for assistance {verb} {}", request.peer));
        sheet.facts(&[
            ("Request", Some(request.id.clone())),
            ("Instrument", Some(request.instrument.clone())),
            ("State", Some(words(&request.state))),
            ("Answer by", request.answer_by.clone()),
        ]);
        let content: Vec<_> =
            request.content.iter().map(|(path, value)| [words(path), text(value)]).collect();
        sheet.table(["Field", "Value"], &content);
        let acts: Vec<_> = request
            .acts
            .iter()
            .map(|act| {
                [
                    act.at.clone().unwrap_or_default(),
                    words(&act.act),
                    act.author.clone(),
                    act.verdict.clone(),
                ]
            })
            .collect();
        sheet.table(["Time (UTC)", "Act", "Authority", "Effect"], &acts);
    }
}

fn words(name: &str) -> String {
    name.replace('_', " ")
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    first + letters.as_str()
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => value.to_string(),
    }
}
