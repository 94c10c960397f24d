//! Imported rows, found by an identifier in them or listed by kind; shows one with all that stands in it.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::domain::identifier::{Scheme, UnknownScheme};
use crate::node::casework::permits::Covers;
use crate::node::casework::search::forms_of;
use crate::node::casework::views::{PageView, page_mark, page_rows, read_mark, time_text};
use crate::node::casework::{Desk, Error};
use crate::node::mappings::{Kind, UnknownKind};
use crate::node::store::imported_rows::{self, ImportedIdentifier, ImportedRow};
use crate::node::store::{Page, StoreError, Tx, declarations};
use crate::policy::{Action, Permit};

/// The most places that are looked at for one search.
const PLACES_MAX: i64 = 500;

/// Which imported rows to list.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ImportedQuery {
    /// Only of this kind; without an identifier `manifest` or `seizure`, since declarations have a list of their own.
    #[serde(default)]
    pub kind: Option<String>,
    /// The scheme of the identifier; without it all.
    #[serde(default)]
    pub scheme: Option<String>,
    /// An identifier that stands in the row, spaces and case as one likes.
    #[serde(default)]
    pub value: Option<String>,
    /// At most this many.
    #[serde(default)]
    pub limit: Option<u32>,
    /// After the page that ended with this mark.
    #[serde(default)]
    pub after: Option<String>,
}

/// An imported row in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ImportedRowView {
    /// What it is: `declaration`, `manifest` or `seizure`.
    pub kind: String,
    /// Its number, by which a case is opened on it.
    pub id: String,
    /// What it is about, in a line.
    pub title: String,
    /// The file that it came from.
    pub source: String,
    /// The line of the file.
    pub row: i64,
    /// When it was imported.
    pub imported_at: String,
    /// The scheme of the identifier that was searched for.
    pub scheme: Option<String>,
    /// The identifier that was found, as it stood in the file.
    pub observed: Option<String>,
}

/// An identifier in an imported row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ImportedIdentifierView {
    /// The scheme.
    pub scheme: String,
    /// As it stood in the file.
    pub observed: String,
    /// The form to match by.
    pub normalised: String,
}

/// A line of a manifest, or a seizure.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ImportedView {
    /// The row as in a list.
    #[serde(flatten)]
    pub row: ImportedRowView,
    /// The import that brought it.
    pub import: String,
    /// Its values by the names of the mapping.
    pub fields: BTreeMap<String, String>,
    /// The identifiers in it.
    pub identifiers: Vec<ImportedIdentifierView>,
    /// The row as it stood in the file.
    pub raw: String,
}

impl From<ImportedRow> for ImportedRowView {
    fn from(row: ImportedRow) -> Self {
        Self {
            kind: row.kind,
            id: row.id,
            title: row.title,
            source: row.source,
            row: row.line,
            imported_at: time_text(row.imported_at),
            scheme: None,
            observed: None,
        }
    }
}

impl Desk {
    /// Imported rows: those in which an identifier stands, or all of a kind, the newest first.
    ///
    /// # Errors
    /// [`Error::Invalid`] for an unknown kind or scheme, an identifier that cannot be of it, or a mark that is none.
    pub async fn imported_rows(
        &self,
        permit: &Permit,
        query: ImportedQuery,
    ) -> Result<PageView<ImportedRowView>, Error> {
        permit.covers(Action::DeclarationRead, None)?;
        let kind = query.kind.as_deref().map(kind_of).transpose()?;
        self.note_seen(permit).await?;
        match (&query.value, kind) {
            (Some(value), _) => {
                let items = self.rows_with(kind, query.scheme.as_deref(), value).await?;
                Ok(PageView { items, next: None })
            }
            (None, Some(Kind::Manifest | Kind::Seizure)) if query.scheme.is_none() => {
                self.rows_of(kind.unwrap_or(Kind::Manifest), &query).await
            }
            (None, Some(Kind::Declaration)) if query.scheme.is_none() => Err(Error::invalid(
                "kind",
                "declarations have a list of their own, the most suspicious first",
            )),
            (None, _) => Err(Error::invalid(
                "value",
                "is missing: give an identifier, or the kind manifest or seizure alone",
            )),
        }
    }

    async fn rows_of(
        &self,
        kind: Kind,
        query: &ImportedQuery,
    ) -> Result<PageView<ImportedRowView>, Error> {
        let rows = page_rows(query.limit);
        let before = read_mark(query.after.as_deref())?;
        let page = Page { before, limit: i64::from(rows) };
        let found = self
            .store
            .read("imported_rows", move |tx| {
                Box::pin(async move { imported_rows::list(tx, kind.name(), &page).await })
            })
            .await
            .map_err(|error: StoreError| Error::from(error))?;
        let is_full = found.len() == usize::try_from(rows).unwrap_or(usize::MAX);
        let last = found.last().filter(|_| is_full);
        let next = last.map(|row| page_mark(row.imported_at, &row.id));
        Ok(PageView { items: found.into_iter().map(ImportedRowView::from).collect(), next })
    }

    async fn rows_with(
        &self,
        kind: Option<Kind>,
        scheme: Option<&str>,
        value: &str,
    ) -> Result<Vec<ImportedRowView>, Error> {
        let scheme: Option<Scheme> = scheme
            .map(str::parse)
            .transpose()
            .map_err(|error: UnknownScheme| Error::invalid("scheme", error.to_string()))?;
        let forms: BTreeSet<String> =
            forms_of(scheme, value)?.into_iter().map(|(_, form)| form).collect();
        let forms: Vec<String> = forms.into_iter().collect();
        self.store
            .read("imported_rows_with", move |tx| {
                Box::pin(async move {
                    let (kind, scheme) = (kind.map(Kind::name), scheme.map(Scheme::name));
                    let mut found = Vec::new();
                    for form in forms {
                        let places =
                            imported_rows::find(tx, kind, scheme, &form, PLACES_MAX).await?;
                        for place in places {
                            found.extend(view_of(tx, place).await?);
                        }
                    }
                    Ok(found)
                })
            })
            .await
            .map_err(|error: StoreError| error.into())
    }

    /// One line of a manifest, or one seizure.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is none of that kind and number.
    pub async fn imported(
        &self,
        permit: &Permit,
        kind: &str,
        id: &str,
    ) -> Result<ImportedView, Error> {
        permit.covers(Action::DeclarationRead, None)?;
        let kind = kind_of(kind).map_err(|_| Error::NotFound("imported row"))?;
        self.note_seen(permit).await?;
        let row = self.imported_row(kind, id).await?;
        let id = row.id.clone();
        let identifiers = self
            .store
            .read("imported_identifiers", move |tx| {
                Box::pin(async move { imported_rows::identifiers(tx, kind.name(), &id).await })
            })
            .await
            .map_err(|error: StoreError| Error::from(error))?;
        let view = |found: ImportedIdentifier| ImportedIdentifierView {
            scheme: found.scheme,
            observed: found.observed,
            normalised: found.normalised,
        };
        Ok(ImportedView {
            import: row.import.clone(),
            fields: serde_json::from_str(&row.fields).map_err(Error::internal)?,
            identifiers: identifiers.into_iter().map(view).collect(),
            raw: row.raw.clone(),
            row: row.into(),
        })
    }
}

fn kind_of(text: &str) -> Result<Kind, Error> {
    text.parse().map_err(|error: UnknownKind| Error::invalid("kind", error.to_string()))
}

/// The row in which an identifier stands.
async fn view_of(
    tx: &mut Tx,
    place: ImportedIdentifier,
) -> Result<Option<ImportedRowView>, StoreError> {
    let row = if place.kind == Kind::Declaration.name() {
        declarations::get(tx, &place.id).await?.map(|declaration| ImportedRowView {
            kind: place.kind.clone(),
            title: format!("goods declared under HS {}", declaration.hs6),
            id: declaration.id,
            source: declaration.source,
            row: declaration.line,
            imported_at: time_text(declaration.imported_at),
            scheme: None,
            observed: None,
        })
    } else {
        imported_rows::get(tx, &place.kind, &place.id).await?.map(ImportedRowView::from)
    };
    Ok(row.map(|row| ImportedRowView {
        scheme: Some(place.scheme),
        observed: Some(place.observed),
        ..row
    }))
}
