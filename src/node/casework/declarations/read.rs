//! Lists declarations by suspicion and shows one.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::node::casework::permits::Covers;
use crate::node::casework::views::{PageView, page_mark, page_rows, read_mark, time_text};
use crate::node::casework::{Desk, Error};
use crate::node::store::StoreError;
use crate::node::store::declarations::{self, Declaration, DeclarationFilter};
use crate::policy::{Action, Permit};

/// Which declarations to list.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DeclarationQuery {
    /// The order; only `score` is known: the most suspicious first.
    #[serde(default)]
    pub order: Option<String>,
    /// Only with at least this score.
    #[serde(default)]
    pub score_min: Option<i64>,
    /// Only of this commodity.
    #[serde(default)]
    pub hs6: Option<String>,
    /// Only from this country.
    #[serde(default)]
    pub origin: Option<String>,
    /// Only of this importer.
    #[serde(default)]
    pub importer: Option<String>,
    /// At most this many.
    #[serde(default)]
    pub limit: Option<u32>,
    /// After the page that ended with this mark.
    #[serde(default)]
    pub after: Option<String>,
}

/// A declaration. The score is for choosing what to look at; it decides nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct DeclarationView {
    /// Its number.
    pub id: String,
    /// The file that it came from.
    pub source: String,
    /// The import that brought it.
    pub import: String,
    /// The line of the file.
    pub row: i64,
    /// When it was imported.
    pub imported_at: String,
    /// The day of the declaration, if the file has it.
    pub date: Option<String>,
    /// The commodity.
    pub hs6: String,
    /// The country of origin.
    pub origin: String,
    /// The country of departure.
    pub departure: String,
    /// The importer.
    pub importer: String,
    /// The seller.
    pub seller: String,
    /// The net mass in kg.
    pub net_mass: String,
    /// The price of the item.
    pub item_price: String,
    /// The currency, if the file names one.
    pub currency: Option<String>,
    /// The score, 0 to 100.
    pub score: i64,
    /// Why it scores so.
    pub reasons: String,
}

impl From<Declaration> for DeclarationView {
    fn from(declaration: Declaration) -> Self {
        Self {
            id: declaration.id,
            source: declaration.source,
            import: declaration.import,
            row: declaration.line,
            date: Some(declaration.date).filter(|date| !date.is_empty()),
            imported_at: time_text(declaration.imported_at),
            hs6: declaration.hs6,
            origin: declaration.origin,
            departure: declaration.departure,
            importer: declaration.importer,
            seller: declaration.seller,
            net_mass: declaration.net_mass,
            item_price: declaration.item_price,
            currency: Some(declaration.currency).filter(|currency| !currency.is_empty()),
            score: declaration.score,
            reasons: declaration.reasons,
        }
    }
}

/// What no declaration can have is told, so that it does not read as "there are none".
fn refuse_unsound(query: &DeclarationQuery) -> Result<(), Error> {
    let is_hs6 = |text: &String| text.len() == 6 && text.bytes().all(|byte| byte.is_ascii_digit());
    if query.hs6.as_ref().is_some_and(|hs6| !is_hs6(hs6)) {
        return Err(Error::invalid("hs6", "is six digits, such as 610910"));
    }
    let is_country =
        |text: &String| text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_uppercase());
    if query.origin.as_ref().is_some_and(|origin| !is_country(origin)) {
        return Err(Error::invalid("origin", "is a country of two capital letters, such as VN"));
    }
    Ok(())
}

impl Desk {
    /// Declarations, the most suspicious first.
    ///
    /// # Errors
    /// [`Error::Invalid`] for an order that is not known, or a filter or mark that has no sense.
    pub async fn declarations(
        &self,
        permit: &Permit,
        query: DeclarationQuery,
    ) -> Result<PageView<DeclarationView>, Error> {
        permit.covers(Action::DeclarationRead, None)?;
        if query.order.as_ref().is_some_and(|order| order != "score") {
            return Err(Error::invalid("order", "only score is known"));
        }
        refuse_unsound(&query)?;
        self.note_seen(permit).await?;
        let rows = page_rows(query.limit);
        let after = read_mark(query.after.as_deref())?;
        let filter = DeclarationFilter {
            score_min: query.score_min,
            hs6: query.hs6,
            origin: query.origin,
            importer: query.importer,
        };
        let found = self
            .store
            .read("declarations", move |tx| {
                Box::pin(async move {
                    let after = after.as_ref().map(|(score, id)| (*score, id.as_str()));
                    declarations::list(tx, &filter, after, i64::from(rows)).await
                })
            })
            .await
            .map_err(|error: StoreError| Error::from(error))?;
        let is_full = found.len() == usize::try_from(rows).unwrap_or(usize::MAX);
        let last = found.last().filter(|_| is_full);
        let next = last.map(|declaration| page_mark(declaration.score, &declaration.id));
        Ok(PageView { items: found.into_iter().map(DeclarationView::from).collect(), next })
    }

    /// One declaration.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is none of that number.
    pub async fn declaration(&self, permit: &Permit, id: &str) -> Result<DeclarationView, Error> {
        permit.covers(Action::DeclarationRead, None)?;
        self.note_seen(permit).await?;
        self.declaration_row(id).await.map(DeclarationView::from)
    }

    /// The row of a declaration.
    pub(crate) async fn declaration_row(&self, id: &str) -> Result<Declaration, Error> {
        let id = id.to_owned();
        self.store
            .read("declaration", move |tx| {
                Box::pin(async move { declarations::get(tx, &id).await })
            })
            .await
            .map_err(|error: StoreError| Error::from(error))?
            .ok_or(Error::NotFound("declaration"))
    }
}
