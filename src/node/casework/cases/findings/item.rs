//! One item of a content, such as `goods/0`, with its leaves read by name; judges single values only.

use crate::domain::finding::{Finding, ImpossibleValue};
use crate::domain::identifier::{Identifier, Scheme};
use crate::node::casework::cases::content::{Content, identifiers, text};
use crate::record::Value;

/// One item of a family, with its leaves by name.
pub(super) struct Item<'a> {
    pub(super) content: &'a Content,
    prefix: String,
}

impl<'a> Item<'a> {
    pub(super) fn new(content: &'a Content, prefix: &str) -> Self {
        Self { content, prefix: prefix.to_owned() }
    }

    pub(super) fn path(&self, name: &str) -> String {
        format!("{}/{name}", self.prefix)
    }

    pub(super) fn text(&self, name: &str) -> Option<&'a str> {
        text(self.content, &self.path(name))
    }

    pub(super) fn error(&self, name: &str, reason: &str) -> Finding {
        Finding::error(&self.path(name), reason)
    }

    pub(super) fn impossible(&self, name: &str, error: &ImpossibleValue) -> Finding {
        self.error(name, &error.reason)
    }

    pub(super) fn warning(&self, name: &str, reason: &str) -> Finding {
        Finding::warning(&self.path(name), reason)
    }

    /// A word of a closed list; absent it is warned of, unknown it is refused.
    pub(super) fn word<T: std::str::FromStr<Err: std::fmt::Display>>(
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

    /// As [`Item::word`], of a leaf that only has to be sound.
    pub(super) fn check<T: std::str::FromStr<Err: std::fmt::Display>>(
        &self,
        name: &str,
        findings: &mut Vec<Finding>,
    ) {
        let _: Option<T> = self.word(name, findings);
    }

    pub(super) fn identifiers(&self) -> Vec<Identifier> {
        let prefix = self.path("identifiers/");
        let all = identifiers(self.content);
        all.into_iter().filter(|(place, _)| place.starts_with(&prefix)).map(|(_, i)| i).collect()
    }

    pub(super) fn observe(
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
    pub(super) fn adopt(&self, found: Vec<Finding>, findings: &mut Vec<Finding>) {
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

/// An amount and its unit or currency, which mean nothing apart.
pub(super) fn amount<T>(
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
