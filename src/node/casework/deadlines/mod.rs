//! What is due, for the officers who may know of it, and the notices that tell them; overdue is a flag and no step.

mod about;
mod inbox;
mod list;
mod remind;

pub use inbox::{NoticeQuery, NoticeView};
pub use list::{DeadlineQuery, DeadlineView};

#[cfg(test)]
mod tests;
