//! A request as this node computes it from the acts it holds; the stored state is only what lists show.

use std::collections::HashMap;
use std::sync::Arc;

use futures_util::future::join_all;

use crate::domain::assistance::{
    Act, RequestState, SequencedAct, State, Verdict, VoidReason, fold,
};
use crate::domain::id::{AuthorityName, ObjectId};
use crate::domain::time::Timestamp;
use crate::node::casework::append::SHARED_CHAIN;
use crate::node::casework::load::{Held, Stored};
use crate::node::casework::receive::open::is_origin_of;
use crate::node::casework::requests::memory::{ActMemory, Opened};
use crate::node::casework::requests::order::{Ordered, Placed, order, pick, position, side};
use crate::node::casework::requests::refusal::read_refusals;
use crate::node::casework::{Desk, Error};
use crate::node::store::requests::{self, ActVerdict, Direction};
use crate::node::store::{StoreError, Tx, chains, logs, receipts, records};
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

/// What one snapshot of the store holds of a request.
struct Read {
    row: requests::Request,
    acts: Vec<requests::RequestAct>,
    /// Acts that were opened before.
    known: HashMap<[u8; 32], Opened>,
    /// The others.
    stored: Vec<Stored>,
    leaves: Vec<logs::Leaf>,
    receipts: Vec<receipts::Receipt>,
    head: Option<[u8; 32]>,
    refusals: HashMap<[u8; 32], Stored>,
}

async fn read(
    tx: &mut Tx,
    id: String,
    memory: &ActMemory,
    epoch: u64,
) -> Result<Option<Read>, StoreError> {
    let Some(row) = requests::get(tx, &id).await? else { return Ok(None) };
    let acts = requests::acts(tx, &id).await?;
    let hashes: Vec<_> = acts.iter().map(|act| act.record_hash).collect();
    let known = memory.among(epoch, &hashes);
    let is_new = |hash: &&[u8; 32]| !known.contains_key(*hash);
    let new: Vec<_> = hashes.iter().filter(is_new).copied().collect();
    let stored = if new.is_empty() {
        Vec::new()
    } else {
        let rows = records::get_many(tx, &new).await?;
        Stored::read_all(tx, rows).await?
    };
    let has_place = |hash: &[u8; 32]| known.get(hash).is_some_and(|one| one.position.is_some());
    let unplaced: Vec<_> = hashes.into_iter().filter(|hash| !has_place(hash)).collect();
    // The requested authority goes by its own log, the applicant by the receipts of it.
    let (mut leaves, mut receipts) = (Vec::new(), Vec::new());
    match row.direction {
        Direction::In => leaves = logs::leaves_of(tx, &unplaced).await?,
        Direction::Out => receipts = receipts::of_records(tx, &unplaced).await?,
    }
    let head = chains::get(tx, &id, SHARED_CHAIN).await?.map(|chain| chain.head);
    let refusals = read_refusals(tx, &id, &acts).await?;
    Ok(Some(Read { row, acts, known, stored, leaves, receipts, head, refusals }))
}

impl Desk {
    /// Reads a request with its acts and folds them.
    pub(crate) async fn folded(&self, id: ObjectId) -> Result<Folded, Error> {
        let (text, memory) = (id.to_string(), Arc::clone(&self.acts));
        let epoch = self.keys.epoch();
        let mut read = self
            .store
            .read("request", move |tx| {
                Box::pin(async move { read(tx, text, &memory, epoch).await })
            })
            .await?
            .ok_or(Error::NotFound("request"))?;
        let requested = self.requested_of(&read.row)?;
        let is_requested = requested == self.authority;
        let positions = positions(&read, &requested, is_requested);
        let mut reasons = self.refusal_reasons(read.refusals).await?;
        let mut opened = read.known;
        let mut new = Vec::new();
        for stored in std::mem::take(&mut read.stored) {
            let hash = stored.row.hash;
            opened.insert(hash, self.opened(stored).await?);
            new.push(hash);
        }
        for (hash, place) in positions {
            if let Some(act) = opened.get_mut(&hash) {
                act.position = Some(place);
                new.push(hash);
            }
        }
        let news = new.iter().filter_map(|hash| Some((*hash, opened.get(hash)?.clone())));
        self.acts.keep(epoch, news);
        let mut acts = Vec::with_capacity(read.acts.len());
        for row in read.acts {
            let Some(opened) = opened.remove(&row.record_hash) else { continue };
            let refused = reasons.remove(&row.record_hash);
            let act = act_record(row, opened, &requested)?;
            acts.extend(act.map(|act| ActRecord { refused, ..act }));
        }
        Ok(Folded::of(id, read.row, acts, read.head.map(StatementHash)))
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

    /// Folds a request anew and keeps the state for lists; called after each act, arrival and receipt.
    ///
    /// # Errors
    /// [`Error::NotFound`], or what the store says.
    pub async fn recompute_request(&self, id: ObjectId) -> Result<(), Error> {
        self.refolded(id).await.map(drop)
    }

    /// As [`Desk::recompute_request`]; gives what was folded.
    pub(crate) async fn refolded(&self, id: ObjectId) -> Result<Folded, Error> {
        self.kept(self.folded(id).await?).await
    }

    /// The request after an own act was committed on the head that was folded: nothing else can have come between.
    pub(super) async fn with_own(
        &self,
        folded: Folded,
        row: requests::Request,
        act: (requests::RequestAct, Opened),
    ) -> Result<Folded, Error> {
        let Folded { id, mut acts, .. } = folded;
        let requested = self.requested_of(&row)?;
        let (act, opened) = act;
        let hash = StatementHash(act.record_hash);
        self.acts.keep(self.keys.epoch(), [(hash.0, opened.clone())]);
        acts.extend(act_record(act, opened, &requested)?);
        self.kept(Folded::of(id, row, acts, Some(hash))).await
    }

    /// Keeps what a fold gave, for lists.
    async fn kept(&self, mut folded: Folded) -> Result<Folded, Error> {
        let (row, mut acts) = folded.rows(self.clock.now());
        acts.retain(|act| !folded.acts.iter().any(|known| known.row == *act));
        if acts.is_empty() && row == folded.row {
            return Ok(folded);
        }
        folded.row = row.clone();
        self.store
            .write_with("recompute_request", (row, acts), |tx, (row, acts)| {
                Box::pin(async move {
                    // Acts are only ever added: a fold of more acts than this one saw is newer.
                    if requests::put_fold(tx, row).await? {
                        requests::put_acts(tx, acts).await?;
                    }
                    Ok::<_, StoreError>(())
                })
            })
            .await?;
        Ok(folded)
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
        // Together, so that their writes are committed together.
        let recomputed = join_all(ids.into_iter().map(|id| self.recompute_request(id))).await;
        recomputed.into_iter().collect()
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

/// Where acts stand in the requested authority's log: its own log's leaves, or its receipts.
fn positions(read: &Read, requested: &AuthorityName, is_requested: bool) -> HashMap<[u8; 32], i64> {
    let year = |origin: &str| origin.rsplit('/').next()?.parse::<i64>().ok();
    let of = |hash, origin: &str, index| Some((hash, position(year(origin)?, index)));
    if is_requested {
        let leaves = read.leaves.iter();
        return leaves.filter_map(|leaf| of(leaf.record_hash, &leaf.origin, leaf.idx)).collect();
    }
    read.receipts
        .iter()
        .filter(|receipt| is_origin_of(requested, &receipt.origin))
        .filter_map(|receipt| of(receipt.record_hash, &receipt.origin, receipt.log_index))
        .collect()
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
