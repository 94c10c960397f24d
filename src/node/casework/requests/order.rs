//! The order of a request's acts: by place in the requested authority's log, own acts on their way last. Pure.

use crate::domain::assistance::{Act, RequestState, SequencedAct, Side, fold};

/// A place in the logs of an authority: year and index, in one number that orders.
pub(crate) fn position(year: i64, index: i64) -> i64 {
    year.saturating_mul(1 << 40).saturating_add(index)
}

/// The index within its year's log of a position.
pub(crate) const fn index_of(position: i64) -> i64 {
    position.rem_euclid(1 << 40)
}

/// An act before it is ordered.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Placed {
    pub(crate) act: SequencedAct,
    /// Commit order here.
    pub(crate) seq: i64,
    /// Place in the requested authority's log, where it is known.
    pub(crate) position: Option<i64>,
}

/// Acts in order: first those whose order is known, then own ones that are on their way.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ordered {
    /// Indices of the acts that are folded.
    pub(crate) settled: Vec<usize>,
    /// Indices of the acts whose place is not known yet.
    pub(crate) pending: Vec<usize>,
}

impl Ordered {
    /// Takes the acts at some indices out of the order.
    pub(crate) fn leave_out(&mut self, is_out: impl Fn(usize) -> bool) {
        self.settled.retain(|at| !is_out(*at));
        self.pending.retain(|at| !is_out(*at));
    }
}

/// Orders acts. The requested node's commit order is the order of its log; the applicant goes by receipts.
pub(crate) fn order(acts: &[Placed], is_requested: bool) -> Ordered {
    let mut all: Vec<usize> = (0..acts.len()).collect();
    let seq = |at: &usize| acts.get(*at).map_or(0, |act| act.seq);
    all.sort_by_key(seq);
    if is_requested {
        return Ordered { settled: all, pending: Vec::new() };
    }
    let place = |at: &usize| acts.get(*at).and_then(|act| implied(acts, act));
    let (mut settled, pending): (Vec<usize>, Vec<usize>) =
        all.into_iter().partition(|at| place(at).is_some());
    // An implied place is that of the act that implies it; whoever was seen comes first.
    settled.sort_by_key(|at| {
        let is_implied = acts.get(*at).is_some_and(|act| act.position.is_none());
        (place(at), !is_implied, seq(at))
    });
    Ordered { settled, pending }
}

/// The place of an act: its own, or before the first act of the other side whose author had seen it.
fn implied(acts: &[Placed], act: &Placed) -> Option<i64> {
    act.position.or_else(|| {
        acts.iter()
            .filter(|other| other.act.prev == Some(act.act.hash))
            .filter_map(|other| other.position)
            .min()
    })
}

/// The acts at these indices.
pub(crate) fn pick(acts: &[Placed], indices: &[usize]) -> Vec<SequencedAct> {
    indices.iter().filter_map(|at| acts.get(*at).map(|placed| placed.act)).collect()
}

/// What the request would be if an act were added now, after everything that is on its way.
pub(crate) fn with_next(acts: &[Placed], ordered: &Ordered, next: SequencedAct) -> RequestState {
    let mut all = pick(acts, &ordered.settled);
    all.extend(pick(acts, &ordered.pending));
    all.push(next);
    fold(&all)
}

/// Whose act it is: only what the requested node does by itself is the node's.
pub(crate) const fn side(is_requested: bool, is_node: bool, act: Act) -> Side {
    match (is_requested, is_node, act) {
        (false, _, _) => Side::Applicant,
        (true, true, Act::Receipt | Act::ReturnMalformed) => Side::RequestedNode,
        (true, _, _) => Side::Requested,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::assistance::State;

    fn placed(hash: u8, prev: u8, side: Side, act: Act, position: Option<i64>) -> Placed {
        let prev = (prev > 0).then_some([prev; 32]);
        let act = SequencedAct { hash: [hash; 32], prev, side, act, offer: None };
        Placed { act, seq: i64::from(hash), position }
    }

    #[test]
    fn an_own_act_without_receipt_waits_unless_the_other_side_has_seen_it() {
        let submit = placed(1, 0, Side::Applicant, Act::Submit, None);
        let receipt = placed(2, 1, Side::RequestedNode, Act::Receipt, Some(position(2026, 8)));
        let withdraw = placed(3, 2, Side::Applicant, Act::Withdraw, None);
        let ordered = order(&[withdraw, receipt, submit], false);
        assert_eq!(ordered.settled, [2, 1]);
        assert_eq!(ordered.pending, [0]);
        let acts = [withdraw, receipt, submit];
        assert_eq!(fold(&pick(&acts, &ordered.settled)).state, State::Received);
        let next = with_next(&acts, &ordered, submit.act);
        assert_eq!(next.state, State::Withdrawn);
    }

    #[test]
    fn a_position_orders_by_year_then_index() {
        assert!(position(2026, 1 << 39) < position(2027, 0));
        assert_eq!(index_of(position(2026, 17)), 17);
    }

    #[test]
    fn only_the_node_gives_receipts() {
        assert_eq!(side(true, true, Act::Receipt), Side::RequestedNode);
        assert_eq!(side(true, false, Act::Receipt), Side::Requested);
        assert_eq!(side(true, true, Act::AutoClose), Side::Requested);
        assert_eq!(side(false, true, Act::Submit), Side::Applicant);
    }
}
