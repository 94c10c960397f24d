//! Checkpoints (c2sp.org/tlog-checkpoint): the signed statement of a log's size and root; judges no history.

use crate::transparency::key::{KeyKind, NoteSigner, VerifierKey};
use crate::transparency::note::{Note, NoteError};
use crate::transparency::text;
use crate::transparency::tree::{Hash, TreeHead};

/// The longest origin that is read: an authority's name, a path and room to spare.
pub const ORIGIN_BYTES_MAX: usize = 1024;

/// What a log says of itself: "I have this many entries, and this is their root".
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// The log's unique name, such as `customs.xa.example/log/2026`.
    pub origin: String,
    /// The number of entries.
    pub size: u64,
    /// The root of the tree over them.
    pub root: Hash,
}

/// Why a note is not a checkpoint of the expected log.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointError {
    /// The text breaks the format.
    #[error("not a checkpoint: {0}")]
    Malformed(&'static str),
    /// The note breaks the format, or its signatures do not hold.
    #[error(transparent)]
    Note(#[from] NoteError),
    /// The checkpoint is another log's.
    #[error("the checkpoint is of log '{found}', not of '{expected}'")]
    OtherOrigin {
        /// The log that was asked for.
        expected: String,
        /// The log that the checkpoint names.
        found: String,
    },
}

impl Checkpoint {
    /// Reads the text of a note: three lines, no extensions. Verifies nothing; the inverse of [`Checkpoint::to_text`].
    ///
    /// # Errors
    /// If the text has another form.
    pub fn parse(text: &str) -> Result<Self, CheckpointError> {
        match Self::parse_with_extensions(text)? {
            (checkpoint, "") => Ok(checkpoint),
            (_, _) => Err(CheckpointError::Malformed("extension lines are not accepted")),
        }
    }

    /// [`Checkpoint::parse`] for other people's logs: also returns the extension lines, empty if there are none.
    ///
    /// # Errors
    /// If the first three lines have another form.
    pub fn parse_with_extensions(text: &str) -> Result<(Self, &str), CheckpointError> {
        let malformed = CheckpointError::Malformed;
        let cut = malformed("it has fewer than three whole lines");
        let (origin, rest) = text.split_once('\n').ok_or(cut.clone())?;
        let (size, rest) = rest.split_once('\n').ok_or(cut.clone())?;
        let (root, extensions) = rest.split_once('\n').ok_or(cut)?;
        if origin.is_empty() || origin.len() > ORIGIN_BYTES_MAX {
            return Err(malformed("the origin is empty or too long"));
        }
        if !extensions.is_empty() && !extensions.ends_with('\n') {
            return Err(malformed("the last line is cut off"));
        }
        let size = text::parse_decimal(size)
            .ok_or(malformed("the size is not a decimal without leading zeros"))?;
        let root =
            Hash::from_base64(root).ok_or(malformed("the root is not a base64 SHA-256 hash"))?;
        Ok((Self { origin: origin.to_owned(), size, root }, extensions))
    }

    /// Reads a note's checkpoint after verifying that a key of this log signed it.
    ///
    /// Cosignatures by any of `keys` must hold too, yet do not replace the log's own signature.
    ///
    /// # Errors
    /// If it is another log's, breaks the format, a given key's signature is wrong, or none of the log keys has signed.
    pub fn open(note: &Note, origin: &str, keys: &[VerifierKey]) -> Result<Self, CheckpointError> {
        let checkpoint = Self::parse(note.text())?;
        checkpoint.expect_origin(origin)?;
        let good = note.verify(keys)?;
        if good.iter().any(|signature| signature.key.kind() == KeyKind::Log) {
            Ok(checkpoint)
        } else {
            Err(NoteError::NoTrustedSignature.into())
        }
    }

    /// The signed note; log keys are named like the origin.
    ///
    /// # Errors
    /// If the origin has characters that a note cannot carry.
    pub fn sign(&self, signer: &NoteSigner) -> Result<Note, CheckpointError> {
        Self::parse(&self.to_text())?;
        let mut note = Note::new(self.to_text())?;
        note.sign(signer);
        Ok(note)
    }

    /// The text that is signed.
    #[must_use]
    pub fn to_text(&self) -> String {
        format!("{}\n{}\n{}\n", self.origin, self.size, self.root.to_base64())
    }

    /// Size and root.
    #[must_use]
    pub const fn head(&self) -> TreeHead {
        TreeHead { size: self.size, root: self.root }
    }

    fn expect_origin(&self, expected: &str) -> Result<(), CheckpointError> {
        if self.origin == expected {
            return Ok(());
        }
        let found = text::clip(&self.origin);
        Err(CheckpointError::OtherOrigin { expected: expected.to_owned(), found })
    }
}

#[cfg(test)]
mod tests {
    use ed25519_dalek::SigningKey;
    use proptest::prelude::*;

    use super::*;
    use crate::transparency::cosignature::Cosigner;
    use crate::transparency::tree::empty_root;

    const ORIGIN: &str = "customs.xa.example/log/2026";

    fn checkpoint() -> Checkpoint {
        Checkpoint { origin: ORIGIN.to_owned(), size: 300, root: empty_root() }
    }

    fn signer() -> NoteSigner {
        NoteSigner::new(ORIGIN, SigningKey::from_bytes(&[1; 32])).unwrap()
    }

    #[test]
    fn a_checkpoint_with_one_broken_rule_is_refused() {
        let text = checkpoint().to_text();
        assert_eq!(Checkpoint::parse(&text), Ok(checkpoint()));
        let root = empty_root().to_base64();
        for broken in [
            text.replace("300", "0300"),
            text.replace("300", ""),
            text.replace("300", "-1"),
            text.replace("300", "18446744073709551616"),
            text.replace(ORIGIN, ""),
            text.replace(ORIGIN, &"o".repeat(ORIGIN_BYTES_MAX + 1)),
            text.replace(&root, &root.replace('=', "")),
            text.replace(&root, "AAAA"),
            format!("{text}extension\n"),
            format!("{text}\n"),
            text.trim_end().to_owned(),
            String::new(),
        ] {
            assert!(Checkpoint::parse(&broken).is_err(), "{broken:?}");
        }
        let longest = text.replace(ORIGIN, &"o".repeat(ORIGIN_BYTES_MAX));
        assert!(Checkpoint::parse(&longest).is_ok());
        let extended = format!("{text}extension\n");
        assert_eq!(Checkpoint::parse_with_extensions(&extended), Ok((checkpoint(), "extension\n")));
    }

    #[test]
    fn a_checkpoint_opens_under_its_logs_key_and_origin_only() {
        let signer = signer();
        let key = signer.verifier_key().clone();
        let note = checkpoint().sign(&signer).unwrap();
        let open = |keys: &[VerifierKey]| Checkpoint::open(&note, ORIGIN, keys);
        assert_eq!(open(std::slice::from_ref(&key)), Ok(checkpoint()));
        assert_eq!(open(&[]), Err(NoteError::NoTrustedSignature.into()));
        let other = Checkpoint::open(&note, "customs.xb.example/log/2026", &[key]);
        assert!(matches!(other, Err(CheckpointError::OtherOrigin { .. })));
    }

    #[test]
    fn a_cosignature_does_not_replace_the_logs_signature() {
        let cosigner = Cosigner::new("w.example", SigningKey::from_bytes(&[2; 32])).unwrap();
        let mut note = Note::new(checkpoint().to_text()).unwrap();
        note.cosign(&cosigner, 7);
        let keys = [cosigner.verifier_key().clone(), signer().verifier_key().clone()];
        let opened = Checkpoint::open(&note, ORIGIN, &keys);
        assert_eq!(opened, Err(NoteError::NoTrustedSignature.into()));
        note.sign(&signer());
        assert_eq!(Checkpoint::open(&note, ORIGIN, &keys), Ok(checkpoint()));
    }

    #[test]
    fn an_origin_that_would_break_the_text_is_not_signed() {
        for origin in ["", "a\nb", "a\tb"] {
            let broken = Checkpoint { origin: origin.to_owned(), ..checkpoint() };
            assert!(broken.sign(&signer()).is_err(), "{origin:?}");
        }
    }

    proptest! {
        #[test]
        fn checkpoints_agree_with_tlog_tiles(
            origin in "[a-z./]{1,20}", size in 0..=u64::MAX, root in any::<[u8; 32]>(),
        ) {
            let ours = Checkpoint { origin, size, root: Hash(root) };
            let theirs = tlog_tiles::Checkpoint::from_bytes(ours.to_text().as_bytes()).unwrap();
            prop_assert_eq!(theirs.size(), ours.size);
            prop_assert_eq!(theirs.origin(), ours.origin.as_str());
            prop_assert_eq!(theirs.hash().0, ours.root.0);
            prop_assert_eq!(Checkpoint::parse(&ours.to_text()), Ok(ours));
        }
    }
}
