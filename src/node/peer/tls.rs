//! How connections are secured: TLS 1.3 only, both sides with certificates, no resumption; sends no bytes itself.

use std::fmt;
use std::sync::{Arc, Mutex};

use quinn::crypto::rustls::{QuicClientConfig, QuicServerConfig};
use rustls::client::Resumption;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::NoServerSessionStorage;
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::time_provider::TimeProvider;
use rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, Error, PeerIncompatible,
    SignatureScheme,
};

use crate::domain::id::AuthorityName;
use crate::node::clock::Clock;
use crate::node::peer::certificate::OwnCertificate;
use crate::node::peer::judge::{Judge, JudgeError, Role, timestamp, unix_time};

/// The one application protocol; a connection that does not offer it is refused.
pub const ALPN: &[u8] = b"sealane/1";

/// The cryptography of all connections: aws-lc-rs, with the hybrid post-quantum exchange offered first.
pub(crate) fn provider() -> Arc<CryptoProvider> {
    Arc::new(CryptoProvider {
        kx_groups: vec![
            aws_lc_rs::kx_group::X25519MLKEM768,
            aws_lc_rs::kx_group::X25519,
            aws_lc_rs::kx_group::SECP256R1,
        ],
        ..aws_lc_rs::default_provider()
    })
}

/// Where a verifier leaves its reason: the handshake's own error tells the other side nothing of it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Reason(Arc<Mutex<Option<JudgeError>>>);

impl Reason {
    pub(crate) fn take(&self) -> Option<JudgeError> {
        self.0.lock().ok().and_then(|mut reason| reason.take())
    }

    fn set(&self, error: JudgeError) -> Error {
        if let Ok(mut reason) = self.0.lock() {
            *reason = Some(error);
        }
        Error::InvalidCertificate(CertificateError::ApplicationVerificationFailure)
    }
}

/// What a handshake needs to know of the node.
#[derive(Clone)]
pub(crate) struct Tls {
    pub(crate) judge: Arc<Judge>,
    pub(crate) own: Arc<OwnCertificate>,
    pub(crate) clock: Arc<dyn Clock>,
}

impl Tls {
    /// The accepting side of one handshake.
    pub(crate) fn server(&self, reason: Reason) -> QuicServerConfig {
        let verifier =
            Arc::new(Verifier { judge: Arc::clone(&self.judge), role: Role::Client, reason });
        let mut tls = rustls::ServerConfig::builder_with_details(
            Arc::clone(self.judge.provider()),
            self.time(),
        )
        .with_protocol_versions(&[&rustls::version::TLS13])
        .expect("the provider has TLS 1.3 suites and key exchange groups")
        .with_client_cert_verifier(verifier)
        .with_cert_resolver(Arc::<OwnCertificate>::clone(&self.own));
        tls.alpn_protocols = vec![ALPN.to_vec()];
        // A resumed session would skip the certificate and so outlive it (reliability 0.2).
        tls.send_tls13_tickets = 0;
        tls.session_storage = Arc::new(NoServerSessionStorage {});
        tls.max_early_data_size = 0;
        QuicServerConfig::try_from(tls)
            .expect("the provider has AES-128-GCM for QUIC's first packets")
    }

    /// The dialling side of one handshake with `expected`.
    pub(crate) fn client(&self, expected: AuthorityName, reason: Reason) -> QuicClientConfig {
        let role = Role::Server(expected);
        let verifier = Arc::new(Verifier { judge: Arc::clone(&self.judge), role, reason });
        let mut tls = rustls::ClientConfig::builder_with_details(
            Arc::clone(self.judge.provider()),
            self.time(),
        )
        .with_protocol_versions(&[&rustls::version::TLS13])
        .expect("the provider has TLS 1.3 suites and key exchange groups")
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_client_cert_resolver(Arc::<OwnCertificate>::clone(&self.own));
        tls.alpn_protocols = vec![ALPN.to_vec()];
        tls.resumption = Resumption::disabled();
        tls.enable_early_data = false;
        // Who asks whom is nobody's business on the way: the name is not sent in readable first packets.
        tls.enable_sni = false;
        QuicClientConfig::try_from(tls)
            .expect("the provider has AES-128-GCM for QUIC's first packets")
    }

    fn time(&self) -> Arc<dyn TimeProvider> {
        Arc::new(NodeTime(Arc::clone(&self.clock)))
    }
}

/// The node's clock for rustls.
struct NodeTime(Arc<dyn Clock>);

impl fmt::Debug for NodeTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NodeTime")
    }
}

impl TimeProvider for NodeTime {
    fn current_time(&self) -> Option<UnixTime> {
        Some(unix_time(self.0.now()))
    }
}

/// Accepts the certificates of paired authorities, whichever side they are on.
#[derive(Debug)]
struct Verifier {
    judge: Arc<Judge>,
    role: Role,
    reason: Reason,
}

impl Verifier {
    fn verify_chain(
        &self,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<(), Error> {
        let mut chain = vec![leaf.clone()];
        chain.extend_from_slice(intermediates);
        match self.judge.judge(&chain, &self.role, timestamp(now)) {
            Ok(_) => Ok(()),
            Err(error) => Err(self.reason.set(error)),
        }
    }

    fn verify_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.judge.provider().signature_verification_algorithms;
        verify_tls13_signature(message, leaf, signed, algorithms)
    }

    fn schemes(&self) -> Vec<SignatureScheme> {
        self.judge.provider().signature_verification_algorithms.supported_schemes()
    }
}

impl ClientCertVerifier for Verifier {
    fn offer_client_auth(&self) -> bool {
        true
    }

    fn client_auth_mandatory(&self) -> bool {
        true
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        self.verify_chain(end_entity, intermediates, now)?;
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(tls13_only())
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.verify_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.schemes()
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        self.verify_chain(end_entity, intermediates, now)?;
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(tls13_only())
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.verify_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.schemes()
    }
}

const fn tls13_only() -> Error {
    Error::PeerIncompatible(PeerIncompatible::Tls13RequiredForQuic)
}
