//! Joins the jobs to casework and trust: each of their traits in a few lines; decides nothing.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;

use crate::domain::id::AuthorityName;
use crate::node::casework::{Desk, Drafted, Error, Held, SentLeaves};
use crate::node::jobs::cards::AdoptCard;
use crate::node::jobs::notices::Remind;
use crate::node::jobs::post::{Carrier, Letters};
use crate::node::jobs::seam::{Leaves, NotSendable, Outcomes, Sendable, Wanted};
use crate::node::mail::{Letter, MailServer, Undelivered};
use crate::node::peer::{DisclosedLeaf, Fields};
use crate::node::trust::Trust;
use crate::record::{Record, StatementHash};

/// The desk, as delivery sees it.
pub(super) struct Delivery(pub(super) Arc<Desk>);

#[async_trait]
impl Leaves for Delivery {
    async fn load(&self, wanted: Vec<Wanted>) -> Vec<Result<Sendable, NotSendable>> {
        let hashes: Vec<_> = wanted.iter().map(|one| one.hash).collect();
        let held = self.0.held_many(&hashes).await;
        held.into_iter()
            .zip(wanted)
            .map(|(held, wanted)| {
                held.map(|held| sendable(&held, wanted.shown.as_deref())).map_err(not_sendable)
            })
            .collect()
    }
}

#[async_trait]
impl Outcomes for Delivery {
    async fn receipted(&self, peer: &AuthorityName, records: &[StatementHash]) {
        if let Err(error) = self.0.on_receipted(peer, records).await {
            tracing::warn!(peer.authority = %peer, error = %error, "requests are computed anew when they are next looked at");
        }
    }

    async fn refused(
        &self,
        peer: &AuthorityName,
        record: StatementHash,
        refusal: Record,
    ) -> Result<(), NotSendable> {
        self.0.keep_refusal(peer, record, refusal).await.map_err(not_sendable)
    }
}

fn sendable(held: &Held, shown: Option<&[usize]>) -> Sendable {
    let fields = match held.leaves(shown) {
        SentLeaves::All(leaves) => Fields::All(leaves.into_iter().map(Bytes::from).collect()),
        SentLeaves::Disclosed(count, leaves) => Fields::Disclosed {
            leaf_count: count as u64,
            leaves: leaves
                .into_iter()
                .map(|leaf| DisclosedLeaf {
                    index: leaf.index as u64,
                    leaf: leaf.bytes.into(),
                    path: leaf.path.iter().map(|hash| hash.0).collect(),
                })
                .collect(),
        },
    };
    Sendable { statement: held.statement().bytes().to_vec(), fields }
}

fn not_sendable(error: Error) -> NotSendable {
    match error {
        Error::Erased(why) => NotSendable::Gone(why),
        other => {
            let cause = std::error::Error::source(&other).map(ToString::to_string);
            tracing::warn!(error = %other, cause, "a record cannot be sent now");
            NotSendable::Later(other.to_string())
        }
    }
}

/// The desk, as the job of notices sees it.
pub(super) struct Reminders(pub(super) Arc<Desk>);

#[async_trait]
impl Remind for Reminders {
    async fn remind(&self) -> Result<u64, String> {
        // First, so that nobody is told of what is closed to them by now.
        match self.0.restrict_overdue().await {
            Ok(0) => {}
            Ok(restricted) => {
                tracing::info!(
                    restricted,
                    "cases were restricted: their review or retention passed"
                );
            }
            // A notice is held up by no case; the next look tries again.
            Err(error) => {
                let cause = std::error::Error::source(&error).map(ToString::to_string);
                tracing::warn!(error = %error, cause, "overdue cases could not be looked for");
            }
        }
        self.0.remind().await.map_err(|error| error.to_string())
    }
}

/// The desk, as the job of letters sees it.
pub(super) struct Correspondence {
    pub(super) desk: Arc<Desk>,
    pub(super) digest_hour: u8,
}

#[async_trait]
impl Letters for Correspondence {
    type Drafted = Drafted;

    async fn letters(&self) -> Result<Vec<Drafted>, String> {
        // A letter tells what is due now, also where the job of notices has not looked yet.
        self.desk.remind().await.map_err(|error| error.to_string())?;
        self.desk.letters(self.digest_hour).await.map_err(|error| error.to_string())
    }

    fn letter<'a>(&self, drafted: &'a Drafted) -> &'a Letter {
        &drafted.letter
    }

    fn officer<'a>(&self, drafted: &'a Drafted) -> &'a str {
        &drafted.officer
    }

    async fn done(&self, drafted: Drafted) -> Result<(), String> {
        self.desk.letter_done(drafted).await.map_err(|error| error.to_string())
    }
}

/// The mail server, as the job of letters sees it.
pub(super) struct Post(pub(super) MailServer);

#[async_trait]
impl Carrier for Post {
    async fn carry(&self, letter: &Letter) -> Result<(), Undelivered> {
        self.0.send(letter).await
    }
}

/// Trust, as the job of cards sees it.
pub(super) struct Adoption(pub(super) Arc<Trust>);

#[async_trait]
impl AdoptCard for Adoption {
    async fn adopt(&self, card: &[u8]) -> Result<bool, String> {
        self.0.adopt(card).await.map_err(|error| error.to_string())
    }
}
