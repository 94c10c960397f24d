//! Signed statements: COSE_Sign1 over the root of a field tree (RFC 9052 4.2, RFC 9943); says nothing of what the
//! fields mean.

use std::fmt;

use ed25519_dalek::VerifyingKey;
use sha2::{Digest, Sha256};

use crate::domain::id::{AuthorityName, ObjectId};
use crate::record::key::{KeyId, Signer, verify_ed25519};
use crate::record::value::{Value, ValueError};
use crate::transparency::tree::Hash;

/// The media type in every statement's `typ` header (RFC 9596): one constant, so that a log leaf does not tell its kind.
pub const STATEMENT_TYPE: &str = "application/vnd.sealane.record+cose";

/// The most bytes of a statement: a log entry has a length of 16 bits (tlog-tiles).
pub const STATEMENT_BYTES_MAX: usize = 65_535;

/// COSE algorithm EdDSA (RFC 9053 2.2), the one that is written.
const ALG_EDDSA: i128 = -8;
/// COSE algorithm Ed25519 (RFC 9864), also read.
const ALG_ED25519: i128 = -19;
/// Verifiable data structure RFC9162_SHA256 (RFC 9942): the payload is a tree root.
const VDS_RFC9162_SHA256: i128 = 1;

/// The hash by which statements name each other: SHA-256 over the statement's bytes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StatementHash(pub [u8; 32]);

impl StatementHash {
    /// The hash of these statement bytes.
    #[must_use]
    pub fn of(statement: &[u8]) -> Self {
        Self(Sha256::digest(statement).into())
    }

    /// The hash written as 64 hexadecimal digits.
    #[must_use]
    pub fn from_hex(text: &str) -> Option<Self> {
        hex::decode(text).ok()?.try_into().ok().map(Self)
    }
}

impl fmt::Display for StatementHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for StatementHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Why bytes are not a statement.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StatementError {
    /// The bytes are not deterministic CBOR.
    #[error("the statement is {0}")]
    Encoding(#[from] ValueError),
    /// The COSE structure is another than that of PROTOCOL 2.1.
    #[error("the statement is not a sealane record: {0}")]
    Shape(&'static str),
    /// The signature does not hold under the key that the statement names.
    #[error(
        "the signature of statement {0} does not hold: it was changed, or signed with another key than {1}"
    )]
    Signature(StatementHash, KeyId),
    /// The key offered for verification is not the one that the statement names.
    #[error("statement {0} names key {1}, which is not the key it was checked with")]
    OtherKey(StatementHash, KeyId),
}

/// A parsed statement. Parsing does not verify; [`Statement::verify`] does.
#[derive(Clone, PartialEq, Eq)]
pub struct Statement {
    bytes: Vec<u8>,
    hash: StatementHash,
    protected: Vec<u8>,
    signature: [u8; 64],
    /// Thumbprint of the key that signed.
    pub key: KeyId,
    /// Who says it (`iss`).
    pub issuer: AuthorityName,
    /// The object it is about (`sub`).
    pub subject: ObjectId,
    /// When it was signed by the signer's own clock, seconds since the epoch (`iat`).
    pub issued_at: i64,
    /// A random id of the statement (`cti`).
    pub id: [u8; 16],
    /// The root of the field tree, which is the payload.
    pub root: Hash,
}

/// What a new statement says in its protected header.
#[derive(Clone, Debug)]
pub struct StatementClaims {
    /// Who says it.
    pub issuer: AuthorityName,
    /// The object it is about.
    pub subject: ObjectId,
    /// Seconds since the epoch.
    pub issued_at: i64,
    /// 16 random bytes.
    pub id: [u8; 16],
}

impl Statement {
    /// Signs a field root.
    #[must_use]
    pub fn sign(claims: StatementClaims, root: Hash, signer: &Signer) -> Self {
        let protected = Value::int_map([
            (1, Value::Int(ALG_EDDSA)),
            (4, Value::bytes(signer.id().0)),
            (
                15,
                Value::int_map([
                    (1, Value::text(claims.issuer.issuer())),
                    (2, Value::text(claims.subject.urn())),
                    (6, Value::int(claims.issued_at)),
                    (7, Value::bytes(claims.id)),
                ]),
            ),
            (16, Value::text(STATEMENT_TYPE)),
            (395, Value::Int(VDS_RFC9162_SHA256)),
        ])
        .encode();
        let signature = signer.sign(&sig_structure(&protected, &root.0));
        let bytes = sign1(&protected, Value::Map(vec![]), Value::bytes(root.0), &signature);
        Self {
            hash: StatementHash::of(&bytes),
            bytes,
            protected,
            signature,
            key: signer.id(),
            issuer: claims.issuer,
            subject: claims.subject,
            issued_at: claims.issued_at,
            id: claims.id,
            root,
        }
    }

    /// Reads a statement (PROTOCOL 2.1).
    ///
    /// # Errors
    /// If the bytes are not the one deterministic form of a sealane statement with an empty unprotected header.
    pub fn parse(bytes: &[u8]) -> Result<Self, StatementError> {
        if bytes.len() > STATEMENT_BYTES_MAX {
            return Err(StatementError::Shape("longer than 65,535 bytes"));
        }
        let parts = Sign1::parse(bytes)?;
        if parts.unprotected != Value::Map(vec![]) {
            return Err(StatementError::Shape("its unprotected header is not empty"));
        }
        let root = parts
            .payload
            .as_bytes()
            .and_then(|root| root.try_into().ok())
            .map(Hash)
            .ok_or(StatementError::Shape("its payload is not a 32-byte root"))?;
        let claims = Claims::read(&parts.header)?;
        Ok(Self {
            hash: StatementHash::of(bytes),
            bytes: bytes.to_vec(),
            protected: parts.protected,
            signature: parts.signature,
            key: claims.key,
            issuer: claims.issuer,
            subject: claims.subject,
            issued_at: claims.issued_at,
            id: claims.id,
            root,
        })
    }

    /// Checks the signature with the key that the statement names.
    ///
    /// # Errors
    /// If `key` is another key than the one named, or the signature does not hold under `verify_strict`.
    pub fn verify(&self, key: &VerifyingKey) -> Result<(), StatementError> {
        if KeyId::of(key) != self.key {
            return Err(StatementError::OtherKey(self.hash, self.key));
        }
        let message = sig_structure(&self.protected, &self.root.0);
        if verify_ed25519(key, &message, &self.signature) {
            Ok(())
        } else {
            Err(StatementError::Signature(self.hash, self.key))
        }
    }

    /// The exact bytes: the log leaf, and what is sent.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The hash by which others name it.
    #[must_use]
    pub const fn hash(&self) -> StatementHash {
        self.hash
    }

    /// The statement with receipts in its unprotected header: a Transparent Statement (RFC 9943 6).
    #[must_use]
    pub fn with_receipts(&self, receipts: &[Vec<u8>]) -> Vec<u8> {
        let list = receipts.iter().map(|receipt| Value::bytes(receipt.as_slice())).collect();
        let unprotected = Value::int_map([(394, Value::Array(list))]);
        sign1(&self.protected, unprotected, Value::bytes(self.root.0), &self.signature)
    }

    /// The statement with a detached payload and inclusion proofs of fields in its unprotected header (PROTOCOL 2.6).
    #[must_use]
    pub fn with_field_proofs(&self, proofs: Vec<Vec<u8>>) -> Vec<u8> {
        let list = Value::Array(proofs.into_iter().map(Value::Bytes).collect());
        let unprotected = Value::int_map([(396, Value::int_map([(-1, list)]))]);
        sign1(&self.protected, unprotected, Value::Null, &self.signature)
    }

    /// Splits a Transparent Statement into the statement and its receipts.
    ///
    /// # Errors
    /// If the bytes are not a statement whose unprotected header holds receipts alone.
    pub fn parse_transparent(bytes: &[u8]) -> Result<(Self, Vec<Vec<u8>>), StatementError> {
        let parts = Sign1::parse(bytes)?;
        let Value::Map(pairs) = &parts.unprotected else {
            return Err(StatementError::Shape("its unprotected header is not a map"));
        };
        let receipts = match pairs.as_slice() {
            [] => Vec::new(),
            [(Value::Int(394), Value::Array(list))] => list
                .iter()
                .map(|receipt| receipt.as_bytes().map(<[u8]>::to_vec))
                .collect::<Option<_>>()
                .ok_or(StatementError::Shape("a receipt is not a byte string"))?,
            _ => {
                return Err(StatementError::Shape(
                    "its unprotected header holds more than receipts",
                ));
            }
        };
        let bare =
            sign1(&parts.protected, Value::Map(vec![]), parts.payload.clone(), &parts.signature);
        Ok((Self::parse(&bare)?, receipts))
    }
}

impl fmt::Debug for Statement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Statement({} by {})", self.hash, self.issuer)
    }
}

/// The four parts of a tagged COSE_Sign1 (RFC 9052 4.2), with the protected header also decoded.
pub(crate) struct Sign1 {
    pub(crate) protected: Vec<u8>,
    pub(crate) header: Value,
    pub(crate) unprotected: Value,
    pub(crate) payload: Value,
    pub(crate) signature: [u8; 64],
}

impl Sign1 {
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, StatementError> {
        let untagged =
            bytes.strip_prefix(&[0xd2]).ok_or(StatementError::Shape("it lacks COSE tag 18"))?;
        let Value::Array(parts) = Value::decode(untagged)? else {
            return Err(StatementError::Shape("it is not a COSE_Sign1 array"));
        };
        let Ok([Value::Bytes(protected), unprotected, payload, Value::Bytes(signature)]) =
            <[Value; 4]>::try_from(parts)
        else {
            return Err(StatementError::Shape("it is not a COSE_Sign1 of four parts"));
        };
        let signature = signature
            .try_into()
            .map_err(|_| StatementError::Shape("its signature is not 64 bytes long"))?;
        let header = Value::decode(&protected)?;
        Ok(Self { protected, header, unprotected, payload, signature })
    }
}

/// The claims of a statement's protected header.
struct Claims {
    key: KeyId,
    issuer: AuthorityName,
    subject: ObjectId,
    issued_at: i64,
    id: [u8; 16],
}

impl Claims {
    /// Reads exactly the header of PROTOCOL 2.1: a label more would be a promise that nobody here keeps.
    fn read(header: &Value) -> Result<Self, StatementError> {
        use StatementError::Shape;
        let Value::Map(pairs) = header else { return Err(Shape("its header is not a map")) };
        let labels: Vec<_> = pairs.iter().map(|(label, _)| label.clone()).collect();
        let expected: Vec<_> = [1, 4, 15, 16, 395].into_iter().map(Value::Int).collect();
        if labels != expected {
            return Err(Shape("its protected header has other labels than 1, 4, 15, 16 and 395"));
        }
        check_algorithm(header)?;
        if header.get_int(16).and_then(Value::as_text) != Some(STATEMENT_TYPE) {
            return Err(Shape("its type is not application/vnd.sealane.record+cose"));
        }
        if header.get_int(395) != Some(&Value::Int(VDS_RFC9162_SHA256)) {
            return Err(Shape("its payload is not an RFC 9162 SHA-256 root"));
        }
        let key = key_id(header).ok_or(Shape("its key id is not a 32-byte thumbprint"))?;
        let claims = header.get_int(15).ok_or(Shape("it has no claims"))?;
        let Value::Map(claim_pairs) = claims else { return Err(Shape("its claims are not a map")) };
        let issuer = claims.get_int(1).and_then(Value::as_text).ok_or(Shape("it has no issuer"))?;
        let subject =
            claims.get_int(2).and_then(Value::as_text).ok_or(Shape("it has no subject"))?;
        let issued_at = claims.get_int(6).and_then(Value::as_int).ok_or(Shape("it has no time"))?;
        let id = claims
            .get_int(7)
            .and_then(Value::as_bytes)
            .and_then(|id| id.try_into().ok())
            .ok_or(Shape("its cti is not 16 bytes long"))?;
        if claim_pairs.len() != 4 {
            return Err(Shape("it has claims beyond iss, sub, iat and cti"));
        }
        Ok(Self {
            key,
            issuer: AuthorityName::from_issuer(issuer)
                .map_err(|_| Shape("its issuer is not https:// and an authority name"))?,
            subject: ObjectId::from_urn(subject)
                .map_err(|_| Shape("its subject is not urn:uuid: and a UUID"))?,
            issued_at,
            id,
        })
    }
}

/// Refuses a header that names another algorithm than EdDSA or Ed25519.
pub(crate) fn check_algorithm(header: &Value) -> Result<(), StatementError> {
    match header.get_int(1) {
        Some(Value::Int(ALG_EDDSA | ALG_ED25519)) => Ok(()),
        _ => Err(StatementError::Shape("its algorithm is neither EdDSA (-8) nor Ed25519 (-19)")),
    }
}

/// The key id of a protected header.
pub(crate) fn key_id(header: &Value) -> Option<KeyId> {
    header.get_int(4)?.as_bytes()?.try_into().ok().map(KeyId)
}

/// The bytes that COSE_Sign1 signs (RFC 9052 4.4), with empty external data.
pub(crate) fn sig_structure(protected: &[u8], payload: &[u8]) -> Vec<u8> {
    Value::Array(vec![
        Value::text("Signature1"),
        Value::bytes(protected),
        Value::bytes([]),
        Value::bytes(payload),
    ])
    .encode()
}

/// The bytes of a tagged COSE_Sign1.
pub(crate) fn sign1(
    protected: &[u8],
    unprotected: Value,
    payload: Value,
    signature: &[u8; 64],
) -> Vec<u8> {
    let array =
        Value::Array(vec![Value::bytes(protected), unprotected, payload, Value::bytes(*signature)]);
    let mut bytes = vec![0xd2];
    bytes.extend(array.encode());
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::payload::tests::{authority, record, signer};
    use coset::{CoseSign1, TaggedCborSerializable};

    #[test]
    fn coset_reads_a_statement_and_its_verify_ed25519_over_what_coset_says_is_signed() {
        let signed = record();
        let sign1 = CoseSign1::from_tagged_slice(signed.statement().bytes()).unwrap();
        assert_eq!(sign1.payload.as_deref(), Some(signed.statement().root.0.as_slice()));
        sign1
            .verify_signature(&[], |signature, message| {
                let signature: [u8; 64] = signature.try_into().unwrap();
                if verify_ed25519(&signer(1).verifying_key(), message, &signature) {
                    Ok(())
                } else {
                    Err("bad")
                }
            })
            .unwrap();
    }

    #[test]
    fn a_transparent_statement_gives_back_the_statement_and_its_receipts() {
        let statement = record().statement().clone();
        let transparent = statement.with_receipts(&[vec![1, 2], vec![3]]);
        let (bare, receipts) = Statement::parse_transparent(&transparent).unwrap();
        assert_eq!((bare, receipts), (statement.clone(), vec![vec![1, 2], vec![3]]));
        assert!(Statement::parse(&transparent).is_err(), "a leaf has an empty unprotected header");
        let (bare, receipts) = Statement::parse_transparent(statement.bytes()).unwrap();
        assert_eq!((bare, receipts), (statement, vec![]));
    }

    #[test]
    fn every_header_that_breaks_one_rule_is_refused_though_its_verify_ed25519() {
        let good = record().statement().clone();
        let header = Value::decode(&good.protected).unwrap();
        let Value::Map(pairs) = &header else { panic!("a map") };
        let with = |label: i128, value: Option<Value>| {
            let kept = pairs.iter().filter(|(l, _)| *l != Value::Int(label)).cloned();
            let all = kept.chain(value.map(|v| (Value::Int(label), v)));
            let int = |v: Value| if let Value::Int(i) = v { i } else { 0 };
            Value::int_map(all.map(|(l, v)| (int(l), v)).collect::<Vec<_>>()).encode()
        };
        let claims = |issuer: &str, subject: &str| {
            Value::int_map([
                (1, Value::text(issuer)),
                (2, Value::text(subject)),
                (6, Value::int(1)),
                (7, Value::bytes([0; 16])),
            ])
        };
        let urn = good.subject.urn();
        for (name, protected) in [
            ("alg_es256", with(1, Some(Value::Int(-7)))),
            ("alg_missing", with(1, None)),
            ("crit_present", with(2, Some(Value::Array(vec![Value::int(1)])))),
            ("kid_short", with(4, Some(Value::bytes([0; 31])))),
            ("claims_missing", with(15, None)),
            ("claims_issuer_http", with(15, Some(claims("http://customs.xa.example", &urn)))),
            ("claims_issuer_upper", with(15, Some(claims("https://Customs.xa.example", &urn)))),
            ("claims_subject_no_urn", with(15, Some(claims("https://customs.xa.example", "x")))),
            ("typ_other", with(16, Some(Value::text("application/cose")))),
            ("vds_other", with(395, Some(Value::int(2)))),
            ("label_unknown", with(1000, Some(Value::Null))),
        ] {
            let signature = signer(1).sign(&sig_structure(&protected, &good.root.0));
            let bytes =
                sign1(&protected, Value::Map(vec![]), Value::bytes(good.root.0), &signature);
            assert!(Statement::parse(&bytes).is_err(), "{name}");
        }
        assert_eq!(good.issuer, authority());
    }

    #[test]
    fn the_fully_specified_algorithm_is_read_too() {
        let good = record().statement().clone();
        let mut protected = good.protected.clone();
        // Label 1 stands first: a5 01 27 becomes a5 01 32 (-19).
        protected[2] = 0x32;
        let signature = signer(1).sign(&sig_structure(&protected, &good.root.0));
        let bytes = sign1(&protected, Value::Map(vec![]), Value::bytes(good.root.0), &signature);
        let statement = Statement::parse(&bytes).unwrap();
        assert_eq!(statement.verify(&signer(1).verifying_key()), Ok(()));
    }
}
