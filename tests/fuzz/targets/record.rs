//! What peers sign: deterministic encodings alone are read, so that what is read has one spelling.

use sealane::record::card::SignedCard;
use sealane::record::field::Leaf;
use sealane::record::receipt::Receipt;
use sealane::record::{Statement, Value};

pub(crate) fn value(input: &[u8]) {
    if let Ok(value) = Value::decode(input) {
        assert_eq!(value.encode(), input);
    }
}

pub(crate) fn field(input: &[u8]) {
    if let Ok(leaf) = Leaf::decode(input) {
        assert_eq!(leaf.encode(), input);
    }
}

pub(crate) fn statement(input: &[u8]) {
    if let Ok(statement) = Statement::parse(input) {
        assert_eq!(statement.bytes(), input);
    }
    let _ = Statement::parse_transparent(input);
}

pub(crate) fn receipt(input: &[u8]) {
    let _ = Receipt::parse(input);
}

pub(crate) fn card(input: &[u8]) {
    if let Ok(card) = SignedCard::decode(input) {
        assert_eq!(card.encode(), input);
    }
}
