//! Sets a node up in an empty folder: keys, certificate, configuration, an empty store, the first card. Starts nothing.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

use crate::domain::id::{AuthorityName, ObjectId};
use crate::domain::time::Timestamp;
use crate::node::clock::Clock;
use crate::node::config::{Config, ConfigError, file_with};
use crate::node::keys::words::Fingerprint;
use crate::node::keys::{KeyDir, KeyError, RoleKey, SigningKeys, TlsIdentity};
use crate::node::rng::{Rng, random};
use crate::node::store::{KeyVault, Store, StoreError, peers};
use crate::node::trust::card_row;
use crate::record::card::{Card, CardError, RecordKey, SignedCard};
use crate::record::field::FieldError;
use crate::record::payload::{ACTOR_NODE, Common};
use crate::record::{Payload, Record, Signer};
use crate::transparency::key::{KeyError as NoteKeyError, KeyKind, VerifierKey};

/// The configuration's file name.
pub const CONFIG_FILE: &str = "sealane.toml";
/// The data directory below the node's folder.
const DATA_FOLDER: &str = "data";
/// A record key may have signed a little before the card was made: clocks of one machine are no evidence.
const RECORD_KEY_SLACK_SECS: i64 = 3600;
/// How long a record key may sign; a new card renews it.
const RECORD_KEY_DAYS: i64 = 3 * 365;
const DAY_SECS: i64 = 86_400;

/// What an administrator says about a new node.
#[derive(Clone, Debug)]
pub struct NewNode {
    /// The folder, empty or not there yet.
    pub dir: PathBuf,
    /// The authority's name.
    pub authority: AuthorityName,
    /// Its name for officers.
    pub title: String,
    /// Its country.
    pub country: String,
    /// The UDP address for peers.
    pub listen: String,
    /// The TCP address of the API.
    pub http: String,
    /// The TCP address of health and metrics.
    pub management: String,
    /// Where peers reach it; empty is the address that it listens on.
    pub advertise: Vec<String>,
}

/// A node that was set up.
#[derive(Clone, Debug)]
pub struct SetUp {
    /// Its configuration file.
    pub config: PathBuf,
    /// The file of the root key, to be taken away.
    pub root_key: PathBuf,
    /// The fingerprint words.
    pub words: String,
}

/// Why a node cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum InitError {
    /// Something is in the folder.
    #[error("{} is not empty: a node is set up in an empty folder; name another one in --dir", .0.display())]
    NotEmpty(PathBuf),
    /// The folder cannot be made or written.
    #[error("cannot write {}: {source}; check its path and mode", path.display())]
    Io {
        /// The path.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The settings do not fit.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The keys cannot be made.
    #[error(transparent)]
    Keys(#[from] KeyError),
    /// The store cannot be made.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The card cannot be signed.
    #[error(transparent)]
    Card(#[from] CardMakingError),
}

/// Sets the node up.
///
/// # Errors
/// If the folder is not empty or not writable, or a setting does not fit. What was written before stays to be looked at.
pub async fn init(
    node: &NewNode,
    clock: Arc<dyn Clock>,
    rng: &dyn Rng,
) -> Result<SetUp, InitError> {
    let io = |path: &Path| {
        let path = path.to_owned();
        move |source| InitError::Io { path, source }
    };
    make_empty(&node.dir)?;
    let text = file_with(&[
        ("node.authority", node.authority.as_str().into()),
        ("node.title", node.title.as_str().into()),
        ("node.country", node.country.as_str().into()),
        ("node.data_dir", DATA_FOLDER.into()),
        ("peer.listen", node.listen.as_str().into()),
        ("peer.advertise", node.advertise.clone().into()),
        ("http.listen", node.http.as_str().into()),
        ("management.listen", node.management.as_str().into()),
    ])?;
    // Judged before anything is written.
    let config = Config::parse(&text, &node.dir, [])?;
    let data = config.node.data_dir.clone();
    fs::create_dir_all(&data).map_err(io(&data))?;
    let now = clock.now();
    let keys = KeyDir::create(&data, &node.authority, rng, now)?;
    let root = keys.root_key()?;
    let facts = CardFacts {
        config: &config,
        keys: &keys.signing_keys()?,
        tls: &keys.tls()?,
        version: 1,
        now,
    };
    let card = sign_card(&facts, &root, rng)?;
    keep_card(&config, clock, &card).await?;
    let file = node.dir.join(CONFIG_FILE);
    fs::write(&file, text).map_err(io(&file))?;
    Ok(SetUp {
        config: file,
        root_key: keys.root_key_path(),
        words: Fingerprint::of(&node.authority, &root.public()).to_string(),
    })
}

fn make_empty(dir: &Path) -> Result<(), InitError> {
    let io = |source| InitError::Io { path: dir.to_owned(), source };
    match fs::read_dir(dir) {
        Ok(mut entries) => match entries.next() {
            None => Ok(()),
            Some(_) => Err(InitError::NotEmpty(dir.to_owned())),
        },
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            fs::create_dir_all(dir).map_err(io)
        }
        Err(error) => Err(io(error)),
    }
}

async fn keep_card(
    config: &Config,
    clock: Arc<dyn Clock>,
    card: &SignedCard,
) -> Result<(), StoreError> {
    let (main, keys) = crate::node::start::store_configs(config)
        .map_err(|error| StoreError::Settings(error.to_string()))?;
    let row = card_row(card, clock.now().0);
    let vault = KeyVault::open(&keys, Arc::clone(&clock)).await?;
    let store = Store::open(&main, clock).await?;
    let kept = store
        .write_with("card_first", row, |tx, row| {
            Box::pin(async move { peers::add_card(tx, row).await.map(drop) })
        })
        .await;
    store.close().await;
    vault.close().await;
    kept
}

/// What a card says, and where it comes from.
pub struct CardFacts<'a> {
    /// Name, title, country, addresses.
    pub config: &'a Config,
    /// The keys in use.
    pub keys: &'a SigningKeys,
    /// The local CA.
    pub tls: &'a TlsIdentity,
    /// The card's version.
    pub version: i64,
    /// The present.
    pub now: Timestamp,
}

/// Why a card cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum CardMakingError {
    /// The CA certificate is not PEM.
    #[error("ca.pem does not hold a certificate; restore it from the backup of the keys")]
    Anchor,
    /// A key cannot be named.
    #[error(transparent)]
    Key(#[from] NoteKeyError),
    /// The record cannot be made.
    #[error(transparent)]
    Record(#[from] FieldError),
    /// The card does not read back.
    #[error(transparent)]
    Card(#[from] CardError),
}

/// Signs a card with the root key: the keys in use, and the logs of this year and the next.
///
/// # Errors
/// If a key or certificate cannot be used.
pub fn sign_card(
    facts: &CardFacts<'_>,
    root: &RoleKey,
    rng: &dyn Rng,
) -> Result<SignedCard, CardMakingError> {
    let CardFacts { config, keys, tls, version, now } = facts;
    let authority = config.node.authority.clone();
    let anchor = CertificateDer::from_pem_slice(tls.ca_pem.as_bytes())
        .map_err(|_| CardMakingError::Anchor)?;
    let log_vkey = |year: i32| {
        let origin = authority.log_origin(year);
        VerifierKey::new(&origin, KeyKind::Log, &keys.log.public()).map(|key| key.to_string())
    };
    let witness = authority.witness_name();
    let card = Card {
        authority: authority.clone(),
        version: *version,
        title: config.node.title.clone(),
        country: config.node.country.clone(),
        addresses: addresses(config),
        http: None,
        anchors: vec![anchor.to_vec()],
        root_key: root.public(),
        record_keys: vec![RecordKey {
            key: keys.record.public(),
            not_before: now.plus_secs(-RECORD_KEY_SLACK_SECS),
            not_after: now.plus_secs(RECORD_KEY_DAYS * DAY_SECS),
        }],
        receipt_key: keys.receipt.public(),
        log_vkeys: vec![log_vkey(now.year())?, log_vkey(now.year() + 1)?],
        witness_vkey: VerifierKey::new(&witness, KeyKind::Witness, &keys.witness.public())?
            .to_string(),
    };
    let common = Common {
        kind: Card::KIND.to_owned(),
        prev: None,
        object: ObjectId::from_random(random(rng)),
        actor: ACTOR_NODE.to_owned(),
        role: ACTOR_NODE.to_owned(),
        purpose: String::new(),
        authored_at: *now,
        profile: None,
    };
    let signer = Signer::new(root.signing_key().clone());
    let mut draw = |bytes: &mut [u8]| rng.fill(bytes);
    let record = Record::sign(common, &card, &authority, &signer, &mut draw)?;
    Ok(SignedCard::of(record)?)
}

/// Where peers reach the node, as its card says.
#[must_use]
pub fn addresses(config: &Config) -> Vec<String> {
    if config.peer.advertise.is_empty() {
        vec![config.peer.listen.to_string()]
    } else {
        config.peer.advertise.clone()
    }
}
