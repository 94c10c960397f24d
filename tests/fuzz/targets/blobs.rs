//! An encoded range of a blob, as a peer sends it: what is accepted is the blob and nothing else.

use sealane::node::blobs::{RangeProof, Step};

/// Size as 4 bytes big-endian, the BLAKE3 root, and the encoding of the whole blob.
pub(crate) fn blob_range(input: &[u8]) {
    let Some((size, rest)) = input.split_first_chunk::<4>() else { return };
    let Some((root, mut encoded)) = rest.split_first_chunk::<32>() else { return };
    let size = u64::from(u32::from_be_bytes(*size));
    let Some(mut proof) = RangeProof::new(size, *root, &(0..size)) else { return };
    let mut proven = 0;
    while let Some(step) = proof.next_step() {
        match step {
            Step::Pair(step) => {
                let Some((pair, after)) = encoded.split_first_chunk::<64>() else { return };
                encoded = after;
                if proof.take_pair(step, pair).is_err() {
                    return;
                }
            }
            Step::Group(step) => {
                let Some((group, after)) = encoded.split_at_checked(step.bytes()) else { return };
                encoded = after;
                if proof.take_group(step, group).is_err() {
                    return;
                }
                proven += step.bytes();
            }
        }
    }
    assert_eq!(u64::try_from(proven), Ok(size), "the whole blob was proven");
}
