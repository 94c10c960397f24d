//! The rules of receipts and log proofs of one statement; whether enough witnesses signed is judged once a checkpoint.

use std::collections::HashMap;

use sha2::{Digest, Sha256};

use crate::audit::check::cards::Cards;
use crate::audit::check::record::{Context, Loaded, Placed, Proven};
use crate::audit::pack::layout::{FileOrigin, owner_of};
use crate::audit::rule;
use crate::domain::id::AuthorityName;
use crate::record::receipt::{Receipt, ReceiptError};
use crate::record::{KeyId, Statement};
use crate::transparency::checkpoint::Checkpoint;
use crate::transparency::key::VerifierKey;
use crate::transparency::note::Note;
use crate::transparency::proof::verify_inclusion;
use crate::transparency::tlog_proof::TlogProof;
use crate::transparency::tree::leaf_hash;

/// Checkpoints that one thread remembers; most packs have a handful.
const NOTES_KEPT: usize = 256;

/// A broken rule: its name and what is wrong.
pub(super) type Broken = (&'static str, String);

/// A checkpoint that was met for the first time.
pub(super) struct SeenNote {
    pub(super) digest: [u8; 32],
    pub(super) checkpoint: Checkpoint,
    pub(super) owner: AuthorityName,
    pub(super) text: String,
    /// The file in which it stands.
    pub(super) item: String,
}

/// Remembers checkpoints, so that one signature is checked once and not for each of ten thousand proofs.
#[derive(Default)]
pub(super) struct NoteCache {
    known: HashMap<[u8; 32], Result<(Checkpoint, AuthorityName), Broken>>,
    pub(super) seen: Vec<SeenNote>,
}

impl NoteCache {
    /// The checkpoint of a note whose log signature holds, with the digest by which the note is known.
    pub(super) fn open(
        &mut self,
        note: &Note,
        item: &str,
        cards: &Cards,
    ) -> Result<([u8; 32], Checkpoint, AuthorityName), Broken> {
        let text = note.to_text();
        let digest: [u8; 32] = Sha256::digest(&text).into();
        if let Some(known) = self.known.get(&digest) {
            let (checkpoint, owner) = known.clone()?;
            return Ok((digest, checkpoint, owner));
        }
        if self.known.len() >= NOTES_KEPT {
            self.known.clear();
        }
        let opened = open_note(note, cards);
        self.known.insert(digest, opened.clone());
        let (checkpoint, owner) = opened?;
        self.seen.push(SeenNote {
            digest,
            checkpoint: checkpoint.clone(),
            owner: owner.clone(),
            text,
            item: item.to_owned(),
        });
        Ok((digest, checkpoint, owner))
    }
}

/// Checks the log's own signature on a note.
fn open_note(note: &Note, cards: &Cards) -> Result<(Checkpoint, AuthorityName), Broken> {
    let claimed = Checkpoint::parse(note.text())
        .map_err(|error| (rule::CHECKPOINT_FORM, error.to_string()))?;
    let (owner, keys) = log_keys(&claimed.origin, cards)?;
    let checkpoint = Checkpoint::open(note, &claimed.origin, &keys)
        .map_err(|error| (rule::CHECKPOINT_SIGNATURE, error.to_string()))?;
    Ok((checkpoint, owner))
}

/// The owner of a log and the keys that its cards list for it.
fn log_keys(origin: &str, cards: &Cards) -> Result<(AuthorityName, Vec<VerifierKey>), Broken> {
    let owner = owner_of(origin)
        .ok_or_else(|| (rule::CHECKPOINT_FORM, "its origin names no authority's log".to_owned()))?;
    let known = cards.of(&owner);
    if known.is_empty() {
        return Err(no_card(&owner));
    }
    let listed = known.iter().flat_map(|known| &known.log_keys);
    let keys: Vec<_> = listed.filter(|key| key.name() == origin).cloned().collect();
    if keys.is_empty() {
        Err((rule::LOG_KEY, format!("the card of {owner} lists no key of the log {origin}")))
    } else {
        Ok((owner, keys))
    }
}

fn no_card(owner: &AuthorityName) -> Broken {
    (rule::CARD_MISSING, format!("the pack has no card of {owner}, whose log this is"))
}

/// What a receipt has shown.
#[derive(Default)]
pub(super) struct Found {
    /// Whose log it is said to be of.
    pub(super) owner: Option<AuthorityName>,
    /// The place, if the receipt holds.
    pub(super) place: Option<Placed>,
}

/// Checks one receipt; it has no file of its own, so the finding names the statement's and the log.
pub(super) fn check_receipt(
    statement: &Statement,
    receipt: &[u8],
    path: &str,
    context: &mut Context<'_>,
) -> Found {
    let mut found = Found::default();
    match read_receipt(statement, receipt, path, context.cards, &mut found) {
        Ok(place) => {
            context.report.ok(rule::RECEIPT_SIGNATURE, path);
            found.place = Some(place);
        }
        Err((rule, why)) => context.report.fail(rule, path, why),
    }
    found
}

fn read_receipt(
    statement: &Statement,
    receipt: &[u8],
    path: &str,
    cards: &Cards,
    found: &mut Found,
) -> Result<Placed, Broken> {
    let receipt =
        Receipt::parse(receipt).map_err(|error| (rule::RECEIPT_FORM, error.to_string()))?;
    let form = |why: &str| (rule::RECEIPT_FORM, why.to_owned());
    let origin = receipt.origin.clone().ok_or_else(|| form("its receipt names no log"))?;
    let owner = owner_of(&origin).ok_or_else(|| form("its receipt names no authority's log"))?;
    found.owner = Some(owner.clone());
    let known = cards.of(&owner);
    let in_force = known.first().ok_or_else(|| no_card(&owner))?;
    let named = known.iter().find(|one| receipt.key == Some(KeyId::of(&one.card.receipt_key)));
    let key = named.unwrap_or(in_force).card.receipt_key;
    let root = receipt.verify(statement.bytes(), &key).map_err(|error| {
        let rule = match error {
            ReceiptError::OtherKey(_) => rule::RECEIPT_KEY,
            ReceiptError::Malformed(_) => rule::RECEIPT_FORM,
            ReceiptError::Proof(_) | ReceiptError::Signature => rule::RECEIPT_SIGNATURE,
        };
        (rule, format!("receipt of {origin}: {error}"))
    })?;
    Ok(Placed {
        origin,
        owner,
        index: receipt.leaf_index,
        size: receipt.tree_size,
        root,
        by: Proven::Receipt,
        item: path.to_owned(),
    })
}

/// Checks one log proof up to the log's signature; its witnesses are judged with all others of the same checkpoint.
pub(super) fn check_proof(
    statement: &Statement,
    file: &Loaded,
    named: &FileOrigin,
    context: &mut Context<'_>,
) -> Option<Placed> {
    match read_proof(statement, file, named, context.cards, context.notes) {
        Ok(placed) => {
            context.report.ok(rule::PROOF_INCLUSION, &file.path);
            Some(placed)
        }
        Err((rule, why)) => {
            context.report.fail(rule, file.path.as_str(), why);
            None
        }
    }
}

fn read_proof(
    statement: &Statement,
    file: &Loaded,
    named: &FileOrigin,
    cards: &Cards,
    notes: &mut NoteCache,
) -> Result<Placed, Broken> {
    let proof =
        TlogProof::parse(&file.bytes).map_err(|error| (rule::PROOF_FORM, with_source(&error)))?;
    let (digest, checkpoint, owner) = notes.open(&proof.note, &file.path, cards)?;
    if FileOrigin::of(&checkpoint.origin) != *named {
        let why =
            format!("it is a proof of the log {}, not of the one in its name", checkpoint.origin);
        return Err((rule::PROOF_FORM, why));
    }
    let leaf = leaf_hash(statement.bytes());
    verify_inclusion(&leaf, proof.index, checkpoint.size, &proof.path, &checkpoint.root)
        .map_err(|error| (rule::PROOF_INCLUSION, error.to_string()))?;
    Ok(Placed {
        origin: checkpoint.origin,
        owner,
        index: proof.index,
        size: checkpoint.size,
        root: checkpoint.root,
        by: Proven::Note(digest),
        item: file.path.clone(),
    })
}

/// An error with what caused it, in one line.
pub(super) fn with_source(error: &dyn std::error::Error) -> String {
    error.source().map_or_else(|| error.to_string(), |source| format!("{error}: {source}"))
}
