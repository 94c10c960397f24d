//! `sealane log check`: derives every log again from the stored statements and compares leaves, tiles, roots,
//! checkpoints, receipts and published files; reads only, beside a running node.
//!
//! A log is looked at as it stood when its check began: what the node seals meanwhile is left to the next check.

mod published;
mod walk;

use std::sync::Arc;

use ed25519_dalek::VerifyingKey;

use crate::domain::id::AuthorityName;
use crate::node::clock::Clock;
use crate::node::config::Config;
use crate::node::log::{HighWater, HighWaterFile, LogError, LogFiles};
use crate::node::start::{StartError, store_configs};
use crate::node::store::logs::{self, Log};
use crate::node::store::{Store, StoreConfig, StoreError, Tx, peers};
use crate::node::upkeep::log_check::published::Published;
use crate::node::upkeep::log_check::walk::Walk;
use crate::node::upkeep::{Findings, Progress};
use crate::record::KeyId;
use crate::record::card::SignedCard;
use crate::transparency::key::{KeyKind, VerifierKey};

/// What to do if the store itself is wrong.
pub(super) const STORE_CHANGED: &str = "the store was changed or damaged: stop the node, keep a copy of the data directory as evidence, restore a backup";

/// Why the check could not be made.
#[derive(Debug, thiserror::Error)]
pub enum CheckError {
    /// There is no store.
    #[error("{0} is not there: name the configuration of a node that was set up, in --config")]
    Absent(std::path::PathBuf),
    /// The node has no card.
    #[error("the store holds no card of {0}: it belongs to another node")]
    NoCard(AuthorityName),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Published files or the high-water file.
    #[error(transparent)]
    Log(#[from] LogError),
    /// The places of the store, or the keys.
    #[error(transparent)]
    Start(#[from] StartError),
    /// A use case.
    #[error(transparent)]
    Casework(#[from] crate::node::casework::Error),
    /// There is no such peer.
    #[error("{0} was never paired with this node: `sealane peers list` names the peers")]
    NoPeer(String),
}

/// What was checked.
#[derive(Clone, Debug, Default)]
pub struct Checked {
    /// The logs.
    pub logs: u64,
    /// Their leaves.
    pub leaves: u64,
    /// Their tiles.
    pub tiles: u64,
    /// Their signed checkpoints.
    pub checkpoints: u64,
    /// Their receipts.
    pub receipts: u64,
    /// Published files.
    pub files: u64,
    /// What was found.
    pub findings: Findings,
}

/// Checks all logs of a node.
///
/// # Errors
/// If there is no node, or its store cannot be read.
pub async fn log_check(
    config: &Config,
    clock: Arc<dyn Clock>,
    progress: Progress<'_>,
) -> Result<Checked, CheckError> {
    let store = open_store(config, clock).await?;
    let checked = check_all(config, &store, progress).await;
    store.close().await;
    checked
}

/// Opens the store of a node beside it. One that is not there is not made.
pub(super) async fn open_store(
    config: &Config,
    clock: Arc<dyn Clock>,
) -> Result<Store, CheckError> {
    let (main, _) = store_configs(config)?;
    if let StoreConfig::Sqlite { path } = &main
        && !path.is_file()
    {
        return Err(CheckError::Absent(path.clone()));
    }
    Ok(Store::open(&main, clock).await?)
}

async fn check_all(
    config: &Config,
    store: &Store,
    progress: Progress<'_>,
) -> Result<Checked, CheckError> {
    let mut checked = Checked::default();
    for fault in store.check().await? {
        checked.findings.add("the store's file", fault, STORE_CHANGED);
    }
    let keys = LogKeys::read(store, &config.node.authority).await?;
    let logs = store.read("check_logs", |tx| Box::pin(async move { logs::list(tx).await })).await?;
    let total = logs.iter().map(|log| to_u64(log.size)).sum();
    let mut done = 0_u64;
    for log in logs {
        // The files first: what they publish must then be in the store.
        let files = LogFiles::at(&config.node.data_dir);
        let published = Published::read(&files, &log.origin, &mut checked.findings).await?;
        let (log, last) = newest_of(store, log).await?;
        let mut walk = Walk::new(store, &log, keys.of(&log.origin), published, &mut checked);
        walk.run(last, &mut |leaves| {
            done = done.saturating_add(leaves);
            progress(done, total);
        })
        .await?;
        checked.logs = checked.logs.saturating_add(1);
    }
    high_water(config, store, &mut checked.findings).await?;
    Ok(checked)
}

/// A log and its newest checkpoint in one snapshot.
async fn newest_of(store: &Store, log: Log) -> Result<(Log, Option<logs::Checkpoint>), StoreError> {
    store
        .read("check_log", move |tx| {
            Box::pin(async move {
                let last = logs::last_checkpoint(tx, &log.origin).await?;
                Ok((logs::get(tx, &log.origin).await?.unwrap_or(log), last))
            })
        })
        .await
}

/// The high-water file must not be above the store: then checkpoints were signed that the store does not know.
async fn high_water(
    config: &Config,
    store: &Store,
    findings: &mut Findings,
) -> Result<(), CheckError> {
    // Opening would make it.
    if !config.node.data_dir.join("high-water").is_file() {
        findings.note("there is no high-water file: at its next start the node asks its witnesses before it signs");
        return Ok(());
    }
    let Some(highest) = HighWaterFile::open(&config.node.data_dir)?.highest() else {
        return Ok(());
    };
    let newest =
        store.read("check_newest", |tx| Box::pin(async move { logs::newest(tx).await })).await?;
    if newest.as_ref().is_none_or(|log| highest.is_above(&HighWater::of(log))) {
        let size = newest.map_or(0, |log| log.size);
        findings.add(
            &highest.origin,
            format!("the store holds {size} entries, but {} were signed before", highest.size),
            "the store is an older copy: restore a newer one; see OPERATIONS, behind its witnesses",
        );
    }
    Ok(())
}

/// The keys by which the own log and its witnesses signed, of all versions of the cards.
struct LogKeys {
    /// Log keys as the cards name them.
    log: Vec<VerifierKey>,
    receipt: Vec<VerifyingKey>,
    witness: Vec<VerifierKey>,
}

/// The keys of one log.
pub(super) struct Keys {
    /// Of the log.
    pub(super) log: Vec<VerifierKey>,
    /// Of the log and of its witnesses.
    pub(super) all: Vec<VerifierKey>,
    receipt: Vec<VerifyingKey>,
}

impl Keys {
    /// The receipt key that a receipt names.
    pub(super) fn receipt(&self, id: Option<KeyId>) -> Option<&VerifyingKey> {
        match id {
            Some(id) => self.receipt.iter().find(|key| KeyId::of(key) == id),
            None => self.receipt.last(),
        }
    }
}

impl LogKeys {
    async fn read(store: &Store, own: &AuthorityName) -> Result<Self, CheckError> {
        let name = own.to_string();
        let (ours, others) = store
            .read("check_cards", move |tx| Box::pin(async move { cards(tx, &name).await }))
            .await?;
        if ours.is_empty() {
            return Err(CheckError::NoCard(own.clone()));
        }
        let log = ours.iter().flat_map(|signed| signed.card.log_vkeys.iter());
        let witness = others.iter().map(|signed| &signed.card.witness_vkey);
        Ok(Self {
            log: log.filter_map(|vkey| vkey.parse().ok()).collect(),
            receipt: ours.iter().map(|signed| signed.card.receipt_key).collect(),
            witness: witness.filter_map(|vkey| vkey.parse().ok()).collect(),
        })
    }

    /// A card names the logs of two years; the key is the same for all years until it is replaced.
    fn of(&self, origin: &str) -> Keys {
        let mut log: Vec<VerifierKey> = Vec::new();
        for key in &self.log {
            if let Ok(key) = VerifierKey::new(origin, KeyKind::Log, key.public_key())
                && !log.contains(&key)
            {
                log.push(key);
            }
        }
        let all = log.iter().chain(&self.witness).cloned().collect();
        Keys { log, all, receipt: self.receipt.clone() }
    }
}

/// The own cards and those of all others, every version.
async fn cards(tx: &mut Tx, own: &str) -> Result<(Vec<SignedCard>, Vec<SignedCard>), StoreError> {
    let (mut ours, mut others) = (Vec::new(), Vec::new());
    for current in peers::cards(tx).await? {
        let versions = peers::cards_of(tx, &current.authority).await?;
        let sound = versions.iter().filter_map(|row| SignedCard::decode(&row.card).ok());
        if current.authority == own { ours.extend(sound) } else { others.extend(sound) }
    }
    Ok((ours, others))
}

pub(super) fn to_u64(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}

pub(super) fn to_i64(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
