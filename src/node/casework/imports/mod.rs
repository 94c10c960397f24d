//! Use cases of imported files: begin, take rows in, go on after a break, list what was refused, find rows.
//!
//! A file is known by its digest and that of its mapping: the same file is the same import. The node keeps how many rows
//! of it are done, and the digest of their bytes, in the transaction that keeps the rows; a file that is sent again is passed
//! over up to there, and refused if it does not begin with them.

mod batch;
mod begin;
mod content;
mod found;
mod frames;
mod read;
mod rows;
mod run;
mod score;
mod taken;
mod values;

pub use begin::{ImportQuery, ImportView, NewImport, RefusalQuery, RefusalView};
pub use found::{ImportedIdentifierView, ImportedQuery, ImportedRowView, ImportedView};
pub use frames::Span;
pub use read::{About, check_file, read_rows};
pub use rows::{Kept, Line, Row};
pub use run::{ImportReport, RowRemark};

#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
