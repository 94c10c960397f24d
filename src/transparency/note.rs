//! Signed notes (c2sp.org/signed-note): reading, writing and verifying; knows nothing of what the text says.

use std::fmt;

use crate::transparency::cosignature::{Cosignature, Cosigner};
use crate::transparency::ed25519::verify_ed25519;
use crate::transparency::key::{KeyId, KeyKind, NoteSigner, VerifierKey, is_key_name};
use crate::transparency::text;

/// The most signature lines that are read; the specification asks for at least 16.
pub const NOTE_SIGNATURES_MAX: usize = 64;

/// The largest note that is read: room for 64 post-quantum signature lines of 3.3 kB.
pub const NOTE_BYTES_MAX: usize = 256 * 1024;

/// How each signature line begins: an em dash and a space.
const SIGNATURE_PREFIX: &str = "\u{2014} ";

/// A text with the signatures that stand under it; reading one verifies nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    text: String,
    signatures: Vec<SignatureLine>,
}

/// One signature line.
#[derive(Clone, PartialEq, Eq)]
pub struct SignatureLine {
    /// The name of the key that is said to have signed.
    pub name: String,
    /// Its id.
    pub key_id: KeyId,
    /// What follows the id: a signature whose form depends on the kind of key.
    pub signature: Vec<u8>,
}

/// A signature that was verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GoodSignature<'a> {
    /// The key that signed.
    pub key: &'a VerifierKey,
    /// The witness's time in seconds since 1970, for a cosignature.
    pub unix_seconds: Option<u64>,
}

/// Why a note cannot be read or trusted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// The bytes are not a signed note.
    #[error("not a signed note: {0}")]
    Malformed(&'static str),
    /// A trusted key is said to have signed, and has not.
    #[error("the signature of '{name}' is wrong: the note was altered or the line is forged")]
    BadSignature {
        /// The key's name.
        name: String,
    },
    /// Nobody trusted has signed.
    #[error("the note bears no signature of a trusted key")]
    NoTrustedSignature,
}

impl Note {
    /// A text without signatures yet.
    ///
    /// # Errors
    /// If the text does not end in a newline or has control characters.
    pub fn new(text: String) -> Result<Self, NoteError> {
        check_characters(&text)?;
        if !text.ends_with('\n') {
            return Err(NoteError::Malformed("the text does not end in a newline"));
        }
        Ok(Self { text, signatures: Vec::new() })
    }

    /// Reads a note with at least one signature line; the inverse of [`Note::to_text`].
    ///
    /// # Errors
    /// If the bytes break a rule or a limit of the format.
    pub fn parse(bytes: &[u8]) -> Result<Self, NoteError> {
        if bytes.len() > NOTE_BYTES_MAX {
            return Err(NoteError::Malformed("it is larger than 256 KiB"));
        }
        let whole = std::str::from_utf8(bytes)
            .map_err(|_| NoteError::Malformed("it is not valid UTF-8"))?;
        // The text may hold empty lines itself, so it is the last one that parts it from the signatures.
        let (text, lines) = whole
            .rsplit_once("\n\n")
            .ok_or(NoteError::Malformed("no empty line parts text and signatures"))?;
        let note = Self::new(format!("{text}\n"))?;
        let signatures = parse_signature_lines(lines)?;
        Ok(Self { signatures, ..note })
    }

    /// Adds a log's signature.
    pub fn sign(&mut self, signer: &NoteSigner) {
        let key = signer.verifier_key();
        self.push(SignatureLine::new(key, signer.sign(&self.text).to_vec()));
    }

    /// Adds a witness's cosignature and returns its line, which is also the witness's answer.
    pub fn cosign(&mut self, cosigner: &Cosigner, unix_seconds: u64) -> SignatureLine {
        let cosignature = cosigner.cosign(&self.text, unix_seconds);
        let line = SignatureLine::new(cosigner.verifier_key(), cosignature.to_bytes().to_vec());
        self.push(line.clone());
        line
    }

    /// Adds a signature line, in place of an older one of the same key.
    pub fn push(&mut self, line: SignatureLine) {
        let is_same_key =
            |known: &&mut SignatureLine| known.key_id == line.key_id && known.name == line.name;
        match self.signatures.iter_mut().find(is_same_key) {
            Some(known) => *known = line,
            None => self.signatures.push(line),
        }
    }

    /// The signed text with its final newline.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The signature lines in order.
    #[must_use]
    pub fn signatures(&self) -> &[SignatureLine] {
        &self.signatures
    }

    /// The whole note.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut whole = format!("{}\n", self.text);
        for line in &self.signatures {
            whole.push_str(&line.to_string());
            whole.push('\n');
        }
        whole
    }

    /// The signatures by these keys, in the order of their lines and one a key.
    ///
    /// Lines of other keys are ignored. One wrong line under the name and id of a given key condemns the whole note.
    ///
    /// # Errors
    /// If a signature of a given key is wrong, or none of them has signed.
    pub fn verify<'a>(&self, keys: &'a [VerifierKey]) -> Result<Vec<GoodSignature<'a>>, NoteError> {
        let mut good: Vec<GoodSignature<'a>> = Vec::new();
        for line in &self.signatures {
            let is_named = |key: &&VerifierKey| key.id() == line.key_id && key.name() == line.name;
            let Some(key) = keys.iter().find(is_named) else { continue };
            let verified = line
                .verify(key, &self.text)
                .ok_or_else(|| NoteError::BadSignature { name: text::clip(&line.name) })?;
            if good.iter().all(|known| known.key != key) {
                good.push(verified);
            }
        }
        if good.is_empty() { Err(NoteError::NoTrustedSignature) } else { Ok(good) }
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_text())
    }
}

impl SignatureLine {
    /// The line for a signature that this key made.
    #[must_use]
    pub fn new(key: &VerifierKey, signature: Vec<u8>) -> Self {
        Self { name: key.name().to_owned(), key_id: key.id(), signature }
    }

    /// The signature, if this key made it over the text.
    #[must_use]
    pub fn verify<'a>(&self, key: &'a VerifierKey, text: &str) -> Option<GoodSignature<'a>> {
        if key.id() != self.key_id || key.name() != self.name {
            return None;
        }
        let unix_seconds = match key.kind() {
            KeyKind::Log => {
                let is_good = verify_ed25519(key.public_key(), text.as_bytes(), &self.signature);
                is_good.then_some(None)?
            }
            KeyKind::Witness => {
                let cosignature = Cosignature::from_bytes(&self.signature)?;
                cosignature.is_by(key, text).then_some(Some(cosignature.unix_seconds))?
            }
        };
        Some(GoodSignature { key, unix_seconds })
    }

    fn parse(line: &str) -> Option<Self> {
        let (name, blob) = line.strip_prefix(SIGNATURE_PREFIX)?.split_once(' ')?;
        let blob = text::parse_base64(blob)?;
        let (key_id, signature) = blob.split_first_chunk::<4>()?;
        let is_sound = is_key_name(name) && !signature.is_empty();
        is_sound.then(|| Self {
            name: name.to_owned(),
            key_id: KeyId(*key_id),
            signature: signature.to_vec(),
        })
    }
}

/// The line without its newline.
impl fmt::Display for SignatureLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let blob = [self.key_id.0.as_slice(), &self.signature].concat();
        write!(f, "{SIGNATURE_PREFIX}{} {}", self.name, text::to_base64(&blob))
    }
}

impl fmt::Debug for SignatureLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SignatureLine({} {})", self.name, self.key_id)
    }
}

/// Reads signature lines, each ending in a newline; a witness answers with such lines alone.
///
/// # Errors
/// If there are none or too many, or one breaks the format.
pub fn parse_signature_lines(lines: &str) -> Result<Vec<SignatureLine>, NoteError> {
    if lines.len() > NOTE_BYTES_MAX {
        return Err(NoteError::Malformed("it is larger than 256 KiB"));
    }
    let lines = lines
        .strip_suffix('\n')
        .ok_or(NoteError::Malformed("there is no signature line, or the last is cut off"))?;
    let mut signatures = Vec::new();
    for line in lines.split('\n') {
        if signatures.len() == NOTE_SIGNATURES_MAX {
            return Err(NoteError::Malformed("it has more than 64 signature lines"));
        }
        let signature = SignatureLine::parse(line)
            .ok_or(NoteError::Malformed("a signature line breaks the format"))?;
        signatures.push(signature);
    }
    Ok(signatures)
}

fn check_characters(text: &str) -> Result<(), NoteError> {
    if text.bytes().any(|byte| byte < 0x20 && byte != b'\n') {
        Err(NoteError::Malformed("it has control characters"))
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use ed25519_dalek::SigningKey;
    use proptest::prelude::*;
    use signed_note::{StandardVerifier, VerifierList};

    use super::*;

    fn signer(name: &str, seed: u8) -> NoteSigner {
        NoteSigner::new(name, SigningKey::from_bytes(&[seed; 32])).unwrap()
    }

    fn note(text: &str, signers: &[&NoteSigner]) -> Note {
        let mut note = Note::new(text.to_owned()).unwrap();
        for signer in signers {
            note.sign(signer);
        }
        note
    }

    #[test]
    fn lines_of_unknown_keys_are_ignored_and_wrong_ones_of_known_keys_condemn() {
        let (a, b) = (signer("a.example", 1), signer("b.example", 2));
        let note = note("text\n", &[&a, &b]);
        let [key_a, key_b] = [&a, &b].map(|signer| signer.verifier_key().clone());
        let good = |keys: &[VerifierKey]| note.verify(keys).map(|good| good.len());
        assert_eq!(good(std::slice::from_ref(&key_a)), Ok(1));
        assert_eq!(good(&[key_a.clone(), key_b.clone()]), Ok(2));
        assert_eq!(good(&[]), Err(NoteError::NoTrustedSignature));

        let repeated = format!("{note}{}\n", note.signatures()[0]);
        let repeated = Note::parse(repeated.as_bytes()).unwrap();
        assert_eq!(repeated.verify(std::slice::from_ref(&key_a)).map(|good| good.len()), Ok(1));

        let mut forged = note.clone();
        let mut line = SignatureLine::new(&key_b, vec![0; 64]);
        forged.push(line.clone());
        let keys = [key_a, key_b];
        let condemned = NoteError::BadSignature { name: "b.example".to_owned() };
        assert_eq!(forged.verify(&keys), Err(condemned.clone()));
        assert_eq!(forged.verify(&keys[..1]).map(|good| good.len()), Ok(1));
        line.key_id = KeyId([0; 4]);
        let mut stranger = note.clone();
        stranger.push(line);
        assert_eq!(stranger.verify(&keys).map(|good| good.len()), Ok(2));

        let twice = format!("{note}{}\n", SignatureLine::new(&keys[1], vec![0; 64]));
        assert_eq!(Note::parse(twice.as_bytes()).unwrap().verify(&keys), Err(condemned));
    }

    #[test]
    fn a_cosignature_is_verified_with_its_time() {
        let cosigner = Cosigner::new("w.example", SigningKey::from_bytes(&[3; 32])).unwrap();
        let mut note = Note::new("text\n".to_owned()).unwrap();
        note.cosign(&cosigner, 77);
        let keys = [cosigner.verifier_key().clone()];
        assert_eq!(note.verify(&keys).unwrap()[0].unix_seconds, Some(77));
        note.cosign(&cosigner, 78);
        assert_eq!(note.signatures().len(), 1, "one line a key");
        assert_eq!(note.verify(&keys).unwrap()[0].unix_seconds, Some(78));
        let plain = signer("w.example", 3).sign(note.text());
        note.push(SignatureLine::new(&keys[0], plain.to_vec()));
        assert!(matches!(note.verify(&keys), Err(NoteError::BadSignature { .. })));
    }

    #[test]
    fn a_note_with_one_broken_rule_is_refused() {
        let text = note("one\n\ntwo\n", &[&signer("a.example", 1)]).to_text();
        assert_eq!(Note::parse(text.as_bytes()).unwrap().text(), "one\n\ntwo\n");
        for broken in [
            text.replace("two\n\n", "two\n"),
            text.replace("\u{2014} ", "- "),
            text.replace("\u{2014} ", "\u{2014}"),
            text.replace("a.example", "a+example"),
            text.replace("a.example ", ""),
            text.replace("a.example", "a\u{a0}example"),
            text.replace("one", "o\tne"),
            text.replace("one", "o\0ne"),
            text.trim_end().to_owned(),
            format!("{text}\n"),
            format!("{text}trailing\n"),
            text.replace('\n', "\r\n"),
            "one\n\n".to_owned(),
            "one\n\n\u{2014} a AAAAAA==\n".to_owned(),
            String::new(),
        ] {
            assert!(Note::parse(broken.as_bytes()).is_err(), "{broken:?}");
        }
        assert!(Note::parse(&[text.as_bytes(), b"\xff"].concat()).is_err());
        assert!(Note::new("no newline".to_owned()).is_err());
    }

    #[test]
    fn a_note_has_at_most_64_signatures_and_256_kib() {
        let with_lines =
            |count: usize| format!("text\n\n{}", "\u{2014} a AAAAAAA=\n".repeat(count));
        assert!(Note::parse(with_lines(NOTE_SIGNATURES_MAX).as_bytes()).is_ok());
        assert!(Note::parse(with_lines(NOTE_SIGNATURES_MAX + 1).as_bytes()).is_err());
        let line = "\n\n\u{2014} a AAAAAAA=\n";
        let sized = |size: usize| format!("{}{line}", "t".repeat(size - line.len()));
        assert!(Note::parse(sized(NOTE_BYTES_MAX).as_bytes()).is_ok());
        assert!(Note::parse(sized(NOTE_BYTES_MAX + 1).as_bytes()).is_err());
    }

    proptest! {
        #[test]
        fn notes_agree_with_signed_note(lines in prop::collection::vec("[ -~é]{0,9}", 1..5)) {
            let signer = signer("log.example/1", 9);
            let note = note(&format!("{}\n", lines.join("\n")), &[&signer]);
            let theirs = signed_note::Note::from_bytes(note.to_text().as_bytes()).unwrap();
            let verifier = StandardVerifier::new(&signer.verifier_key().to_string()).unwrap();
            let (good, _) = theirs.verify(&VerifierList::new(vec![Box::new(verifier)])).unwrap();
            prop_assert_eq!(good.len(), 1);
            prop_assert_eq!(theirs.text(), note.text().as_bytes());
            prop_assert_eq!(Note::parse(note.to_text().as_bytes()), Ok(note));
        }

        #[test]
        fn readable_notes_are_read_alike_by_signed_note(bytes in "(a|\n|\u{2014}| |a \\+|AAAAAAA=){0,12}") {
            let hostile = format!("{bytes}\n\n\u{2014} a AAAAAAA=\n");
            for candidate in [bytes, hostile] {
                if let Ok(note) = Note::parse(candidate.as_bytes()) {
                    prop_assert!(signed_note::Note::from_bytes(candidate.as_bytes()).is_ok());
                    prop_assert_eq!(note.to_text(), candidate);
                }
            }
        }
    }
}
