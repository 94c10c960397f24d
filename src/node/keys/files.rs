//! The folder of key files: makes them once, loads them, refuses what others could read; keeps no key longer than asked.

use std::fmt;
use std::path::{Path, PathBuf};

use ed25519_dalek::SigningKey;
use ed25519_dalek::pkcs8::spki::der::pem::LineEnding;
use ed25519_dalek::pkcs8::{DecodePrivateKey, EncodePrivateKey, KeypairBytes};
use rcgen::KeyPair;
use zeroize::Zeroizing;

use crate::domain::id::AuthorityName;
use crate::domain::time::Timestamp;
use crate::node::keys::armour;
use crate::node::keys::certificate::{self, Ca, CertificateError, Renewal};
use crate::node::keys::content::StoreKey;
use crate::node::keys::private_file::{self, PrivateFileError};
use crate::node::keys::role::{KeyRole, RoleKey};
use crate::node::rng::{Rng, random};

const STORE_KEY: &str = "store.key";
const TLS_KEY: &str = "tls.key";
const TLS_CERTIFICATE: &str = "tls.pem";
const CA_KEY: &str = "ca.key";
const CA_CERTIFICATE: &str = "ca.pem";

/// Why the keys cannot be made or used.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The file is missing, too wide, of another user, in the way or unreadable.
    #[error(transparent)]
    File(#[from] PrivateFileError),
    /// The file is there and private, but its content is not a key of its kind.
    #[error("{path} does not hold {expected}: restore it from the backup of the keys")]
    Garbled {
        /// The file.
        path: PathBuf,
        /// What it should hold.
        expected: &'static str,
    },
    /// A certificate cannot be read or made.
    #[error(transparent)]
    Certificate(#[from] CertificateError),
}

/// The folder `keys` below a node's data directory.
#[derive(Clone, Debug)]
pub struct KeyDir {
    folder: PathBuf,
}

impl KeyDir {
    /// The folder of keys of an existing node; opens nothing yet.
    #[must_use]
    pub fn at(data_dir: &Path) -> Self {
        Self { folder: data_dir.join("keys") }
    }

    /// Makes every key of a new node, a local CA and the first node certificate.
    ///
    /// The folder appears as a whole or not at all, so a crash leaves no half set of keys behind.
    ///
    /// # Errors
    /// If the node has keys already, or the folder cannot be written.
    pub fn create(
        data_dir: &Path,
        authority: &AuthorityName,
        rng: &dyn Rng,
        now: Timestamp,
    ) -> Result<Self, KeyError> {
        let made = Self::at(data_dir);
        if made.folder.exists() {
            return Err(PrivateFileError::Exists { path: made.folder }.into());
        }
        let draft = Self { folder: data_dir.join("keys.new") };
        // Keys of a draft were never used by anyone: a leftover of a crash is safe to drop.
        if draft.folder.exists() {
            std::fs::remove_dir_all(&draft.folder)
                .map_err(|source| PrivateFileError::Io { path: draft.folder.clone(), source })?;
        }
        private_file::create_folder(&draft.folder)?;
        draft.write_all(authority, rng, now)?;
        private_file::sync_folder(&draft.folder)?;
        std::fs::rename(&draft.folder, &made.folder)
            .map_err(|source| PrivateFileError::Io { path: made.folder.clone(), source })?;
        private_file::sync_folder(data_dir)?;
        Ok(made)
    }

    /// Renews the node certificate if less than 30 days of it are left, or if it is missing or unreadable.
    ///
    /// The TLS key stays, so that peers who pinned it are not disturbed. A certificate of a CA whose key is not here
    /// is left alone.
    ///
    /// # Errors
    /// If the CA's files or the TLS key cannot be used, or the new certificate cannot be written.
    pub fn renew_if_due(
        &self,
        authority: &AuthorityName,
        rng: &dyn Rng,
        now: Timestamp,
    ) -> Result<Renewal, KeyError> {
        let path = self.path(TLS_CERTIFICATE);
        let current =
            private_file::read_public(&path).ok().and_then(|pem| certificate::not_after(&pem).ok());
        if let Some(not_after) = current {
            if !certificate::is_due(not_after, now) {
                return Ok(Renewal::NotDue { not_after });
            }
            if !self.path(CA_KEY).exists() {
                return Ok(Renewal::NotOurs { not_after });
            }
        }
        let ca = Ca {
            certificate_pem: private_file::read_public(&self.path(CA_CERTIFICATE))?.to_string(),
            key_pem: self.secret(CA_KEY)?,
        };
        let tls_key = self.secret(TLS_KEY)?;
        let issued = certificate::issue(&ca, &tls_key, authority, rng, now)?;
        let not_after = certificate::not_after(&issued)?;
        private_file::replace(&path, issued.as_bytes())?;
        Ok(Renewal::Renewed { not_after })
    }

    /// The signing keys that a running node needs. The root key's file is not opened.
    ///
    /// # Errors
    /// If a file is missing, garbled, or reachable by others.
    pub fn signing_keys(&self) -> Result<SigningKeys, KeyError> {
        Ok(SigningKeys {
            record: self.role_key(KeyRole::Record)?,
            log: self.role_key(KeyRole::Log)?,
            receipt: self.role_key(KeyRole::Receipt)?,
            witness: self.role_key(KeyRole::Witness)?,
        })
    }

    /// The root key, for `init` and `peers card` only.
    ///
    /// # Errors
    /// If the file is missing, garbled, or reachable by others.
    pub fn root_key(&self) -> Result<RoleKey, KeyError> {
        self.role_key(KeyRole::Root)
    }

    /// The root key in a file that is kept elsewhere.
    ///
    /// # Errors
    /// If the file is missing, garbled, or reachable by others.
    pub fn root_key_from(path: &Path) -> Result<RoleKey, KeyError> {
        read_role_key(KeyRole::Root, path)
    }

    /// The key that wraps all content keys.
    ///
    /// # Errors
    /// If the file is missing, garbled, or reachable by others.
    pub fn store_key(&self) -> Result<StoreKey, KeyError> {
        let text = self.secret(STORE_KEY)?;
        let key = armour::read(&text).ok_or_else(|| KeyError::Garbled {
            path: self.path(STORE_KEY),
            expected: "an armoured store key",
        })?;
        Ok(StoreKey::new(&key))
    }

    /// What TLS needs: the node certificate, its key and the CA that issued it.
    ///
    /// # Errors
    /// If a file is missing or garbled, the key is reachable by others, or certificate and key do not belong together.
    pub fn tls(&self) -> Result<TlsIdentity, KeyError> {
        let key_pem = self.secret(TLS_KEY)?;
        let key = KeyPair::from_pem(&key_pem).map_err(|_| KeyError::Garbled {
            path: self.path(TLS_KEY),
            expected: "a private key as PKCS#8 PEM",
        })?;
        let certificate_pem = private_file::read_public(&self.path(TLS_CERTIFICATE))?.to_string();
        certificate::check_pair(&certificate_pem, &key)?;
        let ca_pem = private_file::read_public(&self.path(CA_CERTIFICATE))?.to_string();
        let not_after = certificate::not_after(&certificate_pem)?;
        certificate::not_after(&ca_pem)?;
        Ok(TlsIdentity { certificate_pem, ca_pem, not_after, key_pem })
    }

    /// Where the root key's file is, to tell the administrator to take it away.
    #[must_use]
    pub fn root_key_path(&self) -> PathBuf {
        self.path(&KeyRole::Root.file_name())
    }

    fn write_all(
        &self,
        authority: &AuthorityName,
        rng: &dyn Rng,
        now: Timestamp,
    ) -> Result<(), KeyError> {
        for role in KeyRole::ALL {
            let path = self.path(&role.file_name());
            let pem = to_pem(RoleKey::generate(role, rng).signing_key(), &path)?;
            private_file::create(&path, pem.as_bytes())?;
        }
        let store = Zeroizing::new(random::<32>(rng));
        private_file::create(&self.path(STORE_KEY), armour::write(&store).as_bytes())?;

        let tls_path = self.path(TLS_KEY);
        let tls_seed = Zeroizing::new(random::<32>(rng));
        let tls_key = to_pem(&SigningKey::from_bytes(&tls_seed), &tls_path)?;
        let ca = certificate::create_ca(authority, rng, now)?;
        let leaf = certificate::issue(&ca, &tls_key, authority, rng, now)?;
        private_file::create(&tls_path, tls_key.as_bytes())?;
        private_file::create(&self.path(TLS_CERTIFICATE), leaf.as_bytes())?;
        private_file::create(&self.path(CA_KEY), ca.key_pem.as_bytes())?;
        private_file::create(&self.path(CA_CERTIFICATE), ca.certificate_pem.as_bytes())?;
        Ok(())
    }

    fn role_key(&self, role: KeyRole) -> Result<RoleKey, KeyError> {
        private_file::check_folder(&self.folder)?;
        read_role_key(role, &self.path(&role.file_name()))
    }

    fn secret(&self, file_name: &str) -> Result<Zeroizing<String>, KeyError> {
        private_file::check_folder(&self.folder)?;
        Ok(private_file::read(&self.path(file_name))?)
    }

    fn path(&self, file_name: &str) -> PathBuf {
        self.folder.join(file_name)
    }
}

/// The signing keys of a running node; the root key is not among them.
#[derive(Clone, Debug)]
pub struct SigningKeys {
    /// Signs records.
    pub record: RoleKey,
    /// Signs checkpoints of the own log.
    pub log: RoleKey,
    /// Signs receipts of the own log.
    pub receipt: RoleKey,
    /// Cosigns the logs of others.
    pub witness: RoleKey,
}

/// What TLS needs of the folder of keys.
pub struct TlsIdentity {
    /// The node certificate, PEM.
    pub certificate_pem: String,
    /// The CA certificate that goes into the card as trust anchor, PEM.
    pub ca_pem: String,
    /// Until when the node certificate is valid.
    pub not_after: Timestamp,
    key_pem: Zeroizing<String>,
}

impl TlsIdentity {
    /// The node certificate's key, PKCS#8 PEM.
    #[must_use]
    pub fn key_pem(&self) -> &str {
        &self.key_pem
    }
}

impl fmt::Debug for TlsIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsIdentity").field("not_after", &self.not_after).finish_non_exhaustive()
    }
}

fn read_role_key(role: KeyRole, path: &Path) -> Result<RoleKey, KeyError> {
    let pem = private_file::read(path)?;
    Ok(RoleKey::new(role, parse_ed25519(&pem, path)?))
}

fn parse_ed25519(pem: &str, path: &Path) -> Result<SigningKey, KeyError> {
    SigningKey::from_pkcs8_pem(pem).map_err(|_| KeyError::Garbled {
        path: path.to_owned(),
        expected: "an Ed25519 key as PKCS#8 PEM",
    })
}

/// PKCS#8 version 1, without the public half, which is the form that OpenSSL reads too.
fn to_pem(key: &SigningKey, path: &Path) -> Result<Zeroizing<String>, KeyError> {
    KeypairBytes { secret_key: key.to_bytes(), public_key: None }
        .to_pkcs8_pem(LineEnding::LF)
        .map_err(|_| KeyError::Garbled { path: path.to_owned(), expected: "an Ed25519 key" })
}

#[cfg(test)]
mod tests {
    use std::fs::{Permissions, set_permissions};
    use std::os::unix::fs::PermissionsExt;
    use std::str::FromStr;

    use super::*;
    use crate::node::rng::SeededRng;

    const NOW: Timestamp = Timestamp::from_secs(1_795_502_520);

    fn authority() -> AuthorityName {
        AuthorityName::from_str("customs.xa.example").unwrap()
    }

    fn new_node() -> (tempfile::TempDir, KeyDir) {
        let dir = tempfile::tempdir().unwrap();
        let keys = KeyDir::create(dir.path(), &authority(), &SeededRng::new(1), NOW).unwrap();
        (dir, keys)
    }

    #[test]
    fn a_new_node_has_a_private_file_for_every_key() {
        let (dir, _) = new_node();
        let folder = dir.path().join("keys");
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o7777;
        assert_eq!(mode(&folder), 0o700);
        let mut names = Vec::new();
        for entry in std::fs::read_dir(&folder).unwrap() {
            let entry = entry.unwrap();
            assert_eq!(mode(&entry.path()), 0o600, "{:?}", entry.path());
            names.push(entry.file_name().into_string().unwrap());
        }
        names.sort();
        assert_eq!(
            names,
            [
                "ca.key",
                "ca.pem",
                "log.key",
                "receipt.key",
                "record.key",
                "root.key",
                "store.key",
                "tls.key",
                "tls.pem",
                "witness.key"
            ]
        );
    }

    #[test]
    fn keys_are_never_overwritten() {
        let (dir, keys) = new_node();
        let before = keys.root_key().unwrap().public();
        let again = KeyDir::create(dir.path(), &authority(), &SeededRng::new(2), NOW);
        assert!(matches!(again, Err(KeyError::File(PrivateFileError::Exists { .. }))));
        assert_eq!(keys.root_key().unwrap().public(), before);
    }

    #[test]
    fn a_half_made_folder_of_a_crash_is_replaced() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("keys.new")).unwrap();
        std::fs::write(dir.path().join("keys.new/root.key"), "half").unwrap();
        assert!(KeyDir::create(dir.path(), &authority(), &SeededRng::new(1), NOW).is_ok());
    }

    #[test]
    fn every_role_has_a_key_of_its_own() {
        let (_dir, keys) = new_node();
        let some = keys.signing_keys().unwrap();
        let mut publics: Vec<_> = [&some.record, &some.log, &some.receipt, &some.witness]
            .iter()
            .map(|key| key.public().to_bytes())
            .collect();
        publics.push(keys.root_key().unwrap().public().to_bytes());
        publics.sort_unstable();
        publics.dedup();
        assert_eq!(publics.len(), 5);
    }

    #[test]
    fn serving_keys_load_without_the_root_key() {
        let (_dir, keys) = new_node();
        std::fs::remove_file(keys.root_key_path()).unwrap();
        assert!(keys.signing_keys().is_ok());
        assert!(keys.store_key().is_ok());
        assert!(keys.tls().is_ok());
        assert!(matches!(
            keys.root_key(),
            Err(KeyError::File(PrivateFileError::Missing { path })) if path.ends_with("root.key")
        ));
    }

    #[test]
    fn a_key_file_that_others_can_read_is_refused_with_the_command_that_helps() {
        let (dir, keys) = new_node();
        for (file, mode) in [("record.key", 0o640), ("record.key", 0o604), ("record.key", 0o700)] {
            let path = dir.path().join("keys").join(file);
            set_permissions(&path, Permissions::from_mode(mode)).unwrap();
            let message = keys.signing_keys().unwrap_err().to_string();
            assert!(message.contains(&format!("chmod 0600 {}", path.display())), "{message}");
            set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
        }
        set_permissions(dir.path().join("keys"), Permissions::from_mode(0o750)).unwrap();
        let message = keys.store_key().unwrap_err().to_string();
        assert!(message.contains("chmod 0700"), "{message}");
    }

    #[test]
    fn a_key_file_of_another_user_is_refused() {
        let (dir, keys) = new_node();
        let path = dir.path().join("keys/log.key");
        // Only root can give files away; for others there is nothing to try.
        if std::os::unix::fs::chown(&path, Some(12_345), None).is_ok() {
            let error = keys.signing_keys().unwrap_err();
            assert!(
                matches!(error, KeyError::File(PrivateFileError::NotOurs { owner: 12_345, .. })),
                "{error}"
            );
        }
    }

    #[test]
    fn a_garbled_key_names_its_file() {
        let (dir, keys) = new_node();
        for file in ["log.key", "store.key", "tls.key"] {
            let path = dir.path().join("keys").join(file);
            let sound = std::fs::read(&path).unwrap();
            std::fs::write(&path, "-----BEGIN NOTHING-----").unwrap();
            let results = [keys.signing_keys().err(), keys.store_key().err(), keys.tls().err()];
            assert!(
                results.iter().flatten().any(|error| matches!(
                    error,
                    KeyError::Garbled { path, .. } if path.ends_with(file)
                )),
                "{file}"
            );
            std::fs::write(&path, sound).unwrap();
        }
    }

    #[test]
    fn nothing_printed_shows_a_secret() {
        let (dir, keys) = new_node();
        let shown = format!(
            "{:?} {:?} {:?}",
            keys.signing_keys().unwrap(),
            keys.store_key().unwrap(),
            keys.tls().unwrap()
        );
        let record = keys.signing_keys().unwrap().record.signing_key().to_bytes();
        assert!(!shown.contains(&hex::encode(record)));
        let pem = std::fs::read_to_string(dir.path().join("keys/tls.key")).unwrap();
        assert!(!shown.contains(pem.lines().nth(1).unwrap()));
    }

    #[test]
    fn a_certificate_is_renewed_in_its_last_thirty_days_only() {
        let (_dir, keys) = new_node();
        let rng = SeededRng::new(3);
        let day = 86_400;
        let first = keys.tls().unwrap();
        let early = keys.renew_if_due(&authority(), &rng, NOW.plus_secs(59 * day)).unwrap();
        assert!(matches!(early, Renewal::NotDue { .. }));
        let late = keys.renew_if_due(&authority(), &rng, NOW.plus_secs(61 * day)).unwrap();
        assert!(matches!(late, Renewal::Renewed { .. }));
        let second = keys.tls().unwrap();
        assert_eq!(second.not_after, NOW.plus_secs((61 + 90) * day));
        assert_ne!(first.certificate_pem, second.certificate_pem);
        assert_eq!(first.key_pem(), second.key_pem());
    }

    #[test]
    fn a_certificate_of_a_foreign_ca_is_left_alone() {
        let (dir, keys) = new_node();
        std::fs::remove_file(dir.path().join("keys/ca.key")).unwrap();
        let late = NOW.plus_secs(80 * 86_400);
        let done = keys.renew_if_due(&authority(), &SeededRng::new(3), late).unwrap();
        assert_eq!(done, Renewal::NotOurs { not_after: keys.tls().unwrap().not_after });
    }

    #[test]
    fn a_certificate_of_another_key_is_refused() {
        let (dir, keys) = new_node();
        let key = RoleKey::generate(KeyRole::Root, &SeededRng::new(9));
        let pem = to_pem(key.signing_key(), Path::new("")).unwrap();
        std::fs::write(dir.path().join("keys/tls.key"), pem.as_bytes()).unwrap();
        assert!(matches!(keys.tls(), Err(KeyError::Certificate(CertificateError::OtherKey))));
    }

    #[test]
    fn a_lost_certificate_is_issued_again() {
        let (dir, keys) = new_node();
        std::fs::remove_file(dir.path().join("keys/tls.pem")).unwrap();
        let done = keys.renew_if_due(&authority(), &SeededRng::new(3), NOW).unwrap();
        assert!(matches!(done, Renewal::Renewed { .. }));
        assert!(keys.tls().is_ok());
    }
}
