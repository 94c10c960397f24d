//! Where python-stdnum and we differ, and why each is right for its purpose; compares nothing itself.

use sealane::domain::identifier::{Check, Scheme};

use super::Case;

/// The schemes that both know.
pub(super) const SCHEMES: [Scheme; 10] = [
    Scheme::Bic,
    Scheme::Cas,
    Scheme::Container,
    Scheme::CryptoAddress,
    Scheme::Gtin,
    Scheme::Iban,
    Scheme::Imei,
    Scheme::Imo,
    Scheme::Lei,
    Scheme::Sscc,
];

/// Who takes the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    OursOnly,
    TheirsOnly,
}

/// One row of the table.
pub(super) struct Difference {
    pub(super) scheme: Scheme,
    pub(super) outcome: Outcome,
    /// Why it is so.
    pub(super) reason: &'static str,
    /// Whether a text is of this row.
    is_of: fn(&Case) -> bool,
    /// How stdnum wants it spelled, if that is all there is to it.
    pub(super) respell: Option<fn(&str) -> String>,
}

impl Difference {
    pub(super) fn explains(&self, case: &Case) -> bool {
        let outcome = match (case.is_ours(), case.is_theirs()) {
            (true, false) => Outcome::OursOnly,
            (false, true) => Outcome::TheirsOnly,
            (true, true) | (false, false) => return false,
        };
        self.scheme == case.scheme && self.outcome == outcome && (self.is_of)(case)
    }
}

const fn row(
    scheme: Scheme,
    outcome: Outcome,
    reason: &'static str,
    is_of: fn(&Case) -> bool,
) -> Difference {
    Difference { scheme, outcome, reason, is_of, respell: None }
}

/// Hyphens that we read over and stdnum does not.
const fn hyphens(scheme: Scheme, reason: &'static str) -> Difference {
    Difference {
        scheme,
        outcome: Outcome::OursOnly,
        reason,
        is_of: |case| case.text.contains('-'),
        respell: Some(|text| text.replace('-', "")),
    }
}

/// The table.
pub(super) const DIFFERENCES: [Difference; 14] = [
    hyphens(
        Scheme::Container,
        "the check digit is often set apart by a hyphen on papers; stdnum strips spaces only",
    ),
    hyphens(
        Scheme::Imo,
        "officers match on a form without hyphens in every scheme; stdnum strips spaces only",
    ),
    hyphens(
        Scheme::Cas,
        "we read over hyphens wherever they stand; stdnum wants both in their place, or none",
    ),
    row(
        Scheme::Container,
        Outcome::TheirsOnly,
        "stdnum takes R as the kind of equipment, which ISO 6346 does not have: kept with a warning",
        |case| letter(case, 3) == Some('R') && is_warned(case),
    ),
    row(
        Scheme::Container,
        Outcome::TheirsOnly,
        "stdnum takes digits in the code of the owner, which ISO 6346 makes of letters only",
        |case| case.ours.is_none() && case.theirs.1.chars().take(3).any(|c| c.is_ascii_digit()),
    ),
    row(
        Scheme::Lei,
        Outcome::TheirsOnly,
        "stdnum looks at the remainder only; ISO 17442 has 20 characters and digits at the end",
        |case| {
            let ends_in_digits = case.theirs.1.chars().rev().take(2).all(|c| c.is_ascii_digit());
            case.ours.is_none() && (case.theirs.1.len() != 20 || !ends_in_digits)
        },
    ),
    row(
        Scheme::Iban,
        Outcome::OursOnly,
        "a country without a registered form has no form to check: passes with a note",
        |case| case.theirs.0 == "InvalidComponent" && has_note(case),
    ),
    row(
        Scheme::Imei,
        Outcome::TheirsOnly,
        "stdnum takes an IMEI without its check digit and an IMEISV, other numbers than the 15 digits",
        |case| case.ours.is_none() && matches!(case.theirs.1.len(), 14 | 16),
    ),
    row(
        Scheme::Bic,
        Outcome::OursOnly,
        "ISO 9362:2014 has letters and digits in the first four places; stdnum letters only",
        |case| (0..4).any(|at| letter(case, at).is_some_and(|c| c.is_ascii_digit())),
    ),
    row(
        Scheme::Bic,
        Outcome::OursOnly,
        "country codes that ISO 3166-1 leaves to users or has withdrawn stand on older papers",
        |case| {
            let country: String = (4..6).filter_map(|at| letter(case, at)).collect();
            case.theirs.0 == "InvalidComponent" && super::second::is_reserved(&country)
        },
    ),
    row(
        Scheme::CryptoAddress,
        Outcome::OursOnly,
        "stdnum 2.2 does not know Bech32m (BIP-350), which addresses of version 1 and later have",
        |case| letter(case, 3) == Some('p') && case.theirs.0 == "InvalidChecksum",
    ),
    row(
        Scheme::CryptoAddress,
        Outcome::TheirsOnly,
        "stdnum takes version 1 with the checksum of version 0, which BIP-350 has ended",
        |case| letter(case, 3) == Some('p') && is_warned(case),
    ),
    row(
        Scheme::CryptoAddress,
        Outcome::TheirsOnly,
        "stdnum takes Bech32 of upper and lower case together, which BIP-173 forbids",
        |case| {
            let is_mixed = case.text.chars().any(|c| c.is_ascii_uppercase())
                && case.text.chars().any(|c| c.is_ascii_lowercase());
            is_mixed && is_warned(case)
        },
    ),
    row(
        Scheme::CryptoAddress,
        Outcome::OursOnly,
        "other chains write Base58Check too, with another first letter; stdnum knows Bitcoin's only",
        |case| !matches!(letter(case, 0), Some('1' | '3')) && case.theirs.0 == "InvalidComponent",
    ),
];

/// Texts that show a row which chance might miss.
pub(super) fn telling(scheme: Scheme) -> &'static [&'static str] {
    match scheme {
        Scheme::Bic => &["DEUTXADD", "DEUTANFF", "D3UTDEFF", "DEUTABFF", "DEUTXKFF"],
        Scheme::Cas => &["50362", "50-36-2", "5036-2", "050-36-2"],
        Scheme::Container => &["CSQR3054381", "CSQR3054382", "1SQU3054382", "C5QU3054388"],
        Scheme::CryptoAddress => &[
            "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0",
            "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqh2y7hd",
            "BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4",
            "bc1qW508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4",
            "LhK2kQwiaAvhjWY799cZvMyYwnQAcxkarr",
        ],
        // The first two of a wrong length or form; Algeria writes accounts so without being in the registry.
        Scheme::Iban => {
            &["HN61ABCD0000036274912829", "PK591BCD0000036274912829", "DZ4500799999001234567890"]
        }
        Scheme::Imei => &["49015420323751", "4901542032375180"],
        _ => &[],
    }
}

fn is_warned(case: &Case) -> bool {
    case.ours.as_ref().is_some_and(|seen| seen.check == Check::Fail)
}

fn has_note(case: &Case) -> bool {
    case.ours.as_ref().is_some_and(|seen| seen.check == Check::Pass && seen.reason.is_some())
}

/// A character of our normal form.
fn letter(case: &Case, at: usize) -> Option<char> {
    case.ours.as_ref()?.normalised.chars().nth(at)
}
