//! The UDP socket and the transport settings of all connections; accepts and dials nothing.

use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::time::Duration;

use quinn::{
    ConnectionId, ConnectionIdGenerator, EndpointConfig, IdleTimeout, MtuDiscoveryConfig,
    TransportConfig, VarInt,
};
use socket2::{Domain, Protocol, Socket, Type};

use crate::node::peer::certificate::OwnCertificate;
use crate::node::peer::limits::PeerLimits;
use crate::node::rng::{OsRng, random};

/// The length of quinn's own connection ids.
const CONNECTION_ID_BYTES: usize = 8;

/// Binds the socket and asks for large buffers: the usual 208 KiB lose about one packet in a hundred under load.
pub(crate) fn bind(listen: SocketAddr, limits: &PeerLimits) -> io::Result<UdpSocket> {
    let socket = Socket::new(Domain::for_address(listen), Type::DGRAM, Some(Protocol::UDP))?;
    if listen.is_ipv6() {
        socket.set_only_v6(false)?;
    }
    // A kernel that grants less, or nothing, still gives a working socket.
    let asked = limits.socket_buffer_bytes;
    let granted = socket.set_recv_buffer_size(asked).and_then(|()| socket.recv_buffer_size());
    let receive = granted.unwrap_or(0);
    let granted = socket.set_send_buffer_size(asked).and_then(|()| socket.send_buffer_size());
    let send = granted.unwrap_or(0);
    socket.bind(&listen.into())?;
    tracing::info!(
        listen = %listen,
        asked_bytes = asked,
        receive_bytes = receive,
        send_bytes = send,
        "peers are served over UDP"
    );
    if receive < asked {
        tracing::warn!(
            receive_bytes = receive,
            "the system grants a small UDP buffer; raise net.core.rmem_max for fast evidence transfers"
        );
    }
    Ok(socket.into())
}

/// The settings of the endpoint itself.
pub(crate) fn endpoint_config(own: &OwnCertificate, limits: &PeerLimits) -> EndpointConfig {
    let mut config = EndpointConfig::new(Arc::new(own.reset_key()));
    config.cid_generator(|| Box::new(RandomIds));
    // Below quinn's own 1,472 nothing is gained; QUIC forbids less than 1,200.
    let payload = limits.mtu_max.max(1472);
    config.max_udp_payload_size(payload).expect("the payload size is at least 1,200");
    config
}

/// Random connection ids. quinn's own ones carry the mark of the running endpoint, and packets without it are
/// dropped: a node that was started anew could not tell its peers that their connections are gone.
struct RandomIds;

impl ConnectionIdGenerator for RandomIds {
    fn generate_cid(&mut self) -> ConnectionId {
        ConnectionId::new(&random::<CONNECTION_ID_BYTES>(&OsRng))
    }

    fn cid_len(&self) -> usize {
        CONNECTION_ID_BYTES
    }

    fn cid_lifetime(&self) -> Option<Duration> {
        None
    }
}

/// The settings of a connection that is accepted, or dialled for messages.
pub(crate) fn message_transport(limits: &PeerLimits) -> TransportConfig {
    let mut transport = TransportConfig::default();
    let mut discovery = MtuDiscoveryConfig::default();
    discovery.upper_bound(limits.mtu_max);
    transport
        .max_concurrent_bidi_streams(VarInt::from_u32(limits.streams_max))
        .max_concurrent_uni_streams(VarInt::from_u32(0))
        .stream_receive_window(VarInt::from_u32(limits.stream_window_bytes))
        .receive_window(VarInt::from_u32(limits.receive_window_bytes))
        .send_window(limits.send_window_bytes.into())
        .datagram_receive_buffer_size(None)
        .max_idle_timeout(IdleTimeout::try_from(limits.idle_timeout).ok())
        .mtu_discovery_config(Some(discovery));
    transport
}

/// The settings of a connection that is dialled for blobs: a quarter of its window for one stream.
pub(crate) fn bulk_transport(limits: &PeerLimits) -> TransportConfig {
    let mut transport = message_transport(limits);
    transport
        .receive_window(VarInt::from_u32(limits.bulk_window_bytes))
        .stream_receive_window(VarInt::from_u32(limits.bulk_window_bytes / 4));
    transport
}
