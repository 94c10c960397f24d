//! Texts of the trade that peers and officers write: markings and identifiers.

use std::str::from_utf8;

use sealane::domain::handling::Marking;
use sealane::domain::identifier::{Identifier, Scheme};

/// A marking: what is read is written and read again as the same.
pub(crate) fn marking(input: &[u8]) {
    let Ok(text) = from_utf8(input) else { return };
    if let Ok(marking) = text.parse::<Marking>() {
        assert_eq!(marking.to_string().parse(), Ok(marking.clone()));
        assert_eq!(marking.stricter(&marking), marking, "a marking is as strict as itself");
    }
}

/// An identifier under every scheme: kept as it was seen, and matched by a form that is never empty and
/// stays itself when it is read again.
pub(crate) fn identifier(input: &[u8]) {
    let Ok(text) = from_utf8(input) else { return };
    for scheme in Scheme::ALL {
        if let Ok(identifier) = Identifier::observe(scheme, text) {
            assert_eq!(identifier.as_observed, text);
            assert!(!identifier.normalised.is_empty());
            if let Ok(again) = Identifier::observe(scheme, &identifier.normalised) {
                assert_eq!(
                    again.normalised, identifier.normalised,
                    "the form to match by is one form"
                );
            }
            drop(identifier.findings("identifiers/0"));
        }
    }
    if let Ok(identifier) = Identifier::recognise(text) {
        assert_eq!(identifier.as_observed, text);
    }
}
