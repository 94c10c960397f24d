//! Identifiers of persons: travel documents with their machine-readable zone, telephone, e-mail; matches nobody.

use crate::domain::identifier::judgement::{
    Judgement, alphanumeric_value, digit_value, fail, impossible, is_alphanumeric, is_digits, pass,
    unchecked, unchecked_noting,
};

/// Passport or identity card number as printed (ICAO 9303, number of the document).
pub(crate) fn passport(text: &str) -> Judgement {
    if text.is_empty() || text.len() > 20 || !is_alphanumeric(text) {
        return impossible("a document number has up to 20 letters and digits");
    }
    unchecked(text)
}

/// Machine-readable zone (ICAO 9303 parts 4 to 7): TD1, TD2, TD3, the second line of a TD3 alone, or a visa.
///
/// Names, nationalities and dates are not judged: `D<<`, `UNO`, `XXA` or an unknown day of birth are all regular.
pub(crate) fn mrz(text: &str) -> Judgement {
    if !text.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'<') {
        return impossible("a machine-readable zone has letters, digits and < only");
    }
    let mut wrong = match text.len() {
        90 => td1(text),
        72 => text.get(36..).map_or(Vec::new(), |line| two_lines(line, 28..35)),
        88 => text.get(44..).map_or(Vec::new(), td3),
        44 => td3(text),
        _ => {
            return impossible(
                "a machine-readable zone has 3 lines of 30, 2 lines of 36 or 2 lines of 44 characters",
            );
        }
    };
    if text.len() != 90 && text.len() != 44 && text.starts_with('V') {
        // A visa has no check digit over all, and its optional data have none.
        wrong.retain(|name| !matches!(*name, "composite" | "optional data"));
    }
    if wrong.is_empty() {
        pass(text)
    } else {
        fail(text, &format!("check digits that do not match: {}", wrong.join(", ")))
    }
}

fn td1(text: &str) -> Vec<&'static str> {
    let part = |range: std::ops::Range<usize>| text.get(range).unwrap_or("");
    let number_is_right = if part(14..15) == "<" && part(15..16) != "<" {
        // A long document number runs on into the optional data; its check digit stands before the first filler.
        let rest = part(15..30);
        let overflow = rest.split('<').next().unwrap_or("");
        let (tail, check) = overflow.split_at(overflow.len().saturating_sub(1));
        is_checked(&[part(5..14), tail], check)
    } else {
        is_checked(&[part(5..14)], part(14..15))
    };
    let composite = [part(5..30), part(30..37), part(38..45), part(48..59)];
    named(&[
        ("document number", number_is_right),
        ("date of birth", is_checked(&[part(30..36)], part(36..37))),
        ("date of expiry", is_checked(&[part(38..44)], part(44..45))),
        ("composite", is_checked(&composite, part(59..60))),
    ])
}

fn td3(line: &str) -> Vec<&'static str> {
    let mut wrong = two_lines(line, 28..43);
    let part = |range: std::ops::Range<usize>| line.get(range).unwrap_or("");
    if !is_checked(&[part(28..42)], part(42..43)) {
        wrong.push("optional data");
    }
    wrong
}

/// The checks of the second line that TD2 and TD3 share; `optional` is the data before the composite digit.
fn two_lines(line: &str, optional: std::ops::Range<usize>) -> Vec<&'static str> {
    let part = |range: std::ops::Range<usize>| line.get(range).unwrap_or("");
    let composite_at = optional.end;
    let composite = [part(0..10), part(13..20), part(21..28), part(optional)];
    named(&[
        ("document number", is_checked(&[part(0..9)], part(9..10))),
        ("date of birth", is_checked(&[part(13..19)], part(19..20))),
        ("date of expiry", is_checked(&[part(21..27)], part(27..28))),
        ("composite", is_checked(&composite, part(composite_at..composite_at + 1))),
    ])
}

fn named(checks: &[(&'static str, bool)]) -> Vec<&'static str> {
    checks.iter().filter(|(_, is_right)| !is_right).map(|(name, _)| *name).collect()
}

/// Weights 7, 3, 1 over the parts as one text, modulo 10; the filler `<` counts 0, also as the check digit.
fn is_checked(parts: &[&str], check: &str) -> bool {
    let sum: u32 = parts
        .iter()
        .flat_map(|part| part.bytes())
        .zip([7, 3, 1].into_iter().cycle())
        .map(|(byte, weight)| alphanumeric_value(byte) * weight)
        .sum();
    check.bytes().next().is_some_and(|check| {
        (check.is_ascii_digit() || check == b'<') && digit_value(check) == sum % 10
    })
}

/// Telephone number (ITU-T E.164), or as dialled within a country.
pub(crate) fn phone(text: &str) -> Judgement {
    let digits = text.strip_prefix('+').unwrap_or(text);
    if !(3..=15).contains(&digits.len()) || !is_digits(digits) {
        return impossible("a telephone number has + and up to 15 digits");
    }
    if text.starts_with('+') {
        unchecked(text)
    } else {
        unchecked_noting(text, "without + and country: does not match across borders")
    }
}

/// E-mail address (RFC 5321); only the form is looked at.
pub(crate) fn email(text: &str) -> Judgement {
    let Some((local, domain)) = text.rsplit_once('@') else {
        return impossible("an e-mail address has a name, @ and a domain");
    };
    if local.is_empty() || domain.is_empty() || text.len() > 254 {
        return impossible("an e-mail address has a name, @ and a domain, 254 characters at most");
    }
    let is_shaped = domain.contains('.')
        && !domain.starts_with('.')
        && !domain.ends_with('.')
        && !text.contains(char::is_whitespace)
        && !local.contains('@');
    if is_shaped { unchecked(text) } else { fail(text, "is not in the form of an e-mail address") }
}

#[cfg(test)]
mod tests {
    use crate::domain::identifier::{Check, Identifier, Scheme};

    const TD1: &str = "I<UTOD231458907<<<<<<<<<<<<<<<\n7408122F1204159UTO<<<<<<<<<<<6\nERIKSSON<<ANNA<MARIA<<<<<<<<<<";
    const TD2: &str = "I<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<\nD231458907UTO7408122F1204159<<<<<<<6";
    const TD3: &str = "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\nL898902C36UTO7408122F1204159ZE184226B<<<<<10";

    fn observe(text: &str) -> Identifier {
        Identifier::observe(Scheme::Mrz, text).unwrap()
    }

    #[test]
    fn the_specimens_of_icao_9303_pass() {
        for specimen in [TD1, TD2, TD3, "L898902C36UTO7408122F1204159ZE184226B<<<<<10"] {
            assert_eq!(observe(specimen).reason, None);
            assert_eq!(observe(specimen).check, Check::Pass);
        }
    }

    #[test]
    fn a_wrong_field_is_named() {
        let forged = observe(&TD3.replace("740812", "750812"));
        assert_eq!(forged.check, Check::Fail);
        assert!(forged.reason.unwrap().contains("date of birth, composite"));
        assert!(observe(&TD1.replace("120415", "130415")).reason.unwrap().contains("expiry"));
        assert!(observe(&TD2.replace("D23145890", "D23145891")).reason.unwrap().contains("number"));
        let optional = observe(&TD3.replace("ZE184226B", "ZE184226C"));
        assert!(optional.reason.unwrap().contains("optional data"));
    }

    #[test]
    fn a_long_number_of_a_td1_runs_into_the_optional_data() {
        // ICAO 9303 part 5: number D23145890734 with check digit 9.
        let long = "I<UTOD23145890<7349<<<<<<<<<<<\n3407127M9507122UTO<<<<<<<<<<<2\nSTEVENSON<<PETER<JOHN<<<<<<<<<";
        assert_eq!(observe(long).reason, None);
    }

    #[test]
    fn a_visa_has_no_check_digit_over_all() {
        // ICAO 9303 part 7, specimen of a visa of type A.
        let visa = "V<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\nL8988901C4XXX4009078F96121096ZE184226B<<<<<<";
        assert_eq!(observe(visa).reason, None);
        let forged = observe(&visa.replace("400907", "410907"));
        assert_eq!(forged.reason.as_deref(), Some("check digits that do not match: date of birth"));
    }

    #[test]
    fn a_zone_of_another_length_is_impossible() {
        assert!(Identifier::observe(Scheme::Mrz, "P<UTO").is_err());
        assert!(Identifier::observe(Scheme::Mrz, &TD3.replace('<', "*")).is_err());
    }

    #[test]
    fn telephone_and_mail_are_normalised() {
        let phone = Identifier::observe(Scheme::Phone, "+49 (30) 123-456").unwrap();
        assert_eq!(phone.normalised, "+4930123456");
        assert_eq!(
            Identifier::observe(Scheme::Phone, "0049 30 123456").unwrap().normalised,
            "+4930123456"
        );
        assert!(Identifier::observe(Scheme::Phone, "030 123456").unwrap().reason.is_some());
        assert!(Identifier::observe(Scheme::Phone, "call me").is_err());
        let mail = Identifier::observe(Scheme::Email, " Jo.Doe@Example.COM ").unwrap();
        assert_eq!(mail.normalised, "jo.doe@example.com");
        assert_eq!(Identifier::observe(Scheme::Email, "a@b").unwrap().check, Check::Fail);
        assert!(Identifier::observe(Scheme::Email, "nobody").is_err());
        assert!(Identifier::observe(Scheme::Passport, "C01X00T47").is_ok());
    }
}
