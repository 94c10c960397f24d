//! Summaries: chosen fields of a case, shown to named authorities by the statements that first said them.

mod arrival;
mod share;
mod view;
mod withdraw;

pub use share::NewSummary;
pub use view::{DisclosedView, SummaryQuery, SummaryRow, SummaryView};

pub(crate) use arrival::whole;
pub(crate) use share::read_indices;
