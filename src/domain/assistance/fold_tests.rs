//! The order of acts and what acts signed without knowing of each other do.

use proptest::prelude::{Strategy, any, prop_assert, prop_assert_eq, proptest};

use super::fold::*;
use crate::domain::assistance::machine::{Act, Outcome, Side, State, legal_acts, next};

/// A chain under construction: acts are named by numbers, each follows the head its author had seen.
#[derive(Debug, Default)]
struct Chain(Vec<SequencedAct>);

impl Chain {
    fn submitted() -> Self {
        Self::default().act(Side::Applicant, Act::Submit)
    }

    /// A request that is being executed.
    fn in_execution() -> Self {
        Self::submitted()
            .act(Side::RequestedNode, Act::Receipt)
            .act(Side::Requested, Act::Acknowledge)
            .act(Side::Requested, Act::Accept)
    }

    fn offered() -> Self {
        Self::submitted()
            .act(Side::RequestedNode, Act::Receipt)
            .act(Side::Requested, Act::Acknowledge)
            .act(Side::Requested, Act::OfferConditions)
    }

    /// An act that follows the head.
    fn act(self, side: Side, act: Act) -> Self {
        let head = self.0.len();
        self.after(head, side, act)
    }

    /// An act whose author had seen that many acts.
    fn after(mut self, seen: usize, side: Side, act: Act) -> Self {
        let prev = seen.checked_sub(1).and_then(|at| self.0.get(at)).map(|act| act.hash);
        let offer = self.0.iter().take(seen).rev().find_map(|earlier| {
            matches!(earlier.act, Act::OfferConditions | Act::ReviseConditions)
                .then_some(earlier.hash)
        });
        let mut hash = [0; 32];
        hash[0] = u8::try_from(self.0.len() + 1).unwrap();
        self.0.push(SequencedAct { hash, prev, side, act, offer });
        self
    }

    fn fold(&self) -> RequestState {
        fold(&self.0)
    }
}

#[test]
fn a_request_without_acts_is_a_draft() {
    let state = fold(&[]);
    assert_eq!((state.state, state.head), (State::Draft, None));
}

#[test]
fn a_request_runs_from_submit_to_close() {
    let state = Chain::in_execution()
        .act(Side::Applicant, Act::Remind)
        .act(Side::Requested, Act::FinalReply)
        .act(Side::Applicant, Act::Close)
        .fold();
    assert_eq!(state.state, State::Closed);
    assert_eq!(state.verdicts.iter().filter(|v| **v == Verdict::Applied).count(), 6);
    assert_eq!(state.verdicts.get(4), Some(&Verdict::Note));
    assert_eq!(state.head.map(|hash| hash[0]), Some(7));
}

#[test]
fn an_oral_request_begins_with_the_requested_side() {
    let state = Chain::default()
        .act(Side::Requested, Act::RecordOral)
        .act(Side::Applicant, Act::ConfirmWritten)
        .fold();
    assert_eq!(state.state, State::Acknowledged);
    assert_eq!(state.verdicts, [Verdict::Applied, Verdict::Note]);
}

#[test]
fn an_illegal_act_is_void_and_kept() {
    let state = Chain::submitted().act(Side::Requested, Act::FinalReply).fold();
    assert_eq!(state.state, State::Submitted);
    assert!(matches!(state.verdicts.get(1), Some(Verdict::Void(VoidReason::Illegal(_)))));
    assert_eq!(state.head.map(|hash| hash[0]), Some(2));
}

#[test]
fn an_act_on_an_unknown_head_and_the_same_act_again_are_void() {
    let mut chain = Chain::submitted().act(Side::Applicant, Act::Withdraw);
    chain.0[1].prev = Some([9; 32]);
    assert_eq!(chain.fold().verdicts[1], Verdict::Void(VoidReason::UnknownHead));
    chain.0[1].prev = None;
    assert_eq!(chain.fold().verdicts[1], Verdict::Void(VoidReason::UnknownHead));
    let mut chain = Chain::submitted();
    chain.0.push(chain.0[0]);
    assert_eq!(chain.fold().verdicts[1], Verdict::Void(VoidReason::Repeated));
}

#[test]
fn a_withdrawal_voids_all_that_the_applicant_had_not_seen() {
    // Receipt seen; acknowledge, accept and a question on their way.
    let state = Chain::in_execution()
        .act(Side::Requested, Act::AskClarification)
        .after(2, Side::Applicant, Act::Withdraw)
        .fold();
    assert_eq!(state.state, State::Withdrawn);
    let void = Verdict::Void(VoidReason::Withdrawn);
    assert_eq!(
        state.verdicts,
        [Verdict::Applied, Verdict::Applied, void, void, void, Verdict::Applied]
    );
    assert!(!state.flags.late_withdrawal);
}

#[test]
fn a_withdrawal_does_not_void_what_the_applicant_had_seen() {
    let state = Chain::in_execution()
        .act(Side::Requested, Act::Refuse)
        .act(Side::Applicant, Act::Withdraw)
        .fold();
    assert_eq!(state.state, State::Refused);
    // Nor by naming an older head after having acted on a newer one.
    let state = Chain::in_execution()
        .act(Side::Requested, Act::Refuse)
        .act(Side::Applicant, Act::Close)
        .after(4, Side::Applicant, Act::Withdraw)
        .fold();
    assert_eq!(state.state, State::Closed);
}

#[test]
fn an_answer_on_its_way_stands_against_a_withdrawal() {
    for chain in [
        Chain::in_execution().act(Side::Requested, Act::FinalReply).after(
            4,
            Side::Applicant,
            Act::Withdraw,
        ),
        Chain::in_execution().act(Side::Applicant, Act::Withdraw).after(
            4,
            Side::Requested,
            Act::FinalReply,
        ),
        // The applicant had seen the acknowledgment only.
        Chain::in_execution().act(Side::Requested, Act::FinalReply).after(
            3,
            Side::Applicant,
            Act::Withdraw,
        ),
    ] {
        let state = chain.fold();
        assert_eq!(state.state, State::Answered);
        assert!(state.flags.late_withdrawal);
        assert!(state.verdicts.contains(&Verdict::Void(VoidReason::Answered)));
    }
    let seen = Chain::in_execution()
        .act(Side::Applicant, Act::Withdraw)
        .act(Side::Requested, Act::FinalReply)
        .fold();
    assert_eq!(seen.state, State::Withdrawn);
    assert!(!seen.flags.late_withdrawal);
}

#[test]
fn a_pending_note_does_not_prove_that_earlier_acts_were_seen() {
    // The applicant reminds and withdraws offline, while a refusal is on its way.
    let state = Chain::in_execution()
        .act(Side::Requested, Act::Refuse)
        .after(4, Side::Applicant, Act::Remind)
        .act(Side::Applicant, Act::Withdraw)
        .fold();
    assert_eq!(state.state, State::Withdrawn);
    assert_eq!(state.verdicts[4], Verdict::Void(VoidReason::Withdrawn));
}

#[test]
fn an_answer_to_conditions_binds_to_the_offer_it_names() {
    let accepted = Chain::offered().act(Side::Applicant, Act::AcceptConditions);
    assert_eq!(accepted.fold().state, State::InExecution);
    let offer = accepted.0[3].hash;
    assert_eq!(Chain::offered().fold().current_offer, Some(offer));
    assert_eq!(accepted.fold().current_offer, None);

    let mut unnamed = Chain::offered().act(Side::Applicant, Act::AcceptConditions);
    unnamed.0[4].offer = None;
    assert_eq!(unnamed.fold().verdicts[4], Verdict::Void(VoidReason::NoOffer));

    let revised = Chain::offered()
        .act(Side::Requested, Act::ReviseConditions)
        .after(4, Side::Applicant, Act::AcceptConditions)
        .fold();
    assert_eq!(revised.state, State::ConditionsOffered);
    assert_eq!(revised.verdicts[5], Verdict::Void(VoidReason::OtherOffer));
}

#[test]
fn a_revision_voids_an_answer_it_had_not_seen() {
    let state = Chain::offered()
        .act(Side::Applicant, Act::AcceptConditions)
        .after(4, Side::Requested, Act::ReviseConditions)
        .fold();
    assert_eq!(state.state, State::ConditionsOffered);
    assert_eq!(state.verdicts[4], Verdict::Void(VoidReason::Revised));
    assert_eq!(state.current_offer.map(|hash| hash[0]), Some(6));
}

#[test]
fn reconsideration_beats_the_timer_once() {
    let once = Chain::in_execution()
        .act(Side::Requested, Act::Refuse)
        .act(Side::Requested, Act::AutoClose)
        .after(5, Side::Applicant, Act::AskReconsider);
    let state = once.fold();
    assert_eq!(state.state, State::Acknowledged);
    assert!(state.flags.reconsidered);
    assert_eq!(state.verdicts[5], Verdict::Void(VoidReason::Reconsidered));

    let twice =
        once.act(Side::Requested, Act::Refuse).act(Side::Applicant, Act::AskReconsider).fold();
    assert_eq!(twice.state, State::Refused);
    assert_eq!(twice.verdicts[8], Verdict::Void(VoidReason::SecondReconsideration));

    let seen = Chain::in_execution()
        .act(Side::Requested, Act::Refuse)
        .act(Side::Requested, Act::AutoClose)
        .act(Side::Applicant, Act::AskReconsider)
        .fold();
    assert_eq!(seen.state, State::Closed);
}

#[test]
fn a_request_holds_a_thousand_acts() {
    let mut acts = Chain::submitted().0;
    for at in 1..=ACTS_MAX {
        let mut hash = [1; 32];
        hash[..8].copy_from_slice(&at.to_be_bytes());
        let prev = acts.last().map(|act| act.hash);
        acts.push(SequencedAct {
            hash,
            prev,
            side: Side::Applicant,
            act: Act::Remind,
            offer: None,
        });
    }
    let state = fold(&acts);
    assert_eq!(state.verdicts.len(), ACTS_MAX + 1);
    assert_eq!(state.verdicts.last(), Some(&Verdict::Void(VoidReason::TooMany)));
}

fn any_chain() -> impl Strategy<Value = Chain> {
    let step = (any::<u8>(), 0..3_usize, any::<u8>());
    proptest::collection::vec(step, 0..24).prop_map(|steps| {
        steps.into_iter().fold(Chain::submitted(), |chain, (pick, side, lag)| {
            let side = [Side::Applicant, Side::Requested, Side::RequestedNode][side];
            let seen = chain.0.len() - usize::from(lag) % chain.0.len().min(4);
            let state = fold(&chain.0[..seen]).state;
            let legal = legal_acts(state, side);
            let choice = if pick % 8 == 0 || legal.is_empty() { &Act::ALL[..] } else { &legal };
            let act = choice[usize::from(pick) % choice.len()];
            chain.after(seen, side, act)
        })
    })
}

proptest! {
    #[test]
    fn no_chain_panics_and_a_void_act_stays_void(chain in any_chain()) {
        let mut before = fold(&[]);
        for end in 0..=chain.0.len() {
            let now = fold(&chain.0[..end]);
            prop_assert_eq!(now.verdicts.len(), end);
            for (was, is) in before.verdicts.iter().zip(&now.verdicts) {
                prop_assert!(!matches!(was, Verdict::Void(_)) || was == is);
            }
            prop_assert_eq!(now.current_offer.is_some(), now.state == State::ConditionsOffered);
            before = now;
        }
    }

    #[test]
    fn in_a_chain_where_each_has_seen_all_every_act_is_judged_at_the_head(
        picks in proptest::collection::vec((any::<u8>(), 0..3_usize), 0..24),
    ) {
        let mut chain = Chain::submitted();
        for (pick, side) in picks {
            let side = [Side::Applicant, Side::Requested, Side::RequestedNode][side];
            let before = chain.fold();
            let act = Act::ALL[usize::from(pick) % Act::ALL.len()];
            chain = chain.act(side, act);
            let after = chain.fold();
            match next(before.state, side, act) {
                Err(_) => prop_assert_eq!(after.state, before.state),
                Ok(Outcome::Note) => prop_assert_eq!(after.state, before.state),
                Ok(Outcome::Moves(to)) => prop_assert!(
                    after.state == to || act == Act::AskReconsider && before.flags.reconsidered
                ),
            }
        }
    }
}
