//! A request as this node computes it from the acts it holds; the stored state is only what lists show.

use std::collections::HashSet;
use std::sync::Arc;

use crate::domain::assistance::{
    Act, RequestState, SequencedAct, State, Verdict, VoidReason, fold,
};
use crate::domain::id::{AuthorityName, ObjectId};
use crate::domain::time::Timestamp;
use crate::node::casework::load::{Held, Stored};
use crate::node::casework::requests::memory::Opened;
use crate::node::casework::requests::order::{Ordered, Placed, order, pick, side};
use crate::node::casework::requests::snapshot::Snapshot;
use crate::node::casework::{Desk, Error};
use crate::node::store::StoreError;
use crate::node::store::requests::{self, ActVerdict, Direction};
use crate::record::StatementHash;
use crate::record::kinds::request::RequestAct;
use crate::record::payload::{ACTOR_NODE, Common};

/// An act with what is known of it.
#[derive(Clone, Debug)]
pub(crate) struct ActRecord {
    pub(crate) hash: StatementHash,
    pub(crate) author: AuthorityName,
    pub(crate) act: Act,
    /// What it says; none once it was erased.
    pub(crate) content: Option<Arc<(Common, RequestAct)>>,
    pub(crate) placed: Placed,
    /// Why the other side refused it for good; such an act is no part of the request.
    pub(crate) refused: Option<String>,
    row: requests::RequestAct,
}

/// A request, its acts, and their order.
#[derive(Clone, Debug)]
pub(crate) struct Folded {
    pub(crate) id: ObjectId,
    pub(crate) row: requests::Request,
    pub(crate) acts: Vec<ActRecord>,
    pub(crate) ordered: Ordered,
    /// What the acts in order give.
    pub(crate) state: RequestState,
    /// The newest statement of the request that this node has seen.
    pub(crate) head: Option<StatementHash>,
}

impl Desk {
    /// Reads a request with its acts and folds them.
    pub(crate) async fn folded(&self, id: ObjectId) -> Result<Folded, Error> {
        self.folded_all(vec![id]).await?.pop().ok_or(Error::NotFound("request"))
    }

    /// Reads requests with their acts in one snapshot and folds them; those that this node does not have are left out.
    async fn folded_all(&self, ids: Vec<ObjectId>) -> Result<Vec<Folded>, Error> {
        let texts: Vec<_> = ids.iter().map(ObjectId::to_string).collect();
        let memory = Arc::clone(&self.acts);
        let epoch = self.keys.epoch();
        let mut read = self
            .store
            .read("requests_folded", move |tx| {
                Box::pin(async move { Snapshot::read(tx, &texts, &memory, epoch).await })
            })
            .await?;
        let mut reasons = self.refusal_reasons(std::mem::take(&mut read.refusals)).await?;
        let mut new = HashSet::new();
        for stored in std::mem::take(&mut read.stored) {
            new.insert(stored.row.hash);
            read.opened.insert(stored.row.hash, self.opened(stored).await?);
        }
        let mut folded = Vec::with_capacity(read.rows.len());
        for row in std::mem::take(&mut read.rows) {
            let requested = self.requested_of(&row)?;
            let mut acts = Vec::new();
            for act in read.acts.remove(&row.id).unwrap_or_default() {
                let hash = act.record_hash;
                let place = read.place(&hash, &requested);
                let Some(opened) = read.opened.get_mut(&hash) else { continue };
                if place.is_some() {
                    opened.position = place;
                    new.insert(hash);
                }
                let act = act_record(act, opened.clone(), &requested)?;
                acts.extend(act.map(|act| ActRecord { refused: reasons.remove(&hash), ..act }));
            }
            let id = row.id.parse().map_err(Error::internal)?;
            let head = read.heads.get(&row.id).map(|head| StatementHash(*head));
            folded.push(Folded::of(id, row, acts, head));
        }
        let news = new.iter().filter_map(|hash| Some((*hash, read.opened.get(hash)?.clone())));
        self.acts.keep(epoch, news);
        Ok(folded)
    }

    /// The state of a request as its row keeps it and as its acts give it. They differ for a moment while an act is
    /// taken in, and for good only if a row was changed.
    ///
    /// # Errors
    /// [`Error::NotFound`], or what the store says.
    pub async fn request_states(&self, id: ObjectId) -> Result<(String, String), Error> {
        let folded = self.folded(id).await?;
        let (derived, _) = folded.rows(self.clock.now());
        Ok((folded.row.state, derived.state))
    }

    fn requested_of(&self, row: &requests::Request) -> Result<AuthorityName, Error> {
        match row.direction {
            Direction::In => Ok(self.authority.clone()),
            Direction::Out => row.peer.parse().map_err(Error::internal),
        }
    }

    async fn opened(&self, stored: Stored) -> Result<Opened, Error> {
        let (seq, prev) = (stored.row.seq, stored.row.prev);
        let bytes = stored.fields().iter().map(|group| group.sealed.len()).sum();
        let content = match self.open_stored(stored).await {
            Ok(held) => content(&held),
            Err(Error::Erased(_)) => None,
            Err(error) => return Err(error),
        };
        Ok(Opened { seq, prev, content: content.map(Arc::new), position: None, bytes })
    }

    /// Folds requests anew and keeps their states for lists; called after arrivals, receipts and refusals.
    ///
    /// # Errors
    /// What the store says, or that one cannot be read; the others are then kept all the same.
    pub async fn recompute_requests(&self, ids: Vec<ObjectId>) -> Result<(), Error> {
        if ids.is_empty() {
            return Ok(());
        }
        let together = self.recompute_together(ids.clone()).await;
        if together.is_ok() || ids.len() == 1 {
            return together;
        }
        let mut outcome = Ok(());
        for id in ids {
            outcome = outcome.and(self.recompute_together(vec![id]).await);
        }
        outcome
    }

    async fn recompute_together(&self, ids: Vec<ObjectId>) -> Result<(), Error> {
        let folded = self.folded_all(ids).await?;
        self.kept(folded).await.map(drop)
    }

    /// The request after an own act was committed on the head that was folded: nothing else can have come between.
    /// `epoch` was in force before the act was made.
    pub(super) async fn with_own(
        &self,
        folded: Folded,
        row: requests::Request,
        (epoch, act, opened): (u64, requests::RequestAct, Opened),
    ) -> Result<Folded, Error> {
        let Folded { id, mut acts, .. } = folded;
        let requested = self.requested_of(&row)?;
        let hash = StatementHash(act.record_hash);
        self.acts.keep(epoch, [(hash.0, opened.clone())]);
        acts.extend(act_record(act, opened, &requested)?);
        let kept = self.kept(vec![Folded::of(id, row, acts, Some(hash))]).await?;
        kept.into_iter().next().ok_or(Error::NotFound("request"))
    }

    /// Keeps what folds gave, for lists.
    async fn kept(&self, mut all: Vec<Folded>) -> Result<Vec<Folded>, Error> {
        let mut changed = Vec::new();
        for folded in &mut all {
            let (row, mut acts) = folded.rows(self.clock.now());
            acts.retain(|act| !folded.acts.iter().any(|known| known.row == *act));
            if !acts.is_empty() || row != folded.row {
                folded.row = row.clone();
                changed.push((row, acts));
            }
        }
        if changed.is_empty() {
            return Ok(all);
        }
        self.store
            .write_with("recompute_requests", changed, |tx, changed| {
                Box::pin(async move {
                    let mut news = Vec::new();
                    for (row, acts) in changed {
                        // Acts are only ever added: a fold of more acts than this one saw is newer.
                        if requests::put_fold(tx, row).await? {
                            news.extend_from_slice(acts);
                        }
                    }
                    requests::put_acts(tx, &news).await
                })
            })
            .await
            .map_err(|error: StoreError| Error::from(error))?;
        Ok(all)
    }

    /// Places the own acts among these records that a peer has just receipted.
    ///
    /// # Errors
    /// What the store says.
    pub async fn on_receipted(
        &self,
        peer: &AuthorityName,
        hashes: &[StatementHash],
    ) -> Result<(), Error> {
        let keys: Vec<_> = hashes.iter().map(|hash| hash.0).collect();
        let acts = self
            .store
            .read("receipted_acts", move |tx| {
                Box::pin(async move { requests::acts_of_records(tx, &keys).await })
            })
            .await?;
        let mut ids: Vec<ObjectId> =
            acts.iter().filter_map(|act| act.request_id.parse().ok()).collect();
        ids.sort_unstable();
        ids.dedup();
        tracing::debug!(peer.authority = %peer, requests = ids.len(), "acts of requests were receipted");
        self.recompute_requests(ids).await
    }
}

/// An act as a fold sees it; none if this version does not know the act.
fn act_record(
    row: requests::RequestAct,
    opened: Opened,
    requested: &AuthorityName,
) -> Result<Option<ActRecord>, Error> {
    let Ok(act) = row.act.parse::<Act>() else { return Ok(None) };
    let author: AuthorityName = row.author.parse().map_err(Error::internal)?;
    let Opened { seq, prev, content, position, .. } = opened;
    let said = content.as_deref();
    let is_node = said.is_none_or(|(common, _)| common.actor == ACTOR_NODE);
    let side = side(author == *requested, is_node, act);
    let offer = said.and_then(|(_, payload)| payload.offer);
    let act_of = SequencedAct { hash: row.record_hash, prev, side, act, offer };
    Ok(Some(ActRecord {
        hash: StatementHash(row.record_hash),
        author,
        act,
        content,
        placed: Placed { act: act_of, seq, position },
        refused: None,
        row,
    }))
}

fn content(held: &Held) -> Option<(Common, RequestAct)> {
    let payload = held.payload::<RequestAct>().ok()?;
    Some((held.common().clone(), payload))
}

impl Folded {
    /// Orders and folds acts.
    fn of(
        id: ObjectId,
        row: requests::Request,
        acts: Vec<ActRecord>,
        head: Option<StatementHash>,
    ) -> Self {
        let placed: Vec<_> = acts.iter().map(|act| act.placed).collect();
        let mut ordered = order(&placed, row.direction == Direction::In);
        ordered.leave_out(|at| acts.get(at).is_some_and(|act| act.refused.is_some()));
        let mut in_order = pick(&placed, &ordered.settled);
        if in_order.is_empty() {
            // Nothing has come back yet: what this side has signed is all there is.
            in_order = pick(&placed, &ordered.pending);
        }
        let state = fold(&in_order);
        Self { id, row, acts, ordered, state, head }
    }

    /// Whether this node is the one that was asked.
    pub(crate) fn is_requested(&self) -> bool {
        self.row.direction == Direction::In
    }

    /// Whether no act stands: none was signed, or the other side refused what was.
    pub(crate) fn is_unsent(&self) -> bool {
        self.acts.iter().all(|act| act.refused.is_some())
    }

    /// The other side.
    pub(crate) fn peer(&self) -> Result<AuthorityName, Error> {
        self.row.peer.parse().map_err(Error::internal)
    }

    /// What the request would be with another act after everything that is on its way.
    pub(crate) fn with_next(&self, next: SequencedAct) -> RequestState {
        let placed: Vec<_> = self.acts.iter().map(|act| act.placed).collect();
        crate::node::casework::requests::order::with_next(&placed, &self.ordered, next)
    }

    /// The act that is judged last, if it had effect.
    pub(crate) fn would_be(&self, next: SequencedAct) -> Result<State, String> {
        let state = self.with_next(next);
        match state.verdicts.last() {
            Some(Verdict::Void(VoidReason::Illegal(illegal))) => Err(illegal.to_string()),
            Some(Verdict::Void(reason)) => Err(reason.to_string()),
            Some(Verdict::Applied | Verdict::Note) | None => Ok(state.state),
        }
    }

    /// The state with everything on its way taken as arrived.
    pub(crate) fn expected(&self) -> State {
        let placed: Vec<_> = self.acts.iter().map(|act| act.placed).collect();
        let mut all = pick(&placed, &self.ordered.settled);
        all.extend(pick(&placed, &self.ordered.pending));
        fold(&all).state
    }

    /// What the fold made of each act, in the order of a view: index, verdict, reason.
    pub(crate) fn verdicts(&self) -> Vec<(usize, ActVerdict, Option<String>)> {
        let settled = self.ordered.settled.iter().enumerate().map(|(place, at)| {
            match self.state.verdicts.get(place) {
                Some(Verdict::Applied) => (*at, ActVerdict::Applied, None),
                Some(Verdict::Note) => (*at, ActVerdict::Note, None),
                Some(Verdict::Void(reason)) => (*at, ActVerdict::Void, Some(reason.to_string())),
                None => (*at, ActVerdict::Pending, None),
            }
        });
        let pending = self.ordered.pending.iter().map(|at| (*at, ActVerdict::Pending, None));
        let refused = self.acts.iter().enumerate().filter_map(|(at, act)| {
            act.refused.clone().map(|reason| (at, ActVerdict::Refused, Some(reason)))
        });
        settled.chain(pending).chain(refused).collect()
    }

    /// The submission with its content.
    pub(crate) fn submission(&self) -> Option<&RequestAct> {
        self.acts
            .iter()
            .filter(|act| act.refused.is_none())
            .filter(|act| matches!(act.act, Act::Submit | Act::Resubmit | Act::RecordOral))
            .max_by_key(|act| act.placed.seq)
            .and_then(|act| act.content.as_deref().map(|(_, payload)| payload))
    }

    /// The rows that keep what was folded.
    fn rows(&self, now: Timestamp) -> (requests::Request, Vec<requests::RequestAct>) {
        let mut row = self.row.clone();
        // A refused act may have been settled: it counts twice, so that taking it out makes a newer version too.
        let refused = self.acts.iter().filter(|act| act.refused.is_some()).count();
        let version = self.ordered.settled.len().saturating_add(refused.saturating_mul(2));
        let version = i64::try_from(version).unwrap_or(i64::MAX);
        let state =
            if self.acts.is_empty() || (self.is_unsent() && row.state == State::Discarded.name()) {
                row.state.clone()
            } else {
                self.state.state.name().to_owned()
            };
        if row.state != state || row.version != version {
            row.updated_at = now.0;
        }
        row.state = state;
        row.version = version;
        row.late_withdrawal = i64::from(self.state.flags.late_withdrawal);
        let acts = self
            .verdicts()
            .into_iter()
            .filter_map(|(at, verdict, _)| {
                let act = self.acts.get(at)?;
                Some(requests::RequestAct {
                    position: act.placed.position,
                    verdict,
                    ..act.row.clone()
                })
            })
            .collect();
        (row, acts)
    }
}
