//! What use cases show: times as RFC 3339 text, hashes in hexadecimal, values as JSON; decides nothing.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;

use crate::domain::finding::{Finding, Severity};
use crate::domain::time::Timestamp;
use crate::node::casework::Error;
use crate::record::Value;

/// The most rows of one page.
pub const PAGE_ROWS_MAX: u32 = 500;

/// The rows of a page if the caller names no number.
pub const PAGE_ROWS: u32 = 50;

/// A part of a list.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct PageView<T> {
    /// The rows.
    pub items: Vec<T>,
    /// The mark after which the next page begins; none at the end.
    pub next: Option<String>,
}

impl<T> PageView<T> {
    /// The same page with its rows shown in another way.
    pub(crate) fn map<V>(self, view: impl Fn(&T) -> V) -> PageView<V> {
        PageView { items: self.items.iter().map(view).collect(), next: self.next }
    }
}

/// A remark on a field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct FindingView {
    /// `error`, `warning` or `info`.
    pub severity: &'static str,
    /// The field.
    pub path: String,
    /// What is wrong and what to do.
    pub message: String,
}

impl From<&Finding> for FindingView {
    fn from(finding: &Finding) -> Self {
        let severity = match finding.severity {
            Severity::Info => "info",
            Severity::Warning => "warning",
            Severity::Error => "error",
        };
        Self { severity, path: finding.path.clone(), message: finding.message.clone() }
    }
}

/// A record in the history of an object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct HistoryView {
    /// The hash of the statement.
    pub hash: String,
    /// Its kind, such as `case.opened/1`.
    pub kind: String,
    /// Who: a pseudonym, or `node`.
    pub actor: String,
    /// In which role.
    pub role: String,
    /// For which purpose.
    pub purpose: String,
    /// When it was authored.
    pub at: String,
    /// The authority that signed it.
    pub author: String,
    /// Its place in this node's log; none until it is sealed.
    pub log_index: Option<i64>,
}

/// A time as an interface shows it.
#[must_use]
pub fn time_text(micros: i64) -> String {
    Timestamp(micros).to_string()
}

/// How many rows a page has.
pub(crate) fn page_rows(limit: Option<u32>) -> u32 {
    limit.unwrap_or(PAGE_ROWS).clamp(1, PAGE_ROWS_MAX)
}

/// The mark of a row by time and id.
pub(crate) fn page_mark(at: i64, id: &str) -> String {
    format!("{at}:{id}")
}

/// Reads a mark.
///
/// # Errors
/// If this node does not make such marks: a list that silently began anew would be taken for the next page.
pub(crate) fn read_mark(mark: Option<&str>) -> Result<Option<(i64, String)>, Error> {
    let Some(mark) = mark else { return Ok(None) };
    let read = |(at, id): (&str, &str)| Some((at.parse().ok()?, id.to_owned()));
    mark.split_once(':').and_then(read).map(Some).ok_or_else(|| {
        Error::invalid(
            "after",
            "is not the mark of a page: give `next` of the page before, or leave it out",
        )
    })
}

/// Values by path as JSON.
pub(crate) fn json_content(
    content: &BTreeMap<String, Value>,
) -> BTreeMap<String, serde_json::Value> {
    content.iter().map(|(path, value)| (path.clone(), json_value(value))).collect()
}

/// A value as JSON; bytes are hexadecimal text, integers beyond 64 bits decimal text.
#[must_use]
pub fn json_value(value: &Value) -> serde_json::Value {
    match value {
        Value::Null => serde_json::Value::Null,
        Value::Bool(bool) => json!(bool),
        Value::Int(int) => {
            i64::try_from(*int).map_or_else(|_| json!(int.to_string()), |int| json!(int))
        }
        Value::Bytes(bytes) => json!(hex::encode(bytes)),
        Value::Text(text) => json!(text),
        Value::Array(items) => items.iter().map(json_value).collect(),
        Value::Map(pairs) => serde_json::Value::Object(
            pairs
                .iter()
                .map(|(key, value)| {
                    let key =
                        key.as_text().map_or_else(|| json_value(key).to_string(), str::to_owned);
                    (key, json_value(value))
                })
                .collect(),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_read_back_and_a_foreign_one_is_no_mark() {
        let read = read_mark(Some(&page_mark(7, "a:b"))).unwrap();
        assert_eq!(read, Some((7, "a:b".to_owned())));
        for bad in ["", "x", "x:y", ":"] {
            assert!(matches!(read_mark(Some(bad)), Err(Error::Invalid(_))), "{bad}");
        }
        assert_eq!(read_mark(None).unwrap(), None);
    }

    #[test]
    fn values_are_shown_without_loss() {
        let value = Value::map([
            ("n", Value::Int(i128::from(u64::MAX))),
            ("b", Value::bytes([1, 2])),
            ("l", Value::Array(vec![Value::Bool(true), Value::Null])),
        ]);
        let expected = json!({"n": "18446744073709551615", "b": "0102", "l": [true, null]});
        assert_eq!(json_value(&value), expected);
    }
}
