//! Lists declarations by suspicion and turns one into the content of a case.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::domain::amount::Money;
use crate::domain::identifier::{Identifier, Scheme};
use crate::node::casework::cases::content::{Content, merged, parse};
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
    /// When it was imported.
    pub imported_at: String,
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

    async fn declaration_row(&self, id: &str) -> Result<Declaration, Error> {
        let id = id.to_owned();
        self.store
            .read("declaration", move |tx| {
                Box::pin(async move { declarations::get(tx, &id).await })
            })
            .await
            .map_err(|error: StoreError| Error::from(error))?
            .ok_or(Error::NotFound("declaration"))
    }

    /// What a declaration says as the content of a case, with where it came from and why it was suspicious.
    pub(crate) async fn declared_content(&self, id: &str) -> Result<Content, Error> {
        let declaration = self.declaration_row(id).await?;
        Ok(merged(&Content::new(), &parse(&fields(&declaration))?))
    }
}

fn fields(declaration: &Declaration) -> BTreeMap<String, serde_json::Value> {
    let columns: BTreeMap<String, String> =
        serde_json::from_str(&declaration.raw).unwrap_or_default();
    let date = columns.get("Date").map(String::as_str).unwrap_or_default();
    let score = declaration.score.to_string();
    let imported_at = time_text(declaration.imported_at);
    let description = format!("goods declared under HS {}", declaration.hs6);
    let mut fields: Vec<(&str, &str)> = vec![
        ("goods/0/description", &description),
        ("goods/0/hs", &declaration.hs6),
        ("goods/0/hs_edition", edition_of(date)),
        ("goods/0/origin", &declaration.origin),
        ("goods/0/quantity", &declaration.net_mass),
        ("goods/0/unit", "KGM"),
        ("consignments/0/declaration", &declaration.id),
        ("consignments/0/departure", &declaration.departure),
        ("facts/declaration/source", &declaration.source),
        ("facts/declaration/imported_at", &imported_at),
        ("facts/declaration/item_price", &declaration.item_price),
        ("facts/declaration/score", &score),
        ("facts/declaration/reasons", &declaration.reasons),
    ];
    if !date.is_empty() {
        fields.push(("facts/declaration/date", date));
    }
    if Money::parse(&declaration.item_price, &declaration.currency).is_ok() {
        fields.push(("goods/0/value", &declaration.item_price));
        fields.push(("goods/0/currency", &declaration.currency));
    }
    if !declaration.importer.is_empty() {
        fields.extend([
            ("subjects/0/name", declaration.importer.as_str()),
            ("subjects/0/kind", "organisation"),
            ("subjects/0/role", "other"),
            ("subjects/0/basis", "fact"),
            ("subjects/0/identifiers/0/scheme", scheme_of(&declaration.importer).name()),
            ("subjects/0/identifiers/0/value", declaration.importer.as_str()),
        ]);
    }
    let mut fields: BTreeMap<String, serde_json::Value> =
        fields.into_iter().map(|(path, text)| (path.to_owned(), text.into())).collect();
    for (number, (scheme, text)) in declared_identifiers(declaration, &columns).iter().enumerate() {
        let place = format!("consignments/0/identifiers/{number}");
        fields.insert(format!("{place}/scheme"), scheme.name().into());
        fields.insert(format!("{place}/value"), (*text).into());
    }
    fields
}

/// The numbers in columns that are named after a scheme, such as `Container` or `Bill of Lading`, and the number of the
/// declaration itself if it is an MRN.
fn declared_identifiers<'a>(
    declaration: &'a Declaration,
    columns: &'a BTreeMap<String, String>,
) -> Vec<(Scheme, &'a str)> {
    let own = Some((scheme_of(&declaration.id), declaration.id.as_str()));
    let named = columns.iter().filter_map(|(name, text)| {
        let scheme: Scheme = name.to_lowercase().replace([' ', '-'], "_").parse().ok()?;
        // What cannot be of the scheme that its column names was still seen.
        let mut schemes = [scheme, Scheme::Other].into_iter().filter(|_| !is_of_goods(scheme));
        Some((schemes.find(|scheme| Identifier::observe(*scheme, text).is_ok())?, text.as_str()))
    });
    own.filter(|(scheme, _)| *scheme == Scheme::Mrn).into_iter().chain(named).collect()
}

/// What has its own field in a goods line, and the number of the declaration, which has its own too.
const fn is_of_goods(scheme: Scheme) -> bool {
    matches!(scheme, Scheme::Hs | Scheme::Country | Scheme::Currency | Scheme::Declaration)
}

/// The scheme of a number in a column that holds numbers of any kind.
fn scheme_of(text: &str) -> Scheme {
    Identifier::recognise(text).map_or(Scheme::Other, |seen| seen.scheme)
}

/// The edition of the Harmonized System in force on a date that begins with its year.
fn edition_of(date: &str) -> &'static str {
    match date.get(..4).and_then(|year| year.parse::<u16>().ok()) {
        Some(..2002) => "1996",
        Some(2002..2007) => "2002",
        Some(2007..2012) => "2007",
        Some(2012..2017) => "2012",
        Some(2017..2022) => "2017",
        Some(2028..) => "2028",
        Some(2022..2028) | None => "2022",
    }
}
