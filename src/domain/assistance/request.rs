//! What a request must hold under a profile, and what a refusal must hold; lists all defects, sends nothing.

use std::fmt;
use std::str::FromStr;

use crate::domain::assistance::kinds::{AssistanceKind, Effect, Ground, UnknownCode, Urgency};
use crate::domain::assistance::profile::{EvidenceUse, InstrumentProfile, KindRule, Track};
use crate::domain::case::{Consignment, Subject};
use crate::domain::finding::Finding;
use crate::domain::handling::{Marking, Purpose};
use crate::domain::id::AuthorityName;
use crate::domain::identifier::Identifier;
use crate::domain::time::Timestamp;

/// Whether the applicant wants to use the answer as evidence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EvidenceIntent {
    /// No.
    None,
    /// In administrative proceedings.
    Administrative,
    /// Before a court.
    Judicial,
}

/// The content of a request: the superset of what instruments ask for.
#[derive(Clone, PartialEq, Eq)]
pub struct RequestContent {
    /// Who is asked.
    pub requested: AuthorityName,
    /// Who asks.
    pub applicant: AuthorityName,
    /// The desk that asks, and how to reach it.
    pub contact: Option<String>,
    /// Administrative or judicial.
    pub track: Track,
    /// What is asked for.
    pub kinds: Vec<AssistanceKind>,
    /// What the answer is for.
    pub purposes: Vec<Purpose>,
    /// The object of the request and the reason for it.
    pub object_reason: Option<String>,
    /// Laws and articles concerned.
    pub legal_provisions: Vec<String>,
    /// Persons and organisations concerned.
    pub persons: Vec<Subject>,
    /// Whether it is stated that the persons are not known.
    pub persons_unknown: bool,
    /// Goods on their way.
    pub consignments: Vec<Consignment>,
    /// Numbers of declarations.
    pub declarations: Vec<Identifier>,
    /// The class of the goods, for special forms of co-operation.
    pub goods_class: Option<String>,
    /// The facts.
    pub facts: Option<String>,
    /// What the applicant has enquired already.
    pub enquiries_done: Option<String>,
    /// SHA-256 digests of the documents attached.
    pub documents: Vec<[u8; 32]>,
    /// The procedure wished.
    pub procedure_wished: Option<String>,
    /// How soon.
    pub urgency: Urgency,
    /// Why so soon.
    pub urgency_reason: Option<String>,
    /// Until when an answer is useful.
    pub answer_by: Option<Timestamp>,
    /// The language of the request (ISO 639-1).
    pub language: Option<String>,
    /// What the applicant itself could not do in the same case.
    pub reciprocity_limit: Option<String>,
    /// The marking of the request.
    pub marking: Option<Marking>,
    /// Who else will see the answer.
    pub intended_onward: Vec<AuthorityName>,
    /// Whether it is to be evidence.
    pub evidence_intent: EvidenceIntent,
}

macro_rules! fields {
    ($($variant:ident = $path:literal;)+) => {
        /// A field of a request that a profile may require.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum RequestField {
            $(#[doc = concat!("The field `", $path, "`.")] $variant,)+
        }

        impl RequestField {
            /// Every field.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The path of the field.
            #[must_use]
            pub const fn path(self) -> &'static str {
                match self { $(Self::$variant => $path,)+ }
            }
        }
    };
}

fields! {
    Contact = "contact";
    Purposes = "purposes";
    ObjectReason = "object_reason";
    LegalProvisions = "legal_provisions";
    Persons = "persons";
    Consignments = "consignments";
    Declarations = "declarations";
    GoodsClass = "goods_class";
    Facts = "facts";
    EnquiriesDone = "enquiries_done";
    Documents = "documents";
    ProcedureWished = "procedure_wished";
    AnswerBy = "answer_by";
    Language = "language";
    ReciprocityLimit = "reciprocity_limit";
    Marking = "marking";
}

impl fmt::Display for RequestField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.path())
    }
}

impl FromStr for RequestField {
    type Err = UnknownCode;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.iter().copied().find(|field| field.path() == text).ok_or(UnknownCode {
            what: "field of a request",
            range: "the names that the generic.policy profile lists",
        })
    }
}

impl fmt::Debug for RequestContent {
    /// Facts and persons stay out of logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestContent")
            .field("requested", &self.requested)
            .field("kinds", &self.kinds)
            .finish_non_exhaustive()
    }
}

impl RequestContent {
    fn holds(&self, field: RequestField) -> bool {
        match field {
            RequestField::Contact => is_written(self.contact.as_ref()),
            RequestField::Purposes => !self.purposes.is_empty(),
            RequestField::ObjectReason => is_written(self.object_reason.as_ref()),
            RequestField::LegalProvisions => {
                self.legal_provisions.iter().any(|law| !law.trim().is_empty())
            }
            RequestField::Persons => self.persons_unknown || !self.persons.is_empty(),
            RequestField::Consignments => !self.consignments.is_empty(),
            RequestField::Declarations => !self.declarations.is_empty(),
            RequestField::GoodsClass => is_written(self.goods_class.as_ref()),
            RequestField::Facts => is_written(self.facts.as_ref()),
            RequestField::EnquiriesDone => is_written(self.enquiries_done.as_ref()),
            RequestField::Documents => !self.documents.is_empty(),
            RequestField::ProcedureWished => is_written(self.procedure_wished.as_ref()),
            RequestField::AnswerBy => self.answer_by.is_some(),
            RequestField::Language => is_written(self.language.as_ref()),
            RequestField::ReciprocityLimit => is_written(self.reciprocity_limit.as_ref()),
            RequestField::Marking => self.marking.is_some(),
        }
    }
}

fn is_written(text: Option<&String>) -> bool {
    text.is_some_and(|text| !text.trim().is_empty())
}

/// Everything that stands against sending a request under a profile, each with the path of its field.
#[must_use]
pub fn check_request(content: &RequestContent, profile: &InstrumentProfile) -> Vec<Finding> {
    let mut findings = Vec::new();
    if content.requested == content.applicant {
        findings.push(Finding::error("requested", "an authority does not ask itself"));
    }
    if !profile.tracks.contains(&content.track) {
        findings.push(Finding::error("track", "the instrument does not serve this track"));
    }
    let rules = known_kinds(content, profile, &mut findings);
    findings.extend(missing_fields(content, profile, &rules));
    findings.extend(odd_values(content, profile));
    for (at, person) in content.persons.iter().enumerate() {
        let prefix = format!("persons/{at}");
        findings.extend(person.findings().into_iter().map(|finding| finding.under(&prefix)));
    }
    for (at, consignment) in content.consignments.iter().enumerate() {
        let prefix = format!("consignments/{at}");
        findings.extend(consignment.findings().into_iter().map(|finding| finding.under(&prefix)));
    }
    for (at, declaration) in content.declarations.iter().enumerate() {
        findings.extend(declaration.findings(&format!("declarations/{at}")));
    }
    findings
}

fn known_kinds<'a>(
    content: &RequestContent,
    profile: &'a InstrumentProfile,
    findings: &mut Vec<Finding>,
) -> Vec<&'a KindRule> {
    if content.kinds.is_empty() {
        findings.push(Finding::error("kinds", "name at least one kind of assistance, K01 to K22"));
    }
    let mut rules = Vec::new();
    for (at, kind) in content.kinds.iter().enumerate() {
        let path = format!("kinds/{at}");
        let Some(rule) = profile.kind(*kind) else {
            let message = format!("{kind} ({}) is not a kind of {}", kind.title(), profile.id);
            findings.push(Finding::error(&path, &message));
            continue;
        };
        let class = content.goods_class.as_deref().unwrap_or("");
        if !rule.goods_classes.is_empty() && !rule.goods_classes.iter().any(|one| one == class) {
            let message =
                format!("{kind} is for these classes only: {}", rule.goods_classes.join(", "));
            findings.push(Finding::error("goods_class", &message));
        }
        rules.push(rule);
    }
    rules
}

/// A field needed always may be lacking only if every kind asked for excuses it.
fn missing_fields(
    content: &RequestContent,
    profile: &InstrumentProfile,
    rules: &[&KindRule],
) -> Vec<Finding> {
    let is_excused = |field: RequestField| {
        !rules.is_empty() && rules.iter().all(|rule| rule.excused.contains(&field))
    };
    let is_required = |field: RequestField| {
        profile.required.contains(&field) && !is_excused(field)
            || rules.iter().any(|rule| rule.required.contains(&field))
    };
    RequestField::ALL
        .iter()
        .copied()
        .filter(|field| is_required(*field) && !content.holds(*field))
        .map(|field| {
            let hint = match field {
                RequestField::Persons => "is missing: name them, or state that they are not known",
                RequestField::Contact
                | RequestField::Purposes
                | RequestField::ObjectReason
                | RequestField::LegalProvisions
                | RequestField::Consignments
                | RequestField::Declarations
                | RequestField::GoodsClass
                | RequestField::Facts
                | RequestField::EnquiriesDone
                | RequestField::Documents
                | RequestField::ProcedureWished
                | RequestField::AnswerBy
                | RequestField::Language
                | RequestField::ReciprocityLimit
                | RequestField::Marking => "is missing: the instrument requires it",
            };
            Finding::error(field.path(), hint)
        })
        .collect()
}

fn odd_values(content: &RequestContent, profile: &InstrumentProfile) -> Vec<Finding> {
    let mut findings = Vec::new();
    if content.urgency <= Urgency::Urgent && !is_written(content.urgency_reason.as_ref()) {
        findings.push(Finding::error("urgency_reason", "say why it is urgent"));
    }
    if content.persons_unknown && !content.persons.is_empty() {
        findings.push(Finding::error("persons_unknown", "persons are named, so they are known"));
    }
    match (content.evidence_intent, profile.evidence_use) {
        (EvidenceIntent::None, _)
        | (EvidenceIntent::Administrative | EvidenceIntent::Judicial, EvidenceUse::YesNotify) => {}
        (EvidenceIntent::Administrative | EvidenceIntent::Judicial, EvidenceUse::Consent) => {
            findings.push(Finding::warning(
                "evidence_intent",
                "use as evidence needs the consent of the requested authority",
            ));
        }
        (EvidenceIntent::Administrative | EvidenceIntent::Judicial, EvidenceUse::No) => {
            findings.push(Finding::error(
                "evidence_intent",
                "the instrument does not allow use as evidence",
            ));
        }
    }
    if let Some(language) = &content.language
        && !profile.languages.is_empty()
        && !profile.languages.contains(language)
    {
        findings.push(Finding::warning("language", "is not among those always accepted"));
    }
    findings
}

/// How far a refusal reaches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RefusalScope {
    /// All of the request.
    Whole,
    /// Some of its fields.
    Part(Vec<String>),
}

/// A refusal, in whole or in part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The grounds.
    pub grounds: Vec<Ground>,
    /// How far it reaches.
    pub scope: RefusalScope,
    /// The reasons.
    pub reasons: String,
    /// The provision of law, where one forbids.
    pub legal_text: Option<String>,
    /// Any fact that helps the applicant nevertheless.
    pub helpful_info: Option<String>,
}

/// Everything that stands against a refusal or postponement under a profile.
#[must_use]
pub fn check_refusal(
    refusal: &Refusal,
    effect: Effect,
    profile: &InstrumentProfile,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    if refusal.grounds.is_empty() {
        findings.push(Finding::error("grounds", "name at least one ground, G01 to G20"));
    }
    if profile.reasons_required && refusal.reasons.trim().is_empty() {
        findings.push(Finding::error("reasons", "are missing: a refusal always gives reasons"));
    }
    if refusal.scope == RefusalScope::Part(Vec::new()) {
        findings.push(Finding::error("scope", "name the parts that are refused"));
    }
    for (at, ground) in refusal.grounds.iter().enumerate() {
        let path = format!("grounds/{at}");
        if *ground == Ground::RunningProceedings && effect == Effect::Refuse {
            findings.push(Finding::warning(
                &path,
                "G10 is a reason to postpone and to consult the applicant, not to refuse",
            ));
        } else if !profile.allows(*ground, effect) {
            let message =
                format!("{} does not let {ground} {}", profile.id, effect.title().to_lowercase());
            findings.push(Finding::error(&path, &message));
        }
        if *ground == Ground::DomesticLaw && !is_written(refusal.legal_text.as_ref()) {
            findings
                .push(Finding::error("legal_text", "is missing: give the provision that forbids"));
        }
    }
    findings
}
