//! The text form of the store key in its file: a labelled base64 block with a checksum; encrypts nothing itself.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

const BEGIN: &str = "-----BEGIN SEALANE STORE KEY-----";
const END: &str = "-----END SEALANE STORE KEY-----";

/// Bytes of the checksum behind the key: enough to notice a slip of the hand, not a protection.
const CHECKSUM_BYTES: usize = 4;

/// The armoured text of a 256-bit key.
pub(super) fn write(key: &[u8; 32]) -> Zeroizing<String> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(32 + CHECKSUM_BYTES));
    bytes.extend_from_slice(key);
    bytes.extend_from_slice(&checksum(key));
    let line = Zeroizing::new(STANDARD.encode(&*bytes));
    Zeroizing::new(format!("{BEGIN}\n{}\n{END}\n", *line))
}

/// The key in an armoured text; nothing if a line, a character or the checksum is wrong.
pub(super) fn read(text: &str) -> Option<Zeroizing<[u8; 32]>> {
    let mut lines = text.lines().map(str::trim);
    if lines.next()? != BEGIN {
        return None;
    }
    let bytes = Zeroizing::new(STANDARD.decode(lines.next()?).ok()?);
    if lines.next()? != END || lines.any(|line| !line.is_empty()) {
        return None;
    }
    let (key, sum) = bytes.split_first_chunk::<32>()?;
    (sum == checksum(key)).then(|| Zeroizing::new(*key))
}

fn checksum(key: &[u8; 32]) -> [u8; CHECKSUM_BYTES] {
    let digest: [u8; 32] = Sha256::digest(key).into();
    let [a, b, c, d, ..] = digest;
    [a, b, c, d]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_survives_its_armour() {
        let key = [9; 32];
        assert_eq!(read(&write(&key)).as_deref(), Some(&key));
    }

    #[test]
    fn a_garbled_text_is_not_a_key() {
        let text = write(&[9; 32]);
        for bad in ["", BEGIN, &text.replace("CQkJ", "CQkK"), &format!("{}x", *text)] {
            assert!(read(bad).is_none(), "{bad}");
        }
    }
}
