//! What an officer should look at in the content of a case, by the types of the domain; changes nothing.

mod item;
mod work;

use std::collections::BTreeSet;

use crate::domain::amount::{Money, Quantity};
use crate::domain::case::{
    Basis, Consignment, GoodsLine, HsEdition, Subject, SubjectKind, SubjectRole, TransportMode,
};
use crate::domain::finding::{Finding, Severity};
use crate::domain::handling::Grading;
use crate::domain::identifier::{Identifier, Scheme};
use crate::domain::time::Date;
use crate::node::casework::cases::content::{Content, identifiers, numbers};
use crate::node::casework::cases::findings::item::{Item, amount};
use crate::record::Value;

/// Errors and warnings on a content; what is only worth knowing is left out.
pub(crate) fn findings(content: &Content) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (place, identifier) in identifiers(content) {
        // Those of subjects and consignments are judged with them.
        if place.starts_with("identifiers/") {
            findings.extend(identifier.findings(&place));
        }
    }
    for number in numbers(content, "subjects/") {
        subject(&Item::new(content, &format!("subjects/{number}")), &mut findings);
    }
    for number in numbers(content, "goods/") {
        goods(&Item::new(content, &format!("goods/{number}")), &mut findings);
    }
    for number in numbers(content, "consignments/") {
        consignment(&Item::new(content, &format!("consignments/{number}")), &mut findings);
    }
    work::judge(content, &mut findings);
    findings.retain(|finding| finding.severity != Severity::Info);
    findings
}

/// The identifiers to search by: those of the lists, tariff codes, and leaves of a consignment named after a scheme.
pub(crate) fn searchable(content: &Content) -> Vec<(String, Identifier)> {
    let mut found: Vec<_> = identifiers(content).into_iter().collect();
    for (path, value) in content {
        let Some((scheme, text)) = leaf_scheme(path).zip(value.as_text()) else { continue };
        if let Ok(identifier) = Identifier::observe(scheme, text) {
            found.push((path.clone(), identifier));
        }
    }
    found
}

/// The scheme that the name of a leaf tells: `goods/N/hs`, `goods/N/origin`, `consignments/N/container` and the like.
fn leaf_scheme(path: &str) -> Option<Scheme> {
    let mut parts = path.split('/');
    let (family, _, name) = (parts.next()?, parts.next()?, parts.next()?);
    match (family, parts.next()) {
        ("goods", None) if name == "hs" => Some(Scheme::Hs),
        ("goods", None) if name == "origin" => Some(Scheme::Country),
        ("consignments", None) => name.parse().ok(),
        (_, _) => None,
    }
}

fn subject(item: &Item<'_>, findings: &mut Vec<Finding>) {
    let Some(name) = item.text("name") else {
        findings.push(item.error("name", "is missing; write 'unknown' if it is not known"));
        return;
    };
    let kind = item.word("kind", findings);
    if item.text("kind").is_none() {
        findings.push(item.warning("kind", "is missing; say person or organisation"));
    }
    let role = item.word("role", findings);
    if item.text("role").is_none() {
        findings.push(item.warning("role", "is missing; say suspect, witness, contact or other"));
    }
    item.check::<Grading>("grading", findings);
    item.check::<Date>("cleared", findings);
    let subject =
        Subject::new(kind.unwrap_or(SubjectKind::Person), role.unwrap_or(SubjectRole::Other), name);
    match subject {
        Ok(subject) => {
            let subject = Subject {
                basis: item.word("basis", findings).unwrap_or(Basis::Assessment),
                born: item.word("born", findings),
                identifiers: item.identifiers(),
                ..subject
            };
            item.adopt(subject.findings(), findings);
        }
        Err(error) => findings.push(item.impossible("name", &error)),
    }
}

fn goods(item: &Item<'_>, findings: &mut Vec<Finding>) {
    let description = item.text("description");
    if description.is_none() {
        findings.push(item.warning("description", "is missing; say what the goods are"));
    }
    let line = match GoodsLine::new(description.unwrap_or("goods")) {
        Ok(line) => line,
        Err(error) => {
            findings.push(item.impossible("description", &error));
            return;
        }
    };
    let line = GoodsLine {
        code: item.observe("hs", Scheme::Hs, findings),
        edition: edition(item, findings),
        origin: item.observe("origin", Scheme::Country, findings),
        quantity: amount(item, "quantity", "unit", Quantity::parse, findings),
        value: amount(item, "value", "currency", Money::parse, findings),
        identifiers: item.identifiers(),
        ..line
    };
    item.adopt(line.findings(), findings);
    valuation(item, findings);
}

/// Method 1 to 6 of the WTO Valuation Agreement, and what was declared and assessed by it (R14).
fn valuation(item: &Item<'_>, findings: &mut Vec<Finding>) {
    let method = item.content.get(&item.path("valuation_method"));
    let is_method = |value: &Value| match value {
        Value::Int(method) => (1..=6).contains(method),
        Value::Text(method) => matches!(method.trim(), "1" | "2" | "3" | "4" | "5" | "6"),
        Value::Null | Value::Bool(_) | Value::Bytes(_) | Value::Array(_) | Value::Map(_) => false,
    };
    if method.is_some_and(|value| !is_method(value)) {
        let reason = "is 1 to 6, the methods of the WTO Valuation Agreement";
        findings.push(item.error("valuation_method", reason));
    }
    for name in ["declared_value", "assessed_value"] {
        if let Some(money) = amount(item, name, "currency", Money::parse, findings) {
            let found = money.findings().into_iter();
            findings.extend(found.map(|finding| Finding { path: item.path(name), ..finding }));
        }
    }
}

fn edition(item: &Item<'_>, findings: &mut Vec<Finding>) -> Option<HsEdition> {
    let year = match item.content.get(&item.path("hs_edition"))? {
        Value::Int(year) => u16::try_from(*year).ok(),
        Value::Text(year) => year.trim().parse().ok(),
        Value::Null | Value::Bool(_) | Value::Bytes(_) | Value::Array(_) | Value::Map(_) => None,
    };
    match HsEdition::new(year.unwrap_or(0)) {
        Ok(edition) => Some(edition),
        Err(error) => {
            findings.push(item.impossible("hs_edition", &error));
            None
        }
    }
}

fn consignment(item: &Item<'_>, findings: &mut Vec<Finding>) {
    let mut found = item.identifiers();
    let mut seen = BTreeSet::new();
    for path in item.content.keys() {
        let Some(name) = path.strip_prefix(&item.path("")) else { continue };
        if let Some(scheme) = leaf_scheme(path)
            && seen.insert(name.to_owned())
            && let Some(identifier) = item.observe(name, scheme, findings)
        {
            findings.extend(identifier.findings(path));
            found.push(identifier);
        }
    }
    let mode = item.word("mode", findings).unwrap_or(TransportMode::Unknown);
    match Consignment::new(mode, found) {
        Ok(consignment) => {
            let place = |name: &str, findings: &mut Vec<Finding>| {
                let is_country = item.text(name).is_some_and(|text| text.trim().len() <= 3);
                let scheme = if is_country { Scheme::Country } else { Scheme::Unlocode };
                item.observe(name, scheme, findings)
            };
            let consignment = Consignment {
                departure: place("departure", findings),
                destination: place("destination", findings),
                // Those above are judged under their own names.
                identifiers: item.identifiers(),
                ..consignment
            };
            item.adopt(consignment.findings(), findings);
        }
        Err(error) => findings.push(item.warning("identifiers", &error.reason)),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::json;

    use super::*;
    use crate::node::casework::cases::content::parse;

    fn judged(json: serde_json::Value) -> BTreeMap<String, Severity> {
        let fields = serde_json::from_value(json).unwrap();
        let found = findings(&parse(&fields).unwrap());
        found.into_iter().map(|finding| (finding.path, finding.severity)).collect()
    }

    #[test]
    fn a_sound_content_has_nothing_to_look_at() {
        let found = judged(json!({
            "subjects/0/name": "Tea House Ltd", "subjects/0/kind": "organisation",
            "subjects/0/role": "suspect",
            "goods/0/description": "cigarettes", "goods/0/hs": "240220",
            "goods/0/hs_edition": 2022, "goods/0/origin": "NL",
            "goods/0/quantity": "1000", "goods/0/unit": "KGM",
            "goods/0/value": "1250.50", "goods/0/currency": "EUR",
            "consignments/0/mode": "sea", "consignments/0/container": "CSQU3054383",
            "consignments/0/departure": "NLRTM", "consignments/0/colour": "blue",
        }));
        assert_eq!(found, BTreeMap::new());
    }

    #[test]
    fn what_means_nothing_alone_is_an_error_at_its_field() {
        let found = judged(json!({
            "subjects/0/role": "suspect",
            "goods/0/hs": "240220", "goods/0/value": "1", "goods/1/description": "x",
            "goods/1/origin": "12", "consignments/0/mode": "camel",
        }));
        let error =
            |path: &str| assert_eq!(found.get(path), Some(&Severity::Error), "{path} {found:?}");
        error("subjects/0/name");
        error("goods/0/hs_edition");
        error("goods/0/currency");
        error("goods/1/origin");
        error("consignments/0/mode");
    }

    #[test]
    fn a_forged_number_on_a_paper_is_a_warning() {
        let found = judged(json!({"consignments/0/container": "CSQU3054384"}));
        assert_eq!(found.get("consignments/0/container"), Some(&Severity::Warning));
    }

    #[test]
    fn tariff_codes_and_named_leaves_can_be_searched() {
        let fields = serde_json::from_value(json!({
            "goods/0/hs": "2402.20", "consignments/3/mrn": "21GB00014210026352",
        }))
        .unwrap();
        let found = searchable(&parse(&fields).unwrap());
        let found: Vec<_> =
            found.iter().map(|(p, i)| (p.as_str(), i.normalised.as_str())).collect();
        assert_eq!(found, [("consignments/3/mrn", "21GB00014210026352"), ("goods/0/hs", "240220")]);
    }
}
