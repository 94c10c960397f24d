//! The rules of one record by itself: statement, key, fields, receipts, proofs; compares it with no other record.

use sha2::{Digest, Sha256};

use crate::audit::check::bag::Bag;
use crate::audit::check::cards::Cards;
use crate::audit::check::proofs::{NoteCache, check_proof, check_receipt};
use crate::audit::pack::layout::{FileOrigin, Place, fields_path, statement_path};
use crate::audit::pack::{Claim, claims};
use crate::audit::report::Report;
use crate::audit::rule;
use crate::domain::id::{AuthorityName, ObjectId};
use crate::domain::time::Timestamp;
use crate::record::card::Card;
use crate::record::disclosure::{DisclosedLeaf, Excerpt, parse_disclosure_object};
use crate::record::fields::Fields;
use crate::record::key::KeyId;
use crate::record::kinds::evidence::EvidenceRegistered;
use crate::record::kinds::log::{Genesis, WitnessPolicy};
use crate::record::kinds::request::RequestAct;
use crate::record::payload::{Common, Payload, PayloadError};
use crate::record::{Record, Statement, StatementHash, Value};
use crate::transparency::proof::root_from_inclusion;
use crate::transparency::tree::{Hash, leaf_hash};

/// The most receipts of one statement: every member of a large federation may have received it.
const RECEIPTS_MAX: usize = 64;

/// A file of a record, read.
pub(super) struct Loaded {
    pub(super) number: usize,
    pub(super) place: Place,
    pub(super) path: String,
    pub(super) bytes: Vec<u8>,
}

/// The files of one record.
pub(super) struct Bundle {
    pub(super) hash: StatementHash,
    pub(super) files: Vec<Loaded>,
}

/// Which kind of proof puts a statement at a place in a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Proven {
    /// A receipt: the log's word alone.
    Receipt,
    /// A log proof that leads to the note with this digest.
    Note([u8; 32]),
}

/// A place in a log that was proven for a statement.
#[derive(Clone, Debug)]
pub(super) struct Placed {
    pub(super) origin: String,
    pub(super) owner: AuthorityName,
    pub(super) index: u64,
    pub(super) size: u64,
    pub(super) root: Hash,
    pub(super) by: Proven,
    /// The file that proves it.
    pub(super) item: String,
}

/// What the checks between records need to know of one whose signature holds.
#[derive(Clone, Debug)]
pub(super) struct Facts {
    pub(super) hash: StatementHash,
    pub(super) issuer: AuthorityName,
    pub(super) object: ObjectId,
    /// What its fields say, if they are those that were signed.
    pub(super) said: Option<Said>,
    pub(super) places: Vec<Placed>,
}

/// What the fields of a record say that other records are compared with.
#[derive(Clone, Debug)]
pub(super) struct Said {
    /// All fields are in the pack, not some.
    pub(super) whole: bool,
    pub(super) kind: String,
    pub(super) prev: Option<StatementHash>,
    pub(super) claims: Vec<Claim>,
    /// The text of a witness policy.
    pub(super) policy: Option<String>,
}

/// What the check of one record needs beside its files.
pub(super) struct Context<'a> {
    pub(super) cards: &'a Cards,
    pub(super) bag: &'a Bag,
    pub(super) notes: &'a mut NoteCache,
    pub(super) report: &'a mut Report,
}

impl Bundle {
    fn file(&self, is_it: impl Fn(&Place) -> bool) -> Option<&Loaded> {
        self.files.iter().find(|file| is_it(&file.place))
    }
}

/// Checks one record. `None` if its statement cannot be believed: then nothing else about it means anything.
pub(super) fn check(bundle: &Bundle, context: &mut Context<'_>) -> Option<Facts> {
    for file in &bundle.files {
        let digest = Sha256::digest(&file.bytes).into();
        context.bag.judge(file.number, &file.path, &digest, context.report);
    }
    let path = statement_path(bundle.hash);
    let Some(file) = bundle.file(|place| matches!(place, Place::Statement(_))) else {
        for file in &bundle.files {
            let why = "it belongs to a statement that is not in the pack";
            context.report.fail(rule::FILE_UNKNOWN, file.path.as_str(), why);
        }
        return None;
    };
    let (statement, receipts) = match Statement::parse_transparent(&file.bytes) {
        Ok(parsed) => parsed,
        Err(error) => {
            context.report.fail(rule::STATEMENT_FORM, path, error);
            return None;
        }
    };
    context.report.ok(rule::STATEMENT_FORM, &path);
    if statement.hash() != bundle.hash {
        let why =
            format!("its statement has the hash {}: it was changed or renamed", statement.hash());
        context.report.fail(rule::STATEMENT_NAME, path.as_str(), why);
    }
    let by_root = check_signature(&statement, &path, context)?;
    let said = check_fields(bundle, &statement, context.report);
    if by_root && said.as_ref().is_some_and(|said| said.kind != Card::KIND) {
        let why = "it is signed with the root key, which signs cards and nothing else";
        context.report.fail(rule::KEY_ROOT, path, why);
        return None;
    }
    let mut places = Vec::new();
    check_receipts(&statement, &receipts, &path, &mut places, context);
    check_proofs(bundle, &statement, &path, &mut places, context);
    Some(Facts {
        hash: statement.hash(),
        issuer: statement.issuer,
        object: statement.subject,
        said,
        places,
    })
}

/// Whether the key that signed is the root key; `None` if no key of the issuer signed.
fn check_signature(statement: &Statement, path: &str, context: &mut Context<'_>) -> Option<bool> {
    let report = &mut *context.report;
    let cards: Vec<&Card> =
        context.cards.of(&statement.issuer).iter().map(|known| &known.card).collect();
    if cards.is_empty() {
        let why = format!(
            "the pack has no card of its issuer {}, so its key is unknown",
            statement.issuer
        );
        report.fail(rule::CARD_MISSING, path, why);
        return None;
    }
    let Some(key) = find_key(&cards, statement, path, report) else {
        let why = format!(
            "it is signed with key {}, which the card of {} does not list",
            statement.key, statement.issuer
        );
        report.fail(rule::KEY_UNKNOWN, path, why);
        return None;
    };
    match statement.verify(&key) {
        Ok(()) => {
            report.ok(rule::STATEMENT_SIGNATURE, path);
            Some(cards.iter().any(|card| card.root_key == key))
        }
        Err(error) => {
            report.fail(rule::STATEMENT_SIGNATURE, path, error);
            None
        }
    }
}

/// The key that signed: a record key, or the root key, which signs cards only. Reports a record key out of its time.
fn find_key(
    cards: &[&Card],
    statement: &Statement,
    path: &str,
    report: &mut Report,
) -> Option<ed25519_dalek::VerifyingKey> {
    let at = Timestamp::from_secs(statement.issued_at);
    if let Some(key) = cards.iter().find_map(|card| card.record_key(statement.key, at)) {
        report.ok(rule::KEY_EXPIRED, path);
        return Some(key);
    }
    let mut roots = cards.iter().map(|card| card.root_key);
    if let Some(root) = roots.find(|root| KeyId::of(root) == statement.key) {
        return Some(root);
    }
    let mut listed = cards.iter().flat_map(|card| &card.record_keys);
    let key = listed.find(|listed| KeyId::of(&listed.key) == statement.key)?;
    let why = format!(
        "it was signed at {at} with a key that signs from {} to {} only",
        key.not_before, key.not_after
    );
    report.fail(rule::KEY_EXPIRED, path, why);
    Some(key.key)
}

fn check_fields(bundle: &Bundle, statement: &Statement, report: &mut Report) -> Option<Said> {
    let path = fields_path(bundle.hash);
    let Some(file) = bundle.file(|place| matches!(place, Place::Fields(_))) else {
        report.fail(
            rule::FIELDS_MISSING,
            path,
            "the pack has the statement without the fields it signs",
        );
        return None;
    };
    let Some(leaves) = leaves_of(&file.bytes) else {
        let why = "it is not a deterministic CBOR array of byte strings";
        report.fail(rule::FIELDS_FORM, path, why);
        return None;
    };
    let disclosure = bundle.file(|place| matches!(place, Place::Disclosure(_)));
    let (common, fields, whole) = match disclosure {
        None => {
            let record = Record::assemble(statement.clone(), leaves)
                .map_err(|error| report.fail(rule_of(&error), path.as_str(), error))
                .ok()?;
            report.ok(rule::FIELDS_ROOT, &path);
            (record.common().clone(), record.fields().clone(), true)
        }
        Some(disclosure) => {
            let excerpt = open_excerpt(disclosure, statement, leaves, &path, report)?;
            report.ok(rule::DISCLOSURE_ROOT, &disclosure.path);
            (excerpt.common().clone(), excerpt.fields().clone(), false)
        }
    };
    if whole {
        check_kind(&common, &fields, &path, report);
    }
    let is_policy = common.kind == WitnessPolicy::KIND;
    Some(Said {
        whole,
        kind: common.kind.clone(),
        prev: common.prev,
        claims: claims(&common, &fields),
        policy: is_policy.then(|| fields.text("policy").ok()).flatten(),
    })
}

fn open_excerpt(
    disclosure: &Loaded,
    statement: &Statement,
    leaves: Vec<Vec<u8>>,
    fields: &str,
    report: &mut Report,
) -> Option<Excerpt> {
    let proofs = parse_disclosure_object(&disclosure.bytes, statement)
        .map_err(|error| report.fail(rule::DISCLOSURE_FORM, disclosure.path.as_str(), error))
        .ok()?;
    let (count, paths) = (proofs.leaf_count, proofs.paths);
    if paths.len() != leaves.len() {
        let why = format!("{} fields are shown with {} proofs", leaves.len(), paths.len());
        report.fail(rule::DISCLOSURE_FORM, disclosure.path.as_str(), why);
        return None;
    }
    let mut shown = Vec::new();
    for ((index, path), bytes) in paths.into_iter().zip(leaves) {
        let root = root_from_inclusion(&leaf_hash(&bytes), index as u64, count as u64, &path);
        if root != Ok(statement.root) {
            let why =
                format!("field {index} is not under the signed root: it or its proof was changed");
            report.fail(rule::DISCLOSURE_ROOT, fields, why);
            return None;
        }
        shown.push(DisclosedLeaf { index, bytes, path });
    }
    Excerpt::assemble(statement.clone(), count, shown)
        .map_err(|error| report.fail(rule::FIELDS_FORM, fields, error))
        .ok()
}

/// A record of a kind on which the verdict rests must be readable as that kind.
fn check_kind(common: &Common, fields: &Fields, path: &str, report: &mut Report) {
    let read = match common.kind.as_str() {
        WitnessPolicy::KIND => WitnessPolicy::read(fields).map(drop),
        Genesis::KIND => Genesis::read(fields).map(drop),
        EvidenceRegistered::KIND => EvidenceRegistered::read(fields).map(drop),
        RequestAct::KIND => RequestAct::read(fields).map(drop),
        _ => return,
    };
    match read {
        Ok(()) => report.ok(rule::KIND_CONTENT, path),
        Err(error) => {
            report.fail(rule::KIND_CONTENT, path, format!("as {}: {error}", common.kind));
        }
    }
}

const fn rule_of(error: &PayloadError) -> &'static str {
    match error {
        PayloadError::Root(_) => rule::FIELDS_ROOT,
        PayloadError::Statement(_)
        | PayloadError::Field(_)
        | PayloadError::Missing(_)
        | PayloadError::Subject
        | PayloadError::OtherKind { .. } => rule::FIELDS_FORM,
    }
}

fn leaves_of(bytes: &[u8]) -> Option<Vec<Vec<u8>>> {
    let Value::Array(leaves) = Value::decode(bytes).ok()? else { return None };
    leaves
        .into_iter()
        .map(|leaf| if let Value::Bytes(bytes) = leaf { Some(bytes) } else { None })
        .collect()
}

fn check_receipts(
    statement: &Statement,
    receipts: &[Vec<u8>],
    path: &str,
    places: &mut Vec<Placed>,
    context: &mut Context<'_>,
) {
    if receipts.len() > RECEIPTS_MAX {
        let why = format!("it has {} receipts; at most {RECEIPTS_MAX} are read", receipts.len());
        context.report.fail(rule::ZIP_LIMIT, path, why);
    }
    let mut has_own = false;
    for receipt in receipts.iter().take(RECEIPTS_MAX) {
        let found = check_receipt(statement, receipt, path, context);
        has_own |= found.owner.as_ref() == Some(&statement.issuer);
        places.extend(found.place);
    }
    if !has_own {
        let why =
            "it has no receipt of its author's own log: it is not shown when the author logged it";
        context.report.fail(rule::RECEIPT_MISSING, path, why);
    }
}

fn check_proofs(
    bundle: &Bundle,
    statement: &Statement,
    path: &str,
    places: &mut Vec<Placed>,
    context: &mut Context<'_>,
) {
    let (mut some, mut has_own) = (false, false);
    for file in &bundle.files {
        let Place::Proof(_, origin) = &file.place else { continue };
        some = true;
        let own = FileOrigin::of(&format!("{}/log/", statement.issuer)).to_string();
        has_own |= origin.to_string().starts_with(&own);
        places.extend(check_proof(statement, file, origin, context));
    }
    if !some {
        let why =
            "it has no log proof with witnesses: only the log's own word says that it was logged";
        context.report.fail(rule::PROOF_MISSING, path, why);
    } else if !has_own {
        let why = "it has a proof of the receiver's log, but none of its author's own log";
        context.report.warn(rule::PROOF_AUTHOR, path, why);
    }
}
