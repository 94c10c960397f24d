//! Requests for mutual assistance: drafts, acts, what arrives, and the state that both sides compute.

mod act;
mod arrival;
mod check;
mod content;
mod draft;
mod folded;
mod memory;
mod order;
mod refusal;
mod snapshot;
mod view;

pub use act::ActInput;
pub use draft::NewRequest;
pub use refusal::SharedChain;
pub use view::{ActView, ClockView, RequestQuery, RequestSummary, RequestView};

pub use crate::node::casework::documents::DocumentView;

pub(crate) use act::outgoing;
pub(crate) use arrival::is_understood;
pub(crate) use content::end_of_day;
pub(crate) use memory::ActMemory;
pub(crate) use view::direction;

/// The first part of the paths of an act's content.
pub(crate) const CONTENT: &str = "content/";
