//! Use cases of erasure (R17, R57, R58): one officer orders, another decides, the node destroys keys and certifies.
//!
//! The order of steps must hold: the decision is durable, then keys die, then rows go, then the certificate is signed in
//! the transaction that removes the rows. A node that stopped in between goes on at its next start.

mod carry_out;
mod decide;
mod list;
mod order;
mod scope;

pub use list::{ErasureQuery, ErasureView};
pub use order::NewErasure;
pub(crate) use order::refuse_held;

#[cfg(test)]
mod tests;
