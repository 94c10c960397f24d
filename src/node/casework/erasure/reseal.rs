//! Seals the fields of a case anew without those that are erased: their values and salts are in nothing that is kept.

use std::collections::BTreeSet;

use crate::domain::id::ObjectId;
use crate::node::casework::append::fields_aad;
use crate::node::casework::erasure::scope::is_among;
use crate::node::casework::load::Stored;
use crate::node::casework::{Desk, Error};
use crate::node::keys::KeyGroup;
use crate::node::store::StoreError;
use crate::node::store::records::{self, SealedFields};
use crate::record::{Leaf, StatementHash, Value};

impl Desk {
    /// The groups of sealed fields of a case in which one of these paths, or one below it, stands: without it.
    pub(super) async fn resealed(
        &self,
        case: ObjectId,
        gone: &BTreeSet<String>,
    ) -> Result<Vec<SealedFields>, Error> {
        if gone.is_empty() {
            return Ok(Vec::new());
        }
        let rows = self
            .store
            .read("reseal", move |tx| {
                Box::pin(async move {
                    let rows = records::of_object(tx, &case.to_string(), 0, i64::MAX).await?;
                    Stored::read_all(tx, rows).await
                })
            })
            .await
            .map_err(|error: StoreError| Error::from(error))?;
        let mut resealed = Vec::new();
        let own = self.authority.to_string();
        for stored in rows.iter().filter(|stored| stored.row.author == own) {
            for group in stored.fields() {
                let key = self.keys.get(&KeyGroup::stored(&group.key_group)).await?;
                let Some(key) = key else { continue };
                let aad = fields_aad(StatementHash(stored.row.hash), &group.key_group);
                let plain = key.open(&aad, &group.sealed).map_err(Error::internal)?;
                if let Some(left) = without(&plain, gone)? {
                    let sealed = key.seal(&*self.rng, &aad, &left);
                    resealed.push(SealedFields { sealed, ..group.clone() });
                }
            }
        }
        Ok(resealed)
    }
}

/// The leaves of a group without those of some fields; none if it has none of them.
fn without(plain: &[u8], gone: &BTreeSet<String>) -> Result<Option<Vec<u8>>, Error> {
    let Value::Array(mut entries) = Value::decode(plain).map_err(Error::internal)? else {
        return Err(Error::internal("a group of sealed fields is no list"));
    };
    let before = entries.len();
    entries.retain(|entry| !is_of(entry, gone));
    let is_same = entries.len() == before;
    Ok((!is_same).then(|| Value::Array(entries).encode()))
}

/// Whether an entry is the leaf of one of some fields.
fn is_of(entry: &Value, gone: &BTreeSet<String>) -> bool {
    let Value::Array(parts) = entry else { return false };
    let leaf = parts.get(1).and_then(Value::as_bytes);
    match leaf.map(Leaf::decode) {
        Some(Ok(Leaf::Field(field))) => is_among(gone, &field.key),
        Some(_) | None => false,
    }
}
