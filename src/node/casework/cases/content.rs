//! The content of a case as flat paths: reads JSON, forms identifiers, judges what stands there; stores nothing.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::finding::{Finding, LONG_TEXT_BYTES_MAX};
use crate::domain::identifier::{Identifier, Scheme};
use crate::node::casework::Error;
use crate::node::casework::cases::acknowledge::ACKNOWLEDGED;
use crate::node::casework::cases::origin::is_number_path;
use crate::record::kinds::case::CONTENT;
use crate::record::{NESTING_MAX, Value};

/// Values by path.
pub(crate) type Content = BTreeMap<String, Value>;

/// The longest path, in bytes.
const PATH_BYTES_MAX: usize = 200;

/// The highest number of a subject, goods line or other item, so that a number is a place and not a value.
const NUMBER_MAX: u32 = 9_999;

/// What the workflow sets of a task.
const WORKFLOWS: [&str; 2] = ["key", "before"];

/// What the node itself writes beside an identifier.
const COMPUTED: [&str; 4] = ["observed", "normalised", "check", "reason"];

/// Reads the fields of a request: JSON values by path, null clears. Identifiers become what is kept of them.
///
/// # Errors
/// [`Error::Invalid`] with every path that is not sound.
pub(crate) fn parse(fields: &BTreeMap<String, serde_json::Value>) -> Result<Content, Error> {
    let mut content = Content::new();
    let mut findings = Vec::new();
    for (path, json) in fields {
        match check_path(path).and_then(|()| value_of(json, 0)) {
            Ok(value) => drop(content.insert(path.clone(), value)),
            Err(reason) => findings.push(Finding::error(&clip(path), &reason)),
        }
    }
    form_identifiers(&mut content, &mut findings);
    if findings.is_empty() { Ok(content) } else { Err(Error::Invalid(findings)) }
}

/// Applies changes: what is null goes, the rest is set.
pub(crate) fn merged(current: &Content, changes: &Content) -> Content {
    let mut merged = current.clone();
    for (path, value) in changes {
        if *value == Value::Null {
            merged.remove(path);
        } else {
            merged.insert(path.clone(), value.clone());
        }
    }
    merged
}

/// The identifiers of a content with the paths under which they stand, such as `identifiers/0`.
pub(crate) fn identifiers(content: &Content) -> BTreeMap<String, Identifier> {
    let mut found = BTreeMap::new();
    for path in content.keys() {
        let Some(place) = path.strip_suffix("/observed") else { continue };
        if let Some(identifier) = identifier_at(content, place) {
            found.insert(place.to_owned(), identifier);
        }
    }
    found
}

fn identifier_at(content: &Content, place: &str) -> Option<Identifier> {
    let scheme: Scheme = text(content, &format!("{place}/scheme"))?.parse().ok()?;
    Identifier::observe(scheme, text(content, &format!("{place}/observed"))?).ok()
}

/// The text at a path.
pub(crate) fn text<'a>(content: &'a Content, path: &str) -> Option<&'a str> {
    content.get(path).and_then(Value::as_text)
}

/// The numbers that stand after a prefix, such as those of `goods/`.
pub(crate) fn numbers(content: &Content, prefix: &str) -> BTreeSet<u32> {
    let numbers = content.keys().filter_map(|path| path.strip_prefix(prefix)?.split('/').next());
    numbers.filter_map(|number| number.parse().ok()).collect()
}

/// A path begins with a known family, continues with a number unless it is a fact or track, and is made of plain words.
fn check_path(path: &str) -> Result<(), String> {
    if path.len() > PATH_BYTES_MAX {
        return Err("the path is longer than 200 bytes".to_owned());
    }
    let is_word = |part: &str| {
        !part.is_empty()
            && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
    };
    if !path.split('/').all(is_word) {
        return Err("a path is lower-case words and numbers joined by /, such as goods/0/hs".into());
    }
    let Some(family) = CONTENT.iter().find(|family| path.starts_with(**family)) else {
        return Err(format!("no such field; a path begins with {}", CONTENT.join(", ")));
    };
    let rest = path.strip_prefix(family).unwrap_or_default();
    let mut parts = rest.split('/');
    let number = parts.next().unwrap_or_default();
    if rest.split('/').nth(1) == Some(ACKNOWLEDGED) {
        return Err("is written by acknowledging a warning".to_owned());
    }
    if is_number_path(path) {
        return Err("is written when a case is opened on an imported row".to_owned());
    }
    if *family == "facts/" {
        return Ok(());
    }
    if *family == "tracks/" {
        let is_named = parts.next().is_some();
        return if is_named { Ok(()) } else { Err("write tracks/TRACK/NAME".to_owned()) };
    }
    if *family == "tasks/" && WORKFLOWS.contains(&path.rsplit('/').next().unwrap_or_default()) {
        return Err("is set by the workflow, not by an officer".to_owned());
    }
    let is_number = number.parse::<u32>().is_ok_and(|n| n <= NUMBER_MAX && n.to_string() == number);
    if !is_number || parts.next().is_none() {
        return Err(format!("write {family}NUMBER/NAME with a number from 0 to {NUMBER_MAX}"));
    }
    Ok(())
}

fn value_of(json: &serde_json::Value, depth: usize) -> Result<Value, String> {
    if depth >= NESTING_MAX - 4 {
        return Err("the value is nested too deeply".to_owned());
    }
    Ok(match json {
        serde_json::Value::Null => Value::Null,
        serde_json::Value::Bool(bool) => Value::Bool(*bool),
        serde_json::Value::Number(number) => {
            let int = number.as_i64().map(i128::from).or(number.as_u64().map(i128::from));
            Value::Int(int.ok_or("write a number with a fraction as text, such as \"12.50\"")?)
        }
        serde_json::Value::String(text) => Value::Text(plain_text(text)?),
        serde_json::Value::Array(items) => Value::Array(
            items.iter().map(|item| value_of(item, depth + 1)).collect::<Result<_, _>>()?,
        ),
        serde_json::Value::Object(pairs) => {
            let pairs =
                pairs.iter().map(|(key, item)| Ok((plain_text(key)?, value_of(item, depth + 1)?)));
            Value::map(pairs.collect::<Result<Vec<_>, String>>()?)
        }
    })
}

fn plain_text(text: &str) -> Result<String, String> {
    if text.len() > LONG_TEXT_BYTES_MAX {
        return Err("is longer than 16 KiB; attach it as evidence".to_owned());
    }
    if text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t')) {
        return Err("holds control characters; write plain text".to_owned());
    }
    Ok(text.to_owned())
}

/// Turns each pair `P/identifiers/N/{scheme,value}` into scheme, observed, normalised, check and reason.
fn form_identifiers(content: &mut Content, findings: &mut Vec<Finding>) {
    let places: BTreeSet<String> =
        content.keys().filter_map(|path| identifier_place(path)).collect();
    for place in places {
        for name in COMPUTED {
            let path = format!("{place}/{name}");
            if content.remove(&path).is_some() {
                findings.push(Finding::error(&path, "is computed; set scheme and value"));
            }
        }
        let (scheme_path, value_path) = (format!("{place}/scheme"), format!("{place}/value"));
        let (scheme, value) = (content.remove(&scheme_path), content.remove(&value_path));
        match (scheme, value) {
            (None, None) => {}
            (None | Some(Value::Null), Some(Value::Null)) => {
                content.insert(scheme_path, Value::Null);
                content.extend(COMPUTED.map(|name| (format!("{place}/{name}"), Value::Null)));
            }
            (Some(Value::Text(scheme)), Some(Value::Text(value))) => {
                match observe(&scheme, &value) {
                    Ok(identifier) => content.extend(fields_of(&place, &identifier)),
                    Err((name, reason)) => {
                        findings.push(Finding::error(&format!("{place}/{name}"), &reason));
                    }
                }
            }
            (_, _) => findings.push(Finding::error(
                &place,
                "an identifier needs scheme and value, both text, together",
            )),
        }
    }
}

fn observe(scheme: &str, value: &str) -> Result<Identifier, (&'static str, String)> {
    let scheme: Scheme = scheme
        .parse()
        .map_err(|error: crate::domain::identifier::UnknownScheme| ("scheme", error.to_string()))?;
    Identifier::observe(scheme, value).map_err(|error| ("value", error.to_string()))
}

/// The place of the identifier that a path belongs to: all up to and with the number after `identifiers`.
fn identifier_place(path: &str) -> Option<String> {
    let (place, name) = path.rsplit_once('/')?;
    let (list, number) = place.rsplit_once('/')?;
    let is_list = list == "identifiers" || list.ends_with("/identifiers");
    let is_known = matches!(name, "scheme" | "value") || COMPUTED.contains(&name);
    (is_list && is_known && number.parse::<u32>().is_ok()).then(|| place.to_owned())
}

fn fields_of(place: &str, identifier: &Identifier) -> Vec<(String, Value)> {
    let at = |name: &str, text: &str| (format!("{place}/{name}"), Value::text(text));
    let reason = identifier.reason.as_deref().map_or(Value::Null, Value::text);
    vec![
        at("scheme", identifier.scheme.name()),
        at("observed", &identifier.as_observed),
        at("normalised", &identifier.normalised),
        at("check", identifier.check.name()),
        (format!("{place}/reason"), reason),
    ]
}

fn clip(path: &str) -> String {
    path.chars().take(PATH_BYTES_MAX).flat_map(char::escape_default).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn fields(json: serde_json::Value) -> BTreeMap<String, serde_json::Value> {
        serde_json::from_value(json).unwrap()
    }

    fn errors(json: serde_json::Value) -> Vec<String> {
        match parse(&fields(json)) {
            Err(Error::Invalid(findings)) => findings.into_iter().map(|f| f.path).collect(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_wrong_check_digit_is_kept_with_its_reason_and_not_refused() {
        let content = parse(&fields(json!({
            "identifiers/0/scheme": "container",
            "identifiers/0/value": "csqu 305438-4",
        })))
        .unwrap();
        assert_eq!(text(&content, "identifiers/0/observed"), Some("csqu 305438-4"));
        assert_eq!(text(&content, "identifiers/0/normalised"), Some("CSQU3054384"));
        assert_eq!(text(&content, "identifiers/0/check"), Some("fail"));
        assert!(text(&content, "identifiers/0/reason").is_some());
        assert_eq!(identifiers(&content).len(), 1);
    }

    #[test]
    fn floats_unknown_families_and_computed_fields_are_refused_by_path() {
        assert_eq!(errors(json!({"goods/0/value": 1.5})), ["goods/0/value"]);
        assert_eq!(errors(json!({"tea/0/x": "a"})), ["tea/0/x"]);
        assert_eq!(errors(json!({"goods/x/hs": "a"})), ["goods/x/hs"]);
        assert_eq!(errors(json!({"goods/0": "a"})), ["goods/0"]);
        assert_eq!(errors(json!({"goods/00/hs": "a"})), ["goods/00/hs"]);
        assert_eq!(errors(json!({"identifiers/0/check": "pass"})), ["identifiers/0/check"]);
        assert_eq!(errors(json!({"identifiers/0/value": "x"})), ["identifiers/0"]);
        let scheme = json!({"identifiers/0/scheme": "boat", "identifiers/0/value": "x"});
        assert_eq!(errors(scheme), ["identifiers/0/scheme"]);
    }

    #[test]
    fn clearing_an_identifier_clears_all_that_is_kept_of_it() {
        let set = json!({"identifiers/0/scheme": "imo", "identifiers/0/value": "9074729"});
        let current = merged(&Content::new(), &parse(&fields(set)).unwrap());
        let clear = parse(&fields(json!({"identifiers/0/value": null}))).unwrap();
        assert_eq!(merged(&current, &clear), Content::new());
    }
}
