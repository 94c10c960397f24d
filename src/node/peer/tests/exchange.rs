//! Two paired nodes ask and answer.

use std::sync::atomic::Ordering;

use tokio::io::AsyncReadExt;

use super::*;
use crate::domain::id::ObjectId;

fn range(blob: &str, offset: u64, length: u64) -> BlobRequest {
    BlobRequest { blob: blob.to_owned(), offset, length, about: ObjectId::from_random([1; 16]) }
}

#[tokio::test]
async fn every_method_has_its_answer() {
    let (xa, xb) = pair();
    let (courier, to) = (&xa.courier, &xb.name);
    let hello = courier.hello(to).await.unwrap();
    assert_eq!((hello.minor, hello.card_version), (1, 3));
    assert_eq!(hello.features, ["bao"]);

    // The handler is told the name in the certificate, not one that the message claims.
    let answers = courier.deliver(to, &statement("fact")).await.unwrap();
    let expected = Bytes::from_static(b"customs.xa.examplefact");
    assert_eq!(answers, [ItemAnswer::Receipt(expected)]);
    let answers = courier.deliver(to, &statement("later")).await.unwrap();
    assert_eq!(answers, [ItemAnswer::Later { reason: LaterReason::PredecessorMissing }]);

    let item = AnchorItem { statement: [1; 32], index: 5, path: vec![[2; 32]; 3] };
    let mut anchors = Anchors { checkpoint: Bytes::from_static(b"note"), items: vec![item] };
    courier.anchors(to, &anchors).await.unwrap();
    anchors.items.clear();
    let refused = courier.anchors(to, &anchors).await.unwrap_err();
    assert_eq!(refused.class(), SendErrorClass::Refused);

    courier.push_card(to, Bytes::from_static(b"mine")).await.unwrap();
    assert_eq!(courier.query_card(to).await.unwrap(), &b"a card"[..]);
    let witness = courier.add_checkpoint(to, Bytes::from_static(b"old 1")).await.unwrap();
    assert_eq!(witness, WitnessAnswer { status: 409, body: Bytes::from_static(b"old 1") });
    let known = courier.witness_state(to, "customs.xa.example/log/2026").await.unwrap();
    assert_eq!(known, Some(Bytes::from_static(b"a note")));
    assert_eq!(courier.witness_state(to, "other").await.unwrap(), None);
    // One connection did it all: it began with one hello, and one was asked for.
    assert_eq!(xb.desk.asked.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn both_nodes_dial_each_other_over_one_socket_each() {
    let (xa, xb) = pair();
    let (there, back) = tokio::join!(xa.courier.hello(&xb.name), xb.courier.hello(&xa.name));
    assert!(there.is_ok() && back.is_ok());
}

#[tokio::test]
async fn a_blob_is_read_by_range() {
    let (xa, xb) = pair();
    for (offset, length) in [(0, BLOB_BYTES), (5_000_000, 1_000_000), (BLOB_BYTES - 7, 100), (9, 0)]
    {
        let blob = xa.courier.blob(&xb.name, &range("b", offset, length)).await.unwrap();
        let end = (offset + length).min(BLOB_BYTES);
        assert_eq!((blob.size, blob.length), (BLOB_BYTES, end - offset));
        let (mut bytes, mut reader) = (Vec::new(), blob.reader);
        reader.read_to_end(&mut bytes).await.unwrap();
        assert!(bytes == blob_bytes(offset..end), "{offset} {length}");
    }
}

#[tokio::test]
async fn a_blob_that_ends_early_is_an_error_and_not_a_short_file() {
    let (xa, xb) = pair();
    // The end of the stream may overtake its beginning; either way there is an error.
    if let Ok(blob) = xa.courier.blob(&xb.name, &range("broken", 0, 100)).await {
        let (mut bytes, mut reader) = (Vec::new(), blob.reader);
        assert!(reader.read_to_end(&mut bytes).await.is_err());
    }
    // The connection goes on.
    assert!(xa.courier.blob(&xb.name, &range("b", 0, 100)).await.is_ok());
    assert_eq!(xb.desk.asked.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_blob_that_stands_still_is_given_up() {
    let impatient = PeerLimits { blob_grace: Duration::from_millis(200), ..limits() };
    let xa = Node::start("customs.xa.example", impatient);
    let xb = Node::start("customs.xb.example", limits());
    xa.trust.insert(&xb.name, xb.card());
    xb.trust.insert(&xa.name, xa.card());
    let blob = xa.courier.blob(&xb.name, &range("stalled", 0, 100)).await.unwrap();
    let (mut bytes, mut reader) = (Vec::new(), blob.reader);
    let error = reader.read_to_end(&mut bytes).await.unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::TimedOut);
    assert_eq!(bytes, b"a few bytes");
}

#[tokio::test]
async fn many_requests_are_in_flight_at_once() {
    let (xa, xb) = pair();
    let xa = Arc::new(xa);
    let mut asking = tokio::task::JoinSet::new();
    for _ in 0..256 {
        let (xa, to) = (Arc::clone(&xa), xb.name.clone());
        asking.spawn(async move { xa.courier.deliver(&to, &statement("fact")).await.is_ok() });
    }
    assert!(asking.join_all().await.into_iter().all(|answered| answered));
    assert_eq!(xb.desk.asked.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_panic_in_a_handler_ends_one_request_and_nothing_else() {
    let (xa, xb) = pair();
    let error = xa.courier.deliver(&xb.name, &statement("panic")).await.unwrap_err();
    let SendError::Refused { refusal, .. } = &error else { panic!("{error}") };
    assert_eq!(refusal.code, RefusalCode::Internal);
    assert_eq!(error.class(), SendErrorClass::Retry);
    assert!(xa.courier.deliver(&xb.name, &statement("fact")).await.is_ok());
    assert_eq!(xb.desk.asked.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_new_certificate_is_shown_on_the_next_request_without_a_failed_one() {
    let (xa, xb) = pair();
    xa.courier.hello(&xb.name).await.unwrap();
    let leaf = xa.ca.leaf(vec![dns("customs.xa.example")], -10, 7200);
    xa.own.replace(leaf.chain, leaf.key).unwrap();
    xa.courier.hello(&xb.name).await.unwrap();
    // The old certificate's end does not touch the new connection.
    for node in [&xa, &xb] {
        node.clock.advance_secs(3500);
    }
    let foreign = xa.ca.good("customs.xz.example");
    let error = xa.own.replace(foreign.chain, foreign.key).unwrap_err();
    assert!(matches!(error, OwnCertificateError::OtherAuthority { .. }));
    xa.courier.hello(&xb.name).await.unwrap();
    assert_eq!(xb.desk.asked.load(Ordering::SeqCst), 5);
}

#[tokio::test]
async fn the_addresses_of_a_card_are_tried_in_order() {
    let (xa, xb) = pair();
    let silent = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let mut card = xb.card();
    card.addresses.insert(0, silent.local_addr().unwrap().to_string());
    card.addresses.insert(0, "no address".to_owned());
    xa.trust.insert(&xb.name, card.clone());
    xa.courier.hello(&xb.name).await.unwrap();

    card.addresses.pop();
    xb.endpoint.shutdown().await;
    xa.trust.insert(&xb.name, card);
    let error = xa.courier.hello(&xb.name).await.unwrap_err();
    assert!(matches!(error, SendError::Unreachable { .. }), "{error}");
    assert_eq!(error.class(), SendErrorClass::Retry);
}

#[tokio::test]
async fn a_peer_that_crashed_and_came_back_is_reached_without_an_error() {
    let xa = Node::start("customs.xa.example", limits());
    let doomed = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let xb = {
        let _guard = doomed.enter();
        Node::start("customs.xb.example", limits())
    };
    xa.trust.insert(&xb.name, xb.card());
    xb.trust.insert(&xa.name, xa.card());
    xa.courier.hello(&xb.name).await.unwrap();

    // Everything of the node ends without a word to its peers, as after SIGKILL.
    doomed.shutdown_background();
    let address = xb.address();
    let Node { endpoint, courier, trust, own, clock, name: to, .. } = xb;
    drop((endpoint, courier));
    let again = async {
        loop {
            let bound = Endpoint::bind(EndpointSetup {
                listen: address,
                limits: limits(),
                trust: Arc::clone(&trust),
                own: Arc::clone(&own),
                clock: Arc::<ManualClock>::clone(&clock),
            });
            match bound {
                Ok(bound) => return bound,
                Err(_) => tokio::time::sleep(Duration::from_millis(5)).await,
            }
        }
    };
    let bound = tokio::time::timeout(Duration::from_secs(5), again).await.unwrap();
    let desk = Arc::new(Desk::default());
    let inbound = Arc::clone(&desk);
    tokio::spawn(async move { bound.run(inbound).await });
    // Told by a stateless reset that its connection is gone, the courier dials again within the same request.
    xa.courier.deliver(&to, &statement("fact")).await.unwrap();
    assert_eq!(desk.asked.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_port_in_use_is_named() {
    let node = Node::start("customs.xa.example", limits());
    let error = Endpoint::bind(EndpointSetup {
        listen: node.address(),
        limits: limits(),
        trust: Arc::clone(&node.trust),
        own: Arc::clone(&node.own),
        clock: Arc::<ManualClock>::clone(&node.clock),
    })
    .unwrap_err();
    assert!(matches!(error, BindError::InUse(_)));
    assert!(error.to_string().contains(&node.address().port().to_string()));
}
