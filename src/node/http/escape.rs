//! Percent-encoding (RFC 3986 2.1) of what stands in a path, a query or a header; decodes nothing.

/// The text with every byte escaped but ASCII letters and digits and those in `plain`.
#[must_use]
pub fn escaped(text: &str, plain: &[u8]) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || plain.contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            escaped.extend(['%', hex_digit(byte >> 4), hex_digit(byte & 15)]);
        }
    }
    escaped
}

fn hex_digit(nibble: u8) -> char {
    char::from_digit(u32::from(nibble), 16).unwrap_or('0').to_ascii_uppercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_other_byte_is_escaped() {
        assert_eq!(escaped("a/b?c d%é-_", b"-"), "a%2Fb%3Fc%20d%25%C3%A9-%5F");
    }
}
