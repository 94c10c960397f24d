//! One HTTP/1.1 connection to a node: TCP, TLS or the local socket; knows no path and no token.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::combinators::UnsyncBoxBody;
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};
use tokio_rustls::TlsConnector;

use crate::node::cli::exit::Failure;

/// What is sent: whole or streamed.
pub(super) type Body = UnsyncBoxBody<Bytes, io::Error>;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Where a node is.
#[derive(Clone, Debug)]
pub(super) enum Target {
    /// `http://authority`.
    Clear { authority: String, address: String },
    /// The socket in the data directory.
    Local(PathBuf),
    /// `https://authority`, believed if its chain leads to a certificate in this file.
    Tls { authority: String, address: String, host: String, trust: PathBuf },
}

impl Target {
    /// The target that a URL names.
    pub(super) fn parse(url: &str, trust: Option<PathBuf>) -> Result<Self, Failure> {
        let unusable = || {
            Failure::Usage(format!(
                "'{url}' is not the URL of a node: use http://127.0.0.1:8710 or https://HOST:PORT in --url or SEALANE_URL"
            ))
        };
        let uri: hyper::Uri = url.parse().map_err(|_| unusable())?;
        let authority = uri.authority().ok_or_else(unusable)?;
        if !matches!(uri.path(), "" | "/") || uri.query().is_some() {
            return Err(unusable());
        }
        let host = authority.host().to_owned();
        let address = |port: u16| format!("{host}:{}", authority.port_u16().unwrap_or(port));
        match (uri.scheme_str(), trust) {
            (Some("http"), _) => {
                Ok(Self::Clear { address: address(80), authority: authority.to_string() })
            }
            (Some("https"), Some(trust)) => {
                let address = address(443);
                Ok(Self::Tls { authority: authority.to_string(), address, host, trust })
            }
            (Some("https"), None) => Err(Failure::Usage(
                "name the PEM file of the authority that issued the node's certificate: --ca FILE or SEALANE_CA".into(),
            )),
            (Some(_) | None, _) => Err(unusable()),
        }
    }

    /// The value of the Host header.
    pub(super) fn authority(&self) -> &str {
        match self {
            Self::Clear { authority, .. } | Self::Tls { authority, .. } => authority,
            Self::Local(_) => "localhost",
        }
    }

    /// Sends one request over a connection of its own and waits for the head of the answer.
    pub(super) async fn send(&self, request: Request<Body>) -> Result<Response<Incoming>, Failure> {
        let connected = tokio::time::timeout(CONNECT_TIMEOUT, self.connect()).await;
        let stream = connected.unwrap_or_else(|_| {
            Err(self.unreachable(&format!("no connection within {} s", CONNECT_TIMEOUT.as_secs())))
        })?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream))
            .await
            .map_err(|error| self.unreachable(&error.to_string()))?;
        // The connection is driven beside the request and ends with it.
        tokio::spawn(connection);
        sender.send_request(request).await.map_err(|error| {
            Failure::Unreachable(format!(
                "the node ended the connection before it answered: {error}"
            ))
        })
    }

    async fn connect(&self) -> Result<Box<dyn Stream>, Failure> {
        let failed = |error: io::Error| self.unreachable(&error.to_string());
        match self {
            Self::Clear { address, .. } => {
                Ok(Box::new(TcpStream::connect(address).await.map_err(failed)?))
            }
            Self::Local(path) => Ok(Box::new(UnixStream::connect(path).await.map_err(failed)?)),
            Self::Tls { address, host, trust, .. } => {
                let connector = TlsConnector::from(Arc::new(client_config(trust)?));
                let name = ServerName::try_from(host.trim_matches(['[', ']']).to_owned())
                    .map_err(|_| Failure::Usage(format!("'{host}' is not a host name")))?;
                let stream = TcpStream::connect(address).await.map_err(failed)?;
                Ok(Box::new(connector.connect(name, stream).await.map_err(failed)?))
            }
        }
    }

    fn unreachable(&self, cause: &str) -> Failure {
        let place = match self {
            Self::Clear { address, .. } | Self::Tls { address, .. } => address.clone(),
            Self::Local(path) => path.display().to_string(),
        };
        Failure::Unreachable(format!(
            "cannot reach the node at {place}: {cause}; is `sealane serve` running, and is this the right place?"
        ))
    }
}

trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

fn client_config(trust: &PathBuf) -> Result<ClientConfig, Failure> {
    let unusable = |cause: String| {
        Failure::Usage(format!("cannot use {} as trusted certificates: {cause}", trust.display()))
    };
    let mut roots = RootCertStore::empty();
    let certificates =
        CertificateDer::pem_file_iter(trust).map_err(|error| unusable(error.to_string()))?;
    for certificate in certificates {
        let certificate = certificate.map_err(|error| unusable(error.to_string()))?;
        roots.add(certificate).map_err(|error| unusable(error.to_string()))?;
    }
    let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_protocol_versions(&[&rustls::version::TLS13])
        .map_err(|error| unusable(error.to_string()))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(config)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_names_a_node_and_nothing_more() {
        assert!(matches!(
            Target::parse("http://127.0.0.1:8710/", None),
            Ok(Target::Clear { address, .. }) if address == "127.0.0.1:8710"
        ));
        assert!(matches!(
            Target::parse("https://[::1]", Some("ca.pem".into())),
            Ok(Target::Tls { address, host, .. }) if address == "[::1]:443" && host == "[::1]"
        ));
        for bad in ["", "127.0.0.1", "ftp://a", "http://a/api", "http://a?x=1", "https://a"] {
            assert!(matches!(Target::parse(bad, None), Err(Failure::Usage(_))), "{bad}");
        }
    }
}
