//! Identifiers of customs: declarations, guarantees, carnets, traders, tariff codes; no code list of subheadings.

use crate::domain::identifier::judgement::{
    Judgement, fail, impossible, is_alphanumeric, is_digits, is_letters, last_digit,
    modulo_11_doubling, pass, pass_noting, unchecked, unchecked_noting,
};
use crate::domain::identifier::place::is_country;

/// Movement reference number (Annex B UCC DA), older (to year 24) and current shape (from year 24).
pub(crate) fn mrn(text: &str) -> Judgement {
    let (Some(year), Some(country), true) = (text.get(..2), text.get(2..4), text.len() == 18)
    else {
        return impossible("an MRN has 18 letters and digits");
    };
    if !is_alphanumeric(text) || !is_digits(year) || !is_letters(country) {
        return impossible(
            "an MRN begins with two digits of the year and two letters of the country",
        );
    }
    let (body, last) = text.split_at(17);
    if last == "F" {
        return unchecked_noting(text, "ends with F: issued in fallback, without a check digit");
    }
    let Some(stated) = last_digit(last) else {
        return fail(text, "does not end with a check digit");
    };
    if modulo_11_doubling(body) != stated {
        return fail(text, "the check digit does not match");
    }
    if !is_country(country) {
        return fail(text, "the country code is not in ISO 3166-1");
    }
    let procedure = body.bytes().last().and_then(mrn_procedure);
    let year: u32 = year.parse().unwrap_or(0);
    match procedure {
        Some(name) if year >= 24 => pass_noting(text, name),
        None if year >= 25 => {
            fail(text, "the letter of the procedure at position 17 is unknown; check the year")
        }
        Some(_) | None => pass(text),
    }
}

/// The procedure letter of the current shape (Annex B UCC DA, as NCTS phase 5 and AES use it).
fn mrn_procedure(letter: u8) -> Option<&'static str> {
    Some(match letter {
        b'A' => "export",
        b'B' => "export with exit summary",
        b'C' => "exit summary",
        b'D' => "re-export notification",
        b'E' => "dispatch to special territories",
        b'J' => "transit",
        b'K' => "transit with exit summary",
        b'L' => "transit with entry summary",
        b'M' => "proof of Union status",
        b'R' => "import",
        b'S' => "import with entry summary",
        b'T' => "entry summary",
        b'U' => "temporary storage",
        b'V' => "introduction from special territories",
        b'W' => "temporary storage with entry summary",
        _ => return None,
    })
}

/// Guarantee reference number (Annex B UCC DA); pattern only.
pub(crate) fn grn(text: &str) -> Judgement {
    if !matches!(text.len(), 17 | 24) || !is_alphanumeric(text) {
        return impossible("a GRN has 17 or 24 letters and digits");
    }
    let is_shaped = text.get(..2).is_some_and(is_digits)
        && text.get(2..4).is_some_and(is_letters)
        && text.get(16..17).is_some_and(is_digits)
        && (text.len() == 17
            || text.get(17..18).is_some_and(is_letters) && text.get(18..).is_some_and(is_digits));
    if is_shaped { unchecked(text) } else { fail(text, "is not in the form of a GRN") }
}

/// TIR carnet number (TIR Convention 1975, NCTS phase 5); pattern only, since the check of the IRU is not public.
pub(crate) fn tir_carnet(text: &str) -> Judgement {
    let (prefix, number) = text.split_at(text.bytes().take_while(u8::is_ascii_uppercase).count());
    if number.is_empty() || text.len() > 12 || !is_digits(number) {
        return impossible("a TIR carnet number is digits, in newer carnets after two letters");
    }
    let value: u64 = number.parse().unwrap_or(u64::MAX);
    let is_shaped = if prefix.is_empty() {
        (1..=25_000_000).contains(&value) && !number.starts_with('0')
    } else {
        prefix.len() == 2
            && prefix.contains('X')
            && value >= 25_000_000
            && number.len() <= 9
            && !number.starts_with('0')
    };
    if is_shaped { unchecked(text) } else { fail(text, "is not a number that carnets bear") }
}

/// Local reference number (Annex B UCC DA); free.
pub(crate) fn lrn(text: &str) -> Judgement {
    if text.len() > 22 { impossible("an LRN has at most 22 characters") } else { unchecked(text) }
}

/// Customs office reference (Annex B UCC DA, format an8 of its codes); the list of offices is not held here.
pub(crate) fn customs_office(text: &str) -> Judgement {
    if text.len() != 8 || !is_alphanumeric(text) || !text.get(..2).is_some_and(is_letters) {
        return impossible(
            "a customs office has two letters of the country and six letters or digits",
        );
    }
    with_country(text, "begins with a code that is not in ISO 3166-1")
}

/// Administrative reference code of an excise movement (EMCS, Regulation (EU) 2022/1636); pattern only.
pub(crate) fn arc(text: &str) -> Judgement {
    if text.len() != 21 || !is_alphanumeric(text) {
        return impossible("an ARC has 21 letters and digits");
    }
    let is_shaped = text.get(..2).is_some_and(is_digits)
        && text.get(2..4).is_some_and(is_letters)
        && text.get(20..).is_some_and(is_digits);
    if is_shaped { unchecked(text) } else { fail(text, "is not in the form of an ARC") }
}

/// Economic operator's number (Article 9 UCC, Annex 12-01 UCC DA: country and up to 15 characters); only the registers of the countries can confirm it.
pub(crate) fn eori(text: &str) -> Judgement {
    if !(3..=17).contains(&text.len())
        || !is_alphanumeric(text)
        || !text.get(..2).is_some_and(is_letters)
    {
        return impossible(
            "an EORI has two letters of the country and up to 15 letters and digits",
        );
    }
    with_country(text, "begins with a code that is not in ISO 3166-1")
}

/// Unique consignment reference (WCO, with ISO 15459 licence plates within); free after the year digit and the country.
pub(crate) fn ucr(text: &str) -> Judgement {
    if text.len() > 35 {
        return impossible("a UCR has at most 35 characters");
    }
    let is_shaped = text.get(..1).is_some_and(is_digits)
        && text.get(1..3).is_some_and(|country| is_letters(country) && is_country(country));
    if is_shaped {
        unchecked(text)
    } else {
        fail(text, "does not begin with a digit of the year and a country")
    }
}

/// Harmonized System code (HS Convention; CN and TARIC of Regulation (EEC) No 2658/87): chapter, heading, subheading or a national code of more digits.
pub(crate) fn hs(text: &str) -> Judgement {
    if !is_digits(text) {
        return impossible("a tariff code has digits only, with or without points");
    }
    if !matches!(text.len(), 2 | 4 | 6..=14) {
        return impossible("a tariff code has 2, 4 or 6 digits, or more for a national subheading");
    }
    match text.get(..2) {
        Some("00") => impossible("the Harmonized System has no chapter 00"),
        Some("77") => fail(text, "chapter 77 is reserved and has no goods"),
        Some("98" | "99") => fail(text, "chapters 98 and 99 are for national use only"),
        Some(_) | None => unchecked(text),
    }
}

fn with_country(text: &str, reason: &str) -> Judgement {
    if text.get(..2).is_some_and(is_country) { unchecked(text) } else { fail(text, reason) }
}

#[cfg(test)]
mod tests {
    use crate::domain::identifier::{Check, Identifier, Scheme};

    fn check(scheme: Scheme, text: &str) -> Check {
        Identifier::observe(scheme, text).unwrap().check
    }

    fn is_impossible(scheme: Scheme, text: &str) -> bool {
        Identifier::observe(scheme, text).is_err()
    }

    #[test]
    fn an_mrn_of_the_older_shape_has_a_check_digit() {
        for sound in ["21GB00014210026352", "22ITZXBZYUTJFLJXK6", "06DE586600006143E1"] {
            assert_eq!(check(Scheme::Mrn, sound), Check::Pass, "{sound}");
        }
        assert_eq!(check(Scheme::Mrn, "22DK1V0QQK2S6J7TU1"), Check::Pass);
        assert_eq!(check(Scheme::Mrn, "22DK1V0QQK2S6J7TU2"), Check::Fail);
    }

    #[test]
    fn an_mrn_of_the_current_shape_names_its_procedure() {
        for (sound, procedure) in [
            ("25NL000456001234J3", "transit"),
            ("25DE005866000061A0", "export"),
            ("25FR000123456789R0", "import"),
            ("25BE1A2B3C4D5E6FT4", "entry summary"),
        ] {
            let mrn = Identifier::observe(Scheme::Mrn, sound).unwrap();
            assert_eq!((mrn.check, mrn.reason.as_deref()), (Check::Pass, Some(procedure)));
        }
    }

    #[test]
    fn an_mrn_without_the_letter_of_a_procedure_warns_from_the_year_25() {
        // 24 has both shapes.
        assert_eq!(check(Scheme::Mrn, "24NL00045600123408"), Check::Pass);
        let odd = Identifier::observe(Scheme::Mrn, "25NL000456001234X4").unwrap();
        assert!(odd.reason.unwrap().contains("position 17"));
    }

    #[test]
    fn an_mrn_that_cannot_be_is_offered_the_scheme_other() {
        for unsound in
            ["", "21GB", "21GB000142100263521", "XXGB00014210026352", "2112000142100263521"]
        {
            assert!(is_impossible(Scheme::Mrn, unsound), "{unsound}");
        }
        assert_eq!(check(Scheme::Mrn, "21GB0001421002635F"), Check::NotApplicable);
        assert_eq!(check(Scheme::Mrn, "21GB0001421002635A"), Check::Fail);
    }

    #[test]
    fn a_tariff_code_is_checked_by_its_chapter_only() {
        assert_eq!(Identifier::observe(Scheme::Hs, "2402.20").unwrap().normalised, "240220");
        for sound in ["24", "2402", "240220", "24022090", "2402209000"] {
            assert_eq!(check(Scheme::Hs, sound), Check::NotApplicable, "{sound}");
        }
        for odd in ["770000", "980000", "99"] {
            assert_eq!(check(Scheme::Hs, odd), Check::Fail, "{odd}");
        }
        for unsound in ["", "2", "240", "24022", "000000", "24O220"] {
            assert!(is_impossible(Scheme::Hs, unsound), "{unsound}");
        }
    }

    #[test]
    fn patterns_of_customs_references() {
        assert_eq!(check(Scheme::Grn, "20GB0000010000GX1"), Check::NotApplicable);
        assert_eq!(check(Scheme::Grn, "GB200000010000GX1"), Check::Fail);
        assert_eq!(check(Scheme::TirCarnet, "XQ25123456"), Check::NotApplicable);
        assert_eq!(check(Scheme::TirCarnet, "26000000"), Check::Fail);
        for sound in ["1", "9999999", "24999999", "25000000", "QX100000000", "XX99999999"] {
            assert_eq!(check(Scheme::TirCarnet, sound), Check::NotApplicable, "{sound}");
        }
        for odd in ["0", "25000001", "XQ24999999", "XQ025123456", "AB25123456"] {
            assert_eq!(check(Scheme::TirCarnet, odd), Check::Fail, "{odd}");
        }
        assert!(is_impossible(Scheme::TirCarnet, "XQ"));
        assert_eq!(check(Scheme::CustomsOffice, "DE005866"), Check::NotApplicable);
        assert_eq!(check(Scheme::Arc, "24DE0123456789ABCDEF5"), Check::NotApplicable);
        assert_eq!(check(Scheme::Eori, "GB123456789000"), Check::NotApplicable);
        assert_eq!(check(Scheme::Eori, "XI123456789000"), Check::NotApplicable);
        assert_eq!(check(Scheme::Eori, "AB1"), Check::Fail);
        assert!(is_impossible(Scheme::Eori, "12345"));
        assert_eq!(check(Scheme::Ucr, "6GB123456789000-INV0042"), Check::NotApplicable);
        assert_eq!(check(Scheme::Ucr, "GB1"), Check::Fail);
        assert_eq!(check(Scheme::Lrn, "ABC/2026/1"), Check::NotApplicable);
    }
}
