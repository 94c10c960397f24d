//! The values of one row by the names of its mapping: codes mapped, dates and numbers read; keeps nothing.

use std::borrow::Cow;

use jiff::civil::Date as CivilDate;

use crate::domain::amount::{Decimal, FRACTION_DIGITS_MAX};
use crate::domain::identifier::{Check, Identifier, Scheme};
use crate::domain::time::Date;
use crate::node::mappings::{Form, Mapping, Place, Rule};

/// The longest text of a field, in bytes.
const TEXT_BYTES_MAX: usize = 4_000;

/// The most identifiers of a row.
const IDENTIFIERS_MAX: usize = 200;

/// Where the texts of a row come from.
pub(crate) trait Texts {
    /// The texts of a rule, by its place in the mapping; none if the row has none.
    fn of(&self, number: usize, rule: &Rule) -> Result<Vec<Cow<'_, str>>, String>;
}

/// An identifier as it stood in a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) scheme: Scheme,
    pub(crate) observed: String,
    pub(crate) normalised: String,
}

/// The values of a row.
#[derive(Debug, Default)]
pub(crate) struct Values {
    /// By the names of the mapping; only those that are there.
    pub(crate) fields: Vec<(&'static str, String)>,
    pub(crate) identifiers: Vec<Seen>,
    pub(crate) warnings: Vec<String>,
    /// Whether the tariff code is none of the Harmonized System's.
    pub(crate) is_code_unknown: bool,
}

impl Values {
    /// Reads a row by its mapping.
    ///
    /// # Errors
    /// Why the row cannot be kept, beginning with the name of the column.
    pub(crate) fn read(mapping: &Mapping, texts: &impl Texts) -> Result<Self, String> {
        let mut values = Self::default();
        for (number, rule) in mapping.rules.iter().enumerate() {
            let label = label(rule);
            let found = texts.of(number, rule).map_err(|why| format!("{label} {why}"))?;
            if let Form::Identifier(scheme) = rule.field.form {
                for text in found.iter().flat_map(|text| parts(rule, text)) {
                    let text = plain(&coded(rule, text, &label)?, &label)?;
                    values.identify(scheme, &text, &label);
                }
                if values.identifiers.len() > IDENTIFIERS_MAX {
                    return Err(format!("{label} has more than {IDENTIFIERS_MAX} identifiers"));
                }
                continue;
            }
            let text = match found.as_slice() {
                [] => "",
                [text] => text.trim(),
                _ => return Err(format!("{label} has several values; only identifiers may")),
            };
            if text.is_empty() {
                if rule.field.is_needed {
                    return Err(format!("{label} is empty"));
                }
                continue;
            }
            let text = coded(rule, text, &label)?;
            let warned = values.warnings.len();
            let text = formed(rule, &text, &label, &mut values.warnings)?;
            values.is_code_unknown |=
                rule.field.form == Form::Tariff && values.warnings.len() > warned;
            values.fields.push((rule.field.name, text));
        }
        Ok(values)
    }

    /// The text of a field; empty if the row has none.
    pub(crate) fn text(&self, name: &str) -> &str {
        self.fields.iter().find(|(known, _)| *known == name).map_or("", |(_, text)| text)
    }

    /// Notes an identifier. What cannot be of the scheme that its column names was still seen.
    pub(crate) fn identify(&mut self, scheme: Scheme, text: &str, label: &str) {
        let text = text.trim();
        let mut found = Identifier::observe(scheme, text);
        if let Err(error) = &found {
            if text.is_empty() {
                return;
            }
            self.warnings.push(format!("{label}: {error}"));
            found = Identifier::observe(Scheme::Other, text);
        }
        let Ok(found) = found else { return };
        if found.check == Check::Fail {
            self.warnings.push(format!("{label}: {}", found.reason.clone().unwrap_or_default()));
        }
        self.identifiers.push(Seen {
            scheme: found.scheme,
            observed: found.as_observed,
            normalised: found.normalised,
        });
    }
}

/// What an officer calls the place of a field.
fn label(rule: &Rule) -> Cow<'_, str> {
    match &rule.place {
        Place::Columns(names) => match names.as_slice() {
            [name] => Cow::Borrowed(name),
            names => Cow::Owned(names.join("/")),
        },
        Place::Pointer(pointer) => Cow::Borrowed(pointer),
        Place::Constant(_) => Cow::Borrowed(rule.field.name),
    }
}

fn parts<'t>(rule: &Rule, text: &'t str) -> Vec<&'t str> {
    let parts = match &rule.split {
        Some(split) => text.split(split.as_str()).map(str::trim).collect(),
        None => vec![text.trim()],
    };
    parts.into_iter().filter(|part| !part.is_empty()).collect()
}

/// What a code of the file means here.
fn coded<'t>(rule: &'t Rule, text: &'t str, label: &str) -> Result<Cow<'t, str>, String> {
    match rule.values.get(text) {
        Some(meaning) => Ok(Cow::Borrowed(meaning)),
        None if rule.refuses_unlisted => {
            Err(format!("{label}: '{}' is not among the codes of the mapping", clip(text)))
        }
        None => Ok(Cow::Borrowed(text)),
    }
}

fn formed(
    rule: &Rule,
    text: &str,
    label: &str,
    warnings: &mut Vec<String>,
) -> Result<String, String> {
    match rule.field.form {
        Form::Text | Form::Identifier(_) => plain(text, label),
        Form::Number => number(text, label, warnings),
        Form::Date => date(rule.date.as_deref(), text, label),
        Form::Tariff => code(text, label, Scheme::Hs, warnings),
        Form::Country => code(text, label, Scheme::Country, warnings),
        Form::Port if text.len() <= 3 => code(text, label, Scheme::Country, warnings),
        Form::Port => code(text, label, Scheme::Unlocode, warnings),
    }
}

fn plain(text: &str, label: &str) -> Result<String, String> {
    if text.len() > TEXT_BYTES_MAX {
        return Err(format!("{label} is longer than 4,000 bytes"));
    }
    if text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t')) {
        return Err(format!("{label} holds control characters"));
    }
    Ok(text.to_owned())
}

fn code(
    text: &str,
    label: &str,
    scheme: Scheme,
    warnings: &mut Vec<String>,
) -> Result<String, String> {
    let found = Identifier::observe(scheme, text).map_err(|error| format!("{label}: {error}"))?;
    if found.check == Check::Fail {
        warnings.push(format!("{label}: {}", found.reason.unwrap_or_default()));
    }
    Ok(found.normalised)
}

fn date(format: Option<&str>, text: &str, label: &str) -> Result<String, String> {
    match format {
        None => text
            .parse::<Date>()
            .map(|day| day.to_string())
            .map_err(|_| format!("{label}: '{}' is no day written as 2026-11-24", clip(text))),
        Some(format) => CivilDate::strptime(format, text)
            .map(|day| day.to_string())
            .map_err(|_| format!("{label}: '{}' is no day written as {format}", clip(text))),
    }
}

/// A number of zero or more. Files that were written from binary fractions have tails such as `18650.600000000002`;
/// what a decimal cannot hold of them is cut, and said.
fn number(text: &str, name: &str, warnings: &mut Vec<String>) -> Result<String, String> {
    let is_tail = |tail: &str| {
        tail.len() > FRACTION_DIGITS_MAX && tail.bytes().all(|byte| byte.is_ascii_digit())
    };
    let text = match text.split_once('.') {
        Some((whole, tail)) if is_tail(tail) => {
            warnings.push(format!("{name} has more than {FRACTION_DIGITS_MAX} decimals; cut"));
            let kept = tail.get(..FRACTION_DIGITS_MAX).unwrap_or(tail);
            format!("{whole}.{kept}")
        }
        Some(_) | None => text.to_owned(),
    };
    let number: Decimal = text
        .parse()
        .map_err(|error: crate::domain::amount::InvalidDecimal| format!("{name}: {error}"))?;
    if number.is_negative() {
        return Err(format!("{name} is negative"));
    }
    if number.is_zero() {
        warnings.push(format!("{name} is zero"));
    }
    Ok(text)
}

fn clip(text: &str) -> String {
    text.chars().take(40).flat_map(char::escape_debug).collect()
}
