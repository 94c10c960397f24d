//! The small rules that all C2SP text formats share: canonical decimals and base64; knows no format.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::transparency::tree::Hash;

/// A decimal without sign or leading zeros, as every C2SP format writes numbers.
pub(crate) fn parse_decimal(text: &str) -> Option<u64> {
    let is_canonical = text == "0" || !text.starts_with('0');
    let is_digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if is_canonical && is_digits { text.parse().ok() } else { None }
}

/// Standard base64 with padding; a text that encodes back differently is refused.
pub(crate) fn parse_base64(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text).ok()
}

/// The inverse of [`parse_base64`].
pub(crate) fn to_base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// Lines of base64 hashes up to and without the first empty line, and the text after that line.
///
/// `None` if there is no empty line, a line is not a hash, or there are more than `lines_max`.
pub(crate) fn split_hash_lines(text: &str, lines_max: usize) -> Option<(Vec<Hash>, &str)> {
    let mut hashes = Vec::new();
    let mut rest = text;
    loop {
        let (line, after) = rest.split_once('\n')?;
        if line.is_empty() {
            return Some((hashes, after));
        }
        if hashes.len() >= lines_max {
            return None;
        }
        hashes.push(Hash::from_base64(line)?);
        rest = after;
    }
}

/// The start of a foreign text, escaped, for an error message that cannot grow without bound.
pub(crate) fn clip(text: &str) -> String {
    text.chars().take(80).flat_map(char::escape_default).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decimal_has_one_spelling() {
        assert_eq!(parse_decimal("0"), Some(0));
        assert_eq!(parse_decimal("18446744073709551615"), Some(u64::MAX));
        for other in ["", "00", "01", "+1", "-1", " 1", "1 ", "18446744073709551616", "1e3"] {
            assert_eq!(parse_decimal(other), None, "{other}");
        }
    }

    #[test]
    fn base64_has_one_spelling() {
        assert_eq!(parse_base64("AA=="), Some(vec![0]));
        for other in ["AA", "AB==", "AA=", "AA== ", "A_==", "A\n=="] {
            assert_eq!(parse_base64(other), None, "{other}");
        }
    }

    #[test]
    fn hash_lines_end_at_the_empty_line_and_have_a_limit() {
        let line = format!("{}\n", Hash([7; 32]).to_base64());
        assert_eq!(split_hash_lines("\nrest", 0), Some((vec![], "rest")));
        let two = format!("{line}{line}\n");
        assert_eq!(split_hash_lines(&two, 2), Some((vec![Hash([7; 32]); 2], "")));
        assert_eq!(split_hash_lines(&two, 1), None);
        assert_eq!(split_hash_lines(&line, 2), None);
    }
}
