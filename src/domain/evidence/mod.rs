//! Evidence items and who holds them; hashes no bytes and signs nothing.

mod custody;
mod item;

pub use crate::domain::evidence::custody::{
    Custodian, CustodyEvent, CustodyKind, CustodyRefusal, CustodyState, Place, UnknownCustodyKind,
};
pub use crate::domain::evidence::item::{ContentDigest, EvidenceItem, ItemForm, UnknownItemForm};

#[cfg(test)]
mod custody_tests;
