//! Two of our own endpoints on loopback, paired, with a handler that answers at once; stands for no whole node.

use std::sync::Arc;

use arc_swap::ArcSwap;
use async_trait::async_trait;
use bytes::Bytes;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, SanType};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use sealane::domain::id::AuthorityName;
use sealane::node::blobs::{BlobKey, Blobs, GROUP_BYTES, Intake};
use sealane::node::clock::SystemClock;
use sealane::node::peer::{
    Anchors, BlobRequest, BlobStream, Deliver, Endpoint, EndpointSetup, Hello, Inbound, ItemAnswer,
    OwnCertificate, PeerLimits, PeerTrust, QuicCourier, Refusal, RefusalCode, TrustedPeer,
    WitnessAnswer,
};
use tokio::io::AsyncReadExt;

/// As long as a COSE receipt in a log of a million leaves.
pub(crate) const RECEIPT_BYTES: usize = 850;
/// The blob that is made up while it is read.
pub(crate) const FROM_MEMORY: &str = "memory";

/// A certificate of an authority under a CA of its own.
pub(crate) struct Identity {
    pub(crate) anchor: CertificateDer<'static>,
    pub(crate) chain: Vec<CertificateDer<'static>>,
    pub(crate) key: PrivateKeyDer<'static>,
}

impl Identity {
    pub(crate) fn new(authority: &str) -> Self {
        let ca_key = KeyPair::generate().unwrap();
        let mut ca = CertificateParams::default();
        ca.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        let anchor = ca.self_signed(&ca_key).unwrap().der().clone();
        let issuer = Issuer::new(ca, ca_key);
        let mut leaf = CertificateParams::default();
        leaf.subject_alt_names = vec![SanType::DnsName(authority.try_into().unwrap())];
        let key = KeyPair::generate().unwrap();
        let certificate = leaf.signed_by(&key, &issuer).unwrap();
        let key = PrivatePkcs8KeyDer::from(key.serialize_der()).into();
        Self { anchor, chain: vec![certificate.der().clone()], key }
    }
}

/// The side that asks, and whom it asks.
pub(crate) struct Pairing {
    pub(crate) courier: QuicCourier,
    pub(crate) to: AuthorityName,
    /// Kept, so that both endpoints live as long as the pairing.
    _endpoints: [Endpoint; 2],
}

pub(crate) fn pair(desk: Desk) -> Pairing {
    let names = ["customs.xa.example", "customs.xb.example"];
    let identities = names.map(Identity::new);
    let anchors = [&identities[0], &identities[1]].map(|identity| identity.anchor.clone());
    let trusts = [(); 2].map(|()| Arc::new(PeerTrust::default()));
    let mut endpoints = identities.into_iter().zip(&trusts).map(|(identity, trust)| {
        Endpoint::bind(EndpointSetup {
            listen: "127.0.0.1:0".parse().unwrap(),
            limits: PeerLimits::default(),
            trust: Arc::clone(trust),
            own: Arc::new(OwnCertificate::new(identity.chain, identity.key).unwrap()),
            clock: Arc::new(SystemClock),
        })
        .unwrap()
    });
    let endpoints = [endpoints.next().unwrap(), endpoints.next().unwrap()];
    for (own, peer) in [(0, 1), (1, 0)] {
        let card = TrustedPeer {
            anchors: vec![anchors[peer].clone()],
            addresses: vec![endpoints[peer].local_addr().unwrap().to_string()],
            card_version: 1,
        };
        trusts[own].insert(&names[peer].parse().unwrap(), card);
    }
    let desk = Arc::new(desk);
    for endpoint in &endpoints {
        let (endpoint, desk) = (endpoint.clone(), Arc::clone(&desk));
        tokio::spawn(async move { endpoint.run(desk).await });
    }
    let hello = Arc::new(ArcSwap::from_pointee(Hello::default()));
    let courier = QuicCourier::new(&endpoints[0], hello);
    Pairing { courier, to: names[1].parse().unwrap(), _endpoints: endpoints }
}

/// Answers every delivery with a receipt of zeros, and blobs from memory or from a folder.
#[derive(Default)]
pub(crate) struct Desk {
    pub(crate) evidence: Option<(Blobs, BlobKey, Intake)>,
}

#[async_trait]
impl Inbound for Desk {
    async fn hello(&self, _: &AuthorityName, _: Hello) -> Hello {
        Hello::default()
    }

    async fn deliver(
        &self,
        _: &AuthorityName,
        deliver: Deliver,
    ) -> Result<Vec<ItemAnswer>, Refusal> {
        let receipt = ItemAnswer::Receipt(Bytes::from_static(&[0; RECEIPT_BYTES]));
        Ok(vec![receipt; deliver.items.len()])
    }

    async fn anchors(&self, _: &AuthorityName, _: Anchors) -> Result<(), Refusal> {
        Err(not_here())
    }

    async fn blob(&self, _: &AuthorityName, request: BlobRequest) -> Result<BlobStream, Refusal> {
        if request.blob == FROM_MEMORY {
            let reader = Box::new(tokio::io::repeat(7).take(request.length));
            return Ok(BlobStream { size: request.length, length: request.length, reader });
        }
        let (blobs, key, taken) = self.evidence.as_ref().ok_or_else(not_here)?;
        let encoded =
            blobs.encode(taken.blob, key, taken.blake3, request.offset, request.length).await;
        let reader = Box::new(encoded.map_err(|_| not_here())?);
        let end = request.offset.saturating_add(request.length).min(taken.size);
        let length = encoded_bytes(taken.size, request.offset, end);
        Ok(BlobStream { size: taken.size, length, reader })
    }

    async fn card_received(&self, _: &AuthorityName, _: Bytes) -> Result<(), Refusal> {
        Err(not_here())
    }

    async fn card_query(&self, _: &AuthorityName) -> Result<Bytes, Refusal> {
        Err(not_here())
    }

    async fn add_checkpoint(&self, _: &AuthorityName, body: Bytes) -> WitnessAnswer {
        WitnessAnswer { status: 404, body }
    }

    async fn witness_state(&self, _: &AuthorityName, _: &str) -> Option<Bytes> {
        None
    }
}

fn not_here() -> Refusal {
    Refusal::new(RefusalCode::NotFound, "the bench has none")
}

/// The exact length of the encoding of a range: its groups, and a pair of hashes for each node over it.
fn encoded_bytes(size: u64, start: u64, end: u64) -> u64 {
    fn below(first: u64, groups: u64, size: u64, start: u64, end: u64) -> u64 {
        let group = GROUP_BYTES as u64;
        let (from, to) = (first * group, ((first + groups) * group).min(size));
        if to <= start || from >= end {
            0
        } else if groups == 1 {
            to - from
        } else {
            let left = groups.next_power_of_two() / 2;
            64 + below(first, left, size, start, end)
                + below(first + left, groups - left, size, start, end)
        }
    }
    below(0, size.div_ceil(GROUP_BYTES as u64), size, start, end)
}
