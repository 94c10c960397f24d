//! Mutual assistance: what is asked under which instrument, and the state of a request; sends nothing.

mod fold;
mod kinds;
mod machine;
mod profile;
mod request;

pub use crate::domain::assistance::fold::{
    ACTS_MAX, Flags, RequestState, SequencedAct, Verdict, VoidReason, fold,
};
pub use crate::domain::assistance::kinds::{AssistanceKind, Effect, Ground, UnknownCode, Urgency};
pub use crate::domain::assistance::machine::{
    Act, IllegalAct, Outcome, Side, State, TRANSITIONS, UnknownActWord, legal_acts, next,
};
pub use crate::domain::assistance::profile::{
    Citation, ClockRule, ClockStart, EvidenceUse, Forms, GroundRule, InstrumentProfile, KindRule,
    OnwardRule, Track,
};
pub use crate::domain::assistance::request::{
    EvidenceIntent, Refusal, RefusalScope, RequestContent, RequestField, check_refusal,
    check_request,
};

#[cfg(test)]
mod conformance;
#[cfg(test)]
mod fold_tests;
#[cfg(test)]
mod request_tests;
