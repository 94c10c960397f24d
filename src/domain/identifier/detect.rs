//! Which scheme a text is of when nobody said: only shapes that no other scheme has, with a check that passes.

use crate::domain::identifier::judgement::{Check, Judgement};
use crate::domain::identifier::scheme::Scheme;
use crate::domain::identifier::{judge, normalise};

/// Schemes whose form and check together leave little to chance. One check digit passes one text in ten, so plain
/// numbers (IMO, IMEI, GTIN, ..) are not among them unless they are written as only that scheme is.
const TELLING: [Scheme; 10] = [
    Scheme::Container,
    Scheme::Mrn,
    Scheme::Vin,
    Scheme::Lei,
    Scheme::Iban,
    Scheme::Mrz,
    Scheme::CryptoAddress,
    Scheme::Imo,
    Scheme::Awb,
    Scheme::Cas,
];

/// The one scheme that a text is of, if exactly one is likely.
pub(crate) fn detect(text: &str) -> Option<Scheme> {
    let mut likely = TELLING.into_iter().filter(|scheme| is_likely(*scheme, text));
    let scheme = likely.next()?;
    likely.next().is_none().then_some(scheme)
}

fn is_likely(scheme: Scheme, text: &str) -> bool {
    let passes = match judge(scheme, &normalise(scheme, text)) {
        Judgement::Fits(fits) => fits.check == Check::Pass,
        Judgement::Impossible(_) => false,
    };
    passes && is_written_so(scheme, text.trim())
}

/// Numbers tell their scheme by how they are written: `IMO 9074729`, `020-12345675`, `50-36-2`.
fn is_written_so(scheme: Scheme, text: &str) -> bool {
    let lengths: Vec<usize> = text.split('-').map(str::len).collect();
    match scheme {
        Scheme::Imo => text.get(..3).is_some_and(|start| start.eq_ignore_ascii_case("imo")),
        Scheme::Awb => lengths == [3, 8],
        Scheme::Cas => matches!(lengths.as_slice(), [2..=7, 2, 1]),
        // A VIN of digits alone could be any number.
        Scheme::Vin => text.chars().any(|c| c.is_ascii_alphabetic()),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_only_one_scheme_has_names_it() {
        for (text, scheme) in [
            ("csqu 305438 3", Scheme::Container),
            ("25NL000456001234J3", Scheme::Mrn),
            ("1HGCM82633A004352", Scheme::Vin),
            ("5493001KJTIIGC8Y1R12", Scheme::Lei),
            ("GB82 WEST 1234 5698 7654 32", Scheme::Iban),
            ("L898902C36UTO7408122F1204159ZE184226B<<<<<10", Scheme::Mrz),
            ("1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa", Scheme::CryptoAddress),
            ("IMO 9074729", Scheme::Imo),
            ("020-12345675", Scheme::Awb),
            ("50-36-2", Scheme::Cas),
        ] {
            assert_eq!(detect(text), Some(scheme), "{text}");
        }
    }

    #[test]
    fn plain_numbers_forged_ones_and_words_name_none() {
        for text in ["9074729", "490154203237518", "02012345675", "CSQU3054384", "tea", "", "50362"]
        {
            assert_eq!(detect(text), None, "{text}");
        }
    }
}
