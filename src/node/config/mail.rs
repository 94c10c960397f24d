//! The section `[mail]`: the authority's mail server, by which officers are told what is due; off unless it is named.

use std::path::PathBuf;

use serde::Deserialize;

/// How the connection to the mail server is kept private.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MailTls {
    /// In clear at first, then TLS before anything is said (RFC 3207); refused if the server has none.
    Starttls,
    /// TLS from the first byte (RFC 8314).
    Tls,
    /// In clear; only to a server on this machine.
    None,
}

/// The authority's mail server.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Mail {
    /// `host:port`; without it no mail is sent.
    pub server: Option<String>,
    /// How the connection is kept private.
    pub tls: MailTls,
    /// A file with the CA certificates that the server's must come from, PEM; without it those of this machine.
    pub ca_file: Option<PathBuf>,
    /// The address that letters come from.
    pub from: Option<String>,
    /// The name under which the node signs in; without it, it does not.
    pub user: Option<String>,
    /// A file that holds the password, and nothing else.
    pub password_file: Option<PathBuf>,
    /// The hour of the day (UTC) from which on daily digests are sent.
    pub digest_hour: u8,
}

impl Default for Mail {
    fn default() -> Self {
        Self {
            server: None,
            tls: MailTls::Starttls,
            ca_file: None,
            from: None,
            user: None,
            password_file: None,
            digest_hour: 6,
        }
    }
}

impl Mail {
    /// Host and port of the server, if one is named and well formed.
    #[must_use]
    pub fn address(&self) -> Option<(&str, u16)> {
        let (host, port) = self.server.as_deref()?.rsplit_once(':')?;
        let port = port.parse().ok().filter(|port| *port > 0)?;
        let host = host.strip_prefix('[').and_then(|h| h.strip_suffix(']')).unwrap_or(host);
        (!host.is_empty()).then_some((host, port))
    }
}
