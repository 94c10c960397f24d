//! Cosigned proofs that a peer pushes for its own log: verified, and kept beside the receipts.

use crate::domain::id::AuthorityName;
use crate::node::casework::Desk;
use crate::node::casework::receive::open::is_origin_of;
use crate::node::peer::{AnchorItem, Anchors, Refusal, RefusalCode};
use crate::node::store::receipts::{self, Receipt};
use crate::node::store::{StoreError, records};
use crate::transparency::checkpoint::Checkpoint;
use crate::transparency::key::VerifierKey;
use crate::transparency::note::Note;
use crate::transparency::proof::verify_inclusion;
use crate::transparency::tlog_proof::TlogProof;
use crate::transparency::tree::{Hash, leaf_hash};

impl Desk {
    /// Takes cosigned proofs of statements in the peer's log. Statements that this node does not hold are passed over.
    ///
    /// # Errors
    /// If the note is not of the peer's log, is not signed by it, or a path does not lead to its root.
    pub(crate) async fn take_anchors(
        &self,
        peer: &AuthorityName,
        anchors: Anchors,
    ) -> Result<(), Refusal> {
        let malformed = |reason: String| Refusal::new(RefusalCode::Malformed, &reason);
        let note = Note::parse(&anchors.checkpoint).map_err(|e| malformed(e.to_string()))?;
        let parsed = Checkpoint::parse(note.text()).map_err(|e| malformed(e.to_string()))?;
        let Some(known) = self.cards.paired(peer) else {
            return Err(Refusal::new(RefusalCode::NotPaired, "this node has no card of yours"));
        };
        if !is_origin_of(peer, &parsed.origin) {
            let reason = "the checkpoint is not of a log of yours";
            return Err(Refusal::new(RefusalCode::NotPermitted, reason));
        }
        let keys = known.log_keys(&parsed.origin);
        if keys.is_empty() {
            // The card that names this log may be on its way: nothing is refused for good.
            let reason = "this node has no card of yours yet that names the log";
            return Err(Refusal::new(RefusalCode::Busy, reason));
        }
        let checkpoint = Checkpoint::open(&note, &parsed.origin, &keys)
            .map_err(|error| malformed(error.to_string()))?;
        let witnesses = self.witness_keys();
        // Once for all statements, since each cosignature costs a signature check.
        let cosigned = cosigners(&note, &witnesses);
        let rows = self.anchored(&parsed.origin, &anchors.items).await.map_err(|e| busy(&e))?;
        let mut kept = Vec::new();
        for item in &anchors.items {
            let row = rows.iter().find(|(receipt, _)| receipt.record_hash == item.statement);
            let Some((receipt, statement)) = row else { continue };
            let path: Vec<Hash> = item.path.iter().copied().map(Hash).collect();
            let leaf = leaf_hash(statement);
            verify_inclusion(&leaf, item.index, checkpoint.size, &path, &checkpoint.root)
                .map_err(|error| malformed(error.to_string()))?;
            if u64::try_from(receipt.log_index) != Ok(item.index) {
                return Err(malformed("the index differs from that of the receipt".to_owned()));
            }
            if cosigned < known_cosigners(receipt, &witnesses) {
                continue;
            }
            let proof = TlogProof { extra: None, index: item.index, path, note: note.clone() };
            kept.push((item.statement, proof.to_text().into_bytes()));
        }
        self.keep_proofs(parsed.origin, kept).await.map_err(|error| busy(&error))
    }

    /// The witness keys of this node and of every authority that is paired now.
    fn witness_keys(&self) -> Vec<VerifierKey> {
        let all = self.cards.all();
        let counted =
            all.iter().filter(|known| known.is_paired || known.card.authority == self.authority);
        counted.filter_map(|known| known.witness_key()).collect()
    }

    /// The receipts of that log for these statements, with the statements.
    async fn anchored(
        &self,
        origin: &str,
        items: &[AnchorItem],
    ) -> Result<Vec<(Receipt, Vec<u8>)>, StoreError> {
        let origin = origin.to_owned();
        let hashes: Vec<_> = items.iter().map(|item| item.statement).collect();
        self.store
            .read("anchors", move |tx| {
                Box::pin(async move {
                    let receipts = receipts::get_many(tx, &origin, &hashes).await?;
                    let mut statements: std::collections::HashMap<_, _> =
                        records::get_many(tx, &hashes)
                            .await?
                            .into_iter()
                            .map(|record| (record.hash, record.statement))
                            .collect();
                    let pair = |receipt: Receipt| {
                        statements.remove(&receipt.record_hash).map(|bytes| (receipt, bytes))
                    };
                    Ok(receipts.into_iter().filter_map(pair).collect())
                })
            })
            .await
    }

    async fn keep_proofs(
        &self,
        origin: String,
        mut kept: Vec<([u8; 32], Vec<u8>)>,
    ) -> Result<(), StoreError> {
        if kept.is_empty() {
            return Ok(());
        }
        // A peer may name a record twice.
        kept.sort_unstable();
        kept.dedup_by_key(|(record, _)| *record);
        self.store
            .write_with("anchors_keep", (origin, kept), |tx, (origin, kept)| {
                Box::pin(async move { receipts::set_proofs(tx, origin, kept).await })
            })
            .await
    }
}

/// How many known witnesses have cosigned a note.
fn cosigners(note: &Note, witnesses: &[VerifierKey]) -> usize {
    note.verify(witnesses).map_or(0, |good| good.len())
}

fn known_cosigners(receipt: &Receipt, witnesses: &[VerifierKey]) -> usize {
    let proof = receipt.proof.as_deref().and_then(|proof| TlogProof::parse(proof).ok());
    proof.map_or(0, |proof| cosigners(&proof.note, witnesses))
}

fn busy(error: &StoreError) -> Refusal {
    tracing::warn!(error = %error, "cosigned proofs could not be kept");
    Refusal::new(RefusalCode::Busy, "this node cannot keep proofs just now")
}
