//! How a record comes to be: signed and sealed before the write, appended to its chain in it.

use std::collections::BTreeMap;

use crate::domain::id::ObjectId;
use crate::node::casework::heads::refuse_stale;
use crate::node::casework::{Desk, Error, Held};
use crate::node::keys::KeyGroup;
use crate::node::store::chains;
use crate::node::store::records::{self, NewRecord, SealedFields};
use crate::node::store::{StoreError, Tx};
use crate::policy::Permit;
use crate::record::disclosure::Excerpt;
use crate::record::field::leaf_hashes;
use crate::record::payload::{ACTOR_NODE, Common};
use crate::record::{Leaf, Payload, Record, Statement, StatementHash, Value};
use crate::transparency::tree::Hash;

/// Who says a record, and on which head of the object's chain.
pub(crate) struct Authorship {
    /// Pseudonym, or `node`.
    pub(crate) actor: String,
    /// Role.
    pub(crate) role: String,
    /// Purpose.
    pub(crate) purpose: String,
    /// The head that the author has seen.
    pub(crate) prev: Option<StatementHash>,
    /// Hash of the instrument profile or workflow that applies.
    pub(crate) profile: Option<[u8; 32]>,
    /// The object and the head on which alone the author wants it said.
    pub(crate) seen: Option<(ObjectId, [u8; 32])>,
}

impl Authorship {
    /// An officer's, as the permit says.
    pub(crate) fn of(permit: &Permit, prev: Option<StatementHash>) -> Self {
        Self {
            actor: permit.actor().to_string(),
            role: permit.role_name().to_owned(),
            purpose: permit.purpose().map_or("", |purpose| purpose.name()).to_owned(),
            prev,
            profile: None,
            seen: permit.resource().zip(permit.head()),
        }
    }

    /// The node's own.
    pub(crate) fn node(prev: Option<StatementHash>) -> Self {
        Self {
            actor: ACTOR_NODE.to_owned(),
            role: ACTOR_NODE.to_owned(),
            purpose: String::new(),
            prev,
            profile: None,
            seen: None,
        }
    }
}

/// A signed record with its leaves sealed, ready for the write.
pub(crate) struct Prepared {
    pub(crate) held: Held,
    row: NewRecord,
    sealed: Vec<SealedFields>,
}

impl Desk {
    /// Signs a record of this authority and seals its leaves.
    pub(crate) async fn author<P: Payload>(
        &self,
        object: ObjectId,
        authorship: Authorship,
        payload: &P,
    ) -> Result<Prepared, Error> {
        if let Some((seen_object, seen)) = authorship.seen
            && seen_object == object
        {
            refuse_stale(authorship.prev, seen)?;
        }
        let common = Common {
            kind: P::KIND.to_owned(),
            prev: authorship.prev,
            object,
            actor: authorship.actor,
            role: authorship.role,
            purpose: authorship.purpose,
            authored_at: self.clock.now(),
            profile: authorship.profile,
        };
        let mut draw = |bytes: &mut [u8]| self.rng.fill(bytes);
        let record = Record::sign(common, payload, &self.authority, &self.signer, &mut draw)?;
        self.prepare(record).await
    }

    /// Seals the leaves of a record, own or received, each under the key of its group.
    pub(crate) async fn prepare(&self, record: Record) -> Result<Prepared, Error> {
        let leaves = record.leaves().iter().enumerate().map(|(i, leaf)| (i, leaf.as_slice(), None));
        let statement = record.statement();
        let sealed = self.seal_leaves(record.common(), statement, leaves, None).await?;
        let hashes = leaf_hashes(record.leaves().iter().map(Vec::as_slice));
        Ok(self.prepared(Held::Whole(record), &hashes, sealed))
    }

    /// Seals the leaves that were shown of a foreign record.
    pub(crate) async fn prepare_excerpt(&self, excerpt: Excerpt) -> Result<Prepared, Error> {
        let shown = excerpt.leaves().iter();
        let leaves =
            shown.map(|leaf| (leaf.index, leaf.bytes.as_slice(), Some(leaf.path.as_slice())));
        let count = Some(excerpt.leaf_count());
        let statement = excerpt.statement();
        let sealed = self.seal_leaves(excerpt.common(), statement, leaves, count).await?;
        Ok(self.prepared(Held::Part(excerpt), &[], sealed))
    }

    fn prepared(&self, held: Held, hashes: &[Hash], sealed: Vec<SealedFields>) -> Prepared {
        let (statement, common) = (held.statement(), held.common());
        let row = NewRecord {
            hash: statement.hash().0,
            author: statement.issuer.to_string(),
            object: common.object.to_string(),
            kind: common.kind.clone(),
            prev: common.prev.map(|hash| hash.0),
            issued_at: statement.issued_at,
            stored_at: self.clock.now().0,
            own: i64::from(statement.issuer == self.authority),
            statement: statement.bytes().to_vec(),
            leaf_hashes: hashes.iter().flat_map(|hash| hash.0).collect(),
        };
        Prepared { held, row, sealed }
    }

    /// Seals leaves by key group. In an excerpt each leaf brings its path, since its siblings are not known here, and
    /// each group begins with the number of leaves of the whole record.
    async fn seal_leaves<'a>(
        &self,
        common: &Common,
        statement: &Statement,
        leaves: impl Iterator<Item = (usize, &'a [u8], Option<&'a [Hash]>)>,
        leaf_count: Option<usize>,
    ) -> Result<Vec<SealedFields>, Error> {
        let (hash, is_own) = (statement.hash(), statement.issuer == self.authority);
        let mut groups: BTreeMap<String, (KeyGroup, Vec<Value>)> = BTreeMap::new();
        for (index, leaf, path) in leaves {
            // A foreign record names its paths itself: were each subject a key group, one frame could make thousands.
            let group = if is_own {
                group_of(&common.kind, common.object, leaf)
            } else {
                KeyGroup::object(common.object)
            };
            let mut entry = vec![Value::int(index as u64), Value::bytes(leaf)];
            if let Some(path) = path {
                entry.push(Value::Array(path.iter().map(|h| Value::bytes(h.0)).collect()));
            }
            let (_, entries) = groups.entry(group.as_str().to_owned()).or_insert_with(|| {
                (group, leaf_count.map(|count| Value::int(count as u64)).into_iter().collect())
            });
            entries.push(Value::Array(entry));
        }
        let mut sealed = Vec::with_capacity(groups.len());
        for (key_group, (group, entries)) in groups {
            let key = self.keys.get_or_create(&group).await?;
            let plain = Value::Array(entries).encode();
            let aad = fields_aad(hash, &key_group);
            let bytes = key.seal(&*self.rng, &aad, &plain);
            // The place in commit order is known only in the write.
            sealed.push(SealedFields { record_seq: 0, key_group, sealed: bytes });
        }
        Ok(sealed)
    }

    /// Wakes the sequencer after a commit.
    pub(crate) fn committed(&self) {
        self.signals.committed.notify_one();
    }
}

impl Prepared {
    /// The statement's hash, the new head of the chain.
    pub(crate) const fn hash(&self) -> StatementHash {
        self.held.statement().hash()
    }

    /// The row of the record.
    pub(crate) const fn row(&self) -> &NewRecord {
        &self.row
    }

    /// How many bytes its sealed leaves have.
    pub(crate) fn sealed_bytes(&self) -> usize {
        self.sealed.iter().map(|group| group.sealed.len()).sum()
    }

    /// The sealed leaves of a record that is kept already.
    pub(crate) fn sealed_as(&self, seq: i64) -> Vec<SealedFields> {
        let groups = self.sealed.iter();
        groups.map(|group| SealedFields { record_seq: seq, ..group.clone() }).collect()
    }

    /// Appends the record to its author's chain of the object: the head must be the one that the record names.
    pub(crate) async fn append(&self, tx: &mut Tx) -> Result<i64, StoreError> {
        self.append_to(tx, &self.row.author).await
    }

    /// Appends the record to a chain that several authors write, such as [`SHARED_CHAIN`] of a request.
    pub(crate) async fn append_to(&self, tx: &mut Tx, chain: &str) -> Result<i64, StoreError> {
        let row = &self.row;
        chains::advance(tx, &row.object, chain, row.prev.as_ref(), &row.hash).await?;
        self.insert(tx).await
    }

    /// Keeps the record without a chain of its own: received statements, whose order their author decides.
    pub(crate) async fn insert(&self, tx: &mut Tx) -> Result<i64, StoreError> {
        let seq = records::append(tx, &self.row).await?;
        records::put_fields(tx, &self.sealed_as(seq)).await?;
        Ok(seq)
    }
}

/// The name of a chain that two authorities write together: the acts of a request.
pub(crate) const SHARED_CHAIN: &str = "*";

/// What a sealed group of leaves is bound to: the statement and the group.
pub(crate) fn fields_aad(hash: StatementHash, key_group: &str) -> Vec<u8> {
    let mut aad = hash.0.to_vec();
    aad.extend(key_group.as_bytes());
    aad
}

/// Whose key seals a leaf: a person's fields lie under a key of their own, so that they can be erased alone.
fn group_of(kind: &str, object: ObjectId, leaf: &[u8]) -> KeyGroup {
    if let Ok(Leaf::Field(field)) = Leaf::decode(leaf)
        && let Some(number) = subject_number(&field.key)
    {
        return KeyGroup::subject(object, number);
    }
    main_group(kind, object)
}

/// The key group of an object, by the family of its records.
pub(crate) fn main_group(kind: &str, object: ObjectId) -> KeyGroup {
    match kind.split('.').next() {
        Some("case") => KeyGroup::case(object),
        Some("evidence" | "custody") => KeyGroup::evidence(object),
        Some(_) | None => KeyGroup::object(object),
    }
}

fn subject_number(key: &str) -> Option<u32> {
    key.strip_prefix("subjects/")?.split('/').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Field;

    #[test]
    fn a_persons_fields_lie_under_a_key_of_their_own() {
        let case = ObjectId::from_random([1; 16]);
        let leaf = |key: &str| {
            Leaf::Field(Field { salt: [0; 16], value: Value::Null, key: key.to_owned() }).encode()
        };
        let group = |key: &str| group_of("case.opened/1", case, &leaf(key)).as_str().to_owned();
        assert_eq!(group("subjects/2/name"), KeyGroup::subject(case, 2).as_str());
        assert_eq!(group("title"), KeyGroup::case(case).as_str());
        assert_eq!(group("subjects/x/name"), KeyGroup::case(case).as_str());
        let decoy = group_of("evidence.registered/1", case, &Leaf::Decoy([0; 16]).encode());
        assert_eq!(decoy.as_str(), KeyGroup::evidence(case).as_str());
    }
}
