//! The kinds of records: one file a family, each a payload that is written to fields and read back.
//!
//! To add a kind: write a struct with [`Payload`](crate::record::Payload) in a file here, and name the file below. A
//! node that does not know a kind keeps, receipts and shows it as not understood (PROTOCOL 2.5).

pub mod audit;
pub mod case;
pub mod custody;
pub mod delivery;
pub mod document;
pub mod erasure;
pub mod evidence;
pub mod log;
pub mod request;
pub mod summary;
pub mod task_force;
pub mod workflow;

use crate::domain::id::{AuthorityName, ObjectId};
use crate::record::Value;

/// Fields of free content: a path such as `subjects/0/name`, and its value.
pub type Facts = Vec<(String, Value)>;

/// Pairs with owned keys, in the given order.
fn pairs<const N: usize>(pairs: [(&str, Value); N]) -> Facts {
    pairs.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
}

/// A text, or null.
fn text_opt(text: Option<&str>) -> Value {
    text.map_or(Value::Null, Value::text)
}

/// An integer, or null.
fn int_opt(int: Option<i64>) -> Value {
    int.map_or(Value::Null, Value::int)
}

/// Bytes, or null.
fn bytes_opt<const N: usize>(bytes: Option<[u8; N]>) -> Value {
    bytes.map_or(Value::Null, Value::bytes)
}

/// An object id as its 16 bytes.
fn object(id: ObjectId) -> Value {
    Value::bytes(*id.0.as_bytes())
}

/// Names of authorities.
fn authorities(names: &[AuthorityName]) -> Value {
    Value::Array(names.iter().map(|name| Value::text(name.as_str())).collect())
}

/// Reads a name of an authority.
fn authority_of(value: &Value) -> Option<AuthorityName> {
    value.as_text()?.parse().ok()
}

/// The free fields that start with one of `prefixes`, with their prefix kept.
fn facts_under(fields: &crate::record::fields::Fields, prefixes: &[&str]) -> Facts {
    fields
        .free()
        .filter(|(key, _, _)| prefixes.iter().any(|prefix| key.starts_with(prefix)))
        .map(|(key, _, value)| (key.to_owned(), value.clone()))
        .collect()
}
