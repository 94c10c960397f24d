//! What the node listens on over TCP and on the local socket, each with its routes; the peers' UDP is the exchange's.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::node::casework::Desk;
use crate::node::config::Config;
use crate::node::http::health::Readiness;
use crate::node::http::pace::{Pace, Paces};
use crate::node::http::pairing::Pairing;
use crate::node::http::server::{Caps, bind_unix, serve_tcp, serve_unix};
use crate::node::http::witness::CheckpointWitness;
use crate::node::http::{ApiState, Bounds, Router, admin, frame, health, router};
use crate::node::running::Addresses;
use crate::node::start::{self, ListenError, StartError};

/// How often metrics are tidied.
const METRICS_PAUSE: Duration = Duration::from_secs(5);

/// What the routes speak to.
pub(super) struct Listeners<'a> {
    pub(super) config: &'a Config,
    pub(super) desk: Arc<Desk>,
    pub(super) readiness: Arc<dyn Readiness>,
    pub(super) pairing: Arc<dyn Pairing>,
    pub(super) witness: Arc<dyn CheckpointWitness>,
}

impl Listeners<'_> {
    /// Binds everything, then serves until `stop`; `peers` is where the exchange listens.
    pub(super) async fn serve(
        self,
        tasks: &TaskTracker,
        stop: &CancellationToken,
        peers: io::Result<SocketAddr>,
    ) -> Result<Addresses, StartError> {
        let config = self.config;
        let metrics = start::process_metrics()?;
        let tls = start::api_tls(config)?;
        let http = start::listen(config.http.listen, "http.listen").await?;
        let management = start::listen(config.management.listen, "management.listen").await?;
        let socket = config.admin_socket();
        let local = bind_unix(&socket)
            .map_err(|source| ListenError::Socket { path: socket.clone(), source })?;
        let bound = |setting, address: io::Result<SocketAddr>, asked| {
            address.map_err(|source| ListenError::Refused { address: asked, setting, source })
        };
        let addresses = Addresses {
            peers: bound("peer.listen", peers, config.peer.listen)?,
            http: bound("http.listen", http.local_addr(), config.http.listen)?,
            management: bound(
                "management.listen",
                management.local_addr(),
                config.management.listen,
            )?,
        };
        let caps = Caps {
            connections_max: config.limits.http_connections_max,
            per_address_max: config.limits.http_connections_per_address_max,
        };
        let health = health::routes(Arc::clone(&self.readiness), metrics.clone());
        let health = frame(health, Router::new(), self.bounds());
        tasks.spawn(serve_tcp(http, tls, self.api(), caps, stop.clone()));
        tasks.spawn(serve_tcp(management, None, health, caps, stop.clone()));
        tasks.spawn(serve_unix(local, self.administration(), stop.clone()));
        let (stopped, room) = (stop.clone(), self.desk.room.clone());
        tasks.spawn(async move {
            while timeout(METRICS_PAUSE, stopped.cancelled()).await.is_err() {
                metrics.tidy();
                // Looking keeps the gauge of free space up to date.
                drop(room.lacks());
            }
        });
        Ok(addresses)
    }

    fn bounds(&self) -> Bounds {
        let limits = &self.config.limits;
        Bounds {
            body_bytes_max: limits.body_bytes_max,
            timeout: Duration::from_secs(limits.request_timeout_secs),
        }
    }

    fn api(&self) -> Router {
        let data = &self.config.node.data_dir;
        let state = ApiState {
            desk: Arc::clone(&self.desk),
            witness: Arc::clone(&self.witness),
            log_folder: data.join("log"),
            public_log: self.config.http.public_log,
            evidence_bytes_max: self.config.limits.evidence_bytes_max,
            pace: Arc::new(Pace::new(Paces {
                token_requests_per_sec: self.config.limits.token_requests_per_sec,
                sign_in_failures_per_min: self.config.limits.sign_in_failures_per_min,
            })),
            packs_folder: data.join("packs"),
        };
        router(state, self.bounds())
    }

    fn administration(&self) -> Router {
        let (desk, pairing) = (Arc::clone(&self.desk), Arc::clone(&self.pairing));
        let routes = admin::routes(desk, pairing, Arc::clone(&self.readiness));
        frame(routes, Router::new(), self.bounds())
    }
}
