//! Which authority a certificate speaks for; does not verify who issued it.

use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::FromDer;

use crate::domain::id::AuthorityName;
use crate::domain::time::Timestamp;

/// What the leaf certificate of a node says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The one authority that it names.
    pub authority: AuthorityName,
    /// The first moment of its validity.
    pub not_before: Timestamp,
    /// The last moment of its validity.
    pub not_after: Timestamp,
}

/// Why a certificate speaks for no authority.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdentityError {
    /// Not a certificate.
    #[error("the certificate cannot be read")]
    Unreadable,
    /// No subject alternative name; the common name counts for nothing.
    #[error(
        "the certificate has no dNSName: issue one with the authority's name as its only subject alternative name"
    )]
    NoName,
    /// More than one subject alternative name.
    #[error("the certificate has {0} names: a node certificate names exactly one authority")]
    SeveralNames(usize),
    /// A subject alternative name that is no dNSName.
    #[error("the certificate names {0}: only a dNSName is accepted")]
    OtherName(&'static str),
    /// A name that stands for many.
    #[error("the certificate is for a wildcard: a node certificate names exactly one authority")]
    Wildcard,
    /// A name in upper case.
    #[error("the certificate's name is not in lower case")]
    NotLowerCase,
    /// A name that no authority can have.
    #[error("the certificate's name is not an authority name")]
    NotAnAuthority,
    /// Its time is over.
    #[error("the certificate of {authority} expired at {until}")]
    Expired {
        /// Whom it named.
        authority: AuthorityName,
        /// When it ended.
        until: Timestamp,
    },
    /// Its time has not come: one of the two clocks may be wrong.
    #[error(
        "the certificate of {authority} is not valid before {from}: compare the clocks of both nodes"
    )]
    NotYetValid {
        /// Whom it names.
        authority: AuthorityName,
        /// When it begins.
        from: Timestamp,
    },
}

/// Reads the leaf certificate of a node.
///
/// # Errors
/// If it does not name exactly one authority, or is not valid at `now`.
pub fn identify(leaf: &[u8], now: Timestamp) -> Result<Identity, IdentityError> {
    let identity = read(leaf)?;
    if now.as_secs() < identity.not_before.as_secs() {
        return Err(IdentityError::NotYetValid {
            authority: identity.authority,
            from: identity.not_before,
        });
    }
    if now.as_secs() > identity.not_after.as_secs() {
        return Err(IdentityError::Expired {
            authority: identity.authority,
            until: identity.not_after,
        });
    }
    Ok(identity)
}

/// Reads the leaf certificate of a node without asking whether it is valid now.
///
/// # Errors
/// If it does not name exactly one authority.
pub fn read(leaf: &[u8]) -> Result<Identity, IdentityError> {
    let certificate = parse(leaf)?;
    let names = certificate
        .subject_alternative_name()
        .map_err(|_| IdentityError::Unreadable)?
        .map(|extension| extension.value.general_names.as_slice())
        .unwrap_or_default();
    let name = match names {
        [] => return Err(IdentityError::NoName),
        [name] => dns_name(name)?,
        several => return Err(IdentityError::SeveralNames(several.len())),
    };
    Ok(Identity {
        authority: authority(name)?,
        not_before: Timestamp::from_secs(certificate.validity().not_before.timestamp()),
        not_after: Timestamp::from_secs(certificate.validity().not_after.timestamp()),
    })
}

/// The last moment at which every certificate of the chain is valid.
pub(crate) fn valid_until<'a>(
    chain: impl IntoIterator<Item = &'a [u8]>,
) -> Result<Timestamp, IdentityError> {
    let mut until = Timestamp(i64::MAX);
    for der in chain {
        let not_after = parse(der)?.validity().not_after.timestamp();
        until = until.min(Timestamp::from_secs(not_after));
    }
    Ok(until)
}

fn parse(der: &[u8]) -> Result<X509Certificate<'_>, IdentityError> {
    match X509Certificate::from_der(der) {
        Ok(([], certificate)) => Ok(certificate),
        Ok(_) | Err(_) => Err(IdentityError::Unreadable),
    }
}

fn dns_name<'a>(name: &GeneralName<'a>) -> Result<&'a str, IdentityError> {
    match name {
        GeneralName::DNSName(name) => Ok(name),
        GeneralName::IPAddress(_) => Err(IdentityError::OtherName("an IP address")),
        GeneralName::URI(_) => Err(IdentityError::OtherName("a URI")),
        GeneralName::RFC822Name(_) => Err(IdentityError::OtherName("a mail address")),
        _ => Err(IdentityError::OtherName("something that is no dNSName")),
    }
}

fn authority(name: &str) -> Result<AuthorityName, IdentityError> {
    if name.contains('*') {
        return Err(IdentityError::Wildcard);
    }
    if name.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return Err(IdentityError::NotLowerCase);
    }
    name.parse().map_err(|_| IdentityError::NotAnAuthority)
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use rcgen::{CertificateParams, KeyPair, SanType};

    use super::*;

    fn dns(name: &str) -> SanType {
        SanType::DnsName(name.try_into().unwrap())
    }

    fn leaf(names: Vec<SanType>) -> Vec<u8> {
        let mut params = CertificateParams::default();
        params.subject_alt_names = names;
        params.not_before = rcgen::date_time_ymd(2026, 1, 1);
        params.not_after = rcgen::date_time_ymd(2026, 3, 1);
        params.self_signed(&KeyPair::generate().unwrap()).unwrap().der().to_vec()
    }

    #[test]
    fn one_lower_case_dns_name_is_an_authority() {
        let identity = read(&leaf(vec![dns("customs.xa.example")])).unwrap();
        assert_eq!(identity.authority.as_str(), "customs.xa.example");
        assert_eq!(identity.not_after.to_string(), "2026-03-01T00:00:00Z");
    }

    #[test]
    fn every_other_name_is_refused_by_its_own_error() {
        let address: IpAddr = "192.0.2.1".parse().unwrap();
        let uri = SanType::URI("https://customs.xa.example".try_into().unwrap());
        let mail = SanType::Rfc822Name("a@customs.xa.example".try_into().unwrap());
        let cases = [
            (vec![], IdentityError::NoName),
            (vec![dns("a.example"), dns("b.example")], IdentityError::SeveralNames(2)),
            (vec![dns("a.example"), SanType::IpAddress(address)], IdentityError::SeveralNames(2)),
            (vec![SanType::IpAddress(address)], IdentityError::OtherName("an IP address")),
            (vec![uri], IdentityError::OtherName("a URI")),
            (vec![mail], IdentityError::OtherName("a mail address")),
            (vec![dns("*.xa.example")], IdentityError::Wildcard),
            (vec![dns("Customs.xa.example")], IdentityError::NotLowerCase),
            (vec![dns("localhost")], IdentityError::NotAnAuthority),
        ];
        for (names, error) in cases {
            assert_eq!(read(&leaf(names)), Err(error));
        }
        assert_eq!(read(b"no certificate"), Err(IdentityError::Unreadable));
    }

    #[test]
    fn validity_has_both_ends() {
        let leaf = leaf(vec![dns("customs.xa.example")]);
        let identity = read(&leaf).unwrap();
        let before = identify(&leaf, identity.not_before.plus_secs(-1));
        assert!(matches!(before, Err(IdentityError::NotYetValid { .. })));
        assert!(identify(&leaf, identity.not_before).is_ok());
        assert!(identify(&leaf, identity.not_after).is_ok());
        let after = identify(&leaf, identity.not_after.plus_secs(1));
        assert!(matches!(after, Err(IdentityError::Expired { .. })));
    }
}
