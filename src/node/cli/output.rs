//! What commands print: tables and facts for people, JSON for scripts; knows no command.

use std::io::{self, Write as _};

use clap::Args;
use serde_json::Value;

/// The form of what a reading command prints.
#[derive(Clone, Copy, Debug, Args)]
pub(super) struct Form {
    /// Print JSON for scripts
    #[arg(long)]
    json: bool,
}

impl Form {
    /// Whether scripts read it.
    pub(super) const fn is_json(self) -> bool {
        self.json
    }

    /// Prints one object.
    pub(super) fn facts(self, value: &Value) -> io::Result<()> {
        if self.json {
            return line(&value.to_string());
        }
        let mut text = String::new();
        describe(value, 0, &mut text);
        line(text.trim_end())
    }

    /// Prints a list, for people as a table of `(heading, JSON key)`; `empty` says what to do if there is nothing.
    pub(super) fn list(
        self,
        value: &Value,
        columns: &[(&str, &str)],
        empty: &str,
    ) -> io::Result<()> {
        if self.json {
            return line(&value.to_string());
        }
        let rows: Vec<Vec<String>> = items(value)
            .iter()
            .map(|item| columns.iter().map(|(_, key)| word(item.get(key))).collect())
            .collect();
        let next = value.get("next").and_then(Value::as_str);
        match (rows.is_empty(), next) {
            (true, None) => return line(empty),
            (true, Some(_)) => line("nothing for you among the newest")?,
            (false, _) => {
                let headings: Vec<String> =
                    columns.iter().map(|(heading, _)| (*heading).to_owned()).collect();
                table(&headings, &rows)?;
            }
        }
        next.map_or(Ok(()), |next| line(&format!("more: --after {}", plain(next))))
    }
}

/// The items of an answer: a bare array, or an object with `items`.
pub(super) fn items(value: &Value) -> &[Value] {
    let list = value.as_array().or_else(|| value.get("items").and_then(Value::as_array));
    list.map_or(&[], Vec::as_slice)
}

/// Prints one line, written out at once.
pub(super) fn line(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{text}")?;
    out.flush()
}

/// A value as one word of a sentence or table.
pub(super) fn word(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => "-".to_owned(),
        Some(Value::String(text)) => plain(text),
        Some(Value::Array(list)) => {
            list.iter().map(|item| word(Some(item))).collect::<Vec<_>>().join(", ")
        }
        Some(other) => plain(&other.to_string()),
    }
}

/// Foreign text without control characters, so that it cannot steer the terminal.
pub(super) fn plain(text: &str) -> String {
    let is_unsafe =
        |c: char| c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    text.chars().map(|c| if is_unsafe(c) { '\u{fffd}' } else { c }).collect()
}

fn table(headings: &[String], rows: &[Vec<String>]) -> io::Result<()> {
    let mut widths: Vec<usize> = headings.iter().map(|cell| cell.chars().count()).collect();
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    for row in std::iter::once(headings).chain(rows.iter().map(Vec::as_slice)) {
        let cells: Vec<String> =
            row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        line(cells.join("  ").trim_end())?;
    }
    Ok(())
}

/// The deepest nesting that is described; deeper values are printed as JSON.
const DEPTH_MAX: usize = 8;

fn describe(value: &Value, depth: usize, text: &mut String) {
    match value {
        Value::Object(members) if depth < DEPTH_MAX => {
            for (key, member) in members {
                let key = plain(&key.replace('_', " "));
                if is_simple(member) {
                    indented(&format!("{key}: {}", word(Some(member))), depth, text);
                } else {
                    indented(&format!("{key}:"), depth, text);
                    describe(member, depth + 1, text);
                }
            }
        }
        Value::Array(list) if depth < DEPTH_MAX && !is_simple(value) => {
            for (number, item) in list.iter().enumerate() {
                indented(&format!("{}.", number + 1), depth, text);
                describe(item, depth + 1, text);
            }
        }
        other => indented(&word(Some(other)), depth, text),
    }
}

fn indented(words: &str, depth: usize, text: &mut String) {
    text.extend(std::iter::repeat_n("  ", depth));
    text.extend([words, "\n"]);
}

fn is_simple(value: &Value) -> bool {
    match value {
        Value::Object(_) => false,
        Value::Array(list) => list.iter().all(|item| !item.is_object() && !item.is_array()),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn foreign_text_cannot_steer_the_terminal() {
        assert_eq!(plain("a\u{1b}[2Jb\nc\u{202e}d"), "a\u{fffd}[2Jb\u{fffd}c\u{fffd}d");
    }

    #[test]
    fn nested_values_are_described_line_by_line() {
        let mut text = String::new();
        let value =
            json!({"id": "7", "lines": [{"hs_code": "8517"}], "tags": ["a", "b"], "none": null});
        describe(&value, 0, &mut text);
        assert_eq!(text, "id: 7\nlines:\n  1.\n    hs code: 8517\nnone: -\ntags: a, b\n");
    }

    #[test]
    fn items_are_found_in_both_forms_of_a_list() {
        assert_eq!(items(&json!([1, 2])).len(), 2);
        assert_eq!(items(&json!({"items": [1]})).len(), 1);
        assert!(items(&json!({"error": 1})).is_empty());
    }
}
