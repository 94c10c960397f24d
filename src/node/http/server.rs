//! Accepts connections, over TCP with or without TLS and over a Unix socket, and ends in order; knows no route.
//!
//! Our own loop over hyper rather than a server crate: HTTP/2 stays off, connections are counted in all and by
//! address before anything is read, and the three kinds of listener share one code path.

use std::collections::HashMap;
use std::fs::{DirBuilder, Permissions};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::extract::ConnectInfo;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, UnixListener};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt as _;

/// Time for a TLS handshake and, each time, for a request's header.
const HEADER_TIMEOUT: Duration = Duration::from_secs(10);
/// Longest request header in bytes; also what one idle connection may hold.
const HEADER_BYTES_MAX: usize = 64 * 1024;
/// Pause after a failed accept, so that a lack of file descriptors does not become a busy loop.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Bounds on connections.
#[derive(Clone, Copy, Debug)]
pub struct Caps {
    /// Connections in all.
    pub connections_max: usize,
    /// Connections of one address.
    pub per_address_max: usize,
}

/// Serves over TCP until `stop`; returns when the requests in flight are answered.
pub async fn serve_tcp(
    listener: TcpListener,
    tls: Option<Arc<ServerConfig>>,
    app: Router,
    caps: Caps,
    stop: CancellationToken,
) {
    let places = Places::new(caps);
    let tracker = TaskTracker::new();
    let tls = tls.map(TlsAcceptor::from);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stop.cancelled() => break,
        };
        let Some((stream, address)) = pause_on_failure(accepted).await else { continue };
        let Some(place) = places.take(address.ip()) else {
            metrics::counter!("http_connections_refused_total").increment(1);
            continue;
        };
        let (app, stop, tls) = (app.clone(), stop.clone(), tls.clone());
        tracker.spawn(async move {
            let _place = place;
            let _ = stream.set_nodelay(true);
            match tls {
                None => converse(stream, Some(address), app, stop).await,
                Some(tls) => {
                    let handshake = tokio::time::timeout(HEADER_TIMEOUT, tls.accept(stream));
                    if let Ok(Ok(stream)) = handshake.await {
                        converse(stream, Some(address), app, stop).await;
                    }
                }
            }
        });
    }
    tracker.close();
    tracker.wait().await;
}

/// Serves over a Unix socket until `stop`; returns when the requests in flight are answered.
pub async fn serve_unix(listener: UnixListener, app: Router, stop: CancellationToken) {
    let tracker = TaskTracker::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stop.cancelled() => break,
        };
        let Some((stream, _)) = pause_on_failure(accepted).await else { continue };
        tracker.spawn(converse(stream, None, app.clone(), stop.clone()));
    }
    tracker.close();
    tracker.wait().await;
}

/// A Unix socket at `path` that its owner alone can reach (mode 0600), in place of one that a dead process left.
///
/// It is made in a folder of mode 0700 and moved, so that nobody can reach it before its mode is set.
/// The caller holds the lock of the data directory: no living process can own the old one.
///
/// # Errors
/// What the operating system says.
pub fn bind_unix(path: &Path) -> io::Result<UnixListener> {
    let folder = path.with_extension("making");
    if folder.exists() {
        std::fs::remove_dir_all(&folder)?;
    }
    DirBuilder::new().mode(0o700).create(&folder)?;
    let fresh = folder.join("s");
    let listener = UnixListener::bind(&fresh)?;
    std::fs::set_permissions(&fresh, Permissions::from_mode(0o600))?;
    std::fs::rename(&fresh, path)?;
    std::fs::remove_dir(&folder)?;
    Ok(listener)
}

async fn pause_on_failure<T>(accepted: io::Result<T>) -> Option<T> {
    match accepted {
        Ok(connection) => Some(connection),
        Err(error) => {
            tracing::warn!(%error, "a connection could not be accepted");
            tokio::time::sleep(ACCEPT_PAUSE).await;
            None
        }
    }
}

/// One connection from its first byte to its last; at `stop` it ends after the request in flight.
async fn converse(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    address: Option<SocketAddr>,
    app: Router,
    stop: CancellationToken,
) {
    let service = service_fn(move |mut request: hyper::Request<Incoming>| {
        if let Some(address) = address {
            request.extensions_mut().insert(ConnectInfo(address));
        }
        app.clone().oneshot(request)
    });
    let connection = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIMEOUT)
        .max_buf_size(HEADER_BYTES_MAX)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = std::pin::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended early");
    }
}

/// Who is connected, counted by address.
struct Places {
    caps: Caps,
    taken: Arc<Mutex<HashMap<IpAddr, usize>>>,
}

impl Places {
    fn new(caps: Caps) -> Self {
        Self { caps, taken: Arc::default() }
    }

    /// A place for one more connection of that address, given back when dropped.
    fn take(&self, address: IpAddr) -> Option<Place> {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let all: usize = taken.values().sum();
        let own = taken.get(&address).copied().unwrap_or(0);
        if all >= self.caps.connections_max || own >= self.caps.per_address_max {
            return None;
        }
        taken.insert(address, own + 1);
        Some(Place { address, taken: Arc::clone(&self.taken) })
    }
}

struct Place {
    address: IpAddr,
    taken: Arc<Mutex<HashMap<IpAddr, usize>>>,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = taken.get_mut(&self.address) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                taken.remove(&self.address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    #[test]
    fn a_place_is_counted_by_address_and_given_back() {
        let places = Places::new(Caps { connections_max: 3, per_address_max: 2 });
        let (a, b) = (IpAddr::from([10, 0, 0, 1]), IpAddr::from([10, 0, 0, 2]));
        let first = places.take(a).unwrap();
        let _second = places.take(a).unwrap();
        assert!(places.take(a).is_none(), "two of one address");
        let _third = places.take(b).unwrap();
        assert!(places.take(b).is_none(), "three in all");
        drop(first);
        assert!(places.take(b).is_some());
    }

    #[tokio::test]
    async fn a_unix_socket_is_its_owners_alone_and_replaces_a_dead_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("admin.sock");
        drop(bind_unix(&path).unwrap());
        let listener = bind_unix(&path).unwrap();
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        let stop = CancellationToken::new();
        let served = tokio::spawn(serve_unix(listener, Router::new(), stop.clone()));
        tokio::net::UnixStream::connect(&path).await.unwrap();
        stop.cancel();
        served.await.unwrap();
    }

    #[tokio::test]
    async fn a_request_in_flight_is_answered_before_the_end() {
        use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
        let stop = CancellationToken::new();
        let stopping = stop.clone();
        let answer = async move || {
            stopping.cancel();
            tokio::task::yield_now().await;
            "done"
        };
        let app = Router::new().route("/", axum::routing::get(answer));
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let caps = Caps { connections_max: 1, per_address_max: 1 };
        let served = tokio::spawn(serve_tcp(listener, None, app, caps, stop));
        let mut client = tokio::net::TcpStream::connect(address).await.unwrap();
        client.write_all(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
        let mut text = String::new();
        client.read_to_string(&mut text).await.unwrap();
        assert!(text.ends_with("done"), "{text}");
        served.await.unwrap();
    }
}
