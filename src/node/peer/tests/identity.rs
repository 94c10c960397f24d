//! Who is let in: each bad identity is refused before the first byte of a request, on both sides, and a live
//! connection ends when its certificate or the trust in it does.

use std::sync::atomic::Ordering;

use rcgen::SanType;
use tokio::time::{sleep, timeout};

use super::*;
use crate::node::peer::identity::IdentityError;
use crate::node::peer::message::Request;
use crate::node::peer::streams::write_frame;
use crate::node::peer::tls::provider;

/// A dialler that keeps none of the rules: shows what it is told to and accepts every server.
struct Stranger {
    leaf: Option<Leaf>,
    alpn: Option<&'static [u8]>,
}

#[derive(Debug)]
struct AcceptAll;

impl rustls::client::danger::ServerCertVerifier for AcceptAll {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &rustls::pki_types::ServerName<'_>,
        _: &[u8],
        _: rustls::pki_types::UnixTime,
    ) -> Result<rustls::client::danger::ServerCertVerified, rustls::Error> {
        Ok(rustls::client::danger::ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &rustls::DigitallySignedStruct,
    ) -> Result<rustls::client::danger::HandshakeSignatureValid, rustls::Error> {
        Ok(rustls::client::danger::HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &rustls::DigitallySignedStruct,
    ) -> Result<rustls::client::danger::HandshakeSignatureValid, rustls::Error> {
        Ok(rustls::client::danger::HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<rustls::SignatureScheme> {
        provider().signature_verification_algorithms.supported_schemes()
    }
}

/// Counts the tickets that a server gives for resumption.
#[derive(Debug, Default)]
struct Tickets(AtomicU32);

impl rustls::client::ClientSessionStore for Tickets {
    fn set_kx_hint(&self, _: rustls::pki_types::ServerName<'static>, _: rustls::NamedGroup) {}
    fn kx_hint(&self, _: &rustls::pki_types::ServerName<'_>) -> Option<rustls::NamedGroup> {
        None
    }
    fn set_tls12_session(
        &self,
        _: rustls::pki_types::ServerName<'static>,
        _: rustls::client::Tls12ClientSessionValue,
    ) {
    }
    fn tls12_session(
        &self,
        _: &rustls::pki_types::ServerName<'_>,
    ) -> Option<rustls::client::Tls12ClientSessionValue> {
        None
    }
    fn remove_tls12_session(&self, _: &rustls::pki_types::ServerName<'static>) {}
    fn insert_tls13_ticket(
        &self,
        _: rustls::pki_types::ServerName<'static>,
        _: rustls::client::Tls13ClientSessionValue,
    ) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
    fn take_tls13_ticket(
        &self,
        _: &rustls::pki_types::ServerName<'static>,
    ) -> Option<rustls::client::Tls13ClientSessionValue> {
        None
    }
}

impl Stranger {
    /// Dials and says hello; whether that was answered, and how many tickets came.
    async fn hello(self, node: &Node) -> (Result<(), String>, u32) {
        let tickets = Arc::new(Tickets::default());
        let builder = rustls::ClientConfig::builder_with_provider(provider())
            .with_protocol_versions(&[&rustls::version::TLS13])
            .unwrap()
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(AcceptAll));
        let mut tls = match self.leaf {
            Some(leaf) => builder.with_client_auth_cert(leaf.chain, leaf.key).unwrap(),
            None => builder.with_no_client_auth(),
        };
        tls.alpn_protocols = self.alpn.map(<[u8]>::to_vec).into_iter().collect();
        tls.resumption = rustls::client::Resumption::store(Arc::<Tickets>::clone(&tickets));
        let crypto = quinn::crypto::rustls::QuicClientConfig::try_from(tls).unwrap();
        let config = quinn::ClientConfig::new(Arc::new(crypto));
        let endpoint = quinn::Endpoint::client("127.0.0.1:0".parse().unwrap()).unwrap();
        let answered = async {
            let text = |error: &dyn std::error::Error| error.to_string();
            let connecting = endpoint
                .connect_with(config, node.address(), node.name.as_str())
                .map_err(|error| text(&error))?;
            let connection = connecting.await.map_err(|error| text(&error))?;
            let (mut send, mut receive) =
                connection.open_bi().await.map_err(|error| text(&error))?;
            let hello = Request::Hello(Hello::default()).to_frame().unwrap();
            write_frame(&mut send, hello).await.map_err(|error| text(&error))?;
            send.finish().map_err(|error| text(&error))?;
            let answer = receive.read_to_end(1000).await.map_err(|error| text(&error))?;
            if answer.is_empty() { Err("no answer".to_owned()) } else { Ok(()) }
        };
        (answered.await, tickets.0.load(Ordering::SeqCst))
    }
}

const ALPN_OURS: Option<&[u8]> = Some(ALPN);

#[tokio::test]
async fn a_good_identity_is_let_in_and_gets_no_ticket() {
    let (xa, xb) = pair();
    let leaf = Some(xa.ca.good("customs.xa.example"));
    let (answered, tickets) = Stranger { leaf, alpn: ALPN_OURS }.hello(&xb).await;
    assert_eq!(answered, Ok(()));
    assert_eq!(tickets, 0);
    assert_eq!(xb.desk.asked.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn every_bad_identity_is_refused_before_its_request_is_read() {
    let (xa, xb) = pair();
    let us = || vec![dns("customs.xa.example")];
    let address = SanType::IpAddress("127.0.0.1".parse().unwrap());
    let cases = [
        ("no certificate", None),
        ("foreign CA", Some(Ca::new().good("customs.xa.example"))),
        ("another peer's CA", Some(xb.ca.good("customs.xa.example"))),
        ("right CA, wrong name", Some(xa.ca.good("customs.xc.example"))),
        ("wildcard", Some(xa.ca.leaf(vec![dns("*.xa.example")], -10, 10))),
        ("no name, only a CN", Some(xa.ca.leaf(vec![], -10, 10))),
        ("two names", Some(xa.ca.leaf([us(), vec![dns("b.example")]].concat(), -10, 10))),
        ("IP", Some(xa.ca.leaf(vec![address.clone()], -10, 10))),
        ("name and IP", Some(xa.ca.leaf([us(), vec![address]].concat(), -10, 10))),
        ("upper case", Some(xa.ca.leaf(vec![dns("Customs.xa.example")], -10, 10))),
        ("expired", Some(xa.ca.leaf(us(), -20, -10))),
        ("not yet valid", Some(xa.ca.leaf(us(), 10, 20))),
    ];
    for (what, leaf) in cases {
        let (answered, _) = Stranger { leaf, alpn: ALPN_OURS }.hello(&xb).await;
        assert!(answered.is_err(), "{what}");
    }
    for alpn in [None, Some(&b"sealane/2"[..]), Some(&b"h3"[..])] {
        let leaf = Some(xa.ca.good("customs.xa.example"));
        let (answered, _) = Stranger { leaf, alpn }.hello(&xb).await;
        assert!(answered.is_err(), "{alpn:?}");
    }
    assert_eq!(xb.desk.asked.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn an_authority_that_is_not_paired_is_refused_and_told_so() {
    let (xa, xb) = pair();
    xb.trust.remove(&xa.name);
    let error = xa.courier.hello(&xb.name).await.unwrap_err();
    assert!(matches!(error, SendError::NotAccepted { .. }), "{error}");
    let error = xb.courier.hello(&xa.name).await.unwrap_err();
    assert!(matches!(error, SendError::NotPaired(_)), "{error}");
    assert_eq!(xb.desk.asked.load(Ordering::SeqCst), 0);
}

/// What the dialling node says when the node at the address of `customs.xb.example` shows that certificate.
async fn dialled(leaf: impl FnOnce(&Ca) -> Leaf) -> JudgeError {
    let xa = Node::start("customs.xa.example", limits());
    let ca = Ca::new();
    let leaf = leaf(&ca);
    let xb = Node::with("customs.xb.example", ca, leaf, limits());
    xa.trust.insert(&xb.name, xb.card());
    xb.trust.insert(&xa.name, xa.card());
    let error = xa.courier.hello(&xb.name).await.unwrap_err();
    let SendError::Identity { source, .. } = error else { panic!("{error}") };
    assert_eq!(xb.desk.asked.load(Ordering::SeqCst), 0);
    source
}

#[tokio::test]
async fn the_dialling_side_keeps_the_same_rules() {
    let us = || vec![dns("customs.xb.example")];
    let other = dialled(|ca| ca.good("customs.xc.example")).await;
    assert!(matches!(other, JudgeError::Unexpected { .. }), "{other}");
    let foreign = dialled(|_| Ca::new().good("customs.xb.example")).await;
    assert!(matches!(foreign, JudgeError::Chain { .. }), "{foreign}");
    let expired = dialled(|ca| ca.leaf(us(), -20, -10)).await;
    assert!(expired.is_expiry(), "{expired}");
    let early = dialled(|ca| ca.leaf(us(), 10, 20)).await;
    assert!(matches!(early, JudgeError::Identity(IdentityError::NotYetValid { .. })), "{early}");
}

/// Waits until the connection of `xa` to `xb` has ended, which must happen within seconds.
async fn until_closed(node: &Node) {
    let ended = async {
        while node.endpoint.inner.quinn.open_connections() > 0 {
            sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(Duration::from_secs(5), ended).await.unwrap();
}

#[tokio::test]
async fn a_live_connection_ends_with_its_certificate() {
    let (xa, xb) = pair();
    xa.courier.hello(&xb.name).await.unwrap();
    // One side's clock is enough: here only the accepting node sees the end.
    xb.clock.advance_secs(3599);
    sleep(Duration::from_millis(200)).await;
    assert_eq!(xb.endpoint.inner.quinn.open_connections(), 1);
    xb.clock.advance_secs(2);
    until_closed(&xb).await;
    let error = xa.courier.hello(&xb.name).await.unwrap_err();
    assert!(matches!(error, SendError::NotAccepted { .. }), "{error}");
}

#[tokio::test]
async fn a_live_connection_ends_with_the_trust_in_it() {
    let (xa, xb) = pair();
    xa.courier.hello(&xb.name).await.unwrap();
    // A new card with the same anchors changes nothing.
    xb.trust.insert(&xa.name, TrustedPeer { card_version: 2, ..xa.card() });
    sleep(Duration::from_millis(200)).await;
    assert_eq!(xb.endpoint.inner.quinn.open_connections(), 1);
    // Other anchors: the chain is not accepted any more.
    let anchors = vec![Ca::new().anchor];
    xb.trust.insert(&xa.name, TrustedPeer { anchors, ..xa.card() });
    until_closed(&xb).await;
    xb.trust.insert(&xa.name, xa.card());
    xa.courier.hello(&xb.name).await.unwrap();
    xb.trust.remove(&xa.name);
    until_closed(&xb).await;
    assert!(xa.courier.hello(&xb.name).await.is_err());
}

#[tokio::test]
async fn the_dialling_side_ends_a_connection_that_it_no_longer_trusts() {
    let (xa, xb) = pair();
    xa.courier.hello(&xb.name).await.unwrap();
    xa.trust.remove(&xb.name);
    until_closed(&xa).await;
    let error = xa.courier.hello(&xb.name).await.unwrap_err();
    assert!(matches!(error, SendError::NotPaired(_)), "{error}");
}

#[test]
fn the_hybrid_exchange_is_offered_first() {
    let groups: Vec<_> = provider().kx_groups.iter().map(|group| group.name()).collect();
    assert_eq!(groups.first(), Some(&rustls::NamedGroup::X25519MLKEM768));
}
