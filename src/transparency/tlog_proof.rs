//! Offline proofs that an entry is in a log (c2sp.org/tlog-proof): reading, writing, verifying; fetches nothing.

use std::fmt::Write as _;

use crate::transparency::checkpoint::{Checkpoint, CheckpointError};
use crate::transparency::key::VerifierKey;
use crate::transparency::note::{NOTE_BYTES_MAX, Note, NoteError};
use crate::transparency::proof::{INCLUSION_HASHES_MAX, ProofError, verify_inclusion};
use crate::transparency::text;
use crate::transparency::tlog_policy::{TlogPolicy, Witnessing};
use crate::transparency::tree::{Hash, leaf_hash};

/// The largest proof that is read: the note, as much for the extra data, and the hashes.
pub const TLOG_PROOF_BYTES_MAX: usize = 2 * NOTE_BYTES_MAX + INCLUSION_HASHES_MAX * 64;

/// The line with which every proof begins.
const HEADER: &str = "c2sp.org/tlog-proof@v1";

/// A proof of inclusion with the checkpoint that it leads to; reading one verifies nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlogProof {
    /// Data of the prover's choice, which nothing vouches for.
    pub extra: Option<Vec<u8>>,
    /// The entry's position in the log.
    pub index: u64,
    /// The inclusion path, the leaf's sibling first.
    pub path: Vec<Hash>,
    /// The checkpoint with its signatures and cosignatures.
    pub note: Note,
}

/// What a proof has shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProvenEntry {
    /// The checkpoint whose tree holds the entry.
    pub checkpoint: Checkpoint,
    /// Who has cosigned the checkpoint, and when.
    pub witnessings: Vec<Witnessing>,
}

/// Why a proof cannot be read or does not hold.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TlogProofError {
    /// The text breaks the format.
    #[error("not a log proof: {0}")]
    Malformed(&'static str),
    /// The checkpoint is another log's or not soundly signed.
    #[error("the proof's checkpoint cannot be trusted")]
    Checkpoint(#[from] CheckpointError),
    /// The entry is not shown to be in the tree.
    #[error("the proof does not lead from the entry to the checkpoint")]
    Inclusion(#[from] ProofError),
    /// Too few witnesses have cosigned.
    #[error("the policy asks for more witnesses than have cosigned the checkpoint ({})", .cosigned.join(", "))]
    TooFewWitnesses {
        /// The names of those who have.
        cosigned: Vec<String>,
    },
}

impl From<NoteError> for TlogProofError {
    fn from(error: NoteError) -> Self {
        CheckpointError::Note(error).into()
    }
}

impl TlogProof {
    /// Reads a `.tlog-proof`; the inverse of [`TlogProof::to_text`].
    ///
    /// # Errors
    /// If the bytes break the format or a limit.
    pub fn parse(bytes: &[u8]) -> Result<Self, TlogProofError> {
        let malformed = TlogProofError::Malformed;
        if bytes.len() > TLOG_PROOF_BYTES_MAX {
            return Err(malformed("it is too large"));
        }
        let whole = std::str::from_utf8(bytes).map_err(|_| malformed("it is not valid UTF-8"))?;
        let rest = whole
            .strip_prefix(HEADER)
            .and_then(|rest| rest.strip_prefix('\n'))
            .ok_or(malformed("the first line is not 'c2sp.org/tlog-proof@v1'"))?;
        let cut = "it ends before the checkpoint";
        let (line, after) = rest.split_once('\n').ok_or(malformed(cut))?;
        let (extra, line, rest) = match line.strip_prefix("extra ") {
            None => (None, line, after),
            Some(extra) => {
                let extra =
                    text::parse_base64(extra).ok_or(malformed("the extra data is not base64"))?;
                let (line, after) = after.split_once('\n').ok_or(malformed(cut))?;
                (Some(extra), line, after)
            }
        };
        let index = line
            .strip_prefix("index ")
            .and_then(text::parse_decimal)
            .ok_or(malformed("no 'index' line with a position"))?;
        let (path, note) = text::split_hash_lines(rest, INCLUSION_HASHES_MAX).ok_or(malformed(
            "the index must be followed by at most 64 hashes and an empty line",
        ))?;
        Ok(Self { extra, index, path, note: Note::parse(note.as_bytes())? })
    }

    /// The proof as text.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut whole = format!("{HEADER}\n");
        if let Some(extra) = &self.extra {
            let _ = writeln!(whole, "extra {}", text::to_base64(extra));
        }
        let _ = writeln!(whole, "index {}", self.index);
        for hash in &self.path {
            whole.push_str(&hash.to_base64());
            whole.push('\n');
        }
        whole.push('\n');
        whole.push_str(&self.note.to_text());
        whole
    }

    /// Verifies that the entry is in the log with that origin: its signature, the path, the witnesses.
    ///
    /// The keys are the log's; those that the policy names for the origin are [`TlogPolicy::log_keys`].
    ///
    /// # Errors
    /// What does not hold, in that order.
    pub fn verify(
        &self,
        entry: &[u8],
        origin: &str,
        log_keys: &[VerifierKey],
        policy: &TlogPolicy,
    ) -> Result<ProvenEntry, TlogProofError> {
        let checkpoint = Checkpoint::open(&self.note, origin, log_keys)?;
        let leaf = leaf_hash(entry);
        verify_inclusion(&leaf, self.index, checkpoint.size, &self.path, &checkpoint.root)?;
        let witnessings = policy.witnessings(&self.note)?;
        if policy.is_met_by(witnessings.iter().map(|one| one.witness.as_str())) {
            Ok(ProvenEntry { checkpoint, witnessings })
        } else {
            let cosigned = witnessings.into_iter().map(|one| one.witness).collect();
            Err(TlogProofError::TooFewWitnesses { cosigned })
        }
    }
}

#[cfg(test)]
mod tests {
    use ed25519_dalek::SigningKey;
    use proptest::prelude::*;

    use super::*;
    use crate::transparency::cosignature::Cosigner;
    use crate::transparency::key::NoteSigner;
    use crate::transparency::small_tree::SmallTree;
    use crate::transparency::tlog_policy::PolicyWitness;

    const ORIGIN: &str = "customs.xa.example/log/2026";

    struct Fixture {
        proof: TlogProof,
        keys: Vec<VerifierKey>,
        policy: TlogPolicy,
    }

    fn entry(index: u8) -> Vec<u8> {
        vec![index; 3]
    }

    /// A proof of entry 5 of 7, cosigned by one of two witnesses.
    fn fixture() -> Fixture {
        let tree = SmallTree::new((0..7).map(|i| leaf_hash(&entry(i))).collect());
        let signer = NoteSigner::new(ORIGIN, SigningKey::from_bytes(&[1; 32])).unwrap();
        let checkpoint = Checkpoint { origin: ORIGIN.to_owned(), size: 7, root: tree.root() };
        let mut note = checkpoint.sign(&signer).unwrap();
        let witness = |name: &str, seed| {
            Cosigner::new(
                &format!("customs.{name}.example/witness/1"),
                SigningKey::from_bytes(&[seed; 32]),
            )
            .unwrap()
        };
        let (xb, xc) = (witness("xb", 2), witness("xc", 3));
        note.cosign(&xb, 1_800_000_000);
        let named = |name: &str, cosigner: &Cosigner| PolicyWitness {
            name: name.to_owned(),
            key: cosigner.verifier_key().clone(),
            url: None,
        };
        let policy =
            TlogPolicy::majority(vec![], vec![named("xb", &xb), named("xc", &xc)]).unwrap();
        let path = tree.inclusion_path(5).unwrap();
        let proof = TlogProof { extra: None, index: 5, path, note };
        Fixture { proof, keys: vec![signer.verifier_key().clone()], policy }
    }

    #[test]
    fn a_proof_holds_for_its_entry_log_and_quorum_only() {
        let Fixture { mut proof, keys, policy } = fixture();
        let verify = |proof: &TlogProof, entry: &[u8], origin, keys: &[VerifierKey]| {
            proof.verify(entry, origin, keys, &policy)
        };
        let cosigned = vec!["xb".to_owned()];
        assert_eq!(
            verify(&proof, &entry(5), ORIGIN, &keys),
            Err(TlogProofError::TooFewWitnesses { cosigned })
        );
        let xc = Cosigner::new("customs.xc.example/witness/1", SigningKey::from_bytes(&[3; 32]));
        proof.note.cosign(&xc.unwrap(), 1_800_000_001);
        let proven = verify(&proof, &entry(5), ORIGIN, &keys).unwrap();
        assert_eq!((proven.checkpoint.size, proven.witnessings.len()), (7, 2));

        assert_eq!(
            verify(&proof, &entry(4), ORIGIN, &keys),
            Err(TlogProofError::Inclusion(ProofError::RootDiffers))
        );
        let elsewhere = TlogProof { index: 4, ..proof.clone() };
        assert!(verify(&elsewhere, &entry(5), ORIGIN, &keys).is_err());
        for (origin, keys) in [("other.example/log", keys.as_slice()), (ORIGIN, &[])] {
            let refused = verify(&proof, &entry(5), origin, keys);
            assert!(matches!(refused, Err(TlogProofError::Checkpoint(_))));
        }
    }

    #[test]
    fn a_proof_with_one_broken_rule_is_refused() {
        let text = fixture().proof.to_text();
        assert_eq!(TlogProof::parse(text.as_bytes()).unwrap().to_text(), text);
        for broken in [
            text.replace("@v1", "@v2"),
            text.replace("index 5", "index 05"),
            text.replace("index 5\n", ""),
            text.replace("index 5", "extra !\nindex 5"),
            text.replace("index 5", "extra AA==\nextra AA==\nindex 5"),
            text.replace("=\n", "\n"),
            text.replace("\n\n", "\n"),
            text.replace('\n', "\r\n"),
            text.lines().take(3).fold(String::new(), |all, line| all + line + "\n"),
            String::new(),
        ] {
            assert!(TlogProof::parse(broken.as_bytes()).is_err(), "{broken}");
        }
    }

    #[test]
    fn a_proof_has_at_most_64_hashes() {
        let mut proof = fixture().proof;
        proof.path = vec![Hash([0; 32]); INCLUSION_HASHES_MAX];
        assert_eq!(TlogProof::parse(proof.to_text().as_bytes()), Ok(proof.clone()));
        proof.path.push(Hash([0; 32]));
        assert!(TlogProof::parse(proof.to_text().as_bytes()).is_err());
    }

    proptest! {
        #[test]
        fn extra_data_survives(extra in prop::option::of(prop::collection::vec(any::<u8>(), 0..50))) {
            let proof = TlogProof { extra, ..fixture().proof };
            prop_assert_eq!(TlogProof::parse(proof.to_text().as_bytes()), Ok(proof));
        }

        #[test]
        fn a_proof_with_a_flipped_bit_is_refused(at in any::<prop::sample::Index>(), bit in 0..8u8) {
            let Fixture { mut proof, keys, policy } = fixture();
            let xc = Cosigner::new("customs.xc.example/witness/1", SigningKey::from_bytes(&[3; 32]));
            proof.note.cosign(&xc.unwrap(), 1_800_000_001);
            let mut bytes = proof.to_text().into_bytes();
            let at = at.index(bytes.len());
            bytes[at] ^= 1 << bit;
            let verdict = TlogProof::parse(&bytes)
                .and_then(|proof| proof.verify(&entry(5), ORIGIN, &keys, &policy));
            prop_assert!(verdict.is_err());
        }
    }
}
