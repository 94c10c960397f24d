//! Use cases of erasure (R17, R57, R58): one officer orders, another decides, the node destroys keys and certifies. What is
//! erased is a case, persons or fields of it, each with the imported rows that it came from, or an import.
//!
//! The order of steps must hold: the decision is durable, then keys die, then rows go, then the certificate is signed in
//! the transaction that removes the rows. A node that stopped in between goes on at its next start.

mod carry_out;
mod decide;
mod list;
mod order;
mod plan;
mod reseal;
mod scope;
mod wipe;

pub use list::{ErasureQuery, ErasureView};
pub(crate) use order::refuse_held;
pub use order::{NewErasure, NewImportErasure};

#[cfg(test)]
mod parts_tests;
#[cfg(test)]
mod tests;
