//! Files cut into rows, each with its place in the file; a row that cannot be cut is told, and nothing is lost by it.
//!
//! A file is read through a window of bounded size. What is wrong in a row ends with the row: the next line is tried as
//! a row of its own.

mod csv;
mod json;
mod window;

use std::io;

pub(crate) use crate::node::casework::imports::frames::csv::{Cells, CsvRows};
pub(crate) use crate::node::casework::imports::frames::json::{ArrayRows, LineRows};
pub(crate) use crate::node::casework::imports::frames::window::{ROW_BYTES_MAX, Window};

/// Where a row stands in its file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Span {
    /// The line on which it begins, from 1.
    pub line: u64,
    /// Its first byte, from 0.
    pub first: u64,
    /// The byte after its last one; the end of its line is left out.
    pub end: u64,
}

/// A row as it was cut: where it stands, and why it cannot be read if so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Frame {
    pub(crate) span: Span,
    pub(crate) fault: Option<String>,
}

/// Why a file cannot be read on.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Broken {
    /// Its bytes do not come.
    #[error("it could not be read: {0}")]
    Io(#[from] io::Error),
    /// It is not in the form that the mapping says.
    #[error("line {line}: {reason}")]
    Form {
        /// Where.
        line: u64,
        /// What is wrong and what to do.
        reason: String,
    },
}

/// Why the bytes of a row are no text; the row is refused.
fn text_fault(bytes: &[u8]) -> Option<String> {
    if bytes.contains(&0) {
        return Some("holds a NUL byte; it is damaged, or no text file".to_owned());
    }
    let error = std::str::from_utf8(bytes).err()?;
    let at = error.valid_up_to() + 1;
    Some(format!("is not UTF-8 at its byte {at}; save the file in UTF-8"))
}

#[cfg(test)]
mod tests;
