//! Sets a node up in an empty folder: keys, certificate, configuration, an empty store, the first card. Starts nothing.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ed25519_dalek::VerifyingKey;
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
        previous: None,
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
    let (main, keys) = crate::node::start::store_places(config)
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
    /// The card that it replaces, whose keys stay listed.
    pub previous: Option<&'a Card>,
    /// The present.
    pub now: Timestamp,
}

/// Why a card cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum CardMakingError {
    /// The CA certificate is not PEM.
    #[error("ca.pem does not hold a certificate; restore it from the backup of the keys")]
    Anchor,
    /// A card has room for one receipt key, so receipts under the old one could not be checked any more.
    #[error(
        "the receipt key is not that of the card in force: a card names one receipt key, and the receipts given under the old one would no longer verify; restore receipt.key from the backup of the keys"
    )]
    ReceiptKey,
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

/// Signs a card with the root key: the keys in use, and the logs of this year and the next. What the card before named
/// stays listed, so that old records and logs verify with the newest card alone.
///
/// # Errors
/// If a key or certificate cannot be used, or the receipt key is not that of the card before.
pub fn sign_card(
    facts: &CardFacts<'_>,
    root: &RoleKey,
    rng: &dyn Rng,
) -> Result<SignedCard, CardMakingError> {
    let CardFacts { config, keys, tls, version, previous, now } = facts;
    if previous.is_some_and(|card| card.receipt_key != keys.receipt.public()) {
        return Err(CardMakingError::ReceiptKey);
    }
    let authority = config.node.authority.clone();
    let anchor = CertificateDer::from_pem_slice(tls.ca_pem.as_bytes())
        .map_err(|_| CardMakingError::Anchor)?;
    let log_vkey = |year: i32| {
        let origin = authority.log_origin(year);
        VerifierKey::new(&origin, KeyKind::Log, &keys.log.public()).map(|key| key.to_string())
    };
    let mut log_vkeys = vec![log_vkey(now.year())?, log_vkey(now.year() + 1)?];
    for old in previous.iter().flat_map(|card| &card.log_vkeys) {
        if !log_vkeys.contains(old) {
            log_vkeys.push(old.clone());
        }
    }
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
        record_keys: record_keys(keys.record.public(), *previous, *now),
        receipt_key: keys.receipt.public(),
        log_vkeys,
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

/// The key in use, valid since it was first listed, and the keys before it with the validity that they had.
fn record_keys(key: VerifyingKey, previous: Option<&Card>, now: Timestamp) -> Vec<RecordKey> {
    let listed: &[RecordKey] = previous.map_or(&[], |card| &card.record_keys);
    let known = listed.iter().filter(|old| old.key == key).map(|old| old.not_before).min();
    let not_before = known.unwrap_or_else(|| now.plus_secs(-RECORD_KEY_SLACK_SECS));
    let not_after = now.plus_secs(RECORD_KEY_DAYS * DAY_SECS);
    let mut keys = vec![RecordKey { key, not_before, not_after }];
    keys.extend(listed.iter().filter(|old| old.key != key).cloned());
    keys
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::node::rng::OsRng;

    #[test]
    fn a_renewed_card_keeps_the_keys_and_logs_of_the_card_before() {
        let folder = tempfile::tempdir().unwrap();
        let [old_dir, new_dir] = ["old", "new"].map(|name| folder.path().join(name));
        for dir in [&old_dir, &new_dir] {
            fs::create_dir(dir).unwrap();
        }
        let authority: AuthorityName = "customs.xa.example".parse().unwrap();
        let text = file_with(&[
            ("node.authority", authority.as_str().into()),
            ("node.title", "XA".into()),
            ("node.country", "XA".into()),
            ("node.data_dir", DATA_FOLDER.into()),
        ])
        .unwrap();
        let config = Config::parse(&text, folder.path(), []).unwrap();
        let then = Timestamp::from_secs(1_795_502_520);
        let later = then.plus_secs(400 * DAY_SECS);
        let dir = KeyDir::create(&old_dir, &authority, &OsRng, then).unwrap();
        let other = KeyDir::create(&new_dir, &authority, &OsRng, then).unwrap();
        let (root, tls) = (dir.root_key().unwrap(), dir.tls().unwrap());
        let mut keys = dir.signing_keys().unwrap();
        let sign = |keys: &SigningKeys, previous: Option<&Card>, now| {
            let facts = CardFacts { config: &config, keys, tls: &tls, version: 1, previous, now };
            sign_card(&facts, &root, &OsRng).map(|signed| signed.card)
        };
        let first = sign(&keys, None, then).unwrap();
        let [old] = first.record_keys.as_slice() else { panic!("one key") };

        let same = sign(&keys, Some(&first), later).unwrap();
        let [kept] = same.record_keys.as_slice() else { panic!("still one key") };
        assert_eq!((kept.key, kept.not_before), (old.key, old.not_before));
        assert!(kept.not_after > old.not_after);
        assert_eq!(same.log_vkeys.len(), 3, "2026, 2027 and 2028");
        assert!(first.log_vkeys.iter().all(|vkey| same.log_vkeys.contains(vkey)));
        assert!(same.log_vkeys.first().is_some_and(|vkey| vkey.contains("/log/2027")));

        let mut replaced = other.signing_keys().unwrap();
        let refused = sign(&replaced, Some(&first), later);
        assert!(matches!(refused, Err(CardMakingError::ReceiptKey)));
        std::mem::swap(&mut replaced.record, &mut keys.record);
        let renewed = sign(&keys, Some(&first), later).unwrap();
        assert_eq!(renewed.record_keys.len(), 2);
        assert!(renewed.record_keys.contains(old), "with the validity that it had");
    }
}
