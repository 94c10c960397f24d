//! The log's side: high-water file, witnesses, contradictions of others, and what waits for peers.

use crate::node::config::Config;
use crate::node::doctor::Finding;
use crate::node::log::high_water::FILE_NAME as HIGH_WATER_FILE;
use crate::node::log::start_check::by_file;
use crate::node::log::{HighWaterFile, Signing};
use crate::node::store::logs::{self, Checkpoint, Log};
use crate::node::store::outbox::{self, Backlog};
use crate::node::store::witness::{self, WitnessConflict};
use crate::node::store::{Store, StoreError, peers};

/// Contradictions that are counted.
const CONFLICTS_MAX: i64 = 1000;

/// What the store says about log and exchange.
struct Seen {
    newest: Option<Log>,
    witnessed: Option<Checkpoint>,
    conflicts: Vec<WitnessConflict>,
    backlogs: Vec<Backlog>,
    peers: usize,
}

/// Looks at the log, its witnesses and the outbox.
pub(super) async fn examine(config: &Config, store: &Store) -> Vec<Finding> {
    let seen = store
        .read("doctor_log", |tx| {
            Box::pin(async move {
                let newest = logs::newest(tx).await?;
                let witnessed = match &newest {
                    Some(log) => logs::last_witnessed(tx, &log.origin).await?,
                    None => None,
                };
                Ok::<_, StoreError>(Seen {
                    newest,
                    witnessed,
                    conflicts: witness::conflicts(tx, CONFLICTS_MAX).await?,
                    backlogs: outbox::backlogs(tx).await?,
                    peers: peers::list(tx).await?.len(),
                })
            })
        })
        .await;
    match seen {
        Ok(seen) => {
            let mut findings = vec![high_water(config, &seen), witnesses(&seen), conflicts(&seen)];
            findings.extend(seen.backlogs.iter().map(backlog));
            findings
        }
        Err(error) => vec![Finding::fault("log", error.to_string())],
    }
}

fn high_water(config: &Config, seen: &Seen) -> Finding {
    // Opening makes the file, and an examination changes nothing.
    if !config.node.data_dir.join(HIGH_WATER_FILE).exists() {
        let is_sealed = seen.newest.as_ref().is_some_and(|log| log.size > 0);
        return if is_sealed {
            Finding::warning(
                "log",
                "there is no high-water file, as after a restore: at its next start the node asks its witnesses how far the log was, and signs nothing before enough have answered; if nothing was restored, see who removed the file",
            )
        } else {
            Finding::sound("log", "nothing was sealed yet")
        };
    }
    // A running node holds the file open and raises it; reading beside it harms nothing.
    match HighWaterFile::open(&config.node.data_dir) {
        Err(error) => Finding::fault("log", error.to_string()),
        Ok(file) => match by_file(file.highest().as_ref(), seen.newest.as_ref()) {
            Signing::Allowed => {
                let size = seen.newest.as_ref().map_or(0, |log| log.size);
                Finding::sound("log", format!("{size} entries, as far as was ever signed"))
            }
            verdict @ (Signing::Unknown | Signing::Behind { .. }) => {
                Finding::fault("log", verdict.to_string())
            }
        },
    }
}

fn witnesses(seen: &Seen) -> Finding {
    let size = seen.newest.as_ref().map_or(0, |log| log.size);
    let witnessed = seen.witnessed.as_ref().map_or(0, |checkpoint| checkpoint.size);
    let text = format!("{witnessed} of {size} entries are witnessed");
    if seen.peers == 0 {
        Finding::warning("witnesses", "nobody witnesses the log: pair with another authority")
    } else if witnessed < size {
        Finding::warning(
            "witnesses",
            format!("{text}: if that lasts, see whether peers can be reached"),
        )
    } else {
        Finding::sound("witnesses", text)
    }
}

fn conflicts(seen: &Seen) -> Finding {
    match seen.conflicts.first() {
        None => Finding::sound("logs of others", "none contradicted itself"),
        Some(newest) => Finding::fault(
            "logs of others",
            format!(
                "{} requests contradict what this node cosigned, the newest from {}: {}; ask that authority, the requests are kept as evidence",
                seen.conflicts.len(),
                newest.origin,
                newest.reason
            ),
        ),
    }
}

fn backlog(backlog: &Backlog) -> Finding {
    let text = format!("{} records wait for {}", backlog.queued, backlog.peer);
    if backlog.is_paired != 1 {
        let text =
            format!("{text}, which is no peer any more: they go out once it is paired again");
        return Finding::sound("outbox", text);
    }
    if backlog.attempts > 0 {
        Finding::warning(
            "outbox",
            format!("{text}, tried {} times: see whether it can be reached", backlog.attempts),
        )
    } else {
        Finding::sound("outbox", text)
    }
}
