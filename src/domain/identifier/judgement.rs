//! The result of looking at an identifier and the arithmetic that schemes share; knows no scheme.

/// What a scheme says of a text.
pub(crate) enum Judgement {
    /// The text is in form; a check, if the scheme has one, came out so.
    Fits(Fits),
    /// The text cannot be of the scheme at all.
    Impossible(String),
}

/// A text in the form of its scheme.
pub(crate) struct Fits {
    pub(crate) normalised: String,
    pub(crate) check: Check,
    pub(crate) reason: Option<String>,
}

/// What the check digit or the code list says. A pass is not proof: one random text in ten passes most checks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Check {
    /// The check digit is right, or the code is in the list.
    Pass,
    /// The check digit is wrong, or the code is unknown: a warning, since forged papers are evidence.
    Fail,
    /// The scheme has nothing to check here.
    NotApplicable,
}

impl Check {
    /// The stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::NotApplicable => "not_applicable",
        }
    }
}

impl std::str::FromStr for Check {
    type Err = UnknownCheck;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        [Self::Pass, Self::Fail, Self::NotApplicable]
            .into_iter()
            .find(|check| check.name() == text)
            .ok_or(UnknownCheck)
    }
}

/// A text that names no check result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a check result: expected pass, fail or not_applicable")]
pub struct UnknownCheck;

pub(crate) fn pass(normalised: &str) -> Judgement {
    fits(normalised, Check::Pass, None)
}

pub(crate) fn pass_noting(normalised: &str, reason: &str) -> Judgement {
    fits(normalised, Check::Pass, Some(reason))
}

pub(crate) fn fail(normalised: &str, reason: &str) -> Judgement {
    fits(normalised, Check::Fail, Some(reason))
}

pub(crate) fn unchecked(normalised: &str) -> Judgement {
    fits(normalised, Check::NotApplicable, None)
}

pub(crate) fn unchecked_noting(normalised: &str, reason: &str) -> Judgement {
    fits(normalised, Check::NotApplicable, Some(reason))
}

pub(crate) fn impossible(reason: &str) -> Judgement {
    Judgement::Impossible(reason.to_owned())
}

/// Pass if the check came out right, else a failed check digit.
pub(crate) fn digit(normalised: &str, is_right: bool) -> Judgement {
    if is_right { pass(normalised) } else { fail(normalised, "the check digit does not match") }
}

fn fits(normalised: &str, check: Check, reason: Option<&str>) -> Judgement {
    Judgement::Fits(Fits {
        normalised: normalised.to_owned(),
        check,
        reason: reason.map(str::to_owned),
    })
}

/// Whether every byte is an upper-case letter or digit.
pub(crate) fn is_alphanumeric(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
}

/// Whether every byte is a digit.
pub(crate) fn is_digits(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_digit())
}

/// Whether every byte is an upper-case letter.
pub(crate) fn is_letters(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_uppercase())
}

/// The value of a digit byte; anything else is 0.
pub(crate) fn digit_value(byte: u8) -> u32 {
    if byte.is_ascii_digit() { u32::from(byte - b'0') } else { 0 }
}

/// 0-9 as they are, A=10 to Z=35 (LEI, IBAN, MRZ); anything else, such as `<`, is 0.
pub(crate) fn alphanumeric_value(byte: u8) -> u32 {
    if byte.is_ascii_uppercase() { u32::from(byte - b'A') + 10 } else { digit_value(byte) }
}

/// Letter values of ISO 6346, which the MRN uses too: A=10, B..K=12..21, L..U=23..32, V..Z=34..38 (no multiples of 11).
pub(crate) fn container_value(byte: u8) -> u32 {
    let plain = alphanumeric_value(byte);
    match plain {
        0..=10 => plain,
        11..=20 => plain + 1,
        21..=30 => plain + 2,
        _ => plain + 3,
    }
}

/// Sum of `value(byte) * 2^position`, modulo 11, with 10 read as 0 (ISO 6346, MRN).
pub(crate) fn modulo_11_doubling(text: &str) -> u32 {
    let mut weight = 1_u32;
    let mut sum = 0_u32;
    for byte in text.bytes() {
        sum = (sum + container_value(byte) * weight) % 11;
        weight = weight * 2 % 11;
    }
    sum % 10
}

/// The number that letters and digits spell, modulo 97 (ISO 7064, LEI and IBAN).
pub(crate) fn modulo_97(bytes: impl Iterator<Item = u8>) -> u32 {
    bytes.fold(0, |remainder, byte| {
        let value = alphanumeric_value(byte);
        let shift = if value > 9 { 100 } else { 10 };
        (remainder * shift + value) % 97
    })
}

/// The value of the last character as a digit, if it is one.
pub(crate) fn last_digit(text: &str) -> Option<u32> {
    text.bytes().last().filter(u8::is_ascii_digit).map(digit_value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letter_values_skip_the_multiples_of_eleven() {
        let values: Vec<u32> = (b'A'..=b'Z').map(container_value).collect();
        assert_eq!(values.first(), Some(&10));
        assert_eq!(container_value(b'B'), 12);
        assert_eq!(container_value(b'K'), 21);
        assert_eq!(container_value(b'L'), 23);
        assert_eq!(container_value(b'U'), 32);
        assert_eq!(container_value(b'V'), 34);
        assert_eq!(container_value(b'Z'), 38);
        assert!(values.iter().all(|value| value % 11 != 0));
    }
}
