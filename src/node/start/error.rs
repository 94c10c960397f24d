//! Why a node does not start: each sentence says what to do to the node that is there, never to set it up anew.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use crate::domain::time::Timestamp;
use crate::node::blobs::BlobError;
use crate::node::drill::UnknownPoint;
use crate::node::http::tls::TlsError;
use crate::node::keys::KeyError;
use crate::node::log::LogError;
use crate::node::mail::MailSetupError;
use crate::node::peer::{BindError, OwnCertificateError};
use crate::node::profiles::ProfileError;
use crate::node::store::StoreError;
use crate::node::telemetry::TelemetryError;
use crate::transparency::key::KeyError as NoteKeyError;

/// Why a node does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Another process has the data directory.
    #[error("another process works on {}: a data directory belongs to one running node; stop that one first", .0.display())]
    Locked(PathBuf),
    /// The folder cannot be used.
    #[error("cannot use {}: {source}; see whether node.data_dir and store.url_file in the configuration name the right places and this user may use them; if the folder was lost, restore a backup", path.display())]
    DataDir {
        /// The folder or file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A file of the store is not there.
    #[error("{} is missing, though the node was set up: restore it from a backup with `sealane restore`; a new, empty one would forget what this node has signed", .0.display())]
    StoreMissing(PathBuf),
    /// The clock is before the newest record.
    #[error(
        "the clock says {now}, but the newest record was stored at {newest}: set the clock of this machine, then start again"
    )]
    ClockBehind {
        /// The present, as the clock says.
        now: Timestamp,
        /// When the newest record was stored.
        newest: Timestamp,
    },
    /// An address or socket cannot be listened on.
    #[error(transparent)]
    Listen(#[from] ListenError),
    /// The own card is not in the store, or names other keys.
    #[error(transparent)]
    Card(#[from] OwnCardError),
    /// The drill is unknown.
    #[error(transparent)]
    Drill(#[from] UnknownPoint),
    /// The mail server cannot be asked as the configuration says.
    #[error(transparent)]
    Mail(#[from] MailSetupError),
    /// Keys and certificates.
    #[error(transparent)]
    Keys(#[from] NodeKeyError),
    /// Store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Blobs.
    #[error(transparent)]
    Blobs(#[from] BlobError),
    /// Log.
    #[error(transparent)]
    Log(#[from] LogError),
    /// What the program brings along.
    #[error(transparent)]
    Program(#[from] ProgramError),
}

/// Where the node cannot listen.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    /// A TCP port is taken.
    #[error(
        "{address} ({setting}) is in use: stop the other program or change {setting} in the configuration"
    )]
    InUse {
        /// The address.
        address: SocketAddr,
        /// Where it is set.
        setting: &'static str,
    },
    /// A TCP address cannot be listened on.
    #[error("cannot listen on {address} ({setting}): {source}")]
    Refused {
        /// The address.
        address: SocketAddr,
        /// Where it is set.
        setting: &'static str,
        /// What the system says.
        source: io::Error,
    },
    /// The local socket cannot be made.
    #[error("cannot make the administrator's socket {}: {source}; shorten the path of the data directory if it is longer than 100 bytes", path.display())]
    Socket {
        /// The socket.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The exchange's socket.
    #[error(transparent)]
    Peers(#[from] BindError),
}

/// What is wrong with the own card.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OwnCardError {
    /// There is none.
    #[error(
        "the store holds no card of this node, so it is not the store that belongs to this configuration: restore store, keys and configuration from one backup"
    )]
    Missing,
    /// A key of the card is not the node's.
    #[error(
        "the keys are not those of this node's card: restore keys and store from one backup, or sign a new card with `sealane peers card --root FILE`"
    )]
    OtherKeys,
}

/// What is wrong with keys or certificates.
#[derive(Debug, thiserror::Error)]
pub enum NodeKeyError {
    /// A file.
    #[error(transparent)]
    File(#[from] KeyError),
    /// A key's name.
    #[error(transparent)]
    Name(#[from] NoteKeyError),
    /// The own certificate.
    #[error(transparent)]
    Certificate(#[from] OwnCertificateError),
    /// The PEM of the own certificate.
    #[error(
        "keys/tls.pem or keys/tls.key cannot be read as PEM: restore them from the backup of the keys"
    )]
    Pem,
    /// The certificate of the API.
    #[error(transparent)]
    Api(#[from] TlsError),
}

/// What is wrong with what the program brings along.
#[derive(Debug, thiserror::Error)]
pub enum ProgramError {
    /// The instrument profiles that ship with it.
    #[error(transparent)]
    Profiles(#[from] ProfileError),
    /// Metrics.
    #[error(transparent)]
    Telemetry(#[from] TelemetryError),
}

/// Errors of parts become those of the group that they belong to.
macro_rules! grouped {
    ($($part:ty => $group:ident;)+) => {
        $(impl From<$part> for StartError {
            fn from(error: $part) -> Self {
                Self::$group(error.into())
            }
        })+
    };
}

grouped! {
    BindError => Listen;
    KeyError => Keys;
    NoteKeyError => Keys;
    OwnCertificateError => Keys;
    TlsError => Keys;
    ProfileError => Program;
    TelemetryError => Program;
}
