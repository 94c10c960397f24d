//! Records of erasures: ordered, refused, certified. They say what was erased, never what it said.

use crate::domain::id::{AuthorityName, ObjectId};
use crate::record::fields::Fields;
use crate::record::kinds::{Facts, authorities, authority_of, int_opt, object, pairs, text_opt};
use crate::record::payload::{Payload, PayloadError};
use crate::record::value::Value;

fn texts(texts: &[String]) -> Value {
    Value::Array(texts.iter().map(|text| Value::text(text.as_str())).collect())
}

fn text_of(value: &Value) -> Option<String> {
    value.as_text().map(str::to_owned)
}

/// Somebody orders that data are erased; another officer decides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ErasureOrdered {
    /// The case, if it is about one.
    pub case: Option<ObjectId>,
    /// The import, if it is about one.
    pub import: Option<ObjectId>,
    /// What of it: `case` or `import` for all, `subjects/0`, `notes/0/text` and the like.
    pub scope: Vec<String>,
    /// Why; without personal data.
    pub reason: String,
    /// The law that asks for it.
    pub legal_basis: Option<String>,
}

impl Payload for ErasureOrdered {
    const KIND: &'static str = "erasure.ordered/1";

    fn fields(&self) -> Facts {
        pairs([
            ("case", self.case.map_or(Value::Null, object)),
            ("import", self.import.map_or(Value::Null, object)),
            ("scope", texts(&self.scope)),
            ("reason", Value::text(self.reason.as_str())),
            ("legal_basis", text_opt(self.legal_basis.as_deref())),
        ])
    }

    fn read(fields: &Fields) -> Result<Self, PayloadError> {
        Ok(Self {
            case: fields.object_opt("case")?,
            import: fields.object_opt("import")?,
            scope: fields.list("scope", text_of)?,
            reason: fields.text("reason")?,
            legal_basis: fields.text_opt("legal_basis")?,
        })
    }
}

/// An order is refused: the data stay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ErasureRefused {
    /// Why.
    pub reason: String,
}

impl Payload for ErasureRefused {
    const KIND: &'static str = "erasure.refused/1";

    fn fields(&self) -> Facts {
        pairs([("reason", Value::text(self.reason.as_str()))])
    }

    fn read(fields: &Fields) -> Result<Self, PayloadError> {
        Ok(Self { reason: fields.text("reason")? })
    }
}

/// The certificate: the keys of the data were destroyed, and what was readable was removed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ErasureCertified {
    /// The case, if it is about one.
    pub case: Option<ObjectId>,
    /// The import, if it is about one.
    pub import: Option<ObjectId>,
    /// What of it was erased.
    pub scope: Vec<String>,
    /// The content keys that were destroyed, by the group that they sealed.
    pub keys: Vec<String>,
    /// The imported rows on which the case was opened and that were erased with it, by import and line.
    pub imported_rows: Vec<String>,
    /// Those that stay, since a case under a legal hold was opened on them too.
    pub rows_kept: Vec<String>,
    /// The cases that were opened on rows of the import; each keeps what it took over.
    pub cases: Vec<String>,
    /// When the last backup of a destroyed key or value is due to be gone, microseconds UTC.
    pub backups_until: i64,
    /// The authorities that hold copies which this node shared with them.
    pub holders: Vec<AuthorityName>,
}

impl Payload for ErasureCertified {
    const KIND: &'static str = "erasure.certified/1";

    fn fields(&self) -> Facts {
        pairs([
            ("case", self.case.map_or(Value::Null, object)),
            ("import", self.import.map_or(Value::Null, object)),
            ("scope", texts(&self.scope)),
            ("keys", texts(&self.keys)),
            ("imported_rows", texts(&self.imported_rows)),
            ("rows_kept", texts(&self.rows_kept)),
            ("cases", texts(&self.cases)),
            ("backups_until", int_opt(Some(self.backups_until))),
            ("holders", authorities(&self.holders)),
        ])
    }

    fn read(fields: &Fields) -> Result<Self, PayloadError> {
        Ok(Self {
            case: fields.object_opt("case")?,
            import: fields.object_opt("import")?,
            scope: fields.list("scope", text_of)?,
            keys: fields.list("keys", text_of)?,
            imported_rows: fields.list("imported_rows", text_of)?,
            rows_kept: fields.list("rows_kept", text_of)?,
            cases: fields.list("cases", text_of)?,
            backups_until: fields.int("backups_until")?,
            holders: fields.list("holders", authority_of)?,
        })
    }
}
