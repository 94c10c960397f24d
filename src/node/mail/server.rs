//! The authority's mail server: how it is reached, and what became of a letter.

use std::path::PathBuf;
use std::time::Duration;

use lettre::message::header::ContentType;
use lettre::message::{Mailbox, Message};
use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, CertificateStore, Tls, TlsParameters};
use lettre::{AsyncSmtpTransport, AsyncTransport as _, Tokio1Executor};

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

use crate::node::config::{Mail, MailTls};
use crate::node::mail::{Letter, Undelivered};

/// The longest that the server may take for one command.
const PATIENCE: Duration = Duration::from_secs(30);

/// A mail server, ready to be asked; nothing was sent to it yet.
pub struct MailServer {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
}

/// Why the settings of `[mail]` cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum MailSetupError {
    /// A file that the settings name.
    #[error("{} cannot be read ({source}); see whether mail.password_file and mail.ca_file name the right places", .file.display())]
    File {
        /// The file.
        file: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// TLS cannot be set up for that name.
    #[error("mail.server: {0}")]
    Server(#[from] Error),
    /// The file with CA certificates holds none.
    #[error("mail.ca_file: {} holds no CA certificate; it must be PEM", .0.display())]
    Authorities(PathBuf),
    /// The sender is no address.
    #[error("mail.from: '{0}' is no address; write for example sealane@customs.example")]
    From(String),
}

impl MailServer {
    /// The server that the configuration names; none if it names none.
    ///
    /// # Errors
    /// [`MailSetupError`] with the setting that is wrong.
    pub fn of(mail: &Mail) -> Result<Option<Self>, MailSetupError> {
        let Some((host, port)) = mail.address() else { return Ok(None) };
        let from = mail.from.clone().unwrap_or_default();
        let from = from.parse().map_err(|_| MailSetupError::From(from))?;
        let tls = match mail.tls {
            MailTls::Starttls => Tls::Required(tls_to(host, mail)?),
            MailTls::Tls => Tls::Wrapper(tls_to(host, mail)?),
            MailTls::None => Tls::None,
        };
        let builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(host)
            .tls(tls)
            .port(port)
            .timeout(Some(PATIENCE));
        let builder = match (&mail.user, &mail.password_file) {
            (Some(user), Some(file)) => {
                let password = std::fs::read_to_string(file)
                    .map_err(|source| MailSetupError::File { file: file.clone(), source })?;
                let password = password.trim_end_matches(['\r', '\n']).to_owned();
                builder.credentials(Credentials::new(user.clone(), password))
            }
            _ => builder,
        };
        Ok(Some(Self { transport: builder.build(), from }))
    }

    /// Hands a letter over; a server that takes it answers for the rest of its way.
    ///
    /// # Errors
    /// [`Undelivered::Refused`] if it will never be taken, [`Undelivered::Later`] for everything else.
    pub async fn send(&self, letter: &Letter) -> Result<(), Undelivered> {
        let to: Mailbox = letter
            .to
            .parse()
            .map_err(|error| Undelivered::Refused(format!("it is no address: {error}")))?;
        let message = Message::builder()
            .from(self.from.clone())
            .to(to)
            .subject(&letter.subject)
            .message_id(Some(format!("<{}@{}>", letter.id, self.from.email.domain())))
            .header(ContentType::TEXT_PLAIN)
            .body(letter.text.clone())
            .map_err(|error| Undelivered::Refused(error.to_string()))?;
        match self.transport.send(message).await {
            Ok(_) => Ok(()),
            Err(error) if is_of_the_letter(&error) && self.try_out().await.is_ok() => {
                Err(Undelivered::Refused(told(&error)))
            }
            Err(error) => Err(Undelivered::Later(told(&error))),
        }
    }

    /// Reaches the server and signs in, without a letter.
    ///
    /// # Errors
    /// What stands in the way.
    pub async fn try_out(&self) -> Result<(), String> {
        match self.transport.test_connection().await {
            Ok(true) => Ok(()),
            Ok(false) => Err("it hung up".to_owned()),
            Err(error) => Err(error.to_string()),
        }
    }
}

/// What happened, for log lines: of a reply the code alone, since servers repeat addresses in their replies.
fn told(error: &Error) -> String {
    match error.status().map(u16::from) {
        Some(code @ (530 | 534 | 535 | 538)) => format!(
            "the mail server lets the node not in (reply {code}): see to mail.user and mail.password_file"
        ),
        Some(code) => format!("the mail server replied {code}"),
        None => error.to_string(),
    }
}

/// Whether a refusal for good is about one mailbox (RFC 5321 4.2.3: 550 to 553), not about the node, its password or the
/// server: those are repaired, and then everything that waited is sent.
fn is_of_the_letter(error: &Error) -> bool {
    let code = error.status().filter(|_| error.is_permanent());
    code.is_some_and(|code| (550..=553).contains(&u16::from(code)))
}

/// TLS to that host, whose certificate must come from the CAs of `mail.ca_file`, or else from those of this machine.
fn tls_to(host: &str, mail: &Mail) -> Result<TlsParameters, MailSetupError> {
    let builder = TlsParameters::builder(host.to_owned());
    let Some(file) = &mail.ca_file else { return Ok(builder.build_rustls()?) };
    let pem = std::fs::read(file)
        .map_err(|source| MailSetupError::File { file: file.clone(), source })?;
    let mut builder = builder.certificate_store(CertificateStore::None);
    let mut count = 0_usize;
    for certificate in CertificateDer::pem_slice_iter(&pem) {
        let certificate =
            certificate.map_err(|_| MailSetupError::Authorities(file.clone()))?.to_vec();
        builder = builder.add_root_certificate(Certificate::from_der(certificate)?);
        count = count.saturating_add(1);
    }
    if count == 0 {
        return Err(MailSetupError::Authorities(file.clone()));
    }
    Ok(builder.build_rustls()?)
}
