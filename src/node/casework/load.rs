//! How a stored record is read back: leaves are opened group by group; what was erased stays closed.

use std::collections::{BTreeMap, HashMap};

use crate::domain::id::ObjectId;
use crate::node::casework::append::fields_aad;
use crate::node::casework::{Desk, Error};
use crate::node::keys::KeyGroup;
use crate::node::store::records::{self, SealedFields};
use crate::node::store::{StoreError, Tx};
use crate::record::disclosure::{DisclosedLeaf, Excerpt};
use crate::record::fields::Fields;
use crate::record::payload::Common;
use crate::record::{Payload, PayloadError, Record, Statement, StatementHash, Value};
use crate::transparency::small_tree::SmallTree;
use crate::transparency::tree::Hash;

/// A stored record as far as this node holds and may still read it.
#[derive(Clone, Debug)]
pub enum Held {
    /// All its leaves.
    Whole(Record),
    /// Some of its leaves: a disclosure received, or a record of which something was erased.
    Part(Excerpt),
}

/// A record's row and its sealed fields, as they are kept.
#[derive(Clone, Debug)]
pub(crate) struct Stored {
    pub(crate) row: records::Record,
    fields: Vec<SealedFields>,
}

impl Stored {
    /// Reads the sealed fields that belong to a row.
    pub(crate) async fn read(tx: &mut Tx, row: records::Record) -> Result<Self, StoreError> {
        let fields = records::fields(tx, row.seq).await?;
        Ok(Self { row, fields })
    }

    /// Reads the sealed fields that belong to rows, in few statements; the rows stay in order.
    pub(crate) async fn read_all(
        tx: &mut Tx,
        rows: Vec<records::Record>,
    ) -> Result<Vec<Self>, StoreError> {
        let seqs: Vec<i64> = rows.iter().map(|row| row.seq).collect();
        let mut fields: HashMap<i64, Vec<SealedFields>> = HashMap::with_capacity(rows.len());
        for one in records::fields_of_many(tx, &seqs).await? {
            fields.entry(one.record_seq).or_default().push(one);
        }
        let stored = rows.into_iter().map(|row| {
            let mut fields = fields.remove(&row.seq).unwrap_or_default();
            fields.sort_by(|one, other| one.key_group.cmp(&other.key_group));
            Self { row, fields }
        });
        Ok(stored.collect())
    }

    /// The sealed fields.
    pub(crate) fn fields(&self) -> &[SealedFields] {
        &self.fields
    }
}

/// The leaves that travel with a statement.
#[derive(Clone, Debug)]
pub enum SentLeaves {
    /// All of them, in order.
    All(Vec<Vec<u8>>),
    /// Chosen ones with their paths, and how many there are in all.
    Disclosed(usize, Vec<DisclosedLeaf>),
}

impl Held {
    /// The signed statement.
    #[must_use]
    pub const fn statement(&self) -> &Statement {
        match self {
            Self::Whole(record) => record.statement(),
            Self::Part(excerpt) => excerpt.statement(),
        }
    }

    /// The fixed fields.
    #[must_use]
    pub const fn common(&self) -> &Common {
        match self {
            Self::Whole(record) => record.common(),
            Self::Part(excerpt) => excerpt.common(),
        }
    }

    /// The fields that can be read.
    #[must_use]
    pub const fn fields(&self) -> &Fields {
        match self {
            Self::Whole(record) => record.fields(),
            Self::Part(excerpt) => excerpt.fields(),
        }
    }

    /// What it says, read as a kind.
    ///
    /// # Errors
    /// If it is of another kind, or a field that the kind needs cannot be read.
    pub fn payload<P: Payload>(&self) -> Result<P, PayloadError> {
        match self {
            Self::Whole(record) => record.payload(),
            Self::Part(excerpt) => excerpt.payload(),
        }
    }

    /// The leaves to send: all, or those at `shown` and the fixed ones.
    #[must_use]
    pub fn leaves(&self, shown: Option<&[usize]>) -> SentLeaves {
        let excerpt = match (self, shown) {
            (Self::Whole(record), None) => return SentLeaves::All(record.leaves().to_vec()),
            (Self::Whole(record), Some(indices)) => Excerpt::of(record, indices),
            (Self::Part(excerpt), _) => excerpt.clone(),
        };
        let keep = |leaf: &&DisclosedLeaf| {
            leaf.index < 8 || shown.is_none_or(|indices| indices.contains(&leaf.index))
        };
        let leaves = excerpt.leaves().iter().filter(keep).cloned().collect();
        SentLeaves::Disclosed(excerpt.leaf_count(), leaves)
    }
}

impl Desk {
    /// Reads a stored record.
    ///
    /// # Errors
    /// [`Error::NotFound`], or [`Error::Erased`] if not even its fixed fields can be read any more.
    pub async fn held(&self, hash: StatementHash) -> Result<Held, Error> {
        let stored = self
            .store
            .read("held", move |tx| {
                Box::pin(async move {
                    match records::get(tx, &hash.0).await? {
                        Some(row) => Stored::read(tx, row).await.map(Some),
                        None => Ok::<_, StoreError>(None),
                    }
                })
            })
            .await?
            .ok_or(Error::NotFound("record"))?;
        self.open_stored(stored).await
    }

    /// All records about an object that this node holds, in commit order.
    ///
    /// # Errors
    /// As [`Desk::held`].
    pub async fn held_of(&self, object: ObjectId) -> Result<Vec<Held>, Error> {
        let rows = self
            .store
            .read("held_of", move |tx| {
                Box::pin(async move {
                    let rows = records::of_object(tx, &object.to_string(), 0, i64::MAX).await?;
                    Stored::read_all(tx, rows).await
                })
            })
            .await?;
        self.open_all(rows).await
    }

    /// The records that this authority signed about an object of its own, in commit order: what a peer may have said
    /// of it is no part of its history.
    ///
    /// # Errors
    /// As [`Desk::held`].
    pub async fn own_held_of(&self, object: ObjectId) -> Result<Vec<Held>, Error> {
        let held = self.held_of(object).await?;
        Ok(held.into_iter().filter(|held| held.statement().issuer == self.authority).collect())
    }

    /// Reads stored records, in the order of the rows.
    pub(crate) async fn open_all(&self, rows: Vec<Stored>) -> Result<Vec<Held>, Error> {
        let mut held = Vec::with_capacity(rows.len());
        for row in rows {
            held.push(self.open_stored(row).await?);
        }
        Ok(held)
    }

    /// Opens what can be opened of a stored record.
    pub(crate) async fn open_stored(&self, stored: Stored) -> Result<Held, Error> {
        let statement = Statement::parse(&stored.row.statement).map_err(Error::internal)?;
        let mut leaves: BTreeMap<usize, (Vec<u8>, Option<Vec<Hash>>)> = BTreeMap::new();
        let mut count = stored.row.leaf_hashes.len() / 32;
        for group in &stored.fields {
            let Some(key) = self.keys.get(&KeyGroup::stored(&group.key_group)).await? else {
                continue;
            };
            let aad = fields_aad(statement.hash(), &group.key_group);
            let plain = key.open(&aad, &group.sealed).map_err(Error::internal)?;
            let (opened, excerpt_count) = entries(&plain).ok_or_else(|| unreadable(&statement))?;
            count = excerpt_count.unwrap_or(count);
            leaves.extend(opened);
        }
        if leaves.is_empty() {
            return Err(Error::Erased(format!("record {} was erased", statement.hash())));
        }
        assemble(statement, count, leaves, &stored.row.leaf_hashes)
    }
}

fn unreadable(statement: &Statement) -> Error {
    Error::internal(format!("the sealed fields of {} have another shape", statement.hash()))
}

type Opened = BTreeMap<usize, (Vec<u8>, Option<Vec<Hash>>)>;

/// Puts the opened leaves together: a whole record if all are there, else an excerpt.
fn assemble(
    statement: Statement,
    count: usize,
    leaves: Opened,
    leaf_hashes: &[u8],
) -> Result<Held, Error> {
    if leaves.len() == count && leaves.values().all(|(_, path)| path.is_none()) {
        let leaves = leaves.into_values().map(|(bytes, _)| bytes).collect();
        return Ok(Held::Whole(Record::assemble(statement, leaves)?));
    }
    let hashes = leaf_hashes.chunks_exact(32).filter_map(Hash::from_slice).collect();
    let tree = SmallTree::new(hashes);
    let leaves = leaves
        .into_iter()
        .map(|(index, (bytes, path))| {
            let path = path.or_else(|| tree.inclusion_path(index)).unwrap_or_default();
            DisclosedLeaf { index, bytes, path }
        })
        .collect();
    Ok(Held::Part(Excerpt::assemble(statement, count, leaves)?))
}

/// Reads the opened bytes of a group: `[index, leaf]` or `[index, leaf, path]` each; an excerpt begins with its count.
fn entries(plain: &[u8]) -> Option<(Opened, Option<usize>)> {
    let Value::Array(entries) = Value::decode(plain).ok()? else { return None };
    let mut leaves = BTreeMap::new();
    let mut count = None;
    for entry in entries {
        if let Value::Int(leaf_count) = entry {
            count = usize::try_from(leaf_count).ok();
            continue;
        }
        let Value::Array(parts) = entry else { return None };
        let mut parts = parts.into_iter();
        let (Some(Value::Int(index)), Some(Value::Bytes(leaf)), path) =
            (parts.next(), parts.next(), parts.next())
        else {
            return None;
        };
        let path = match path {
            None => None,
            Some(Value::Array(hashes)) => Some(
                hashes.iter().map(|h| Hash::from_slice(h.as_bytes()?)).collect::<Option<_>>()?,
            ),
            Some(_) => return None,
        };
        leaves.insert(usize::try_from(index).ok()?, (leaf, path));
    }
    Some((leaves, count))
}
