//! A paired peer that misbehaves costs the node little and the other peers nothing.

use quinn::{Connection, RecvStream, SendStream};
use tokio::time::{sleep, timeout};

use super::*;
use crate::node::peer::dial::{Lane, Link};
use crate::node::peer::frame::{Deadlines, read_frame};
use crate::node::peer::message::{Answer, Request, kind};

const PATIENCE: Deadlines =
    Deadlines { head: Duration::from_secs(5), whole: Duration::from_secs(5) };

/// A connection of `xa` to `xb` on which anything can be written.
async fn connection(xa: &Node, xb: &Node) -> (Link, Connection) {
    let link = Link::dial(&xa.endpoint.inner, &xb.name, Lane::Messages).await.unwrap();
    let connection = link.connection().clone();
    (link, connection)
}

async fn send(connection: &Connection, bytes: &[u8]) -> (SendStream, RecvStream) {
    let (mut send, receive) = connection.open_bi().await.unwrap();
    send.write_all(bytes).await.unwrap();
    (send, receive)
}

async fn refusal(receive: &mut RecvStream) -> RefusalCode {
    let frame = read_frame(receive, PATIENCE).await.unwrap();
    match Answer::from_frame(&frame).unwrap() {
        Answer::Refusal(refusal) => refusal.code,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_frame_that_is_too_long_is_refused_by_its_head() {
    let (xa, xb) = pair();
    let (_link, connection) = connection(&xa, &xb).await;
    for length in [1_048_577, u32::MAX] {
        let head = [&length.to_be_bytes()[..], &[kind::DELIVER]].concat();
        let (_send, mut receive) = send(&connection, &head).await;
        assert_eq!(refusal(&mut receive).await, RefusalCode::TooLarge);
    }
    assert!(xa.courier.hello(&xb.name).await.is_ok());
}

#[tokio::test]
async fn an_unknown_frame_type_is_refused_and_the_connection_goes_on() {
    let (xa, xb) = pair();
    let (_link, connection) = connection(&xa, &xb).await;
    for _ in 0..40 {
        let (_send, mut receive) = send(&connection, &[0, 0, 0, 1, 0x60, 0xa0]).await;
        assert_eq!(refusal(&mut receive).await, RefusalCode::UnknownMethod);
    }
    let [head, body] = Request::CardQuery.to_frame().unwrap().into_parts();
    let (_send, mut receive) = send(&connection, &[head, body].concat()).await;
    let frame = read_frame(&mut receive, PATIENCE).await.unwrap();
    assert_eq!(Answer::from_frame(&frame), Ok(Answer::Card(Bytes::from_static(b"a card"))));
}

#[tokio::test]
async fn a_peer_that_sends_only_broken_messages_loses_its_connection() {
    let (xa, xb) = pair_with(PeerLimits { faults_max: 4, ..limits() });
    let (_link, connection) = connection(&xa, &xb).await;
    for _ in 0..5 {
        let (_send, mut receive) = send(&connection, &[0, 0, 0, 1, kind::DELIVER, 0xff]).await;
        // The fifth answer may be overtaken by the end of the connection.
        let _ = timeout(Duration::from_secs(5), receive.read_to_end(2000)).await.unwrap();
    }
    let reason = timeout(Duration::from_secs(5), connection.closed()).await.unwrap();
    let quinn::ConnectionError::ApplicationClosed(close) = reason else { panic!("{reason}") };
    assert_eq!(close.error_code, CloseCode::Protocol.code());
    assert!(xa.courier.hello(&xb.name).await.is_ok());
}

#[tokio::test]
async fn a_slow_drip_is_cut_off() {
    let (xa, xb) = pair();
    let (_link, connection) = connection(&xa, &xb).await;
    // A head that never comes to its end, and a body that comes byte by byte.
    let (_half, mut stalled) = send(&connection, &[0, 0]).await;
    let (mut dripping, mut receive) = send(&connection, &[0, 0, 0x10, 0, kind::DELIVER]).await;
    let drip = tokio::spawn(async move {
        while dripping.write_all(&[0]).await.is_ok() {
            sleep(Duration::from_millis(20)).await;
        }
    });
    assert_eq!(refusal(&mut stalled).await, RefusalCode::Malformed);
    assert_eq!(refusal(&mut receive).await, RefusalCode::Malformed);
    timeout(Duration::from_secs(5), drip).await.unwrap().unwrap();
    assert!(xa.courier.hello(&xb.name).await.is_ok());
}

#[tokio::test]
async fn requests_of_one_peer_take_a_bounded_share_of_memory() {
    let limits = PeerLimits { request_bytes_per_peer_max: 1024 * 1024, ..limits() };
    let (xa, xb) = pair_with(limits);
    let (_link, connection) = connection(&xa, &xb).await;
    let head = [0, 0x10, 0, 0, kind::DELIVER];
    let (_first, _receive) = send(&connection, &head).await;
    let (_second, mut receive) = send(&connection, &head).await;
    assert_eq!(refusal(&mut receive).await, RefusalCode::Busy);
}

#[tokio::test]
async fn a_further_connection_of_a_peer_takes_the_place_of_its_oldest() {
    let (xa, xb) = pair_with(PeerLimits { connections_per_peer_max: 2, ..limits() });
    let (_first_link, first) = connection(&xa, &xb).await;
    let (_second_link, second) = connection(&xa, &xb).await;
    let (_third_link, third) = connection(&xa, &xb).await;
    let reason = timeout(Duration::from_secs(5), first.closed()).await.unwrap();
    let quinn::ConnectionError::ApplicationClosed(close) = reason else { panic!("{reason}") };
    assert_eq!(close.error_code, CloseCode::Replaced.code());
    assert!(second.close_reason().is_none() && third.close_reason().is_none());
}

#[tokio::test]
async fn a_network_whose_handshakes_keep_failing_is_not_answered() {
    let (xa, xb) = pair_with(PeerLimits {
        failures_per_prefix_max: 3,
        handshake_timeout: Duration::from_millis(500),
        ..limits()
    });
    xb.trust.remove(&xa.name);
    for _ in 0..3 {
        let error = xa.courier.hello(&xb.name).await.unwrap_err();
        assert!(matches!(error, SendError::NotAccepted { .. }), "{error}");
    }
    let error = xa.courier.hello(&xb.name).await.unwrap_err();
    assert!(matches!(error, SendError::Unreachable { .. }), "{error}");
}

#[tokio::test]
async fn shutdown_tells_the_peers_and_ends_the_accept_loop() {
    let (xa, xb) = pair();
    let (_link, connection) = connection(&xa, &xb).await;
    // An answer shows that the other side has completed the handshake too.
    let (_send, mut receive) = send(&connection, &[0, 0, 0, 1, 0x60, 0xa0]).await;
    refusal(&mut receive).await;
    timeout(Duration::from_secs(5), xb.endpoint.shutdown()).await.unwrap();
    let reason = timeout(Duration::from_secs(5), connection.closed()).await.unwrap();
    let quinn::ConnectionError::ApplicationClosed(close) = reason else { panic!("{reason}") };
    assert_eq!(close.error_code, CloseCode::ShuttingDown.code());
}
