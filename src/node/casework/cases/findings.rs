//! What an officer should look at in the content of a case, by the types of the domain; changes nothing.

use std::collections::BTreeSet;

use crate::domain::amount::{Money, Quantity};
use crate::domain::case::{
    Basis, Consignment, GoodsLine, HsEdition, Subject, SubjectKind, SubjectRole, TransportMode,
};
use crate::domain::finding::{Finding, ImpossibleValue, Severity};
use crate::domain::identifier::{Identifier, Scheme};
use crate::node::casework::cases::content::{Content, identifiers, numbers, text};
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

/// The scheme that the name of a leaf tells: `goods/N/hs`, `consignments/N/container` and the like.
fn leaf_scheme(path: &str) -> Option<Scheme> {
    let mut parts = path.split('/');
    let (family, _, name) = (parts.next()?, parts.next()?, parts.next()?);
    match (family, parts.next()) {
        ("goods", None) if name == "hs" => Some(Scheme::Hs),
        ("consignments", None) => name.parse().ok(),
        (_, _) => None,
    }
}

/// One item of a family, with its leaves by name.
struct Item<'a> {
    content: &'a Content,
    prefix: String,
}

impl<'a> Item<'a> {
    fn new(content: &'a Content, prefix: &str) -> Self {
        Self { content, prefix: prefix.to_owned() }
    }

    fn path(&self, name: &str) -> String {
        format!("{}/{name}", self.prefix)
    }

    fn text(&self, name: &str) -> Option<&'a str> {
        text(self.content, &self.path(name))
    }

    fn error(&self, name: &str, reason: &str) -> Finding {
        Finding::error(&self.path(name), reason)
    }

    fn impossible(&self, name: &str, error: &ImpossibleValue) -> Finding {
        self.error(name, &error.reason)
    }

    fn warning(&self, name: &str, reason: &str) -> Finding {
        Finding::warning(&self.path(name), reason)
    }

    /// A word of a closed list; absent it is warned of, unknown it is refused.
    fn word<T: std::str::FromStr<Err: std::fmt::Display>>(
        &self,
        name: &str,
        findings: &mut Vec<Finding>,
    ) -> Option<T> {
        let text = self.text(name)?;
        match text.parse() {
            Ok(word) => Some(word),
            Err(error) => {
                findings.push(self.error(name, &error.to_string()));
                None
            }
        }
    }

    fn identifiers(&self) -> Vec<Identifier> {
        let prefix = self.path("identifiers/");
        let all = identifiers(self.content);
        all.into_iter().filter(|(place, _)| place.starts_with(&prefix)).map(|(_, i)| i).collect()
    }

    fn observe(
        &self,
        name: &str,
        scheme: Scheme,
        findings: &mut Vec<Finding>,
    ) -> Option<Identifier> {
        match Identifier::observe(scheme, self.text(name)?) {
            Ok(identifier) => Some(identifier),
            Err(error) => {
                findings.push(self.error(name, &error.to_string()));
                None
            }
        }
    }

    /// Findings of the domain under the names that leaves have here.
    fn adopt(&self, found: Vec<Finding>, findings: &mut Vec<Finding>) {
        findings.extend(found.into_iter().map(|finding| {
            let name = match finding.path.split('/').next() {
                Some("code") => "hs",
                Some("edition") => "hs_edition",
                Some("value") => "value",
                Some(_) | None => finding.path.as_str(),
            };
            Finding { path: self.path(name), ..finding }
        }));
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

/// An amount and its unit or currency, which mean nothing apart.
fn amount<T>(
    item: &Item<'_>,
    name: &str,
    unit: &str,
    parse: impl Fn(&str, &str) -> Result<T, ImpossibleValue>,
    findings: &mut Vec<Finding>,
) -> Option<T> {
    let whole = match item.content.get(&item.path(name))? {
        Value::Int(int) => int.to_string(),
        Value::Text(text) => text.clone(),
        Value::Null | Value::Bool(_) | Value::Bytes(_) | Value::Array(_) | Value::Map(_) => {
            findings.push(item.error(name, "is not a decimal number"));
            return None;
        }
    };
    let Some(unit_text) = item.text(unit) else {
        findings.push(item.error(unit, &format!("is missing; {name} means nothing without it")));
        return None;
    };
    match parse(&whole, unit_text) {
        Ok(amount) => Some(amount),
        Err(error) => {
            findings.push(item.impossible(name, &error));
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
