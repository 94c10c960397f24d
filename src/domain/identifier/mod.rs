//! Identifiers as officers see them, read by a scheme: never refuses what was seen, and asks no register.

mod crypto;
mod customs;
mod detect;
mod finance;
mod judgement;
mod mid;
mod normal;
mod person;
mod place;
mod product;
mod scheme;
mod transport;

pub use crate::domain::identifier::judgement::{Check, UnknownCheck};
pub use crate::domain::identifier::scheme::{Scheme, UnknownScheme};

use std::fmt;

use crate::domain::finding::Finding;
use crate::domain::identifier::detect::detect;
use crate::domain::identifier::judgement::{Judgement, unchecked, unchecked_noting};
use crate::domain::identifier::normal::normalise;

/// The longest identifier, in bytes as observed.
pub const IDENTIFIER_BYTES_MAX: usize = 512;

/// An identifier as an officer saw it, beside the form that matches across authorities.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Identifier {
    /// How it is read.
    pub scheme: Scheme,
    /// Exactly what was seen.
    pub as_observed: String,
    /// The form to match by, together with the scheme.
    pub normalised: String,
    /// What the check digit or code list says.
    pub check: Check,
    /// Why the check failed, or a note on it.
    pub reason: Option<String>,
}

/// A text that cannot be of the scheme at all.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a possible {scheme}: {reason}. To keep it as seen, record it with the scheme 'other'")]
pub struct ImpossibleIdentifier {
    /// The scheme that the officer named.
    pub scheme: Scheme,
    /// Why it cannot be.
    pub reason: String,
}

impl Identifier {
    /// Reads what was observed by a scheme.
    ///
    /// # Errors
    /// Only if length or alphabet make it impossible for the scheme; the scheme `other` takes any text of one
    /// to [`IDENTIFIER_BYTES_MAX`] bytes.
    pub fn observe(scheme: Scheme, text: &str) -> Result<Self, ImpossibleIdentifier> {
        let refuse = |reason: &str| ImpossibleIdentifier { scheme, reason: reason.to_owned() };
        if text.len() > IDENTIFIER_BYTES_MAX {
            return Err(refuse("it is longer than 512 bytes; keep it as a document"));
        }
        if text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t')) {
            return Err(refuse("it holds control characters"));
        }
        let normalised = normalise(scheme, text);
        if normalised.is_empty() {
            return Err(refuse("it is empty"));
        }
        match judge(scheme, &normalised) {
            Judgement::Fits(fits) => Ok(Self {
                scheme,
                as_observed: text.to_owned(),
                normalised: fits.normalised,
                check: fits.check,
                reason: fits.reason,
            }),
            Judgement::Impossible(reason) => match detect(text) {
                Some(likely) => Err(refuse(&format!(
                    "{reason}; it looks like a number of the scheme '{likely}'"
                ))),
                None => Err(refuse(&reason)),
            },
        }
    }

    /// Reads a text for which nobody named a scheme: by the one that its form and check digit tell, else as `other`.
    ///
    /// # Errors
    /// As [`Identifier::observe`] with the scheme `other`.
    pub fn recognise(text: &str) -> Result<Self, ImpossibleIdentifier> {
        Self::observe(detect(text).unwrap_or(Scheme::Other), text)
    }

    /// What an officer should look at, under the path of the field: a failed check warns, a note informs.
    #[must_use]
    pub fn findings(&self, path: &str) -> Vec<Finding> {
        let Some(reason) = &self.reason else { return Vec::new() };
        let message = format!("{}: {reason}", self.scheme);
        match self.check {
            Check::Fail => vec![Finding::warning(path, &message)],
            Check::Pass | Check::NotApplicable => vec![Finding::info(path, &message)],
        }
    }
}

impl fmt::Debug for Identifier {
    /// An identifier may be about a person, so its text stays out of logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Identifier({}, {})", self.scheme, self.check.name())
    }
}

fn judge(scheme: Scheme, text: &str) -> Judgement {
    match scheme {
        Scheme::Container => transport::container(text),
        Scheme::ContainerType => transport::container_type(text),
        Scheme::Mrn => customs::mrn(text),
        Scheme::Hs => customs::hs(text),
        Scheme::Imo => transport::imo(text),
        Scheme::ImoCompany => transport::imo_company(text),
        Scheme::Mmsi => transport::mmsi(text),
        Scheme::Awb => transport::awb(text),
        Scheme::Vin => transport::vin(text),
        Scheme::Lei => finance::lei(text),
        Scheme::Iban => finance::iban(text),
        Scheme::Bic => finance::bic(text),
        Scheme::Eori => customs::eori(text),
        Scheme::Ucr => customs::ucr(text),
        Scheme::Lrn => customs::lrn(text),
        Scheme::Grn => customs::grn(text),
        Scheme::TirCarnet => customs::tir_carnet(text),
        Scheme::Arc => customs::arc(text),
        Scheme::CustomsOffice => customs::customs_office(text),
        Scheme::Country => place::country(text),
        Scheme::Currency => finance::currency(text),
        Scheme::Unlocode => place::unlocode(text),
        Scheme::Gtin => product::gtin(text),
        Scheme::Sscc => product::sscc(text),
        Scheme::Imei => product::imei(text),
        Scheme::Cas => product::cas(text),
        Scheme::Flight => transport::flight(text),
        Scheme::Phone => person::phone(text),
        Scheme::Email => person::email(text),
        Scheme::Passport => person::passport(text),
        Scheme::Mrz => person::mrz(text),
        Scheme::Seal => transport::free_reference(text, 40, "seal number"),
        Scheme::Plate => transport::free_reference(text, 20, "licence plate"),
        Scheme::TailNumber => transport::free_reference(text, 12, "registration of an aircraft"),
        Scheme::Voyage => transport::free_reference(text, 35, "voyage number"),
        Scheme::BillOfLading => transport::free_reference(text, 50, "bill of lading number"),
        Scheme::Declaration => transport::free_reference(text, 50, "declaration number"),
        Scheme::Account => transport::free_reference(text, 50, "bank account"),
        Scheme::TaxNumber => transport::free_reference(text, 50, "tax or company number"),
        Scheme::HouseAwb => transport::free_reference(text, 35, "house air waybill number"),
        Scheme::CryptoAddress => crypto::crypto_address(text),
        Scheme::Other => other(text),
    }
}

/// Any text; if it is clearly of a scheme, that is noted, since only identifiers of one scheme match.
fn other(text: &str) -> Judgement {
    match detect(text) {
        Some(likely) => {
            let note = format!(
                "looks like a number of the scheme '{likely}', by which it would match others"
            );
            unchecked_noting(text, &note)
        }
        None => unchecked(text),
    }
}

#[cfg(test)]
mod tests {
    use std::str::FromStr;

    use proptest::prelude::{any, prop_assert, prop_assert_eq, proptest};

    use super::*;

    #[test]
    fn each_scheme_has_its_own_name() {
        for scheme in Scheme::ALL {
            assert_eq!(Scheme::from_str(scheme.name()), Ok(scheme));
        }
        assert_eq!(Scheme::from_str("isbn"), Err(UnknownScheme));
    }

    #[test]
    fn what_cannot_be_of_a_scheme_is_kept_as_other() {
        let refused = Identifier::observe(Scheme::Container, "CSQU-30543").unwrap_err();
        assert!(refused.to_string().contains("scheme 'other'"));
        let kept = Identifier::observe(Scheme::Other, "CSQU-30543").unwrap();
        assert_eq!((kept.normalised.as_str(), kept.check), ("CSQU-30543", Check::NotApplicable));
        assert!(Identifier::observe(Scheme::Other, " ").is_err());
        assert!(Identifier::observe(Scheme::Other, "a\0").is_err());
    }

    #[test]
    fn a_text_without_a_scheme_is_read_by_its_form() {
        let seen = Identifier::recognise("csqu 305438-3").unwrap();
        assert_eq!((seen.scheme, seen.normalised.as_str()), (Scheme::Container, "CSQU3054383"));
        assert_eq!(Identifier::recognise("12345").unwrap().scheme, Scheme::Other);
        assert!(Identifier::recognise("").is_err());
        let other = Identifier::observe(Scheme::Other, "CSQU3054383").unwrap();
        assert!(other.reason.unwrap().contains("'container'"));
        let refused = Identifier::observe(Scheme::Vin, "20-CSQU3054383").unwrap_err();
        assert!(!refused.reason.contains("looks like"));
        let refused = Identifier::observe(Scheme::Lei, "CSQU3054383").unwrap_err();
        assert!(refused.reason.contains("looks like a number of the scheme 'container'"));
    }

    #[test]
    fn an_unknown_scheme_is_answered_with_all_of_them() {
        let message = Scheme::from_str("isbn").unwrap_err().to_string();
        for scheme in Scheme::ALL {
            assert!(message.contains(scheme.name()), "{scheme}");
        }
    }

    #[test]
    fn a_failed_check_warns_and_a_note_informs() {
        use crate::domain::finding::Severity;
        let severity = |scheme, text| {
            let findings = Identifier::observe(scheme, text).unwrap().findings("x");
            findings.first().map(|finding| finding.severity)
        };
        assert_eq!(severity(Scheme::Container, "CSQU3054384"), Some(Severity::Warning));
        assert_eq!(severity(Scheme::Country, "XA"), Some(Severity::Info));
        assert_eq!(severity(Scheme::Container, "CSQU3054383"), None);
    }

    proptest! {
        #[test]
        fn no_text_makes_any_scheme_panic_and_normal_forms_are_stable(text in any::<String>()) {
            for scheme in Scheme::ALL {
                if let Ok(seen) = Identifier::observe(scheme, &text) {
                    prop_assert_eq!(&seen.as_observed, &text);
                    if let Ok(again) = Identifier::observe(scheme, &seen.normalised) {
                        prop_assert_eq!(again.normalised, seen.normalised);
                    }
                }
            }
        }

        #[test]
        fn near_texts_do_not_panic(text in "[A-Z0-9<@+. -]{0,95}") {
            for scheme in Scheme::ALL {
                let seen = Identifier::observe(scheme, &text);
                prop_assert!(seen.is_ok() || seen.is_err());
            }
        }
    }
}
