//! Blobs as a whole, on a real folder: round trips, damage, transfer and resumption; no bench.

use std::collections::HashSet;
use std::io::{self, Cursor};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use proptest::prelude::*;
use sha2::{Digest, Sha256};
use tokio::io::{AsyncRead, AsyncReadExt};

use crate::node::blobs::{
    BlobError, BlobKey, BlobName, BlobPart, Blobs, CHUNK_BYTES, Difference, Fetch, FetchError,
    GROUP_BYTES, Intake, TRANSFER_BYTES, Wanted, encoded_bytes_max,
};
use crate::node::rng::{OsRng, SeededRng};

const CHUNK: usize = CHUNK_BYTES;
const GROUP: usize = GROUP_BYTES;

struct Bench {
    dir: tempfile::TempDir,
    blobs: Blobs,
    key: BlobKey,
}

impl Bench {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let blobs = Blobs::open(&dir.path().join("blobs"), Arc::new(OsRng)).unwrap();
        Self { dir, blobs, key: BlobKey::new(&[7; 32]) }
    }

    async fn take_in(&self, plain: &[u8]) -> Intake {
        self.blobs.take_in(plain, &self.key, &|_| {}).await.unwrap()
    }

    async fn read(&self, blob: BlobName, offset: usize, bytes: usize) -> io::Result<Vec<u8>> {
        let (offset, bytes) = (offset as u64, bytes as u64);
        let mut reader = self.blobs.read(blob, &self.key, offset, bytes).await?;
        let mut out = Vec::new();
        reader.read_to_end(&mut out).await?;
        Ok(out)
    }

    async fn encode(&self, of: &Intake, offset: u64, bytes: u64) -> io::Result<Vec<u8>> {
        let encoded = self.blobs.encode(of.blob, &self.key, of.blake3, offset, bytes).await;
        let mut out = Vec::new();
        encoded?.read_to_end(&mut out).await?;
        Ok(out)
    }

    fn file(&self, blob: BlobName, part: BlobPart) -> PathBuf {
        self.blobs.folder.finished(blob, part)
    }
}

fn bytes(len: usize, seed: u64) -> Vec<u8> {
    let mut out = vec![0; len];
    crate::node::rng::Rng::fill(&SeededRng::new(seed), &mut out);
    out
}

fn wanted(of: &Intake) -> Wanted {
    Wanted { size: of.size, sha256: of.sha256, blake3: of.blake3 }
}

fn blocked_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

/// Fetches all that is missing, in requests of `unit` bytes; gives back how many encoded bytes were read.
async fn fetch_rest(fetch: &mut Fetch, from: &Bench, of: &Intake, unit: u64) -> u64 {
    let mut read = 0;
    while !fetch.is_complete() {
        let encoded = from.encode(of, fetch.next_offset(), unit).await.unwrap();
        assert!(encoded.len() as u64 <= encoded_bytes_max(unit));
        read += encoded.len() as u64;
        let mut encoded = Cursor::new(encoded);
        fetch.accept(unit, &mut encoded).await.unwrap();
        assert_eq!(encoded.position(), encoded.get_ref().len() as u64, "reads exactly the range");
    }
    read
}

#[tokio::test]
async fn what_is_taken_in_is_read_back_whatever_its_size() {
    let bench = Bench::new();
    for size in [
        0,
        1,
        GROUP,
        GROUP + 1,
        CHUNK - 1,
        CHUNK,
        CHUNK + 1,
        8 * CHUNK,
        8 * CHUNK + 1,
        20 * CHUNK + 17,
    ] {
        let plain = bytes(size, 1);
        let intake = bench.take_in(&plain).await;
        assert_eq!(intake.size, size as u64);
        assert_eq!(intake.sha256, <[u8; 32]>::from(Sha256::digest(&plain)));
        assert_eq!(intake.blake3, *blake3::hash(&plain).as_bytes());
        assert_eq!(bench.read(intake.blob, 0, size + 1).await.unwrap(), plain, "{size}");
        assert_eq!(bench.blobs.size(intake.blob, &bench.key).await.unwrap(), size as u64);
        let differences = bench.blobs.verify(intake.blob, &bench.key, &wanted(&intake)).await;
        assert_eq!(differences.unwrap(), [], "{size}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn any_range_is_read(
        size in 0..5 * CHUNK, from in any::<prop::sample::Index>(), len in 0..3 * CHUNK,
    ) {
        let bench = Bench::new();
        let plain = bytes(size, 2);
        blocked_on(async {
            let intake = bench.take_in(&plain).await;
            let from = from.index(size + 1);
            let read = bench.read(intake.blob, from, len).await.unwrap();
            assert_eq!(read, plain[from..(from + len).min(size)]);
        });
    }

    #[test]
    fn any_flipped_bit_is_noticed(
        size in 1..3 * CHUNK, at in any::<prop::sample::Index>(), bit in 0_u8..8, outboard: bool,
    ) {
        let bench = Bench::new();
        blocked_on(async {
            let intake = bench.take_in(&bytes(size, 3)).await;
            let part =
                if outboard && size > GROUP { BlobPart::Outboard } else { BlobPart::Content };
            let path = bench.file(intake.blob, part);
            let mut file = std::fs::read(&path).unwrap();
            let at = at.index(file.len());
            file[at] ^= 1 << bit;
            std::fs::write(&path, file).unwrap();
            let verdict = bench.blobs.verify(intake.blob, &bench.key, &wanted(&intake)).await;
            match part {
                BlobPart::Content => {
                    verdict.unwrap_err();
                    bench.read(intake.blob, 0, size).await.unwrap_err();
                }
                BlobPart::Outboard => assert_eq!(verdict.unwrap(), [Difference::Outboard]),
            }
            assert!(bench.encode(&intake, 0, size as u64).await.is_err());
        });
    }

    #[test]
    fn a_cut_transfer_goes_on_where_it_stopped(
        size in 1..12 * GROUP + 7, cuts in proptest::collection::vec(any::<prop::sample::Index>(), 1..4),
    ) {
        let (from, to) = (Bench::new(), Bench::new());
        blocked_on(async {
            let plain = bytes(size, 4);
            let intake = from.take_in(&plain).await;
            let mut fetch = to.blobs.begin_fetch(&to.key, wanted(&intake)).await.unwrap();
            for cut in &cuts {
                let before = fetch.next_offset();
                let mut encoded = from.encode(&intake, before, TRANSFER_BYTES).await.unwrap();
                let whole = encoded.len();
                encoded.truncate(cut.index(whole));
                let error = fetch.accept(TRANSFER_BYTES, &mut encoded.as_slice()).await;
                assert!(matches!(error, Err(FetchError::CutOff { .. })));
                // Less than a group and its proof was read in vain.
                let kept = usize::try_from(fetch.next_offset() - before).unwrap();
                assert!(encoded.len() - kept < GROUP + 64 * 16, "{} {kept}", encoded.len());
            }
            fetch_rest(&mut fetch, &from, &intake, 3 * GROUP as u64).await;
            let fetched = fetch.finish().await.unwrap();
            assert_eq!(Wanted { ..wanted(&fetched) }, wanted(&intake));
            assert_eq!(to.read(fetched.blob, 0, size).await.unwrap(), plain);
            // What was fetched can be passed on.
            assert!(to.encode(&fetched, 0, size as u64).await.is_ok());
        });
    }

    #[test]
    fn forged_bytes_are_refused_before_they_are_kept(
        size in 1..9 * GROUP, at in any::<prop::sample::Index>(), bit in 0_u8..8,
    ) {
        let (from, to) = (Bench::new(), Bench::new());
        blocked_on(async {
            let intake = from.take_in(&bytes(size, 5)).await;
            let mut encoded = from.encode(&intake, 0, TRANSFER_BYTES).await.unwrap();
            let at = at.index(encoded.len());
            encoded[at] ^= 1 << bit;
            let mut fetch = to.blobs.begin_fetch(&to.key, wanted(&intake)).await.unwrap();
            let error = fetch.accept(TRANSFER_BYTES, &mut encoded.as_slice()).await;
            assert!(matches!(error, Err(FetchError::Forged { .. })), "{error:?}");
            assert!(fetch.next_offset() <= at as u64);
            fetch_rest(&mut fetch, &from, &intake, TRANSFER_BYTES).await;
            assert_eq!(fetch.finish().await.unwrap().sha256, intake.sha256);
        });
    }

    #[test]
    fn arbitrary_bytes_of_a_peer_are_refused(
        encoded in proptest::collection::vec(any::<u8>(), 0..4 * GROUP),
        size in prop_oneof![0..4 * GROUP as u64, any::<u64>()],
        unit: u64,
        root: [u8; 32],
    ) {
        let to = Bench::new();
        blocked_on(async {
            let wanted = Wanted { size, sha256: [0; 32], blake3: root };
            let Ok(mut fetch) = to.blobs.begin_fetch(&to.key, wanted).await else { return };
            let taken = fetch.accept(unit, &mut encoded.as_slice()).await;
            assert!(taken.is_err() || size == 0 || unit == 0);
            assert_eq!(fetch.next_offset(), 0);
            assert!(fetch.finish().await.is_err());
        });
    }
}

#[tokio::test]
async fn a_file_cut_at_any_chunk_is_noticed_when_opened() {
    let bench = Bench::new();
    let size = 4 * CHUNK;
    let intake = bench.take_in(&bytes(size, 6)).await;
    let path = bench.file(intake.blob, BlobPart::Content);
    let file = std::fs::read(&path).unwrap();
    for chunks in 0..4 {
        for extra in [0, 1, 16, 40] {
            std::fs::write(&path, &file[..48 + chunks * (CHUNK + 16) + extra]).unwrap();
            let error = bench.blobs.read(intake.blob, &bench.key, 0, 1).await.unwrap_err();
            assert!(matches!(error, BlobError::Damaged { .. }), "{chunks} {extra} {error}");
        }
    }
    for cut in [0, 47] {
        std::fs::write(&path, &file[..cut]).unwrap();
        let error = bench.blobs.read(intake.blob, &bench.key, 0, 1).await.unwrap_err();
        assert!(matches!(error, BlobError::Damaged { chunk: 0, .. }), "{error}");
    }
    std::fs::write(&path, [file.as_slice(), b"more"].concat()).unwrap();
    assert!(bench.blobs.read(intake.blob, &bench.key, 0, 1).await.is_err());
}

#[tokio::test]
async fn exchanged_chunks_are_noticed_and_named() {
    let bench = Bench::new();
    let intake = bench.take_in(&bytes(4 * CHUNK, 6)).await;
    let path = bench.file(intake.blob, BlobPart::Content);
    let mut file = std::fs::read(&path).unwrap();
    let (front, back) = file.split_at_mut(48 + 2 * (CHUNK + 16));
    front[48 + CHUNK + 16..].swap_with_slice(&mut back[..CHUNK + 16]);
    std::fs::write(&path, file).unwrap();
    let error = bench.read(intake.blob, 0, 4 * CHUNK).await.unwrap_err().to_string();
    assert!(error.contains(&intake.blob.to_string()) && error.contains("chunk 1"), "{error}");
    assert_eq!(bench.read(intake.blob, 0, CHUNK).await.unwrap().len(), CHUNK);
}

#[tokio::test]
async fn the_same_content_twice_has_two_names_and_two_ciphertexts() {
    let bench = Bench::new();
    let plain = bytes(2 * CHUNK, 7);
    let (one, two) = (bench.take_in(&plain).await, bench.take_in(&plain).await);
    assert_ne!(one.blob, two.blob);
    assert_eq!(one.sha256, two.sha256);
    for part in [BlobPart::Content, BlobPart::Outboard] {
        let read = |blob| std::fs::read(bench.file(blob, part)).unwrap();
        let (a, b) = (read(one.blob), read(two.blob));
        assert_eq!(a.len(), b.len());
        let same = a[48..].chunks(64).zip(b[48..].chunks(64)).filter(|(a, b)| a == b).count();
        assert_eq!(same, 0);
    }
}

#[tokio::test]
async fn without_its_key_a_blob_is_unreadable() {
    let bench = Bench::new();
    let intake = bench.take_in(b"evidence").await;
    let error = bench.blobs.read(intake.blob, &BlobKey::new(&[8; 32]), 0, 8).await.unwrap_err();
    assert!(matches!(error, BlobError::Damaged { .. }));
    let file = std::fs::read(bench.file(intake.blob, BlobPart::Content)).unwrap();
    assert!(!file.windows(8).any(|window| window == b"evidence"));
}

#[tokio::test]
async fn a_difference_from_the_record_is_told_by_kind() {
    let bench = Bench::new();
    let intake = bench.take_in(&bytes(3 * CHUNK, 8)).await;
    let sound = wanted(&intake);
    for (recorded, difference) in [
        (Wanted { size: 1, ..sound }, Difference::Size),
        (Wanted { sha256: [0; 32], ..sound }, Difference::Sha256),
        (Wanted { blake3: [0; 32], ..sound }, Difference::Blake3),
    ] {
        let found = bench.blobs.verify(intake.blob, &bench.key, &recorded).await.unwrap();
        assert_eq!(found, [difference]);
    }
    std::fs::remove_file(bench.file(intake.blob, BlobPart::Outboard)).unwrap();
    let found = bench.blobs.verify(intake.blob, &bench.key, &sound).await.unwrap();
    assert_eq!(found, [Difference::Outboard]);
}

#[tokio::test]
async fn a_removed_blob_is_missing() {
    let bench = Bench::new();
    let intake = bench.take_in(&bytes(3 * CHUNK, 8)).await;
    bench.blobs.remove(intake.blob).await.unwrap();
    bench.blobs.remove(intake.blob).await.unwrap();
    let error = bench.blobs.read(intake.blob, &bench.key, 0, 1).await.unwrap_err();
    assert!(matches!(error, BlobError::Missing { blob, .. } if blob == intake.blob));
    assert!(!bench.file(intake.blob, BlobPart::Outboard).exists());
}

/// Gives some bytes, then fails as a pulled USB stick does.
struct Failing(usize);

impl AsyncRead for Failing {
    fn poll_read(
        mut self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
        buffer: &mut tokio::io::ReadBuf<'_>,
    ) -> std::task::Poll<io::Result<()>> {
        if self.0 == 0 {
            return std::task::Poll::Ready(Err(io::Error::other("pulled out")));
        }
        let now = self.0.min(buffer.remaining());
        buffer.put_slice(&vec![1; now]);
        self.0 -= now;
        std::task::Poll::Ready(Ok(()))
    }
}

#[tokio::test]
async fn a_source_that_fails_leaves_nothing_behind() {
    let bench = Bench::new();
    let error = bench.blobs.take_in(Failing(20 * CHUNK), &bench.key, &|_| {}).await.unwrap_err();
    assert!(matches!(error, BlobError::Source(_)));
    let finished = std::fs::read_dir(&bench.blobs.folder.root).unwrap().count();
    assert_eq!(finished, 1, "only the staging folder");
    assert_eq!(std::fs::read_dir(&bench.blobs.folder.staging).unwrap().count(), 0);
}

#[tokio::test]
async fn progress_tells_every_byte() {
    let bench = Bench::new();
    let seen = AtomicU64::new(0);
    let plain = bytes(30 * CHUNK + 5, 9);
    let note = |bytes| seen.store(bytes, Ordering::Relaxed);
    bench.blobs.take_in(plain.as_slice(), &bench.key, &note).await.unwrap();
    assert_eq!(seen.load(Ordering::Relaxed), plain.len() as u64);
}

#[tokio::test]
async fn a_killed_transfer_is_resumed_from_what_is_sound_on_disk() {
    let (from, to) = (Bench::new(), Bench::new());
    let plain = bytes(40 * CHUNK + 100, 10);
    let intake = from.take_in(&plain).await;
    let mut fetch = to.blobs.begin_fetch(&to.key, wanted(&intake)).await.unwrap();
    let blob = fetch.blob();
    let unit = 8 * CHUNK as u64;
    for _ in 0..3 {
        let encoded = from.encode(&intake, fetch.next_offset(), unit).await.unwrap();
        fetch.accept(unit, &mut encoded.as_slice()).await.unwrap();
    }
    drop(fetch);
    // A power cut: the last chunk on disk is torn, and what was written after it is lost.
    let staged = to.blobs.folder.open_staged(blob, BlobPart::Content).unwrap();
    assert_eq!(staged.metadata().unwrap().len(), 48 + 23 * (CHUNK as u64 + 16));
    staged.set_len(48 + 10 * (CHUNK as u64 + 16) + 99).unwrap();
    drop(staged);

    let kept = HashSet::from([blob]);
    assert_eq!(to.blobs.sweep(kept).await.unwrap().removed, 0);
    let mut fetch = to.blobs.resume_fetch(blob, &to.key, wanted(&intake)).await.unwrap();
    assert_eq!(fetch.next_offset(), 10 * CHUNK as u64);
    let read = fetch_rest(&mut fetch, &from, &intake, unit).await;
    assert!(read < (30 * CHUNK + 100 + 64 * 200) as u64, "{read}");
    let fetched = fetch.finish().await.unwrap();
    assert_eq!((fetched.blob, wanted(&fetched)), (blob, wanted(&intake)));
    assert_eq!(to.read(blob, 0, plain.len()).await.unwrap(), plain);
    assert_eq!(to.blobs.verify(blob, &to.key, &wanted(&intake)).await.unwrap(), []);
}

#[tokio::test]
async fn a_transfer_cut_before_its_first_byte_starts_again() {
    let (from, to) = (Bench::new(), Bench::new());
    let intake = from.take_in(&bytes(CHUNK, 11)).await;
    let fetch = to.blobs.begin_fetch(&to.key, wanted(&intake)).await.unwrap();
    let blob = fetch.blob();
    drop(fetch);
    std::fs::write(to.blobs.folder.staged(blob, BlobPart::Content), b"torn").unwrap();
    let mut fetch = to.blobs.resume_fetch(blob, &to.key, wanted(&intake)).await.unwrap();
    assert_eq!(fetch.next_offset(), 0);
    fetch_rest(&mut fetch, &from, &intake, TRANSFER_BYTES).await;
    assert_eq!(fetch.finish().await.unwrap().sha256, intake.sha256);
}

#[tokio::test]
async fn an_empty_blob_is_fetched_without_asking() {
    let (from, to) = (Bench::new(), Bench::new());
    let intake = from.take_in(b"").await;
    let fetch = to.blobs.begin_fetch(&to.key, wanted(&intake)).await.unwrap();
    assert!(fetch.is_complete());
    assert_eq!(wanted(&fetch.finish().await.unwrap()), wanted(&intake));
    assert_eq!(from.encode(&intake, 0, 1).await.unwrap(), b"");
}

#[tokio::test]
async fn a_record_with_another_sha256_is_not_believed() {
    let (from, to) = (Bench::new(), Bench::new());
    let intake = from.take_in(&bytes(3 * CHUNK, 12)).await;
    let wrong = Wanted { sha256: [9; 32], ..wanted(&intake) };
    let mut fetch = to.blobs.begin_fetch(&to.key, wrong).await.unwrap();
    fetch_rest(&mut fetch, &from, &intake, TRANSFER_BYTES).await;
    let error = fetch.finish().await.unwrap_err();
    assert!(matches!(error, FetchError::Blob(BlobError::Mismatch { digest: "SHA-256", .. })));
    assert_eq!(std::fs::read_dir(&to.blobs.folder.staging).unwrap().count(), 0);
}

#[tokio::test]
async fn a_record_with_another_size_is_refused_by_the_proof() {
    let (from, to) = (Bench::new(), Bench::new());
    let intake = from.take_in(&bytes(3 * CHUNK, 12)).await;
    for size in [1, intake.size - 1, intake.size + 1, 1 << 44] {
        let wrong = Wanted { size, ..wanted(&intake) };
        let mut fetch = to.blobs.begin_fetch(&to.key, wrong).await.unwrap();
        let encoded = from.encode(&intake, 0, TRANSFER_BYTES).await.unwrap();
        let error = fetch.accept(TRANSFER_BYTES, &mut encoded.as_slice()).await.unwrap_err();
        assert!(matches!(error, FetchError::Forged { .. }), "{size} {error}");
    }
    let wrong = Wanted { size: (1 << 44) + 1, ..wanted(&intake) };
    assert!(matches!(to.blobs.begin_fetch(&to.key, wrong).await, Err(BlobError::TooLarge)));
}

#[tokio::test]
async fn an_unfinished_transfer_is_not_published() {
    let (from, to) = (Bench::new(), Bench::new());
    let intake = from.take_in(&bytes(3 * CHUNK, 12)).await;
    let fetch = to.blobs.begin_fetch(&to.key, wanted(&intake)).await.unwrap();
    let blob = fetch.blob();
    assert!(matches!(fetch.finish().await, Err(FetchError::CutOff { at: 0, .. })));
    assert!(to.blobs.size(blob, &to.key).await.is_err());
    to.blobs.abandon_fetch(blob).await.unwrap();
    assert!(matches!(
        to.blobs.resume_fetch(blob, &to.key, wanted(&intake)).await,
        Err(BlobError::Missing { .. })
    ));
}

#[tokio::test]
async fn a_sweep_removes_strangers_from_staging_only() {
    let bench = Bench::new();
    let intake = bench.take_in(&bytes(3 * CHUNK, 13)).await;
    let known = BlobName::random(&OsRng);
    let stranger = BlobName::random(&OsRng);
    for blob in [known, stranger] {
        std::fs::write(bench.blobs.folder.staged(blob, BlobPart::Content), b"x").unwrap();
        std::fs::write(bench.blobs.folder.staged(blob, BlobPart::Outboard), b"x").unwrap();
    }
    let swept = bench.blobs.sweep(HashSet::from([known])).await.unwrap();
    assert_eq!((swept.removed, swept.unknown), (2, vec![intake.blob]));
    assert!(bench.blobs.folder.staged(known, BlobPart::Outboard).exists());
    assert!(bench.file(intake.blob, BlobPart::Content).exists());
}

#[tokio::test]
async fn a_range_must_begin_at_a_group_inside_the_blob() {
    let bench = Bench::new();
    let intake = bench.take_in(&bytes(3 * CHUNK, 14)).await;
    for offset in [1, GROUP as u64 - 1, 4 * CHUNK as u64] {
        let refused = bench.blobs.encode(intake.blob, &bench.key, intake.blake3, offset, 1).await;
        assert!(matches!(refused, Err(BlobError::OutOfRange { .. })), "{offset}");
    }
    assert!(bench.blobs.read(intake.blob, &bench.key, 3 * CHUNK as u64 + 1, 1).await.is_err());
}

#[tokio::test]
async fn files_and_folders_are_private() {
    use std::os::unix::fs::PermissionsExt;
    let bench = Bench::new();
    let intake = bench.take_in(&bytes(3 * CHUNK, 14)).await;
    let mode = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode();
    assert_eq!(mode(&bench.file(intake.blob, BlobPart::Content)) & 0o777, 0o600);
    assert_eq!(mode(&bench.file(intake.blob, BlobPart::Outboard)) & 0o777, 0o600);
    assert_eq!(mode(&bench.dir.path().join("blobs")) & 0o777, 0o700);
}
