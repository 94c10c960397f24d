//! The witness protocol (c2sp.org/tlog-witness): requests, verdicts, answers; keeps no state and listens nowhere.

use sha2::{Digest, Sha256};

use crate::transparency::checkpoint::{Checkpoint, CheckpointError};
use crate::transparency::key::VerifierKey;
use crate::transparency::note::{NOTE_BYTES_MAX, Note, NoteError, parse_signature_lines};
use crate::transparency::proof::{ProofError, verify_growth};
use crate::transparency::text;
use crate::transparency::tree::{Hash, TreeHead};

/// The most hashes that a request may bring (tlog-witness).
pub const WITNESS_PROOF_HASHES_MAX: usize = 63;

/// The largest request that is read: the note, the hashes and the `old` line.
pub const ADD_CHECKPOINT_BYTES_MAX: usize = NOTE_BYTES_MAX + (WITNESS_PROOF_HASHES_MAX + 1) * 64;

/// The content type of the answer to a request with the wrong old size (status 409).
pub const SIZE_CONTENT_TYPE: &str = "text/x.tlog.size";

/// A log's request to cosign its checkpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddCheckpoint {
    old: u64,
    proof: Vec<Hash>,
    note: Note,
    checkpoint: Checkpoint,
}

/// Why a witness does not cosign; each refusal has its status in the protocol.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WitnessRefusal {
    /// 400: the request breaks the format.
    #[error("the request is malformed: {0}")]
    Malformed(&'static str),
    /// 400: the checkpoint is said to be older than what it extends.
    #[error("old size {old} is larger than the checkpoint's size {size}")]
    OldBeyondSize {
        /// The request's old size.
        old: u64,
        /// The checkpoint's size.
        size: u64,
    },
    /// 404: this witness does not watch the log.
    #[error("this witness does not know the log; add the log's authority as a peer first")]
    UnknownOrigin,
    /// 403: the checkpoint is not signed by the log, or a signature in the log's name is wrong.
    #[error("the checkpoint is not soundly signed by the log")]
    NotSigned(#[source] NoteError),
    /// 409: the request does not start where this witness last cosigned.
    #[error("this witness last cosigned the log at size {stored}; ask again from there")]
    OtherSize {
        /// The size last cosigned, 0 if none.
        stored: u64,
        /// Whether the log signed another root than before for that very size, which no honest log does.
        is_fork: bool,
    },
    /// 422: the log signed a tree that does not extend the one last cosigned, or does not prove that it does.
    #[error("the checkpoint does not extend the one last cosigned")]
    Inconsistent(#[source] ProofError),
}

impl AddCheckpoint {
    /// A request to cosign the note, with the consistency path from the size that the witness last cosigned.
    ///
    /// # Errors
    /// If the note is no checkpoint or bears no signature, or the path is too long.
    pub fn new(old: u64, proof: Vec<Hash>, note: Note) -> Result<Self, WitnessRefusal> {
        if proof.len() > WITNESS_PROOF_HASHES_MAX {
            return Err(WitnessRefusal::Malformed("it has more than 63 proof lines"));
        }
        if note.signatures().is_empty() {
            return Err(WitnessRefusal::Malformed("the note bears no signature"));
        }
        let checkpoint = Checkpoint::parse(note.text())
            .map_err(|_| WitnessRefusal::Malformed("the note is not a checkpoint"))?;
        Ok(Self { old, proof, note, checkpoint })
    }

    /// Reads a request body; the inverse of [`AddCheckpoint::to_text`]. Verifies nothing.
    ///
    /// # Errors
    /// [`WitnessRefusal::Malformed`] if the body breaks the format or a limit.
    pub fn parse(body: &[u8]) -> Result<Self, WitnessRefusal> {
        let malformed = WitnessRefusal::Malformed;
        if body.len() > ADD_CHECKPOINT_BYTES_MAX {
            return Err(malformed("it is too large"));
        }
        let body = std::str::from_utf8(body).map_err(|_| malformed("it is not valid UTF-8"))?;
        let (first, rest) = body.split_once('\n').ok_or(malformed("it has no whole line"))?;
        let old = first
            .strip_prefix("old ")
            .and_then(text::parse_decimal)
            .ok_or(malformed("the first line is not 'old' and a size"))?;
        let (proof, note) = text::split_hash_lines(rest, WITNESS_PROOF_HASHES_MAX).ok_or(
            malformed("the old size must be followed by at most 63 hashes and an empty line"),
        )?;
        let note = Note::parse(note.as_bytes())
            .map_err(|_| malformed("no signed note follows the empty line"))?;
        Self::new(old, proof, note)
    }

    /// The request body.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut body = format!("old {}\n", self.old);
        for hash in &self.proof {
            body.push_str(&hash.to_base64());
            body.push('\n');
        }
        body.push('\n');
        body.push_str(&self.note.to_text());
        body
    }

    /// The size from which the log proves growth.
    #[must_use]
    pub const fn old(&self) -> u64 {
        self.old
    }

    /// The consistency path from the old size to the checkpoint's.
    #[must_use]
    pub fn proof(&self) -> &[Hash] {
        &self.proof
    }

    /// The note that is to be cosigned.
    #[must_use]
    pub const fn note(&self) -> &Note {
        &self.note
    }

    /// What the note says; its signatures are not verified.
    #[must_use]
    pub const fn checkpoint(&self) -> &Checkpoint {
        &self.checkpoint
    }
}

impl WitnessRefusal {
    /// The HTTP status of the refusal.
    #[must_use]
    pub const fn status(&self) -> u16 {
        match self {
            Self::Malformed(_) | Self::OldBeyondSize { .. } => 400,
            Self::NotSigned(_) => 403,
            Self::UnknownOrigin => 404,
            Self::OtherSize { .. } => 409,
            Self::Inconsistent(_) => 422,
        }
    }

    /// Whether the request must be kept: it shows under the log's own signature that the log may have rewritten history.
    #[must_use]
    pub const fn is_evidence(&self) -> bool {
        match self {
            Self::Inconsistent(_) => true,
            Self::OtherSize { is_fork, .. } => *is_fork,
            Self::Malformed(_)
            | Self::OldBeyondSize { .. }
            | Self::NotSigned(_)
            | Self::UnknownOrigin => false,
        }
    }
}

/// Decides whether to cosign, in the order of tlog-witness.
///
/// `log_keys` are the keys trusted for the request's origin, `None` if the origin is unknown; `stored` is what this
/// witness last cosigned for it. On success the caller stores the returned head, comparing with `stored` in the same
/// transaction, and cosigns only once that is durable: two requests judged against one state must not both succeed.
///
/// # Errors
/// If the checkpoint must not be cosigned.
pub fn judge(
    request: &AddCheckpoint,
    log_keys: Option<&[VerifierKey]>,
    stored: Option<TreeHead>,
) -> Result<TreeHead, WitnessRefusal> {
    let log_keys = log_keys.ok_or(WitnessRefusal::UnknownOrigin)?;
    Checkpoint::open(&request.note, &request.checkpoint.origin, log_keys).map_err(|error| {
        match error {
            CheckpointError::Note(cause) => WitnessRefusal::NotSigned(cause),
            CheckpointError::Malformed(rule) => WitnessRefusal::Malformed(rule),
            CheckpointError::OtherOrigin { .. } => WitnessRefusal::UnknownOrigin,
        }
    })?;
    let head = request.checkpoint.head();
    let stored = stored.unwrap_or_else(TreeHead::empty);
    if request.old > head.size {
        return Err(WitnessRefusal::OldBeyondSize { old: request.old, size: head.size });
    }
    if request.old != stored.size {
        let is_fork = head.size == stored.size && head.root != stored.root;
        return Err(WitnessRefusal::OtherSize { stored: stored.size, is_fork });
    }
    verify_growth(stored.size, head.size, &stored.root, &head.root, &request.proof)
        .map_err(WitnessRefusal::Inconsistent)?;
    Ok(head)
}

/// Adds a witness's answer to the note and returns the time of its cosignature in seconds since 1970.
///
/// Only the line of this witness is taken; an answer may hold lines of kinds that we do not know.
///
/// # Errors
/// If the answer is not signature lines, or the witness's cosignature is missing or wrong.
pub fn add_answer(note: &mut Note, answer: &str, witness: &VerifierKey) -> Result<u64, NoteError> {
    let lines = parse_signature_lines(answer)?;
    let line = lines
        .into_iter()
        .find(|line| line.key_id == witness.id() && line.name == witness.name())
        .ok_or(NoteError::NoTrustedSignature)?;
    let unix_seconds = line.verify(witness, note.text()).and_then(|good| good.unix_seconds);
    let unix_seconds =
        unix_seconds.ok_or_else(|| NoteError::BadSignature { name: text::clip(&line.name) })?;
    note.push(line);
    Ok(unix_seconds)
}

/// The body of a 409 answer.
#[must_use]
pub fn size_body(stored: u64) -> String {
    format!("{stored}\n")
}

/// Reads the body of a 409 answer; the inverse of [`size_body`].
#[must_use]
pub fn parse_size_body(body: &str) -> Option<u64> {
    text::parse_decimal(body.strip_suffix('\n')?)
}

/// The path of a log's newest cosigned checkpoint below a witness's monitoring prefix.
#[must_use]
pub fn monitoring_path(origin: &str) -> String {
    format!("{}/checkpoint", origin_digest(origin))
}

/// The name of a log in paths: the lower-case hexadecimal SHA-256 of its origin.
#[must_use]
pub fn origin_digest(origin: &str) -> String {
    hex::encode(Sha256::digest(origin))
}

#[cfg(test)]
mod tests {
    use ed25519_dalek::SigningKey;

    use super::*;
    use crate::transparency::cosignature::Cosigner;
    use crate::transparency::key::NoteSigner;
    use crate::transparency::tree::{empty_root, leaf_hash, node_hash};

    const ORIGIN: &str = "customs.xa.example/log/2026";

    fn signer() -> NoteSigner {
        NoteSigner::new(ORIGIN, SigningKey::from_bytes(&[1; 32])).unwrap()
    }

    fn leaf(byte: u8) -> Hash {
        leaf_hash(&[byte])
    }

    fn head(size: u64) -> TreeHead {
        match size {
            0 => TreeHead::empty(),
            1 => TreeHead { size, root: leaf(0) },
            _ => TreeHead { size: 2, root: node_hash(&leaf(0), &leaf(1)) },
        }
    }

    fn request(old: u64, proof: &[Hash], head: TreeHead) -> AddCheckpoint {
        let TreeHead { size, root } = head;
        let note = Checkpoint { origin: ORIGIN.to_owned(), size, root }.sign(&signer()).unwrap();
        AddCheckpoint::new(old, proof.to_vec(), note).unwrap()
    }

    fn judge_signed(
        request: &AddCheckpoint,
        stored: Option<TreeHead>,
    ) -> Result<TreeHead, WitnessRefusal> {
        judge(request, Some(&[signer().verifier_key().clone()]), stored)
    }

    fn status(request: &AddCheckpoint, stored: Option<TreeHead>) -> (u16, bool) {
        let refusal = judge_signed(request, stored).unwrap_err();
        (refusal.status(), refusal.is_evidence())
    }

    #[test]
    fn growth_is_accepted_from_nothing_and_from_the_stored_head() {
        assert_eq!(judge_signed(&request(0, &[], head(0)), None), Ok(head(0)));
        assert_eq!(judge_signed(&request(0, &[], head(2)), None), Ok(head(2)));
        assert_eq!(judge_signed(&request(0, &[], head(2)), Some(head(0))), Ok(head(2)));
        assert_eq!(judge_signed(&request(1, &[leaf(1)], head(2)), Some(head(1))), Ok(head(2)));
        assert_eq!(judge_signed(&request(2, &[], head(2)), Some(head(2))), Ok(head(2)));
    }

    #[test]
    fn an_unknown_log_is_404_before_anything_else() {
        let refusal = judge(&request(9, &[], head(2)), None, None).unwrap_err();
        assert_eq!((refusal.status(), refusal.is_evidence()), (404, false));
    }

    #[test]
    fn a_missing_or_wrong_signature_is_403_before_the_sizes_are_looked_at() {
        let sound = request(9, &[], head(2));
        let missing = judge(&sound, Some(&[]), None).unwrap_err();
        assert_eq!((missing.status(), missing.is_evidence()), (403, false));
        let altered = sound.to_text().replacen("\n2\n", "\n1\n", 1);
        let altered = AddCheckpoint::parse(altered.as_bytes()).unwrap();
        assert_eq!(status(&altered, None), (403, false));
    }

    #[test]
    fn an_old_size_beyond_the_checkpoint_is_400_before_it_is_compared_with_the_stored_one() {
        assert_eq!(status(&request(2, &[], head(1)), Some(head(1))), (400, false));
    }

    #[test]
    fn another_old_size_is_409_with_the_stored_one() {
        let stale = judge_signed(&request(0, &[], head(2)), Some(head(1)));
        assert_eq!(stale, Err(WitnessRefusal::OtherSize { stored: 1, is_fork: false }));
        let unseen = judge_signed(&request(1, &[leaf(1)], head(2)), None);
        assert_eq!(unseen, Err(WitnessRefusal::OtherSize { stored: 0, is_fork: false }));
        assert_eq!(parse_size_body(&size_body(1)), Some(1));
        assert_eq!(parse_size_body("1"), None);
        assert_eq!(parse_size_body("01\n"), None);
    }

    #[test]
    fn a_second_root_for_the_stored_size_is_kept_as_evidence_whatever_old_size_is_named() {
        let fork = TreeHead { size: 2, root: leaf(9) };
        assert_eq!(status(&request(2, &[], fork), Some(head(2))), (422, true));
        assert_eq!(status(&request(0, &[], fork), Some(head(2))), (409, true));
    }

    #[test]
    fn a_checkpoint_that_does_not_extend_the_stored_one_is_422_and_evidence() {
        let wrong_proof = request(1, &[leaf(2)], head(2));
        assert_eq!(status(&wrong_proof, Some(head(1))), (422, true));
        assert_eq!(status(&request(1, &[], head(2)), Some(head(1))), (422, true));
        assert_eq!(status(&request(0, &[leaf(0)], head(2)), None), (422, true));
        assert_eq!(status(&request(2, &[leaf(0)], head(2)), Some(head(2))), (422, true));
        let nothing = TreeHead { size: 0, root: leaf(0) };
        assert_eq!(status(&request(0, &[], nothing), None), (422, true));
    }

    #[test]
    fn a_request_with_one_broken_rule_is_malformed() {
        let text = request(1, &[leaf(1)], head(2)).to_text();
        assert_eq!(AddCheckpoint::parse(text.as_bytes()).unwrap().to_text(), text);
        for broken in [
            text.replace("old 1", "old 01"),
            text.replace("old 1", "old"),
            text.replace("old 1", "new 1"),
            text.replacen("\n\n", "\n", 1),
            text.replacen("=\n", "\n", 1),
            text.replace('\n', "\r\n"),
            text.replacen(ORIGIN, "", 1),
            text.replacen("\n2\n", "\n02\n", 1),
            text.replacen("\u{2014}", "-", 1),
            text.replacen("\n\n\u{2014}", "\nextension\n\n\u{2014}", 1),
            String::new(),
        ] {
            let refusal = AddCheckpoint::parse(broken.as_bytes()).unwrap_err();
            assert_eq!((refusal.status(), refusal.is_evidence()), (400, false), "{broken}");
        }
        let huge = vec![b'o'; ADD_CHECKPOINT_BYTES_MAX + 1];
        assert_eq!(AddCheckpoint::parse(&huge).unwrap_err().status(), 400);
    }

    #[test]
    fn a_request_has_at_most_63_proof_lines() {
        let note = request(0, &[], head(2)).note().clone();
        let longest = AddCheckpoint::new(1, vec![leaf(0); 63], note.clone()).unwrap();
        assert_eq!(AddCheckpoint::parse(longest.to_text().as_bytes()), Ok(longest.clone()));
        let line = format!("{}\n", leaf(0).to_base64());
        let longer = longest.to_text().replacen(&line, &line.repeat(2), 1);
        assert_eq!(AddCheckpoint::parse(longer.as_bytes()).unwrap_err().status(), 400);
        assert_eq!(AddCheckpoint::new(1, vec![leaf(0); 64], note).unwrap_err().status(), 400);
    }

    #[test]
    fn only_the_witnesss_own_sound_line_is_taken_from_an_answer() {
        let witness = |seed| {
            Cosigner::new("customs.xb.example/witness/1", SigningKey::from_bytes(&[seed; 32]))
                .unwrap()
        };
        let mut note = request(0, &[], head(2)).note().clone();
        let key = witness(2).verifier_key().clone();
        let line = note.clone().cosign(&witness(2), 99);
        let stranger = note.clone().cosign(&witness(3), 98);
        let answer = format!("{stranger}\n{line}\n");
        assert_eq!(add_answer(&mut note, &answer, &key), Ok(99));
        assert_eq!(note.signatures().len(), 2);

        let before = note.clone();
        let mut wrong = line.clone();
        wrong.signature[20] ^= 1;
        let refused = add_answer(&mut note, &format!("{wrong}\n"), &key);
        assert!(matches!(refused, Err(NoteError::BadSignature { .. })));
        let only_stranger = format!("{stranger}\n");
        let refused = add_answer(&mut note, &only_stranger, &key);
        assert_eq!(refused, Err(NoteError::NoTrustedSignature));
        assert!(add_answer(&mut note, "", &key).is_err());
        assert_eq!(note, before);
    }

    #[test]
    fn the_monitoring_path_is_the_digest_of_the_origin() {
        assert_eq!(monitoring_path(""), format!("{}/checkpoint", empty_root()));
        assert_eq!(origin_digest("abc")[..8], *"ba7816bf");
    }
}
