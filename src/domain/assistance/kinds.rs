//! Kinds of assistance, grounds for refusing it and urgency, by their codes; which apply is the profile's matter.

use std::fmt;
use std::str::FromStr;

/// A text that is not in a list of codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no such {what}: use {range}")]
pub struct UnknownCode {
    pub(crate) what: &'static str,
    pub(crate) range: &'static str,
}

macro_rules! coded {
    (
        $(#[$doc:meta])* $name:ident, $what:literal, $range:literal, $count:literal;
        $($variant:ident = $code:literal, $title:literal;)+
    ) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name {
            $(#[doc = $title] $variant,)+
        }

        impl $name {
            /// Every one, in the order of the codes.
            pub const ALL: [Self; $count] = [$(Self::$variant,)+];

            /// The stable code.
            #[must_use]
            pub const fn code(self) -> &'static str {
                match self { $(Self::$variant => $code,)+ }
            }

            /// What it is, for an officer.
            #[must_use]
            pub const fn title(self) -> &'static str {
                match self { $(Self::$variant => $title,)+ }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.code())
            }
        }

        impl FromStr for $name {
            type Err = UnknownCode;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Self::ALL
                    .into_iter()
                    .find(|one| one.code() == text)
                    .ok_or(UnknownCode { what: $what, range: $range })
            }
        }
    };
}

coded! {
    /// What is asked for.
    AssistanceKind, "kind of assistance", "K01 to K22", 22;
    Spontaneous = "K01", "Spontaneous information";
    Assessment = "K02", "Assessment of duties and taxes";
    Controls = "K03", "Controls: authenticity of documents, lawful import or export";
    Surveillance = "K04", "Surveillance of persons, goods, places, means of transport";
    Enquiries = "K05", "Enquiries";
    Notification = "K06", "Notification or delivery of decisions and documents";
    Experts = "K07", "Experts and witnesses";
    OfficialsPresent = "K08", "Officials present in the other territory";
    Participation = "K09", "Participation in an investigation abroad";
    Pooling = "K10", "Pooling of information";
    Narcotics = "K11", "Narcotics";
    CulturalProperty = "K12", "Cultural property";
    ControlledDelivery = "K13", "Controlled delivery";
    HotPursuit = "K14", "Hot pursuit";
    CrossBorderSurveillance = "K15", "Cross-border surveillance";
    CovertInvestigation = "K16", "Covert investigation";
    JointTeam = "K17", "Joint special investigation team";
    Recovery = "K18", "Recovery of customs claims";
    AutomaticExchange = "K19", "Automatic exchange";
    AdvanceExchange = "K20", "Advance exchange before arrival";
    DeclarationVerification = "K21", "Verification of a declaration";
    TechnicalAssistance = "K22", "Technical assistance and training";
}

coded! {
    /// Why assistance is refused, put off, narrowed or made conditional.
    Ground, "ground", "G01 to G20", 20;
    Sovereignty = "G01", "Sovereignty";
    PublicOrder = "G02", "Security, public order or policy";
    EssentialInterest = "G03", "Another essential or substantial national interest";
    Secrecy = "G04", "Industrial, commercial or professional secret, legitimate commercial interests";
    DomesticLaw = "G05", "Domestic law forbids it";
    Disproportionate = "G06", "Disproportionate to the suspected infringement";
    Burden = "G07", "Excessive administrative burden, own sources not exhausted";
    Reciprocity = "G08", "No reciprocity";
    OutsideCustomsLaw = "G09", "Currency or tax rules outside customs law";
    RunningProceedings = "G10", "Would disturb a running investigation, prosecution or proceedings";
    RetentionOver = "G11", "The retention period of the documents is over";
    NoTraderConsent = "G12", "Consent of importer or exporter needed and not given";
    JudicialAuthorisation = "G13", "Judicial authorisation needed and refused or pending";
    BrokenAssurance = "G14", "The applicant broke an earlier assurance";
    FormalDefect = "G15", "A formal defect was not cured after being asked";
    NoControlledDelivery = "G16", "National law does not allow controlled delivery";
    NotHeld = "G17", "The information is not held";
    DeclaredLimits = "G18", "Declared limits of the instrument";
    DataProtectionLevel = "G19", "The applicant's level of data protection is not adequate";
    HarmToPerson = "G20", "Harm to a person, risk to human rights";
}

coded! {
    /// What a ground allows the requested side to do.
    Effect, "effect of a ground", "refuse, part, condition, postpone, narrow, return, discuss or answer", 8;
    Refuse = "refuse", "Refuse the request";
    Part = "part", "Refuse a part";
    Condition = "condition", "Comply under conditions";
    Postpone = "postpone", "Put off with a review date";
    Narrow = "narrow", "Narrow the answer";
    Return = "return", "Return the request for its form";
    Discuss = "discuss", "Consult the applicant";
    Answer = "answer", "Answer that nothing was found";
}

coded! {
    /// How soon an answer is needed.
    Urgency, "urgency", "U0 to U3", 4;
    Immediate = "U0", "Immediate: goods or a person are moving now";
    Urgent = "U1", "Urgent";
    Priority = "U2", "Priority";
    Routine = "U3", "Routine";
}

impl AssistanceKind {
    /// Whether it is a special form of co-operation (K13 to K17): only for some goods, with a second approver.
    #[must_use]
    pub const fn is_special(self) -> bool {
        matches!(
            self,
            Self::ControlledDelivery
                | Self::HotPursuit
                | Self::CrossBorderSurveillance
                | Self::CovertInvestigation
                | Self::JointTeam
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_and_read_back() {
        for (at, kind) in AssistanceKind::ALL.into_iter().enumerate() {
            assert_eq!(kind.code(), format!("K{:02}", at + 1));
            assert_eq!(AssistanceKind::from_str(kind.code()), Ok(kind));
        }
        for (at, ground) in Ground::ALL.into_iter().enumerate() {
            assert_eq!(ground.code(), format!("G{:02}", at + 1));
            assert_eq!(Ground::from_str(ground.code()), Ok(ground));
        }
        for (at, urgency) in Urgency::ALL.into_iter().enumerate() {
            assert_eq!(urgency.code(), format!("U{at}"));
        }
        assert!(AssistanceKind::from_str("K23").unwrap_err().to_string().contains("K01 to K22"));
        assert_eq!(AssistanceKind::ALL.into_iter().filter(|kind| kind.is_special()).count(), 5);
    }
}
