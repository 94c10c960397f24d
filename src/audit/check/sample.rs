//! For tests: a court pack made from scratch with the pure layers: three authorities, two witnessed logs, a small case.

use std::io::Cursor;

use ed25519_dalek::SigningKey;
use sha2::{Digest, Sha256};

use crate::audit::pack::{Content, PackInfo, PackRecord, PackWriter};
use crate::domain::id::{AuthorityName, ObjectId};
use crate::domain::time::Timestamp;
use crate::record::card::{Card, RecordKey, SignedCard};
use crate::record::disclosure::Excerpt;
use crate::record::kinds::case::{CaseMoved, CaseOpened};
use crate::record::kinds::document::Document;
use crate::record::kinds::evidence::{EvidenceRegistered, FileFacts};
use crate::record::kinds::log::{Genesis, WitnessPolicy};
use crate::record::kinds::request::RequestAct;
use crate::record::receipt::SignedRoot;
use crate::record::{Common, Payload, Record, Signer, StatementHash, Value};
use crate::transparency::checkpoint::Checkpoint;
use crate::transparency::cosignature::Cosigner;
use crate::transparency::key::NoteSigner;
use crate::transparency::note::Note;
use crate::transparency::small_tree::SmallTree;
use crate::transparency::tlog_policy::{PolicyLog, PolicyWitness, TlogPolicy};
use crate::transparency::tlog_proof::TlogProof;
use crate::transparency::tree::{Hash, leaf_hash};

/// When everything happens: 2026-11-24.
pub(crate) const NOW: i64 = 1_795_500_000;
/// The evidence file of the case.
pub(crate) const PHOTO: &[u8] = b"not really a photograph, but bytes found in a container";
/// A file that the reply releases and the pack withholds.
const REPLY: &[u8] = b"the reply of the other authority";
/// The pack's name.
pub(crate) const NAME: &str = "case-17";

/// What XA does wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flaw {
    /// It continues the case in two ways.
    Fork,
    /// Its log signs another root for its checkpoint than for its receipts.
    TwoHistories,
    /// Its witness policy names a key of its own under XB's witness name.
    FalseWitness,
    /// The case record comes without proofs.
    WithoutProofs,
    /// It signs the case record with its root key.
    SignedByRoot,
    /// Its witness policy asks for nobody, and nobody cosigns.
    NoQuorum,
}

/// What is to differ from a sound pack.
#[derive(Clone, Debug)]
pub(crate) struct Wish {
    /// How many of the two other authorities cosign.
    pub(crate) cosigners: usize,
    /// Until when record keys may sign, seconds.
    pub(crate) key_until: i64,
    /// What XA does wrong.
    pub(crate) flaw: Option<Flaw>,
    /// Records beside the usual ones.
    pub(crate) extra_records: usize,
    /// XB had to make a new root after all this: its card in force is another one.
    pub(crate) new_root: bool,
}

impl Default for Wish {
    fn default() -> Self {
        Self {
            cosigners: 2,
            key_until: NOW + 1_000_000,
            flaw: None,
            extra_records: 0,
            new_root: false,
        }
    }
}

/// An authority with its keys.
struct Authority {
    name: AuthorityName,
    root: Signer,
    record: Signer,
    receipt: Signer,
    log: NoteSigner,
    witness: Cosigner,
}

fn key(seed: u8) -> SigningKey {
    SigningKey::from_bytes(&[seed; 32])
}

impl Authority {
    fn new(letter: char, seed: u8) -> Self {
        let name: AuthorityName = format!("customs.x{letter}.example").parse().unwrap();
        Self {
            root: Signer::new(key(seed)),
            record: Signer::new(key(seed + 1)),
            receipt: Signer::new(key(seed + 2)),
            log: NoteSigner::new(&name.log_origin(2026), key(seed + 3)).unwrap(),
            witness: Cosigner::new(&name.witness_name(), key(seed + 4)).unwrap(),
            name,
        }
    }

    fn is_a(&self) -> bool {
        self.name.as_str() == "customs.xa.example"
    }

    fn card(&self, until: i64) -> SignedCard {
        let card = Card {
            authority: self.name.clone(),
            version: 1,
            title: "Customs".to_owned(),
            country: "XA".to_owned(),
            addresses: vec![],
            http: None,
            anchors: vec![vec![0x30, 0]],
            root_key: self.root.verifying_key(),
            record_keys: vec![RecordKey {
                key: self.record.verifying_key(),
                not_before: Timestamp::from_secs(NOW - 1_000_000),
                not_after: Timestamp::from_secs(until),
            }],
            receipt_key: self.receipt.verifying_key(),
            log_vkeys: vec![self.log.verifier_key().to_string()],
            witness_vkey: self.witness.verifier_key().to_string(),
        };
        SignedCard::of(sign(common(9, None), &card, &self.name, &self.root)).unwrap()
    }
}

fn common(object: u8, prev: Option<StatementHash>) -> Common {
    Common {
        kind: String::new(),
        prev,
        object: ObjectId::from_random([object; 16]),
        actor: "p-17".to_owned(),
        role: "case_officer".to_owned(),
        purpose: "customs_enforcement".to_owned(),
        authored_at: Timestamp::from_secs(NOW),
        profile: None,
    }
}

/// Signs with salts that differ from record to record and are the same in every run.
fn sign<P: Payload>(common: Common, payload: &P, by: &AuthorityName, signer: &Signer) -> Record {
    let seed = Sha256::digest(format!("{common:?}{by}{}", payload.fields().len()));
    let mut counter = 0_u64;
    let mut draw = |bytes: &mut [u8]| {
        counter += 1;
        let block = Sha256::new().chain_update(seed).chain_update(counter.to_be_bytes()).finalize();
        bytes.copy_from_slice(&block[..bytes.len()]);
    };
    Record::sign(common, payload, by, signer, &mut draw).unwrap()
}

fn authorities() -> [Authority; 3] {
    [Authority::new('a', 10), Authority::new('b', 20), Authority::new('c', 30)]
}

/// The cards of XA, XB and XC, as an auditor gets them from the authorities.
pub(crate) fn cards(wish: &Wish) -> Vec<SignedCard> {
    authorities().iter().map(|one| one.card(wish.key_until)).collect()
}

/// A card of XA under another root key.
pub(crate) fn forged_card() -> SignedCard {
    let forger =
        Authority { name: "customs.xa.example".parse().unwrap(), ..Authority::new('d', 90) };
    forger.card(NOW)
}

/// The card of XB under a new root, with none of its former keys.
pub(crate) fn card_of_new_root(wish: &Wish) -> SignedCard {
    let anew = Authority { name: "customs.xb.example".parse().unwrap(), ..Authority::new('b', 60) };
    anew.card(wish.key_until)
}

/// A log: what it holds, and who cosigns it.
struct Log<'a> {
    owner: &'a Authority,
    witnesses: [&'a Authority; 2],
    entries: Vec<Record>,
}

impl Log<'_> {
    fn hashes(&self) -> Vec<Hash> {
        self.entries.iter().map(|record| leaf_hash(record.statement().bytes())).collect()
    }

    fn index(&self, record: &Record) -> Option<usize> {
        self.entries.iter().position(|entry| entry.hash() == record.hash())
    }

    fn signed_root(&self, tree: &SmallTree) -> SignedRoot {
        let origin = self.owner.log.verifier_key().name();
        SignedRoot::sign(origin, self.entries.len() as u64, tree.root(), NOW, &self.owner.receipt)
    }

    fn checkpoint(&self, wish: &Wish, tree: &SmallTree) -> Note {
        let origin = self.owner.log.verifier_key().name().to_owned();
        let size = self.entries.len() as u64;
        let mut note =
            Checkpoint { origin, size, root: tree.root() }.sign(&self.owner.log).unwrap();
        for witness in self.witnesses.iter().take(wish.cosigners) {
            note.cosign(
                witness_of(self.owner, witness, wish).as_ref().unwrap_or(&witness.witness),
                1_795_500_001,
            );
        }
        note
    }
}

/// The key that XA gives out as XB's witness, if it cheats.
fn witness_of(owner: &Authority, witness: &Authority, wish: &Wish) -> Option<Cosigner> {
    let cheats = wish.flaw == Some(Flaw::FalseWitness)
        && owner.is_a()
        && witness.name.as_str() == "customs.xb.example";
    cheats.then(|| Cosigner::new(&witness.name.witness_name(), key(99)).unwrap())
}

fn log<'a>(
    owner: &'a Authority,
    witnesses: [&'a Authority; 2],
    wish: &Wish,
    object: u8,
) -> Log<'a> {
    let vkey = owner.log.verifier_key().clone();
    let genesis = Genesis {
        origin: vkey.name().to_owned(),
        vkey: vkey.to_string(),
        previous_checkpoint: None,
        card: None,
    };
    let genesis = sign(common(object, None), &genesis, &owner.name, &owner.record);
    let named = witnesses.map(|witness| {
        let own = witness_of(owner, witness, wish);
        let key = own.as_ref().unwrap_or(&witness.witness).verifier_key().clone();
        PolicyWitness { name: witness.name.to_string(), key, url: None }
    });
    let named = if wish.flaw == Some(Flaw::NoQuorum) { vec![] } else { named.into() };
    let policy = TlogPolicy::majority(vec![PolicyLog { key: vkey, url: None }], named).unwrap();
    let policy = WitnessPolicy { policy: policy.to_text() };
    let policy = sign(common(object, Some(genesis.hash())), &policy, &owner.name, &owner.record);
    Log { owner, witnesses, entries: vec![genesis, policy] }
}

fn act(name: &str, documents: Vec<Document>) -> RequestAct {
    RequestAct {
        act: name.to_owned(),
        applicant: "customs.xa.example".parse().unwrap(),
        requested: "customs.xb.example".parse().unwrap(),
        instrument: "generic.policy".to_owned(),
        offer: None,
        approver: None,
        marking: None,
        documents,
        content: vec![("content/facts".to_owned(), Value::text("A container of <b>tiles</b>"))],
    }
}

fn opened() -> CaseOpened {
    CaseOpened {
        reference: "XA-2026-17".to_owned(),
        title: "Cigarettes in a container of tiles".to_owned(),
        case_type: "tobacco_excise".to_owned(),
        status: "suspicion".to_owned(),
        unit: None,
        protection: None,
        content: vec![
            ("identifiers/0/value".to_owned(), Value::text("CSQU3054383")),
            ("subjects/0/name".to_owned(), Value::text("NAME-NOT-SHOWN")),
        ],
    }
}

fn evidence() -> EvidenceRegistered {
    EvidenceRegistered {
        case: ObjectId::from_random([1; 16]),
        description: "a photograph".to_owned(),
        form: "original".to_owned(),
        parent: None,
        quantity: None,
        unit: None,
        file_name: Some("photo.JPG".to_owned()),
        file: Some(FileFacts {
            media_type: "image/jpeg".to_owned(),
            size: i64::try_from(PHOTO.len()).unwrap(),
            sha256: Sha256::digest(PHOTO).into(),
            blake3: [0; 32],
        }),
        collected_by: "p-17".to_owned(),
        collected_at: None,
        place: None,
        legal_power: None,
        seals: None,
        copied_from: None,
    }
}

fn document() -> Document {
    Document {
        evidence: ObjectId::from_random([8; 16]),
        blob: "blob".to_owned(),
        title: "reply.txt".to_owned(),
        media_type: "text/plain".to_owned(),
        size: i64::try_from(REPLY.len()).unwrap(),
        sha256: Sha256::digest(REPLY).into(),
        blake3: [0; 32],
        marking: "RESTRICTED".to_owned(),
    }
}

fn moved(status: &str, legal_basis: Option<&str>) -> CaseMoved {
    CaseMoved {
        from: "suspicion".to_owned(),
        status: status.to_owned(),
        reason: "enough is known".to_owned(),
        legal_basis: legal_basis.map(str::to_owned),
        approves: None,
        content: Vec::new(),
    }
}

/// The records of the case.
pub(crate) struct Hashes {
    pub(crate) case: StatementHash,
    pub(crate) moved: StatementHash,
    pub(crate) forked: StatementHash,
    pub(crate) evidence: StatementHash,
    pub(crate) policy: StatementHash,
}

/// Writes the pack that is wished for.
pub(crate) fn pack(wish: &Wish) -> (Vec<u8>, Hashes) {
    let [a, b, c] = &authorities();
    let mut log_a = log(a, [b, c], wish, 4);
    let mut log_b = log(b, [a, c], wish, 5);
    let signer = if wish.flaw == Some(Flaw::SignedByRoot) { &a.root } else { &a.record };
    let case = sign(common(1, None), &opened(), &a.name, signer);
    let step = moved("investigation", None);
    let step = sign(common(1, Some(case.hash())), &step, &a.name, &a.record);
    let mut other = common(1, Some(case.hash()));
    other.actor = "p-18".to_owned();
    let forked = sign(other, &moved("closed", Some("none")), &a.name, &a.record);
    let found = sign(common(2, None), &evidence(), &a.name, &a.record);
    let submit = sign(common(3, None), &act("submit", vec![]), &a.name, &a.record);
    let after = common(3, Some(submit.hash()));
    let reply = sign(after, &act("final_reply", vec![document()]), &b.name, &b.record);
    let extra = (0..wish.extra_records).map(|number| {
        let id: [u8; 32] = Sha256::digest(number.to_be_bytes()).into();
        let object = ObjectId::from_random(*id.first_chunk().unwrap());
        sign(Common { object, ..common(0, None) }, &opened(), &a.name, &a.record)
    });
    let hashes = Hashes {
        case: case.hash(),
        moved: step.hash(),
        forked: forked.hash(),
        evidence: found.hash(),
        policy: log_a.entries[1].hash(),
    };
    log_a.entries.extend([case, step, forked, found, submit.clone(), reply.clone()]);
    log_a.entries.extend(extra);
    log_b.entries.extend([submit, reply]);
    (write(wish, [&log_a, &log_b], &hashes), hashes)
}

fn write(wish: &Wish, logs: [&Log<'_>; 2], hashes: &Hashes) -> Vec<u8> {
    let info = PackInfo {
        name: NAME.to_owned(),
        title: "Case 17".to_owned(),
        description: "Made by a test".to_owned(),
        exporter: "customs.xa.example".parse().unwrap(),
        created: Timestamp::from_secs(NOW),
    };
    let mut writer = PackWriter::new(Cursor::new(Vec::new()), info).unwrap();
    for card in cards(wish) {
        if wish.new_root && card.card.authority.as_str() == "customs.xb.example" {
            writer.add_former_card(&card);
            writer.add_card(&card_of_new_root(wish)).unwrap();
        } else {
            writer.add_card(&card).unwrap();
        }
    }
    let seals = logs.map(|log| Seal::of(log, wish));
    for record in logs.iter().flat_map(|log| &log.entries) {
        if (record.hash() == hashes.forked && wish.flaw != Some(Flaw::Fork))
            || writer.has_record(record.hash())
        {
            continue;
        }
        let receipts: Vec<_> = seals.iter().filter_map(|seal| seal.receipt(record)).collect();
        let mut proofs: Vec<_> = seals.iter().filter_map(|seal| seal.proof(record)).collect();
        if wish.flaw == Some(Flaw::WithoutProofs) && record.hash() == hashes.case {
            proofs.clear();
        }
        let excerpt =
            Excerpt::of(record, &[record.fields().index("identifiers/0/value").unwrap_or(0)]);
        let content = if record.hash() == hashes.case {
            Content::Excerpt(&excerpt)
        } else {
            Content::Whole(record)
        };
        writer.add_record(&PackRecord { content, receipts: &receipts, proofs: &proofs }).unwrap();
    }
    for seal in &seals {
        writer.add_checkpoint(seal.note.to_text().as_bytes()).unwrap();
    }
    let (sha256, size) = (Sha256::digest(PHOTO).into(), PHOTO.len() as u64);
    writer.add_evidence(sha256, Some("photo.JPG"), size, &mut Cursor::new(PHOTO)).unwrap();
    writer.finish().unwrap().into_inner()
}

/// A log's signatures at its full size.
struct Seal<'a> {
    log: &'a Log<'a>,
    tree: SmallTree,
    signed: SignedRoot,
    /// The tree of the checkpoint: another one if the log shows two histories.
    shown: SmallTree,
    note: Note,
}

impl<'a> Seal<'a> {
    fn of(log: &'a Log<'a>, wish: &Wish) -> Self {
        let mut hashes = log.hashes();
        let tree = SmallTree::new(hashes.clone());
        if wish.flaw == Some(Flaw::TwoHistories) && log.owner.is_a() {
            hashes[0] = leaf_hash(b"another genesis");
        }
        let shown = SmallTree::new(hashes);
        let (signed, note) = (log.signed_root(&tree), log.checkpoint(wish, &shown));
        Self { log, tree, signed, shown, note }
    }

    fn receipt(&self, record: &Record) -> Option<Vec<u8>> {
        let index = self.log.index(record)?;
        Some(self.signed.receipt(index as u64, &self.tree.inclusion_path(index)?))
    }

    fn proof(&self, record: &Record) -> Option<Vec<u8>> {
        let index = self.log.index(record)?;
        let path = self.shown.inclusion_path(index)?;
        let proof = TlogProof { extra: None, index: index as u64, path, note: self.note.clone() };
        Some(proof.to_text().into_bytes())
    }
}
