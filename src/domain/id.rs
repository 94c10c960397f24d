//! Names and identifiers of authorities, officers and objects; draws no randomness of its own.

use std::fmt;
use std::str::FromStr;

use uuid::Uuid;

/// The longest authority name: a DNS name has at most 253 characters (RFC 1035 2.3.4).
pub const AUTHORITY_NAME_BYTES_MAX: usize = 253;

/// The first part of the name of a training node.
const TRAINING: &str = "training";

/// A member of the federation, named by a lower-case DNS-like name such as `customs.xa.example`.
///
/// The name is the dNSName of its node certificate, the `iss` of its records and the first part of its log origin.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AuthorityName(String);

/// Why a text is not an authority name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "'{0}' is not an authority name: use lower-case letters, digits and hyphens in at least two parts joined by dots, such as customs.xa.example"
)]
pub struct InvalidAuthorityName(String);

impl AuthorityName {
    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is a training node (R48): the first part of its name is `training`. As part of the name it stands in every
    /// record, certificate and log line, and no setting can forget it.
    #[must_use]
    pub fn is_training(&self) -> bool {
        self.0.split('.').next() == Some(TRAINING)
    }

    /// The issuer of this authority's records, `https://NAME` (RFC 8392 3.1.1).
    #[must_use]
    pub fn issuer(&self) -> String {
        format!("https://{}", self.0)
    }

    /// The authority that an issuer names.
    ///
    /// # Errors
    /// If the text is not `https://` followed by an authority name.
    pub fn from_issuer(issuer: &str) -> Result<Self, InvalidAuthorityName> {
        issuer
            .strip_prefix("https://")
            .ok_or_else(|| InvalidAuthorityName(clip(issuer)))
            .and_then(Self::from_str)
    }

    /// The origin of this authority's log of a year, `NAME/log/YEAR`.
    #[must_use]
    pub fn log_origin(&self, year: i32) -> String {
        format!("{}/log/{year}", self.0)
    }

    /// The name of this authority's first witness key, `NAME/witness/1`.
    #[must_use]
    pub fn witness_name(&self) -> String {
        format!("{}/witness/1", self.0)
    }
}

impl FromStr for AuthorityName {
    type Err = InvalidAuthorityName;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let label_is_sound = |label: &str| {
            !label.is_empty()
                && label.len() <= 63
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        };
        let is_sound = text.len() <= AUTHORITY_NAME_BYTES_MAX
            && text.contains('.')
            && text.split('.').all(label_is_sound);
        if is_sound { Ok(Self(text.to_owned())) } else { Err(InvalidAuthorityName(clip(text))) }
    }
}

impl fmt::Display for AuthorityName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The start of a foreign text, escaped, for an error message that cannot grow without bound.
fn clip(text: &str) -> String {
    text.chars().take(80).flat_map(char::escape_default).collect()
}

/// The random id of a case, evidence item, request, share, task force or record subject (UUID v4).
///
/// As `sub` of a statement it is written `urn:uuid:…` (RFC 9562 4).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectId(pub Uuid);

/// Why a text is not an object id.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is not an id: expected a UUID such as 0b5d1c0e-7f3a-4c59-9c5e-2f6a3f1f9a01")]
pub struct InvalidObjectId(String);

impl ObjectId {
    /// The id made of 16 random bytes, with the version and variant bits of UUID v4 set.
    #[must_use]
    pub fn from_random(bytes: [u8; 16]) -> Self {
        Self(uuid::Builder::from_random_bytes(bytes).into_uuid())
    }

    /// The id as the subject of a statement.
    #[must_use]
    pub fn urn(&self) -> String {
        self.0.urn().to_string()
    }

    /// The id that a statement's subject names; only the canonical lower-case form is read.
    ///
    /// # Errors
    /// If the text is not `urn:uuid:` and a UUID in lower case.
    pub fn from_urn(urn: &str) -> Result<Self, InvalidObjectId> {
        let id = urn
            .strip_prefix("urn:uuid:")
            .and_then(|text| Uuid::parse_str(text).ok())
            .map(ObjectId)
            .ok_or_else(|| InvalidObjectId(clip(urn)))?;
        if id.urn() == urn { Ok(id) } else { Err(InvalidObjectId(clip(urn))) }
    }
}

impl FromStr for ObjectId {
    type Err = InvalidObjectId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Uuid::parse_str(text).map(Self).map_err(|_| InvalidObjectId(clip(text)))
    }
}

impl fmt::Display for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.as_hyphenated())
    }
}

impl fmt::Debug for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The id of a user of this node; it never leaves the node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UserId(pub Uuid);

impl FromStr for UserId {
    type Err = InvalidObjectId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Uuid::parse_str(text).map(Self).map_err(|_| InvalidObjectId(clip(text)))
    }
}

impl fmt::Display for UserId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.as_hyphenated())
    }
}

/// What peers see of an officer: a stable random name; the table of persons never leaves the node.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OfficerPseudonym(String);

/// Why a text is not an officer's pseudonym.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "'{0}' is not an officer's pseudonym: use up to 64 lower-case letters, digits and hyphens, such as officer-7c21f0"
)]
pub struct InvalidPseudonym(String);

impl OfficerPseudonym {
    /// The name that a record carries when the node acts by itself.
    pub const NODE: &'static str = "node";

    /// The pseudonym made of eight random bytes.
    #[must_use]
    pub fn from_random(bytes: [u8; 8]) -> Self {
        Self(format!("officer-{}", hex::encode(bytes)))
    }

    /// The node itself as the actor of a record.
    #[must_use]
    pub fn node() -> Self {
        Self(Self::NODE.to_owned())
    }

    /// The pseudonym as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the node itself acted, not a person.
    #[must_use]
    pub fn is_node(&self) -> bool {
        self.0 == Self::NODE
    }
}

impl FromStr for OfficerPseudonym {
    type Err = InvalidPseudonym;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let is_sound = !text.is_empty()
            && text.len() <= 64
            && !text.starts_with('-')
            && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        if is_sound { Ok(Self(text.to_owned())) } else { Err(InvalidPseudonym(clip(text))) }
    }
}

impl fmt::Display for OfficerPseudonym {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_authority_name_is_a_lower_case_dns_name_of_two_parts_or_more() {
        for sound in ["customs.xa.example", "a.b", "x-1.example"] {
            assert_eq!(AuthorityName::from_str(sound).map(|n| n.to_string()), Ok(sound.to_owned()));
        }
        for unsound in
            ["", "customs", "Customs.xa", "*.xa.example", "a..b", "-a.b", "a-.b", "a b.c", "a.b."]
        {
            assert!(AuthorityName::from_str(unsound).is_err(), "{unsound}");
        }
        assert!(AuthorityName::from_str(&format!("a.{}", "b".repeat(64))).is_err());
    }

    #[test]
    fn an_issuer_names_its_authority() {
        let name = AuthorityName::from_str("customs.xa.example").unwrap();
        assert_eq!(AuthorityName::from_issuer(&name.issuer()), Ok(name));
        assert!(AuthorityName::from_issuer("http://customs.xa.example").is_err());
    }

    #[test]
    fn a_subject_is_read_in_canonical_form_only() {
        let id = ObjectId::from_random([7; 16]);
        assert_eq!(ObjectId::from_urn(&id.urn()), Ok(id));
        assert!(ObjectId::from_urn(&id.urn().to_uppercase()).is_err());
        assert!(ObjectId::from_urn(&id.to_string()).is_err());
    }

    #[test]
    fn a_pseudonym_is_lower_case_letters_digits_and_hyphens() {
        let officer = OfficerPseudonym::from_random([0xab; 8]);
        assert_eq!(OfficerPseudonym::from_str(officer.as_str()), Ok(officer.clone()));
        assert!(!officer.is_node());
        assert!(OfficerPseudonym::node().is_node());
        for unsound in ["", "-a", "Jane Doe", "j.doe", &"a".repeat(65)] {
            assert!(OfficerPseudonym::from_str(unsound).is_err(), "{unsound}");
        }
    }
}
