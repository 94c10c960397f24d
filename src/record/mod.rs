//! How a fact becomes signed bytes that two authorities agree on; stores nothing and sends nothing.
//!
//! A record is two things: a *statement* ([`statement`]), COSE bytes that are signed, logged and never change, and its
//! *fields* ([`field`]), salted leaves of which each can be shown or withheld (PROTOCOL 2). What a record says is a
//! [`Payload`]: one file a family of kinds under [`kinds`].

pub mod value;

pub mod field;
pub mod fields;
pub mod key;
pub mod payload;
pub mod statement;
pub mod trail;

pub mod card;
pub mod disclosure;
pub mod receipt;

pub mod kinds;

pub use field::{Field, Leaf};
pub use fields::Fields;
pub use key::{KeyId, Signer};
pub use payload::{Common, Payload, PayloadError, Record};
pub use statement::{Statement, StatementHash};
pub use value::Value;

/// The most fields a record may have, decoys included (PROTOCOL 2.4).
pub const RECORD_FIELDS_MAX: usize = 4096;

/// The most bytes that a record's leaves may take together (PROTOCOL 2.4).
pub const RECORD_BYTES_MAX: usize = 512 * 1024;

/// The deepest nesting of a field's value (PROTOCOL 2.4).
pub const NESTING_MAX: usize = 16;
