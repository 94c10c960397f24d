//! How the parts of the node wake each other; carries no data that matters after a crash.

use tokio::sync::{Notify, watch};

/// The count of [`Signals::notices`] that means that no more will come.
pub const HUSHED: u64 = u64::MAX;

/// Wake-ups between use cases, sequencer and delivery. All state is in the store: a lost wake-up delays, never loses.
#[derive(Debug)]
pub struct Signals {
    /// Records were committed and wait to be sealed.
    pub committed: Notify,
    /// Outbox rows may be due.
    pub outbox: Notify,
    /// A checkpoint was sealed that waits to be published and witnessed.
    pub published: Notify,
    /// Trust changed: a card came, a peer was added or removed.
    pub trust: Notify,
    sealed: watch::Sender<i64>,
    delivered: watch::Sender<u64>,
    told: watch::Sender<u64>,
}

impl Default for Signals {
    fn default() -> Self {
        Self {
            committed: Notify::new(),
            outbox: Notify::new(),
            published: Notify::new(),
            trust: Notify::new(),
            sealed: watch::Sender::new(0),
            delivered: watch::Sender::new(0),
            told: watch::Sender::new(0),
        }
    }
}

impl Signals {
    /// Says that all records up to this sequence number are sealed, and that the high-water file knows it.
    pub fn seal(&self, seq: i64) {
        self.sealed.send_if_modified(|sealed| {
            let is_later = seq > *sealed;
            *sealed = (*sealed).max(seq);
            is_later
        });
        self.outbox.notify_one();
        self.published.notify_one();
    }

    /// Waits until the record with this sequence number is sealed.
    pub async fn sealed_through(&self, seq: i64) {
        // The sender lives in `self`, so the wait ends only when the condition holds.
        drop(self.sealed.subscribe().wait_for(|sealed| *sealed >= seq).await);
    }

    /// The sequence number up to which records are sealed and may leave the node.
    #[must_use]
    pub fn sealed(&self) -> i64 {
        *self.sealed.borrow()
    }

    /// Says that receipts of a peer were stored.
    pub fn deliver(&self) {
        self.delivered.send_modify(|count| *count = count.wrapping_add(1));
    }

    /// Tells of each batch of receipts from now on; the value counts them. Subscribe before looking into the store.
    #[must_use]
    pub fn deliveries(&self) -> watch::Receiver<u64> {
        self.delivered.subscribe()
    }

    /// Says that officers were given notices.
    pub fn tell(&self) {
        self.told.send_modify(|count| {
            if *count != HUSHED {
                *count += 1;
            }
        });
    }

    /// Says that nobody is told anything any more, since the node stops: whoever waits for notices goes.
    pub fn hush(&self) {
        self.told.send_replace(HUSHED);
    }

    /// Tells of each batch of notices from now on; the value counts them, and is [`HUSHED`] once the node stops.
    /// Subscribe before looking into the store.
    #[must_use]
    pub fn notices(&self) -> watch::Receiver<u64> {
        self.told.subscribe()
    }
}
