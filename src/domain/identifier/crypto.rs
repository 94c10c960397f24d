//! Addresses of crypto-assets: the checksums of Bitcoin and of what is written like it; asks no chain.

use sha2::{Digest, Sha256};

use crate::domain::identifier::judgement::{
    Judgement, digit, fail, impossible, pass, unchecked, unchecked_noting,
};

const BASE58: &str = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
const BECH32: &str = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";
const ADDRESS_BYTES_MAX: usize = 120;

/// What the checksum leaves of a sound text: BIP-173 for version 0, BIP-350 for the later ones.
const BECH32_REST: u32 = 1;
const BECH32M_REST: u32 = 0x2bc8_30a3;

/// Address of a crypto-asset. Bitcoin's (`Base58Check`; Bech32 of BIP-173 and BIP-350) are checked, and so is any
/// other that is written in `Base58Check`; the rest is kept.
///
/// Case is part of a Base58 address and stays; it is none of Bech32 and of hexadecimal ones, which become lower case.
pub(crate) fn crypto_address(text: &str) -> Judgement {
    if text.len() > ADDRESS_BYTES_MAX {
        return impossible("a crypto-asset address has at most 120 characters");
    }
    if !text.chars().any(char::is_alphanumeric) {
        return impossible("a crypto-asset address has at least one letter or digit");
    }
    if is_hexadecimal(text) {
        return unchecked_noting(
            &text.to_ascii_lowercase(),
            "its checksum is in the case of its letters and is not looked at",
        );
    }
    if text.get(..3).is_some_and(|start| start.eq_ignore_ascii_case("bc1")) {
        return bech32(text);
    }
    let is_checked = base58(text).is_some_and(|bytes| is_base58_checked(&bytes));
    match text.bytes().next() {
        // Of Bitcoin: 25 bytes, which are 26 to 35 characters.
        Some(b'1' | b'3') if (26..=35).contains(&text.len()) => digit(text, is_checked),
        Some(_) | None if is_checked => pass(text),
        Some(_) | None => unchecked(text),
    }
}

/// Ethereum and its like (EIP-55): 0x and 40 hexadecimal digits.
fn is_hexadecimal(text: &str) -> bool {
    text.strip_prefix("0x")
        .is_some_and(|digits| digits.len() == 40 && digits.bytes().all(|b| b.is_ascii_hexdigit()))
}

/// The number that Base58 digits spell, as bytes; a leading 1 is a byte of zero.
fn base58(text: &str) -> Option<Vec<u8>> {
    let mut bytes: Vec<u8> = Vec::new();
    for c in text.chars() {
        let mut carry = u32::try_from(BASE58.find(c)?).ok()?;
        for byte in bytes.iter_mut().rev() {
            carry += u32::from(*byte) * 58;
            *byte = carry.to_le_bytes()[0];
            carry >>= 8;
        }
        if carry > 0 {
            bytes.insert(0, u8::try_from(carry).ok()?);
        }
    }
    let zeros = text.bytes().take_while(|b| *b == b'1').count();
    bytes.splice(0..0, std::iter::repeat_n(0, zeros));
    Some(bytes)
}

/// Whether 21 bytes are followed by the first four of their double SHA-256.
fn is_base58_checked(bytes: &[u8]) -> bool {
    bytes.len() == 25
        && bytes
            .split_at_checked(21)
            .is_some_and(|(body, check)| Sha256::digest(Sha256::digest(body)).starts_with(check))
}

/// Segregated witness address: `bc1`, the version, the program, six characters of checksum.
fn bech32(text: &str) -> Judgement {
    let lower = text.to_ascii_lowercase();
    if lower != text && text.to_ascii_uppercase() != text {
        return fail(text, "mixes upper and lower case, which no such address does");
    }
    let data: Option<Vec<u8>> = lower
        .chars()
        .skip(3)
        .map(|c| BECH32.find(c).and_then(|value| u8::try_from(value).ok()))
        .collect();
    let Some(data) = data.filter(|_| (14..=90).contains(&lower.len())) else {
        return fail(&lower, "is not in the form of a Bitcoin address");
    };
    let version = data.first().copied().unwrap_or(0);
    let rest = if version == 0 { BECH32_REST } else { BECH32M_REST };
    // The letters of the prefix: their upper bits, zero, their lower bits.
    let prefix = [3, 3, 0, 2, 3];
    if polymod(prefix.into_iter().chain(data.iter().copied())) != rest {
        return fail(&lower, "the checksum does not match");
    }
    let program_bits = (data.len().saturating_sub(7)) * 5;
    let (bytes, padding) = (program_bits / 8, program_bits % 8);
    let is_sized = if version == 0 { matches!(bytes, 20 | 32) } else { (2..=40).contains(&bytes) };
    let last = data.iter().rev().nth(6).copied().unwrap_or(0);
    let is_padded = padding < 5 && last & ((1 << padding) - 1) == 0;
    if version <= 16 && is_sized && is_padded {
        pass(&lower)
    } else {
        fail(&lower, "is not in the form of a Bitcoin address")
    }
}

/// The code of BIP-173 over values of five bits.
fn polymod(values: impl Iterator<Item = u8>) -> u32 {
    const GENERATOR: [u32; 5] = [0x3b6a_57b2, 0x2650_8e6d, 0x1ea1_19fa, 0x3d42_33dd, 0x2a14_62b3];
    values.fold(1, |sum, value| {
        let top = sum >> 25;
        let shifted = ((sum & 0x01ff_ffff) << 5) ^ u32::from(value);
        GENERATOR
            .iter()
            .enumerate()
            .filter(|(bit, _)| top >> bit & 1 == 1)
            .fold(shifted, |sum, (_, generator)| sum ^ generator)
    })
}

#[cfg(test)]
mod tests {
    use crate::domain::identifier::{Check, Identifier, Scheme};

    fn observe(text: &str) -> Identifier {
        Identifier::observe(Scheme::CryptoAddress, text).unwrap()
    }

    #[test]
    fn addresses_of_bitcoin_have_a_checksum() {
        for sound in [
            "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa",
            "3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLy",
            "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4",
            "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0",
        ] {
            assert_eq!(observe(sound).check, Check::Pass, "{sound}");
        }
        for unsound in [
            "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNb",
            "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t5",
            "bc1Qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4",
            // Version 1 with the checksum of version 0 (BIP-350).
            "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqh2y7hd",
            "bc1",
        ] {
            assert_eq!(observe(unsound).check, Check::Fail, "{unsound}");
        }
    }

    #[test]
    fn case_is_kept_where_it_is_part_of_the_address() {
        let old = observe("1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa");
        assert_eq!(old.normalised, old.as_observed);
        let upper = observe("BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4");
        assert_eq!(upper.check, Check::Pass);
        assert_eq!(upper.normalised, "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4");
        let ethereum = observe("0x52908400098527886E0F7030069857D2E4169EE7");
        assert_eq!(ethereum.normalised, "0x52908400098527886e0f7030069857d2e4169ee7");
        assert_eq!(ethereum.check, Check::NotApplicable);
    }

    #[test]
    fn what_is_not_known_is_kept() {
        assert_eq!(observe("addr1 of another chain").check, Check::NotApplicable);
        assert!(Identifier::observe(Scheme::CryptoAddress, "--").is_err());
        assert!(Identifier::observe(Scheme::CryptoAddress, &"a".repeat(121)).is_err());
    }
}
