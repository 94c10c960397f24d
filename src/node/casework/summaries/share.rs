//! Sharing a summary: finds the statement behind each chosen field and queues only those leaves of it; takes
//! nothing back.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::Deserialize;

use crate::domain::finding::{Finding, short_text};
use crate::domain::handling::Purpose;
use crate::domain::id::{AuthorityName, ObjectId};
use crate::domain::time::Date;
use crate::node::casework::append::{Authorship, Prepared};
use crate::node::casework::audit_trail::done as event;
use crate::node::casework::cases::acknowledge::{ACKNOWLEDGED, open_warnings};
use crate::node::casework::documents;
use crate::node::casework::guard::allow;
use crate::node::casework::permits::{resource_of_case, user_behind};
use crate::node::casework::requests::end_of_day;
use crate::node::casework::summaries::view::SummaryView;
use crate::node::casework::{Desk, Error};
use crate::node::rng::random;
use crate::node::store::audit_events::{self, NewAuditEvent};
use crate::node::store::object_fields::{self, ObjectField};
use crate::node::store::outbox::{self, NewOutgoing, OutboxFrame, OutboxState};
use crate::node::store::requests::Direction;
use crate::node::store::summaries::{self, Summary, SummaryRecipient, SummarySource};
use crate::node::store::{StoreError, Tx, cases, records};
use crate::policy::{Action, Permit, Resource, ResourceKind};
use crate::record::kinds::case::{CONFLICTS, PROTECTION};
use crate::record::kinds::document::Document;
use crate::record::kinds::summary::{Source, SummaryShared};
use crate::record::payload::FIXED_KEYS;
use crate::record::{StatementHash, Value};

/// The most recipients of a summary.
const RECIPIENTS_MAX: usize = 64;
/// The most fields that one summary shows.
const FIELDS_MAX: usize = 2000;

/// A summary to be shared.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewSummary {
    /// The case.
    pub case: String,
    /// Who receives it.
    pub recipients: Vec<String>,
    /// The paths of the fields that are shown; a path before `/` stands for everything under it.
    pub fields: Vec<String>,
    /// How it must be handled.
    pub marking: String,
    /// What it may be used for.
    pub purpose: String,
    /// The day on which the recipients delete it.
    pub delete_by: Option<String>,
    /// A title for the recipients.
    pub title: Option<String>,
    /// Evidence that is released with it.
    #[serde(default)]
    pub documents: Vec<String>,
}

/// What the write of a summary needs.
struct Writing {
    prepared: Prepared,
    row: Summary,
    recipients: Vec<AuthorityName>,
    sources: BTreeMap<StatementHash, BTreeSet<usize>>,
    documents: Vec<Document>,
    event: NewAuditEvent,
}

impl Desk {
    /// Asks the rules again, now that it is known who wrote what is shown: every officer who signed one of the sources
    /// is an author of the summary. Who joined a team or drew a link wrote nothing that is shown.
    async fn may_share(
        &self,
        permit: &Permit,
        case: ObjectId,
        sources: impl Iterator<Item = StatementHash>,
    ) -> Result<(), Error> {
        let mut signers = BTreeSet::new();
        for hash in sources {
            signers.insert(self.held(hash).await?.common().actor.clone());
        }
        let text = case.to_string();
        let resource = self
            .store
            .read("authors_of_summary", move |tx| {
                Box::pin(async move {
                    let Some(row) = cases::get(tx, &text).await? else { return Ok(None) };
                    let mut authors = BTreeSet::new();
                    for signer in &signers {
                        authors.extend(user_behind(tx, signer).await?);
                    }
                    let case = resource_of_case(tx, ResourceKind::Summary, case, &row).await?;
                    Ok(Some(Resource { authors, ..case }))
                })
            })
            .await
            .map_err(|error: StoreError| Error::from(error))?
            .ok_or(Error::NotFound("case"))?;
        self.permit_on(permit.who(), Action::SummaryShare, resource, permit.purpose()).await?;
        Ok(())
    }

    /// Shares chosen fields of a case, which the permit names.
    ///
    /// # Errors
    /// If the officer wrote something of what is shown, a field is not set or came from another authority, a recipient is no peer, or marking or purpose have no sense.
    pub async fn share_summary(
        &self,
        permit: &Permit,
        input: NewSummary,
    ) -> Result<SummaryView, Error> {
        let case: ObjectId =
            input.case.parse().map_err(|e: crate::domain::id::InvalidObjectId| {
                Error::invalid("case", e.to_string())
            })?;
        allow(permit, Action::SummaryShare, Some(case))?;
        let recipients = self.recipients(&input.recipients)?;
        let marking = documents::marking("marking", &input.marking)?;
        let purpose: Purpose =
            input.purpose.parse().map_err(|error: crate::domain::handling::UnknownPurpose| {
                Error::invalid("purpose", error.to_string())
            })?;
        let delete_by = input.delete_by.as_deref().map(delete_by).transpose()?;
        let title = input.title.unwrap_or_else(|| "Case summary".to_owned());
        let title = short_text("title", &title).map_err(|e| Error::invalid("title", e.reason))?;
        let sources = self.sources(case, &input.fields).await?;
        self.may_share(permit, case, sources.keys().copied()).await?;
        self.refuse_open_warnings(case, &input.fields).await?;
        let documents = self.documents(permit, &input.documents, &marking).await?;
        let payload = SummaryShared {
            title: title.clone(),
            recipients: recipients.clone(),
            sources: sources.iter().map(source).collect(),
            marking: marking.to_string(),
            use_purpose: purpose.name().to_owned(),
            delete_by,
            approver: Some(permit.actor().to_string()),
            documents: documents.clone(),
        };
        let id = ObjectId::from_random(random(&*self.rng));
        let prepared = self.author(id, Authorship::of(permit, None), &payload).await?;
        let now = self.clock.now();
        let row = Summary {
            id: id.to_string(),
            case_id: Some(case.to_string()),
            direction: Direction::Out,
            author: self.authority.to_string(),
            title,
            marking: payload.marking,
            purpose: payload.use_purpose,
            delete_by,
            withdrawn_at: None,
            head: prepared.hash().0,
            created_at: now.0,
        };
        let event = event(permit, now, Some(id));
        let writing = Writing { prepared, row, recipients, sources, documents, event };
        self.store
            .write_with("share_summary", writing, |tx, writing| Box::pin(writing.write(tx)))
            .await?;
        self.committed();
        self.summary_view(id).await
    }

    /// Refuses to let out what is odd until somebody corrected or acknowledged it (R54).
    async fn refuse_open_warnings(&self, case: ObjectId, paths: &[String]) -> Result<(), Error> {
        let content = self.standing(case).await?.content;
        let is_chosen = |shown: &str| {
            let within = |path: &String| {
                let path = path.trim_end_matches('/');
                let is_under = |one: &str, other: &str| {
                    one.strip_prefix(other).is_some_and(|rest| rest.starts_with('/'))
                };
                // A warning on an identifier stands at its place, and is about each of its leaves.
                shown == path || is_under(shown, path) || is_under(path, shown)
            };
            paths.iter().any(within)
        };
        let open: Vec<Finding> = open_warnings(&content)
            .into_iter()
            .filter(|warning| is_chosen(&warning.path))
            .map(|warning| {
                let message =
                    format!("{}: correct it, or acknowledge the warning", warning.message);
                Finding::error(&warning.path, &message)
            })
            .collect();
        if open.is_empty() { Ok(()) } else { Err(Error::Invalid(open)) }
    }

    fn recipients(&self, names: &[String]) -> Result<Vec<AuthorityName>, Error> {
        let names = names.iter().map(|name| self.peer_named("recipients", name));
        let recipients: BTreeSet<AuthorityName> = names.collect::<Result<_, _>>()?;
        if !(1..=RECIPIENTS_MAX).contains(&recipients.len()) {
            return Err(Error::invalid("recipients", "are one to 64 authorities"));
        }
        Ok(recipients.into_iter().collect())
    }

    /// The statements that set the chosen fields, with the leaves to show.
    async fn sources(
        &self,
        case: ObjectId,
        paths: &[String],
    ) -> Result<BTreeMap<StatementHash, BTreeSet<usize>>, Error> {
        let object = case.to_string();
        let (fields, own) = self
            .store
            .read("summary_sources", move |tx| {
                Box::pin(async move {
                    if cases::get(tx, &object).await?.is_none() {
                        return Ok(None);
                    }
                    let fields = object_fields::of_object(tx, &object).await?;
                    let hashes: BTreeSet<_> = fields.iter().map(|f| f.record_hash).collect();
                    let hashes: Vec<_> = hashes.into_iter().collect();
                    let rows = records::get_many(tx, &hashes).await?;
                    let own: BTreeSet<_> =
                        rows.into_iter().filter(|row| row.own == 1).map(|row| row.hash).collect();
                    Ok::<_, StoreError>(Some((fields, own)))
                })
            })
            .await?
            .ok_or(Error::NotFound("case"))?;
        choose(&fields, &own, paths)
    }
}

impl Writing {
    async fn write(&self, tx: &mut Tx) -> Result<(), StoreError> {
        self.prepared.append(tx).await?;
        summaries::insert(tx, &self.row).await?;
        let recipients: Vec<_> = self
            .recipients
            .iter()
            .map(|authority| SummaryRecipient {
                summary_id: self.row.id.clone(),
                authority: authority.to_string(),
            })
            .collect();
        summaries::add_recipients(tx, &recipients).await?;
        let sources: Vec<_> = self
            .sources
            .iter()
            .map(|(hash, leaves)| SummarySource {
                summary_id: self.row.id.clone(),
                record_hash: hash.0,
                fields: indices(leaves),
            })
            .collect();
        summaries::put_sources(tx, &sources).await?;
        for peer in &self.recipients {
            for (hash, leaves) in &self.sources {
                self.queue_source(tx, peer, *hash, leaves).await?;
            }
            let hash = self.prepared.hash();
            let row = row_of(peer, self.row.id.clone(), hash, None, self.row.created_at);
            outbox::enqueue(tx, &[row]).await?;
        }
        documents::grant(tx, &self.documents, &self.recipients, self.prepared.hash()).await?;
        audit_events::append(tx, &self.event).await?;
        Ok(())
    }

    /// Queues a statement with the chosen leaves, and with those that the peer was shown before.
    async fn queue_source(
        &self,
        tx: &mut Tx,
        peer: &AuthorityName,
        hash: StatementHash,
        leaves: &BTreeSet<usize>,
    ) -> Result<(), StoreError> {
        let now = self.row.created_at;
        let known = outbox::of_frame(tx, &hash.0, peer.as_str(), OutboxFrame::Deliver).await?;
        let Some(known) = known else {
            let row = row_of(peer, self.row.id.clone(), hash, Some(indices(leaves)), now);
            outbox::enqueue(tx, &[row]).await?;
            return Ok(());
        };
        if known.state == OutboxState::Withdrawn {
            // It was taken back with the summary that it was for: only what this one shows is sent.
            return outbox::requeue(tx, known.id, Some(&indices(leaves)), now).await;
        }
        // Without a choice all leaves were sent.
        let Some(shown) = known.disclosure.as_deref().map(read_indices) else { return Ok(()) };
        if leaves.is_subset(&shown) {
            return Ok(());
        }
        let all = indices(&shown.union(leaves).copied().collect());
        outbox::requeue(tx, known.id, Some(&all), now).await
    }
}

pub(crate) fn row_of(
    peer: &AuthorityName,
    conversation: String,
    hash: StatementHash,
    disclosure: Option<Vec<u8>>,
    now: i64,
) -> NewOutgoing {
    NewOutgoing {
        peer: peer.to_string(),
        conversation,
        record_hash: hash.0,
        frame: OutboxFrame::Deliver,
        disclosure,
        queued_at: now,
    }
}

/// Leaf indices as the outbox and the projections keep them: a CBOR array.
pub(crate) fn indices(leaves: &BTreeSet<usize>) -> Vec<u8> {
    Value::Array(leaves.iter().map(|index| Value::int(*index as u64)).collect()).encode()
}

/// Reads [`indices`]; what cannot be read shows nothing.
pub(crate) fn read_indices(bytes: &[u8]) -> BTreeSet<usize> {
    let Ok(Value::Array(items)) = Value::decode(bytes) else { return BTreeSet::new() };
    items.iter().filter_map(|item| usize::try_from(item.as_int()?).ok()).collect()
}

fn source((hash, leaves): (&StatementHash, &BTreeSet<usize>)) -> Source {
    let leaves = leaves.iter().filter_map(|index| i64::try_from(*index).ok()).collect();
    Source { statement: *hash, leaves }
}

fn delete_by(text: &str) -> Result<i64, Error> {
    let refuse = || Error::invalid("delete_by", "is a day written YYYY-MM-DD");
    let date: Date = text.parse().map_err(|_| refuse())?;
    end_of_day(date).map(|at| at.0).ok_or_else(refuse)
}

/// The leaves that the chosen paths stand for.
fn choose(
    fields: &[ObjectField],
    own: &BTreeSet<[u8; 32]>,
    paths: &[String],
) -> Result<BTreeMap<StatementHash, BTreeSet<usize>>, Error> {
    let mut chosen: BTreeMap<StatementHash, BTreeSet<usize>> = BTreeMap::new();
    let mut findings = Vec::new();
    for path in paths {
        let path = path.trim_end_matches('/');
        let branch = format!("{path}/");
        let mut found = false;
        // Why a warning stands is said to nobody who was not meant to hear it.
        let is_under = |field: &str| {
            field.starts_with(&branch) && field.split('/').nth(2) != Some(ACKNOWLEDGED)
        };
        // Who of our officers may know of the case is no peer's matter.
        let is_ours = |field: &str| {
            field.starts_with(CONFLICTS)
                || [&PROTECTION[..], &["protection_reason", "lift_reason", "lifts"]]
                    .concat()
                    .contains(&field)
        };
        let is_chosen = |field: &&ObjectField| {
            (field.path == path || is_under(&field.path)) && !is_ours(&field.path)
        };
        for field in fields.iter().filter(is_chosen) {
            found = true;
            let index = usize::try_from(field.field_index).unwrap_or(usize::MAX);
            if !own.contains(&field.record_hash) || index < FIXED_KEYS.len() {
                findings.push(Finding::error(
                    &field.path,
                    "came from another authority; ask it for consent to pass it on",
                ));
                continue;
            }
            chosen.entry(StatementHash(field.record_hash)).or_default().insert(index);
        }
        if !found {
            findings.push(Finding::error(path, "is not a field of this case"));
        }
    }
    let count: usize = chosen.values().map(BTreeSet::len).sum();
    if findings.is_empty() && !(1..=FIELDS_MAX).contains(&count) {
        findings.push(Finding::error("fields", "are one to 2,000 fields of the case"));
    }
    if findings.is_empty() { Ok(chosen) } else { Err(Error::Invalid(findings)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(path: &str, hash: u8, index: i64) -> ObjectField {
        ObjectField {
            object: String::new(),
            path: path.to_owned(),
            value: vec![],
            record_hash: [hash; 32],
            field_index: index,
        }
    }

    #[test]
    fn a_path_chooses_its_leaf_and_a_branch_everything_under_it() {
        let fields = [
            field("title", 1, 9),
            field("goods/0/code", 2, 10),
            field("goods/0/value", 1, 12),
            field("goodsx", 1, 13),
        ];
        let own = BTreeSet::from([[1; 32], [2; 32]]);
        let chosen = choose(&fields, &own, &["title".to_owned(), "goods/0".to_owned()]).unwrap();
        let leaves = |hash: u8| chosen.get(&StatementHash([hash; 32])).cloned().unwrap();
        assert_eq!(leaves(1), BTreeSet::from([9, 12]));
        assert_eq!(leaves(2), BTreeSet::from([10]));
    }

    #[test]
    fn what_is_not_set_or_not_ours_is_not_shared() {
        let fields = [field("title", 1, 9), field("note", 3, 9)];
        let own = BTreeSet::from([[1; 32]]);
        for path in ["titles", "note", ""] {
            assert!(choose(&fields, &own, &[path.to_owned()]).is_err(), "{path}");
        }
    }

    #[test]
    fn indices_are_read_as_they_were_written() {
        let leaves = BTreeSet::from([8, 9, 300]);
        assert_eq!(read_indices(&indices(&leaves)), leaves);
        assert_eq!(read_indices(b"\xff"), BTreeSet::new());
    }
}
