//! Identifiers of products and substances: GTIN, SSCC, IMEI, CAS; a valid one may be on counterfeit goods.

use crate::domain::identifier::judgement::{
    Judgement, digit, digit_value, fail, impossible, is_digits, last_digit,
};

/// Trade item number (GS1 General Specifications 7.9) of 8, 12, 13 or 14 digits.
pub(crate) fn gtin(text: &str) -> Judgement {
    if !matches!(text.len(), 8 | 12 | 13 | 14) || !is_digits(text) {
        return impossible("a GTIN has 8, 12, 13 or 14 digits");
    }
    gs1(text)
}

/// Serial shipping container code (GS1 General Specifications 7.9).
pub(crate) fn sscc(text: &str) -> Judgement {
    if text.len() != 18 || !is_digits(text) {
        return impossible("an SSCC has 18 digits");
    }
    gs1(text)
}

/// Weights 3, 1, 3, … from the right, before the check digit.
fn gs1(text: &str) -> Judgement {
    let sum: u32 = text
        .bytes()
        .rev()
        .skip(1)
        .zip([3, 1].into_iter().cycle())
        .map(|(b, w)| digit_value(b) * w)
        .sum();
    digit(text, last_digit(text) == Some((10 - sum % 10) % 10))
}

/// Mobile equipment identity (3GPP TS 23.003 6.2), with its Luhn digit.
pub(crate) fn imei(text: &str) -> Judgement {
    if text.len() != 15 || !is_digits(text) {
        return impossible("an IMEI has 15 digits");
    }
    let sum: u32 = text
        .bytes()
        .rev()
        .zip([1, 2].into_iter().cycle())
        .map(|(byte, weight)| digit_value(byte) * weight)
        .map(|product| product / 10 + product % 10)
        .sum();
    digit(text, sum.is_multiple_of(10))
}

/// Number of the Chemical Abstracts Service (CAS registry), without its hyphens; never begins with 0.
pub(crate) fn cas(text: &str) -> Judgement {
    if !(5..=10).contains(&text.len()) || !is_digits(text) {
        return impossible("a CAS number has 2 to 7 digits, 2 digits and a check digit");
    }
    if text.starts_with('0') {
        return fail(text, "begins with 0, which no CAS number does");
    }
    let sum: u32 = text.bytes().rev().skip(1).zip(1_u32..).map(|(b, w)| digit_value(b) * w).sum();
    digit(text, last_digit(text) == Some(sum % 10))
}

#[cfg(test)]
mod tests {
    use crate::domain::identifier::{Check, Identifier, Scheme};

    #[test]
    fn products_have_check_digits() {
        for (scheme, sound, unsound) in [
            (Scheme::Gtin, "4006381333931", "4006381333932"),
            (Scheme::Gtin, "73513537", "73513536"),
            (Scheme::Sscc, "106141412345678908", "106141412345678909"),
            (Scheme::Imei, "490154203237518", "490154203237519"),
            (Scheme::Cas, "50-36-2", "50-36-3"),
            (Scheme::Cas, "561-27-3", "561-27-4"),
            (Scheme::Cas, "537-46-2", "537-46-1"),
            // The same sum, but not as the registry writes it.
            (Scheme::Cas, "50-36-2", "050-36-2"),
        ] {
            assert_eq!(Identifier::observe(scheme, sound).unwrap().check, Check::Pass, "{sound}");
            assert_eq!(
                Identifier::observe(scheme, unsound).unwrap().check,
                Check::Fail,
                "{unsound}"
            );
            assert!(Identifier::observe(scheme, "12A").is_err());
        }
    }
}
