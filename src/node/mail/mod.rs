//! The way of a letter to the authority's own mail server (SMTP, RFC 5321); writes no letter and keeps none.

mod server;

pub use server::{MailServer, MailSetupError};

/// A letter to an officer. It holds no content of a case: mail is read and kept by others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    /// What tells it apart from every other letter, the same if it is sent again; the left part of its `Message-ID`.
    pub id: String,
    /// The address of the officer.
    pub to: String,
    /// The subject.
    pub subject: String,
    /// The text, lines of any length.
    pub text: String,
}

/// Why a letter was not taken by the mail server.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Undelivered {
    /// It will never be taken: the server refuses the mailbox for good (RFC 5321 4.2.3), or the address is none.
    #[error("{0}")]
    Refused(String),
    /// It may be taken later.
    #[error("{0}")]
    Later(String),
}
