//! What a node grants its peers: sizes, counts and times; sets no limit on what a case may contain.

use std::time::Duration;

/// The bounds of the exchange.
///
/// What peers can make a node hold is at most [`PeerLimits::memory_bytes_max`]: for each connection QUIC's receive
/// window and send window, for each bulk connection that this node dials its larger window, and once the requests
/// that are being read or answered and the buffers for connections not accepted yet. With the defaults that is
/// 256 x (2 + 4) MiB + 64 MiB + 8 MiB, reached only if every allowed connection fills its windows.
#[derive(Clone, Debug)]
pub struct PeerLimits {
    /// Connections that others may hold open.
    pub connections_max: usize,
    /// Connections that one peer may hold open; a further one replaces the oldest.
    pub connections_per_peer_max: usize,
    /// Handshakes that may run at the same time.
    pub handshakes_max: usize,
    /// Connection attempts that wait to be looked at.
    pub incoming_max: usize,
    /// Failed handshakes within a minute after which a network (/24, /56) is not answered for a minute.
    pub failures_per_prefix_max: u32,
    /// Requests that a peer may have open on one connection.
    pub streams_max: u32,
    /// Bytes of a stream that may be under way.
    pub stream_window_bytes: u32,
    /// Bytes of a connection for messages that may be under way to us.
    pub receive_window_bytes: u32,
    /// Bytes of a connection for blobs that may be under way to us.
    pub bulk_window_bytes: u32,
    /// Bytes of a connection that may be under way from us.
    pub send_window_bytes: u32,
    /// Bytes of requests of all peers that are read or answered at the same time.
    pub request_bytes_max: usize,
    /// Bytes of requests of one peer that are read or answered at the same time.
    pub request_bytes_per_peer_max: usize,
    /// Broken messages on a connection after which it is closed.
    pub faults_max: u32,
    /// A handshake has to end within this time.
    pub handshake_timeout: Duration,
    /// The head of a request has to arrive within this time.
    pub head_timeout: Duration,
    /// A whole message, its head included, has to arrive, or to be taken, within this time.
    pub message_timeout: Duration,
    /// An answer has to come within this time.
    pub answer_timeout: Duration,
    /// The rate that a blob must not fall below, in bytes a second.
    pub blob_rate_min: u32,
    /// How long a blob may stand still before the rate is looked at.
    pub blob_grace: Duration,
    /// A connection without traffic ends after this time.
    pub idle_timeout: Duration,
    /// The dialling side keeps a connection for messages alive at this interval.
    pub keep_alive: Duration,
    /// How often live connections are looked at for expired certificates.
    pub judge_interval: Duration,
    /// How long handlers may go on when their connection or the node ends.
    pub drain_timeout: Duration,
    /// After a failed dial the same peer is not dialled again within this time.
    pub redial_pause: Duration,
    /// The largest UDP payload that path discovery tries. Not above 6,500: larger ones are lost silently with
    /// segmentation offload.
    pub mtu_max: u16,
    /// The size that is asked for the buffers of the UDP socket.
    pub socket_buffer_bytes: usize,
}

const MIB: u32 = 1024 * 1024;
const MIB_SIZE: usize = 1024 * 1024;

impl Default for PeerLimits {
    fn default() -> Self {
        Self {
            connections_max: 256,
            connections_per_peer_max: 4,
            handshakes_max: 64,
            incoming_max: 1024,
            failures_per_prefix_max: 240,
            streams_max: 32,
            stream_window_bytes: 256 * 1024,
            receive_window_bytes: 2 * MIB,
            bulk_window_bytes: 16 * MIB,
            send_window_bytes: 4 * MIB,
            request_bytes_max: 64 * MIB_SIZE,
            request_bytes_per_peer_max: 8 * MIB_SIZE,
            faults_max: 16,
            handshake_timeout: Duration::from_secs(5),
            head_timeout: Duration::from_secs(5),
            message_timeout: Duration::from_mins(1),
            answer_timeout: Duration::from_mins(1),
            blob_rate_min: 1024,
            blob_grace: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(25),
            keep_alive: Duration::from_secs(5),
            judge_interval: Duration::from_secs(2),
            drain_timeout: Duration::from_secs(10),
            redial_pause: Duration::from_millis(500),
            mtu_max: 1452,
            socket_buffer_bytes: 4 * MIB_SIZE,
        }
    }
}

impl PeerLimits {
    /// The buffers for connection attempts that wait, altogether.
    pub(crate) const INCOMING_BYTES_MAX: u64 = 8 * 1024 * 1024;
    /// The buffer for one connection attempt that waits.
    pub(crate) const INCOMING_BYTES_EACH_MAX: u64 = 64 * 1024;

    /// The most that peers can make the node hold, with one bulk connection dialled to each of `peers`.
    #[must_use]
    pub fn memory_bytes_max(&self, peers: usize) -> usize {
        let window = |bytes: u32| usize::try_from(bytes).unwrap_or(usize::MAX);
        let connection = window(self.receive_window_bytes) + window(self.send_window_bytes);
        let dialled = connection + window(self.bulk_window_bytes) + window(self.send_window_bytes);
        self.connections_max
            .saturating_mul(connection)
            .saturating_add(peers.saturating_mul(dialled))
            .saturating_add(self.request_bytes_max)
            .saturating_add(MIB_SIZE * 8)
    }
}
