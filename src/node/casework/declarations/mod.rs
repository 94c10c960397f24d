//! Use cases of declarations: import a file, list by suspicion, show; opening a case stands with the cases.

mod import;
mod read;
mod rows;
mod score;

pub use import::{ImportReport, RowRemark};
pub use read::{DeclarationQuery, DeclarationView};
pub use rows::{Line, Row, check_header, read_rows};

#[cfg(test)]
mod tests;
