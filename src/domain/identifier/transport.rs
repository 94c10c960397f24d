//! Identifiers of transport: containers, ships, aircraft, vehicles, transport documents, seals; no registers.

use crate::domain::identifier::judgement::{
    Judgement, digit, digit_value, fail, impossible, is_alphanumeric, is_digits, is_letters,
    last_digit, modulo_11_doubling, pass, unchecked, unchecked_noting,
};
use crate::domain::identifier::mid;

/// Container number (ISO 6346): owner, kind of equipment, serial number, check digit.
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

/// Size and type code of a container (ISO 6346): length, height with width, type.
pub(crate) fn container_type(text: &str) -> Judgement {
    let &[length, height, group, detail] = text.as_bytes() else {
        return impossible(
            "the size and type of a container have 4 letters and digits, such as 22G1",
        );
    };
    if !is_alphanumeric(text) {
        return impossible(
            "the size and type of a container have 4 letters and digits, such as 22G1",
        );
    }
    if !b"1234ABCDEFGHKLMNP".contains(&length) {
        fail(text, "the first character is no length of a container")
    } else if !b"0245689CDEFLMNP".contains(&height) {
        fail(text, "the second character is no height and width of a container")
    } else if !b"ABGHKNPRSTUV".contains(&group) || detail == b'I' || detail == b'O' {
        fail(text, "the last two characters are no type of a container")
    } else {
        unchecked(text)
    }
}

/// Ship number of the International Maritime Organization (resolution A.1117(30)), without the letters IMO.
pub(crate) fn imo(text: &str) -> Judgement {
    let text = text.strip_prefix("IMO").unwrap_or(text);
    if text.len() != 7 || !is_digits(text) {
        return impossible("an IMO ship number has 7 digits");
    }
    let sum: u32 =
        text.bytes().take(6).zip([7, 6, 5, 4, 3, 2]).map(|(b, w)| digit_value(b) * w).sum();
    digit(text, Some(sum % 10) == last_digit(text))
}

/// Number of a shipping company or registered owner (IMO resolution MSC.160(78)); its check is not that of ships.
pub(crate) fn imo_company(text: &str) -> Judgement {
    let text = text.strip_prefix("IMO").unwrap_or(text);
    if text.len() != 7 || !is_digits(text) {
        return impossible("an IMO company number has 7 digits");
    }
    let sum: u32 =
        text.bytes().take(6).zip([8, 6, 4, 2, 9, 7]).map(|(b, w)| digit_value(b) * w).sum();
    digit(text, Some((11 - sum % 11) % 10) == last_digit(text))
}

/// Maritime mobile service identity (ITU-R M.585): of ships, groups of ships (0), coast stations (00), aircraft in
/// search and rescue (111), hand-held radios (8), craft of a ship (98), aids to navigation (99), devices (97).
pub(crate) fn mmsi(text: &str) -> Judgement {
    if text.len() != 9 || !is_digits(text) {
        return impossible("an MMSI has 9 digits");
    }
    // Devices without a state: search and rescue transmitters, man overboard, distress beacons, other radios.
    if ["970", "972", "974", "979"].iter().any(|device| text.starts_with(device)) {
        return unchecked(text);
    }
    let kind_digits = ["111", "00", "98", "99", "0", "8"]
        .into_iter()
        .find(|kind| text.starts_with(kind))
        .map_or(0, str::len);
    let mid = text.get(kind_digits..kind_digits + 3).and_then(|mid| mid.parse().ok());
    if mid.is_some_and(mid::is_allotted) {
        unchecked(text)
    } else {
        fail(text, "the digits of the country (MID) are not allotted to any")
    }
}

/// Master air waybill number (IATA resolution 600a): airline, serial number, serial number modulo 7.
pub(crate) fn awb(text: &str) -> Judgement {
    if text.len() != 11 || !is_digits(text) {
        return impossible("an air waybill has 3 digits of the airline and 8 digits");
    }
    let serial: u32 = text.get(3..10).and_then(|serial| serial.parse().ok()).unwrap_or(0);
    digit(text, last_digit(text) == Some(serial % 7))
}

/// Vehicle identification number (ISO 3779; check digit of 49 CFR 565 in North America, of GB 16735 in China).
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

/// Flight number (IATA SSIM): airline designator, number, perhaps a suffix.
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
        assert_eq!(check(Scheme::Mmsi, "021112345"), Check::NotApplicable);
        assert_eq!(check(Scheme::Mmsi, "821112345"), Check::NotApplicable);
        assert_eq!(check(Scheme::Mmsi, "982111234"), Check::NotApplicable);
        assert_eq!(check(Scheme::Mmsi, "992111234"), Check::NotApplicable);
        for unknown in ["800000001", "217123456", "000000000", "111999001", "997000000"] {
            assert_eq!(check(Scheme::Mmsi, unknown), Check::Fail, "{unknown}");
        }
        assert!(is_impossible(Scheme::Mmsi, "21133164"));
    }

    #[test]
    fn a_shipping_company_has_a_check_of_its_own() {
        assert_eq!(check(Scheme::ImoCompany, "IMO 2041999"), Check::Pass);
        assert_eq!(check(Scheme::ImoCompany, "2041998"), Check::Fail);
        assert_eq!(check(Scheme::Imo, "2041999"), Check::Fail);
        assert!(is_impossible(Scheme::ImoCompany, "204199"));
    }

    #[test]
    fn the_size_and_type_of_a_container_are_codes() {
        for sound in ["22G1", "45G1", "45r1", "22 U1", "L5GB"] {
            assert_eq!(check(Scheme::ContainerType, sound), Check::NotApplicable, "{sound}");
        }
        for odd in ["52G1", "23G1", "22X1", "22GO"] {
            assert_eq!(check(Scheme::ContainerType, odd), Check::Fail, "{odd}");
        }
        for unsound in ["22G", "22G1A", "22Gé"] {
            assert!(is_impossible(Scheme::ContainerType, unsound), "{unsound}");
        }
    }

    #[test]
    fn an_air_waybill_ends_with_its_serial_modulo_seven() {
        assert_eq!(check(Scheme::Awb, "020-12345675"), Check::Pass);
        assert_eq!(check(Scheme::Awb, "020-12345676"), Check::Fail);
        assert!(is_impossible(Scheme::Awb, "020-1234567"));
        assert_eq!(check(Scheme::HouseAwb, "HX-00017/A"), Check::NotApplicable);
        assert!(is_impossible(Scheme::HouseAwb, &"9".repeat(36)));
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
