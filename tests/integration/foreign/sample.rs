//! A pack and three logs written by the pure layers alone, larger than a demo's; proves nothing by itself.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use ed25519_dalek::SigningKey;
use sealane::audit::pack::{Content, PackInfo, PackRecord, PackWriter};
use sealane::domain::id::{AuthorityName, ObjectId};
use sealane::domain::time::Timestamp;
use sealane::record::card::{Card, RecordKey, SignedCard};
use sealane::record::disclosure::Excerpt;
use sealane::record::kinds::case::CaseUpdated;
use sealane::record::kinds::log::WitnessPolicy;
use sealane::record::receipt::SignedRoot;
use sealane::record::{Common, Payload, Record, Signer, Value};
use sealane::transparency::append::TileBuilder;
use sealane::transparency::checkpoint::Checkpoint;
use sealane::transparency::cosignature::Cosigner;
use sealane::transparency::key::NoteSigner;
use sealane::transparency::note::Note;
use sealane::transparency::prove::LoadedTiles;
use sealane::transparency::tile::{BundleId, Tile, encode_bundle};
use sealane::transparency::tlog_policy::{PolicyLog, PolicyWitness, TlogPolicy};
use sealane::transparency::tlog_proof::TlogProof;
use sealane::transparency::tree::leaf_hash;
use sha2::{Digest, Sha256};

const NAMES: [&str; 3] = ["customs.xa.example", "customs.xb.example", "customs.xc.example"];
/// Two levels of tiles, and a right edge in both.
const SIZES: [usize; 3] = [700, 257, 3];
const NOW: i64 = 1_795_500_000;

/// What was written, and where.
pub(crate) struct Sample {
    /// The zip.
    pub(crate) pack: PathBuf,
    pub(crate) logs: Vec<(String, PathBuf)>,
    /// One of the records, by its path in the bag.
    pub(crate) record: String,
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

/// An authority's log at its full size.
struct Log {
    records: Vec<Record>,
    tiles: LoadedTiles,
    note: Note,
    root: SignedRoot,
}

pub(crate) fn write(folder: &Path) -> Sample {
    let authorities: Vec<Authority> = (0..3).map(Authority::new).collect();
    let logs: Vec<Log> = (0..3).map(|at| log(at, &authorities, folder)).collect();
    let pack = folder.join("case-17.sealane.zip");
    let info = PackInfo {
        name: "case-17".to_owned(),
        title: "Case 17".to_owned(),
        description: "Made by a test".to_owned(),
        exporter: authorities[0].name.clone(),
        created: Timestamp::from_secs(NOW),
    };
    let mut writer = PackWriter::new(File::create(&pack).unwrap(), info).unwrap();
    for authority in &authorities {
        writer.add_card(&authority.card()).unwrap();
    }
    let mut record = String::new();
    for log in &logs {
        let last = log.records.len() - 1;
        // The witness policy, one in the middle, and of the last only a field of its own.
        for index in [0, last / 2, last] {
            add_record(&mut writer, log, index, index == last);
            record = format!("data/records/{}.cose", log.records[index].hash());
        }
        writer.add_checkpoint(log.note.to_text().as_bytes()).unwrap();
    }
    writer.finish().unwrap();
    let folders = authorities
        .iter()
        .map(|authority| (authority.origin().to_owned(), folder_of(folder, authority)));
    Sample { pack, logs: folders.collect(), record }
}

fn add_record(writer: &mut PackWriter<File>, log: &Log, index: usize, is_excerpt: bool) {
    let record = &log.records[index];
    let at = u64::try_from(index).unwrap();
    let path = log.tiles.inclusion_path(at, u64::try_from(log.records.len()).unwrap()).unwrap();
    let receipts = [log.root.receipt(at, &path)];
    let proof = TlogProof { extra: None, index: at, path, note: log.note.clone() };
    let proofs = [proof.to_text().into_bytes()];
    let excerpt = Excerpt::of(record, &[8]);
    let content = if is_excerpt { Content::Excerpt(&excerpt) } else { Content::Whole(record) };
    writer.add_record(&PackRecord { content, receipts: &receipts, proofs: &proofs }).unwrap();
}

impl Authority {
    fn new(at: usize) -> Self {
        let secret =
            |role: u8| SigningKey::from_bytes(&[10 * role + u8::try_from(at).unwrap(); 32]);
        let name: AuthorityName = NAMES[at].parse().unwrap();
        Self {
            root: Signer::new(secret(1)),
            record: Signer::new(secret(2)),
            receipt: Signer::new(secret(3)),
            log: NoteSigner::new(&name.log_origin(2026), secret(4)).unwrap(),
            witness: Cosigner::new(&name.witness_name(), secret(5)).unwrap(),
            name,
        }
    }

    fn origin(&self) -> &str {
        self.log.verifier_key().name()
    }

    fn sign<P: Payload>(&self, number: usize, payload: &P, by: &Signer) -> Record {
        let mut salt = Sha256::digest(format!("{} {number}", self.name));
        let mut draw = |bytes: &mut [u8]| {
            salt = Sha256::digest(salt);
            bytes.copy_from_slice(&salt[..bytes.len()]);
        };
        Record::sign(common(number), payload, &self.name, by, &mut draw).unwrap()
    }

    fn card(&self) -> SignedCard {
        let record_key = RecordKey {
            key: self.record.verifying_key(),
            not_before: Timestamp::from_secs(NOW - 1_000),
            not_after: Timestamp::from_secs(NOW + 1_000),
        };
        let card = Card {
            authority: self.name.clone(),
            version: 1,
            title: "Customs".to_owned(),
            country: "XA".to_owned(),
            addresses: vec![],
            http: None,
            anchors: vec![vec![0x30, 0]],
            root_key: self.root.verifying_key(),
            record_keys: vec![record_key],
            receipt_key: self.receipt.verifying_key(),
            log_vkeys: vec![self.log.verifier_key().to_string()],
            witness_vkey: self.witness.verifier_key().to_string(),
        };
        SignedCard::of(self.sign(1_000_000, &card, &self.root)).unwrap()
    }

    /// More than half of the others.
    fn policy(&self, others: &[&Self]) -> WitnessPolicy {
        let log = PolicyLog { key: self.log.verifier_key().clone(), url: None };
        let witness = |other: &&Self| PolicyWitness {
            name: other.name.to_string(),
            key: other.witness.verifier_key().clone(),
            url: None,
        };
        let policy = TlogPolicy::majority(vec![log], others.iter().map(witness).collect());
        WitnessPolicy { policy: policy.unwrap().to_text() }
    }
}

/// Signs the records of an authority, writes its log as tlog-tiles, and has the others cosign it.
fn log(at: usize, authorities: &[Authority], folder: &Path) -> Log {
    let own = &authorities[at];
    let others: Vec<&Authority> = authorities.iter().filter(|one| one.name != own.name).collect();
    let mut records = vec![own.sign(0, &own.policy(&others), &own.record)];
    records.extend((1..SIZES[at]).map(|number| own.sign(number, &update(number), &own.record)));
    let mut builder = TileBuilder::new();
    let hashes: Vec<_> = records.iter().map(|r| leaf_hash(r.statement().bytes())).collect();
    let changed = builder.append(&hashes);
    let (size, root) = (builder.size(), builder.root());
    let checkpoint = Checkpoint { origin: own.origin().to_owned(), size, root };
    let mut note = checkpoint.sign(&own.log).unwrap();
    for other in others {
        note.cosign(&other.witness, u64::try_from(NOW).unwrap());
    }
    let target = folder_of(folder, own);
    write_log(&target, &records, &changed);
    put(&target, "checkpoint", note.to_text());
    let mut tiles = LoadedTiles::default();
    for tile in changed {
        tiles.insert(tile);
    }
    let root = SignedRoot::sign(own.origin(), size, root, NOW, &own.receipt);
    Log { records, tiles, note, root }
}

fn common(index: usize) -> Common {
    let mut object = [0; 16];
    object[..8].copy_from_slice(&index.to_be_bytes());
    Common {
        kind: String::new(),
        prev: None,
        object: ObjectId::from_random(object),
        actor: "p-17".to_owned(),
        role: "case_officer".to_owned(),
        purpose: "customs_enforcement".to_owned(),
        authored_at: Timestamp::from_secs(NOW),
        profile: None,
    }
}

fn update(index: usize) -> CaseUpdated {
    let content = (0..index % 30)
        .map(|field| (format!("facts/{field}/value"), Value::text(format!("{index} kg"))))
        .collect();
    CaseUpdated { title: Some("Ceramic tiles".to_owned()), content }
}

/// The tlog-tiles folder of a log: all tiles, all bundles.
fn write_log(folder: &Path, records: &[Record], tiles: &[Tile]) {
    for tile in tiles {
        put(folder, &tile.id.path(), tile.to_bytes());
    }
    let size = u64::try_from(records.len()).unwrap();
    for (n, chunk) in (0..).zip(records.chunks(256)) {
        let entries: Vec<&[u8]> = chunk.iter().map(|record| record.statement().bytes()).collect();
        let id = BundleId::in_log(n, size).unwrap();
        put(folder, &id.path(), encode_bundle(&entries).unwrap());
    }
}

fn put(folder: &Path, name: &str, content: impl AsRef<[u8]>) {
    let path = folder.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, content).unwrap();
}

fn folder_of(folder: &Path, authority: &Authority) -> PathBuf {
    folder.join("logs").join(authority.name.as_str())
}
