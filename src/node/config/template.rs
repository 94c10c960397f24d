//! The example configuration that ships with the program, and files made from it; writes nothing to disk.

use toml::Value;

use crate::node::config::error::ConfigError;
use crate::node::config::keys;

/// Every setting with its default and its explanation.
pub const EXAMPLE: &str = include_str!("../../../config/sealane.example.toml");

/// The example with these settings (as `section.key`) in place of its own, comments and all.
///
/// # Errors
/// If a name is not that of a setting.
pub fn file_with(settings: &[(&str, Value)]) -> Result<String, ConfigError> {
    if let Some((name, _)) = settings.iter().find(|(name, _)| keys::kind(name).is_none()) {
        return Err(keys::unknown(name, name, keys::nearest_key(name)));
    }
    let mut section = "";
    let mut text = String::with_capacity(EXAMPLE.len());
    for line in EXAMPLE.lines() {
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            section = name;
        }
        let chosen = settings.iter().find(|(name, _)| {
            let key = name.strip_prefix(section).and_then(|rest| rest.strip_prefix('.'));
            key.is_some_and(|key| sets(line, key))
        });
        match chosen {
            Some((name, value)) => {
                let key = name.rsplit('.').next().unwrap_or(name);
                text.extend([key, " = ", &value.to_string()]);
            }
            None => text.push_str(line),
        }
        text.push('\n');
    }
    Ok(text)
}

/// Whether a line of the example gives that key a value, perhaps commented out.
fn sets(line: &str, key: &str) -> bool {
    line.trim_start_matches('#').strip_prefix(key).is_some_and(|rest| rest.starts_with(" = "))
}
