//! The state of a request from its acts in the order of the requested node; verifies no signature.
//!
//! Each act names the head its author had seen. An act that has not seen everything before it is judged at the
//! head, with four exceptions in which it undoes what its author could not know: `withdraw` voids unseen acts of the
//! requested side, but an unseen `final_reply` stands and voids the withdrawal; `ask_reconsider` voids an unseen
//! `auto_close`; `revise_conditions` voids an unseen answer to the offer it replaces. A void act stays void.

use std::collections::HashMap;

use crate::domain::assistance::machine::{Act, IllegalAct, Outcome, Side, State, next};

/// The most acts of one request; later ones are void.
pub const ACTS_MAX: usize = 1000;

/// A verified act at its place in the order of the requested node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SequencedAct {
    /// The hash of the act's statement.
    pub hash: [u8; 32],
    /// The head that its author had seen; of no meaning for the first act.
    pub prev: Option<[u8; 32]>,
    /// Whose act it is.
    pub side: Side,
    /// What it does.
    pub act: Act,
    /// The offer that an answer to conditions binds to: the hash of the act that made it.
    pub offer: Option<[u8; 32]>,
}

/// What became of an act.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It moved the request.
    Applied,
    /// It is kept and shown; the state stayed.
    Note,
    /// It has no effect; it is kept and shown.
    Void(VoidReason),
}

/// Why an act has no effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VoidReason {
    /// The state did not allow it.
    #[error("{0}")]
    Illegal(IllegalAct),
    /// It names a head that is not before it.
    #[error("it follows an act that this request does not hold")]
    UnknownHead,
    /// The same act again.
    #[error("it is the same act again")]
    Repeated,
    /// There are too many acts.
    #[error("the request holds 1,000 acts already")]
    TooMany,
    /// An answer to conditions without naming them.
    #[error("it names no offer")]
    NoOffer,
    /// An answer to conditions that are not the present ones.
    #[error("it answers an offer that is no longer the present one")]
    OtherOffer,
    /// The withdrawal had been signed without knowing it.
    #[error("the applicant had withdrawn without having seen it")]
    Withdrawn,
    /// The answer had been given before the withdrawal was known.
    #[error("the answer had been given before the withdrawal was known; use limits stay")]
    Answered,
    /// A person asked for reconsideration without knowing of the timer.
    #[error("a person asked to reconsider before the timer was known")]
    Reconsidered,
    /// The offer it answers was replaced before the answer was known.
    #[error("the offer was revised before this answer was known")]
    Revised,
    /// Reconsideration can be asked for once.
    #[error("reconsideration was asked for once already")]
    SecondReconsideration,
}

/// What an officer should know beside the state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flags {
    /// The applicant withdrew while the answer was on its way; the limits on its use stay.
    pub late_withdrawal: bool,
    /// Reconsideration was asked for; it cannot be again.
    pub reconsidered: bool,
}

/// A request as both sides compute it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestState {
    /// Where it stands.
    pub state: State,
    /// What else to know.
    pub flags: Flags,
    /// What became of each act, in the same order.
    pub verdicts: Vec<Verdict>,
    /// The hash of the act that made the present offer.
    pub current_offer: Option<[u8; 32]>,
    /// The hash of the last act, which the next one names.
    pub head: Option<[u8; 32]>,
}

/// The state after acts in the order of the requested node.
#[must_use]
pub fn fold(acts: &[SequencedAct]) -> RequestState {
    let mut judge = Judge::new(acts);
    for at in 0..acts.len() {
        judge.admit(at);
    }
    judge.finish()
}

/// The part of the state that acts move one by one.
#[derive(Clone, Copy)]
struct Standing {
    state: State,
    offer: Option<[u8; 32]>,
    reconsidered: bool,
}

struct Judge<'a> {
    acts: &'a [SequencedAct],
    places: HashMap<[u8; 32], usize>,
    verdicts: Vec<Verdict>,
    /// Which earlier acts the author of each act had seen.
    seen: Vec<Vec<bool>>,
    standing: Standing,
    late_withdrawal: bool,
}

impl<'a> Judge<'a> {
    fn new(acts: &'a [SequencedAct]) -> Self {
        Self {
            acts,
            places: HashMap::new(),
            verdicts: Vec::with_capacity(acts.len().min(ACTS_MAX)),
            seen: Vec::new(),
            standing: Standing::before(acts),
            late_withdrawal: false,
        }
    }

    fn admit(&mut self, at: usize) {
        let Some(act) = self.acts.get(at) else { return };
        let verdict = if at >= ACTS_MAX {
            Verdict::Void(VoidReason::TooMany)
        } else if self.places.contains_key(&act.hash) {
            self.seen.push(vec![false; at]);
            Verdict::Void(VoidReason::Repeated)
        } else {
            let verdict = self.judge(at, act);
            self.places.insert(act.hash, at);
            verdict
        };
        self.verdicts.push(verdict);
    }

    fn judge(&mut self, at: usize, act: &SequencedAct) -> Verdict {
        let Some(seen) = self.seen_by(at, act) else {
            self.seen.push(vec![false; at]);
            return Verdict::Void(VoidReason::UnknownHead);
        };
        let unseen: Vec<usize> = (0..at)
            .filter(|&earlier| seen.get(earlier) == Some(&false))
            .filter(|&earlier| self.verdicts.get(earlier) == Some(&Verdict::Applied))
            .collect();
        self.seen.push(seen);
        match act.act {
            Act::Withdraw => self.withdraw(act, &unseen),
            Act::FinalReply => self.final_reply(act, &unseen),
            Act::AskReconsider => self
                .undo(act, &unseen, VoidReason::Reconsidered, |earlier| earlier == Act::AutoClose),
            Act::ReviseConditions => self.undo(act, &unseen, VoidReason::Revised, |earlier| {
                matches!(earlier, Act::AcceptConditions | Act::DeclineConditions)
            }),
            Act::Submit
            | Act::Discard
            | Act::RecordOral
            | Act::Receipt
            | Act::ReturnMalformed
            | Act::Resubmit
            | Act::Acknowledge
            | Act::NotCompetent
            | Act::AskClarification
            | Act::Supply
            | Act::CancelQuestion
            | Act::OfferConditions
            | Act::AcceptConditions
            | Act::DeclineConditions
            | Act::Accept
            | Act::Postpone
            | Act::Resume
            | Act::Refuse
            | Act::Close
            | Act::AutoClose
            | Act::Amend
            | Act::Remind
            | Act::ConfirmWritten
            | Act::InterimReply
            | Act::Extend
            | Act::SupplementReply => self.standing.take(act),
        }
    }

    /// Which earlier acts the author had seen; `None` if the head named is not there.
    ///
    /// A head of the other side was seen with everything before it in the order. A head of the own side may still
    /// have been on its way, so it proves only itself and what was seen with it. Nobody forgets: whatever an
    /// earlier act of the same authority had seen stays seen.
    fn seen_by(&self, at: usize, act: &SequencedAct) -> Option<Vec<bool>> {
        let mut seen = vec![false; at];
        if at == 0 {
            return Some(seen);
        }
        let head = *self.places.get(&act.prev?)?;
        let is_own =
            |place: usize| self.acts.get(place).is_some_and(|a| a.side.is_same_authority(act.side));
        let own_last = (0..at).rev().find(|&place| is_own(place));
        let all_before = if is_own(head) { 0 } else { head + 1 };
        for (place, flag) in seen.iter_mut().enumerate() {
            let inherited = [Some(head).filter(|&head| is_own(head)), own_last]
                .into_iter()
                .flatten()
                .any(|own| self.seen.get(own).and_then(|seen| seen.get(place)) == Some(&true));
            *flag = place < all_before || inherited || is_own(place);
        }
        Some(seen)
    }

    fn withdraw(&mut self, act: &SequencedAct, unseen: &[usize]) -> Verdict {
        let is_answered =
            unseen.iter().any(|&earlier| self.act_at(earlier) == Some(Act::FinalReply));
        if is_answered {
            self.late_withdrawal = true;
            return Verdict::Void(VoidReason::Answered);
        }
        self.undo(act, unseen, VoidReason::Withdrawn, |_| true)
    }

    fn final_reply(&mut self, act: &SequencedAct, unseen: &[usize]) -> Verdict {
        let verdict =
            self.undo(act, unseen, VoidReason::Answered, |earlier| earlier == Act::Withdraw);
        let is_late = verdict == Verdict::Applied
            && unseen.iter().any(|&earlier| {
                self.verdicts.get(earlier) == Some(&Verdict::Void(VoidReason::Answered))
            });
        self.late_withdrawal |= is_late;
        verdict
    }

    /// Judges an act as if the unseen acts of the other side that it beats were not there; if that does not make
    /// it legal they stay, and it is judged at the head.
    fn undo(
        &mut self,
        act: &SequencedAct,
        unseen: &[usize],
        reason: VoidReason,
        beats: impl Fn(Act) -> bool,
    ) -> Verdict {
        let beaten: Vec<usize> = unseen
            .iter()
            .copied()
            .filter(|&earlier| self.act_at(earlier).is_some_and(&beats))
            .collect();
        if beaten.is_empty() {
            return self.standing.take(act);
        }
        let mut verdicts = self.verdicts.clone();
        for &earlier in &beaten {
            if let Some(verdict) = verdicts.get_mut(earlier) {
                *verdict = Verdict::Void(reason);
            }
        }
        let mut standing = Standing::before(self.acts);
        for (earlier, verdict) in self.acts.iter().zip(&mut verdicts) {
            match verdict {
                Verdict::Applied | Verdict::Note => *verdict = standing.take(earlier),
                Verdict::Void(_) => {}
            }
        }
        match standing.take(act) {
            Verdict::Applied => {
                self.verdicts = verdicts;
                self.standing = standing;
                Verdict::Applied
            }
            Verdict::Note | Verdict::Void(_) => self.standing.take(act),
        }
    }

    fn act_at(&self, place: usize) -> Option<Act> {
        self.acts.get(place).map(|act| act.act)
    }

    fn finish(self) -> RequestState {
        RequestState {
            state: self.standing.state,
            flags: Flags {
                late_withdrawal: self.late_withdrawal,
                reconsidered: self.standing.reconsidered,
            },
            verdicts: self.verdicts,
            current_offer: self.standing.offer,
            head: self.acts.last().map(|act| act.hash),
        }
    }
}

impl Standing {
    /// An applicant's request begins as a draft, an oral one that the requested side puts down with nothing.
    fn before(acts: &[SequencedAct]) -> Self {
        let state = match acts.first().map(|first| first.side) {
            Some(Side::Requested | Side::RequestedNode) => State::None,
            Some(Side::Applicant) | None => State::Draft,
        };
        Self { state, offer: None, reconsidered: false }
    }

    fn take(&mut self, act: &SequencedAct) -> Verdict {
        let to = match next(self.state, act.side, act.act) {
            Err(illegal) => return Verdict::Void(VoidReason::Illegal(illegal)),
            Ok(Outcome::Note) => return Verdict::Note,
            Ok(Outcome::Moves(to)) => to,
        };
        if matches!(act.act, Act::AcceptConditions | Act::DeclineConditions) {
            match act.offer {
                None => return Verdict::Void(VoidReason::NoOffer),
                Some(_) if act.offer != self.offer => {
                    return Verdict::Void(VoidReason::OtherOffer);
                }
                Some(_) => {}
            }
        }
        if act.act == Act::AskReconsider {
            if self.reconsidered {
                return Verdict::Void(VoidReason::SecondReconsideration);
            }
            self.reconsidered = true;
        }
        self.offer = if to == State::ConditionsOffered { Some(act.hash) } else { None };
        self.state = to;
        Verdict::Applied
    }
}
