//! The other end of a delivery: a log in memory, real keys, and a script of faults.

use std::collections::{HashMap, VecDeque};
use std::sync::Mutex;

use async_trait::async_trait;
use bytes::Bytes;
use ed25519_dalek::{SigningKey, VerifyingKey};
use sealane::domain::id::{AuthorityName, ObjectId};
use sealane::domain::time::Timestamp;
use sealane::node::jobs::seam::{NotSendable, Outcomes};
use sealane::node::keys::KeyDir;
use sealane::node::peer::{
    AnchorItem, Anchors, BlobRequest, BlobStream, Courier, Deliver, Hello, ItemAnswer, LaterReason,
    Refusal, RefusalCode, SendError, WitnessAnswer,
};
use sealane::record::kinds::delivery::DeliveryRefused;
use sealane::record::payload::Common;
use sealane::record::receipt::SignedRoot;
use sealane::record::{Record, Signer, StatementHash};
use sealane::transparency::small_tree::SmallTree;
use sealane::transparency::tree::leaf_hash;

/// What goes wrong with one request.
#[derive(Clone, Copy, Debug)]
pub(super) enum Fault {
    LostRequest,
    LostAnswer,
    Later(usize),
    Refuse(usize),
    ForgedRefusal(usize),
    ForgedReceipts,
    SwappedReceipts,
}

pub(super) struct FakePeer {
    name: AuthorityName,
    receipt: SigningKey,
    record: SigningKey,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    log: Vec<Vec<u8>>,
    receipts: HashMap<StatementHash, Bytes>,
    script: VecDeque<Fault>,
    refused: Vec<StatementHash>,
    anchors: Vec<AnchorItem>,
    anchors_code: Option<RefusalCode>,
    unread: Vec<[u8; 32]>,
    asked: usize,
}

impl FakePeer {
    pub(super) fn new(name: AuthorityName, keys: &KeyDir) -> Self {
        let keys = keys.signing_keys().unwrap();
        Self {
            name,
            receipt: keys.receipt.signing_key().clone(),
            record: keys.record.signing_key().clone(),
            state: Mutex::default(),
        }
    }

    pub(super) const fn name(&self) -> &AuthorityName {
        &self.name
    }

    pub(super) fn receipt_key(&self) -> VerifyingKey {
        self.receipt.verifying_key()
    }

    pub(super) fn script(&self, faults: impl IntoIterator<Item = Fault>) {
        self.state.lock().unwrap().script = faults.into_iter().collect();
    }

    pub(super) fn never_takes(&self, hash: StatementHash) {
        self.state.lock().unwrap().refused.push(hash);
    }

    /// Refuses all proofs with that code from now on, or none.
    pub(super) fn refuses_anchors(&self, code: Option<RefusalCode>) {
        self.state.lock().unwrap().anchors_code = code;
    }

    /// Cannot read the proof of that record.
    pub(super) fn cannot_read_proof_of(&self, hash: StatementHash) {
        self.state.lock().unwrap().unread.push(hash.0);
    }

    pub(super) fn log(&self) -> Vec<Vec<u8>> {
        self.state.lock().unwrap().log.clone()
    }

    pub(super) fn anchors(&self) -> Vec<AnchorItem> {
        self.state.lock().unwrap().anchors.clone()
    }

    pub(super) fn asked(&self) -> usize {
        self.state.lock().unwrap().asked
    }

    fn interrupted(&self) -> SendError {
        SendError::Interrupted { peer: self.name.clone(), detail: "cut".to_owned() }
    }

    fn take(&self, state: &mut State, statement: &[u8]) -> Bytes {
        let hash = StatementHash::of(statement);
        if let Some(known) = state.receipts.get(&hash) {
            return known.clone();
        }
        state.log.push(statement.to_vec());
        let receipt: Bytes = self.receipt(&state.log, self.receipt.clone()).into();
        state.receipts.insert(hash, receipt.clone());
        receipt
    }

    /// The receipt of the last entry.
    fn receipt(&self, log: &[Vec<u8>], key: SigningKey) -> Vec<u8> {
        let tree = SmallTree::new(log.iter().map(|entry| leaf_hash(entry)).collect());
        let (size, index) = (log.len() as u64, log.len() - 1);
        let origin = self.name.log_origin(2026);
        SignedRoot::sign(&origin, size, tree.root(), 1_795_502_520, &Signer::new(key))
            .receipt(index as u64, &tree.inclusion_path(index).unwrap())
    }

    fn refusal(&self, statement: &[u8], key: SigningKey) -> ItemAnswer {
        let payload = DeliveryRefused {
            statement: StatementHash::of(statement),
            code: "not_recipient".to_owned(),
            reason: "it is for somebody else".to_owned(),
        };
        let common = Common {
            kind: String::new(),
            prev: None,
            object: ObjectId::from_random([5; 16]),
            actor: "node".to_owned(),
            role: "node".to_owned(),
            purpose: String::new(),
            authored_at: Timestamp::from_secs(1_795_502_520),
            profile: None,
        };
        let mut draw = |bytes: &mut [u8]| bytes.fill(7);
        let record =
            Record::sign(common, &payload, &self.name, &Signer::new(key), &mut draw).unwrap();
        ItemAnswer::Refused {
            statement: record.statement().bytes().to_vec().into(),
            fields: record.leaves().iter().map(|leaf| leaf.clone().into()).collect(),
        }
    }
}

#[async_trait]
impl Courier for FakePeer {
    async fn deliver(
        &self,
        _: &AuthorityName,
        deliver: &Deliver,
    ) -> Result<Vec<ItemAnswer>, SendError> {
        let mut state = self.state.lock().unwrap();
        state.asked += 1;
        let is_unread = deliver
            .items
            .iter()
            .any(|it| state.refused.contains(&StatementHash::of(&it.statement)));
        if is_unread {
            let refusal = Refusal { code: RefusalCode::Malformed, text: "not readable".to_owned() };
            return Err(SendError::Refused { peer: self.name.clone(), refusal });
        }
        let fault = state.script.pop_front();
        if matches!(fault, Some(Fault::LostRequest)) {
            return Err(self.interrupted());
        }
        let stranger = SigningKey::from_bytes(&[3; 32]);
        let mut answers = Vec::new();
        for (number, item) in deliver.items.iter().enumerate() {
            answers.push(match fault {
                Some(Fault::Later(which)) if which == number => {
                    ItemAnswer::Later { reason: LaterReason::Busy }
                }
                Some(Fault::Refuse(which)) if which == number => {
                    self.refusal(&item.statement, self.record.clone())
                }
                Some(Fault::ForgedRefusal(which)) if which == number => {
                    self.refusal(&item.statement, stranger.clone())
                }
                Some(Fault::ForgedReceipts) => {
                    let log = [item.statement.to_vec()];
                    ItemAnswer::Receipt(self.receipt(&log, stranger.clone()).into())
                }
                _ => ItemAnswer::Receipt(self.take(&mut state, &item.statement)),
            });
        }
        match fault {
            Some(Fault::LostAnswer) => return Err(self.interrupted()),
            Some(Fault::SwappedReceipts) => answers.reverse(),
            _ => {}
        }
        Ok(answers)
    }

    async fn anchors(&self, _: &AuthorityName, anchors: &Anchors) -> Result<(), SendError> {
        let mut state = self.state.lock().unwrap();
        let is_unread = anchors.items.iter().any(|it| state.unread.contains(&it.statement));
        if let Some(code) = state.anchors_code.or(is_unread.then_some(RefusalCode::Malformed)) {
            let refusal = Refusal { code, text: "no".to_owned() };
            return Err(SendError::Refused { peer: self.name.clone(), refusal });
        }
        state.anchors.extend(anchors.items.iter().cloned());
        Ok(())
    }

    async fn hello(&self, _: &AuthorityName) -> Result<Hello, SendError> {
        Ok(Hello::default())
    }

    async fn blob(&self, _: &AuthorityName, _: &BlobRequest) -> Result<BlobStream, SendError> {
        Err(self.interrupted())
    }

    async fn push_card(&self, _: &AuthorityName, _: Bytes) -> Result<(), SendError> {
        Ok(())
    }

    async fn query_card(&self, _: &AuthorityName) -> Result<Bytes, SendError> {
        Err(self.interrupted())
    }

    async fn add_checkpoint(
        &self,
        _: &AuthorityName,
        _: Bytes,
    ) -> Result<WitnessAnswer, SendError> {
        Err(self.interrupted())
    }

    async fn witness_state(&self, _: &AuthorityName, _: &str) -> Result<Option<Bytes>, SendError> {
        Err(self.interrupted())
    }
}

/// What the casework was told.
#[derive(Default)]
pub(super) struct Heard {
    receipted: Mutex<Vec<StatementHash>>,
    refused: Mutex<Vec<StatementHash>>,
}

impl Heard {
    pub(super) fn receipted(&self) -> usize {
        self.receipted.lock().unwrap().len()
    }

    pub(super) fn refused(&self) -> Vec<StatementHash> {
        self.refused.lock().unwrap().clone()
    }
}

#[async_trait]
impl Outcomes for Heard {
    async fn receipted(&self, _: &AuthorityName, records: &[StatementHash]) {
        self.receipted.lock().unwrap().extend(records);
    }

    async fn refused(
        &self,
        _: &AuthorityName,
        record: StatementHash,
        _: Record,
    ) -> Result<(), NotSendable> {
        self.refused.lock().unwrap().push(record);
        Ok(())
    }
}
