//! Two real endpoints on loopback, with certificates made for each test; the rules themselves are in the files below.

mod exchange;
mod hostile;
mod identity;
mod message;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use arc_swap::ArcSwap;
use async_trait::async_trait;
use bytes::Bytes;
use rcgen::{
    BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, SanType,
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use time::OffsetDateTime;

use super::*;
use crate::domain::id::AuthorityName;
use crate::domain::time::Timestamp;
use crate::node::clock::ManualClock;

/// The moment at which the tests' clock starts: 2026-11-24T06:42:00Z.
const NOW: Timestamp = Timestamp::from_secs(1_795_502_520);

pub(super) fn name(text: &str) -> AuthorityName {
    text.parse().unwrap()
}

pub(super) fn dns(text: &str) -> SanType {
    SanType::DnsName(text.try_into().unwrap())
}

/// A certification authority of one authority.
pub(super) struct Ca {
    issuer: Issuer<'static, KeyPair>,
    pub(super) anchor: CertificateDer<'static>,
}

/// A node certificate with its key.
pub(super) struct Leaf {
    pub(super) chain: Vec<CertificateDer<'static>>,
    pub(super) key: PrivateKeyDer<'static>,
}

impl Clone for Leaf {
    fn clone(&self) -> Self {
        Self { chain: self.chain.clone(), key: self.key.clone_key() }
    }
}

impl Ca {
    pub(super) fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        let anchor = params.self_signed(&key).unwrap().der().clone();
        Self { issuer: Issuer::new(params, key), anchor }
    }

    /// A leaf with these names, valid from and until so many seconds from the start of the test.
    pub(super) fn leaf(&self, names: Vec<SanType>, from: i64, until: i64) -> Leaf {
        let at = |secs: i64| OffsetDateTime::from_unix_timestamp(NOW.as_secs() + secs).unwrap();
        let mut params = CertificateParams::default();
        params.subject_alt_names = names;
        params.distinguished_name.push(rcgen::DnType::CommonName, "customs.xa.example");
        params.not_before = at(from);
        params.not_after = at(until);
        params.extended_key_usages =
            vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        let key = PrivatePkcs8KeyDer::from(key.serialize_der()).into();
        Leaf { chain: vec![certificate.der().clone()], key }
    }

    /// A good leaf for that authority.
    pub(super) fn good(&self, authority: &str) -> Leaf {
        self.leaf(vec![dns(authority)], -3600, 3600)
    }
}

/// Limits that let a test wait for them.
pub(super) fn limits() -> PeerLimits {
    PeerLimits {
        handshake_timeout: Duration::from_secs(3),
        head_timeout: Duration::from_millis(300),
        message_timeout: Duration::from_millis(1200),
        answer_timeout: Duration::from_secs(5),
        judge_interval: Duration::from_millis(50),
        drain_timeout: Duration::from_millis(200),
        redial_pause: Duration::ZERO,
        ..PeerLimits::default()
    }
}

/// A node that has an endpoint, a courier, and answers of its own.
pub(super) struct Node {
    pub(super) name: AuthorityName,
    pub(super) ca: Ca,
    pub(super) trust: Arc<PeerTrust>,
    pub(super) own: Arc<OwnCertificate>,
    pub(super) clock: Arc<ManualClock>,
    pub(super) endpoint: Endpoint,
    pub(super) courier: QuicCourier,
    pub(super) desk: Arc<Desk>,
}

impl Node {
    pub(super) fn start(authority: &str, limits: PeerLimits) -> Self {
        let ca = Ca::new();
        let leaf = ca.good(authority);
        Self::with(authority, ca, leaf, limits)
    }

    pub(super) fn with(authority: &str, ca: Ca, leaf: Leaf, limits: PeerLimits) -> Self {
        let own = Arc::new(OwnCertificate::new(leaf.chain, leaf.key).unwrap());
        let trust = Arc::new(PeerTrust::default());
        let clock = Arc::new(ManualClock::at(NOW));
        let endpoint = Endpoint::bind(EndpointSetup {
            listen: "127.0.0.1:0".parse().unwrap(),
            limits,
            trust: Arc::clone(&trust),
            own: Arc::clone(&own),
            clock: Arc::<ManualClock>::clone(&clock),
        })
        .unwrap();
        let desk = Arc::new(Desk::default());
        let (accepting, inbound) = (endpoint.clone(), Arc::clone(&desk));
        tokio::spawn(async move { accepting.run(inbound).await });
        let hello = Hello { minor: 1, features: vec!["bao".to_owned()], card_version: 7 };
        let courier = QuicCourier::new(&endpoint, Arc::new(ArcSwap::from_pointee(hello)));
        Self { name: name(authority), ca, trust, own, clock, endpoint, courier, desk }
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.endpoint.local_addr().unwrap()
    }

    /// What the other node's card says about this one.
    pub(super) fn card(&self) -> TrustedPeer {
        TrustedPeer {
            anchors: vec![self.ca.anchor.clone()],
            addresses: vec![self.address().to_string()],
            card_version: 1,
        }
    }
}

/// Two nodes that are paired with each other.
pub(super) fn pair() -> (Node, Node) {
    pair_with(limits())
}

pub(super) fn pair_with(limits: PeerLimits) -> (Node, Node) {
    let xa = Node::start("customs.xa.example", limits.clone());
    let xb = Node::start("customs.xb.example", limits);
    xa.trust.insert(&xb.name, xb.card());
    xb.trust.insert(&xa.name, xa.card());
    (xa, xb)
}

/// Answers so that a test can see who asked what.
#[derive(Debug, Default)]
pub(super) struct Desk {
    pub(super) asked: AtomicU32,
}

pub(super) fn blob_bytes(range: std::ops::Range<u64>) -> Vec<u8> {
    range.map(|at| u8::try_from(at.wrapping_mul(2_654_435_761) >> 8 & 0xff).unwrap()).collect()
}

/// The size of the blob that every desk has.
pub(super) const BLOB_BYTES: u64 = 8 * 1024 * 1024;

#[async_trait]
impl Inbound for Desk {
    async fn hello(&self, _: &AuthorityName, hello: Hello) -> Hello {
        self.asked.fetch_add(1, Ordering::SeqCst);
        Hello { minor: 1, features: hello.features, card_version: 3 }
    }

    async fn deliver(
        &self,
        peer: &AuthorityName,
        deliver: Deliver,
    ) -> Result<Vec<ItemAnswer>, Refusal> {
        let answer = |item: DeliverItem| match item.statement.as_ref() {
            b"panic" => panic!("the test asked for it"),
            b"refuse" => ItemAnswer::Refused { statement: item.statement, fields: vec![] },
            b"later" => ItemAnswer::Later { reason: LaterReason::PredecessorMissing },
            statement => ItemAnswer::Receipt([peer.as_str().as_bytes(), statement].concat().into()),
        };
        Ok(deliver.items.into_iter().map(answer).collect())
    }

    async fn anchors(&self, _: &AuthorityName, anchors: Anchors) -> Result<(), Refusal> {
        if anchors.items.is_empty() {
            return Err(Refusal::new(RefusalCode::NotFound, "no such statement"));
        }
        Ok(())
    }

    async fn blob(&self, _: &AuthorityName, request: BlobRequest) -> Result<BlobStream, Refusal> {
        let end = (request.offset + request.length).min(BLOB_BYTES);
        if request.blob == "broken" {
            let reader = Box::new(&b"too short"[..]);
            return Ok(BlobStream { size: BLOB_BYTES, length: 100, reader });
        }
        if request.blob == "stalled" {
            let (near, mut far) = tokio::io::duplex(64);
            tokio::spawn(async move {
                tokio::io::AsyncWriteExt::write_all(&mut far, b"a few bytes").await.unwrap();
                std::future::pending::<()>().await;
            });
            return Ok(BlobStream { size: BLOB_BYTES, length: 100, reader: Box::new(near) });
        }
        let bytes = std::io::Cursor::new(blob_bytes(request.offset..end));
        let reader = Box::new(bytes);
        Ok(BlobStream { size: BLOB_BYTES, length: end - request.offset, reader })
    }

    async fn card_received(&self, _: &AuthorityName, _: Bytes) -> Result<(), Refusal> {
        Ok(())
    }

    async fn card_query(&self, _: &AuthorityName) -> Result<Bytes, Refusal> {
        Ok(Bytes::from_static(b"a card"))
    }

    async fn add_checkpoint(&self, _: &AuthorityName, body: Bytes) -> WitnessAnswer {
        WitnessAnswer { status: 409, body }
    }

    async fn witness_state(&self, _: &AuthorityName, origin: &str) -> Option<Bytes> {
        (origin == "customs.xa.example/log/2026").then(|| Bytes::from_static(b"a note"))
    }
}

pub(super) fn statement(text: &'static str) -> Deliver {
    Deliver {
        checkpoints: vec![Bytes::from_static(b"note")],
        items: vec![DeliverItem {
            statement: Bytes::from_static(text.as_bytes()),
            fields: Fields::All(vec![Bytes::from_static(&[7; 20])]),
            receipt: Bytes::from_static(b"receipt"),
        }],
    }
}
