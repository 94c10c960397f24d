//! Countries and places; holds ISO 3166-1 but not the list of UN/LOCODE.

use crate::domain::identifier::judgement::{
    Judgement, fail, impossible, is_digits, is_letters, pass, pass_noting, unchecked_noting,
};

/// Country (ISO 3166-1), normalised to two letters where the list knows it.
pub(crate) fn country(text: &str) -> Judgement {
    let is_shaped =
        matches!(text.len(), 2 | 3) && is_letters(text) || text.len() == 3 && is_digits(text);
    if !is_shaped {
        return impossible("a country code has 2 or 3 letters or 3 digits");
    }
    let known = rust_iso3166::from_alpha2(text)
        .or_else(|| rust_iso3166::from_alpha3(text))
        .or_else(|| rust_iso3166::from_numeric_str(text));
    if let Some(known) = known {
        return pass(known.alpha2);
    }
    if text == "EL" {
        return pass_noting("GR", "EL is what VAT numbers write for Greece");
    }
    if is_user_assigned(text) {
        return pass_noting(text, "user-assigned: its meaning is agreed between the parties");
    }
    if let Some(reason) = withdrawn(text) {
        return pass_noting(text, reason);
    }
    fail(text, "is not in ISO 3166-1")
}

/// Code of a place (UN/LOCODE, UNECE recommendation 16); only the country part can be checked without the list.
pub(crate) fn unlocode(text: &str) -> Judgement {
    let (Some(state), Some(place), true) = (text.get(..2), text.get(2..), text.len() == 5) else {
        return impossible("a UN/LOCODE has a country and 3 letters or digits 2 to 9");
    };
    let is_place = place.bytes().all(|b| b.is_ascii_uppercase() || (b'2'..=b'9').contains(&b));
    if !is_letters(state) || !is_place {
        return impossible(
            "a UN/LOCODE has a country and 3 letters or digits 2 to 9, never 0 or 1",
        );
    }
    if state == "XZ" {
        unchecked_noting(text, "XZ: international waters")
    } else if is_country(state) {
        unchecked_noting(text, "the form is right; the list of places is not held here")
    } else {
        fail(text, "begins with a code that is not in ISO 3166-1")
    }
}

/// Whether two letters are a country in the list, user-assigned or withdrawn.
pub(crate) fn is_country(alpha2: &str) -> bool {
    rust_iso3166::from_alpha2(alpha2).is_some()
        || is_user_assigned(alpha2)
        || withdrawn(alpha2).is_some()
}

/// AA, QM to QZ, XA to XZ, ZZ, and EU, which is reserved (ISO 3166-1 8.1).
fn is_user_assigned(text: &str) -> bool {
    matches!(
        text.as_bytes(),
        [b'A', b'A'] | [b'Z', b'Z'] | [b'Q', b'M'..=b'Z'] | [b'X', b'A'..=b'Z'] | [b'E', b'U']
    )
}

fn withdrawn(text: &str) -> Option<&'static str> {
    Some(match text {
        "AN" => "withdrawn in 2010 (Netherlands Antilles); valid for older dates",
        "CS" => "withdrawn in 2006 (Serbia and Montenegro); valid for older dates",
        "YU" => "withdrawn in 2003 (Yugoslavia); valid for older dates",
        "SU" => "withdrawn in 1992 (USSR); valid for older dates",
        "DD" => "withdrawn in 1990 (German Democratic Republic); valid for older dates",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use crate::domain::identifier::{Check, Identifier, Scheme};

    #[test]
    fn the_three_forms_of_a_country_match() {
        for text in ["NL", "nld", "528"] {
            let country = Identifier::observe(Scheme::Country, text).unwrap();
            assert_eq!((country.check, country.normalised.as_str()), (Check::Pass, "NL"), "{text}");
        }
    }

    #[test]
    fn user_assigned_and_withdrawn_codes_pass_with_a_note() {
        for text in ["XA", "XK", "AA", "QZ", "EU", "AN", "DD"] {
            let country = Identifier::observe(Scheme::Country, text).unwrap();
            assert_eq!(country.check, Check::Pass, "{text}");
            assert!(country.reason.is_some(), "{text}");
        }
        assert_eq!(Identifier::observe(Scheme::Country, "EL").unwrap().normalised, "GR");
        assert_eq!(Identifier::observe(Scheme::Country, "QA").unwrap().reason, None);
        assert_eq!(Identifier::observe(Scheme::Country, "AB").unwrap().check, Check::Fail);
        assert!(Identifier::observe(Scheme::Country, "Netherlands").is_err());
    }

    #[test]
    fn a_locode_has_no_zero_and_no_one() {
        for text in ["NLRTM", "SG SIN", "DEHAM", "USLAX", "XZZZZ"] {
            assert_eq!(
                Identifier::observe(Scheme::Unlocode, text).unwrap().check,
                Check::NotApplicable
            );
        }
        assert_eq!(Identifier::observe(Scheme::Unlocode, "ABRTM").unwrap().check, Check::Fail);
        assert!(Identifier::observe(Scheme::Unlocode, "NLRT1").is_err());
        assert!(Identifier::observe(Scheme::Unlocode, "NLRT").is_err());
    }
}
