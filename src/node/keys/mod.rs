//! The node's keys: one file a role, certificates, fingerprint words and the content keys that seal data at rest.
//! Decides nothing about whom to trust and signs nothing itself.

mod armour;
pub mod certificate;
pub mod content;
pub mod files;
mod private_file;
pub mod role;
mod vault;
pub mod words;

pub use certificate::{CertificateError, Renewal};
pub use content::{
    ContentKey, ContentKeyError, ContentKeys, KeyGroup, OpenError, StoreKey, Vault, VaultError,
};
pub use files::{KeyDir, KeyError, SigningKeys, TlsIdentity};
pub use private_file::PrivateFileError;
pub use role::{KeyRole, RoleKey};
pub use words::{Fingerprint, InvalidWords};
