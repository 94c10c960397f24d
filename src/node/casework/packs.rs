//! Court packs: gathers the records of objects with receipts, proofs, cards and evidence, and writes them as a stream.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Seek, Write};
use std::sync::Arc;

use tokio_util::io::SyncIoBridge;

use crate::audit::pack::{Content, PackInfo, PackRecord, PackWriter};
use crate::domain::id::ObjectId;
use crate::node::blobs::BlobKey;
use crate::node::casework::audit_trail::done as event;
use crate::node::casework::bulk_reads::Watch;
use crate::node::casework::guard::allow;
use crate::node::casework::load::Held;
use crate::node::casework::summaries::read_indices;
use crate::node::casework::{Desk, Error, KnownAuthority};
use crate::node::keys::KeyGroup;
use crate::node::store::blobs::{Blob, BlobState};
use crate::node::store::summaries::Summary;
use crate::node::store::{
    StoreError, Tx, audit_events, blobs, cases, evidence, logs, receipts, records, summaries,
};
use crate::policy::{Action, Permit};
use crate::record::StatementHash;
use crate::record::card::SignedCard;
use crate::record::disclosure::{DisclosedLeaf, Excerpt};
use crate::record::payload::FIXED_KEYS;

/// The most objects that one pack is asked for.
const OBJECTS_MAX: usize = 1000;

/// What goes into a pack, by hash: all fields of a record, or only those of a summary.
type Wanted = BTreeMap<StatementHash, Option<BTreeSet<usize>>>;

/// A record on its way into the pack.
struct Gathered {
    held: Held,
    shown: Option<BTreeSet<usize>>,
    receipts: Vec<Vec<u8>>,
    proofs: Vec<Vec<u8>>,
}

/// An evidence file on its way into the pack.
struct File {
    title: String,
    facts: evidence::ItemFile,
    blob: Blob,
}

/// What one snapshot says belongs into a pack.
#[derive(Default)]
struct Plan {
    wanted: Wanted,
    files: Vec<File>,
    notes: Vec<Vec<u8>>,
}

impl Desk {
    /// Writes a court pack of these objects: cases with their evidence, evidence items, requests, summaries, task forces.
    ///
    /// # Errors
    /// [`Error::NotFound`] if this node holds nothing of an object; what store, blobs or the writer say.
    pub async fn export_pack<W: Write + Seek + Send + 'static>(
        &self,
        permit: &Permit,
        objects: Vec<ObjectId>,
        writer: W,
    ) -> Result<W, Error> {
        allow(permit, Action::PackExport, None)?;
        if !(1..=OBJECTS_MAX).contains(&objects.len()) {
            return Err(Error::invalid("objects", "are one to 1,000 ids"));
        }
        let names = objects.clone();
        let plan = self.store.read("pack_plan", move |tx| Box::pin(plan(tx, objects))).await?;
        let gathered = self.gather(plan.wanted).await?;
        let first = names.first().map(ToString::to_string).unwrap_or_default();
        let now = self.clock.now();
        let info = PackInfo {
            name: format!("sealane-{first}"),
            title: format!("Court pack of {}", self.authority),
            description: format!("{} object(s), {} record(s)", names.len(), gathered.len()),
            exporter: self.authority.clone(),
            created: now,
        };
        let cards = self.cards.all();
        let notes = plan.notes;
        let mut pack = blocking(move || begin(writer, info, &cards, &gathered, &notes)).await?;
        for file in plan.files {
            pack = self.add_file(pack, file).await?;
        }
        let writer = blocking(move || pack.finish()).await?;
        let shown = names.into_iter().map(|object| {
            (event(permit, now, Some(object)), self.watch(permit, Some(object), now))
        });
        let shown = Arc::new(shown.collect::<Vec<_>>());
        let alarms = self.store.write_with("pack_audit", Arc::clone(&shown), |tx, shown| {
            Box::pin(async move {
                let mut alarms = Vec::new();
                for (place, (event, watch)) in shown.iter().enumerate() {
                    audit_events::append(tx, event).await?;
                    if let Some(watch) = watch
                        && watch.note(tx).await?
                    {
                        alarms.push(place);
                    }
                }
                Ok::<_, StoreError>(alarms)
            })
        });
        for place in alarms.await? {
            shown
                .get(place)
                .and_then(|(_, watch)| watch.as_ref())
                .into_iter()
                .for_each(Watch::tell);
        }
        Ok(writer)
    }

    /// Reads each record with what proves it. What was erased is left out; the chain shows that it was there.
    async fn gather(&self, wanted: Wanted) -> Result<Vec<Gathered>, Error> {
        let mut gathered = Vec::with_capacity(wanted.len());
        for (hash, shown) in wanted {
            let held = match self.held(hash).await {
                Ok(held) => held,
                Err(Error::Erased(_) | Error::NotFound(_)) => continue,
                Err(error) => return Err(error),
            };
            let rows = self
                .store
                .read("pack_receipts", move |tx| {
                    Box::pin(async move { receipts::of_record(tx, &hash.0).await })
                })
                .await?;
            gathered.push(Gathered {
                held: narrowed(held, shown.as_ref())?,
                shown,
                proofs: rows.iter().filter_map(|row| row.proof.clone()).collect(),
                receipts: rows.into_iter().map(|row| row.receipt).collect(),
            });
        }
        Ok(gathered)
    }

    async fn add_file<W: Write + Seek + Send + 'static>(
        &self,
        mut pack: PackWriter<W>,
        file: File,
    ) -> Result<PackWriter<W>, Error> {
        if pack.has_evidence(&file.facts.sha256) {
            return Ok(pack);
        }
        let group = KeyGroup::stored(&file.blob.key_group);
        // What was erased is listed as withheld.
        let Some(key) = self.keys.get(&group).await? else { return Ok(pack) };
        let key = BlobKey::new(&key.derive("blob"));
        let name = file.blob.name.parse().map_err(Error::internal)?;
        let size = u64::try_from(file.facts.size).unwrap_or(0);
        let reader = self.blobs.read(name, &key, 0, size).await?;
        let mut reader = SyncIoBridge::new(reader);
        blocking(move || {
            let title = file.title.as_str();
            pack.add_evidence(file.facts.sha256, Some(title), size, &mut reader)?;
            Ok(pack)
        })
        .await
    }
}

async fn blocking<T, F>(work: F) -> Result<T, Error>
where
    T: Send + 'static,
    F: FnOnce() -> Result<T, crate::audit::pack::PackWriteError> + Send + 'static,
{
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(Error::internal)?.map_err(Error::internal)
}

fn begin<W: Write + Seek>(
    writer: W,
    info: PackInfo,
    cards: &[Arc<KnownAuthority>],
    gathered: &[Gathered],
    notes: &[Vec<u8>],
) -> Result<PackWriter<W>, crate::audit::pack::PackWriteError> {
    let mut pack = PackWriter::new(writer, info)?;
    for known in cards {
        if let Ok(card) = SignedCard::decode(&known.bytes) {
            pack.add_card(&card)?;
        }
        // One that lists nothing else would only ask the auditor for another card.
        for former in known.former.iter().filter(|former| former.card.adds_keys_to(&known.card)) {
            pack.add_former_card(former);
        }
    }
    for one in gathered {
        let excerpt = match (&one.held, &one.shown) {
            (Held::Whole(record), Some(shown)) => {
                let shown: Vec<usize> = shown.iter().copied().collect();
                Some(Excerpt::of(record, &shown))
            }
            (Held::Part(excerpt), _) => Some(excerpt.clone()),
            (Held::Whole(_), None) => None,
        };
        let content = match (&excerpt, &one.held) {
            (Some(excerpt), _) | (None, Held::Part(excerpt)) => Content::Excerpt(excerpt),
            (None, Held::Whole(record)) => Content::Whole(record),
        };
        let record = PackRecord { content, receipts: &one.receipts, proofs: &one.proofs };
        pack.add_record(&record)?;
    }
    for note in notes {
        pack.add_checkpoint(note)?;
    }
    Ok(pack)
}

/// Finds what belongs into a pack.
async fn plan(tx: &mut Tx, objects: Vec<ObjectId>) -> Result<Plan, Error> {
    let mut plan = Plan::default();
    let mut items: BTreeMap<String, evidence::EvidenceItem> = BTreeMap::new();
    for object in &objects {
        let id = object.to_string();
        let mut is_known = whole(tx, &mut plan.wanted, &id).await?;
        for item in evidence::of_case(tx, &id).await? {
            whole(tx, &mut plan.wanted, &item.id).await?;
            items.insert(item.id.clone(), item);
        }
        if let Some(item) = evidence::get(tx, &id).await? {
            items.insert(id.clone(), item);
        }
        if let Some(summary) = summaries::get(tx, &id).await? {
            is_known = true;
            sources(tx, &mut plan.wanted, &summary).await?;
        }
        if !is_known {
            return Err(Error::NotFound("object to pack"));
        }
    }
    for item in items.into_values() {
        if let Some(facts) = item.file()
            && let Some(blob) = blobs::get(tx, &facts.blob).await?
            && blob.state == BlobState::Complete
        {
            plan.files.push(File { title: item.description, facts, blob });
        }
    }
    for record in records::of_kind(tx, "log.witness_policy/1", 0, i64::MAX).await? {
        plan.wanted.insert(StatementHash(record.hash), None);
    }
    for log in logs::list(tx).await? {
        let witnessed = logs::last_witnessed(tx, &log.origin).await?;
        plan.notes.extend(witnessed.and_then(|checkpoint| checkpoint.cosigned));
    }
    Ok(plan)
}

/// All records of an object, with all that is held of them; false if there are none. Of an own case or item only what
/// this authority signed.
async fn whole(tx: &mut Tx, wanted: &mut Wanted, object: &str) -> Result<bool, StoreError> {
    let mut rows = records::of_object(tx, object, 0, i64::MAX).await?;
    if cases::get(tx, object).await?.is_some() || evidence::get(tx, object).await?.is_some() {
        rows.retain(|row| row.own == 1);
    }
    for row in &rows {
        wanted.insert(StatementHash(row.hash), None);
    }
    Ok(!rows.is_empty())
}

/// The statements of its author that a summary draws from, with the fields that it names and no others.
async fn sources(tx: &mut Tx, wanted: &mut Wanted, summary: &Summary) -> Result<(), StoreError> {
    for source in summaries::sources(tx, &summary.id).await? {
        let row = records::get(tx, &source.record_hash).await?;
        // Whoever shares a summary shows its own statements; one that names ours opens nothing.
        if row.is_none_or(|row| row.author != summary.author) {
            continue;
        }
        let hash = StatementHash(source.record_hash);
        // A record that is in the pack for its own object is there with all its fields.
        if let Some(all) = wanted.entry(hash).or_insert_with(|| Some(BTreeSet::new())) {
            all.extend(read_indices(&source.fields));
        }
    }
    Ok(())
}

/// What is held of a record, without the fields that are not to be shown.
fn narrowed(held: Held, shown: Option<&BTreeSet<usize>>) -> Result<Held, Error> {
    let (excerpt, shown) = match (held, shown) {
        (Held::Part(excerpt), Some(shown)) => (excerpt, shown),
        (held, _) => return Ok(held),
    };
    let is_shown =
        |leaf: &&DisclosedLeaf| leaf.index < FIXED_KEYS.len() || shown.contains(&leaf.index);
    let leaves = excerpt.leaves().iter().filter(is_shown).cloned().collect();
    let (statement, count) = (excerpt.statement().clone(), excerpt.leaf_count());
    Ok(Held::Part(Excerpt::assemble(statement, count, leaves)?))
}
