//! Takes in what peers deliver: verify, decide, keep, log, answer (PROTOCOL 5); the same bytes for the same statement.

mod anchors;
pub(crate) mod arrival;
pub(crate) mod budget;
pub(crate) mod open;
pub(crate) mod whose;

mod keep;
mod merge;
mod write;

use std::sync::Arc;
use std::time::Duration;

use crate::domain::id::AuthorityName;
use crate::node::casework::Desk;
use crate::node::casework::cards::{KnownAuthority, Under};
use crate::node::casework::receive::keep::Outcome;
use crate::node::casework::receive::open::{NotOpened, Opened, Refused, open};
use crate::node::peer::message::{
    Deliver, DeliverItem, Fields, ItemAnswer, LaterReason, Refusal, RefusalCode,
};
use crate::node::store::inbox;
use crate::record::StatementHash;
use crate::record::receipt::CheckedRoots;

/// How long a sender waits for our log to be sealed before it is told to come again.
const SEAL_WAIT: Duration = Duration::from_secs(10);

/// One item on its way through: what is known of it so far.
enum Step {
    /// It is answered.
    Answered(ItemAnswer),
    /// It came before; its answer is read from the store.
    Seen(StatementHash),
    /// It came before, perhaps with other leaves; it is verified.
    SeenMore(Box<Opened>),
    /// It is verified and to be kept.
    Opened(Box<Opened>),
    /// It is to be refused by a signed statement.
    Refused(StatementHash, Refused),
}

impl Desk {
    /// Takes in a frame of statements: one answer for each, in order.
    ///
    /// # Errors
    /// A refusal of the frame as a whole, if the peer is not known.
    pub(crate) async fn receive(
        &self,
        peer: &AuthorityName,
        deliver: Deliver,
    ) -> Result<Vec<ItemAnswer>, Refusal> {
        let Some(known) = self.cards.paired(peer) else {
            return Err(Refusal::new(RefusalCode::NotPaired, "this node has no card of yours"));
        };
        let steps = self.verify(&known, deliver.items).await?;
        let outcomes = self.keep(peer, steps).await;
        Ok(self.answers(outcomes).await)
    }

    /// Verifies what did not come before, away from the threads that serve others.
    async fn verify(
        &self,
        known: &Arc<KnownAuthority>,
        items: Vec<DeliverItem>,
    ) -> Result<Vec<Step>, Refusal> {
        let hashes: Vec<_> = items.iter().map(|item| StatementHash::of(&item.statement)).collect();
        let seen = self.seen(&known.card.authority, &hashes).await?;
        let (known, now) = (Arc::clone(known), self.clock.now().0);
        let work = move || {
            let mut checked = CheckedRoots::default();
            let pairs = hashes.into_iter().zip(items);
            pairs
                .map(|(hash, item)| {
                    step(&known, (hash, seen.contains(&hash)), &item, (now, &mut checked))
                })
                .collect::<Vec<_>>()
        };
        tokio::task::spawn_blocking(work).await.map_err(|_| internal())
    }

    async fn seen(
        &self,
        peer: &AuthorityName,
        hashes: &[StatementHash],
    ) -> Result<Vec<StatementHash>, Refusal> {
        let (peer, keys) = (peer.to_string(), hashes.iter().map(|h| h.0).collect::<Vec<_>>());
        let rows = self
            .store
            .read("receive_seen", move |tx| {
                Box::pin(async move { inbox::get_many(tx, &peer, &keys).await })
            })
            .await
            .map_err(|error| busy(&error))?;
        Ok(rows.into_iter().map(|row| StatementHash(row.record_hash)).collect())
    }

    /// Waits for the seal of what was kept, then reads each answer from the store.
    async fn answers(&self, outcomes: Vec<Outcome>) -> Vec<ItemAnswer> {
        let last = outcomes.iter().filter_map(Outcome::seq).max().unwrap_or(0);
        let sealed = tokio::time::timeout(SEAL_WAIT, self.signals.sealed_through(last)).await;
        if sealed.is_err() {
            tracing::warn!("delivered records are kept but were not sealed in time");
        }
        let hashes = outcomes.iter().filter_map(Outcome::kept).collect::<Vec<_>>();
        // What the high-water file does not know yet is not vouched for.
        let receipts = self.own_receipts(&hashes, self.signals.sealed()).await;
        let refusals = self.signed_refusals(&outcomes).await;
        outcomes
            .into_iter()
            .map(|outcome| match outcome {
                Outcome::Answered(answer) => answer,
                Outcome::Kept(hash, _) => receipts.get(&hash).cloned().map_or(
                    ItemAnswer::Later { reason: LaterReason::NotSealed },
                    ItemAnswer::Receipt,
                ),
                Outcome::Refused(hash) => refusals
                    .get(&hash)
                    .cloned()
                    .unwrap_or(ItemAnswer::Later { reason: LaterReason::Busy }),
            })
            .collect()
    }
}

fn step(
    known: &KnownAuthority,
    (hash, is_seen): (StatementHash, bool),
    item: &DeliverItem,
    (now, checked): (i64, &mut CheckedRoots),
) -> Step {
    if is_seen && matches!(item.fields, Fields::All(_)) {
        return Step::Seen(hash);
    }
    // What came before was taken under the root of its day; nothing new is.
    let under = if is_seen { Under::EveryRoot } else { Under::RootInForce };
    match open(known, item, under, (now, checked)) {
        Ok(opened) if is_seen => Step::SeenMore(Box::new(opened)),
        // The answer was given when it first came; a forged repetition changes nothing.
        Err(NotOpened::Refused(_)) if is_seen => Step::Seen(hash),
        Ok(opened) => Step::Opened(Box::new(opened)),
        Err(NotOpened::Refused(refused)) => Step::Refused(hash, refused),
        Err(NotOpened::CardMissing) => {
            Step::Answered(ItemAnswer::Later { reason: LaterReason::CardMissing })
        }
    }
}

fn internal() -> Refusal {
    Refusal::new(RefusalCode::Internal, "this node met a fault of its own")
}

fn busy(error: &crate::node::store::StoreError) -> Refusal {
    tracing::warn!(error = %error, "the store did not answer a peer's delivery");
    Refusal::new(RefusalCode::Busy, "this node cannot keep records just now")
}
