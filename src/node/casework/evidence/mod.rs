//! Use cases of evidence: register, read, verify, hand over; fetching from a peer stands elsewhere.

pub(crate) mod add;
mod custody;
mod read;
mod verify;
mod views;

pub use add::EvidenceInput;
pub(crate) use add::Registration;
pub use custody::{HandOver, TakeOver};
pub use read::EvidenceContent;
pub use views::{CustodyView, EvidenceRow, EvidenceView, PendingView, VerdictView};

#[cfg(test)]
mod tests;
