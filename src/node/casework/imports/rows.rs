//! What is kept of one row: a declaration, or a line of a manifest or seizure, with the identifiers in it.

use crate::node::casework::imports::frames::Span;
use crate::node::casework::imports::read::About;
use crate::node::casework::imports::values::{Seen, Values};
use crate::node::mappings::Kind;
use crate::node::store::declarations::Declaration;
use crate::node::store::imported_rows::{ImportedIdentifier, ImportedRow};

/// The longest number of a row, in bytes.
const ID_BYTES_MAX: usize = 64;

/// The longest title of a row, in characters.
const TITLE_CHARS_MAX: usize = 120;

/// A row that can be kept.
#[derive(Clone, Debug)]
pub struct Row {
    /// Where it stands in its file.
    pub span: Span,
    /// What is kept of it.
    pub kept: Kept,
    /// The identifiers in it.
    pub identifiers: Vec<ImportedIdentifier>,
    /// What an officer should look at.
    pub warnings: Vec<String>,
    /// Whether the tariff code is none of the Harmonized System's.
    pub is_code_unknown: bool,
    /// The tax rate in per cent, if the file has it.
    pub tax_rate: Option<String>,
}

/// What is kept of a row.
#[derive(Clone, Debug)]
pub enum Kept {
    /// A declaration; its score is not known yet.
    Declaration(Box<Declaration>),
    /// A line of a manifest, or a seizure.
    Other(Box<ImportedRow>),
}

impl Row {
    /// The number of the row.
    #[must_use]
    pub fn id(&self) -> &str {
        match &self.kept {
            Kept::Declaration(declaration) => &declaration.id,
            Kept::Other(row) => &row.id,
        }
    }
}

/// What became of a row.
#[derive(Clone, Debug)]
pub enum Line {
    /// It can be kept.
    Row(Box<Row>),
    /// It cannot; where it stands and why.
    Refused(Span, String),
}

/// A row of its values.
///
/// # Errors
/// Why it cannot be kept.
pub(crate) fn row(
    kind: Kind,
    values: Values,
    raw: String,
    span: Span,
    about: &About,
) -> Result<Row, String> {
    let id = values.text("number");
    if id.len() > ID_BYTES_MAX || id.chars().any(char::is_control) {
        return Err("the number of the row is longer than 64 bytes or not plain text".to_owned());
    }
    let line = i64::try_from(span.line).unwrap_or(i64::MAX);
    let identifiers = identifiers(kind, id, &values.identifiers);
    let kept = match kind {
        Kind::Declaration => Kept::Declaration(Box::new(declaration(&values, raw, line, about)?)),
        Kind::Manifest | Kind::Seizure => {
            Kept::Other(Box::new(other(kind, &values, raw, line, about)?))
        }
    };
    let tax_rate = Some(values.text("tax_rate").to_owned()).filter(|rate| !rate.is_empty());
    Ok(Row {
        span,
        kept,
        identifiers,
        is_code_unknown: values.is_code_unknown,
        warnings: values.warnings,
        tax_rate,
    })
}

fn declaration(
    values: &Values,
    raw: String,
    line: i64,
    about: &About,
) -> Result<Declaration, String> {
    let text = |name: &str| values.text(name).to_owned();
    let hs6 = values.text("hs").get(..6).ok_or("the tariff code has not six digits")?.to_owned();
    Ok(Declaration {
        id: text("number"),
        import: about.import.clone(),
        line,
        source: about.source.clone(),
        imported_at: about.now,
        date: text("date"),
        hs6,
        origin: text("origin"),
        departure: text("departure"),
        importer: text("importer"),
        seller: text("seller"),
        net_mass: text("net_mass"),
        item_price: text("item_price"),
        currency: text("currency"),
        score: 0,
        reasons: String::new(),
        raw,
    })
}

fn other(
    kind: Kind,
    values: &Values,
    raw: String,
    line: i64,
    about: &About,
) -> Result<ImportedRow, String> {
    let fields: serde_json::Map<String, serde_json::Value> = values
        .fields
        .iter()
        .map(|(name, text)| ((*name).to_owned(), serde_json::Value::from(text.as_str())))
        .collect();
    let id = values.text("number");
    let title = values.text("description");
    let title = if title.is_empty() { id } else { title };
    Ok(ImportedRow {
        id: id.to_owned(),
        kind: kind.name().to_owned(),
        import: about.import.clone(),
        line,
        source: about.source.clone(),
        imported_at: about.now,
        title: title.chars().take(TITLE_CHARS_MAX).collect(),
        fields: serde_json::to_string(&fields).map_err(|error| error.to_string())?,
        raw,
    })
}

fn identifiers(kind: Kind, id: &str, seen: &[Seen]) -> Vec<ImportedIdentifier> {
    let row = |(number, seen): (usize, &Seen)| ImportedIdentifier {
        kind: kind.name().to_owned(),
        id: id.to_owned(),
        number: i64::try_from(number).unwrap_or(i64::MAX),
        scheme: seen.scheme.name().to_owned(),
        observed: seen.observed.clone(),
        normalised: seen.normalised.clone(),
    };
    seen.iter().enumerate().map(row).collect()
}
