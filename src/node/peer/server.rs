//! The node's QUIC endpoint: binds, accepts paired authorities, judges live connections, stops; understands no request.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Weak};

use quinn::{Connection, Incoming, ServerConfig, TokioRuntime};
use rustls::pki_types::CertificateDer;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::{JoinError, JoinSet};
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};
use tokio_util::sync::CancellationToken;

use crate::node::clock::Clock;
use crate::node::peer::certificate::OwnCertificate;
use crate::node::peer::close::CloseCode;
use crate::node::peer::inbound::Inbound;
use crate::node::peer::judge::{Judge, JudgeError, Judged, Role};
use crate::node::peer::limits::PeerLimits;
use crate::node::peer::live::{Live, Place};
use crate::node::peer::socket;
use crate::node::peer::streams::{self, Caller};
use crate::node::peer::tls::{Reason, Tls, provider};
use crate::node::peer::trust::PeerTrust;
use crate::node::throttle::Throttle;

/// What an endpoint is made of.
pub struct EndpointSetup {
    /// Where to listen; also the address that is dialled from.
    pub listen: SocketAddr,
    /// What peers are granted.
    pub limits: PeerLimits,
    /// Who is paired.
    pub trust: Arc<PeerTrust>,
    /// The node's own certificate.
    pub own: Arc<OwnCertificate>,
    /// The node's clock, by which certificates are judged.
    pub clock: Arc<dyn Clock>,
}

/// The node's place on the network. Clones are the same endpoint.
#[derive(Clone)]
pub struct Endpoint {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) quinn: quinn::Endpoint,
    pub(crate) limits: PeerLimits,
    pub(crate) tls: Tls,
    pub(crate) live: Arc<Live>,
    throttle: Throttle,
    stop: CancellationToken,
}

/// Why the endpoint cannot start.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// Somebody else has the port.
    #[error("UDP port {} (peer.listen) is in use: stop the other program or change peer.listen in the configuration", .0.port())]
    InUse(SocketAddr),
    /// The address cannot be bound.
    #[error("cannot listen for peers on UDP {address} (peer.listen): {source}")]
    Socket {
        /// The address.
        address: SocketAddr,
        /// The system's reason.
        source: io::Error,
    },
}

impl Endpoint {
    /// Binds the socket and begins to judge live connections; accepts nothing before [`Endpoint::run`].
    /// To be called within a tokio runtime.
    ///
    /// # Errors
    /// If the address cannot be bound.
    pub fn bind(setup: EndpointSetup) -> Result<Self, BindError> {
        let EndpointSetup { listen, limits, trust, own, clock } = setup;
        let refused = |source: io::Error| match source.kind() {
            io::ErrorKind::AddrInUse => BindError::InUse(listen),
            _ => BindError::Socket { address: listen, source },
        };
        let udp = socket::bind(listen, &limits).map_err(refused)?;
        let config = socket::endpoint_config(&own, &limits);
        let quinn =
            quinn::Endpoint::new(config, None, udp, Arc::new(TokioRuntime)).map_err(refused)?;
        let judge = Arc::new(Judge::new(trust, provider()));
        let inner = Arc::new(Inner {
            quinn,
            live: Arc::new(Live::new(&limits)),
            throttle: Throttle::new(limits.failures_per_prefix_max),
            limits,
            tls: Tls { judge, own, clock },
            stop: CancellationToken::new(),
        });
        tokio::spawn(judge_again(Arc::downgrade(&inner), inner.stop.clone()));
        Ok(Self { inner })
    }

    /// The address that the socket has.
    ///
    /// # Errors
    /// If the system does not tell.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.inner.quinn.local_addr()
    }

    /// Accepts peers and hands their requests to `inbound`, until [`Endpoint::shutdown`].
    pub async fn run(&self, inbound: Arc<dyn Inbound>) {
        let inner = &self.inner;
        let template = inner.server_template();
        inner.quinn.set_server_config(Some(template.clone()));
        let handshakes = Arc::new(Semaphore::new(inner.limits.handshakes_max));
        let requests_kib = Arc::new(Semaphore::new(inner.limits.request_bytes_max / 1024));
        let mut connections = JoinSet::new();
        loop {
            tokio::select! {
                () = inner.stop.cancelled() => break,
                Some(ended) = connections.join_next(), if !connections.is_empty() => note(ended),
                incoming = inner.quinn.accept() => {
                    let Some(incoming) = incoming else { break };
                    let Some((incoming, permit)) = inner.admit(incoming, &handshakes) else {
                        continue;
                    };
                    let acceptance = Acceptance {
                        inner: Arc::clone(inner),
                        inbound: Arc::clone(&inbound),
                        requests_kib: Arc::clone(&requests_kib),
                    };
                    connections.spawn(acceptance.connection(incoming, template.clone(), permit));
                }
            }
        }
        inner.live.close_all(CloseCode::ShuttingDown);
        let drain = async { while connections.join_next().await.is_some() {} };
        if timeout(inner.limits.drain_timeout, drain).await.is_err() {
            connections.shutdown().await;
        }
    }

    /// Ends all connections and [`Endpoint::run`], and waits until peers were told.
    pub async fn shutdown(&self) {
        let inner = &self.inner;
        inner.stop.cancel();
        inner.live.close_all(CloseCode::ShuttingDown);
        let code = CloseCode::ShuttingDown;
        inner.quinn.close(code.code(), code.as_str().as_bytes());
        // What the other side never acknowledges must not hold up the end of the node.
        if timeout(inner.limits.handshake_timeout, inner.quinn.wait_idle()).await.is_err() {
            tracing::debug!("some peers did not acknowledge the end of their connection");
        }
    }
}

impl std::fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Endpoint").field("quinn", &self.inner.quinn).finish_non_exhaustive()
    }
}

impl Inner {
    /// The settings of the accepting side; each handshake gets its own verifier in its place.
    fn server_template(&self) -> ServerConfig {
        let crypto = Arc::new(self.tls.server(Reason::default()));
        let mut config = ServerConfig::with_crypto(crypto);
        config
            .transport_config(Arc::new(socket::message_transport(&self.limits)))
            .migration(false)
            .max_incoming(self.limits.incoming_max)
            .incoming_buffer_size(PeerLimits::INCOMING_BYTES_EACH_MAX)
            .incoming_buffer_size_total(PeerLimits::INCOMING_BYTES_MAX);
        config
    }

    /// Decides, before anything is computed for it, whether a connection attempt is looked at.
    fn admit(
        &self,
        incoming: Incoming,
        handshakes: &Arc<Semaphore>,
    ) -> Option<(Incoming, OwnedSemaphorePermit)> {
        if !incoming.remote_address_validated() {
            // An address that was not shown to be the sender's gets no more than it sent.
            if incoming.retry().is_err() {
                tracing::debug!("an address could not be asked to prove itself");
            }
            return None;
        }
        let address = incoming.remote_address();
        if self.throttle.blocked_for(address.ip(), Instant::now()).is_some() {
            metrics::counter!("sealane_peer_handshakes_throttled_total").increment(1);
            incoming.ignore();
            return None;
        }
        let permit = Arc::clone(handshakes).try_acquire_owned().ok();
        if self.live.accepted() >= self.limits.connections_max || permit.is_none() {
            metrics::counter!("sealane_peer_connections_refused_total").increment(1);
            incoming.refuse();
            return None;
        }
        permit.map(|permit| (incoming, permit))
    }

    /// Judges the chain of a connection that completed its handshake and enters it among the live ones.
    pub(crate) fn enter(
        &self,
        connection: &Connection,
        role: &Role,
    ) -> Result<(Judged, Place), JudgeError> {
        let chain: Arc<[CertificateDer<'static>]> = connection
            .peer_identity()
            .and_then(|identity| identity.downcast::<Vec<CertificateDer<'static>>>().ok())
            .ok_or(JudgeError::NoCertificate)?
            .as_slice()
            .into();
        loop {
            let generation = self.tls.judge.trust().generation();
            let judged = self.tls.judge.judge(&chain, role, self.tls.clock.now())?;
            let place =
                self.live.enter(connection, Arc::clone(&chain), role.clone(), judged.clone());
            // A change between the judgement and the entry was not seen by the one who looks after the entries.
            if self.tls.judge.trust().generation() == generation {
                return Ok((judged, place));
            }
        }
    }
}

/// What one accepted connection needs of the endpoint.
struct Acceptance {
    inner: Arc<Inner>,
    inbound: Arc<dyn Inbound>,
    requests_kib: Arc<Semaphore>,
}

impl Acceptance {
    async fn connection(
        self,
        incoming: Incoming,
        mut config: ServerConfig,
        handshake: OwnedSemaphorePermit,
    ) {
        let address = incoming.remote_address();
        let reason = Reason::default();
        config.crypto = Arc::new(self.inner.tls.server(reason.clone()));
        let connecting = match incoming.accept_with(Arc::new(config)) {
            Ok(connecting) => connecting,
            Err(error) => return self.failed(address, &error.to_string()),
        };
        let limit = self.inner.limits.handshake_timeout;
        let connection = match timeout(limit, connecting).await {
            Ok(Ok(connection)) => connection,
            Ok(Err(error)) => {
                let why = reason.take().map_or_else(|| error.to_string(), |why| why.to_string());
                return self.failed(address, &why);
            }
            Err(_) => return self.failed(address, "the handshake took too long"),
        };
        drop(handshake);
        let (judged, place) = match self.inner.enter(&connection, &Role::Client) {
            Ok(entered) => entered,
            Err(error) => {
                CloseCode::NotTrusted.close(&connection);
                return self.failed(address, &error.to_string());
            }
        };
        tracing::debug!(peer.authority = %judged.authority, address = %address, "a peer connected");
        metrics::counter!("sealane_peer_connections_accepted_total").increment(1);
        let caller = Caller {
            budget_kib: self.inner.live.budget(&judged.authority),
            authority: judged.authority,
            requests_kib: self.requests_kib,
            limits: self.inner.limits.clone(),
        };
        streams::serve(connection, Arc::new(caller), self.inbound).await;
        drop(place);
    }

    fn failed(&self, address: SocketAddr, why: &str) {
        self.inner.throttle.failed(address.ip(), Instant::now());
        metrics::counter!("sealane_peer_handshakes_failed_total").increment(1);
        tracing::warn!(address = %address, reason = %why, "a connection was refused");
    }
}

/// Looks at the live connections when trust changes and at an interval, as long as the endpoint is there.
async fn judge_again(inner: Weak<Inner>, stop: CancellationToken) {
    let Some((mut changes, period)) = inner
        .upgrade()
        .map(|inner| (inner.tls.judge.trust().subscribe(), inner.limits.judge_interval))
    else {
        return;
    };
    let mut ticks = interval(period);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            told = changes.changed() => if told.is_err() { return },
            _ = ticks.tick() => {}
        }
        let Some(inner) = inner.upgrade() else { return };
        inner.live.judge(&inner.tls.judge, inner.tls.clock.now());
    }
}

fn note(ended: Result<(), JoinError>) {
    if let Err(error) = ended
        && error.is_panic()
    {
        metrics::counter!("sealane_peer_panics_total").increment(1);
        tracing::error!(error = %error, "a connection's task panicked; the endpoint goes on");
    }
}
