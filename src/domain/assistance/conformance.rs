//! Holds the machine against `tests/data/request-machine.json`: all of it and nothing else.

use std::collections::BTreeSet;
use std::str::FromStr;

use serde::Deserialize;

use super::{
    Act, Outcome, SequencedAct, Side, State, TRANSITIONS, Verdict, VoidReason, fold, next,
};

#[derive(Deserialize)]
struct Machine {
    initial: Vec<String>,
    terminal: Vec<String>,
    states: Vec<String>,
    transitions: Vec<Transition>,
    notes: Notes,
    concurrent: Vec<Pair>,
}

#[derive(Deserialize)]
struct Transition {
    state: String,
    side: String,
    act: String,
    next: String,
}

#[derive(Deserialize)]
struct Notes {
    applicant: Vec<String>,
    requested: Vec<String>,
}

#[derive(Deserialize)]
struct Pair {
    state: String,
    applicant: String,
    requested: String,
    result: String,
}

const SIDES: [Side; 3] = [Side::Applicant, Side::Requested, Side::RequestedNode];

fn machine() -> Machine {
    serde_json::from_str(include_str!("../../../tests/data/request-machine.json")).unwrap()
}

fn state(name: &str) -> State {
    State::from_str(name).unwrap()
}

fn act(name: &str) -> Act {
    Act::from_str(name).unwrap()
}

#[test]
fn the_states_are_those_of_the_file() {
    let machine = machine();
    let listed: BTreeSet<State> = machine.states.iter().map(|name| state(name)).collect();
    assert_eq!(listed, State::ALL.into_iter().collect());
    let terminal: BTreeSet<State> = machine.terminal.iter().map(|name| state(name)).collect();
    assert_eq!(terminal, State::ALL.into_iter().filter(|s| s.is_terminal()).collect());
    let reached: BTreeSet<State> = TRANSITIONS.iter().map(|(_, _, _, to)| *to).collect();
    let initial: BTreeSet<State> = machine.initial.iter().map(|name| state(name)).collect();
    assert_eq!(initial, State::ALL.into_iter().filter(|s| !reached.contains(s)).collect());
}

#[test]
fn each_state_side_and_act_does_what_the_file_says_and_no_more() {
    let machine = machine();
    let notes_of = |side: Side| match side {
        Side::Applicant => machine.notes.applicant.as_slice(),
        Side::Requested => machine.notes.requested.as_slice(),
        Side::RequestedNode => &[],
    };
    let takes_no_notes = [State::Draft, State::None, State::Closed, State::Discarded];
    let mut moves = 0;
    for from in State::ALL {
        for side in SIDES {
            for act in Act::ALL {
                let listed = machine.transitions.iter().find(|t| {
                    (t.state.as_str(), t.side.as_str(), t.act.as_str())
                        == (from.name(), side.name(), act.name())
                });
                let is_note = notes_of(side).iter().any(|note| note == act.name())
                    && !takes_no_notes.contains(&from);
                let expected = match listed {
                    Some(transition) => Some(Outcome::Moves(state(&transition.next))),
                    None if is_note => Some(Outcome::Note),
                    None => None,
                };
                moves += usize::from(listed.is_some());
                assert_eq!(next(from, side, act).ok(), expected, "{from} {side} {act}");
            }
        }
    }
    assert_eq!(moves, machine.transitions.len());
    assert_eq!(moves, TRANSITIONS.len());
}

#[test]
fn every_state_is_reached_and_none_is_a_dead_end() {
    for from in State::ALL {
        let leads_on = TRANSITIONS.iter().any(|(state, _, _, _)| *state == from);
        assert_eq!(leads_on, !from.is_terminal(), "{from}");
        assert!(!path_to(from).is_empty() || matches!(from, State::Draft | State::None));
    }
}

/// The shortest way to a state, as side and act, from a draft.
fn path_to(target: State) -> Vec<(Side, Act)> {
    let mut ways: Vec<(State, Vec<(Side, Act)>)> = vec![(State::Draft, Vec::new())];
    let mut at = 0;
    while let Some((from, way)) = ways.get(at).cloned() {
        if from == target {
            return way;
        }
        for (state, side, act, to) in TRANSITIONS {
            if state == from && !ways.iter().any(|(known, _)| *known == to) {
                let longer = way.iter().copied().chain([(side, act)]).collect();
                ways.push((to, longer));
            }
        }
        at += 1;
    }
    Vec::new()
}

/// A chain that leads to a state, each act knowing all before it.
fn chain_to(target: State) -> Vec<SequencedAct> {
    let mut chain: Vec<SequencedAct> = Vec::new();
    for (side, act) in path_to(target) {
        let head = chain.last().map(|act| act.hash);
        push(&mut chain, side, act, head);
    }
    chain
}

fn push(chain: &mut Vec<SequencedAct>, side: Side, act: Act, prev: Option<[u8; 32]>) {
    let mut hash = [0; 32];
    hash[0] = u8::try_from(chain.len() + 1).unwrap();
    // An answer to conditions names the offer that its author had seen.
    let offer = prev.filter(|_| matches!(act, Act::AcceptConditions | Act::DeclineConditions));
    chain.push(SequencedAct { hash, prev, side, act, offer });
}

#[test]
fn each_concurrent_pair_ends_alike_in_both_orders() {
    for pair in machine().concurrent {
        let name = format!("{}: {} x {}", pair.state, pair.applicant, pair.requested);
        let start = chain_to(state(&pair.state));
        let head = start.last().map(|act| act.hash);
        assert_eq!(fold(&start).state, state(&pair.state), "{name}");
        let applicant = (Side::Applicant, act(&pair.applicant));
        let requested = act(&pair.requested);
        let side = SIDES
            .into_iter()
            .skip(1)
            .find(|side| next(state(&pair.state), *side, requested).is_ok())
            .unwrap();
        for order in [[applicant, (side, requested)], [(side, requested), applicant]] {
            let mut chain = start.clone();
            for (side, act) in order {
                push(&mut chain, side, act, head);
            }
            let end = fold(&chain);
            assert_eq!(end.state, state(&pair.result), "{name} in order {order:?}");
            let is_late = (applicant.1, requested) == (Act::Withdraw, Act::FinalReply);
            assert_eq!(end.flags.late_withdrawal, is_late, "{name}");
            let void = end.verdicts.iter().filter(|v| matches!(v, Verdict::Void(_))).count();
            assert!(void <= 1, "{name} {:?}", end.verdicts);
            if applicant.1 == Act::Withdraw && !is_late {
                let place = order.iter().position(|(_, act)| *act == requested).unwrap();
                let verdict = end.verdicts.get(start.len() + place).unwrap();
                assert!(
                    matches!(
                        verdict,
                        Verdict::Void(VoidReason::Withdrawn | VoidReason::Illegal(_))
                    ),
                    "{name}: the requested side's act is void"
                );
            }
        }
    }
}

#[test]
fn the_file_has_every_pair_that_two_sides_may_sign_at_once() {
    let machine = machine();
    for from in State::ALL {
        let acts = |is_applicant: bool| {
            TRANSITIONS
                .iter()
                .filter(move |(state, side, _, _)| {
                    *state == from && matches!(side, Side::Applicant) == is_applicant
                })
                .map(|(_, _, act, _)| *act)
        };
        for ours in acts(true) {
            for theirs in acts(false) {
                assert!(
                    machine.concurrent.iter().any(|pair| {
                        (pair.state.as_str(), pair.applicant.as_str(), pair.requested.as_str())
                            == (from.name(), ours.name(), theirs.name())
                    }),
                    "{from}: {ours} x {theirs}"
                );
            }
        }
    }
}
