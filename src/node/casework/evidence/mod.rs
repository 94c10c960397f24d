//! Use cases of evidence: register, read, verify, hand over; fetching from a peer stands elsewhere.

pub(crate) mod add;
mod custody;
mod hand_over;
mod happen;
mod read;
mod sheet;
mod verify;
mod views;
mod write;

pub use add::EvidenceInput;
pub(crate) use add::{Registration, Source};
pub use hand_over::{HandOver, TakeOver};
pub use happen::{CustodyInput, PartInput};
pub use read::EvidenceContent;
pub use views::{CustodyView, EvidenceRow, EvidenceView, PartView, PendingView, VerdictView};

#[cfg(test)]
mod custody_tests;
#[cfg(test)]
mod tests;
