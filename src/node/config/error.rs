//! Why a configuration is refused; each message names the setting and says what to do.

use std::path::PathBuf;

/// Why a configuration is refused.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file is missing or may not be read.
    #[error("cannot read the configuration {file}: {source}; name it with --config, and check its path and mode; `sealane init` makes one for a new node, a node that ran before is restored from a backup", file = .file.display())]
    Unreadable {
        /// The file that was asked for.
        file: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// The file is not TOML.
    #[error("the configuration is not valid TOML; correct the place shown:\n{0}")]
    Syntax(Box<toml::de::Error>),
    /// A key that no version of this program knows.
    #[error("unknown setting '{key}' in the configuration: {advice}")]
    Unknown {
        /// The key as it was written.
        key: String,
        /// The nearest known key, or where to find them.
        advice: String,
    },
    /// A value of the wrong kind, or a setting that is missing.
    #[error("the configuration has a value that does not fit: {0}")]
    Value(Box<toml::de::Error>),
    /// A value that is well formed and yet cannot be used.
    #[error("setting '{key}': {advice}")]
    Unfit {
        /// The setting.
        key: &'static str,
        /// What is wrong and what to do.
        advice: String,
    },
}
