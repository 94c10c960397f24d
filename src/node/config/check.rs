//! Checks of values that are well formed and yet cannot be used together; touches no file and no socket.

use std::net::IpAddr;

use tracing_subscriber::EnvFilter;

use crate::domain::handling::LEVEL_MAX;
use crate::node::config::Config;
use crate::node::config::error::ConfigError;
use crate::node::config::mail::MailTls;
use crate::node::config::sections::Backend;

/// QUIC needs paths of 1,200 bytes (RFC 9000 14); no UDP payload is longer than 65,527.
const MTU_RANGE: std::ops::RangeInclusive<u16> = 1200..=65_527;
/// Reads of a week at most are kept for the alarm.
const MINUTES_MAX: u32 = 10_080;
/// Five checkpoints a second at most: witnesses must keep up.
const PUBLISH_INTERVAL_MS_MIN: u64 = 200;

/// Refuses the first setting that cannot be used.
pub(super) fn check(config: &Config) -> Result<(), ConfigError> {
    node(config)?;
    peer(config)?;
    listeners(config)?;
    store(config)?;
    limits(config)?;
    mail(config)?;
    if config.policy.level_max > LEVEL_MAX {
        return unfit("policy.level_max", "use a number from 0 to 4");
    }
    if config.log.publish_interval_ms < PUBLISH_INTERVAL_MS_MIN {
        return unfit("log.publish_interval_ms", "use 200 or more, so that witnesses can keep up");
    }
    if !(1..=MINUTES_MAX).contains(&config.policy.bulk_read_minutes) {
        return unfit("policy.bulk_read_minutes", "use a number from 1 to 10080, which is a week");
    }
    if let Err(error) = EnvFilter::try_new(&config.telemetry.filter) {
        let advice =
            format!("not a log filter ({error}); write for example \"info,sealane=debug\"");
        return unfit("telemetry.filter", &advice);
    }
    Ok(())
}

fn node(config: &Config) -> Result<(), ConfigError> {
    let country = &config.node.country;
    if country.len() != 2 || !country.bytes().all(|b| b.is_ascii_uppercase()) {
        return unfit("node.country", "use the two letters of ISO 3166-1, such as FR");
    }
    if config.node.title.trim().is_empty() || config.node.title.len() > 200 {
        return unfit("node.title", "write the authority's name, at most 200 bytes");
    }
    Ok(())
}

fn peer(config: &Config) -> Result<(), ConfigError> {
    if !MTU_RANGE.contains(&config.peer.mtu_max) {
        return unfit("peer.mtu_max", "use a number from 1200 to 65527; 1452 suits most networks");
    }
    let is_address = |text: &String| {
        text.rsplit_once(':').is_some_and(|(host, port)| {
            !host.is_empty() && port.parse::<u16>().is_ok_and(|p| p > 0)
        })
    };
    if let Some(bad) = config.peer.advertise.iter().find(|text| !is_address(text)) {
        let advice = format!("'{bad}' is not host:port; write for example 198.51.100.7:4710");
        return unfit("peer.advertise", &advice);
    }
    Ok(())
}

fn listeners(config: &Config) -> Result<(), ConfigError> {
    let http = &config.http;
    if http.tls_certificate.is_some() != http.tls_key.is_some() {
        return unfit(
            "http.tls_certificate",
            "set tls_certificate and tls_key together, or neither",
        );
    }
    if http.tls_certificate.is_none() && !http.listen.ip().is_loopback() {
        let advice = format!(
            "{} is not a loopback address and would be served in clear: set http.tls_certificate and http.tls_key, or listen on 127.0.0.1",
            http.listen
        );
        return unfit("http.listen", &advice);
    }
    if !config.management.listen.ip().is_loopback() {
        return unfit(
            "management.listen",
            "health and metrics stay on a loopback address, such as 127.0.0.1:9480",
        );
    }
    Ok(())
}

fn store(config: &Config) -> Result<(), ConfigError> {
    match (config.store.backend, &config.store.url_file) {
        (Backend::Postgres, None) => unfit(
            "store.url_file",
            "name a file (mode 0600) that holds the PostgreSQL URL, such as postgres://sealane:…@db/sealane",
        ),
        (Backend::Sqlite, Some(_)) => unfit(
            "store.url_file",
            "only PostgreSQL reads it: remove it, or set store.backend to \"postgres\"",
        ),
        (Backend::Postgres, Some(_)) | (Backend::Sqlite, None) => Ok(()),
    }
}

fn mail(config: &Config) -> Result<(), ConfigError> {
    let mail = &config.mail;
    if mail.digest_hour > 23 {
        return unfit("mail.digest_hour", "use an hour of the day, from 0 to 23 (UTC)");
    }
    if mail.user.is_some() != mail.password_file.is_some() {
        return unfit("mail.user", "set user and password_file together, or neither");
    }
    if mail.server.is_none() {
        return Ok(());
    }
    let Some((host, _)) = mail.address() else {
        return unfit("mail.server", "use host:port, for example mail.customs.example:587");
    };
    if mail.from.is_none() {
        return unfit("mail.from", "name the address that letters come from");
    }
    let is_here = host == "localhost" || host.parse().is_ok_and(|ip: IpAddr| ip.is_loopback());
    if mail.tls == MailTls::None && !is_here {
        return unfit(
            "mail.tls",
            "letters and password would travel in clear: use \"starttls\" or \"tls\", or a server on 127.0.0.1",
        );
    }
    Ok(())
}

fn limits(config: &Config) -> Result<(), ConfigError> {
    let limits = &config.limits;
    for (key, is_unusable) in [
        ("limits.body_bytes_max", limits.body_bytes_max == 0),
        ("limits.evidence_bytes_max", limits.evidence_bytes_max == 0),
        ("limits.request_timeout_secs", limits.request_timeout_secs == 0),
        ("limits.http_connections_max", limits.http_connections_max == 0),
        ("limits.http_connections_per_address_max", limits.http_connections_per_address_max == 0),
        ("limits.token_requests_per_sec", limits.token_requests_per_sec == 0),
        ("limits.sign_in_failures_per_min", limits.sign_in_failures_per_min == 0),
        ("limits.peer_connections_max", limits.peer_connections_max == 0),
        ("limits.disk_free_percent_min", limits.disk_free_percent_min > 50),
    ] {
        if is_unusable {
            return unfit(
                key,
                "the node could do nothing with this limit; remove the line to have the default",
            );
        }
    }
    Ok(())
}

fn unfit(key: &'static str, advice: &str) -> Result<(), ConfigError> {
    Err(ConfigError::Unfit { key, advice: advice.to_owned() })
}
