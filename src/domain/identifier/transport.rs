//! Identifiers of transport: containers, ships, aircraft, vehicles, transport documents, seals; no registers.

use crate::domain::identifier::judgement::{
    Judgement, digit, digit_value, fail, impossible, is_alphanumeric, is_digits, is_letters,
    last_digit, modulo_11_doubling, pass, unchecked, unchecked_noting,
};

/// ISO 6346 container number.
pub(crate) fn container(text: &str) -> Judgement {
    let (Some(owner), Some(serial), true) = (text.get(..4), text.get(4..), text.len() == 11) else {
        return impossible("a container number has 4 letters and 7 digits");
    };
    if !is_letters(owner) || !is_digits(serial) {
        return impossible("a container number has 4 letters and 7 digits");
    }
    let (body, last) = text.split_at(10);
    if Some(modulo_11_doubling(body)) != last_digit(last) {
        fail(text, "the check digit does not match")
    } else if owner.ends_with(['U', 'J', 'Z']) {
        pass(text)
    } else {
        fail(text, "the fourth letter is not U, J or Z: not a registered kind of equipment")
    }
}

/// IMO ship number, without the letters IMO.
pub(crate) fn imo(text: &str) -> Judgement {
    let text = text.strip_prefix("IMO").unwrap_or(text);
    if text.len() != 7 || !is_digits(text) {
        return impossible("an IMO ship number has 7 digits");
    }
    let sum: u32 =
        text.bytes().take(6).zip([7, 6, 5, 4, 3, 2]).map(|(b, w)| digit_value(b) * w).sum();
    digit(text, Some(sum % 10) == last_digit(text))
}

/// Maritime mobile service identity.
pub(crate) fn mmsi(text: &str) -> Judgement {
    if text.len() != 9 || !is_digits(text) {
        return impossible("an MMSI has 9 digits");
    }
    let country_at = |from: usize| {
        text.get(from..from + 3)
            .and_then(|mid| mid.parse::<u16>().ok())
            .is_some_and(|mid| (201..=775).contains(&mid))
    };
    let is_shaped = if text.starts_with("970") || text.starts_with("972") || text.starts_with("974")
    {
        true
    } else if text.starts_with("111") {
        country_at(3)
    } else if text.starts_with("00") || text.starts_with("98") || text.starts_with("99") {
        country_at(2)
    } else if text.starts_with('0') {
        country_at(1)
    } else {
        country_at(0)
    };
    if is_shaped {
        unchecked(text)
    } else {
        fail(text, "the country digits (MID) are not between 201 and 775")
    }
}

/// IATA air waybill number.
pub(crate) fn awb(text: &str) -> Judgement {
    if text.len() != 11 || !is_digits(text) {
        return impossible("an air waybill has 3 digits of the airline and 8 digits");
    }
    let serial: u32 = text.get(3..10).and_then(|serial| serial.parse().ok()).unwrap_or(0);
    digit(text, last_digit(text) == Some(serial % 7))
}

/// ISO 3779 vehicle identification number.
pub(crate) fn vin(text: &str) -> Judgement {
    let is_lettered = is_alphanumeric(text) && !text.contains(['I', 'O', 'Q']);
    if !is_lettered || !(5..=17).contains(&text.len()) {
        return impossible("a VIN has 17 letters and digits without I, O and Q; before 1981 fewer");
    }
    if text.len() < 17 {
        return unchecked_noting(
            text,
            "shorter than 17: only vehicles built before 1981 have such",
        );
    }
    let weights = [8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2];
    let sum: u32 = text.bytes().zip(weights).map(|(b, w)| vin_value(b) * w).sum();
    let expected = char::from_digit(sum % 11, 10).unwrap_or('X');
    if text.chars().nth(8) == Some(expected) {
        pass(text)
    } else if text.starts_with(['1', '2', '4', '5', 'L']) {
        fail(text, "the check digit at position 9 does not match")
    } else {
        unchecked_noting(text, "makers of this region need not use the check digit")
    }
}

fn vin_value(byte: u8) -> u32 {
    match byte {
        b'A'..=b'H' => u32::from(byte - b'A') + 1,
        b'J'..=b'N' => u32::from(byte - b'J') + 1,
        b'P' => 7,
        b'R' => 9,
        b'S'..=b'Z' => u32::from(byte - b'S') + 2,
        _ => digit_value(byte),
    }
}

/// Flight number: airline designator, number, perhaps a suffix.
pub(crate) fn flight(text: &str) -> Judgement {
    if !(3..=9).contains(&text.len()) || !is_alphanumeric(text) {
        return impossible(
            "a flight number has 2 or 3 characters of the airline and up to 4 digits",
        );
    }
    let number = text.strip_suffix(|c: char| c.is_ascii_uppercase()).unwrap_or(text);
    let is_shaped = [2, 3].iter().any(|&at| {
        number.get(at..).is_some_and(|n| (1..=4).contains(&n.len()) && is_digits(n))
            && number.get(..at).is_some_and(|airline| !is_digits(airline))
    });
    if is_shaped { unchecked(text) } else { fail(text, "is not in the form of a flight number") }
}

/// A reference that carriers and states write as they like: plate, seal, voyage, bill of lading.
pub(crate) fn free_reference(text: &str, length_max: usize, name: &str) -> Judgement {
    if text.chars().count() > length_max {
        Judgement::Impossible(format!("a {name} has at most {length_max} characters"))
    } else if !text.chars().any(char::is_alphanumeric) {
        Judgement::Impossible(format!("a {name} has at least one letter or digit"))
    } else {
        unchecked(text)
    }
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
    fn a_container_number_has_a_check_digit_and_remainder_ten_is_zero() {
        assert_eq!(check(Scheme::Container, "CSQU3054383"), Check::Pass);
        assert_eq!(check(Scheme::Container, "csqu 305438-3"), Check::Pass);
        assert_eq!(check(Scheme::Container, "CSQU2000090"), Check::Pass);
        assert_eq!(check(Scheme::Container, "CSQU3054384"), Check::Fail);
        assert_eq!(check(Scheme::Container, "CSQX3054383"), Check::Fail);
        for unsound in ["", "CSQ3054383", "CSQU305438", "CSQU30543833", "C5QU3054383"] {
            assert!(is_impossible(Scheme::Container, unsound), "{unsound}");
        }
    }

    #[test]
    fn a_ship_is_named_by_imo_number_or_mmsi() {
        let ship = Identifier::observe(Scheme::Imo, "IMO 9074729").unwrap();
        assert_eq!((ship.check, ship.normalised.as_str()), (Check::Pass, "9074729"));
        assert_eq!(check(Scheme::Imo, "9074728"), Check::Fail);
        assert!(is_impossible(Scheme::Imo, "907472"));
        assert_eq!(check(Scheme::Mmsi, "211331640"), Check::NotApplicable);
        assert_eq!(check(Scheme::Mmsi, "002111234"), Check::NotApplicable);
        assert_eq!(check(Scheme::Mmsi, "111211001"), Check::NotApplicable);
        assert_eq!(check(Scheme::Mmsi, "972123456"), Check::NotApplicable);
        assert_eq!(check(Scheme::Mmsi, "800000001"), Check::Fail);
        assert!(is_impossible(Scheme::Mmsi, "21133164"));
    }

    #[test]
    fn an_air_waybill_ends_with_its_serial_modulo_seven() {
        assert_eq!(check(Scheme::Awb, "020-12345675"), Check::Pass);
        assert_eq!(check(Scheme::Awb, "020-12345676"), Check::Fail);
        assert!(is_impossible(Scheme::Awb, "020-1234567"));
        assert_eq!(check(Scheme::Flight, "LH400"), Check::NotApplicable);
        assert_eq!(check(Scheme::Flight, "U21234A"), Check::NotApplicable);
        assert_eq!(check(Scheme::Flight, "LUFTHANSA"), Check::Fail);
    }

    #[test]
    fn the_check_digit_of_a_vin_binds_in_some_regions_only() {
        assert_eq!(check(Scheme::Vin, "1M8GDM9AXKP042788"), Check::Pass);
        assert_eq!(check(Scheme::Vin, "1HGCM82633A004352"), Check::Pass);
        assert_eq!(check(Scheme::Vin, "1HGCM82643A004352"), Check::Fail);
        assert_eq!(check(Scheme::Vin, "WVWZZZ1JZ3W386752"), Check::NotApplicable);
        assert_eq!(check(Scheme::Vin, "113456789"), Check::NotApplicable);
        assert!(is_impossible(Scheme::Vin, "1HGCM82633A00435O"));
    }

    #[test]
    fn free_references_are_kept_as_seen() {
        let plate = Identifier::observe(Scheme::Plate, "b-ma 1234").unwrap();
        assert_eq!(
            (plate.as_observed.as_str(), plate.normalised.as_str()),
            ("b-ma 1234", "BMA1234")
        );
        assert_eq!(check(Scheme::Seal, "ÄB-00 12/7"), Check::NotApplicable);
        assert!(is_impossible(Scheme::BillOfLading, "---"));
        assert!(is_impossible(Scheme::Voyage, &"9".repeat(40)));
    }
}
