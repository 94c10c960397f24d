//! `sealane audit`: holds store, records and log against each other, and the books kept with each peer; repairs nothing.
//!
//! Reads beside a running node. A record is looked at in one snapshot; what changed since the snapshot before is what
//! the node did meanwhile, so comparisons across records name only what is settled.

mod objects;
mod peer;
mod projections;
mod records;
mod trail;

use std::path::PathBuf;

use crate::domain::id::AuthorityName;
use crate::node::casework::Desk;
use crate::node::config::Config;
use crate::node::keys::KeyDir;
use crate::node::start::{DeskParts, Seams, StartError, desk, store_configs};
use crate::node::store::records as rows;
use crate::node::store::{KeyVault, Store, StoreConfig};
use crate::node::upkeep::log_check::{CheckError, open_store};
use crate::node::upkeep::reconcile::peer::Books;
use crate::node::upkeep::reconcile::records::Records;
use crate::node::upkeep::{Findings, Progress};

/// Records that are read at once.
const PAGE: i64 = 256;

/// What was compared.
#[derive(Clone, Debug, Default)]
pub struct Reconciled {
    /// Records.
    pub records: u64,
    /// Objects with their chains.
    pub objects: u64,
    /// Rows of cases, evidence, requests and blobs.
    pub rows: u64,
    /// Events of the audit trail.
    pub events: u64,
    /// Deliveries to and from peers.
    pub deliveries: u64,
    /// What was found.
    pub findings: Findings,
}

/// What all comparisons work with.
struct Audit {
    desk: Desk,
    store: Store,
    blobs: PathBuf,
    own: AuthorityName,
}

/// Compares everything; with `peer` only the books kept with that authority.
///
/// # Errors
/// If there is no node or no such peer, or the store or the keys cannot be read.
pub async fn reconcile(
    config: &Config,
    seams: &Seams,
    peer: Option<&str>,
    progress: Progress<'_>,
) -> Result<Reconciled, CheckError> {
    let store = open_store(config, seams.clock.clone()).await?;
    let (_, place) = store_configs(config)?;
    if let StoreConfig::Sqlite { path } = &place
        && !path.is_file()
    {
        return Err(CheckError::Absent(path.clone()));
    }
    let vault = KeyVault::open(&place, seams.clock.clone()).await?;
    let compared = match opened(config, seams, (&store, &vault)) {
        Ok(audit) => audit.all(peer, progress).await,
        Err(error) => Err(error.into()),
    };
    store.close().await;
    vault.close().await;
    compared
}

fn opened(
    config: &Config,
    seams: &Seams,
    (store, vault): (&Store, &KeyVault),
) -> Result<Audit, StartError> {
    let keys = KeyDir::at(&config.node.data_dir);
    let signing = keys.signing_keys()?;
    let parts = DeskParts {
        store_key: keys.store_key()?,
        signing: &signing,
        signals: std::sync::Arc::default(),
    };
    Ok(Audit {
        desk: desk(config, seams, (store, vault), parts)?,
        store: store.clone(),
        blobs: config.node.data_dir.join("blobs"),
        own: config.node.authority.clone(),
    })
}

impl Audit {
    async fn all(
        &self,
        peer: Option<&str>,
        progress: Progress<'_>,
    ) -> Result<Reconciled, CheckError> {
        self.desk.cards.refresh(&self.store).await?;
        let mut done = Reconciled::default();
        let mut books = Books::of(self, peer).await?;
        let mut records = Records::begin(self).await?;
        let last = self
            .store
            .read("audit_last", |tx| Box::pin(async move { rows::last_seq(tx).await }))
            .await?;
        let mut seq = 0;
        while seq < last {
            let page = self
                .store
                .read("audit_records", move |tx| {
                    Box::pin(async move { rows::after(tx, seq, PAGE).await })
                })
                .await?;
            let Some(end) = page.last().map(|row| row.seq) else { break };
            if peer.is_none() {
                records.check(self, &page, &mut done).await?;
                objects::check(self, &page, &mut done).await?;
            }
            books.check(self, &page, &mut done).await?;
            seq = end;
            progress(to_u64(seq), to_u64(last));
        }
        records.end(&mut done.findings);
        books.end(&mut done.findings);
        if peer.is_none() {
            projections::check(self, &mut done).await?;
            trail::check(self, &mut done).await?;
        }
        Ok(done)
    }
}

fn to_u64(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}
