//! What is due, for the officers who may know of it, and the notices that tell them; overdue is a flag and no step.

mod about;
mod inbox;
mod letters;
mod list;
mod remind;

pub use inbox::{NoticeMark, NoticeQuery, NoticeView, Told};
pub use letters::{Drafted, MailboxView, NewMailbox};
pub use list::{DeadlineQuery, DeadlineView};

#[cfg(test)]
mod tests;
