//! Values of records as JSON, and JSON as values of records; knows no field by its name.

use serde_json::{Map, Value as Json};

use crate::domain::finding::{Finding, LONG_TEXT_BYTES_MAX};
use crate::node::casework::Error;
use crate::node::casework::views::json_value;
use crate::record::Value;
use crate::record::kinds::Facts;

/// The deepest nesting that is taken; records allow somewhat more, for what lies around a value.
const DEPTH_MAX: usize = 10;
/// The longest path of a field.
const PATH_BYTES_MAX: usize = 256;

/// JSON as a value: no fractions, since two sides must read the same number.
pub(crate) fn from_json(path: &str, json: &Json) -> Result<Value, Finding> {
    convert(path, json, 0)
}

fn convert(path: &str, json: &Json, depth: usize) -> Result<Value, Finding> {
    if depth > DEPTH_MAX {
        return Err(Finding::error(path, "is nested deeper than 10; flatten it"));
    }
    Ok(match json {
        Json::Null => Value::Null,
        Json::Bool(flag) => Value::Bool(*flag),
        Json::Number(number) => Value::int(number.as_i64().ok_or_else(|| {
            Finding::error(path, "is not a whole number; write amounts with decimals as text")
        })?),
        Json::String(text) if text.len() > LONG_TEXT_BYTES_MAX => {
            return Err(Finding::error(path, "is longer than 16 KiB; attach it as a document"));
        }
        Json::String(text) => Value::text(text.as_str()),
        Json::Array(items) => Value::Array(
            items.iter().map(|item| convert(path, item, depth + 1)).collect::<Result<_, _>>()?,
        ),
        Json::Object(map) => Value::map(
            map.iter()
                .map(|(key, item)| Ok((key.clone(), convert(path, item, depth + 1)?)))
                .collect::<Result<Vec<_>, Finding>>()?,
        ),
    })
}

/// Fields of free content under a first part such as `content/`.
pub(crate) fn facts(prefix: &str, fields: &Map<String, Json>) -> Result<Facts, Error> {
    let mut facts = Vec::with_capacity(fields.len());
    let mut findings = Vec::new();
    for (path, json) in fields {
        let is_path = path.len() <= PATH_BYTES_MAX
            && !path.chars().any(char::is_control)
            && path.split('/').all(|part| !part.is_empty());
        if !is_path {
            let shown: String = path.chars().take(40).flat_map(char::escape_default).collect();
            findings.push(Finding::error(&shown, "is not a path such as persons/0/name"));
            continue;
        }
        match from_json(path, json) {
            Ok(value) => facts.push((format!("{prefix}{path}"), value)),
            Err(finding) => findings.push(finding),
        }
    }
    if findings.is_empty() { Ok(facts) } else { Err(Error::Invalid(findings)) }
}

/// Fields of free content as one JSON object by path, without their first part.
pub(crate) fn content(prefix: &str, facts: &Facts) -> Map<String, Json> {
    facts
        .iter()
        .map(|(path, value)| {
            (path.strip_prefix(prefix).unwrap_or(path).to_owned(), json_value(value))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_json_comes_back_and_fractions_are_refused() {
        let json = serde_json::json!({"a": [1, "x", null, true], "b": {"c": -5}});
        let value = from_json("f", &json).unwrap();
        assert_eq!(json_value(&value), json);
        assert!(from_json("f", &serde_json::json!(1.5)).is_err());
    }

    #[test]
    fn a_value_too_deep_for_a_record_is_refused() {
        let mut json = serde_json::json!(1);
        for _ in 0..20 {
            json = serde_json::json!([json]);
        }
        assert!(from_json("f", &json).is_err());
    }

    #[test]
    fn a_path_has_parts_that_are_not_empty() {
        for bad in ["", "/a", "a/", "a//b", "a\nb"] {
            let fields = Map::from_iter([(bad.to_owned(), Json::Null)]);
            assert!(facts("content/", &fields).is_err(), "{bad:?}");
        }
    }
}
