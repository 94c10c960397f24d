//! What a check has to say about a value: error, warning or information with the path of the field; decides nothing.

use std::fmt;

/// The longest short text (a name, a place, a reference), in bytes.
pub const SHORT_TEXT_BYTES_MAX: usize = 512;

/// The longest free text (facts, reasons, descriptions), in bytes.
pub const LONG_TEXT_BYTES_MAX: usize = 16 * 1024;

/// How much a finding weighs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// Stored, but an officer must look at it.
    Warning,
    /// Cannot be stored or released as it is.
    Error,
}

/// One remark on one field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// How much it weighs.
    pub severity: Severity,
    /// The path of the field, such as `goods/0/value`.
    pub path: String,
    /// What is wrong and what to do, for an officer.
    pub message: String,
}

impl Finding {
    /// A finding that forbids storing or release.
    #[must_use]
    pub fn error(path: &str, message: &str) -> Self {
        Self { severity: Severity::Error, path: path.to_owned(), message: message.to_owned() }
    }

    /// A finding that an officer must look at.
    #[must_use]
    pub fn warning(path: &str, message: &str) -> Self {
        Self { severity: Severity::Warning, path: path.to_owned(), message: message.to_owned() }
    }

    /// A finding worth knowing.
    #[must_use]
    pub fn info(path: &str, message: &str) -> Self {
        Self { severity: Severity::Info, path: path.to_owned(), message: message.to_owned() }
    }

    /// The same finding seen from the object around: `value` in `goods/0` is `goods/0/value`.
    #[must_use]
    pub fn under(self, prefix: &str) -> Self {
        Self { path: format!("{prefix}/{}", self.path), ..self }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path, self.message)
    }
}

/// Whether any finding forbids storing or release.
#[must_use]
pub fn has_error(findings: &[Finding]) -> bool {
    findings.iter().any(|finding| finding.severity == Severity::Error)
}

/// A value that its field cannot hold.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {reason}")]
pub struct ImpossibleValue {
    /// The field, as the officer knows it.
    pub field: &'static str,
    /// Why the value cannot be, and what to write.
    pub reason: String,
}

impl ImpossibleValue {
    /// The refusal of a field's value.
    #[must_use]
    pub fn of(field: &'static str, reason: &str) -> Self {
        Self { field, reason: reason.to_owned() }
    }
}

/// A text of one line that is there and not longer than [`SHORT_TEXT_BYTES_MAX`], trimmed.
///
/// # Errors
/// If it is empty, too long or holds control characters.
pub fn short_text(field: &'static str, text: &str) -> Result<String, ImpossibleValue> {
    let text = text.trim();
    if text.is_empty() {
        return Err(ImpossibleValue::of(field, "is empty; write at least one word"));
    }
    if text.len() > SHORT_TEXT_BYTES_MAX {
        return Err(ImpossibleValue::of(field, "is longer than 512 bytes; shorten it"));
    }
    if text.chars().any(char::is_control) {
        return Err(ImpossibleValue::of(field, "holds control characters; write one line of text"));
    }
    Ok(text.to_owned())
}

/// A text of any lines that is there and not longer than [`LONG_TEXT_BYTES_MAX`], trimmed.
///
/// # Errors
/// If it is empty, too long or holds control characters other than line breaks and tabs.
pub fn long_text(field: &'static str, text: &str) -> Result<String, ImpossibleValue> {
    let text = text.trim();
    if text.is_empty() {
        return Err(ImpossibleValue::of(field, "is empty; write at least one word"));
    }
    if text.len() > LONG_TEXT_BYTES_MAX {
        return Err(ImpossibleValue::of(field, "is longer than 16 KiB; attach it as a document"));
    }
    if text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t')) {
        return Err(ImpossibleValue::of(field, "holds control characters; write plain text"));
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_trimmed_and_bounded() {
        assert_eq!(short_text("name", "  Ada  "), Ok("Ada".to_owned()));
        assert!(short_text("name", "  ").is_err());
        assert!(short_text("name", "a\0b").is_err());
        assert!(short_text("name", "a\nb").is_err());
        assert!(short_text("name", &"x".repeat(SHORT_TEXT_BYTES_MAX + 1)).is_err());
        assert_eq!(long_text("facts", "a\nb"), Ok("a\nb".to_owned()));
        assert!(long_text("facts", &"x".repeat(LONG_TEXT_BYTES_MAX + 1)).is_err());
    }

    #[test]
    fn only_an_error_forbids() {
        let warning = Finding::warning("value", "odd").under("goods/0");
        assert_eq!(warning.path, "goods/0/value");
        assert!(!has_error(std::slice::from_ref(&warning)));
        assert!(has_error(&[warning, Finding::error("facts", "missing")]));
    }
}
