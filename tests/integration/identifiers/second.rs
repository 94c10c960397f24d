//! A second writing of the schemes that python-stdnum does not know, from their standards, by tables and patterns.

use sealane::domain::identifier::{Check, Identifier, Scheme};

use super::second_mrz::{mrz, zone};
use super::values::{Values, mutations, seed};

/// What a scheme says of a text, in the words of `Check`; none if it cannot be of it.
pub(super) type Verdict = Option<Check>;

const SOUND: usize = 1_000;

/// ISO 3166-1 alpha-2.
const COUNTRIES: &str = "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR \
    BS BT BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET \
    FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ \
    IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML \
    MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS \
    PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL \
    TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW";

/// Maritime identification digits as the ITU lists them, region by region.
const MIDS: &str = "201-216 218-220 224-259 261-279 301 303-312 314 316 319 321 323 325 327 329-332 334 336 338-339 341 \
    343 345 347-348 350-359 361-362 364 366-379 401 403 405 408 410 412-414 416-417 419 422-423 425 428 431-432 434 \
    436-438 440-441 443 445 447 450-451 453 455 457 459 461 463 466 468 470-473 475 477-478 501 503 506 508 510-512 \
    514-516 518 520 523 525 529 531 533 536 538 540 542 544 546 548 550 553 555 557 559 561 563-567 570 572 574 \
    576-578 601 603 605 607-613 615-622 624-627 629-638 642 644-645 647 649-650 654-657 659-672 674-679 701 710 720 \
    725 730 735 740 745 750 755 760 765 770 775";

/// Where the digits of the country stand in the kinds of ITU-R M.585; the first that fits counts.
const STATIONS: [(&str, Option<usize>); 11] = [
    ("970......", None),
    ("972......", None),
    ("974......", None),
    ("979......", None),
    ("111......", Some(3)),
    ("00.......", Some(2)),
    ("98.......", Some(2)),
    ("99.......", Some(2)),
    ("0........", Some(1)),
    ("8........", Some(1)),
    (".........", Some(0)),
];

/// Whether ISO 3166-1 leaves the code to users, has reserved or has withdrawn it.
pub(super) fn is_reserved(country: &str) -> bool {
    let single = ["AA", "ZZ", "EU", "AN", "CS", "YU", "SU", "DD"];
    single.contains(&country) || country.starts_with('X') || ("QM"..="QZ").contains(&country)
}

fn is_country(code: &str) -> bool {
    code.len() == 2 && (COUNTRIES.split(' ').any(|known| known == code) || is_reserved(code))
}

/// Whether a text has a form: `#` a digit, `@` a letter, `*` either, `.` any; the rest stands as it is.
pub(super) fn fits(form: &str, text: &str) -> bool {
    form.len() == text.chars().count()
        && form.chars().zip(text.chars()).all(|(form, c)| match form {
            '#' => c.is_ascii_digit(),
            '@' => c.is_ascii_uppercase(),
            '*' => c.is_ascii_digit() || c.is_ascii_uppercase(),
            '.' => true,
            other => c == other,
        })
}

/// What a scheme with a check says of a text in form.
const fn checked(is_right: bool) -> Check {
    if is_right { Check::Pass } else { Check::Fail }
}

/// What a scheme without a check says of it.
const fn formed(is_right: bool) -> Check {
    if is_right { Check::NotApplicable } else { Check::Fail }
}

/// Annex B UCC DA: the values of ISO 6346 as places in a line with gaps, by Horner's rule from the right.
fn mrn(text: &str) -> Verdict {
    const LINE: &str = "0123456789A.BCDEFGHIJK.LMNOPQRSTU.VWXYZ";
    if !fits("##@@**************", text) {
        return None;
    }
    if text.ends_with('F') {
        return Some(Check::NotApplicable);
    }
    let sum = text[..17].chars().rev().fold(0, |sum, c| (2 * sum + LINE.find(c).unwrap()) % 11);
    let is_right = text.ends_with(&(sum % 10).to_string()) && is_country(&text[2..4]);
    let names_procedure = "ABCDEJKLMRSTUVW".contains(&text[16..17]);
    Some(checked(is_right && (names_procedure || &text[..2] < "25")))
}

/// Annex 12-01 UCC DA.
fn eori(text: &str) -> Verdict {
    let is_possible = (1..=15).any(|length| fits(&format!("@@{}", "*".repeat(length)), text));
    is_possible.then(|| formed(is_country(&text[..2])))
}

/// 49 CFR 565.15: transliteration by place in a line whose tens do not count.
fn vin(text: &str) -> Verdict {
    const LINE: &str = "0123456789.ABCDEFGH..JKLMN.P.R..STUVWXYZ";
    let is_lettered = text.chars().all(|c| c != '.' && LINE.contains(c));
    if !is_lettered || !(5..=17).contains(&text.len()) {
        return None;
    }
    if text.len() < 17 {
        return Some(Check::NotApplicable);
    }
    let weight = |c: char| "0123456789X".find(c).unwrap();
    let products = text.chars().zip("8765432X098765432".chars());
    let sum: usize = products.map(|(c, w)| LINE.find(c).unwrap() % 10 * weight(w)).sum();
    let is_right = "0123456789X".chars().nth(sum % 11) == text.chars().nth(8);
    // Binding in the United States (1, 4, 5), Canada (2) and China (L).
    let is_bound = "1245L".contains(&text[..1]);
    if is_right || is_bound { Some(checked(is_right)) } else { Some(Check::NotApplicable) }
}

/// IATA resolution 600a: the serial number digit by digit modulo 7.
fn awb(text: &str) -> Verdict {
    if !fits("###########", text) {
        return None;
    }
    let digits = |part: &str| -> Vec<u32> { part.chars().filter_map(|c| c.to_digit(10)).collect() };
    let rest = digits(&text[3..10]).into_iter().fold(0, |rest, digit| (3 * rest + digit) % 7);
    Some(checked(digits(&text[10..]) == [rest]))
}

/// ITU-R M.585.
fn mmsi(text: &str) -> Verdict {
    if !fits("#########", text) {
        return None;
    }
    let (_, country) = STATIONS.into_iter().find(|(form, _)| fits(form, text)).unwrap();
    let Some(at) = country else { return Some(Check::NotApplicable) };
    let mid = &text[at..at + 3];
    let in_range = |range: &str| {
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        (first..=last).contains(&mid)
    };
    Some(formed(MIDS.split_whitespace().any(in_range)))
}

/// IMO resolution MSC.160(78): the check digit makes up for what the weighted sum lacks to 11.
fn imo_company(text: &str) -> Verdict {
    let digits = text.strip_prefix("IMO").unwrap_or(text);
    if !fits("#######", digits) {
        return None;
    }
    let value = |c: char| c.to_digit(10).unwrap();
    let weighted: u32 =
        digits.chars().zip("864297".chars()).map(|(c, w)| value(c) * value(w)).sum();
    let lacking = (1..=11_u32).find(|lack| (weighted + lack).is_multiple_of(11)).unwrap();
    Some(checked(digits.ends_with(&(lacking % 10).to_string())))
}

/// The two forms of NCTS.
fn grn(text: &str) -> Verdict {
    let is_possible = matches!(text.len(), 17 | 24) && fits(&"*".repeat(text.len()), text);
    let short = "##@@************#";
    let is_formed = fits(short, text) || fits(&format!("{short}@######"), text);
    is_possible.then(|| formed(is_formed))
}

fn observed(scheme: Scheme, text: &str) -> Verdict {
    Identifier::observe(scheme, text).ok().map(|seen| seen.check)
}

/// Compares both writings on values of a form and on what typing makes of them; each verdict has to occur.
fn compare(scheme: Scheme, forms: &[&str], second: fn(&str) -> Verdict, expected: &[Verdict]) {
    let mut values = Values::new(seed() ^ u64::try_from(scheme.name().len()).unwrap());
    let mut verdicts = Vec::new();
    for number in 0..SOUND * forms.len() {
        let drawn = values.text(forms[number % forms.len()]);
        let texts: Vec<String> = mutations(&mut values, &drawn).chain([drawn]).collect();
        for text in texts {
            // The second writing has no normal form: it reads what is left without marks and case.
            let plain: String = text.chars().filter_map(plain).collect();
            let ours = observed(scheme, &text);
            assert_eq!(ours, second(&plain), "{scheme} {text}, seed {}", seed());
            if let Ok(seen) = Identifier::observe(scheme, &text) {
                let is_ship_owner = scheme == Scheme::ImoCompany;
                let bare = plain.strip_prefix("IMO").filter(|_| is_ship_owner).unwrap_or(&plain);
                assert_eq!(seen.normalised, bare, "{text}");
            }
            verdicts.push(ours);
        }
    }
    for verdict in expected {
        let count = verdicts.iter().filter(|one| *one == verdict).count();
        assert!(count > SOUND / 20, "{scheme}: {verdict:?} occurs {count} times only");
    }
}

fn plain(c: char) -> Option<char> {
    match c {
        ' ' | '-' => None,
        '０'..='９' => char::from_digit(u32::from(c) - u32::from('０'), 10),
        other => Some(other.to_ascii_uppercase()),
    }
}

const ALL: [Verdict; 4] = [None, Some(Check::Pass), Some(Check::Fail), Some(Check::NotApplicable)];
const CHECKED: [Verdict; 3] = [None, Some(Check::Pass), Some(Check::Fail)];
const FORMED: [Verdict; 3] = [None, Some(Check::NotApplicable), Some(Check::Fail)];

#[test]
fn movement_reference_numbers_are_read_alike() {
    let forms = [
        "2#DE************J#",
        "1#FR*************#",
        "24NL************R#",
        "25@@*************#",
        "25PL************JF",
    ];
    compare(Scheme::Mrn, &forms, mrn, &ALL);
}

#[test]
fn traders_and_guarantees_are_read_alike() {
    let traders = ["GB############", "@@****", "XI#", "DE###############"];
    compare(Scheme::Eori, &traders, eori, &FORMED);
    compare(Scheme::Grn, &["##@@************#", "##@@************#@######"], grn, &FORMED);
}

#[test]
fn vehicles_and_air_waybills_are_read_alike() {
    let vehicles =
        ["1????????????????", "L????????????????", "W???????X????????", "????????#????????"];
    compare(Scheme::Vin, &vehicles, vin, &ALL);
    compare(Scheme::Awb, &["###-########"], awb, &CHECKED);
}

#[test]
fn radios_and_owners_of_ships_are_read_alike() {
    let forms = [
        "#########",
        "2########",
        "00#######",
        "1112#####",
        "98#######",
        "992######",
        "82#######",
        "972######",
    ];
    compare(Scheme::Mmsi, &forms, mmsi, &FORMED);
    compare(Scheme::ImoCompany, &["#######", "IMO #######"], imo_company, &CHECKED);
}

#[test]
fn every_country_and_every_maritime_identification_is_known_to_both() {
    let letters = || 'A'..='Z';
    for code in letters().flat_map(|one| letters().map(move |two| format!("{one}{two}1"))) {
        assert_eq!(observed(Scheme::Eori, &code), eori(&code), "{code}");
    }
    for mid in 0..1_000 {
        let text = format!("{mid:03}123456");
        assert_eq!(observed(Scheme::Mmsi, &text), mmsi(&text), "{text}");
    }
}

#[test]
fn machine_readable_zones_are_read_alike() {
    let mut values = Values::new(seed());
    let mut verdicts = [0; 2];
    for number in 0..2 * SOUND {
        let zone = zone(&mut values, number);
        let seen = Identifier::observe(Scheme::Mrz, &zone).unwrap();
        assert_eq!(seen.reason, None, "{zone}");
        for text in mutations(&mut values, &zone) {
            let plain: String = text.chars().filter_map(plain).collect();
            let ours = Identifier::observe(Scheme::Mrz, &text).ok();
            let wrong = mrz(&plain);
            assert_eq!(ours.is_some(), wrong.is_some(), "{text}");
            let (Some(ours), Some(wrong)) = (ours, wrong) else { continue };
            verdicts[usize::from(wrong.is_empty())] += 1;
            let named = format!("check digits that do not match: {}", wrong.join(", "));
            let reason = (!wrong.is_empty()).then_some(named);
            assert_eq!(ours.reason, reason, "{text}, seed {}", seed());
        }
    }
    assert!(verdicts.iter().all(|count| *count > SOUND), "{verdicts:?}");
}
