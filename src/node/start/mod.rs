//! From a configuration to the parts of a node, each checked in turn; every way to fail has its own sentence.

mod error;

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use arc_swap::ArcSwap;
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::net::TcpListener;

use crate::domain::time::Timestamp;
use crate::node::blobs::{Blobs, Disk, Room, SystemDisk};
use crate::node::casework::{BulkRead, CardBook, Desk, HouseRules, RefusalBudget};
use crate::node::clock::{Clock, SystemClock};
use crate::node::config::{Backend, Config};
use crate::node::drill::Drill;
use crate::node::keys::{ContentKeys, KeyDir, SigningKeys, StoreKey, TlsIdentity};
use crate::node::log::LogOpening as _;
use crate::node::peer::{
    Contacts, Courier, Endpoint, EndpointSetup, Hello, OwnCertificate, PeerLimits, PeerTrust,
    QuicCourier,
};
use crate::node::profiles::Profiles;
use crate::node::rng::{OsRng, Rng};
use crate::node::signals::Signals;
use crate::node::store::{KeyVault, Store, StoreConfig, StoreError, Tx, logs, records};
use crate::node::telemetry::Metrics;
use crate::record::Signer;

pub use crate::node::start::error::{
    ListenError, NodeKeyError, OwnCardError, ProgramError, StartError,
};

/// The clock may stand that much before the newest record: machines are set by a few seconds now and then.
pub(super) const CLOCK_SLACK_SECS: i64 = 300;
/// The minor version of the protocol `sealane/1` that this program speaks.
const PROTOCOL_MINOR: u64 = 0;

/// Where the node's time and randomness come from: the seams at which a test is the world.
#[derive(Clone)]
pub struct Seams {
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub rng: Arc<dyn Rng>,
    /// How much of the disk is free.
    pub disk: Arc<dyn Disk>,
}

impl Default for Seams {
    fn default() -> Self {
        Self { clock: Arc::new(SystemClock), rng: Arc::new(OsRng), disk: Arc::new(SystemDisk) }
    }
}

/// The parts that hold state, open and checked.
pub(super) struct Opened {
    pub(super) lock: File,
    pub(super) store: Store,
    pub(super) vault: KeyVault,
    pub(super) keys: KeyDir,
    pub(super) signing: SigningKeys,
    pub(super) own: Arc<OwnCertificate>,
    pub(super) desk: Arc<Desk>,
    pub(super) signals: Arc<Signals>,
    pub(super) drill: Drill,
    pub(super) exchange: Exchange,
}

/// The way to the peers.
pub(super) struct Exchange {
    pub(super) peers: Arc<PeerTrust>,
    pub(super) hello: Arc<ArcSwap<Hello>>,
    pub(super) endpoint: Endpoint,
    pub(super) courier: Arc<dyn Courier>,
    pub(super) contacts: Arc<Contacts>,
}

/// Locks the data directory and opens keys, store and casework.
pub(super) async fn open(config: &Config, seams: &Seams) -> Result<Opened, StartError> {
    let data = &config.node.data_dir;
    let lock = lock(data)?;
    let drill = Drill::of(config.crash_at.as_deref(), data)?;
    let keys = KeyDir::at(data);
    let signing = keys.signing_keys()?;
    let store_key = keys.store_key()?;
    let now = seams.clock.now();
    keys.renew_if_due(&config.node.authority, &*seams.rng, now)?;
    let (chain, key) = tls_parts(&keys.tls()?)?;
    let own = Arc::new(OwnCertificate::new(chain, key)?);
    // Before the store, so that nothing has to be closed if the port is taken.
    let exchange = exchange(config, seams, &own)?;
    let (main, vault) = store_configs(config)?;
    let vault = KeyVault::open(&vault, Arc::clone(&seams.clock)).await?;
    let store = Store::open(&main, Arc::clone(&seams.clock)).await?;
    check_clock(&store, now).await?;
    let signals = Arc::new(Signals::default());
    let parts = DeskParts { store_key, signing: &signing, signals: Arc::clone(&signals) };
    let desk = Arc::new(desk(config, seams, (&store, &vault), parts)?);
    desk.set_courier(Arc::clone(&exchange.courier));
    open_first_log(&desk, &store, now).await?;
    finish_erasures(&desk).await;
    Ok(Opened { lock, store, vault, keys, signing, own, desk, signals, drill, exchange })
}

/// The keys and wake-ups that a desk works with.
pub(super) struct DeskParts<'a> {
    pub(super) store_key: StoreKey,
    pub(super) signing: &'a SigningKeys,
    pub(super) signals: Arc<Signals>,
}

/// The use cases over an open store: of a running node, or of a check beside one, which reaches no peers.
pub(super) fn desk(
    config: &Config,
    seams: &Seams,
    (store, vault): (&Store, &KeyVault),
    parts: DeskParts<'_>,
) -> Result<Desk, StartError> {
    let content =
        ContentKeys::new(parts.store_key, Arc::new(vault.clone()), Arc::clone(&seams.rng));
    Ok(Desk {
        authority: config.node.authority.clone(),
        store: store.clone(),
        keys: Arc::new(content),
        blobs: Arc::new(Blobs::open(&config.node.data_dir.join("blobs"), Arc::clone(&seams.rng))?),
        room: Room::new(
            Arc::clone(&seams.disk),
            &config.node.data_dir,
            config.limits.disk_free_percent_min,
        ),
        cards: Arc::new(CardBook::default()),
        signer: Arc::new(Signer::new(parts.signing.record.signing_key().clone())),
        log_key: parts.signing.log.public(),
        clock: Arc::clone(&seams.clock),
        rng: Arc::clone(&seams.rng),
        signals: parts.signals,
        rules: HouseRules {
            four_eyes: config.policy.four_eyes,
            backup_days: config.policy.backup_days,
            lead_days: config.policy.lead_days,
            level_max: config.policy.level_max,
            bulk_read: BulkRead {
                items_max: config.policy.bulk_read_items,
                minutes: config.policy.bulk_read_minutes,
            },
            required_training: Arc::new(config.policy.required_training.clone()),
        },
        profiles: Arc::new(Profiles::shipped()?),
        courier: OnceLock::new(),
        refusals: RefusalBudget::default(),
        acts: Arc::default(),
        workflows: Arc::default(),
    })
}

/// Binds the exchange's socket; nobody is let in before the endpoint runs.
fn exchange(
    config: &Config,
    seams: &Seams,
    own: &Arc<OwnCertificate>,
) -> Result<Exchange, StartError> {
    let peers = Arc::new(PeerTrust::default());
    let hello = Hello { minor: PROTOCOL_MINOR, features: Vec::new(), card_version: 0 };
    let hello = Arc::new(ArcSwap::from_pointee(hello));
    let endpoint = Endpoint::bind(EndpointSetup {
        listen: config.peer.listen,
        limits: PeerLimits {
            connections_max: config.limits.peer_connections_max,
            mtu_max: config.peer.mtu_max,
            ..PeerLimits::default()
        },
        trust: Arc::clone(&peers),
        own: Arc::clone(own),
        clock: Arc::clone(&seams.clock),
    })?;
    let courier = Arc::new(QuicCourier::new(&endpoint, Arc::clone(&hello)));
    let contacts = courier.contacts();
    Ok(Exchange { peers, hello, endpoint, courier, contacts })
}

/// Takes the data directory for this process alone; the lock goes with the returned file.
///
/// # Errors
/// [`StartError::Locked`] if another process has it.
pub fn lock(data_dir: &Path) -> Result<File, StartError> {
    let path = data_dir.join("lock");
    let io = |source| StartError::DataDir { path: data_dir.to_owned(), source };
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(path)
        .map_err(io)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(StartError::Locked(data_dir.to_owned())),
        Err(TryLockError::Error(source)) => Err(io(source)),
    }
}

/// Where the store and the store of content keys are.
///
/// # Errors
/// If the file with the URL of the database cannot be read.
pub(super) fn store_places(config: &Config) -> Result<(StoreConfig, StoreConfig), StartError> {
    let data = &config.node.data_dir;
    match (config.store.backend, &config.store.url_file) {
        (Backend::Postgres, Some(file)) => {
            let url = fs::read_to_string(file)
                .map_err(|source| StartError::DataDir { path: file.clone(), source })?;
            let place = StoreConfig::Postgres { url: url.trim().to_owned() };
            Ok((place.clone(), place))
        }
        (Backend::Sqlite, _) | (Backend::Postgres, None) => {
            let file = |name: &str| StoreConfig::Sqlite { path: data.join(name) };
            Ok((file("store.db"), file("keys.db")))
        }
    }
}

/// Where the store and the store of content keys are, which must be there already: opening one makes it.
///
/// # Errors
/// If the file with the URL of the database cannot be read; [`StartError::StoreMissing`].
pub fn store_configs(config: &Config) -> Result<(StoreConfig, StoreConfig), StartError> {
    let (main, keys) = store_places(config)?;
    for place in [&main, &keys] {
        if let StoreConfig::Sqlite { path } = place
            && !path.exists()
        {
            return Err(StartError::StoreMissing(path.clone()));
        }
    }
    Ok((main, keys))
}

/// The chain and key that TLS shows.
pub(super) fn tls_parts(
    tls: &TlsIdentity,
) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>), StartError> {
    let chain = CertificateDer::pem_slice_iter(tls.certificate_pem.as_bytes())
        .collect::<Result<Vec<_>, _>>()
        .map_err(|_| NodeKeyError::Pem)?;
    let key =
        PrivateKeyDer::from_pem_slice(tls.key_pem().as_bytes()).map_err(|_| NodeKeyError::Pem)?;
    Ok((chain, key))
}

/// The TLS settings of the API, if it has a certificate.
pub(super) fn api_tls(config: &Config) -> Result<Option<Arc<ServerConfig>>, StartError> {
    match (&config.http.tls_certificate, &config.http.tls_key) {
        (Some(certificate), Some(key)) => {
            Ok(Some(crate::node::http::tls::server(certificate, key)?))
        }
        (Some(_) | None, _) => Ok(None),
    }
}

/// Binds a TCP listener.
pub(super) async fn listen(
    address: SocketAddr,
    setting: &'static str,
) -> Result<TcpListener, StartError> {
    TcpListener::bind(address).await.map_err(|source| match source.kind() {
        io::ErrorKind::AddrInUse => ListenError::InUse { address, setting }.into(),
        _ => ListenError::Refused { address, setting, source }.into(),
    })
}

/// The metrics of this process, however many nodes run in it.
pub(super) fn process_metrics() -> Result<Metrics, StartError> {
    static METRICS: OnceLock<Metrics> = OnceLock::new();
    if let Some(metrics) = METRICS.get() {
        return Ok(metrics.clone());
    }
    match Metrics::start() {
        Ok(metrics) => Ok(METRICS.get_or_init(|| metrics).clone()),
        // Another node of this process was faster.
        Err(error) => METRICS.get().cloned().ok_or_else(|| error.into()),
    }
}

async fn check_clock(store: &Store, now: Timestamp) -> Result<(), StartError> {
    let newest = store
        .read("newest_record", |tx| Box::pin(async move { newest_stored_at(tx).await }))
        .await?;
    match newest {
        Some(newest) if now.plus_secs(CLOCK_SLACK_SECS) < newest => {
            Err(StartError::ClockBehind { now, newest })
        }
        Some(_) | None => Ok(()),
    }
}

/// The genesis record must be the first of all records, so it is written before anybody can write another.
async fn open_first_log(desk: &Desk, store: &Store, now: Timestamp) -> Result<(), StartError> {
    let newest =
        store.read("log_any", |tx| Box::pin(async move { logs::newest(tx).await })).await?;
    if newest.is_none() {
        desk.open_log(now.year(), None).await?;
    }
    Ok(())
}

/// When the newest record was stored.
pub(super) async fn newest_stored_at(tx: &mut Tx) -> Result<Option<Timestamp>, StoreError> {
    let last = records::last_seq(tx).await?;
    let newest = records::after(tx, last.saturating_sub(1), 1).await?;
    Ok(newest.first().map(|record| Timestamp(record.stored_at)))
}

/// What two officers decided to erase is erased, also if the node was stopped in between.
async fn finish_erasures(desk: &Desk) {
    match desk.finish_erasures().await {
        Ok(0) => {}
        Ok(count) => tracing::info!(count, "carried out erasures that a stop had interrupted"),
        Err(error) => tracing::error!(
            cause = %error,
            "an erasure could not be carried out; confirm it again with `sealane erasure confirm`"
        ),
    }
}
