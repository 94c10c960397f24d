//! Markings, purposes and retention: how something may be used; grants nothing by itself.

mod marking;
mod purpose;

pub use crate::domain::handling::marking::{
    Classification, Grading, HandlingCode, InformationGrade, InvalidMarking, LEVEL_MAX, Marking,
    Pap, SourceGrade, Tlp,
};
pub use crate::domain::handling::purpose::{Purpose, Retention, UnknownPurpose};

#[cfg(test)]
mod marking_tests;
