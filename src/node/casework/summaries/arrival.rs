//! Summaries of peers, and their withdrawals, as they arrive.

use async_trait::async_trait;

use crate::domain::id::AuthorityName;
use crate::node::casework::Desk;
use crate::node::casework::documents::references;
use crate::node::casework::load::Held;
use crate::node::casework::receive::arrival::{Arrival, ArrivalError, Stopped};
use crate::node::casework::receive::open::Refused;
use crate::node::casework::receive::whose::{Family, refuse_other_family};
use crate::node::casework::summaries::share::indices;
use crate::node::store::object_fields::{self, ObjectField};
use crate::node::store::requests::Direction;
use crate::node::store::summaries::{self, Summary, SummaryRecipient, SummarySource};
use crate::node::store::{Tx, chains, records};
use crate::record::kinds::summary::{Source, SummaryShared, SummaryWithdrawn};
use crate::record::{Payload, Record, StatementHash};

/// A summary that came.
struct SummaryArrival {
    row: Summary,
    recipients: Vec<SummaryRecipient>,
    sources: Vec<SummarySource>,
    documents: Vec<ObjectField>,
}

#[async_trait]
impl Arrival for SummaryArrival {
    async fn apply(&self, tx: &mut Tx, hash: StatementHash) -> Result<(), ArrivalError> {
        refuse_other_family(tx, &self.row.id, Some(Family::Summary)).await?;
        if summaries::get(tx, &self.row.id).await?.is_some() {
            let reason = "there is a summary under this id already";
            return Err(ArrivalError::Refused(Refused::new("id_taken", reason)));
        }
        self.refuse_foreign_sources(tx).await?;
        summaries::insert(tx, &self.row).await?;
        summaries::add_recipients(tx, &self.recipients).await?;
        summaries::put_sources(tx, &self.sources).await?;
        object_fields::put_all(tx, &self.documents).await?;
        chains::set(tx, &self.row.id, &self.row.author, &hash.0).await?;
        Ok(())
    }
}

impl SummaryArrival {
    /// A summary draws from statements of its author. Those that have not arrived are looked at when they are shown.
    async fn refuse_foreign_sources(&self, tx: &mut Tx) -> Result<(), ArrivalError> {
        let hashes: Vec<_> = self.sources.iter().map(|source| source.record_hash).collect();
        let rows = records::get_many(tx, &hashes).await?;
        if rows.iter().all(|row| row.author == self.row.author) {
            return Ok(());
        }
        let reason = "the summary draws from a statement of another authority";
        Err(ArrivalError::Refused(Refused::new("foreign_source", reason)))
    }
}

/// A withdrawal that came.
struct WithdrawalArrival {
    id: String,
    author: String,
    at: i64,
}

#[async_trait]
impl Arrival for WithdrawalArrival {
    async fn apply(&self, tx: &mut Tx, hash: StatementHash) -> Result<(), ArrivalError> {
        let known = summaries::get(tx, &self.id).await?;
        let Some(known) = known.filter(|known| known.author == self.author) else {
            let reason = "this node has no summary of yours under this id";
            return Err(ArrivalError::Refused(Refused::new("unknown_summary", reason)));
        };
        if known.withdrawn_at.is_none() {
            summaries::withdraw(tx, &self.id, &hash.0, self.at).await?;
        }
        chains::set(tx, &self.id, &self.author, &hash.0).await?;
        Ok(())
    }
}

impl Desk {
    /// Decides what a summary of a peer does.
    pub(crate) fn summary_arrival(
        &self,
        peer: &AuthorityName,
        held: &Held,
    ) -> Result<Box<dyn Arrival>, Stopped> {
        let (record, payload) = whole::<SummaryShared>(held)?;
        self.is_recipient(&payload.recipients)?;
        let id = record.common().object.to_string();
        let sources = payload.sources.iter().map(|source| source_row(&id, source)).collect();
        let recipients = payload.recipients.iter().map(|authority| SummaryRecipient {
            summary_id: id.clone(),
            authority: authority.to_string(),
        });
        Ok(Box::new(SummaryArrival {
            recipients: recipients.collect(),
            sources,
            documents: references(&payload.documents, record.hash()),
            row: Summary {
                id,
                case_id: None,
                direction: Direction::In,
                author: peer.to_string(),
                title: payload.title,
                marking: payload.marking,
                purpose: payload.use_purpose,
                delete_by: payload.delete_by,
                withdrawn_at: None,
                head: record.hash().0,
                created_at: self.clock.now().0,
            },
        }))
    }

    /// Decides what the withdrawal of a summary does.
    pub(crate) fn withdrawal_arrival(
        &self,
        peer: &AuthorityName,
        held: &Held,
    ) -> Result<Box<dyn Arrival>, Stopped> {
        let (record, payload) = whole::<SummaryWithdrawn>(held)?;
        self.is_recipient(&payload.recipients)?;
        Ok(Box::new(WithdrawalArrival {
            id: record.common().object.to_string(),
            author: peer.to_string(),
            at: self.clock.now().0,
        }))
    }

    fn is_recipient(&self, recipients: &[AuthorityName]) -> Result<(), Refused> {
        if recipients.contains(&self.authority) {
            Ok(())
        } else {
            Err(Refused::new("not_recipient", "this authority is not among the recipients"))
        }
    }
}

/// A record that is delivered with all its fields, and what it says.
pub(crate) fn whole<P: Payload>(held: &Held) -> Result<(&Record, P), Refused> {
    let Held::Whole(record) = held else {
        return Err(Refused::new("bad_fields", "this kind is delivered with all its fields"));
    };
    let payload =
        record.payload::<P>().map_err(|error| Refused::new("bad_fields", error.to_string()))?;
    Ok((record, payload))
}

fn source_row(id: &str, source: &Source) -> SummarySource {
    let leaves = source.leaves.iter().filter_map(|index| usize::try_from(*index).ok()).collect();
    SummarySource {
        summary_id: id.to_owned(),
        record_hash: source.statement.0,
        fields: indices(&leaves),
    }
}
