//! Lays `SEALANE_SECTION__KEY` variables over a parsed file; does not read the environment itself.

use toml::Value;

use crate::node::config::error::ConfigError;
use crate::node::config::keys::{self, Kind};

const PREFIX: &str = "SEALANE_";

/// Sets what the environment names. Variables without a double underscore (`SEALANE_TOKEN`) are not settings.
pub(super) fn apply(
    table: &mut toml::Table,
    environment: impl IntoIterator<Item = (String, String)>,
) -> Result<(), ConfigError> {
    for (variable, text) in environment {
        let Some((section, key)) =
            variable.strip_prefix(PREFIX).and_then(|name| name.split_once("__"))
        else {
            continue;
        };
        let (section, key) = (section.to_ascii_lowercase(), key.to_ascii_lowercase());
        let path = format!("{section}.{key}");
        let Some(kind) = keys::kind(&path) else {
            let nearest = keys::nearest_key(&path).map(|known| variable_of(&known));
            return Err(keys::unknown(&path, &variable, nearest));
        };
        let value = parse(kind, &text).ok_or_else(|| ConfigError::Unfit {
            key: "environment",
            advice: unfit(&variable, kind),
        })?;
        let entries = table.entry(section).or_insert_with(|| Value::Table(toml::Table::new()));
        if let Value::Table(entries) = entries {
            entries.insert(key, value);
        }
    }
    Ok(())
}

fn variable_of(key: &str) -> String {
    format!("{PREFIX}{}", key.replace('.', "__").to_ascii_uppercase())
}

/// The table of settings gives the type, so that a title `007` stays text.
fn parse(kind: Kind, text: &str) -> Option<Value> {
    match kind {
        Kind::Flag => text.parse().ok().map(Value::Boolean),
        Kind::List => {
            let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
            Some(Value::Array(items.map(|item| Value::String(item.to_owned())).collect()))
        }
        Kind::Number => text.parse().ok().map(Value::Integer),
        Kind::Text => Some(Value::String(text.to_owned())),
    }
}

fn unfit(variable: &str, kind: Kind) -> String {
    let wanted = match kind {
        Kind::Flag => "true or false",
        Kind::List => "a list separated by commas",
        Kind::Number => "a whole number",
        Kind::Text => "text",
    };
    format!("the variable {variable} must be {wanted}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variable_of_the_wrong_kind_is_named() {
        let mut table = toml::Table::new();
        let variable = ("SEALANE_PEER__MTU_MAX".to_owned(), "big".to_owned());
        let message = apply(&mut table, [variable]).unwrap_err().to_string();
        assert!(message.contains("SEALANE_PEER__MTU_MAX"), "{message}");
        assert!(message.contains("whole number"), "{message}");
    }
}
