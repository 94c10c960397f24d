//! Which files a record speaks of; looks at no file.

use crate::record::fields::Fields;
use crate::record::kinds::document::Document;
use crate::record::kinds::evidence::EvidenceRegistered;
use crate::record::payload::{Common, Payload};

/// A file that a record speaks of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Claim {
    /// SHA-256 of the file.
    pub(crate) sha256: [u8; 32],
    /// Its bytes, if the record shows them.
    pub(crate) size: Option<i64>,
    /// What the record calls it.
    pub(crate) title: String,
}

/// The files that the shown fields of a record speak of: the item it registers, the documents it releases.
pub(crate) fn claims(common: &Common, fields: &Fields) -> Vec<Claim> {
    let mut claims = Vec::new();
    if common.kind == EvidenceRegistered::KIND
        && let Ok(sha256) = fields.bytes("sha256")
    {
        let title = fields.text("file_name").or_else(|_| fields.text("description"));
        claims.push(Claim {
            sha256,
            size: fields.int("size").ok(),
            title: title.unwrap_or_default(),
        });
    }
    let documents = fields.list("documents", Document::read).unwrap_or_default();
    claims.extend(documents.into_iter().map(|document| Claim {
        sha256: document.sha256,
        size: Some(document.size),
        title: document.title,
    }));
    claims
}
