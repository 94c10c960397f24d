//! Begins an import, or finds the one of the same file; tells how imports stand and what they refused.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::domain::finding::short_text;
use crate::domain::id::ObjectId;
use crate::node::casework::audit_trail::done;
use crate::node::casework::permits::Covers;
use crate::node::casework::views::{PageView, page_mark, page_rows, read_mark, time_text};
use crate::node::casework::{Desk, Error};
use crate::node::mappings::{Kind, Mapping};
use crate::node::store::audit_events::{self, NewAuditEvent};
use crate::node::store::imports::{self, Import, Refusal};
use crate::node::store::{Page, StoreError};
use crate::policy::{Action, Permit};

/// A file that is to be imported.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewImport {
    /// Its name.
    pub source: String,
    /// SHA-256 of its bytes, in hexadecimal.
    pub sha256: String,
    /// Its length in bytes.
    pub bytes: u64,
    /// What its rows are, `declaration`, `manifest` or `seizure`; without it what the mapping says, else declarations.
    #[serde(default)]
    pub kind: Option<String>,
    /// The text of a mapping; without it the one that ships for the kind.
    #[serde(default)]
    pub mapping: Option<String>,
}

/// Which imports to list.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ImportQuery {
    /// At most this many.
    #[serde(default)]
    pub limit: Option<u32>,
    /// After the page that ended with this mark.
    #[serde(default)]
    pub after: Option<String>,
}

/// Which refused rows of an import to list.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RefusalQuery {
    /// At most this many.
    #[serde(default)]
    pub limit: Option<u32>,
    /// After the row that begins at this byte.
    #[serde(default)]
    pub after: Option<String>,
}

/// How an import stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ImportView {
    /// Its id.
    pub id: String,
    /// What its rows are.
    pub kind: String,
    /// The name of the file.
    pub source: String,
    /// SHA-256 of the file.
    pub sha256: String,
    /// The length of the file.
    pub bytes: i64,
    /// When it was begun.
    pub started_at: String,
    /// When the file was read to its end; none while it is not.
    pub finished_at: Option<String>,
    /// Rows of the file that are done, kept or refused.
    pub rows_done: i64,
    /// Rows that were kept.
    pub accepted: i64,
    /// Rows among them that an officer should look at.
    pub warned: i64,
    /// Rows that were refused.
    pub refused: i64,
}

impl From<Import> for ImportView {
    fn from(import: Import) -> Self {
        Self {
            id: import.id,
            kind: import.kind,
            source: import.source,
            sha256: hex::encode(import.sha256),
            bytes: import.bytes,
            started_at: time_text(import.started_at),
            finished_at: import.finished_at.map(time_text),
            rows_done: import.rows_done,
            accepted: import.accepted,
            warned: import.warned,
            refused: import.refused,
        }
    }
}

/// A row that was refused. The row itself stays in its file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct RefusalView {
    /// The line on which it begins; the first of the file is line 1.
    pub row: i64,
    /// Its first byte in the file, from 0.
    pub first_byte: i64,
    /// The byte after its last one.
    pub end_byte: i64,
    /// Why.
    pub reason: String,
}

impl From<Refusal> for RefusalView {
    fn from(refusal: Refusal) -> Self {
        Self {
            row: refusal.line,
            first_byte: refusal.first_byte,
            end_byte: refusal.end_byte,
            reason: refusal.reason,
        }
    }
}

impl Desk {
    /// Begins an import, or gives the one of the same file under the same mapping as it stands.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a mapping that cannot be used, with its line, or a digest that is none.
    pub async fn begin_import(
        &self,
        permit: &Permit,
        input: NewImport,
    ) -> Result<ImportView, Error> {
        permit.covers(Action::Import, None)?;
        self.has_room()?;
        let source = short_text("source", &input.source)
            .map_err(|error| Error::invalid("source", error.reason))?;
        let mut sha256 = [0; 32];
        hex::decode_to_slice(&input.sha256, &mut sha256)
            .map_err(|_| Error::invalid("sha256", "is 64 hexadecimal digits"))?;
        let (kind, mapping) = chosen(&input)?;
        let officer = permit
            .user()
            .ok_or_else(|| Error::NotPermitted("a file is imported by an officer".to_owned()))?;
        let id = import_id(&sha256, &mapping);
        let import = Import {
            id: id.to_string(),
            kind: kind.name().to_owned(),
            source,
            sha256,
            bytes: i64::try_from(input.bytes).unwrap_or(i64::MAX),
            mapping,
            officer: officer.to_string(),
            started_at: self.clock.now().0,
            finished_at: None,
            rows_done: 0,
            accepted: 0,
            warned: 0,
            refused: 0,
            taken_bytes: 0,
            taken_sha256: [0; 32],
        };
        let detail = Some(format!("{kind} file"));
        let event = NewAuditEvent { detail, ..done(permit, self.clock.now(), Some(id)) };
        self.store
            .write_with("begin_import", (import, event), |tx, (import, event)| {
                Box::pin(async move {
                    audit_events::append(tx, event).await?;
                    imports::begin(tx, import).await
                })
            })
            .await
            .map(ImportView::from)
            .map_err(|error: StoreError| error.into())
    }

    /// How an import stands.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is none of that id.
    pub async fn import(&self, permit: &Permit, id: ObjectId) -> Result<ImportView, Error> {
        permit.covers(Action::Import, None)?;
        self.import_row(id).await.map(ImportView::from)
    }

    /// The row of an import.
    pub(crate) async fn import_row(&self, id: ObjectId) -> Result<Import, Error> {
        let id = id.to_string();
        self.store
            .read("import", move |tx| Box::pin(async move { imports::get(tx, &id).await }))
            .await
            .map_err(|error: StoreError| Error::from(error))?
            .ok_or(Error::NotFound("import"))
    }

    /// Imports, the newest first.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a mark that is none.
    pub async fn imports(
        &self,
        permit: &Permit,
        query: ImportQuery,
    ) -> Result<PageView<ImportView>, Error> {
        permit.covers(Action::Import, None)?;
        let rows = page_rows(query.limit);
        let before = read_mark(query.after.as_deref())?;
        let page = Page { before, limit: i64::from(rows) };
        let found = self
            .store
            .read("imports", move |tx| Box::pin(async move { imports::list(tx, &page).await }))
            .await
            .map_err(|error: StoreError| Error::from(error))?;
        let is_full = found.len() == usize::try_from(rows).unwrap_or(usize::MAX);
        let last = found.last().filter(|_| is_full);
        let next = last.map(|import| page_mark(import.started_at, &import.id));
        Ok(PageView { items: found.into_iter().map(ImportView::from).collect(), next })
    }

    /// The rows that an import refused, in the order of the file.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is no import of that id; [`Error::Invalid`] for a mark that is none.
    pub async fn refused_rows(
        &self,
        permit: &Permit,
        id: ObjectId,
        query: RefusalQuery,
    ) -> Result<PageView<RefusalView>, Error> {
        permit.covers(Action::Import, None)?;
        let import = self.import_row(id).await?;
        let rows = page_rows(query.limit);
        let after = query.after.as_deref().map(str::parse).transpose().map_err(|_| {
            Error::invalid("after", "is not the mark of a page: give `next` of the page before")
        })?;
        let found = self
            .store
            .read("refused_rows", move |tx| {
                Box::pin(
                    async move { imports::refusals(tx, &import.id, after, i64::from(rows)).await },
                )
            })
            .await
            .map_err(|error: StoreError| Error::from(error))?;
        let is_full = found.len() == usize::try_from(rows).unwrap_or(usize::MAX);
        let last = found.last().filter(|_| is_full);
        let next = last.map(|refusal| refusal.first_byte.to_string());
        Ok(PageView { items: found.into_iter().map(RefusalView::from).collect(), next })
    }
}

/// The kind of rows and the text of the mapping that an officer chose.
fn chosen(input: &NewImport) -> Result<(Kind, String), Error> {
    let wanted: Option<Kind> = input.kind.as_deref().map(str::parse).transpose().map_err(
        |error: crate::node::mappings::UnknownKind| Error::invalid("kind", error.to_string()),
    )?;
    let text = match &input.mapping {
        Some(text) => text.clone(),
        None => wanted.unwrap_or(Kind::Declaration).default_mapping().to_owned(),
    };
    let mapping =
        Mapping::parse(&text).map_err(|error| Error::invalid("mapping", error.to_string()))?;
    match wanted {
        Some(kind) if kind != mapping.kind => {
            let message = format!("the mapping is for rows of the kind {}", mapping.kind);
            Err(Error::invalid("kind", message))
        }
        Some(_) | None => Ok((mapping.kind, text)),
    }
}

/// The same file under the same mapping is the same import, whoever sends it.
fn import_id(sha256: &[u8; 32], mapping: &str) -> ObjectId {
    let digest: [u8; 32] =
        Sha256::new().chain_update(sha256).chain_update(mapping.as_bytes()).finalize().into();
    let mut half = [0; 16];
    half.copy_from_slice(digest.get(..16).unwrap_or(&[0; 16]));
    ObjectId::from_random(half)
}
