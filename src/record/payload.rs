//! What a record says: the fixed fields, the fields of its kind, and how both become leaves and are read back.

use ed25519_dalek::VerifyingKey;

use crate::domain::id::{AuthorityName, ObjectId};
use crate::domain::time::Timestamp;
use crate::record::field::{Field, FieldError, Leaf, PADDING, SALT_BYTES, check_size, leaf_hashes};
use crate::record::fields::Fields;
use crate::record::key::Signer;
use crate::record::statement::{Statement, StatementClaims, StatementError, StatementHash};
use crate::record::value::Value;
use crate::transparency::small_tree::SmallTree;

/// The keys of the fixed fields 0 to 7, in their order (PROTOCOL 2.3).
pub const FIXED_KEYS: [&str; 8] =
    ["kind", "prev", "object", "actor", "role", "purpose", "authored_at", "profile"];

/// The actor of a record that the node makes by itself.
pub const ACTOR_NODE: &str = "node";

/// The fixed fields of every record, always disclosed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Common {
    /// Name and version of the kind, such as `case.opened/1`.
    pub kind: String,
    /// The statement before this one in the object's chain.
    pub prev: Option<StatementHash>,
    /// The object that the record is about; equal to the statement's subject.
    pub object: ObjectId,
    /// Pseudonym of the officer, or `node`.
    pub actor: String,
    /// The role in which the officer acted.
    pub role: String,
    /// The purpose for which the officer acted.
    pub purpose: String,
    /// When it was written, by the author's clock.
    pub authored_at: Timestamp,
    /// Hash of the instrument profile or workflow that applied.
    pub profile: Option<[u8; 32]>,
}

/// Why a record cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PayloadError {
    /// The statement is not well formed or not signed as it says.
    #[error(transparent)]
    Statement(#[from] StatementError),
    /// A leaf is not well formed, or there are too many.
    #[error(transparent)]
    Field(#[from] FieldError),
    /// The fields are not those that were signed.
    #[error(
        "the fields are not those that statement {0} signed: a field was changed, added or left out"
    )]
    Root(StatementHash),
    /// A field that the kind asks for is absent or of another type.
    #[error("the field {0} is missing or of another type than its kind says")]
    Missing(String),
    /// The fixed fields contradict the statement's header.
    #[error("the record's object differs from the statement's subject")]
    Subject,
    /// The record is of another kind than the reader expects.
    #[error("a record of kind {found} was read as {expected}")]
    OtherKind {
        /// What the record is.
        found: String,
        /// What the reader asked for.
        expected: String,
    },
}

/// What a kind of record says beyond the fixed fields. One file under `record::kinds` implements it.
pub trait Payload: Sized {
    /// Name and version, such as `case.opened/1`.
    const KIND: &'static str;

    /// The fields in the kind's order, without the fixed ones.
    fn fields(&self) -> Vec<(String, Value)>;

    /// Reads the payload back; fields that the kind does not know are left alone.
    ///
    /// # Errors
    /// If a field that the kind needs is missing or of another type.
    fn read(fields: &Fields) -> Result<Self, PayloadError>;
}

/// A statement with all its leaves, each proven to be under the signed root.
///
/// Made only by signing or by [`Record::open`], which verifies: whoever holds a record may believe who said it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    statement: Statement,
    leaves: Vec<Vec<u8>>,
    common: Common,
    fields: Fields,
}

impl Record {
    /// Writes and signs a record. `draw` fills salts and ids with random bytes.
    ///
    /// # Errors
    /// If the payload is larger than a record may be or names a field twice.
    pub fn sign<P: Payload>(
        common: Common,
        payload: &P,
        issuer: &AuthorityName,
        signer: &Signer,
        draw: &mut dyn FnMut(&mut [u8]),
    ) -> Result<Self, FieldError> {
        let common = Common { kind: P::KIND.to_owned(), ..common };
        let pairs = common.pairs().into_iter().chain(payload.fields());
        let mut leaves: Vec<Vec<u8>> = Vec::new();
        for (key, value) in pairs {
            let mut salt = [0; SALT_BYTES];
            draw(&mut salt);
            leaves.push(Leaf::Field(Field { salt, value, key }).encode());
        }
        while !leaves.len().is_multiple_of(PADDING) {
            let mut salt = [0; SALT_BYTES];
            draw(&mut salt);
            leaves.push(Leaf::Decoy(salt).encode());
        }
        check_size(leaves.iter().map(Vec::as_slice))?;
        let fields = Fields::of(leaves.iter().map(Vec::as_slice).enumerate())?;
        let root = root_of(&leaves);
        let mut id = [0; 16];
        draw(&mut id);
        let claims = StatementClaims {
            issuer: issuer.clone(),
            subject: common.object,
            issued_at: common.authored_at.as_secs(),
            id,
        };
        let statement = Statement::sign(claims, root, signer);
        Ok(Self { statement, leaves, common, fields })
    }

    /// Verifies a foreign statement and all its leaves.
    ///
    /// # Errors
    /// If the signature does not hold, the leaves are not those that were signed, or the fixed fields are not sound.
    pub fn open(
        statement: Statement,
        leaves: Vec<Vec<u8>>,
        key: &VerifyingKey,
    ) -> Result<Self, PayloadError> {
        statement.verify(key)?;
        Self::assemble(statement, leaves)
    }

    /// Puts a record together that was verified when it was stored; checks the leaves, not the signature again.
    ///
    /// # Errors
    /// If the leaves are not those that were signed, or the fixed fields are not sound.
    pub fn assemble(statement: Statement, leaves: Vec<Vec<u8>>) -> Result<Self, PayloadError> {
        check_size(leaves.iter().map(Vec::as_slice))?;
        if root_of(&leaves) != statement.root {
            return Err(PayloadError::Root(statement.hash()));
        }
        let fields = Fields::of(leaves.iter().map(Vec::as_slice).enumerate())?;
        let common = Common::read(&fields)?;
        if common.object != statement.subject {
            return Err(PayloadError::Subject);
        }
        Ok(Self { statement, leaves, common, fields })
    }

    /// What the record says, read as a kind.
    ///
    /// # Errors
    /// If the record is of another kind, or lacks what the kind needs.
    pub fn payload<P: Payload>(&self) -> Result<P, PayloadError> {
        if self.common.kind == P::KIND {
            P::read(&self.fields)
        } else {
            Err(PayloadError::OtherKind {
                found: self.common.kind.clone(),
                expected: P::KIND.to_owned(),
            })
        }
    }

    /// The signed statement.
    #[must_use]
    pub const fn statement(&self) -> &Statement {
        &self.statement
    }

    /// The statement's hash.
    #[must_use]
    pub const fn hash(&self) -> StatementHash {
        self.statement.hash()
    }

    /// The bytes of all leaves, in order, decoys included.
    #[must_use]
    pub fn leaves(&self) -> &[Vec<u8>] {
        &self.leaves
    }

    /// The fixed fields.
    #[must_use]
    pub const fn common(&self) -> &Common {
        &self.common
    }

    /// All fields by key.
    #[must_use]
    pub const fn fields(&self) -> &Fields {
        &self.fields
    }
}

impl Common {
    fn pairs(&self) -> Vec<(String, Value)> {
        let values = [
            Value::text(self.kind.as_str()),
            self.prev.map_or(Value::Null, |hash| Value::bytes(hash.0)),
            Value::bytes(*self.object.0.as_bytes()),
            Value::text(self.actor.as_str()),
            Value::text(self.role.as_str()),
            Value::text(self.purpose.as_str()),
            Value::int(self.authored_at.0),
            self.profile.map_or(Value::Null, Value::bytes),
        ];
        FIXED_KEYS.iter().map(|key| (*key).to_owned()).zip(values).collect()
    }

    /// Reads the fixed fields, which must stand at indices 0 to 7 in their order.
    ///
    /// # Errors
    /// If one is missing, of another type or at another place.
    pub fn read(fields: &Fields) -> Result<Self, PayloadError> {
        for (place, key) in FIXED_KEYS.iter().enumerate() {
            if fields.index(key) != Some(place) {
                return Err(PayloadError::Missing((*key).to_owned()));
            }
        }
        Ok(Self {
            kind: fields.text("kind")?,
            prev: fields.bytes_opt("prev")?.map(StatementHash),
            object: fields.object("object")?,
            actor: fields.text("actor")?,
            role: fields.text("role")?,
            purpose: fields.text("purpose")?,
            authored_at: Timestamp(fields.int("authored_at")?),
            profile: fields.bytes_opt("profile")?,
        })
    }
}

fn root_of(leaves: &[Vec<u8>]) -> crate::transparency::tree::Hash {
    SmallTree::new(leaf_hashes(leaves.iter().map(Vec::as_slice))).root()
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::record::kinds::case::{CaseMoved, CaseOpened, CaseUpdated};
    use ed25519_dalek::SigningKey;

    pub(crate) fn signer(seed: u8) -> Signer {
        Signer::new(SigningKey::from_bytes(&[seed; 32]))
    }

    /// Salts that differ from draw to draw and are the same in every run.
    pub(crate) fn counting() -> impl FnMut(&mut [u8]) {
        let mut next = 0_u8;
        move |bytes: &mut [u8]| {
            next = next.wrapping_add(1);
            bytes.fill(next);
        }
    }

    pub(crate) fn authority() -> AuthorityName {
        "customs.xa.example".parse().unwrap()
    }

    pub(crate) fn common() -> Common {
        Common {
            kind: String::new(),
            prev: None,
            object: ObjectId::from_random([9; 16]),
            actor: "p-17".to_owned(),
            role: "case_officer".to_owned(),
            purpose: "customs_enforcement".to_owned(),
            authored_at: Timestamp::from_secs(1_795_500_000),
            profile: None,
        }
    }

    pub(crate) fn opened() -> CaseOpened {
        CaseOpened {
            reference: "XA-2026-17".to_owned(),
            title: "Cigarettes in a container of tiles".to_owned(),
            case_type: "tobacco_excise".to_owned(),
            status: "suspicion".to_owned(),
            unit: None,
            protection: None,
            content: vec![
                ("identifiers/0/value".to_owned(), Value::text("CSQU3054383")),
                ("subjects/0/name".to_owned(), Value::text("A. Person")),
                ("x-newer/1".to_owned(), Value::int(5)),
            ],
        }
    }

    pub(crate) fn record() -> Record {
        Record::sign(common(), &opened(), &authority(), &signer(1), &mut counting()).unwrap()
    }

    #[test]
    fn a_signed_record_opens_with_its_key_and_says_what_was_signed() {
        let signed = record();
        let statement = Statement::parse(signed.statement().bytes()).unwrap();
        let opened_again =
            Record::open(statement, signed.leaves().to_vec(), &signer(1).verifying_key()).unwrap();
        assert_eq!(opened_again, signed);
        let payload = opened_again.payload::<CaseOpened>().unwrap();
        assert_eq!(payload.reference, "XA-2026-17");
        assert_eq!(opened_again.leaves().len() % PADDING, 0);
        assert!(matches!(opened_again.payload::<CaseMoved>(), Err(PayloadError::OtherKind { .. })));
    }

    #[test]
    fn fields_that_the_kind_does_not_know_are_kept() {
        let signed = record();
        assert_eq!(signed.fields().get("x-newer/1"), Some(&Value::int(5)));
        // The typed payload leaves them out; the leaves, which are what is stored and passed on, keep them.
        assert!(
            signed.payload::<CaseOpened>().unwrap().content.iter().all(|(k, _)| k != "x-newer/1")
        );
    }

    #[test]
    fn a_changed_left_out_or_added_leaf_is_refused() {
        let signed = record();
        let open = |leaves: Vec<Vec<u8>>| {
            Record::open(signed.statement().clone(), leaves, &signer(1).verifying_key())
        };
        let mut changed = signed.leaves().to_vec();
        *changed[9].last_mut().unwrap() ^= 1;
        let left_out = signed.leaves()[..15].to_vec();
        let mut added = signed.leaves().to_vec();
        added.push(Leaf::Decoy([0; 16]).encode());
        for leaves in [changed, left_out, added] {
            assert!(matches!(open(leaves), Err(PayloadError::Root(_))));
        }
    }

    #[test]
    fn a_statement_of_another_key_is_refused() {
        let signed = record();
        let with = |key: VerifyingKey| {
            Record::open(signed.statement().clone(), signed.leaves().to_vec(), &key)
        };
        assert!(matches!(
            with(signer(2).verifying_key()),
            Err(PayloadError::Statement(StatementError::OtherKey(..)))
        ));
    }

    #[test]
    fn every_flipped_bit_of_a_statement_is_refused() {
        let signed = record();
        let bytes = signed.statement().bytes();
        for bit in 0..bytes.len() * 8 {
            let mut flipped = bytes.to_vec();
            flipped[bit / 8] ^= 1 << (bit % 8);
            let accepted = Statement::parse(&flipped)
                .is_ok_and(|statement| statement.verify(&signer(1).verifying_key()).is_ok());
            assert!(!accepted, "bit {bit}");
        }
    }

    #[test]
    fn a_field_set_twice_is_refused_when_signing() {
        let twice = CaseUpdated {
            title: None,
            content: vec![
                ("notes/0".to_owned(), Value::text("a")),
                ("notes/0".to_owned(), Value::text("b")),
            ],
        };
        let result = Record::sign(common(), &twice, &authority(), &signer(1), &mut counting());
        assert_eq!(result.unwrap_err(), FieldError::Twice("notes/0".to_owned()));
    }
}
