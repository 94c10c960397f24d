//! Identifiers of money: legal entities, accounts, banks, currencies; asks no register.

use iban::{Iban, ParseIbanError};

use crate::domain::identifier::judgement::{
    Judgement, digit, fail, impossible, is_alphanumeric, is_digits, is_letters, modulo_97, pass,
    pass_noting, unchecked,
};
use crate::domain::identifier::place::is_country;

/// Legal entity identifier (ISO 17442, check digits of ISO 7064).
pub(crate) fn lei(text: &str) -> Judgement {
    if text.len() != 20 || !is_alphanumeric(text) || !text.get(18..).is_some_and(is_digits) {
        return impossible("an LEI has 18 letters and digits and 2 check digits");
    }
    digit(text, modulo_97(text.bytes()) == 1)
}

/// International bank account number (ISO 13616, check digits of ISO 7064).
pub(crate) fn iban(text: &str) -> Judgement {
    if !(5..=34).contains(&text.len())
        || !is_alphanumeric(text)
        || !text.get(..2).is_some_and(is_letters)
        || !text.get(2..4).is_some_and(is_digits)
    {
        return impossible("an IBAN has a country, 2 check digits and up to 30 letters and digits");
    }
    let (head, tail) = text.split_at(4);
    if modulo_97(tail.bytes().chain(head.bytes())) != 1 {
        return fail(text, "the check digits do not match");
    }
    match text.parse::<Iban>() {
        Ok(_) => pass(text),
        Err(ParseIbanError::UnknownCountry(_)) => match is_later_form(text) {
            Some(true) => pass(text),
            Some(false) => fail(text, OTHER_FORM),
            None => pass_noting(text, "the country is not in the register of IBAN formats"),
        },
        Err(ParseIbanError::InvalidBban(_) | ParseIbanError::InvalidBaseIban { .. }) => {
            fail(text, OTHER_FORM)
        }
    }
}

const OTHER_FORM: &str = "the length or form is not that of the country";

/// Whether the account is in the form of a country that the library lacks and release 101 of the IBAN registry has:
/// Honduras (4 letters, 20 digits) and Pakistan (4 letters, 16 letters and digits).
fn is_later_form(text: &str) -> Option<bool> {
    let (bank, account) = (text.get(4..8).unwrap_or(""), text.get(8..).unwrap_or(""));
    let is_bank = bank.len() == 4 && is_letters(bank);
    match text.get(..2)? {
        "HN" => Some(is_bank && account.len() == 20 && is_digits(account)),
        "PK" => Some(is_bank && account.len() == 16),
        _ => None,
    }
}

/// Business identifier code (ISO 9362).
pub(crate) fn bic(text: &str) -> Judgement {
    if !matches!(text.len(), 8 | 11) || !is_alphanumeric(text) {
        return impossible("a BIC has 8 or 11 letters and digits");
    }
    if text.get(4..6).is_some_and(|country| is_letters(country) && is_country(country)) {
        unchecked(text)
    } else {
        fail(text, "the fifth and sixth letters are not a country")
    }
}

/// Currency code (ISO 4217).
pub(crate) fn currency(text: &str) -> Judgement {
    if text.len() != 3 || !is_letters(text) {
        return impossible("a currency code has 3 letters");
    }
    if let Some(reason) = ended_currency(text) {
        return pass_noting(text, reason);
    }
    if iso_currency::Currency::from_code(text).is_some() || matches!(text, "XCG" | "ZWG" | "XAD") {
        pass(text)
    } else {
        fail(text, "is not in ISO 4217")
    }
}

/// Codes that ended and stay valid for older papers.
fn ended_currency(text: &str) -> Option<&'static str> {
    Some(match text {
        "HRK" => "ended in 2023 (EUR); valid for older dates",
        "BGN" => "ended in 2026 (EUR); valid for older dates",
        "ZWL" => "replaced by ZWG; valid for older dates",
        "ANG" => "replaced by XCG; valid for older dates",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use crate::domain::identifier::{Check, Identifier, Scheme};

    fn check(scheme: Scheme, text: &str) -> Check {
        Identifier::observe(scheme, text).unwrap().check
    }

    #[test]
    fn an_lei_is_one_modulo_97() {
        assert_eq!(check(Scheme::Lei, "5493001KJTIIGC8Y1R12"), Check::Pass);
        assert_eq!(check(Scheme::Lei, "529900T8BM49AURSDO55"), Check::Pass);
        assert_eq!(check(Scheme::Lei, "529900T8BM49AURSDO56"), Check::Fail);
        assert!(Identifier::observe(Scheme::Lei, "529900T8BM49AURSDOAB").is_err());
    }

    #[test]
    fn an_iban_has_check_digits_and_the_form_of_its_country() {
        for sound in ["GB82WEST12345698765432", "DE89 3704 0044 0532 0130 00", "NO9386011117947"] {
            assert_eq!(check(Scheme::Iban, sound), Check::Pass, "{sound}");
        }
        assert_eq!(check(Scheme::Iban, "GB82WEST12345698765433"), Check::Fail);
        assert_eq!(check(Scheme::Iban, "HN61ABCD0000036274912829"), Check::Fail);
        assert_eq!(check(Scheme::Iban, "PK591BCD0000036274912829"), Check::Fail);
        assert_eq!(check(Scheme::Iban, "PK36SCBL0000001123456702"), Check::Pass);
        let elsewhere = Identifier::observe(Scheme::Iban, "DZ4500799999001234567890").unwrap();
        assert!(elsewhere.check == Check::Pass && elsewhere.reason.is_some());
        assert!(Identifier::observe(Scheme::Iban, "12345678").is_err());
    }

    #[test]
    fn a_bic_holds_a_country() {
        assert_eq!(check(Scheme::Bic, "DEUTDEFF"), Check::NotApplicable);
        assert_eq!(check(Scheme::Bic, "DEUTDEFF500"), Check::NotApplicable);
        assert_eq!(check(Scheme::Bic, "DEUTABFF"), Check::Fail);
        assert!(Identifier::observe(Scheme::Bic, "DEUTDEF").is_err());
    }

    #[test]
    fn an_ended_currency_stays_valid_for_older_dates() {
        assert_eq!(check(Scheme::Currency, "eur"), Check::Pass);
        assert_eq!(check(Scheme::Currency, "XXX"), Check::Pass);
        let kuna = Identifier::observe(Scheme::Currency, "HRK").unwrap();
        assert_eq!(kuna.check, Check::Pass);
        assert!(kuna.reason.is_some());
        assert_eq!(check(Scheme::Currency, "ABC"), Check::Fail);
        assert!(Identifier::observe(Scheme::Currency, "EURO").is_err());
    }
}
