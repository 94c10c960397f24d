//! The node's configuration: one TOML file, overridden by the environment; the only place that reads the environment.
//!
//! Reads and checks; opens no socket, key or store. A setting is added in three places: its field in `sections`,
//! its line in `keys` and its paragraph in `config/sealane.example.toml`. A test holds the three together.

mod check;
mod error;
mod keys;
mod mail;
mod overlay;
mod sections;
mod template;

use std::path::{Path, PathBuf};

use serde::Deserialize;

pub use crate::node::config::error::ConfigError;
pub use crate::node::config::mail::{Mail, MailTls};
pub use crate::node::config::sections::{
    Backend, Http, Limits, Log, LogFormat, Management, Node, Peer, Policy, Store, Telemetry,
    WitnessQuorum,
};
pub use crate::node::config::template::{EXAMPLE, file_with};

/// Everything a node is told before it starts.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Who this node is.
    pub node: Node,
    /// Where it listens for and can be reached by other authorities.
    #[serde(default)]
    pub peer: Peer,
    /// The API and the console.
    #[serde(default)]
    pub http: Http,
    /// Health and metrics.
    #[serde(default)]
    pub management: Management,
    /// The database.
    #[serde(default)]
    pub store: Store,
    /// The append-only log.
    #[serde(default)]
    pub log: Log,
    /// House rules that an authority may choose.
    #[serde(default)]
    pub policy: Policy,
    /// The authority's mail server.
    #[serde(default)]
    pub mail: Mail,
    /// What the node says about itself.
    #[serde(default)]
    pub telemetry: Telemetry,
    /// Bounds.
    #[serde(default)]
    pub limits: Limits,
    /// Where the node ends itself once, in a drill (`SEALANE_CRASH_AT`, see OPERATIONS); never in the file.
    #[serde(skip)]
    pub crash_at: Option<String>,
}

/// The environment variable of a drill; not a setting, so that no file can hold it by accident.
const CRASH_AT: &str = "SEALANE_CRASH_AT";

impl Config {
    /// Reads a file, lays the process environment over it and checks the result.
    ///
    /// Relative paths in the file are relative to the folder of the file.
    ///
    /// # Errors
    /// A [`ConfigError`] that names the setting and says what to do.
    pub fn load(file: &Path) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(file)
            .map_err(|source| ConfigError::Unreadable { file: file.to_owned(), source })?;
        let folder = file.parent().unwrap_or_else(|| Path::new(""));
        Self::parse(&text, folder, std::env::vars())
    }

    /// As [`Config::load`], from text and a given environment.
    ///
    /// # Errors
    /// A [`ConfigError`] that names the setting and says what to do.
    pub fn parse(
        text: &str,
        folder: &Path,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, ConfigError> {
        let mut table: toml::Table =
            text.parse().map_err(|error| ConfigError::Syntax(Box::new(error)))?;
        keys::refuse_unknown(&table)?;
        let environment: Vec<_> = environment.into_iter().collect();
        let crash_at = environment.iter().find(|(name, _)| name == CRASH_AT);
        let crash_at = crash_at.map(|(_, point)| point.clone());
        overlay::apply(&mut table, environment)?;
        let mut config: Self =
            table.try_into().map_err(|error| ConfigError::Value(Box::new(error)))?;
        config.crash_at = crash_at;
        config.anchor(folder);
        check::check(&config)?;
        Ok(config)
    }

    /// The socket through which an administrator reaches the running node, mode 0600.
    #[must_use]
    pub fn admin_socket(&self) -> PathBuf {
        admin_socket(&self.node.data_dir)
    }

    fn anchor(&mut self, folder: &Path) {
        let anchor = |path: &mut PathBuf| *path = folder.join(&path);
        anchor(&mut self.node.data_dir);
        let files = [
            &mut self.http.tls_certificate,
            &mut self.http.tls_key,
            &mut self.store.url_file,
            &mut self.mail.ca_file,
            &mut self.mail.password_file,
        ];
        files.into_iter().flatten().for_each(anchor);
    }
}

/// The administrator's socket of the node that runs on that data directory.
#[must_use]
pub fn admin_socket(data_dir: &Path) -> PathBuf {
    data_dir.join("admin.sock")
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINIMAL: &str = "[node]\nauthority = 'customs.xa.example'\ntitle = 'Customs of XA'\n\
                           country = 'XA'\ndata_dir = 'data'\n";

    fn parse(text: &str, environment: &[(&str, &str)]) -> Result<Config, ConfigError> {
        let environment = environment.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
        Config::parse(text, Path::new("/srv/sealane"), environment)
    }

    #[test]
    fn the_example_file_shows_the_defaults() {
        let example = parse(EXAMPLE, &[]).unwrap();
        let minimal = parse(MINIMAL, &[]).unwrap();
        assert_eq!(example, Config { node: example.node.clone(), ..minimal });
    }

    #[test]
    fn the_environment_wins_over_the_file() {
        let config = parse(
            MINIMAL,
            &[
                ("SEALANE_NODE__TITLE", "007"),
                ("SEALANE_PEER__ADVERTISE", "a.example:4710, 192.0.2.7:4710"),
                ("SEALANE_LOG__PUBLISH_INTERVAL_MS", "500"),
                ("SEALANE_HTTP__PUBLIC_LOG", "true"),
                ("SEALANE_TOKEN", "not a setting"),
                ("PATH", "/bin"),
            ],
        )
        .unwrap();
        assert_eq!(config.node.title, "007");
        assert_eq!(config.peer.advertise, ["a.example:4710", "192.0.2.7:4710"]);
        assert_eq!(config.log.publish_interval_ms, 500);
        assert!(config.http.public_log);
    }

    #[test]
    fn an_unknown_key_is_refused_with_the_nearest_known_one() {
        let text = format!("{MINIMAL}[http]\nlisten_adress = '127.0.0.1:1'\n");
        let message = parse(&text, &[]).unwrap_err().to_string();
        assert!(message.contains("'http.listen_adress'"), "{message}");
        assert!(message.contains("'http.listen'"), "{message}");
        let message = parse(&format!("{MINIMAL}[htp]\n"), &[]).unwrap_err().to_string();
        assert!(message.contains("'http'"), "{message}");
        let message = parse(MINIMAL, &[("SEALANE_LOG__QUORUM", "2")]).unwrap_err().to_string();
        assert!(message.contains("SEALANE_LOG__QUORUM"), "{message}");
        assert!(message.contains("SEALANE_LOG__WITNESS_QUORUM"), "{message}");
    }

    #[test]
    fn a_relative_path_starts_at_the_folder_of_the_file() {
        let config = parse(MINIMAL, &[]).unwrap();
        assert_eq!(config.node.data_dir, Path::new("/srv/sealane/data"));
        assert_eq!(config.admin_socket(), Path::new("/srv/sealane/data/admin.sock"));
    }

    #[test]
    fn an_address_without_tls_stays_on_loopback() {
        let text = format!("{MINIMAL}[http]\nlisten = '0.0.0.0:8443'\n");
        let message = parse(&text, &[]).unwrap_err().to_string();
        assert!(message.contains("tls_certificate"), "{message}");
        let text = format!("{text}tls_certificate = 'a.pem'\ntls_key = 'a.key'\n");
        let config = parse(&text, &[]).unwrap();
        assert_eq!(config.http.tls_key.as_deref(), Some(Path::new("/srv/sealane/a.key")));
        let half = format!("{MINIMAL}[http]\ntls_key = 'a.key'\n");
        assert!(parse(&half, &[]).is_err());
    }

    #[test]
    fn each_bad_value_says_what_to_do() {
        for (section, says) in [
            ("[management]\nlisten = '0.0.0.0:9480'", "loopback"),
            ("[store]\nbackend = 'postgres'", "url_file"),
            ("[store]\nbackend = 'oracle'", "sqlite"),
            ("[log]\npublish_interval_ms = 10", "200"),
            ("[log]\nwitness_quorum = 'most'", "majority"),
            ("[log]\nwitness_quorum = 0", "majority"),
            ("[peer]\nmtu_max = 9", "1200"),
            ("[peer]\nadvertise = ['nowhere']", "host:port"),
            ("[limits]\nbody_bytes_max = 0", "body_bytes_max"),
            ("[policy]\nrequired_training = ['captain=sailing']", "case_officer"),
            ("[policy]\nrequired_training = ['analyst']", "role=training"),
            ("[mail]\nserver = 'mail'\nfrom = 'a@b.example'", "host:port"),
            ("[mail]\nserver = 'mail.example:25'", "mail.from"),
            ("[mail]\nserver = 'mail.example:25'\nfrom = 'a@b.example'\ntls = 'none'", "in clear"),
            ("[mail]\nuser = 'sealane'", "password_file"),
            ("[mail]\ndigest_hour = 24", "hour of the day"),
            ("[telemetry]\nfilter = 'a=b=c'", "filter"),
            ("[telemetry]\nformat = 'xml'", "json"),
            ("[peer]\nlisten = 'localhost'", "peer"),
        ] {
            let error = parse(&format!("{MINIMAL}{section}\n"), &[]).unwrap_err();
            let message = error.to_string();
            assert!(message.contains(says), "{section}: {message}");
        }
        let nameless = MINIMAL.replace("customs.xa.example", "Customs");
        assert!(parse(&nameless, &[]).unwrap_err().to_string().contains("customs.xa.example"));
        let placeless = MINIMAL.replace("'XA'", "'Xanadu'");
        assert!(parse(&placeless, &[]).unwrap_err().to_string().contains("two letters"));
    }

    #[test]
    fn a_written_file_loads_as_what_was_asked() {
        let text = file_with(&[
            ("node.authority", "customs.xb.example".into()),
            ("node.title", "Customs \"B\"".into()),
            ("http.tls_key", "k.pem".into()),
            ("http.tls_certificate", "c.pem".into()),
            ("peer.advertise", vec!["192.0.2.1:4710".to_owned()].into()),
        ])
        .unwrap();
        let config = parse(&text, &[]).unwrap();
        assert_eq!(config.node.authority.as_str(), "customs.xb.example");
        assert_eq!(config.node.title, "Customs \"B\"");
        assert_eq!(config.peer.advertise, ["192.0.2.1:4710"]);
        assert_eq!(config.http.tls_key.as_deref(), Some(Path::new("/srv/sealane/k.pem")));
        assert!(file_with(&[("node.colour", "red".into())]).is_err());
    }
}
