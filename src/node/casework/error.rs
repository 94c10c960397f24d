//! What a use case can answer instead of doing what it was asked; the one error that HTTP and peers meet.

use crate::domain::finding::Finding;
use crate::node::blobs::BlobError;
use crate::node::keys::content::ContentKeyError;
use crate::node::store::StoreError;
use crate::record::field::FieldError;
use crate::record::payload::PayloadError;

/// Why a use case did not do what it was asked, named by what the caller can do next.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Nothing under that name, or nothing that the caller may know of.
    #[error("there is no such {0}")]
    NotFound(&'static str),
    /// The rules forbid it.
    #[error("not permitted: {0}")]
    NotPermitted(String),
    /// The input is not sound; each finding names the field and the reason.
    #[error("{}", list(.0))]
    Invalid(Vec<Finding>),
    /// A step that the state of the object does not allow.
    #[error("{0}")]
    IllegalStep(String),
    /// Somebody else changed it first.
    #[error("{0}")]
    Conflict(String),
    /// Something that this needs was erased for good.
    #[error("{0}")]
    Erased(String),
    /// A peer refused or could not be reached.
    #[error("{0}")]
    Peer(String),
    /// Storage is full.
    #[error("the disk is full: free some space and repeat")]
    Full,
    /// What is left of the storage is kept for records and log.
    #[error("{0}")]
    NoRoom(String),
    /// It may work later.
    #[error("not available just now: {0}")]
    Unavailable(String),
    /// A fault of the node; the cause is logged, not shown.
    #[error("the node met a fault of its own")]
    Internal(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl Error {
    /// One unsound field.
    pub fn invalid(path: &str, message: impl AsRef<str>) -> Self {
        Self::Invalid(vec![Finding::error(path, message.as_ref())])
    }

    /// A fault with its cause.
    pub fn internal(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Internal(cause.into())
    }
}

fn list(findings: &[Finding]) -> String {
    let lines: Vec<_> = findings.iter().map(|f| format!("{}: {}", f.path, f.message)).collect();
    lines.join("; ")
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Conflict(_) => Self::Conflict(error.to_string()),
            StoreError::Full => Self::Full,
            StoreError::Halted | StoreError::Unavailable | StoreError::Closed => {
                Self::Unavailable(error.to_string())
            }
            StoreError::NewerSchema { .. }
            | StoreError::Corrupt { .. }
            | StoreError::Settings(_)
            | StoreError::Driver(_) => Self::internal(error),
        }
    }
}

impl From<ContentKeyError> for Error {
    fn from(error: ContentKeyError) -> Self {
        match error {
            ContentKeyError::Erased(_) => Self::Erased(error.to_string()),
            ContentKeyError::Unwrap { .. } | ContentKeyError::Vault(_) => Self::internal(error),
        }
    }
}

impl From<FieldError> for Error {
    fn from(error: FieldError) -> Self {
        Self::invalid("", error.to_string())
    }
}

impl From<PayloadError> for Error {
    /// A record of the own store that cannot be read is the node's fault; foreign ones are judged where they arrive.
    fn from(error: PayloadError) -> Self {
        Self::internal(error)
    }
}

impl From<BlobError> for Error {
    fn from(error: BlobError) -> Self {
        Self::internal(error)
    }
}
