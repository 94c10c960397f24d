//! Keeps a frame of verified records in one transaction, and the signed refusals of the others.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use bytes::Bytes;
use futures_util::future::join_all;

use crate::domain::id::{AuthorityName, ObjectId};
use crate::node::casework::append::Authorship;
use crate::node::casework::load::Held;
use crate::node::casework::receive::Step;
use crate::node::casework::receive::arrival::Stopped;
use crate::node::casework::receive::open::{Opened, Refused};
use crate::node::casework::receive::write::{BatchError, Ready, write_batch};
use crate::node::casework::{Desk, Error};
use crate::node::peer::message::{ItemAnswer, LaterReason};
use crate::node::rng::random;
use crate::node::store::inbox::{self, InboxOutcome, Incoming};
use crate::node::store::{StoreError, logs, receipts, records};
use crate::record::StatementHash;
use crate::record::kinds::delivery::DeliveryRefused;

/// What became of an item, before it is answered.
pub(super) enum Outcome {
    /// The answer does not need the store.
    Answered(ItemAnswer),
    /// It is kept; the answer is our receipt. With the place in commit order if it is new.
    Kept(StatementHash, Option<i64>),
    /// It is refused; the answer is the signed refusal.
    Refused(StatementHash),
}

impl Outcome {
    pub(super) const fn seq(&self) -> Option<i64> {
        match self {
            Self::Kept(_, seq) => *seq,
            Self::Answered(_) | Self::Refused(_) => None,
        }
    }

    pub(super) const fn kept(&self) -> Option<StatementHash> {
        match self {
            Self::Kept(hash, _) => Some(*hash),
            Self::Answered(_) | Self::Refused(_) => None,
        }
    }
}

/// An item on its way into the write.
enum Item {
    /// It does not get there.
    Ended(Outcome),
    Ready(StatementHash, Arc<Ready>),
}

impl Desk {
    pub(super) async fn keep(&self, peer: &AuthorityName, steps: Vec<Step>) -> Vec<Outcome> {
        // Together, since each of them waits for the store.
        let items = join_all(steps.into_iter().map(|step| self.item(peer, step))).await;
        let mut outcomes = Vec::with_capacity(items.len());
        let mut ready = Vec::with_capacity(items.len());
        for item in items {
            outcomes.push(match item {
                Item::Ended(outcome) => outcome,
                Item::Ready(hash, made) => {
                    ready.push((outcomes.len(), hash, made));
                    Outcome::Kept(hash, None)
                }
            });
        }
        for (place, outcome) in self.write_ready(peer, ready).await {
            if let Some(slot) = outcomes.get_mut(place) {
                *slot = outcome;
            }
        }
        outcomes
    }

    async fn item(&self, peer: &AuthorityName, step: Step) -> Item {
        Item::Ended(match step {
            Step::Answered(answer) => Outcome::Answered(answer),
            Step::Seen(hash) => self.seen_outcome(peer, hash).await,
            Step::SeenMore(opened) => {
                let hash = opened.held.statement().hash();
                match self.merge_leaves(*opened).await {
                    Ok(()) => self.seen_outcome(peer, hash).await,
                    Err(error) => later(&error),
                }
            }
            Step::Refused(hash, refused) => self.refuse(peer, hash, refused).await,
            Step::Opened(opened) => {
                let hash = opened.held.statement().hash();
                match self.make_ready(peer, *opened).await {
                    Ok(made) => return Item::Ready(hash, Arc::new(made)),
                    Err(Stopped::Refused(refused)) => self.refuse(peer, hash, refused).await,
                    Err(Stopped::Failed(error)) => later(&error),
                }
            }
        })
    }

    async fn make_ready(&self, peer: &AuthorityName, opened: Opened) -> Result<Ready, Stopped> {
        let arrival = self.arrival(peer, &opened.held).await?;
        let incoming = Incoming {
            peer: peer.to_string(),
            record_hash: opened.held.statement().hash().0,
            received_at: self.clock.now().0,
            outcome: arrival.outcome(),
            answer: None,
        };
        let prepared = match opened.held {
            Held::Whole(record) => self.prepare(record).await?,
            Held::Part(excerpt) => self.prepare_excerpt(excerpt).await?,
        };
        Ok(Ready { prepared, arrival, receipt: opened.receipt, incoming })
    }

    /// One transaction for the whole frame. A record that its family refuses is left out, and the rest written again.
    async fn write_ready(
        &self,
        peer: &AuthorityName,
        mut ready: Vec<(usize, StatementHash, Arc<Ready>)>,
    ) -> Vec<(usize, Outcome)> {
        let mut done = Vec::new();
        while !ready.is_empty() {
            let batch: Vec<_> = ready.iter().map(|(_, _, ready)| Arc::clone(ready)).collect();
            let written = self
                .store
                .write_with("receive", batch, |tx, batch| Box::pin(write_batch(tx, batch)))
                .await;
            match written {
                Ok(seqs) => {
                    self.committed();
                    self.follow(&ready).await;
                    let kept = ready.drain(..).zip(seqs);
                    done.extend(
                        kept.map(|((place, hash, _), seq)| (place, Outcome::Kept(hash, seq))),
                    );
                }
                Err(BatchError::Refused(index, refused)) => {
                    if index >= ready.len() {
                        break;
                    }
                    let (place, hash, _) = ready.remove(index);
                    done.push((place, self.refuse(peer, hash, refused).await));
                }
                Err(BatchError::Later(index, reason)) => {
                    if index >= ready.len() {
                        break;
                    }
                    let (place, _, _) = ready.remove(index);
                    done.push((place, Outcome::Answered(ItemAnswer::Later { reason })));
                }
                Err(BatchError::Store(error)) => {
                    let error = Error::from(error);
                    done.extend(ready.drain(..).map(|(place, _, _)| (place, later(&error))));
                }
            }
        }
        done
    }

    /// What follows from kept records, once for each request.
    async fn follow(&self, ready: &[(usize, StatementHash, Arc<Ready>)]) {
        let of = |ready: &(_, _, Arc<Ready>)| ready.2.arrival.request();
        let requests: HashSet<_> = ready.iter().filter_map(of).collect();
        if let Err(error) = self.recompute_requests(requests.into_iter().collect()).await {
            tracing::warn!(error = %error, "what follows from kept acts is computed later");
        }
    }

    /// Signs, keeps and remembers a refusal; the delivery of that statement ends with it.
    async fn refuse(&self, peer: &AuthorityName, hash: StatementHash, refused: Refused) -> Outcome {
        if !self.refusals.take(peer, self.clock.now()) {
            tracing::warn!(peer.authority = %peer, "this peer has used up its refusals for now");
            return Outcome::Answered(ItemAnswer::Later { reason: LaterReason::Busy });
        }
        tracing::warn!(peer.authority = %peer, record = %hash, code = refused.code, "refused a delivered statement");
        match self.write_refusal(peer, hash, refused).await {
            Ok(()) => Outcome::Refused(hash),
            Err(error) => later(&error),
        }
    }

    async fn write_refusal(
        &self,
        peer: &AuthorityName,
        hash: StatementHash,
        refused: Refused,
    ) -> Result<(), Error> {
        let payload = DeliveryRefused {
            statement: hash,
            code: refused.code.to_owned(),
            reason: refused.reason,
        };
        let object = ObjectId::from_random(random(&*self.rng));
        let refusal = self.author(object, Authorship::node(None), &payload).await?;
        let incoming = Incoming {
            peer: peer.to_string(),
            record_hash: hash.0,
            received_at: self.clock.now().0,
            outcome: InboxOutcome::Refused,
            answer: Some(refusal.hash().0.to_vec()),
        };
        self.store
            .write_with("receive_refuse", (refusal, incoming), |tx, (refusal, incoming)| {
                Box::pin(async move {
                    if inbox::keep(tx, incoming).await? {
                        refusal.append(tx).await?;
                    }
                    Ok::<_, StoreError>(())
                })
            })
            .await?;
        self.committed();
        Ok(())
    }

    /// The outcome of a statement that came before.
    async fn seen_outcome(&self, peer: &AuthorityName, hash: StatementHash) -> Outcome {
        let name = peer.to_string();
        let row = self
            .store
            .read("receive_again", move |tx| {
                Box::pin(async move {
                    let row = inbox::get(tx, &name, &hash.0).await?;
                    let seq = records::get(tx, &hash.0).await?.map(|record| record.seq);
                    Ok::<_, StoreError>((row, seq))
                })
            })
            .await;
        match row {
            Ok((Some(row), seq)) => match row.outcome {
                InboxOutcome::Stored | InboxOutcome::UnknownKind => Outcome::Kept(hash, seq),
                InboxOutcome::Refused => Outcome::Refused(hash),
            },
            Ok((None, _)) => Outcome::Answered(ItemAnswer::Later { reason: LaterReason::Busy }),
            Err(error) => later(&error.into()),
        }
    }

    /// Our own receipts of kept records up to a place in commit order, as they were first given.
    pub(crate) async fn own_receipts(
        &self,
        hashes: &[StatementHash],
        sealed_seq: i64,
    ) -> HashMap<StatementHash, Bytes> {
        let keys: Vec<_> = hashes.iter().map(|hash| hash.0).collect();
        let read = self
            .store
            .read("receive_receipts", move |tx| {
                Box::pin(async move {
                    let mut leaves = logs::leaves_of(tx, &keys).await?;
                    let places = records::refs(tx, &keys).await?;
                    let may_leave: HashSet<_> = places
                        .into_iter()
                        .filter(|place| place.seq <= sealed_seq)
                        .map(|place| place.hash)
                        .collect();
                    leaves.retain(|leaf| may_leave.contains(&leaf.record_hash));
                    let receipts = receipts::of_records(tx, &keys).await?;
                    Ok::<_, StoreError>((leaves, receipts))
                })
            })
            .await;
        let Ok((leaves, receipts)) = read else { return HashMap::new() };
        let ours: HashMap<_, _> =
            leaves.into_iter().map(|leaf| (leaf.record_hash, leaf.origin)).collect();
        receipts
            .into_iter()
            .filter(|receipt| ours.get(&receipt.record_hash) == Some(&receipt.origin))
            .map(|receipt| (StatementHash(receipt.record_hash), Bytes::from(receipt.receipt)))
            .collect()
    }

    /// The signed refusals of refused statements.
    pub(super) async fn signed_refusals(
        &self,
        outcomes: &[Outcome],
    ) -> HashMap<StatementHash, ItemAnswer> {
        let mut answers = HashMap::new();
        for outcome in outcomes {
            let Outcome::Refused(hash) = outcome else { continue };
            let key = hash.0;
            let row = self
                .store
                .read("receive_refusal", move |tx| {
                    Box::pin(async move { inbox::of_record(tx, &key).await })
                })
                .await;
            let refusal = row.ok().and_then(|rows| rows.into_iter().find_map(|row| row.answer));
            let Some(refusal) = refusal.and_then(|bytes| bytes.try_into().ok()) else { continue };
            if let Ok(Held::Whole(record)) = self.held(StatementHash(refusal)).await {
                let fields = record.leaves().iter().cloned().map(Bytes::from).collect();
                let statement = Bytes::copy_from_slice(record.statement().bytes());
                answers.insert(*hash, ItemAnswer::Refused { statement, fields });
            }
        }
        answers
    }
}

fn later(error: &Error) -> Outcome {
    tracing::warn!(error = %error, "a delivered record could not be kept; the sender will try again");
    Outcome::Answered(ItemAnswer::Later { reason: LaterReason::Busy })
}
