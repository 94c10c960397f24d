//! Use cases of cases: open, change, move, link, read, list; evidence and requests stand elsewhere.

mod check;
pub(crate) mod content;
mod findings;
mod keep;
mod links;
mod list;
mod moving;
mod open;
pub(crate) mod projection;
mod read;
mod team;
mod update;
mod views;

pub use links::Linking;
pub use list::CaseQuery;
pub(crate) use list::is_visible;
pub use moving::Movement;
pub use open::NewCase;
pub use update::CaseChange;
pub use views::{CaseRow, CaseView, IdentifierView};

#[cfg(test)]
mod tests;
