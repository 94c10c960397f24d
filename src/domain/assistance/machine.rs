//! The state machine of one request as both sides compute it; knows neither order nor concurrency of acts.

use std::fmt;
use std::str::FromStr;

/// Where a request stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    /// Being written by the applicant; not sent.
    Draft,
    /// Nothing yet at the requested side.
    None,
    /// Signed and sent.
    Submitted,
    /// The requested node has it.
    Received,
    /// Sent back for its form; not a refusal in law.
    Returned,
    /// A desk of the requested side works on it.
    Acknowledged,
    /// The requested side asked something.
    Clarification,
    /// The requested side will comply under conditions.
    ConditionsOffered,
    /// The requested side complies.
    InExecution,
    /// Put off with a review date.
    Postponed,
    /// Answered.
    Answered,
    /// Refused, with reasons.
    Refused,
    /// Another authority is competent.
    NotCompetent,
    /// Taken back by the applicant.
    Withdrawn,
    /// Over.
    Closed,
    /// Thrown away before anything came of it.
    Discarded,
}

/// What a side may do to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Act {
    /// Send the request.
    Submit,
    /// Throw it away.
    Discard,
    /// Put down a request that was made orally.
    RecordOral,
    /// The requested node has it.
    Receipt,
    /// The requested node sends it back for its form.
    ReturnMalformed,
    /// Send it again after it was returned.
    Resubmit,
    /// Take it back.
    Withdraw,
    /// Name the handler and the expected date.
    Acknowledge,
    /// Say that another authority is competent.
    NotCompetent,
    /// Ask something.
    AskClarification,
    /// Answer what was asked.
    Supply,
    /// Take the question back.
    CancelQuestion,
    /// Offer to comply under conditions.
    OfferConditions,
    /// Change the offer.
    ReviseConditions,
    /// Accept the offer, by its hash.
    AcceptConditions,
    /// Decline the offer, by its hash.
    DeclineConditions,
    /// Comply.
    Accept,
    /// Put off.
    Postpone,
    /// Go on after a postponement.
    Resume,
    /// Refuse, with reasons.
    Refuse,
    /// Answer.
    FinalReply,
    /// Ask once more, with new facts; once.
    AskReconsider,
    /// End it.
    Close,
    /// End it by the timer.
    AutoClose,
    /// Note: change or add to the request.
    Amend,
    /// Note: remind the requested side.
    Remind,
    /// Note: confirm an oral request in writing.
    ConfirmWritten,
    /// Note: answer in part.
    InterimReply,
    /// Note: name a later date.
    Extend,
    /// Note: add to an answer.
    SupplementReply,
}

/// Who acts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Side {
    /// The authority that asks.
    Applicant,
    /// The authority that is asked.
    Requested,
    /// The node of the authority that is asked, by itself.
    RequestedNode,
}

/// What an act does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// The request moves there.
    Moves(State),
    /// The act is kept and shown; the state stays.
    Note,
}

/// An act that a side may not do in a state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{side} may not {act} while the request is {state}{}", instead(*.state, *.side))]
pub struct IllegalAct {
    /// Where the request stands.
    pub state: State,
    /// Who tried.
    pub side: Side,
    /// What was tried.
    pub act: Act,
}

/// What an act of a side does in a state.
///
/// # Errors
/// If the side may not do it there.
pub fn next(state: State, side: Side, act: Act) -> Result<Outcome, IllegalAct> {
    if act.is_note() {
        return if act.noted_by() == Some(side) && state.takes_notes() {
            Ok(Outcome::Note)
        } else {
            Err(IllegalAct { state, side, act })
        };
    }
    TRANSITIONS
        .iter()
        .find(|(from, by, what, _)| (*from, *by, *what) == (state, side, act))
        .map(|(_, _, _, to)| Outcome::Moves(*to))
        .ok_or(IllegalAct { state, side, act })
}

/// The acts that a side may do in a state, notes last.
#[must_use]
pub fn legal_acts(state: State, side: Side) -> Vec<Act> {
    Act::ALL.into_iter().filter(|act| next(state, side, *act).is_ok()).collect()
}

/// Every act that moves a request: from, who, what, to.
pub const TRANSITIONS: [(State, Side, Act, State); 47] = [
    (State::Draft, Side::Applicant, Act::Submit, State::Submitted),
    (State::Draft, Side::Applicant, Act::Discard, State::Discarded),
    (State::None, Side::Requested, Act::RecordOral, State::Acknowledged),
    (State::Submitted, Side::RequestedNode, Act::Receipt, State::Received),
    (State::Submitted, Side::RequestedNode, Act::ReturnMalformed, State::Returned),
    (State::Submitted, Side::Applicant, Act::Withdraw, State::Withdrawn),
    (State::Returned, Side::Applicant, Act::Resubmit, State::Submitted),
    (State::Returned, Side::Applicant, Act::Discard, State::Discarded),
    (State::Received, Side::Requested, Act::Acknowledge, State::Acknowledged),
    (State::Received, Side::Requested, Act::NotCompetent, State::NotCompetent),
    (State::Received, Side::Applicant, Act::Withdraw, State::Withdrawn),
    (State::Acknowledged, Side::Requested, Act::AskClarification, State::Clarification),
    (State::Acknowledged, Side::Requested, Act::OfferConditions, State::ConditionsOffered),
    (State::Acknowledged, Side::Requested, Act::Refuse, State::Refused),
    (State::Acknowledged, Side::Applicant, Act::Withdraw, State::Withdrawn),
    (State::InExecution, Side::Requested, Act::AskClarification, State::Clarification),
    (State::InExecution, Side::Requested, Act::OfferConditions, State::ConditionsOffered),
    (State::InExecution, Side::Requested, Act::Refuse, State::Refused),
    (State::InExecution, Side::Applicant, Act::Withdraw, State::Withdrawn),
    (State::Postponed, Side::Requested, Act::AskClarification, State::Clarification),
    (State::Postponed, Side::Requested, Act::OfferConditions, State::ConditionsOffered),
    (State::Postponed, Side::Requested, Act::Refuse, State::Refused),
    (State::Postponed, Side::Applicant, Act::Withdraw, State::Withdrawn),
    (State::Acknowledged, Side::Requested, Act::Accept, State::InExecution),
    (State::Acknowledged, Side::Requested, Act::Postpone, State::Postponed),
    (State::Acknowledged, Side::Requested, Act::NotCompetent, State::NotCompetent),
    (State::InExecution, Side::Requested, Act::Postpone, State::Postponed),
    (State::InExecution, Side::Requested, Act::FinalReply, State::Answered),
    (State::Postponed, Side::Requested, Act::Resume, State::InExecution),
    (State::Clarification, Side::Applicant, Act::Supply, State::Acknowledged),
    (State::Clarification, Side::Applicant, Act::Withdraw, State::Withdrawn),
    (State::Clarification, Side::Requested, Act::Refuse, State::Refused),
    (State::Clarification, Side::Requested, Act::CancelQuestion, State::Acknowledged),
    (State::ConditionsOffered, Side::Applicant, Act::AcceptConditions, State::InExecution),
    (State::ConditionsOffered, Side::Applicant, Act::DeclineConditions, State::Acknowledged),
    (State::ConditionsOffered, Side::Applicant, Act::Withdraw, State::Withdrawn),
    (State::ConditionsOffered, Side::Requested, Act::ReviseConditions, State::ConditionsOffered),
    (State::ConditionsOffered, Side::Requested, Act::Refuse, State::Refused),
    (State::Answered, Side::Applicant, Act::Close, State::Closed),
    (State::Answered, Side::Applicant, Act::AskReconsider, State::Acknowledged),
    (State::Answered, Side::Requested, Act::AutoClose, State::Closed),
    (State::Refused, Side::Applicant, Act::Close, State::Closed),
    (State::Refused, Side::Applicant, Act::AskReconsider, State::Acknowledged),
    (State::Refused, Side::Requested, Act::AutoClose, State::Closed),
    (State::NotCompetent, Side::Applicant, Act::Close, State::Closed),
    (State::NotCompetent, Side::Requested, Act::AutoClose, State::Closed),
    (State::Withdrawn, Side::Requested, Act::Close, State::Closed),
];

fn instead(state: State, side: Side) -> String {
    let acts: Vec<&str> = legal_acts(state, side).into_iter().map(Act::name).collect();
    if acts.is_empty() {
        "; it has nothing to do now".to_owned()
    } else {
        format!("; it may {}", acts.join(", "))
    }
}

impl State {
    /// Every state.
    pub const ALL: [Self; 16] = [
        Self::Draft,
        Self::None,
        Self::Submitted,
        Self::Received,
        Self::Returned,
        Self::Acknowledged,
        Self::Clarification,
        Self::ConditionsOffered,
        Self::InExecution,
        Self::Postponed,
        Self::Answered,
        Self::Refused,
        Self::NotCompetent,
        Self::Withdrawn,
        Self::Closed,
        Self::Discarded,
    ];

    /// The stable name, in capitals.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Draft => "DRAFT",
            Self::None => "NONE",
            Self::Submitted => "SUBMITTED",
            Self::Received => "RECEIVED",
            Self::Returned => "RETURNED",
            Self::Acknowledged => "ACKNOWLEDGED",
            Self::Clarification => "CLARIFICATION",
            Self::ConditionsOffered => "CONDITIONS_OFFERED",
            Self::InExecution => "IN_EXECUTION",
            Self::Postponed => "POSTPONED",
            Self::Answered => "ANSWERED",
            Self::Refused => "REFUSED",
            Self::NotCompetent => "NOT_COMPETENT",
            Self::Withdrawn => "WITHDRAWN",
            Self::Closed => "CLOSED",
            Self::Discarded => "DISCARDED",
        }
    }

    /// Whether nothing follows.
    #[must_use]
    pub const fn is_terminal(self) -> bool {
        matches!(self, Self::Closed | Self::Discarded)
    }

    /// Whether notes may be added: the request has begun and has not ended.
    #[must_use]
    pub const fn takes_notes(self) -> bool {
        !matches!(self, Self::Draft | Self::None | Self::Closed | Self::Discarded)
    }
}

impl Act {
    /// Every act, notes last.
    pub const ALL: [Self; 30] = [
        Self::Submit,
        Self::Discard,
        Self::RecordOral,
        Self::Receipt,
        Self::ReturnMalformed,
        Self::Resubmit,
        Self::Withdraw,
        Self::Acknowledge,
        Self::NotCompetent,
        Self::AskClarification,
        Self::Supply,
        Self::CancelQuestion,
        Self::OfferConditions,
        Self::ReviseConditions,
        Self::AcceptConditions,
        Self::DeclineConditions,
        Self::Accept,
        Self::Postpone,
        Self::Resume,
        Self::Refuse,
        Self::FinalReply,
        Self::AskReconsider,
        Self::Close,
        Self::AutoClose,
        Self::Amend,
        Self::Remind,
        Self::ConfirmWritten,
        Self::InterimReply,
        Self::Extend,
        Self::SupplementReply,
    ];

    /// The stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Submit => "submit",
            Self::Discard => "discard",
            Self::RecordOral => "record_oral",
            Self::Receipt => "receipt",
            Self::ReturnMalformed => "return_malformed",
            Self::Resubmit => "resubmit",
            Self::Withdraw => "withdraw",
            Self::Acknowledge => "acknowledge",
            Self::NotCompetent => "not_competent",
            Self::AskClarification => "ask_clarification",
            Self::Supply => "supply",
            Self::CancelQuestion => "cancel_question",
            Self::OfferConditions => "offer_conditions",
            Self::ReviseConditions => "revise_conditions",
            Self::AcceptConditions => "accept_conditions",
            Self::DeclineConditions => "decline_conditions",
            Self::Accept => "accept",
            Self::Postpone => "postpone",
            Self::Resume => "resume",
            Self::Refuse => "refuse",
            Self::FinalReply => "final_reply",
            Self::AskReconsider => "ask_reconsider",
            Self::Close => "close",
            Self::AutoClose => "auto_close",
            Self::Amend => "amend",
            Self::Remind => "remind",
            Self::ConfirmWritten => "confirm_written",
            Self::InterimReply => "interim_reply",
            Self::Extend => "extend",
            Self::SupplementReply => "supplement_reply",
        }
    }

    /// Whether it never changes the state.
    #[must_use]
    pub const fn is_note(self) -> bool {
        self.noted_by().is_some()
    }

    /// The side whose note it is.
    const fn noted_by(self) -> Option<Side> {
        match self {
            Self::Amend | Self::Remind | Self::ConfirmWritten => Some(Side::Applicant),
            Self::InterimReply | Self::Extend | Self::SupplementReply => Some(Side::Requested),
            Self::Submit
            | Self::Discard
            | Self::RecordOral
            | Self::Receipt
            | Self::ReturnMalformed
            | Self::Resubmit
            | Self::Withdraw
            | Self::Acknowledge
            | Self::NotCompetent
            | Self::AskClarification
            | Self::Supply
            | Self::CancelQuestion
            | Self::OfferConditions
            | Self::ReviseConditions
            | Self::AcceptConditions
            | Self::DeclineConditions
            | Self::Accept
            | Self::Postpone
            | Self::Resume
            | Self::Refuse
            | Self::FinalReply
            | Self::AskReconsider
            | Self::Close
            | Self::AutoClose => None,
        }
    }
}

impl Side {
    /// The stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Applicant => "applicant",
            Self::Requested => "requested",
            Self::RequestedNode => "requested_node",
        }
    }

    /// Whether both are the same authority.
    #[must_use]
    pub const fn is_same_authority(self, other: Self) -> bool {
        matches!(self, Self::Applicant) == matches!(other, Self::Applicant)
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Display for Act {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Applicant => "the applicant",
            Self::Requested => "the requested authority",
            Self::RequestedNode => "the requested node",
        })
    }
}

/// A text that names no state, act or side.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no such {0}; `sealane request act --help` lists them")]
pub struct UnknownActWord(&'static str);

impl FromStr for State {
    type Err = UnknownActWord;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|state| state.name() == text)
            .ok_or(UnknownActWord("state of a request"))
    }
}

impl FromStr for Act {
    type Err = UnknownActWord;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|act| act.name() == text).ok_or(UnknownActWord("act"))
    }
}

impl FromStr for Side {
    type Err = UnknownActWord;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        [Self::Applicant, Self::Requested, Self::RequestedNode]
            .into_iter()
            .find(|side| side.name() == text)
            .ok_or(UnknownActWord("side"))
    }
}
