//! What an officer sees of summaries: each disclosed value with the statement that first said it, verified again.

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::domain::id::{AuthorityName, ObjectId};
use crate::domain::time::Timestamp;
use crate::node::casework::documents::DocumentView;
use crate::node::casework::guard::allow;
use crate::node::casework::listing::{Listing, Part, Reader};
use crate::node::casework::load::Held;
use crate::node::casework::permits::summary_resource;
use crate::node::casework::requests::direction;
use crate::node::casework::summaries::share::read_indices;
use crate::node::casework::views::{PageView, json_value};
use crate::node::casework::{Desk, Error, Under};
use crate::node::store::summaries::{self, Summary, SummaryRecipient, SummarySource};
use crate::node::store::{Page, StoreError, Tx};
use crate::policy::{Action, Permit};
use crate::record::kinds::summary::SummaryShared;
use crate::record::{Statement, StatementHash};

/// Which summaries a list shows.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SummaryQuery {
    /// At most this many.
    pub limit: Option<u32>,
    /// After the page that ended with this mark.
    pub after: Option<String>,
}

/// A summary in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct SummaryRow {
    /// Its id.
    pub id: String,
    /// `out` or `in`.
    pub direction: String,
    /// The authority that shared it.
    pub author: String,
    /// Its title.
    pub title: String,
    /// How it must be handled.
    pub marking: String,
    /// What it may be used for.
    pub purpose: String,
    /// When it must be deleted.
    pub delete_by: Option<String>,
    /// When it was withdrawn.
    pub withdrawn_at: Option<String>,
    /// The case here that it was drawn from.
    pub case: Option<String>,
    /// When it was shared, or came.
    pub created_at: String,
}

/// A disclosed value and where it comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct DisclosedView {
    /// The field.
    pub path: String,
    /// What it says.
    pub value: Json,
    /// The statement that said it.
    pub statement: String,
    /// The authority that signed that statement.
    pub author: String,
    /// When it was signed, by its author's clock.
    pub at: String,
    /// Whether signature and field proof were verified now.
    pub verified: bool,
}

/// A summary with what it shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct SummaryView {
    /// What the list shows.
    #[serde(flatten)]
    pub row: SummaryRow,
    /// Who received it.
    pub recipients: Vec<String>,
    /// The values; none once it was withdrawn.
    pub fields: Vec<DisclosedView>,
    /// Statements that it names and that have not arrived, or are not its author's.
    pub missing: Vec<String>,
    /// Released files.
    pub documents: Vec<DocumentView>,
}

impl Desk {
    /// Shows a summary; the reading is audited.
    ///
    /// # Errors
    /// [`Error::NotFound`], or what the store says.
    pub async fn summary(&self, permit: &Permit, id: ObjectId) -> Result<SummaryView, Error> {
        allow(permit, Action::SummaryRead, Some(id))?;
        let view = self.summary_view(id).await?;
        self.note_seen(permit).await?;
        Ok(view)
    }

    /// Lists the summaries that the officer could open, newest first.
    ///
    /// # Errors
    /// If the query has no sense, or what the store says.
    pub async fn summaries(
        &self,
        permit: &Permit,
        query: SummaryQuery,
    ) -> Result<PageView<SummaryRow>, Error> {
        allow(permit, Action::SummaryRead, None)?;
        let part = Part::of(query.limit, query.after.as_deref())?;
        let listing = Summaries(self.reader(permit).await?);
        let page = self
            .store
            .read("summaries", move |tx| Box::pin(async move { part.read(tx, &listing).await }))
            .await
            .map_err(|error: StoreError| Error::from(error))?;
        self.note_seen(permit).await?;
        Ok(page.map(row_view))
    }

    pub(crate) async fn summary_view(&self, id: ObjectId) -> Result<SummaryView, Error> {
        let (row, recipients, sources) = self.summary_rows(id).await?;
        let (mut fields, mut missing) = (Vec::new(), Vec::new());
        if row.withdrawn_at.is_none() || row.author == self.authority.as_str() {
            for source in &sources {
                let hash = StatementHash(source.record_hash);
                match self.held(hash).await {
                    Ok(held) if held.statement().issuer.as_str() == row.author => {
                        fields.extend(self.disclosed(&held, source));
                    }
                    // A summary shows what its author said, and nothing of anybody else's.
                    Ok(_) | Err(Error::NotFound(_) | Error::Erased(_)) => {
                        missing.push(hash.to_string());
                    }
                    Err(error) => return Err(error),
                }
            }
        }
        fields.sort_by(|one, other| one.path.cmp(&other.path));
        let documents = self.summary_documents(id, &row.author).await?;
        Ok(SummaryView {
            row: row_view(&row),
            recipients: recipients.into_iter().map(|one| one.authority).collect(),
            fields,
            missing,
            documents,
        })
    }

    pub(crate) async fn summary_rows(
        &self,
        id: ObjectId,
    ) -> Result<(Summary, Vec<SummaryRecipient>, Vec<SummarySource>), Error> {
        let text = id.to_string();
        let (row, recipients, sources) = self
            .store
            .read("summary", move |tx| {
                Box::pin(async move {
                    Ok::<_, StoreError>((
                        summaries::get(tx, &text).await?,
                        summaries::recipients(tx, &text).await?,
                        summaries::sources(tx, &text).await?,
                    ))
                })
            })
            .await?;
        Ok((row.ok_or(Error::NotFound("summary"))?, recipients, sources))
    }

    async fn summary_documents(
        &self,
        id: ObjectId,
        author: &str,
    ) -> Result<Vec<DocumentView>, Error> {
        let held = self.held_of(id).await?;
        let by_author = held.iter().filter(|held| held.statement().issuer.as_str() == author);
        let shared = by_author.into_iter().find_map(|held| held.payload::<SummaryShared>().ok());
        let documents = shared.map(|shared| shared.documents).unwrap_or_default();
        Ok(documents.iter().map(DocumentView::from).collect())
    }

    /// The values that a source shows, each with its statement.
    fn disclosed(&self, held: &Held, source: &SummarySource) -> Vec<DisclosedView> {
        let shown = read_indices(&source.fields);
        let statement = held.statement();
        // The leaves were proven to be under the signed root when the record was put together.
        let verified = self.is_signed(statement);
        held.fields()
            .free()
            .filter(|(_, index, _)| shown.contains(index))
            .map(|(path, _, value)| DisclosedView {
                path: path.to_owned(),
                value: json_value(value),
                statement: statement.hash().to_string(),
                author: statement.issuer.to_string(),
                at: held.common().authored_at.to_string(),
                verified,
            })
            .collect()
    }

    /// Whether a statement bears the signature of a key of its issuer.
    pub(crate) fn is_signed(&self, statement: &Statement) -> bool {
        let issuer: &AuthorityName = &statement.issuer;
        let known = self.cards.get(issuer);
        let key = known.and_then(|known| known.record_key(statement, Under::EveryRoot));
        key.is_some_and(|key| statement.verify(&key).is_ok())
    }
}

struct Summaries(Reader);

#[async_trait]
impl Listing for Summaries {
    type Row = Summary;

    async fn rows(&self, tx: &mut Tx, page: &Page) -> Result<Vec<Summary>, StoreError> {
        summaries::list(tx, None, None, page).await
    }

    fn place(row: &Summary) -> (i64, String) {
        (row.created_at, row.id.clone())
    }

    async fn is_open(&self, tx: &mut Tx, row: &Summary) -> Result<bool, StoreError> {
        let Ok(id) = row.id.parse() else { return Ok(false) };
        Ok(self.0.may_open(&summary_resource(tx, id, row).await?))
    }
}

fn row_view(row: &Summary) -> SummaryRow {
    let time = |at: i64| Timestamp(at).to_string();
    SummaryRow {
        id: row.id.clone(),
        direction: direction(row.direction).to_owned(),
        author: row.author.clone(),
        title: row.title.clone(),
        marking: row.marking.clone(),
        purpose: row.purpose.clone(),
        delete_by: row.delete_by.map(time),
        withdrawn_at: row.withdrawn_at.map(time),
        case: row.case_id.clone(),
        created_at: time(row.created_at),
    }
}
