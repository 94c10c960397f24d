//! Use cases of keeping data (R17, R46, R57): reviewed each year, restricted when that or the retention passes, or by order.
//!
//! What is due is proposed and decided by two officers as an erasure; nothing here erases. A legal hold beats the timer.

mod clocks;
mod list;
mod restrict;
mod review;

pub(crate) use clocks::{Restriction, clocks_of};
pub use list::{KeepingView, RetentionClockView, RetentionQuery, RetentionRow};
pub use restrict::{Lifting, NewRestriction};
pub use review::{NewReview, ReviewDecision};

#[cfg(test)]
mod tests;
