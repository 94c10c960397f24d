//! Reads the TOML of a mapping with the line of every word in it, so that a mistake is told where it stands.

use std::collections::BTreeMap;

use jiff::civil::Date;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::node::mappings::{
    FILE_BYTES_MAX, Field, Form, Format, Kind, Mapping, MappingError, Place, Rule, fields_of,
};

/// The most codes of one field.
const VALUES_MAX: usize = 5_000;

/// The longest text of a constant, code or column name, in bytes.
const TEXT_BYTES_MAX: usize = 500;

/// What a rule may say.
const RULE_KEYS: [&str; 9] =
    ["column", "columns", "pointer", "constant", "optional", "split", "values", "unlisted", "date"];

/// A mapping from its text.
pub(super) fn mapping(text: &str) -> Result<Mapping, MappingError> {
    if text.len() > FILE_BYTES_MAX {
        return Err(MappingError {
            line: 1,
            reason: "the mapping is longer than 64 KiB".to_owned(),
        });
    }
    let lines = Lines(text);
    let root = DeTable::parse(text).map_err(|error| MappingError {
        line: lines.of(error.span().map_or(0, |span| span.start)),
        reason: format!("not valid TOML: {}", error.message()),
    })?;
    let root = Section { lines, at: root.span().start, table: root.get_ref() };
    root.only(&["kind", "title", "file", "fields"])?;
    let kind_text = root
        .text("kind")?
        .ok_or_else(|| root.lacks("kind = \"declaration\", \"manifest\" or \"seizure\""))?;
    let kind: Kind =
        kind_text.text.parse().map_err(|error| kind_text.wrong(&format!("kind: {error}")))?;
    let title = root.text("title")?.map(|text| text.text.to_owned()).unwrap_or_default();
    let format = match root.section("file")? {
        Some(file) => format(&file)?,
        None => Format::Csv(b','),
    };
    let fields = root
        .section("fields")?
        .ok_or_else(|| root.lacks("[fields.NAME] for each field, such as [fields.number]"))?;
    let rules = rules(&fields, kind, format)?;
    Ok(Mapping { kind, title, format, rules })
}

fn format(file: &Section<'_>) -> Result<Format, MappingError> {
    file.only(&["format", "delimiter"])?;
    let delimiter = file.text("delimiter")?;
    let format = file.text("format")?;
    match (format.as_ref().map(|text| text.text), &delimiter) {
        (None | Some("csv"), None) => Ok(Format::Csv(b',')),
        (None | Some("csv"), Some(given)) => match given.text.as_bytes() {
            [byte @ (b',' | b';' | b'\t' | b'|' | b':' | b' ')] => Ok(Format::Csv(*byte)),
            _ => Err(given.wrong("delimiter is one of , ; : | a space or a tab (\"\\t\")")),
        },
        (Some(_), Some(given)) => Err(given.wrong("only a file in CSV has a delimiter; remove it")),
        (Some("json"), None) => Ok(Format::Json),
        (Some("json_lines"), None) => Ok(Format::JsonLines),
        (Some(other), None) => {
            let advice =
                format!("format '{}' is not known: use csv, json or json_lines", clip(other));
            Err(format.map_or_else(|| file.lacks("format"), |text| text.wrong(&advice)))
        }
    }
}

fn rules(fields: &Section<'_>, kind: Kind, format: Format) -> Result<Vec<Rule>, MappingError> {
    let known: Vec<Field> = fields_of(kind).collect();
    let names: Vec<&str> = known.iter().map(|field| field.name).collect();
    fields.only(&names)?;
    let mut rules = Vec::new();
    for field in &known {
        if let Some(section) = fields.section(field.name)? {
            rules.push(rule(&section, *field, format)?);
        } else if field.is_needed {
            return Err(fields.lacks(&format!(
                "[fields.{}], which every {kind} has; say in which column it stands",
                field.name
            )));
        }
    }
    rules.sort_by_key(|rule| rule.field.name);
    Ok(rules)
}

fn rule(section: &Section<'_>, field: Field, format: Format) -> Result<Rule, MappingError> {
    section.only(&RULE_KEYS)?;
    let place = place(section, format)?;
    let date = section.text("date")?;
    if let Some(given) = &date {
        if field.form != Form::Date {
            return Err(given.wrong(&format!("{} is no date; remove the date format", field.name)));
        }
        check_date_format(given)?;
    }
    let unlisted = section.text("unlisted")?;
    let refuses_unlisted = match unlisted.as_ref().map(|text| text.text) {
        None | Some("keep") => false,
        Some("refuse") => true,
        Some(_) => {
            let advice = "unlisted is \"keep\" or \"refuse\"";
            return Err(unlisted.map_or_else(|| section.lacks(advice), |text| text.wrong(advice)));
        }
    };
    let split = section.text("split")?;
    if let Some(given) = &split
        && !matches!(field.form, Form::Identifier(_))
    {
        return Err(given.wrong("only a field of identifiers may hold several values"));
    }
    if let Some(given) = split.as_ref().filter(|given| given.text.is_empty()) {
        return Err(given.wrong("split is the text between two values, such as \";\""));
    }
    Ok(Rule {
        field,
        place,
        is_optional: section.flag("optional")?,
        split: split.map(|text| text.text.to_owned()),
        values: values(section)?,
        refuses_unlisted,
        date: date.map(|text| text.text.to_owned()),
    })
}

fn place(section: &Section<'_>, format: Format) -> Result<Place, MappingError> {
    let column = section.text("column")?;
    let columns = section.texts("columns")?;
    let pointer = section.text("pointer")?;
    let constant = section.text("constant")?;
    let given = [column.is_some(), columns.is_some(), pointer.is_some(), constant.is_some()];
    if given.into_iter().filter(|is_given| *is_given).count() != 1 {
        return Err(section.lacks("exactly one of column, columns, pointer and constant"));
    }
    if let Some(text) = pointer {
        if matches!(format, Format::Csv(_)) {
            return Err(text.wrong("a pointer is for JSON; in CSV name a column"));
        }
        if !text.text.starts_with('/') {
            return Err(text.wrong("a JSON pointer begins with /, such as /goods/0/hs"));
        }
        return Ok(Place::Pointer(text.text.to_owned()));
    }
    if let Some(text) = constant {
        return Ok(Place::Constant(text.text.to_owned()));
    }
    let names: Vec<String> = match (column, columns) {
        (Some(column), _) => vec![column.text.to_owned()],
        (None, Some(columns)) => columns,
        (None, None) => Vec::new(),
    };
    if names.is_empty() || names.iter().any(|name| name.trim().is_empty()) {
        return Err(section.lacks("the name of a column"));
    }
    Ok(Place::Columns(names))
}

fn values(section: &Section<'_>) -> Result<BTreeMap<String, String>, MappingError> {
    let Some(table) = section.section("values")? else { return Ok(BTreeMap::new()) };
    if table.table.len() > VALUES_MAX {
        return Err(table.lacks("5,000 codes at most"));
    }
    let mut values = BTreeMap::new();
    for key in table.table.keys() {
        let code = key.get_ref().as_ref();
        if let Some(text) = table.text(code)? {
            values.insert(code.to_owned(), text.text.to_owned());
        }
    }
    Ok(values)
}

/// A format is tried on a day, which must come back from what it writes.
fn check_date_format(given: &Text<'_>) -> Result<(), MappingError> {
    let day = Date::constant(2026, 11, 24);
    let back = jiff::fmt::strtime::format(given.text, day)
        .and_then(|text| Date::strptime(given.text, text));
    match back {
        Ok(back) if back == day => Ok(()),
        Ok(_) => Err(given.wrong("the date format leaves out the day, the month or the year")),
        Err(error) => Err(given.wrong(&format!(
            "'{}' is no date format ({error}); write for example \"%d.%m.%Y\"",
            clip(given.text)
        ))),
    }
}

/// Which line a byte of the text is in.
#[derive(Clone, Copy)]
struct Lines<'t>(&'t str);

impl Lines<'_> {
    fn of(self, byte: usize) -> usize {
        self.0.bytes().take(byte).filter(|byte| *byte == b'\n').count() + 1
    }
}

/// A text of the file and where it stands.
struct Text<'t> {
    text: &'t str,
    line: usize,
}

impl Text<'_> {
    fn wrong(&self, reason: &str) -> MappingError {
        MappingError { line: self.line, reason: reason.to_owned() }
    }
}

/// A table of the file and where it begins.
struct Section<'t> {
    lines: Lines<'t>,
    at: usize,
    table: &'t DeTable<'t>,
}

impl<'t> Section<'t> {
    fn lacks(&self, what: &str) -> MappingError {
        MappingError { line: self.lines.of(self.at), reason: format!("needs {what}") }
    }

    /// Refuses a key that is not among the known ones.
    fn only(&self, known: &[&str]) -> Result<(), MappingError> {
        for key in self.table.keys() {
            let name = key.get_ref().as_ref();
            if known.contains(&name) {
                continue;
            }
            let advice = match nearest(name, known) {
                Some(nearest) => format!("did you mean '{nearest}'?"),
                None => format!("known are {}", known.join(", ")),
            };
            let line = self.lines.of(key.span().start);
            let reason = format!("unknown key '{}'; {advice}", clip(name));
            return Err(MappingError { line, reason });
        }
        Ok(())
    }

    fn get(&self, key: &str) -> Option<&'t Spanned<DeValue<'t>>> {
        self.table.iter().find(|(name, _)| name.get_ref().as_ref() == key).map(|(_, value)| value)
    }

    fn wrong_type(&self, value: &Spanned<DeValue<'_>>, key: &str, wanted: &str) -> MappingError {
        let line = self.lines.of(value.span().start);
        MappingError { line, reason: format!("{} is {wanted}", clip(key)) }
    }

    fn text(&self, key: &str) -> Result<Option<Text<'t>>, MappingError> {
        let Some(value) = self.get(key) else { return Ok(None) };
        let Some(text) = value.get_ref().as_str() else {
            return Err(self.wrong_type(value, key, "a text in quotes"));
        };
        if text.len() > TEXT_BYTES_MAX || text.contains('\0') {
            return Err(self.wrong_type(value, key, "a text of at most 500 bytes without NUL"));
        }
        Ok(Some(Text { text, line: self.lines.of(value.span().start) }))
    }

    fn texts(&self, key: &str) -> Result<Option<Vec<String>>, MappingError> {
        let Some(value) = self.get(key) else { return Ok(None) };
        let wrong = || self.wrong_type(value, key, "a list of names, such as [\"A\", \"B\"]");
        let list = value.get_ref().as_array().ok_or_else(wrong)?;
        let texts = list.iter().map(|item| item.get_ref().as_str().map(str::to_owned));
        texts.collect::<Option<Vec<_>>>().map(Some).ok_or_else(wrong)
    }

    fn flag(&self, key: &str) -> Result<bool, MappingError> {
        let Some(value) = self.get(key) else { return Ok(false) };
        value.get_ref().as_bool().ok_or_else(|| self.wrong_type(value, key, "true or false"))
    }

    fn section(&self, key: &str) -> Result<Option<Section<'t>>, MappingError> {
        let Some(value) = self.get(key) else { return Ok(None) };
        let Some(table) = value.get_ref().as_table() else {
            return Err(self.wrong_type(value, key, "a table"));
        };
        Ok(Some(Section { lines: self.lines, at: value.span().start, table }))
    }
}

/// The known word that looks most like another.
fn nearest<'a>(word: &str, known: &[&'a str]) -> Option<&'a str> {
    let likeness = known.iter().map(|known| (strsim::jaro_winkler(word, known), *known));
    let best = likeness.max_by(|(a, _), (b, _)| a.total_cmp(b));
    best.filter(|(likeness, _)| *likeness > 0.75).map(|(_, known)| known)
}

fn clip(text: &str) -> String {
    text.chars().take(80).flat_map(char::escape_debug).collect()
}
