//! The local certificate authority: makes itself once, issues and renews the node certificate; judges no foreign certificate.

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, GeneralSubtree, IsCa,
    Issuer, KeyPair, KeyUsagePurpose, NameConstraints, PKCS_ECDSA_P256_SHA256, SerialNumber,
};
use time::OffsetDateTime;
use zeroize::Zeroizing;

use crate::domain::id::AuthorityName;
use crate::domain::time::Timestamp;
use crate::node::rng::{Rng, random};

/// How long a node certificate lives.
pub const NODE_DAYS: i64 = 90;

/// A node certificate with less than this left is renewed.
pub const RENEW_BELOW_DAYS: i64 = 30;

/// How long the local CA lives; a new one comes with a new card.
const CA_DAYS: i64 = 3650;

/// Clocks of peers may be that much behind ours when a new certificate reaches them.
const SLACK_SECS: i64 = 300;

const DAY_SECS: i64 = 86_400;

/// The longest common name (X.520, `ub-common-name`).
const COMMON_NAME_CHARS_MAX: usize = 64;

/// What a look at the node certificate led to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Renewal {
    /// Enough time is left.
    NotDue {
        /// Until when the current certificate is valid.
        not_after: Timestamp,
    },
    /// The certificate comes from a CA that is not on this machine, so only its owner can renew it.
    NotOurs {
        /// Until when the current certificate is valid.
        not_after: Timestamp,
    },
    /// A new certificate is in place; the listener must take it up.
    Renewed {
        /// Until when the new certificate is valid.
        not_after: Timestamp,
    },
}

/// Why a certificate cannot be read or made.
#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    /// The text is not a certificate.
    #[error("the certificate is not readable as X.509 PEM: restore it from the backup of the keys")]
    Unreadable,
    /// The certificate was issued for another key.
    #[error(
        "tls.pem is not the certificate of tls.key: put the pair that belongs together into the folder of keys"
    )]
    OtherKey,
    /// The date is outside what X.509 can say.
    #[error("the clock says {0}, which no certificate can hold: set the clock of this machine")]
    Date(Timestamp),
    /// The CA refused or its files do not fit together.
    #[error(
        "the node certificate cannot be made from ca.key, ca.pem and tls.key: restore all three from one backup of the keys"
    )]
    Issue(#[source] rcgen::Error),
}

/// A CA's certificate and key.
pub(super) struct Ca {
    pub(super) certificate_pem: String,
    pub(super) key_pem: Zeroizing<String>,
}

/// Makes the local CA of an authority: P-256, and confined to the authority's own name.
pub(super) fn create_ca(
    authority: &AuthorityName,
    rng: &dyn Rng,
    now: Timestamp,
) -> Result<Ca, CertificateError> {
    // The one key that is not drawn from `Rng`: aws-lc draws P-256 keys from the operating system itself.
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).map_err(CertificateError::Issue)?;
    let mut params = params(rng, now, CA_DAYS)?;
    let name: String = format!("{authority} CA").chars().take(COMMON_NAME_CHARS_MAX).collect();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    // A stolen CA key of one authority can never name another.
    params.name_constraints = Some(NameConstraints {
        permitted_subtrees: vec![GeneralSubtree::DnsName(authority.to_string())],
        excluded_subtrees: Vec::new(),
    });
    let certificate = params.self_signed(&key).map_err(CertificateError::Issue)?;
    Ok(Ca { certificate_pem: certificate.pem(), key_pem: Zeroizing::new(key.serialize_pem()) })
}

/// Issues a node certificate: the authority's name as the only dNSName, for both ends of a connection.
pub(super) fn issue(
    ca: &Ca,
    tls_key_pem: &str,
    authority: &AuthorityName,
    rng: &dyn Rng,
    now: Timestamp,
) -> Result<String, CertificateError> {
    let ca_key = KeyPair::from_pem(&ca.key_pem).map_err(CertificateError::Issue)?;
    let issuer =
        Issuer::from_ca_cert_pem(&ca.certificate_pem, ca_key).map_err(CertificateError::Issue)?;
    let tls_key = KeyPair::from_pem(tls_key_pem).map_err(CertificateError::Issue)?;
    let mut params = params(rng, now, NODE_DAYS)?;
    params.distinguished_name.push(DnType::CommonName, "sealane node");
    params.subject_alt_names = vec![rcgen::SanType::DnsName(
        authority.as_str().try_into().map_err(CertificateError::Issue)?,
    )];
    params.is_ca = IsCa::ExplicitNoCa;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages =
        vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
    params.use_authority_key_identifier_extension = true;
    let certificate = params.signed_by(&tls_key, &issuer).map_err(CertificateError::Issue)?;
    Ok(certificate.pem())
}

/// Until when a certificate is valid.
///
/// # Errors
/// If the text is not an X.509 certificate in PEM.
pub fn not_after(certificate_pem: &str) -> Result<Timestamp, CertificateError> {
    let (_, pem) = x509_parser::pem::parse_x509_pem(certificate_pem.as_bytes())
        .map_err(|_| CertificateError::Unreadable)?;
    let certificate = pem.parse_x509().map_err(|_| CertificateError::Unreadable)?;
    Ok(Timestamp::from_secs(certificate.validity().not_after.timestamp()))
}

/// Checks that a certificate is that of a key.
pub(super) fn check_pair(certificate_pem: &str, key: &KeyPair) -> Result<(), CertificateError> {
    let (_, pem) = x509_parser::pem::parse_x509_pem(certificate_pem.as_bytes())
        .map_err(|_| CertificateError::Unreadable)?;
    let certificate = pem.parse_x509().map_err(|_| CertificateError::Unreadable)?;
    if *certificate.public_key().subject_public_key.data == *key.public_key_raw() {
        Ok(())
    } else {
        Err(CertificateError::OtherKey)
    }
}

/// Whether a certificate is in its last days or past them.
#[must_use]
pub fn is_due(not_after: Timestamp, now: Timestamp) -> bool {
    now.plus_secs(RENEW_BELOW_DAYS * DAY_SECS) > not_after
}

fn params(rng: &dyn Rng, now: Timestamp, days: i64) -> Result<CertificateParams, CertificateError> {
    let mut serial = random::<16>(rng);
    if let Some(first) = serial.first_mut() {
        // Positive and of constant length, as RFC 5280 4.1.2.2 wants it.
        *first = *first & 0x7f | 0x40;
    }
    let mut params = CertificateParams::default();
    params.serial_number = Some(SerialNumber::from_slice(&serial));
    params.not_before = date(now.plus_secs(-SLACK_SECS))?;
    params.not_after = date(now.plus_secs(days * DAY_SECS))?;
    params.distinguished_name = rcgen::DistinguishedName::new();
    Ok(params)
}

fn date(at: Timestamp) -> Result<OffsetDateTime, CertificateError> {
    OffsetDateTime::from_unix_timestamp(at.as_secs()).map_err(|_| CertificateError::Date(at))
}

#[cfg(test)]
mod tests {
    use std::str::FromStr;

    use ed25519_dalek::pkcs8::EncodePrivateKey;
    use ed25519_dalek::pkcs8::spki::der::pem::LineEnding;
    use x509_parser::prelude::{GeneralName, ParsedExtension};

    use super::*;
    use crate::node::rng::SeededRng;

    const NOW: Timestamp = Timestamp::from_secs(1_795_502_520);

    fn issued(name: &str) -> (Ca, String) {
        let authority = AuthorityName::from_str(name).unwrap();
        let rng = SeededRng::new(4);
        let ca = create_ca(&authority, &rng, NOW).unwrap();
        let key = ed25519_dalek::SigningKey::from_bytes(&[5; 32]);
        let pem = key.to_pkcs8_pem(LineEnding::LF).unwrap();
        let leaf = issue(&ca, &pem, &authority, &rng, NOW).unwrap();
        (ca, leaf)
    }

    #[test]
    fn a_node_certificate_names_its_authority_once_and_serves_both_ends() {
        let (ca, leaf) = issued("customs.xa.example");
        let (_, pem) = x509_parser::pem::parse_x509_pem(leaf.as_bytes()).unwrap();
        let certificate = pem.parse_x509().unwrap();
        let names = &certificate.subject_alternative_name().unwrap().unwrap().value.general_names;
        assert_eq!(names, &[GeneralName::DNSName("customs.xa.example")]);
        let usage = certificate.extended_key_usage().unwrap().unwrap().value;
        assert!(usage.server_auth && usage.client_auth && !usage.any);
        assert!(!certificate.is_ca());
        assert_eq!(certificate.validity().not_before.timestamp(), NOW.as_secs() - 300);
        assert_eq!(not_after(&leaf).unwrap(), NOW.plus_secs(90 * DAY_SECS));
        assert_eq!(certificate.public_key().algorithm.algorithm.to_id_string(), "1.3.101.112");

        let (_, ca_pem) = x509_parser::pem::parse_x509_pem(ca.certificate_pem.as_bytes()).unwrap();
        let ca = ca_pem.parse_x509().unwrap();
        assert!(ca.is_ca());
        assert_eq!(certificate.issuer(), ca.subject());
        assert!(certificate.verify_signature(Some(ca.public_key())).is_ok());
        assert!(ca.extensions().iter().any(|extension| matches!(
            extension.parsed_extension(),
            ParsedExtension::NameConstraints(_)
        )));
    }

    #[test]
    fn tls_accepts_the_chain_at_both_ends_and_for_its_own_name_only() {
        let (ca, leaf) = issued("customs.xa.example");
        assert_eq!(judge(&ca, &leaf, "customs.xa.example", NOW), [true, true]);
        assert_eq!(judge(&ca, &leaf, "customs.xb.example", NOW), [true, false]);
        assert_eq!(judge(&ca, &leaf, "customs.xa.example", NOW.plus_secs(-301)), [false, false]);
        let late = NOW.plus_secs(90 * DAY_SECS + 1);
        assert_eq!(judge(&ca, &leaf, "customs.xa.example", late), [false, false]);
    }

    #[test]
    fn a_ca_cannot_name_another_authority() {
        let (ca, _) = issued("customs.xa.example");
        let other = AuthorityName::from_str("customs.xb.example").unwrap();
        let key = ed25519_dalek::SigningKey::from_bytes(&[5; 32]);
        let pem = key.to_pkcs8_pem(LineEnding::LF).unwrap();
        let leaf = issue(&ca, &pem, &other, &SeededRng::new(4), NOW).unwrap();
        assert_eq!(judge(&ca, &leaf, "customs.xb.example", NOW), [false, false]);
    }

    /// Whether TLS accepts the leaf of a client, and of a server of that name.
    fn judge(ca: &Ca, leaf: &str, name: &str, now: Timestamp) -> [bool; 2] {
        use rustls::pki_types::pem::PemObject;
        use rustls::pki_types::{CertificateDer, ServerName, UnixTime};

        let der = |pem: &str| CertificateDer::from_pem_slice(pem.as_bytes()).unwrap();
        let mut roots = rustls::RootCertStore::empty();
        roots.add(der(&ca.certificate_pem)).unwrap();
        let roots = std::sync::Arc::new(roots);
        let provider = std::sync::Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let secs = u64::try_from(now.as_secs()).unwrap();
        let now = UnixTime::since_unix_epoch(std::time::Duration::from_secs(secs));
        let client = rustls::server::WebPkiClientVerifier::builder_with_provider(
            std::sync::Arc::clone(&roots),
            std::sync::Arc::clone(&provider),
        );
        let server = rustls::client::WebPkiServerVerifier::builder_with_provider(roots, provider);
        let name = ServerName::try_from(name).unwrap();
        let leaf = der(leaf);
        [
            client.build().unwrap().verify_client_cert(&leaf, &[], now).is_ok(),
            rustls::client::danger::ServerCertVerifier::verify_server_cert(
                &*server.build().unwrap(),
                &leaf,
                &[],
                &name,
                &[],
                now,
            )
            .is_ok(),
        ]
    }

    #[test]
    fn a_certificate_is_due_when_less_than_thirty_days_are_left() {
        let end = NOW.plus_secs(30 * DAY_SECS);
        assert!(!is_due(end, NOW));
        assert!(is_due(end, NOW.plus_secs(1)));
        assert!(is_due(end, NOW.plus_secs(40 * DAY_SECS)));
    }

    #[test]
    fn a_long_authority_name_still_gets_a_ca() {
        let name = format!("{}.{}.example", "a".repeat(63), "b".repeat(63));
        let (ca, leaf) = issued(&name);
        assert!(not_after(&ca.certificate_pem).is_ok() && not_after(&leaf).is_ok());
    }

    #[test]
    fn what_is_not_a_certificate_is_said_to_be_unreadable() {
        assert!(matches!(not_after("nothing"), Err(CertificateError::Unreadable)));
        let empty = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        assert!(matches!(not_after(empty), Err(CertificateError::Unreadable)));
    }
}
