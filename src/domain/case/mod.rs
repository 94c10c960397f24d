//! A case: its kind, its status and what it is about; keeps nothing and signs nothing.

mod goods;
mod kind;
mod status;
mod subject;
mod work;

pub use crate::domain::case::goods::{Consignment, GoodsLine, HsEdition, TransportMode};
pub use crate::domain::case::kind::{CaseType, UnknownCaseType};
pub use crate::domain::case::status::{CaseStatus, UnknownCaseStatus};
pub use crate::domain::case::subject::{
    Basis, IDENTIFIERS_MAX, Subject, SubjectKind, SubjectRole, UnknownSubjectWord,
};
pub use crate::domain::case::work::{
    DocumentType, TaskState, Track, TrackOutcome, TrackStatus, UnknownWord,
};
