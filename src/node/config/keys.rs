//! The closed list of settings and the kind of each; knows no values.

use crate::node::config::error::ConfigError;

/// How the text of an environment variable becomes a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Flag,
    List,
    Number,
    Text,
}

/// Every setting, as `section.key`.
pub(super) const KEYS: &[(&str, Kind)] = &[
    ("node.authority", Kind::Text),
    ("node.title", Kind::Text),
    ("node.country", Kind::Text),
    ("node.data_dir", Kind::Text),
    ("peer.listen", Kind::Text),
    ("peer.advertise", Kind::List),
    ("peer.mtu_max", Kind::Number),
    ("http.listen", Kind::Text),
    ("http.tls_certificate", Kind::Text),
    ("http.tls_key", Kind::Text),
    ("http.public_log", Kind::Flag),
    ("management.listen", Kind::Text),
    ("store.backend", Kind::Text),
    ("store.url_file", Kind::Text),
    ("log.publish_interval_ms", Kind::Number),
    ("log.witness_quorum", Kind::Text),
    ("policy.four_eyes", Kind::Flag),
    ("policy.backup_days", Kind::Number),
    ("policy.lead_days", Kind::Number),
    ("policy.bulk_read_items", Kind::Number),
    ("policy.bulk_read_minutes", Kind::Number),
    ("policy.level_max", Kind::Number),
    ("policy.required_training", Kind::List),
    ("mail.server", Kind::Text),
    ("mail.tls", Kind::Text),
    ("mail.ca_file", Kind::Text),
    ("mail.from", Kind::Text),
    ("mail.user", Kind::Text),
    ("mail.password_file", Kind::Text),
    ("mail.digest_hour", Kind::Number),
    ("telemetry.format", Kind::Text),
    ("telemetry.filter", Kind::Text),
    ("limits.body_bytes_max", Kind::Number),
    ("limits.evidence_bytes_max", Kind::Number),
    ("limits.request_timeout_secs", Kind::Number),
    ("limits.http_connections_max", Kind::Number),
    ("limits.http_connections_per_address_max", Kind::Number),
    ("limits.token_requests_per_sec", Kind::Number),
    ("limits.sign_in_failures_per_min", Kind::Number),
    ("limits.peer_connections_max", Kind::Number),
    ("limits.disk_free_percent_min", Kind::Number),
];

/// The kind of a setting, if it is one.
pub(super) fn kind(key: &str) -> Option<Kind> {
    KEYS.iter().find(|(known, _)| *known == key).map(|(_, kind)| *kind)
}

/// Refuses a table that has a section or key outside the list.
pub(super) fn refuse_unknown(table: &toml::Table) -> Result<(), ConfigError> {
    for (section, value) in table {
        let Some(entries) = value.as_table().filter(|_| is_section(section)) else {
            return Err(unknown(section, section, nearest(section, sections())));
        };
        for key in entries.keys() {
            let path = format!("{section}.{key}");
            if kind(&path).is_none() {
                return Err(unknown(&path, &path, nearest_key(&path)));
            }
        }
    }
    Ok(())
}

/// The refusal of a key, `written` as its author wrote it.
pub(super) fn unknown(key: &str, written: &str, nearest: Option<String>) -> ConfigError {
    let advice = match nearest {
        Some(known) => format!("did you mean '{known}'?"),
        None => "config/sealane.example.toml lists every setting".to_owned(),
    };
    debug_assert!(kind(key).is_none(), "a known key was refused");
    ConfigError::Unknown { key: written.to_owned(), advice }
}

/// The known setting that looks most like `path`: its own section is searched first.
pub(super) fn nearest_key(path: &str) -> Option<String> {
    let (section, key) = path.split_once('.').unwrap_or(("", path));
    let siblings = KEYS
        .iter()
        .filter_map(|(known, _)| known.split_once('.'))
        .filter(|(known_section, _)| *known_section == section)
        .map(|(_, known_key)| known_key);
    nearest(key, siblings)
        .map(|found| format!("{section}.{found}"))
        .or_else(|| nearest(path, KEYS.iter().map(|(known, _)| *known)))
}

fn nearest<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> Option<String> {
    known
        .map(|candidate| {
            (strsim::jaro_winkler(word, candidate).max(shared_word(word, candidate)), candidate)
        })
        .max_by(|(a, _), (b, _)| a.total_cmp(b))
        .filter(|(likeness, _)| *likeness > 0.7)
        .map(|(_, candidate)| candidate.to_owned())
}

/// A key that lacks a word of a longer one (`quorum` for `witness_quorum`) is meant as that one.
fn shared_word(word: &str, candidate: &str) -> f64 {
    if word.len() > 3 && candidate.split('_').any(|part| part == word) { 0.9 } else { 0.0 }
}

fn is_section(name: &str) -> bool {
    sections().any(|known| known == name)
}

fn sections() -> impl Iterator<Item = &'static str> {
    KEYS.iter().filter_map(|(known, _)| known.split_once('.')).map(|(section, _)| section)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::node::config::template::EXAMPLE;

    #[test]
    fn the_example_names_every_setting_and_no_other() {
        let mut section = String::new();
        let mut named = Vec::new();
        for line in EXAMPLE.lines() {
            if let Some(name) = line.strip_prefix('[').and_then(|l| l.strip_suffix(']')) {
                section = name.to_owned();
            } else if let Some((key, _)) = line.trim_start_matches('#').split_once(" = ") {
                let is_key = key.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
                if is_key && !key.is_empty() {
                    named.push(format!("{section}.{key}"));
                }
            }
        }
        let known: Vec<_> = KEYS.iter().map(|(key, _)| (*key).to_owned()).collect();
        assert_eq!(named, known);
    }

    #[test]
    fn a_word_like_nothing_gets_no_guess() {
        assert_eq!(nearest_key("zzz.qqq"), None);
        assert_eq!(nearest_key("peer.mtu"), Some("peer.mtu_max".to_owned()));
    }
}
