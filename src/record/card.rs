//! An authority's card: its self-description, signed by its root key; decides not whom to trust.

use ed25519_dalek::VerifyingKey;

use crate::domain::id::AuthorityName;
use crate::domain::time::Timestamp;
use crate::record::fields::Fields;
use crate::record::key::{KeyId, public_key};
use crate::record::payload::{Payload, PayloadError, Record};
use crate::record::statement::{Statement, StatementError};
use crate::record::value::{Value, ValueError};

/// The most bytes of a card with its fields.
pub const CARD_BYTES_MAX: usize = 64 * 1024;

/// A record key that a card lists, with the time in which it may sign.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordKey {
    /// The public key.
    pub key: VerifyingKey,
    /// It signs nothing before.
    pub not_before: Timestamp,
    /// It signs nothing after.
    pub not_after: Timestamp,
}

/// What a card says (PROTOCOL 3.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Card {
    /// The authority's name.
    pub authority: AuthorityName,
    /// A later card replaces an earlier one only with a higher version.
    pub version: i64,
    /// The name in the officers' language.
    pub title: String,
    /// ISO 3166-1 alpha-2.
    pub country: String,
    /// `host:port` of the peer listener, in the order in which to try them.
    pub addresses: Vec<String>,
    /// Where the log and the witness endpoint are served over HTTP, if they are.
    pub http: Option<String>,
    /// DER of the certificates that node certificates must chain to.
    pub anchors: Vec<Vec<u8>>,
    /// The offline root key that signs cards.
    pub root_key: VerifyingKey,
    /// The keys that may sign records.
    pub record_keys: Vec<RecordKey>,
    /// The key that signs receipts of the log.
    pub receipt_key: VerifyingKey,
    /// The vkeys of the authority's logs (signed-note), the current one first.
    pub log_vkeys: Vec<String>,
    /// The vkey of its witness.
    pub witness_vkey: String,
}

impl Card {
    /// The record key with this thumbprint, if it may sign at `at`.
    #[must_use]
    pub fn record_key(&self, id: KeyId, at: Timestamp) -> Option<VerifyingKey> {
        self.record_keys
            .iter()
            .find(|k| KeyId::of(&k.key) == id && k.not_before <= at && at <= k.not_after)
            .map(|k| k.key)
    }
}

impl Card {
    /// Whether this card lists a key that another one does not: then something may rest on this one alone.
    #[must_use]
    pub fn adds_keys_to(&self, other: &Self) -> bool {
        let is_listed = |key: &RecordKey| {
            let of_key = other.record_keys.iter().filter(|listed| listed.key == key.key);
            of_key.into_iter().any(|listed| {
                listed.not_before <= key.not_before && key.not_after <= listed.not_after
            })
        };
        !self.record_keys.iter().all(is_listed)
            || self.receipt_key != other.receipt_key
            || self.witness_vkey != other.witness_vkey
            || !self.log_vkeys.iter().all(|vkey| other.log_vkeys.contains(vkey))
    }
}

impl Payload for Card {
    const KIND: &'static str = "card/1";

    fn fields(&self) -> Vec<(String, Value)> {
        let texts =
            |list: &[String]| Value::Array(list.iter().map(|t| Value::text(t.as_str())).collect());
        let record_keys = self
            .record_keys
            .iter()
            .map(|k| {
                Value::map([
                    ("key", Value::bytes(k.key.to_bytes())),
                    ("not_before", Value::int(k.not_before.0)),
                    ("not_after", Value::int(k.not_after.0)),
                ])
            })
            .collect();
        [
            ("authority", Value::text(self.authority.as_str())),
            ("version", Value::int(self.version)),
            ("title", Value::text(self.title.as_str())),
            ("country", Value::text(self.country.as_str())),
            ("addresses", texts(&self.addresses)),
            ("http", self.http.as_deref().map_or(Value::Null, Value::text)),
            (
                "anchors",
                Value::Array(self.anchors.iter().map(|a| Value::bytes(a.as_slice())).collect()),
            ),
            ("root_key", Value::bytes(self.root_key.to_bytes())),
            ("record_keys", Value::Array(record_keys)),
            ("receipt_key", Value::bytes(self.receipt_key.to_bytes())),
            ("log_vkeys", texts(&self.log_vkeys)),
            ("witness_vkey", Value::text(self.witness_vkey.as_str())),
        ]
        .into_iter()
        .map(|(key, value)| (key.to_owned(), value))
        .collect()
    }

    fn read(fields: &Fields) -> Result<Self, PayloadError> {
        let text = |value: &Value| value.as_text().map(str::to_owned);
        let key = |name: &str| {
            public_key(&fields.bytes::<32>(name)?)
                .ok_or_else(|| PayloadError::Missing(name.to_owned()))
        };
        Ok(Self {
            authority: fields.authority("authority")?,
            version: fields.int("version")?,
            title: fields.text("title")?,
            country: fields.text("country")?,
            addresses: fields.list("addresses", text)?,
            http: fields.text_opt("http")?,
            anchors: fields.list("anchors", |v| v.as_bytes().map(<[u8]>::to_vec))?,
            root_key: key("root_key")?,
            record_keys: fields.list("record_keys", read_record_key)?,
            receipt_key: key("receipt_key")?,
            log_vkeys: fields.list("log_vkeys", text)?,
            witness_vkey: fields.text("witness_vkey")?,
        })
    }
}

fn read_record_key(value: &Value) -> Option<RecordKey> {
    Some(RecordKey {
        key: public_key(value.get("key")?.as_bytes()?)?,
        not_before: Timestamp(value.get("not_before")?.as_int()?),
        not_after: Timestamp(value.get("not_after")?.as_int()?),
    })
}

/// Why bytes are not a card that can be believed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CardError {
    /// The bytes are not a card file.
    #[error("this is not a card: {0}")]
    Malformed(String),
    /// The signature or the fields are wrong.
    #[error("the card is not sound: {0}")]
    Record(#[from] PayloadError),
    /// The card was not issued under the name it carries.
    #[error("the card of {card} was issued by {issuer}")]
    OtherIssuer {
        /// The authority that the card describes.
        card: AuthorityName,
        /// The issuer of its statement.
        issuer: AuthorityName,
    },
}

impl From<ValueError> for CardError {
    fn from(error: ValueError) -> Self {
        Self::Malformed(error.to_string())
    }
}

impl From<StatementError> for CardError {
    fn from(error: StatementError) -> Self {
        Self::Record(error.into())
    }
}

/// A card with the bytes that prove it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedCard {
    /// The statement and leaves.
    pub record: Record,
    /// What they say.
    pub card: Card,
}

impl SignedCard {
    /// The card of a record of kind `card/1` that was signed here.
    ///
    /// # Errors
    /// If the record is of another kind.
    pub fn of(record: Record) -> Result<Self, CardError> {
        let card = record.payload::<Card>()?;
        Ok(Self { record, card })
    }

    /// The bytes that are exchanged: deterministic CBOR `[statement, [leaf, ...]]`.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let leaves = self.record.leaves().iter().map(|l| Value::bytes(l.as_slice())).collect();
        Value::Array(vec![Value::bytes(self.record.statement().bytes()), Value::Array(leaves)])
            .encode()
    }

    /// Reads a card and checks that it is signed by the root key that it names itself. Whether that root is the right
    /// one is for the reader to say: by the fingerprint words, or by the pinned root.
    ///
    /// # Errors
    /// If the bytes are malformed, or the signature does not hold.
    pub fn decode(bytes: &[u8]) -> Result<Self, CardError> {
        if bytes.len() > CARD_BYTES_MAX {
            return Err(CardError::Malformed("larger than 64 KiB".to_owned()));
        }
        let shape = || CardError::Malformed("it is not [statement, [leaf, ...]]".to_owned());
        let Value::Array(parts) = Value::decode(bytes)? else { return Err(shape()) };
        let [Value::Bytes(statement), Value::Array(leaves)] = parts.as_slice() else {
            return Err(shape());
        };
        let leaves = leaves
            .iter()
            .map(|leaf| leaf.as_bytes().map(<[u8]>::to_vec))
            .collect::<Option<Vec<_>>>()
            .ok_or_else(shape)?;
        let statement = Statement::parse(statement)?;
        // The root key is named by the card itself, so read the fields first and verify with what they name.
        let unproven =
            Fields::of(leaves.iter().map(Vec::as_slice).enumerate()).map_err(PayloadError::from)?;
        let root = Card::read(&unproven)?.root_key;
        let signed = Self::of(Record::open(statement, leaves, &root)?)?;
        let issuer = &signed.record.statement().issuer;
        if *issuer == signed.card.authority {
            Ok(signed)
        } else {
            Err(CardError::OtherIssuer { card: signed.card.authority, issuer: issuer.clone() })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::payload::tests::{authority, common, counting, signer};

    fn card(root: u8) -> Card {
        Card {
            authority: authority(),
            version: 3,
            title: "Customs of Xa".to_owned(),
            country: "XA".to_owned(),
            addresses: vec!["127.0.0.1:4433".to_owned()],
            http: None,
            anchors: vec![vec![0x30, 0]],
            root_key: signer(root).verifying_key(),
            record_keys: vec![RecordKey {
                key: signer(2).verifying_key(),
                not_before: Timestamp::from_secs(100),
                not_after: Timestamp::from_secs(200),
            }],
            receipt_key: signer(3).verifying_key(),
            log_vkeys: vec!["customs.xa.example/log/2026+00000000+AQ==".to_owned()],
            witness_vkey: "customs.xa.example/witness/1+00000000+BA==".to_owned(),
        }
    }

    fn signed(card: &Card, by: u8) -> SignedCard {
        let record =
            Record::sign(common(), card, &authority(), &signer(by), &mut counting()).unwrap();
        SignedCard::of(record).unwrap()
    }

    #[test]
    fn a_card_is_read_back_as_it_was_signed() {
        let card = card(9);
        let decoded = SignedCard::decode(&signed(&card, 9).encode()).unwrap();
        assert_eq!(decoded.card, card);
    }

    #[test]
    fn a_card_not_signed_by_the_root_it_names_is_refused() {
        let forged = signed(&card(9), 8).encode();
        assert!(matches!(SignedCard::decode(&forged), Err(CardError::Record(_))));
    }

    #[test]
    fn a_card_for_another_name_than_its_issuer_is_refused() {
        let mut other = card(9);
        other.authority = "customs.xb.example".parse().unwrap();
        assert!(matches!(
            SignedCard::decode(&signed(&other, 9).encode()),
            Err(CardError::OtherIssuer { .. })
        ));
    }

    #[test]
    fn a_record_key_signs_only_while_the_card_says_so() {
        let id = KeyId::of(&signer(2).verifying_key());
        let at = |secs| card(9).record_key(id, Timestamp::from_secs(secs)).is_some();
        assert_eq!([99, 100, 200, 201].map(at), [false, true, true, false]);
        let unknown = KeyId::of(&signer(5).verifying_key());
        assert!(card(9).record_key(unknown, Timestamp::from_secs(150)).is_none());
    }
}
