//! Opens a connection to an expected authority at the addresses in its card; sends nothing on it.

use std::net::SocketAddr;
use std::sync::Arc;

use quinn::{ClientConfig, Connection, ConnectionError};
use tokio::net::lookup_host;
use tokio::time::timeout;

use crate::domain::id::AuthorityName;
use crate::node::peer::close::CloseCode;
use crate::node::peer::courier::SendError;
use crate::node::peer::judge::{JudgeError, Role};
use crate::node::peer::live::Place;
use crate::node::peer::server::Inner;
use crate::node::peer::socket;
use crate::node::peer::tls::Reason;

/// How many socket addresses of one name in a card are tried.
const ADDRESSES_PER_NAME_MAX: usize = 4;
/// The first of the 256 QUIC error codes that carry a TLS alert (RFC 9001 4.8).
const TLS_ALERTS: u64 = 0x100;

/// What a connection is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lane {
    /// Requests and answers of one frame.
    Messages,
    /// Blobs, so that they do not hold up messages.
    Bulk,
}

/// An open connection to a peer, looked after as long as somebody uses it.
#[derive(Debug)]
pub(crate) struct Link {
    connection: Connection,
    own_generation: u64,
    _place: Place,
}

/// Why one address did not give a connection.
enum DialError {
    Identity(JudgeError),
    Other(String),
}

impl Link {
    /// Dials the addresses in the peer's card in their order until one answers as the peer.
    pub(crate) async fn dial(
        inner: &Inner,
        peer: &AuthorityName,
        lane: Lane,
    ) -> Result<Self, SendError> {
        let trusted =
            inner.tls.judge.trust().peer(peer).ok_or_else(|| SendError::NotPaired(peer.clone()))?;
        let mut details = Vec::new();
        let mut identity = None;
        for address in &trusted.addresses {
            let found = match resolve(inner, address).await {
                Ok(found) => found,
                Err(detail) => {
                    details.push(format!("{address}: {detail}"));
                    continue;
                }
            };
            for socket in found {
                match dial_address(inner, peer, lane, socket).await {
                    Ok(link) => return Ok(link),
                    Err(DialError::Identity(error)) => identity = Some(error),
                    Err(DialError::Other(detail)) => details.push(format!("{address}: {detail}")),
                }
            }
        }
        let peer = peer.clone();
        Err(match identity {
            Some(source) => SendError::Identity { peer, source },
            None if details.is_empty() => {
                SendError::Unreachable { peer, detail: "its card holds no address".to_owned() }
            }
            None => SendError::Unreachable { peer, detail: details.join("; ") },
        })
    }

    pub(crate) const fn connection(&self) -> &Connection {
        &self.connection
    }

    /// Whether new requests may use it: it is open and shows the certificate that we have now.
    pub(crate) fn is_usable(&self, inner: &Inner) -> bool {
        self.connection.close_reason().is_none()
            && self.own_generation == inner.tls.own.generation()
    }

    /// The error for a connection that ended before the first answer.
    pub(crate) fn refused(&self, peer: &AuthorityName, detail: String) -> SendError {
        let peer = peer.clone();
        if self.connection.close_reason().is_some_and(|reason| is_not_accepted(&reason)) {
            SendError::NotAccepted { peer, detail }
        } else {
            SendError::Interrupted { peer, detail }
        }
    }
}

async fn resolve(inner: &Inner, address: &str) -> Result<Vec<SocketAddr>, String> {
    match timeout(inner.limits.handshake_timeout, lookup_host(address)).await {
        Ok(Ok(found)) => Ok(found.take(ADDRESSES_PER_NAME_MAX).collect()),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err("the name was not resolved in time".to_owned()),
    }
}

async fn dial_address(
    inner: &Inner,
    peer: &AuthorityName,
    lane: Lane,
    address: SocketAddr,
) -> Result<Link, DialError> {
    let reason = Reason::default();
    let mut transport = match lane {
        Lane::Messages => socket::message_transport(&inner.limits),
        Lane::Bulk => socket::bulk_transport(&inner.limits),
    };
    if lane == Lane::Messages {
        transport.keep_alive_interval(Some(inner.limits.keep_alive));
    }
    // The other side of a dialled connection opens no streams: requests go the other way over its own.
    transport.max_concurrent_bidi_streams(quinn::VarInt::from_u32(0));
    let own_generation = inner.tls.own.generation();
    let mut config = ClientConfig::new(Arc::new(inner.tls.client(peer.clone(), reason.clone())));
    config.transport_config(Arc::new(transport));
    let connecting = inner
        .quinn
        .connect_with(config, address, peer.as_str())
        .map_err(|error| DialError::Other(error.to_string()))?;
    let connection = match timeout(inner.limits.handshake_timeout, connecting).await {
        Ok(Ok(connection)) => connection,
        Ok(Err(error)) => {
            return Err(reason
                .take()
                .map_or_else(|| DialError::Other(error.to_string()), DialError::Identity));
        }
        Err(_) => return Err(DialError::Other("no answer".to_owned())),
    };
    match inner.enter(&connection, &Role::Server(peer.clone())) {
        Ok((_, place)) => Ok(Link { connection, own_generation, _place: place }),
        Err(error) => {
            CloseCode::NotTrusted.close(&connection);
            Err(DialError::Identity(error))
        }
    }
}

/// Whether the other side ended the connection because of our certificate.
fn is_not_accepted(reason: &ConnectionError) -> bool {
    match reason {
        ConnectionError::ConnectionClosed(close) => {
            let code = u64::from(close.error_code);
            (TLS_ALERTS..TLS_ALERTS + 0x100).contains(&code)
        }
        ConnectionError::ApplicationClosed(close) => {
            close.error_code == CloseCode::NotTrusted.code()
                || close.error_code == CloseCode::Expired.code()
        }
        _ => false,
    }
}
