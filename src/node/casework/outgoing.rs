//! What delivery needs of the records: the leaves to send; sends nothing.

use std::collections::HashMap;

use crate::node::casework::load::Stored;
use crate::node::casework::{Desk, Error, Held};
use crate::node::store::records;
use crate::record::StatementHash;

impl Desk {
    /// The records, in the order asked for, read in one snapshot; an error for each that cannot be opened.
    pub(crate) async fn held_many(&self, hashes: &[StatementHash]) -> Vec<Result<Held, Error>> {
        let keys: Vec<[u8; 32]> = hashes.iter().map(|hash| hash.0).collect();
        let read = self
            .store
            .read("held_many", move |tx| {
                Box::pin(async move {
                    let rows = records::get_many(tx, &keys).await?;
                    Stored::read_all(tx, rows).await
                })
            })
            .await;
        let mut stored: HashMap<_, _> = match read {
            Ok(stored) => stored.into_iter().map(|one| (one.row.hash, one)).collect(),
            Err(error) => {
                let text = error.to_string();
                return hashes.iter().map(|_| Err(Error::Unavailable(text.clone()))).collect();
            }
        };
        let mut held = Vec::with_capacity(hashes.len());
        for hash in hashes {
            held.push(match stored.remove(&hash.0) {
                Some(stored) => self.open_stored(stored).await,
                // Asked for twice, or not there.
                None => self.held(*hash).await,
            });
        }
        held
    }
}
