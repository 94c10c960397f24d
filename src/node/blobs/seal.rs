//! The form of a blob's file: a header, then AES-256-GCM chunks in the manner of STREAM; touches no file itself.
//!
//! Header, 48 bytes: `slnblob`, version 1, part, log2 of the chunk size, 6 zero bytes, salt of 32. Each file has its
//! own key, HKDF-SHA256 over the item's key and the salt, so two writings under one item key never share a nonce.
//! Chunk `i` holds 64 KiB (the last one less) and has the nonce `0 0 0`, `i` as 8 bytes big-endian, and 1 if it is
//! the last, else 0: a chunk that is missing, moved or behind the end does not open.

use std::fmt;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::hkdf;
use zeroize::Zeroizing;

use crate::node::blobs::error::BlobPart;

/// Plain bytes of every chunk but the last.
pub const CHUNK_BYTES: usize = 1 << CHUNK_LOG;

pub(super) const TAG_BYTES: usize = 16;
pub(super) const HEADER_BYTES: usize = 48;

const CHUNK_LOG: u8 = 16;
const MAGIC: &[u8; 8] = b"slnblob\x01";
const CHUNK: u64 = 1 << CHUNK_LOG;
const SEALED_CHUNK: u64 = CHUNK + TAG_BYTES as u64;

/// The key of one evidence item's bytes. Wiped when dropped; never printed.
#[derive(Clone)]
pub struct BlobKey(Zeroizing<[u8; 32]>);

impl BlobKey {
    /// The key with these bytes, such as a content key's `derive("blob")`.
    #[must_use]
    pub fn new(bytes: &[u8; 32]) -> Self {
        Self(Zeroizing::new(*bytes))
    }
}

impl fmt::Debug for BlobKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BlobKey(..)")
    }
}

/// The start of a blob's file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) part: BlobPart,
    pub(super) salt: [u8; 32],
}

impl Header {
    pub(super) fn to_bytes(self) -> [u8; HEADER_BYTES] {
        let mut bytes = [0; HEADER_BYTES];
        let (front, salt) = bytes.split_at_mut(16);
        front.copy_from_slice(&self.front());
        salt.copy_from_slice(&self.salt);
        bytes
    }

    /// Nothing if the bytes are not the header of that part in this version.
    pub(super) fn parse(bytes: &[u8; HEADER_BYTES], part: BlobPart) -> Option<Self> {
        let (front, salt) = bytes.split_first_chunk::<16>()?;
        let header = Self { part, salt: *salt.first_chunk::<32>()? };
        (*front == header.front()).then_some(header)
    }

    fn front(self) -> [u8; 16] {
        let part = match self.part {
            BlobPart::Content => 0,
            BlobPart::Outboard => 1,
        };
        let mut front = [0; 16];
        for (to, from) in front.iter_mut().zip(MAGIC.iter().copied().chain([part, CHUNK_LOG])) {
            *to = from;
        }
        front
    }
}

/// Seals and opens the chunks of one file.
pub(super) struct Cipher(LessSafeKey);

impl Cipher {
    pub(super) fn new(key: &BlobKey, header: &Header) -> Self {
        let mut file_key = Zeroizing::new([0; 32]);
        let front = header.front();
        hkdf::Salt::new(hkdf::HKDF_SHA256, &header.salt)
            .extract(&*key.0)
            .expand(&[b"sealane/blob/", &front], hkdf::HKDF_SHA256)
            .and_then(|okm| okm.fill(&mut *file_key))
            .expect("HKDF-SHA256 gives 32 bytes");
        let unbound = UnboundKey::new(&AES_256_GCM, &*file_key).expect("AES-256 takes 32 bytes");
        Self(LessSafeKey::new(unbound))
    }

    /// Appends the sealed chunk to `out`.
    pub(super) fn seal(&self, index: u64, end: End, plain: &[u8], out: &mut Vec<u8>) {
        let start = out.len();
        out.extend_from_slice(plain);
        let (_, text) = out.split_at_mut(start);
        let tag = self
            .0
            .seal_in_place_separate_tag(nonce(index, end), Aad::empty(), text)
            .expect("AES-GCM seals a chunk of 64 KiB");
        out.extend_from_slice(tag.as_ref());
    }

    /// Opens a sealed chunk in place and cuts off its tag; false if it is not that chunk.
    pub(super) fn open(&self, index: u64, end: End, chunk: &mut Vec<u8>) -> bool {
        let Ok(plain) = self.0.open_in_place(nonce(index, end), Aad::empty(), chunk) else {
            return false;
        };
        let plain = plain.len();
        chunk.truncate(plain);
        true
    }
}

/// Whether a chunk is the last of its file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    More,
    Last,
}

impl End {
    /// Of chunk `index` in a file of that many plain bytes.
    pub(super) const fn of(index: u64, plain: u64) -> Self {
        if index + 1 == chunks(plain) { Self::Last } else { Self::More }
    }
}

/// How many chunks hold that many plain bytes; no bytes are one empty chunk, so that even nothing is authenticated.
pub(super) const fn chunks(plain: u64) -> u64 {
    if plain == 0 { 1 } else { plain.div_ceil(CHUNK) }
}

/// Where a chunk begins in the file.
pub(super) const fn chunk_offset(index: u64) -> u64 {
    HEADER_BYTES as u64 + index * SEALED_CHUNK
}

/// The plain bytes in a file of that length, if a file can have that length.
pub(super) fn plain_bytes(file_bytes: u64) -> Option<u64> {
    let body = file_bytes.checked_sub(HEADER_BYTES as u64)?;
    let sealed = body.div_ceil(SEALED_CHUNK);
    let plain = body.checked_sub(sealed.checked_mul(TAG_BYTES as u64)?)?;
    (chunks(plain) == sealed).then_some(plain)
}

/// The plain bytes of chunk `index` in a file of that many.
pub(super) fn chunk_bytes(index: u64, plain: u64) -> usize {
    let left = plain.saturating_sub(index.saturating_mul(CHUNK));
    usize::try_from(left.min(CHUNK)).unwrap_or(CHUNK_BYTES)
}

fn nonce(index: u64, end: End) -> Nonce {
    let last = match end {
        End::More => 0,
        End::Last => 1,
    };
    let nonce = (u128::from(index) << 8) | last;
    let bytes = nonce.to_be_bytes();
    let (_, low) = bytes.split_last_chunk::<12>().expect("16 bytes have a last 12");
    Nonce::assume_unique_for_key(*low)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_that_no_file_can_have_is_refused() {
        let header = HEADER_BYTES as u64;
        for plain in [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK, 3 * CHUNK + 5] {
            let file = header + plain + chunks(plain) * TAG_BYTES as u64;
            assert_eq!(plain_bytes(file), Some(plain));
        }
        for file in [0, header - 1, header, header + 15, header + SEALED_CHUNK + 16] {
            assert_eq!(plain_bytes(file), None, "{file}");
        }
    }

    #[test]
    fn a_header_is_read_for_its_own_part_only() {
        let header = Header { part: BlobPart::Content, salt: [3; 32] };
        assert_eq!(Header::parse(&header.to_bytes(), BlobPart::Content), Some(header));
        assert_eq!(Header::parse(&header.to_bytes(), BlobPart::Outboard), None);
        for at in 0..16 {
            let mut bytes = header.to_bytes();
            bytes[at] ^= 1;
            assert_eq!(Header::parse(&bytes, BlobPart::Content), None);
        }
    }

    #[test]
    fn a_chunk_opens_at_its_own_place_only() {
        let header = Header { part: BlobPart::Content, salt: [3; 32] };
        let cipher = Cipher::new(&BlobKey::new(&[1; 32]), &header);
        let mut sealed = Vec::new();
        cipher.seal(7, End::More, b"evidence", &mut sealed);
        let opens = |cipher: &Cipher, index, end| cipher.open(index, end, &mut sealed.clone());
        assert!(opens(&cipher, 7, End::More));
        assert!(!opens(&cipher, 8, End::More));
        assert!(!opens(&cipher, 7, End::Last));
        let other_salt = Header { salt: [4; 32], ..header };
        assert!(!opens(&Cipher::new(&BlobKey::new(&[1; 32]), &other_salt), 7, End::More));
        let other_part = Header { part: BlobPart::Outboard, ..header };
        assert!(!opens(&Cipher::new(&BlobKey::new(&[1; 32]), &other_part), 7, End::More));
        assert!(!opens(&Cipher::new(&BlobKey::new(&[2; 32]), &header), 7, End::More));
    }
}
