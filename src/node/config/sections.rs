//! The sections of the configuration with their defaults; checks nothing beyond the type of a value.

use std::net::{Ipv4Addr, SocketAddr};
use std::num::NonZeroU32;
use std::path::PathBuf;

use serde::{Deserialize, Deserializer, de};

use crate::domain::id::AuthorityName;
use crate::policy::RequiredTraining;

/// Who this node is.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Node {
    /// The authority's name in the federation.
    #[serde(deserialize_with = "authority")]
    pub authority: AuthorityName,
    /// The authority's name as officers read it.
    pub title: String,
    /// ISO 3166-1 alpha-2 code, user-assigned codes included.
    pub country: String,
    /// Where store, blobs, keys and log live.
    pub data_dir: PathBuf,
}

/// The exchange with other authorities, over UDP.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Peer {
    /// The UDP address to listen on.
    pub listen: SocketAddr,
    /// The `host:port` addresses that the card tells to peers; empty means the address listened on.
    pub advertise: Vec<String>,
    /// The largest UDP payload that path discovery may try, in bytes.
    pub mtu_max: u16,
}

/// The API and the console, over TCP.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Http {
    /// The TCP address to listen on.
    pub listen: SocketAddr,
    /// PEM file of the certificate chain; without it only loopback is served, in clear.
    pub tls_certificate: Option<PathBuf>,
    /// PEM file of the certificate's private key.
    pub tls_key: Option<PathBuf>,
    /// Whether log tiles and the witness endpoint answer without sign-in.
    pub public_log: bool,
}

/// Health and metrics, loopback only.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Management {
    /// The TCP address to listen on.
    pub listen: SocketAddr,
}

/// Which database is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Backend {
    /// A PostgreSQL server.
    Postgres,
    /// A file in the data directory.
    Sqlite,
}

/// The database.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Store {
    /// Which database is used.
    pub backend: Backend,
    /// A file that holds the PostgreSQL connection URL, since it holds a password.
    pub url_file: Option<PathBuf>,
}

/// How many witnesses must cosign before a checkpoint counts as witnessed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WitnessQuorum {
    /// More than half of the peers.
    Majority,
    /// That many.
    Fixed(NonZeroU32),
}

/// The append-only log.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Log {
    /// The least time between two published checkpoints, in milliseconds.
    pub publish_interval_ms: u64,
    /// How many witnesses must cosign.
    #[serde(deserialize_with = "quorum")]
    pub witness_quorum: WitnessQuorum,
}

/// House rules that an authority may choose.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Policy {
    /// Whether what leaves the house needs a second officer.
    pub four_eyes: bool,
    /// How long backups are kept, in days; certificates of erasure say so.
    pub backup_days: u32,
    /// How many days before something is due its officer is told.
    pub lead_days: u32,
    /// How many different cases and items an officer may read within the window before an alarm is raised; 0: no alarm.
    pub bulk_read_items: u32,
    /// The length of that window, in minutes.
    pub bulk_read_minutes: u32,
    /// The highest classification level that the node is accredited for.
    pub level_max: u8,
    /// The training without which a role of an officer is not in force.
    #[serde(deserialize_with = "required_training")]
    pub required_training: RequiredTraining,
}

/// The form of log lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// One JSON object a line.
    Json,
    /// Lines for people.
    Text,
}

/// What the node says about itself.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Telemetry {
    /// The form of log lines.
    pub format: LogFormat,
    /// Which log lines are written, in the syntax of `tracing` filters.
    pub filter: String,
}

/// Bounds on what others may make the node do.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// The largest API request body in bytes, uploads of evidence apart.
    pub body_bytes_max: usize,
    /// The largest evidence file in bytes.
    pub evidence_bytes_max: u64,
    /// The longest an API request may take, uploads and downloads of evidence apart.
    pub request_timeout_secs: u64,
    /// Open API connections.
    pub http_connections_max: usize,
    /// Open API connections of one address.
    pub http_connections_per_address_max: usize,
    /// API requests under one token in a second, on average; four times as many at once.
    pub token_requests_per_sec: u32,
    /// API requests with a token that is not valid, from one network in a minute.
    pub sign_in_failures_per_min: u32,
    /// Open connections of peers.
    pub peer_connections_max: usize,
    /// Below this share of free disk the node takes in no evidence and no declarations, in percent; 0 never refuses.
    pub disk_free_percent_min: u8,
}

impl Default for Peer {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::UNSPECIFIED, 4710)),
            advertise: Vec::new(),
            mtu_max: 1452,
        }
    }
}

impl Default for Http {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8710)),
            tls_certificate: None,
            tls_key: None,
            public_log: false,
        }
    }
}

impl Default for Management {
    fn default() -> Self {
        Self { listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 9480)) }
    }
}

impl Default for Store {
    fn default() -> Self {
        Self { backend: Backend::Sqlite, url_file: None }
    }
}

impl Default for Log {
    fn default() -> Self {
        Self { publish_interval_ms: 200, witness_quorum: WitnessQuorum::Majority }
    }
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            four_eyes: true,
            backup_days: 90,
            lead_days: 3,
            bulk_read_items: 100,
            bulk_read_minutes: 60,
            level_max: 1,
            required_training: RequiredTraining::default(),
        }
    }
}

impl Default for Telemetry {
    fn default() -> Self {
        Self { format: LogFormat::Text, filter: "info".to_owned() }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body_bytes_max: 256 * 1024,
            evidence_bytes_max: 64 * 1024 * 1024 * 1024,
            request_timeout_secs: 30,
            http_connections_max: 1024,
            http_connections_per_address_max: 64,
            token_requests_per_sec: 50,
            sign_in_failures_per_min: 30,
            peer_connections_max: 256,
            disk_free_percent_min: 5,
        }
    }
}

/// The domain knows no serde, so the name is read here.
fn authority<'de, D: Deserializer<'de>>(deserializer: D) -> Result<AuthorityName, D::Error> {
    String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
}

/// As [`authority`]: the rules know no serde either.
fn required_training<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<RequiredTraining, D::Error> {
    let entries = Vec::<String>::deserialize(deserializer)?;
    RequiredTraining::parse(&entries).map_err(de::Error::custom)
}

fn quorum<'de, D: Deserializer<'de>>(deserializer: D) -> Result<WitnessQuorum, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Written {
        Count(u32),
        Word(String),
    }
    let refusal = || de::Error::custom("witness_quorum is \"majority\" or a number from 1 up");
    let count = match Written::deserialize(deserializer).map_err(|_| refusal())? {
        Written::Word(word) if word == "majority" => return Ok(WitnessQuorum::Majority),
        Written::Word(word) => word.parse().map_err(|_| refusal())?,
        Written::Count(count) => count,
    };
    NonZeroU32::new(count).map(WitnessQuorum::Fixed).ok_or_else(refusal)
}
