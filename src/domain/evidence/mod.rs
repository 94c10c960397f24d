//! Evidence items and who holds them; hashes no bytes and signs nothing.

mod custody;
mod event;
mod item;

pub use crate::domain::evidence::custody::{CustodyRefusal, CustodyState, Place};
pub use crate::domain::evidence::event::{
    Custodian, CustodyEvent, CustodyKind, Part, UnknownCustodyKind,
};
pub use crate::domain::evidence::item::{ItemForm, UnknownItemForm};

#[cfg(test)]
mod custody_tests;
