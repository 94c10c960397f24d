//! One batch of leased rows of one peer, from loading to settling; leases nothing itself.

use std::collections::{BTreeMap, HashSet};

use crate::domain::id::AuthorityName;
use crate::node::drill;
use crate::node::jobs::anchor::{self, Arrived};
use crate::node::jobs::backoff::delay_ms;
use crate::node::jobs::deliver::DeliverParts;
use crate::node::jobs::deliver::frame::{Item, Proofs, frames, wanted};
use crate::node::jobs::deliver::judge::{Verdict, judge};
use crate::node::jobs::seam::{NotSendable, Sendable};
use crate::node::peer::{Deliver, ItemAnswer, SendError, SendErrorClass};
use crate::node::rng::random;
use crate::node::store::outbox::{self, Lease, OutboxFrame, OutboxState, Outgoing};
use crate::node::store::receipts::{self, Receipt};
use crate::node::store::{StoreError, peers};
use crate::record::StatementHash;
use crate::record::card::Card;
use crate::record::receipt::CheckedRoots;

/// A batch on its way.
pub(super) struct Batch {
    parts: DeliverParts,
}

/// How rows of a batch ended.
#[derive(Default)]
pub(super) struct Ends {
    /// Rows that arrived.
    delivered: Vec<Lease>,
    /// Records that arrived, whose proofs may be due.
    records: Vec<[u8; 32]>,
    settled: Vec<(Lease, OutboxState, String)>,
    postponed: Vec<(Outgoing, String)>,
}

impl Batch {
    pub(super) const fn new(parts: DeliverParts) -> Self {
        Self { parts }
    }

    /// Sends the rows and stores what came of it. An error leaves them leased; they are due again when the lease ends.
    pub(super) async fn run(&self, peer: &str, rows: Vec<Outgoing>) {
        let mut ends = Ends::default();
        let done = match peer.parse::<AuthorityName>() {
            Ok(name) => self.send(&name, rows, &mut ends).await,
            Err(error) => {
                ends.postpone_all(rows, &error.to_string());
                Ok(())
            }
        };
        let settled = match done {
            Ok(()) => self.settle(peer, ends).await,
            Err(error) => Err(error),
        };
        if let Err(error) = settled {
            tracing::error!(peer.authority = peer, error = %error, "a delivery could not be settled; it is repeated");
        }
        self.parts.signals.outbox.notify_one();
    }

    async fn send(
        &self,
        peer: &AuthorityName,
        rows: Vec<Outgoing>,
        ends: &mut Ends,
    ) -> Result<(), StoreError> {
        let (mut records, mut proofs, mut cards) = (Vec::new(), Vec::new(), Vec::new());
        for row in rows {
            match row.frame {
                OutboxFrame::Deliver => records.push(row),
                OutboxFrame::Anchors => proofs.push(row),
                OutboxFrame::Card => cards.push(row),
            }
        }
        if !cards.is_empty() {
            self.send_card(peer, cards, ends).await?;
        }
        if !records.is_empty() {
            self.send_records(peer, records, ends).await?;
        }
        if !proofs.is_empty() {
            let sent = anchor::send(&self.parts, peer, proofs).await?;
            ends.delivered.extend(sent.delivered);
            ends.settled.extend(sent.settled);
            ends.postponed.extend(sent.postponed);
        }
        Ok(())
    }

    async fn send_card(
        &self,
        peer: &AuthorityName,
        rows: Vec<Outgoing>,
        ends: &mut Ends,
    ) -> Result<(), StoreError> {
        let own = self.parts.authority.to_string();
        let read = self
            .parts
            .store
            .read("deliver_card", move |tx| Box::pin(async move { peers::card(tx, &own).await }));
        let Some(card) = read.await? else {
            ends.postpone_all(rows, "this node has no card");
            return Ok(());
        };
        match self.parts.courier.push_card(peer, card.card.into()).await {
            Ok(()) => ends.delivered.extend(rows.iter().map(Outgoing::lease)),
            Err(error) => ends.postpone_all(rows, &error.to_string()),
        }
        Ok(())
    }

    async fn send_records(
        &self,
        peer: &AuthorityName,
        rows: Vec<Outgoing>,
        ends: &mut Ends,
    ) -> Result<(), StoreError> {
        let Some(card) = self.parts.roster.card(peer) else {
            ends.postpone_all(rows, "not paired with this node");
            return Ok(());
        };
        let items = self.load(rows, ends).await?;
        // A conversation that stopped goes no further in this batch.
        let mut stopped: HashSet<String> =
            ends.postponed.iter().map(|(row, _)| row.conversation.clone()).collect();
        for (mut frame, mut rows) in frames(items) {
            let keep: Vec<bool> =
                rows.iter().map(|row| !stopped.contains(&row.conversation)).collect();
            let mut kept = keep.iter();
            frame.items.retain(|_| kept.next().copied().unwrap_or(false));
            for row in rows.extract_if(.., |row| stopped.contains(&row.conversation)) {
                ends.postponed.push((row, "waits for an earlier one".to_owned()));
            }
            if rows.is_empty() {
                continue;
            }
            let before = ends.postponed.len();
            self.exchange(peer, &card, frame, rows, ends).await?;
            stopped.extend(ends.postponed.iter().skip(before).map(|(r, _)| r.conversation.clone()));
        }
        Ok(())
    }

    /// Reads leaves, receipts and checkpoints; rows that cannot be sent end here.
    async fn load(&self, rows: Vec<Outgoing>, ends: &mut Ends) -> Result<Vec<Item>, StoreError> {
        let mut asked = Vec::with_capacity(rows.len());
        let mut sound = Vec::with_capacity(rows.len());
        for row in rows {
            match wanted(&row) {
                Ok(wanted) => {
                    asked.push(wanted);
                    sound.push(row);
                }
                Err(error) => ends.not_sendable(row, error),
            }
        }
        let hashes = sound.iter().map(|row| row.record_hash).collect();
        let proofs = Proofs::read(&self.parts.store, &self.parts.authority, hashes).await?;
        let loaded: Vec<Result<Sendable, NotSendable>> = self.parts.leaves.load(asked).await;
        let mut items = Vec::with_capacity(sound.len());
        for (row, loaded) in sound.into_iter().zip(loaded) {
            match loaded.map(|sendable| proofs.item(&row, sendable)) {
                Ok(Some(item)) => items.push(item),
                Ok(None) => ends.postponed.push((row, "not sealed yet".to_owned())),
                Err(error) => ends.not_sendable(row, error),
            }
        }
        Ok(items)
    }

    async fn exchange(
        &self,
        peer: &AuthorityName,
        card: &Card,
        frame: Deliver,
        rows: Vec<Outgoing>,
        ends: &mut Ends,
    ) -> Result<(), StoreError> {
        match self.parts.courier.deliver(peer, &frame).await {
            Ok(answers) if answers.len() == rows.len() => {
                self.parts.resting.woke(peer.as_str());
                self.take(peer, card, (frame, rows, answers), ends).await
            }
            Ok(_) => {
                ends.postpone_all(rows, "the peer answered for another number of statements");
                Ok(())
            }
            Err(error) if error.class() == SendErrorClass::Refused && rows.len() > 1 => {
                // One bad statement must not hold up those beside it.
                self.one_by_one(peer, card, frame, rows, ends).await
            }
            Err(error) => {
                self.rest(peer, &error);
                ends.postpone_all(rows, &error.to_string());
                Ok(())
            }
        }
    }

    /// A peer that cannot be reached is left alone for a while, all its rows together.
    fn rest(&self, peer: &AuthorityName, error: &SendError) {
        tracing::info!(peer.authority = %peer, error = %error, "a delivery is tried again later");
        if error.class() == SendErrorClass::Retry {
            let jitter = u32::from_be_bytes(random(&*self.parts.rng));
            self.parts.resting.failed(peer.as_str(), self.parts.clock.now().0, jitter);
        }
    }

    async fn one_by_one(
        &self,
        peer: &AuthorityName,
        card: &Card,
        frame: Deliver,
        rows: Vec<Outgoing>,
        ends: &mut Ends,
    ) -> Result<(), StoreError> {
        let mut stopped: HashSet<String> = HashSet::new();
        for (item, row) in frame.items.into_iter().zip(rows) {
            if stopped.contains(&row.conversation) {
                ends.postponed.push((row, "waits for an earlier one".to_owned()));
                continue;
            }
            let one = Deliver { checkpoints: frame.checkpoints.clone(), items: vec![item] };
            match self.parts.courier.deliver(peer, &one).await {
                Ok(answers) if answers.len() == 1 => {
                    let before = ends.postponed.len();
                    self.take(peer, card, (one, vec![row], answers), ends).await?;
                    stopped.extend(
                        ends.postponed.iter().skip(before).map(|(r, _)| r.conversation.clone()),
                    );
                }
                Ok(_) => ends.stop(row, "the peer answered for another number", &mut stopped),
                Err(error) => ends.stop(row, &error.to_string(), &mut stopped),
            }
        }
        Ok(())
    }

    /// Judges the answers, stores receipts, tells who waits.
    async fn take(
        &self,
        peer: &AuthorityName,
        card: &Card,
        (frame, rows, answers): (Deliver, Vec<Outgoing>, Vec<ItemAnswer>),
        ends: &mut Ends,
    ) -> Result<(), StoreError> {
        let now = self.parts.clock.now().0;
        let (mut receipts, mut delivered) = (Vec::new(), Vec::new());
        let mut checked = CheckedRoots::default();
        let answered = frame.items.iter().zip(rows).zip(answers);
        for ((item, row), answer) in answered {
            match judge(answer, &item.statement, card, (now, &mut checked)) {
                Verdict::Receipted(receipt) => {
                    receipts.push(receipt);
                    delivered.push(row);
                }
                Verdict::Refused(record, why) => {
                    let hash = StatementHash(row.record_hash);
                    tracing::warn!(peer.authority = %peer, record = %hash, reason = %why, "a peer refused a record");
                    match self.parts.outcomes.refused(peer, hash, *record).await {
                        Ok(()) => ends.settled.push((row.lease(), OutboxState::Refused, why)),
                        Err(error) => ends.postponed.push((row, error.to_string())),
                    }
                }
                Verdict::Again(why) => ends.postponed.push((row, why)),
            }
        }
        if receipts.is_empty() {
            return Ok(());
        }
        let hashes: Vec<_> = receipts.iter().map(|r| StatementHash(r.record_hash)).collect();
        self.keep(receipts).await?;
        self.parts.signals.deliver();
        self.parts.drill.point(drill::AFTER_RECEIPT);
        self.parts.outcomes.receipted(peer, &hashes).await;
        metrics::counter!("sealane_delivered_total").increment(delivered.len() as u64);
        ends.delivered.extend(delivered.iter().map(Outgoing::lease));
        ends.records.extend(delivered.iter().map(|row| row.record_hash));
        Ok(())
    }

    async fn keep(&self, receipts: Vec<Receipt>) -> Result<(), StoreError> {
        self.parts
            .store
            .write_with("receipts_keep", receipts, |tx, receipts| {
                Box::pin(async move { receipts::keep_all(tx, receipts).await.map(drop) })
            })
            .await
    }

    /// Ends or postpones the rows, in one transaction. What was queued anew or taken back meanwhile stays as it is.
    async fn settle(&self, peer: &str, ends: Ends) -> Result<(), StoreError> {
        let now = self.parts.clock.now();
        let jitter = u32::from_be_bytes(random(&*self.parts.rng));
        let mut postponed: BTreeMap<(i64, String), Vec<Lease>> = BTreeMap::new();
        for (row, why) in ends.postponed {
            let next_at = now.plus_millis(delay_ms(row.attempts, jitter)).0;
            postponed.entry((next_at, why)).or_default().push(row.lease());
        }
        let arrived = Arrived {
            own: self.parts.authority.to_string(),
            peer: peer.to_owned(),
            records: ends.records,
        };
        let input = (ends.delivered, ends.settled, postponed, arrived);
        self.parts
            .store
            .write_with(
                "outbox_settle",
                input,
                move |tx, (delivered, settled, postponed, arrived)| {
                    Box::pin(async move {
                        let state = OutboxState::Delivered;
                        outbox::settle(tx, delivered, state, now.0, None).await?;
                        anchor::enqueue_witnessed(tx, arrived, now.0).await?;
                        for (lease, state, why) in settled {
                            outbox::settle(tx, &[*lease], *state, now.0, Some(why)).await?;
                        }
                        for ((next_at, why), leases) in postponed {
                            outbox::postpone(tx, leases, *next_at, why).await?;
                        }
                        Ok::<_, StoreError>(())
                    })
                },
            )
            .await
    }
}

impl Ends {
    fn postpone_all(&mut self, rows: Vec<Outgoing>, why: &str) {
        self.postponed.extend(rows.into_iter().map(|row| (row, why.to_owned())));
    }

    fn stop(&mut self, row: Outgoing, why: &str, stopped: &mut HashSet<String>) {
        stopped.insert(row.conversation.clone());
        self.postponed.push((row, why.to_owned()));
    }

    fn not_sendable(&mut self, row: Outgoing, error: NotSendable) {
        match error {
            // What was erased is not sent any more: the erasure took it back.
            NotSendable::Gone(why) => self.settled.push((row.lease(), OutboxState::Withdrawn, why)),
            NotSendable::Later(why) => self.postponed.push((row, why)),
        }
    }
}
