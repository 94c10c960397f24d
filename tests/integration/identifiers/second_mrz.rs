//! A second writing of the machine-readable zone, as the tables of ICAO 9303 number its positions.

use super::values::Values;

/// A check digit: its name, the positions that it covers and where it stands, each as line and first to last position.
type Rule = (&'static str, &'static [(usize, usize, usize)], (usize, usize));

/// Part 5, 4.2.
const TD1: [Rule; 4] = [
    ("document number", &[(1, 6, 14)], (1, 15)),
    ("date of birth", &[(2, 1, 6)], (2, 7)),
    ("date of expiry", &[(2, 9, 14)], (2, 15)),
    ("composite", &[(1, 6, 30), (2, 1, 7), (2, 9, 15), (2, 19, 29)], (2, 30)),
];

/// Part 6, 4.2.
const TD2: [Rule; 4] = [
    ("document number", &[(2, 1, 9)], (2, 10)),
    ("date of birth", &[(2, 14, 19)], (2, 20)),
    ("date of expiry", &[(2, 22, 27)], (2, 28)),
    ("composite", &[(2, 1, 10), (2, 14, 20), (2, 22, 35)], (2, 36)),
];

/// Part 4, 4.2.
const TD3: [Rule; 5] = [
    ("document number", &[(2, 1, 9)], (2, 10)),
    ("date of birth", &[(2, 14, 19)], (2, 20)),
    ("date of expiry", &[(2, 22, 27)], (2, 28)),
    ("composite", &[(2, 1, 10), (2, 14, 20), (2, 22, 43)], (2, 44)),
    ("optional data", &[(2, 29, 42)], (2, 43)),
];

/// The width of a line, how many there are, the rules; a visa (part 7) has the first three only.
const FORMATS: [(usize, usize, &[Rule]); 3] = [(30, 3, &TD1), (36, 2, &TD2), (44, 2, &TD3)];

/// The names of the wrong check digits; none if it is no zone.
pub(super) fn mrz(text: &str) -> Option<Vec<&'static str>> {
    if !text.chars().all(|c| matches!(c, 'A'..='Z' | '0'..='9' | '<')) {
        return None;
    }
    if text.len() == 44 {
        // The second line of a passport alone, below a first line that nobody saw.
        return mrz(&format!("P{}{text}", "<".repeat(43)));
    }
    let (width, _, rules) =
        FORMATS.into_iter().find(|(width, lines, _)| width * lines == text.len())?;
    let is_visa = width > 30 && text.starts_with('V');
    let rules = if is_visa { &rules[..3] } else { rules };
    let wrong = rules.iter().filter(|rule| !is_right(text, width, rule));
    Some(wrong.map(|(name, _, _)| *name).collect())
}

fn is_right(text: &str, width: usize, (name, covered, (line, place)): &Rule) -> bool {
    let at = |line: usize, first: usize, last: usize| {
        &text[(line - 1) * width + first - 1..(line - 1) * width + last]
    };
    if width == 30 && *name == "document number" && at(1, 15, 15) == "<" && at(1, 16, 16) != "<" {
        // Part 5, note j: the rest of a long number and its digit stand in the optional data.
        let rest = at(1, 16, 30).split('<').next().unwrap();
        let (rest, digit) = rest.split_at(rest.len() - 1);
        return check(&format!("{}{rest}", at(1, 6, 14))) == digit;
    }
    let covered: String =
        covered.iter().map(|(line, first, last)| at(*line, *first, *last)).collect();
    let stated = at(*line, *place, *place);
    check(&covered) == if stated == "<" { "0" } else { stated }
}

/// Part 3, 4.9: weights 7, 3, 1.
fn check(text: &str) -> String {
    const VALUES: &str = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    let mut sum = 0;
    for (place, c) in text.chars().enumerate() {
        sum += VALUES.find(c).unwrap_or(0) * [7, 3, 1][place % 3];
    }
    (sum % 10).to_string()
}

/// A zone with the right digits: TD1, TD1 with a long number, TD2, TD3, a visa.
pub(super) fn zone(values: &mut Values, number: usize) -> String {
    let dates = "######.<######.";
    let names = |length| "@".repeat(length);
    let (width, form) = match number % 5 {
        0 => (30, format!("I<@@@*********.***<<<<<<<<<<<<{dates}@@@*****<<<<<<.{}", names(30))),
        1 => (30, format!("I<@@@*********<***.<<<<<<<<<<<{dates}@@@<<<<<<<<<<<.{}", names(30))),
        2 => (36, format!("I<@@@{}*********.@@@{dates}*****<<.", names(31))),
        3 => (44, format!("P<@@@{}*********.@@@{dates}***********<<<..", names(39))),
        _ => (44, format!("V<@@@{}*********.@@@{dates}***********<<<<<", names(39))),
    };
    let mut zone = values.text(&form);
    let rules = FORMATS.into_iter().find(|(of, _, _)| *of == width).unwrap().2;
    if number % 5 == 1 {
        let digit = check(&format!("{}{}", &zone[5..14], &zone[15..18]));
        zone.replace_range(18..19, &digit);
    }
    // The composite covers other digits, so it comes last.
    let last = |rule: &&Rule| rule.0 == "composite";
    let (composite, others): (Vec<_>, Vec<_>) = rules.iter().partition(last);
    for (_, covered, (line, place)) in others.into_iter().chain(composite) {
        let start = |line: usize, first: usize| (line - 1) * width + first - 1;
        let at = start(line, place);
        if &zone[at..=at] != "." {
            continue;
        }
        let text: String = covered
            .iter()
            .map(|(line, first, last)| &zone[start(*line, *first)..=start(*line, *last)])
            .collect();
        zone.replace_range(at..=at, &check(&text));
    }
    zone
}
