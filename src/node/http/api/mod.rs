//! The handlers of `/api/v1`, one family of paths a file: each takes its caller, asks for a permit, calls one use case.

pub(crate) mod audit;
pub(crate) mod case_file;
pub(crate) mod cases;
pub(crate) mod compartments;
pub(crate) mod conflicts;
pub(crate) mod deadlines;
pub(crate) mod declarations;
pub(crate) mod erasures;
pub(crate) mod evidence;
pub(crate) mod imported;
pub(crate) mod imports;
pub(crate) mod log;
pub(crate) mod notice_events;
pub(crate) mod officers;
pub(crate) mod packs;
pub(crate) mod requests;
pub(crate) mod retention;
pub(crate) mod search;
pub(crate) mod session;
pub(crate) mod statistics;
pub(crate) mod summaries;
pub(crate) mod task_forces;
pub(crate) mod workflows;
