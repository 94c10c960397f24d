//! Acts that were opened before, so that a request is not decrypted anew for each act; holds only what never changes.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::record::kinds::request::RequestAct;
use crate::record::payload::Common;

/// How much is remembered, by the size of the records, before the memory is emptied.
const BYTES_MAX: usize = 32 << 20;
/// What an act weighs beside its leaves.
const ACT_BYTES: usize = 512;

/// What an opened act says; none of it can change, but for its erasure.
#[derive(Clone, Debug)]
pub(crate) struct Opened {
    /// Commit order here.
    pub(crate) seq: i64,
    /// The statement that the author had seen last.
    pub(crate) prev: Option<[u8; 32]>,
    /// What it says; none once it was erased.
    pub(crate) content: Option<Arc<(Common, RequestAct)>>,
    /// Place in the requested authority's log, once it has one.
    pub(crate) position: Option<i64>,
    /// What it weighs here.
    pub(crate) bytes: usize,
}

/// Opened acts by hash.
#[derive(Debug, Default)]
pub(crate) struct ActMemory(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    /// How many keys had been destroyed when these acts were opened.
    epoch: u64,
    bytes: usize,
    acts: HashMap<[u8; 32], Opened>,
}

impl ActMemory {
    /// The acts among these that are remembered. After a key was destroyed (another `epoch`) none is: what it sealed
    /// must not be read from here.
    pub(crate) fn among(&self, epoch: u64, hashes: &[[u8; 32]]) -> HashMap<[u8; 32], Opened> {
        self.with(epoch, |inner| {
            let known = hashes.iter().filter_map(|hash| Some((*hash, inner.acts.get(hash)?)));
            known.map(|(hash, opened)| (hash, opened.clone())).collect()
        })
    }

    /// Remembers acts that were opened, or placed, while `epoch` was in force.
    pub(crate) fn keep(&self, epoch: u64, acts: impl IntoIterator<Item = ([u8; 32], Opened)>) {
        self.with(epoch, |inner| {
            if inner.epoch != epoch {
                return;
            }
            for (hash, opened) in acts {
                let weight = opened.bytes.saturating_add(ACT_BYTES);
                if inner.bytes.saturating_add(weight) > BYTES_MAX {
                    inner.acts.clear();
                    inner.bytes = 0;
                }
                if weight <= BYTES_MAX && inner.acts.insert(hash, opened).is_none() {
                    inner.bytes = inner.bytes.saturating_add(weight);
                }
            }
        });
    }

    fn with<T>(&self, epoch: u64, act: impl FnOnce(&mut Inner) -> T) -> T {
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if inner.epoch < epoch {
            *inner = Inner { epoch, ..Inner::default() };
        }
        act(&mut inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn opened(bytes: usize) -> Opened {
        Opened { seq: 1, prev: None, content: None, position: None, bytes }
    }

    #[test]
    fn remembers_until_a_key_is_destroyed() {
        let memory = ActMemory::default();
        memory.keep(0, [([1; 32], opened(10))]);
        assert_eq!(memory.among(0, &[[1; 32], [2; 32]]).len(), 1);
        assert_eq!(memory.among(1, &[[1; 32]]).len(), 0);
        // Opened before the key was destroyed, brought back after it.
        memory.keep(0, [([1; 32], opened(10))]);
        assert_eq!(memory.among(1, &[[1; 32]]).len(), 0);
    }

    #[test]
    fn holds_no_more_than_its_limit() {
        let memory = ActMemory::default();
        let hash = |at: u8| [at; 32];
        for at in 0..100 {
            memory.keep(0, [(hash(at), opened(BYTES_MAX / 10))]);
        }
        memory.keep(0, [([200; 32], opened(BYTES_MAX))]);
        let inner = memory.0.lock().expect("no test panics while it holds the lock");
        assert!(inner.bytes <= BYTES_MAX && inner.acts.len() < 10, "{}", inner.acts.len());
    }
}
