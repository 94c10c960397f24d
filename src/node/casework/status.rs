//! How the node is: counts for people and for the demo; no content of any case.

use schemars::JsonSchema;
use serde::Serialize;

use crate::node::casework::views::time_text;
use crate::node::casework::{Desk, Error};
use crate::node::store::{StoreError, logs, outbox, records};

/// How the log is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct LogStatusView {
    /// Its origin.
    pub origin: String,
    /// Sealed entries.
    pub size: i64,
    /// The root over them.
    pub root: String,
    /// Entries under a checkpoint that the quorum of witnesses has cosigned.
    pub cosigned: i64,
}

/// What waits for a peer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct BacklogView {
    /// The peer.
    pub peer: String,
    /// How many deliveries wait.
    pub queued: i64,
    /// Since when the oldest waits.
    pub oldest_at: String,
    /// How often one of them was tried.
    pub attempts: i64,
}

/// How the node is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct StatusView {
    /// The authority.
    pub authority: String,
    /// When this was read.
    pub at: String,
    /// Records that are kept.
    pub records: i64,
    /// Records that are not sealed in the log yet.
    pub unsealed: i64,
    /// The current log; none before the first record is sealed.
    pub log: Option<LogStatusView>,
    /// What waits for peers.
    pub outbox: Vec<BacklogView>,
}

impl Desk {
    /// How the node is; for everybody who is signed in, since it tells of no case.
    ///
    /// # Errors
    /// What the store says.
    pub async fn status(&self) -> Result<StatusView, Error> {
        let (count, last, log, witnessed, backlogs) = self
            .store
            .read("status", |tx| {
                Box::pin(async move {
                    let count = records::count(tx).await?;
                    let last = records::last_seq(tx).await?;
                    let log = logs::newest(tx).await?;
                    let witnessed = match &log {
                        Some(log) => logs::last_witnessed(tx, &log.origin).await?,
                        None => None,
                    };
                    Ok((count, last, log, witnessed, outbox::backlogs(tx).await?))
                })
            })
            .await
            .map_err(|error: StoreError| Error::from(error))?;
        let sealed = log.as_ref().map_or(0, |log| log.sealed_seq);
        let backlog = |backlog: outbox::Backlog| BacklogView {
            peer: backlog.peer,
            queued: backlog.queued,
            oldest_at: time_text(backlog.oldest_at),
            attempts: backlog.attempts,
        };
        Ok(StatusView {
            authority: self.authority.to_string(),
            at: time_text(self.clock.now().0),
            records: count,
            unsealed: last.saturating_sub(sealed).max(0),
            log: log.map(|log| LogStatusView {
                origin: log.origin,
                size: log.size,
                root: hex::encode(log.root),
                cosigned: witnessed.map_or(0, |checkpoint| checkpoint.size),
            }),
            outbox: backlogs.into_iter().map(backlog).collect(),
        })
    }
}
