//! Content keys: one for each thing that can be erased, wrapped by the store key; keeps no data and no rows itself.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::hkdf;
use zeroize::Zeroizing;

use crate::domain::id::ObjectId;
use crate::node::rng::{Rng, random};

/// The first byte of everything sealed here; a new format gets a new number.
const FORMAT: u8 = 1;

/// How many content keys stay in memory before the memory is emptied.
const CACHE_KEYS_MAX: usize = 4096;

/// What one content key covers, and what is lost together when it is destroyed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyGroup(String);

impl KeyGroup {
    /// The fields of a case that are not about a person.
    #[must_use]
    pub fn case(case: ObjectId) -> Self {
        Self(format!("case:{case}"))
    }

    /// The fields about one subject of a case.
    #[must_use]
    pub fn subject(case: ObjectId, number: u32) -> Self {
        Self(format!("subject:{case}/{number}"))
    }

    /// The bytes of an evidence item.
    #[must_use]
    pub fn evidence(item: ObjectId) -> Self {
        Self(format!("evidence:{item}"))
    }

    /// The fields of any other object: a request, a task force, a share.
    #[must_use]
    pub fn object(object: ObjectId) -> Self {
        Self(format!("object:{object}"))
    }

    /// The answers that are kept for a while, so that a request can be repeated.
    #[must_use]
    pub fn answers() -> Self {
        Self("answers".to_owned())
    }

    /// The terms by which cases are found.
    #[must_use]
    pub fn search() -> Self {
        Self("search".to_owned())
    }

    /// The group of a name that was stored before.
    #[must_use]
    pub fn stored(name: &str) -> Self {
        Self(name.to_owned())
    }

    /// The name under which the vault keeps the group's key.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for KeyGroup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Why a sealed value cannot be opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// It was written by a newer version.
    #[error("the sealed value has format {0}, which this version does not know: upgrade the node")]
    Format(u8),
    /// The key, the place or the bytes are not those of the sealing.
    #[error("the sealed value does not open: it was changed, moved, or sealed under another key")]
    Damaged,
}

/// A 256-bit AES-GCM key. Wiped when the last holder drops it; never printed.
#[derive(Clone)]
pub struct ContentKey(Arc<Zeroizing<[u8; 32]>>);

impl ContentKey {
    /// A fresh key.
    #[must_use]
    pub fn generate(rng: &dyn Rng) -> Self {
        let mut key = Zeroizing::new([0; 32]);
        rng.fill(&mut *key);
        Self(Arc::new(key))
    }

    /// Seals a value: format, random nonce, ciphertext and tag. `aad` names the place it belongs to.
    #[must_use]
    pub fn seal(&self, rng: &dyn Rng, aad: &[u8], plain: &[u8]) -> Vec<u8> {
        seal(&self.0, rng, aad, plain)
    }

    /// Opens what [`ContentKey::seal`] made for the same place.
    ///
    /// # Errors
    /// If the format is unknown, or the key, the place or a byte differs.
    pub fn open(&self, aad: &[u8], sealed: &[u8]) -> Result<Vec<u8>, OpenError> {
        open(&self.0, aad, sealed)
    }

    /// A key for another use that is lost with this one, such as `blob` for the bytes of evidence.
    #[must_use]
    pub fn derive(&self, purpose: &str) -> Zeroizing<[u8; 32]> {
        expand(&self.0, &[b"sealane/content/1/", purpose.as_bytes()])
    }
}

impl fmt::Debug for ContentKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ContentKey(..)")
    }
}

/// The node's key that wraps every content key; it seals nothing else.
#[derive(Clone)]
pub struct StoreKey(Arc<Zeroizing<[u8; 32]>>);

impl StoreKey {
    /// The key with these bytes.
    #[must_use]
    pub fn new(bytes: &[u8; 32]) -> Self {
        Self(Arc::new(Zeroizing::new(*bytes)))
    }

    fn wrap(&self, rng: &dyn Rng, group: &KeyGroup, key: &ContentKey) -> Vec<u8> {
        seal(&self.0, rng, group.as_str().as_bytes(), &**key.0)
    }

    fn unwrap(&self, group: &KeyGroup, wrapped: &[u8]) -> Result<ContentKey, OpenError> {
        let plain = Zeroizing::new(open(&self.0, group.as_str().as_bytes(), wrapped)?);
        let key = <[u8; 32]>::try_from(plain.as_slice()).map_err(|_| OpenError::Damaged)?;
        Ok(ContentKey(Arc::new(Zeroizing::new(key))))
    }
}

impl fmt::Debug for StoreKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StoreKey(..)")
    }
}

/// What went wrong in the vault; the cause is the store's own.
pub type VaultError = Box<dyn std::error::Error + Send + Sync>;

/// Where wrapped content keys are kept, apart from the rows that need them.
#[async_trait]
pub trait Vault: Send + Sync + 'static {
    /// The wrapped key of a group, if it has one.
    async fn get(&self, group: &str) -> Result<Option<Vec<u8>>, VaultError>;

    /// Keeps a wrapped key unless the group has one, durably, and gives back the one that is kept. Nothing if the group's key was destroyed: what is erased never comes back under its old name.
    async fn put_if_absent(
        &self,
        group: &str,
        wrapped: Vec<u8>,
    ) -> Result<Option<Vec<u8>>, VaultError>;

    /// Destroys a group's key, durably.
    async fn destroy(&self, group: &str) -> Result<(), VaultError>;
}

/// Why there is no content key.
#[derive(Debug, thiserror::Error)]
pub enum ContentKeyError {
    /// The group was erased.
    #[error("the key of {0} was destroyed: its content is erased for good")]
    Erased(KeyGroup),
    /// The kept key does not open under the store key.
    #[error(
        "the key of {group} does not open under this node's store key: restore keys/store.key and the key store from one backup"
    )]
    Unwrap {
        /// Whose key.
        group: KeyGroup,
        /// Why.
        #[source]
        source: OpenError,
    },
    /// The vault failed.
    #[error("the store of content keys failed")]
    Vault(#[source] VaultError),
}

/// Hands out content keys; remembers some.
pub struct ContentKeys {
    store_key: StoreKey,
    vault: Arc<dyn Vault>,
    rng: Arc<dyn Rng>,
    cache: Mutex<Cache>,
}

/// Keys in memory. The epoch grows with each destroyed key, so that a reader who asked the vault
/// before a destruction cannot put the dead key back afterwards.
#[derive(Default)]
struct Cache {
    epoch: u64,
    keys: HashMap<KeyGroup, ContentKey>,
}

impl ContentKeys {
    /// Content keys over a vault.
    #[must_use]
    pub fn new(store_key: StoreKey, vault: Arc<dyn Vault>, rng: Arc<dyn Rng>) -> Self {
        Self { store_key, vault, rng, cache: Mutex::default() }
    }

    /// The group's key; a new one is durable in the vault before it is returned.
    ///
    /// # Errors
    /// If the group was erased, its key does not open, or the vault fails.
    pub async fn get_or_create(&self, group: &KeyGroup) -> Result<ContentKey, ContentKeyError> {
        if let Some(key) = self.get(group).await? {
            return Ok(key);
        }
        let epoch = self.epoch();
        let fresh = ContentKey::generate(&*self.rng);
        let wrapped = self.store_key.wrap(&*self.rng, group, &fresh);
        let kept = self
            .vault
            .put_if_absent(group.as_str(), wrapped)
            .await
            .map_err(ContentKeyError::Vault)?
            .ok_or_else(|| ContentKeyError::Erased(group.clone()))?;
        // Two callers may race: both use the key that the vault kept.
        self.remember(epoch, group, &kept)
    }

    /// The group's key, or nothing if there is none or it was destroyed.
    ///
    /// # Errors
    /// If the key does not open or the vault fails.
    pub async fn get(&self, group: &KeyGroup) -> Result<Option<ContentKey>, ContentKeyError> {
        let (epoch, cached) =
            self.with_cache(|cache| (cache.epoch, cache.keys.get(group).cloned()));
        if cached.is_some() {
            return Ok(cached);
        }
        let wrapped = self.vault.get(group.as_str()).await.map_err(ContentKeyError::Vault)?;
        wrapped.map(|wrapped| self.remember(epoch, group, &wrapped)).transpose()
    }

    /// Destroys the group's key, in the vault first, then in memory.
    ///
    /// # Errors
    /// If the vault fails; the key is then still in force.
    pub async fn destroy(&self, group: &KeyGroup) -> Result<(), ContentKeyError> {
        self.vault.destroy(group.as_str()).await.map_err(ContentKeyError::Vault)?;
        self.with_cache(|cache| {
            cache.epoch = cache.epoch.wrapping_add(1);
            cache.keys.remove(group);
        });
        Ok(())
    }

    /// Grows with each key that this node destroys: what was opened before may be what was erased.
    #[must_use]
    pub fn epoch(&self) -> u64 {
        self.with_cache(|cache| cache.epoch)
    }

    fn remember(
        &self,
        epoch: u64,
        group: &KeyGroup,
        wrapped: &[u8],
    ) -> Result<ContentKey, ContentKeyError> {
        let key = self
            .store_key
            .unwrap(group, wrapped)
            .map_err(|source| ContentKeyError::Unwrap { group: group.clone(), source })?;
        self.with_cache(|cache| {
            if cache.epoch == epoch {
                if cache.keys.len() >= CACHE_KEYS_MAX {
                    cache.keys.clear();
                }
                cache.keys.insert(group.clone(), key.clone());
            }
        });
        Ok(key)
    }

    fn with_cache<T>(&self, act: impl FnOnce(&mut Cache) -> T) -> T {
        act(&mut self.cache.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl fmt::Debug for ContentKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ContentKeys(..)")
    }
}

fn seal(key: &[u8; 32], rng: &dyn Rng, aad: &[u8], plain: &[u8]) -> Vec<u8> {
    let nonce = random::<NONCE_LEN>(rng);
    let mut out = Vec::with_capacity(1 + NONCE_LEN + plain.len() + AES_256_GCM.tag_len());
    out.push(FORMAT);
    out.extend_from_slice(&nonce);
    out.extend_from_slice(plain);
    let (_, text) = out.split_at_mut(1 + NONCE_LEN);
    let tag = cipher(key)
        .seal_in_place_separate_tag(Nonce::assume_unique_for_key(nonce), bind(aad), text)
        .expect("AES-GCM seals anything shorter than 64 GiB");
    out.extend_from_slice(tag.as_ref());
    out
}

fn open(key: &[u8; 32], aad: &[u8], sealed: &[u8]) -> Result<Vec<u8>, OpenError> {
    let (format, rest) = sealed.split_first().ok_or(OpenError::Damaged)?;
    if *format != FORMAT {
        return Err(OpenError::Format(*format));
    }
    let (nonce, text) = rest.split_first_chunk::<NONCE_LEN>().ok_or(OpenError::Damaged)?;
    let mut text = text.to_vec();
    let plain = cipher(key)
        .open_in_place(Nonce::assume_unique_for_key(*nonce), bind(aad), &mut text)
        .map_err(|_| OpenError::Damaged)?
        .len();
    text.truncate(plain);
    Ok(text)
}

/// The format byte is part of what is authenticated, so a value cannot be passed off as one of another format.
fn bind(place: &[u8]) -> Aad<Vec<u8>> {
    let mut aad = Vec::with_capacity(1 + place.len());
    aad.push(FORMAT);
    aad.extend_from_slice(place);
    Aad::from(aad)
}

fn expand(key: &[u8; 32], info: &[&[u8]]) -> Zeroizing<[u8; 32]> {
    let mut out = Zeroizing::new([0; 32]);
    hkdf::Prk::new_less_safe(hkdf::HKDF_SHA256, key)
        .expand(info, hkdf::HKDF_SHA256)
        .and_then(|okm| okm.fill(&mut *out))
        .expect("HKDF-SHA256 gives 32 bytes");
    out
}

fn cipher(key: &[u8; 32]) -> LessSafeKey {
    LessSafeKey::new(UnboundKey::new(&AES_256_GCM, key).expect("AES-256 takes 32 bytes"))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;
    use crate::node::rng::{OsRng, SeededRng};

    /// A vault in memory; a destroyed group stays destroyed.
    #[derive(Default)]
    struct MemoryVault(Mutex<BTreeMap<String, Option<Vec<u8>>>>);

    #[async_trait]
    impl Vault for MemoryVault {
        async fn get(&self, group: &str) -> Result<Option<Vec<u8>>, VaultError> {
            Ok(self.0.lock().unwrap().get(group).cloned().flatten())
        }

        async fn put_if_absent(
            &self,
            group: &str,
            wrapped: Vec<u8>,
        ) -> Result<Option<Vec<u8>>, VaultError> {
            let mut rows = self.0.lock().unwrap();
            Ok(rows.entry(group.to_owned()).or_insert(Some(wrapped)).clone())
        }

        async fn destroy(&self, group: &str) -> Result<(), VaultError> {
            self.0.lock().unwrap().insert(group.to_owned(), None);
            Ok(())
        }
    }

    fn keys_over(vault: &Arc<MemoryVault>, store_key: u8) -> ContentKeys {
        let vault = Arc::<MemoryVault>::clone(vault);
        ContentKeys::new(StoreKey::new(&[store_key; 32]), vault, Arc::new(OsRng))
    }

    fn group(n: u8) -> KeyGroup {
        KeyGroup::case(ObjectId::from_random([n; 16]))
    }

    fn same(a: &ContentKey, b: &ContentKey) -> bool {
        a.0 == b.0
    }

    proptest! {
        #[test]
        fn a_value_opens_in_its_place_only(
            plain in proptest::collection::vec(any::<u8>(), 0..200), flip in any::<prop::sample::Index>(),
        ) {
            let rng = SeededRng::new(2);
            let key = ContentKey::generate(&rng);
            let sealed = key.seal(&rng, b"record/3", &plain);
            prop_assert_eq!(key.open(b"record/3", &sealed), Ok(plain));
            prop_assert_eq!(key.open(b"record/4", &sealed), Err(OpenError::Damaged));
            let mut changed = sealed.clone();
            changed[flip.index(sealed.len())] ^= 1;
            prop_assert!(key.open(b"record/3", &changed).is_err());
            let cut = flip.index(sealed.len());
            prop_assert!(key.open(b"record/3", &sealed[..cut]).is_err());
        }
    }

    #[test]
    fn a_newer_format_asks_for_an_upgrade() {
        let rng = SeededRng::new(2);
        let key = ContentKey::generate(&rng);
        let mut sealed = key.seal(&rng, b"", b"x");
        sealed[0] = 2;
        assert_eq!(key.open(b"", &sealed), Err(OpenError::Format(2)));
    }

    #[test]
    fn equal_values_are_sealed_differently() {
        let rng = SeededRng::new(2);
        let key = ContentKey::generate(&rng);
        assert_ne!(key.seal(&rng, b"", b"x"), key.seal(&rng, b"", b"x"));
    }

    #[test]
    fn derived_keys_differ_by_purpose() {
        let key = ContentKey::generate(&SeededRng::new(2));
        assert_eq!(key.derive("blob"), key.derive("blob"));
        assert_ne!(key.derive("blob"), key.derive("other"));
    }

    #[tokio::test]
    async fn a_group_keeps_its_key_across_restarts() {
        let vault = Arc::new(MemoryVault::default());
        let first = keys_over(&vault, 1).get_or_create(&group(1)).await.unwrap();
        let second = keys_over(&vault, 1).get_or_create(&group(1)).await.unwrap();
        assert!(same(&first, &second));
        let other = keys_over(&vault, 1).get_or_create(&group(2)).await.unwrap();
        assert!(!same(&first, &other));
    }

    #[tokio::test]
    async fn a_wrapped_key_opens_for_its_group_and_store_key_only() {
        let vault = Arc::new(MemoryVault::default());
        keys_over(&vault, 1).get_or_create(&group(1)).await.unwrap();
        let stranger = keys_over(&vault, 2).get(&group(1)).await;
        assert!(matches!(stranger, Err(ContentKeyError::Unwrap { .. })));
        let moved = vault.get(group(1).as_str()).await.unwrap().unwrap();
        vault.put_if_absent(group(2).as_str(), moved).await.unwrap();
        let moved = keys_over(&vault, 1).get(&group(2)).await;
        assert!(matches!(moved, Err(ContentKeyError::Unwrap { .. })));
    }

    #[tokio::test]
    async fn a_destroyed_key_is_gone_from_memory_and_never_made_again() {
        let vault = Arc::new(MemoryVault::default());
        let keys = keys_over(&vault, 1);
        keys.get_or_create(&group(1)).await.unwrap();
        keys.destroy(&group(1)).await.unwrap();
        assert!(keys.get(&group(1)).await.unwrap().is_none());
        let again = keys.get_or_create(&group(1)).await;
        assert!(matches!(again, Err(ContentKeyError::Erased(_))));
    }

    #[tokio::test]
    async fn a_reader_that_is_late_does_not_bring_a_destroyed_key_back() {
        let vault = Arc::new(MemoryVault::default());
        let keys = keys_over(&vault, 1);
        keys_over(&vault, 1).get_or_create(&group(1)).await.unwrap();
        let epoch = keys.with_cache(|cache| cache.epoch);
        let read_before = vault.get(group(1).as_str()).await.unwrap().unwrap();
        keys.destroy(&group(1)).await.unwrap();
        keys.remember(epoch, &group(1), &read_before).unwrap();
        assert!(keys.get(&group(1)).await.unwrap().is_none());
    }

    #[test]
    fn nothing_printed_shows_a_key() {
        let key = ContentKey::generate(&SeededRng::new(2));
        assert_eq!(format!("{key:?} {:?}", StoreKey::new(&[1; 32])), "ContentKey(..) StoreKey(..)");
    }
}
