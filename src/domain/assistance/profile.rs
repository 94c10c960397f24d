//! An instrument profile: a treaty, agreement or policy as data; reads no file and holds no hash of one.

use crate::domain::assistance::kinds::{AssistanceKind, Effect, Ground, Urgency};
use crate::domain::assistance::request::RequestField;
use crate::domain::deadline::{Deadline, DeadlineSource, Span};
use crate::domain::handling::Marking;
use crate::domain::time::Timestamp;

/// Administrative assistance or judicial co-operation; the one never counts as the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Track {
    /// Between administrations.
    Administrative,
    /// Between judicial authorities.
    Judicial,
}

/// Whether answers may serve as evidence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EvidenceUse {
    /// Never.
    No,
    /// With the provider's consent.
    Consent,
    /// Yes, and the provider is told.
    YesNotify,
}

/// Whether what was received may be passed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OnwardRule {
    /// Never.
    Forbidden,
    /// With the originator's signed consent.
    OriginatorConsent,
    /// Between the parties of the instrument.
    Parties,
}

/// Which event starts a clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ClockStart {
    /// The request reached the requested node.
    Received,
    /// A desk acknowledged it.
    Acknowledged,
    /// A question was asked.
    ClarificationAsked,
    /// Conditions were offered.
    ConditionsOffered,
    /// It was put off.
    Postponed,
    /// It was answered, refused or found to be another's.
    Answered,
    /// An oral request was put down.
    OralRecorded,
}

/// A clock of the instrument or of the node's policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClockRule {
    /// The name, such as `acknowledge` or `final`.
    pub name: String,
    /// What starts it.
    pub start: ClockStart,
    /// Only for requests of that urgency; all if absent.
    pub urgency: Option<Urgency>,
    /// How long it runs.
    pub span: Span,
    /// Who says so.
    pub source: DeadlineSource,
}

impl ClockRule {
    /// The deadline of this clock if it starts then.
    #[must_use]
    pub fn deadline(&self, start: Timestamp) -> Deadline {
        Deadline::running(start, self.span, self.source)
    }
}

/// A kind that the instrument knows, and what a request of it must hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KindRule {
    /// The kind.
    pub kind: AssistanceKind,
    /// Fields needed beside those needed always.
    pub required: Vec<RequestField>,
    /// Fields that this kind may lack although they are needed always.
    pub excused: Vec<RequestField>,
    /// The classes of goods for which the kind is allowed; any if empty.
    pub goods_classes: Vec<String>,
}

/// A ground that the instrument knows, and what it allows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroundRule {
    /// The ground.
    pub ground: Ground,
    /// What it allows.
    pub effects: Vec<Effect>,
}

/// The forms in which a request may be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Forms {
    /// On paper.
    pub written: bool,
    /// Electronically.
    pub electronic: bool,
    /// Orally, to be confirmed in writing.
    pub oral: bool,
    /// Until when an oral request must be confirmed.
    pub oral_confirm_within: Option<Span>,
}

/// Where a rule of the profile stands in the instrument.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Citation {
    /// The part of the profile that it supports.
    pub subject: String,
    /// The article, as printed.
    pub text: String,
    /// Whether somebody compared it with the text; if not it is shown as "unverified citation".
    pub verified: bool,
}

/// An instrument as data. A request names the hash of its file; both sides must hold the same one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InstrumentProfile {
    /// The id, such as `generic.policy`.
    pub id: String,
    /// The version of the profile.
    pub version: u32,
    /// The title for officers.
    pub title: String,
    /// The tracks it serves.
    pub tracks: Vec<Track>,
    /// The kinds it knows.
    pub kinds: Vec<KindRule>,
    /// Fields that every request must hold.
    pub required: Vec<RequestField>,
    /// The forms of a request.
    pub forms: Forms,
    /// Languages that are always accepted (ISO 639-1); any if empty.
    pub languages: Vec<String>,
    /// The clocks.
    pub clocks: Vec<ClockRule>,
    /// Whether a question to the applicant stops the clocks.
    pub clarification_pauses: bool,
    /// The grounds it knows.
    pub grounds: Vec<GroundRule>,
    /// Whether a refusal must give reasons.
    pub reasons_required: bool,
    /// Whether answers may be evidence.
    pub evidence_use: EvidenceUse,
    /// Whether answers may be passed on.
    pub onward: OnwardRule,
    /// What answers bear unless an officer marks them otherwise.
    pub default_marking: Marking,
    /// After how many days kept answers are reviewed.
    pub review_days: u32,
    /// Where the rules stand.
    pub citations: Vec<Citation>,
}

impl InstrumentProfile {
    /// The rule of a kind, if the instrument knows it.
    #[must_use]
    pub fn kind(&self, kind: AssistanceKind) -> Option<&KindRule> {
        self.kinds.iter().find(|rule| rule.kind == kind)
    }

    /// Whether a ground allows an effect.
    #[must_use]
    pub fn allows(&self, ground: Ground, effect: Effect) -> bool {
        self.grounds.iter().any(|rule| rule.ground == ground && rule.effects.contains(&effect))
    }

    /// The clocks that an event starts for a request of that urgency.
    pub fn clocks_from(
        &self,
        start: ClockStart,
        urgency: Urgency,
    ) -> impl Iterator<Item = &ClockRule> {
        self.clocks.iter().filter(move |clock| {
            clock.start == start && clock.urgency.is_none_or(|only| only == urgency)
        })
    }
}
