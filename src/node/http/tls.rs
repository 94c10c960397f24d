//! The TLS settings of the API listener, from files; the exchange between authorities has its own (`node::peer`).

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::{self, PemObject as _};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// Why the API cannot be served over TLS.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file that cannot be read or does not hold what it should.
    #[error("cannot read {} as PEM ({source}); name the right file in [http] of the configuration", file.display())]
    File {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        source: pem::Error,
    },
    /// No certificate in the file.
    #[error("{} holds no certificate; http.tls_certificate must name a PEM file of the chain", .0.display())]
    Empty(PathBuf),
    /// Certificate and key do not fit.
    #[error(
        "certificate and key of the API do not fit together: {0}; check http.tls_certificate and http.tls_key"
    )]
    Mismatch(#[from] rustls::Error),
}

/// TLS 1.3 with one certificate chain, HTTP/1.1 only, no tickets.
///
/// # Errors
/// If a file cannot be read or the key is not the certificate's.
pub fn server(certificate: &Path, key: &Path) -> Result<Arc<ServerConfig>, TlsError> {
    let in_file = |file: &Path| {
        let file = file.to_owned();
        move |source| TlsError::File { file, source }
    };
    let chain = CertificateDer::pem_file_iter(certificate)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(in_file(certificate))?;
    if chain.is_empty() {
        return Err(TlsError::Empty(certificate.to_owned()));
    }
    let key = PrivateKeyDer::from_pem_file(key).map_err(in_file(key))?;
    let provider = Arc::new(aws_lc_rs::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .with_no_client_auth()
        .with_single_cert(chain, key)?;
    config.send_tls13_tickets = 0;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}
