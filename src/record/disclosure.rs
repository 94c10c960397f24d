//! Showing some fields of a record: leaves with inclusion proofs against the signed root (PROTOCOL 2.6); decides not
//! which fields may be shown.

use ed25519_dalek::VerifyingKey;

use crate::record::RECORD_FIELDS_MAX;
use crate::record::field::{FieldError, check_size, leaf_hashes};
use crate::record::fields::Fields;
use crate::record::payload::{Common, FIXED_KEYS, Payload, PayloadError, Record};
use crate::record::statement::{Statement, StatementError, StatementHash};
use crate::record::value::Value;
use crate::transparency::proof::root_from_inclusion;
use crate::transparency::small_tree::SmallTree;
use crate::transparency::tree::{Hash, leaf_hash};

/// One shown leaf of a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DisclosedLeaf {
    /// Its place among the record's leaves.
    pub index: usize,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// The sibling hashes from the leaf to the root.
    pub path: Vec<Hash>,
}

/// A statement with some of its leaves, each proven to be under the signed root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Excerpt {
    statement: Statement,
    leaf_count: usize,
    leaves: Vec<DisclosedLeaf>,
    common: Common,
    fields: Fields,
}

impl Excerpt {
    /// Takes the fixed fields and those at `indices` out of a record.
    ///
    /// # Panics
    /// Never: the leaves of a record were read when it was made.
    #[must_use]
    pub fn of(record: &Record, indices: &[usize]) -> Self {
        let tree = SmallTree::new(leaf_hashes(record.leaves().iter().map(Vec::as_slice)));
        let shown: std::collections::BTreeSet<usize> =
            (0..FIXED_KEYS.len()).chain(indices.iter().copied()).collect();
        let leaves: Vec<_> = shown
            .into_iter()
            .filter_map(|index| {
                let bytes = record.leaves().get(index)?.clone();
                Some(DisclosedLeaf { index, bytes, path: tree.inclusion_path(index)? })
            })
            .collect();
        let fields = Fields::of(leaves.iter().map(|leaf| (leaf.index, leaf.bytes.as_slice())))
            .expect("the leaves of a record were read before");
        Self {
            statement: record.statement().clone(),
            leaf_count: record.leaves().len(),
            leaves,
            common: record.common().clone(),
            fields,
        }
    }

    /// Verifies a foreign statement and the leaves that are shown of it.
    ///
    /// # Errors
    /// If the signature does not hold, a leaf is not under the signed root, or the fixed fields are not all shown.
    pub fn open(
        statement: Statement,
        leaf_count: usize,
        leaves: Vec<DisclosedLeaf>,
        key: &VerifyingKey,
    ) -> Result<Self, PayloadError> {
        statement.verify(key)?;
        Self::assemble(statement, leaf_count, leaves)
    }

    /// Puts an excerpt together whose statement was verified before; checks the leaves, not the signature again.
    ///
    /// # Errors
    /// If a leaf is not under the signed root, or the fixed fields are not all shown.
    pub fn assemble(
        statement: Statement,
        leaf_count: usize,
        leaves: Vec<DisclosedLeaf>,
    ) -> Result<Self, PayloadError> {
        if leaf_count > RECORD_FIELDS_MAX {
            return Err(FieldError::TooLarge.into());
        }
        check_size(leaves.iter().map(|leaf| leaf.bytes.as_slice()))?;
        for leaf in &leaves {
            let root = root_from_inclusion(
                &leaf_hash(&leaf.bytes),
                leaf.index as u64,
                leaf_count as u64,
                &leaf.path,
            );
            if root != Ok(statement.root) {
                return Err(PayloadError::Root(statement.hash()));
            }
        }
        let fields = Fields::of(leaves.iter().map(|leaf| (leaf.index, leaf.bytes.as_slice())))?;
        let common = Common::read(&fields)?;
        if common.object != statement.subject {
            return Err(PayloadError::Subject);
        }
        Ok(Self { statement, leaf_count, leaves, common, fields })
    }

    /// What the shown fields say, read as a kind.
    ///
    /// # Errors
    /// If the record is of another kind, or a field that the kind needs is not shown.
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

    /// How many leaves the record has in all.
    #[must_use]
    pub const fn leaf_count(&self) -> usize {
        self.leaf_count
    }

    /// The shown leaves.
    #[must_use]
    pub fn leaves(&self) -> &[DisclosedLeaf] {
        &self.leaves
    }

    /// The fixed fields.
    #[must_use]
    pub const fn common(&self) -> &Common {
        &self.common
    }

    /// The shown fields by key.
    #[must_use]
    pub const fn fields(&self) -> &Fields {
        &self.fields
    }

    /// The disclosure object of PROTOCOL 2.6: the statement with a detached payload and one inclusion proof a leaf.
    #[must_use]
    pub fn disclosure_object(&self) -> Vec<u8> {
        let proofs = self
            .leaves
            .iter()
            .map(|leaf| {
                Value::Array(vec![
                    Value::int(self.leaf_count as u64),
                    Value::int(leaf.index as u64),
                    Value::Array(leaf.path.iter().map(|hash| Value::bytes(hash.0)).collect()),
                ])
                .encode()
            })
            .collect();
        self.statement.with_field_proofs(proofs)
    }
}

/// The field proofs of a disclosure object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldProofs {
    /// How many leaves the record has in all.
    pub leaf_count: usize,
    /// The path of each shown leaf, by index.
    pub paths: Vec<(usize, Vec<Hash>)>,
}

/// Reads a disclosure object beside the bare statement it was made of: the proofs by leaf index.
///
/// # Errors
/// If the object is malformed or belongs to another statement.
pub fn parse_disclosure_object(
    bytes: &[u8],
    statement: &Statement,
) -> Result<FieldProofs, StatementError> {
    use crate::record::statement::Sign1;
    const SHAPE: StatementError = StatementError::Shape("its field proofs are malformed");
    let parts = Sign1::parse(bytes)?;
    let list = parts
        .unprotected
        .get_int(396)
        .and_then(|proofs| proofs.get_int(-1))
        .and_then(Value::as_array)
        .ok_or(SHAPE)?;
    let mut count = None;
    let mut proofs = Vec::new();
    for proof in list {
        let (size, index, path) = inclusion_proof(proof.as_bytes().ok_or(SHAPE)?).ok_or(SHAPE)?;
        let size = usize::try_from(size).map_err(|_| SHAPE)?;
        if *count.get_or_insert(size) != size {
            return Err(SHAPE);
        }
        proofs.push((usize::try_from(index).map_err(|_| SHAPE)?, path));
    }
    // Whatever is not a proof must be the statement's own, byte for byte.
    let raw = list.iter().filter_map(|proof| proof.as_bytes().map(<[u8]>::to_vec)).collect();
    if statement.with_field_proofs(raw) != bytes {
        return Err(StatementError::Shape("it discloses fields of another statement"));
    }
    Ok(FieldProofs { leaf_count: count.unwrap_or(0), paths: proofs })
}

/// Reads an RFC 9942 inclusion proof: tree size, leaf index, path.
pub(crate) fn inclusion_proof(bytes: &[u8]) -> Option<(u64, u64, Vec<Hash>)> {
    let Value::Array(parts) = Value::decode(bytes).ok()? else { return None };
    let [Value::Int(size), Value::Int(index), Value::Array(path)] = parts.as_slice() else {
        return None;
    };
    let path = path
        .iter()
        .map(|hash| hash.as_bytes()?.try_into().ok().map(Hash))
        .collect::<Option<Vec<_>>>()?;
    Some((u64::try_from(*size).ok()?, u64::try_from(*index).ok()?, path))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::payload::tests::{record, signer};

    #[test]
    fn an_excerpt_shows_the_chosen_fields_and_verifies_against_the_original_signature() {
        let record = record();
        let index = record.fields().index("identifiers/0/value").unwrap();
        let excerpt = Excerpt::of(&record, &[index]);
        assert!(excerpt.fields().get("subjects/0/name").is_none(), "not chosen, not shown");
        let opened = Excerpt::open(
            excerpt.statement().clone(),
            excerpt.leaf_count(),
            excerpt.leaves().to_vec(),
            &signer(1).verifying_key(),
        )
        .unwrap();
        assert_eq!(opened.fields().get("identifiers/0/value"), Some(&Value::text("CSQU3054383")));
    }

    #[test]
    fn a_changed_leaf_a_wrong_index_and_a_wrong_count_are_refused() {
        let excerpt = Excerpt::of(&record(), &[9]);
        let assemble = |count: usize, change: &dyn Fn(&mut Vec<DisclosedLeaf>)| {
            let mut leaves = excerpt.leaves().to_vec();
            change(&mut leaves);
            Excerpt::assemble(excerpt.statement().clone(), count, leaves)
        };
        assert!(assemble(16, &|_| ()).is_ok());
        assert!(assemble(16, &|l| l[8].bytes[3] ^= 1).is_err());
        assert!(assemble(16, &|l| l[8].index = 10).is_err());
        assert!(assemble(32, &|_| ()).is_err());
        assert!(assemble(RECORD_FIELDS_MAX + 1, &|_| ()).is_err());
        assert!(assemble(16, &|l| drop(l.remove(1))).is_err(), "a fixed field is not shown");
    }

    #[test]
    fn a_disclosure_object_is_read_back_and_bound_to_its_statement() {
        let excerpt = Excerpt::of(&record(), &[9, 12]);
        let bytes = excerpt.disclosure_object();
        let proofs = parse_disclosure_object(&bytes, excerpt.statement()).unwrap();
        assert_eq!(proofs.leaf_count, 16);
        let expected: Vec<_> =
            excerpt.leaves().iter().map(|leaf| (leaf.index, leaf.path.clone())).collect();
        assert_eq!(proofs.paths, expected);
        let mut other = bytes.clone();
        *other.last_mut().unwrap() ^= 1;
        assert!(parse_disclosure_object(&other, excerpt.statement()).is_err());
    }
}
