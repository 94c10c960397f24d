//! One form for the spellings of an identifier, so that authorities match by it; judges nothing.

use crate::domain::identifier::scheme::Scheme;

/// Upper case without spaces, hyphens and what else a scheme writes for the eye.
///
/// Full-width forms, Arabic digits and the many dashes are read as their plain ones: officers type with the
/// keyboard that they have, and copy from papers that set dashes for hyphens.
pub(crate) fn normalise(scheme: Scheme, text: &str) -> String {
    match scheme {
        Scheme::Other => text.trim().to_owned(),
        Scheme::CryptoAddress => folded(text).chars().filter(|c| !c.is_whitespace()).collect(),
        Scheme::Email => folded(text).trim().to_lowercase(),
        Scheme::Phone => {
            let bare = without(text, &['-', '(', ')', '.', '/']);
            bare.strip_prefix("00").map(|abroad| format!("+{abroad}")).unwrap_or(bare)
        }
        Scheme::Hs | Scheme::Bic => without(text, &['-', '.']),
        Scheme::Ucr | Scheme::Lrn => without(text, &[]),
        Scheme::Container
        | Scheme::ContainerType
        | Scheme::Mrn
        | Scheme::Declaration
        | Scheme::Imo
        | Scheme::ImoCompany
        | Scheme::Mmsi
        | Scheme::Awb
        | Scheme::HouseAwb
        | Scheme::Vin
        | Scheme::Lei
        | Scheme::Iban
        | Scheme::Account
        | Scheme::Eori
        | Scheme::TaxNumber
        | Scheme::Grn
        | Scheme::TirCarnet
        | Scheme::Arc
        | Scheme::CustomsOffice
        | Scheme::Country
        | Scheme::Currency
        | Scheme::Unlocode
        | Scheme::Gtin
        | Scheme::Sscc
        | Scheme::Imei
        | Scheme::Cas
        | Scheme::Seal
        | Scheme::Plate
        | Scheme::TailNumber
        | Scheme::Flight
        | Scheme::Voyage
        | Scheme::BillOfLading
        | Scheme::Passport
        | Scheme::Mrz => without(text, &['-']),
    }
}

fn without(text: &str, marks: &[char]) -> String {
    folded(text)
        .chars()
        .filter(|c| !c.is_whitespace() && !marks.contains(c))
        .flat_map(char::to_uppercase)
        .collect()
}

/// The text with plain characters for those that only look or are typed otherwise; case and spaces stay.
fn folded(text: &str) -> String {
    text.chars().filter_map(plain).collect()
}

/// The plain character for one that stands for it; none for what nobody sees.
fn plain(c: char) -> Option<char> {
    let counted_from = |zero: u32, plain_zero: u32| {
        char::from_u32(u32::from(c).saturating_sub(zero).saturating_add(plain_zero))
    };
    match c {
        // Soft hyphen, zero-width marks, marks of writing direction.
        '\u{ad}'
        | '\u{200b}'..='\u{200f}'
        | '\u{202a}'..='\u{202e}'
        | '\u{2060}'
        | '\u{2066}'..='\u{2069}'
        | '\u{feff}' => None,
        // Hyphens, dashes and the minus sign.
        '\u{2010}'..='\u{2015}' | '\u{2043}' | '\u{2212}' | '\u{fe58}' | '\u{fe63}' => Some('-'),
        '\u{ff01}'..='\u{ff5e}' => counted_from(0xff01, 0x21),
        '\u{660}'..='\u{669}' => counted_from(0x660, 0x30),
        '\u{6f0}'..='\u{6f9}' => counted_from(0x6f0, 0x30),
        _ => Some(c),
    }
}

#[cfg(test)]
mod tests {
    use crate::domain::identifier::{Identifier, Scheme};

    #[track_caller]
    fn one_form(scheme: Scheme, normal: &str, spellings: &[&str]) {
        for spelling in spellings {
            let seen = Identifier::observe(scheme, spelling).unwrap();
            assert_eq!(seen.normalised, normal, "{spelling}");
            assert_eq!(&seen.as_observed, spelling);
        }
    }

    #[test]
    fn spellings_of_one_identifier_have_one_form() {
        let container = [
            "CSQU3054383",
            "csqu 305438-3",
            " CSQU\u{a0}305\u{2009}438 3\n",
            "CSQU\u{2013}305438\u{2011}3",
            "ＣＳＱＵ３０５４３８３",
            "ｃｓｑｕ　３０５４３８－３",
            "CSQU\u{200b}3054383\u{feff}",
            "CSQU٣٠٥٤٣٨٣",
            "\u{202a}CSQU۳۰۵۴۳۸۳\u{202c}",
        ];
        one_form(Scheme::Container, "CSQU3054383", &container);
        one_form(
            Scheme::Mrn,
            "25NL000456001234J3",
            &["25 nl 000456 001234 j3", "２５NL000456001234J3"],
        );
        one_form(Scheme::Hs, "240220", &["2402.20", "2402 20", "２４０２．２０", "2402-20"]);
        one_form(Scheme::Imo, "9074729", &["IMO 9074729", "imo-9074729", "９０７４７２９"]);
        one_form(Scheme::Iban, "NO9386011117947", &["no93 8601 1117 947", "NO93-8601-1117-947"]);
        one_form(
            Scheme::Awb,
            "02012345675",
            &["020-12345675", "020 1234 5675", "020\u{2212}12345675"],
        );
        one_form(Scheme::Phone, "+4930123456", &["＋４９ (30) 123–456", "0049/30/123456"]);
        one_form(Scheme::Ucr, "6GB123-INV1", &["6gb123-inv1", "6GB 123\u{2010}INV1"]);
        one_form(Scheme::Email, "jo@example.com", &["Jo@Example.com ", "ｊｏ＠example．com"]);
        let bitcoin = "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa";
        one_form(Scheme::CryptoAddress, bitcoin, &["1A1zP1eP 5QGefi2DMPTf\nTL5SLmv7DivfNa "]);
        one_form(Scheme::HouseAwb, "HX00017", &["hx 000-17", "ＨＸ０００１７"]);
    }

    #[test]
    fn what_is_of_no_scheme_is_kept_as_seen() {
        one_form(Scheme::Other, "ａ-1", &["ａ-1", " ａ-1 "]);
    }
}
