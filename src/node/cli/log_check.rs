//! `sealane log check`: derives a node's log again from tiles and store, beside a running node.

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use serde_json::json;

use crate::node::cli::output::Form;
use crate::node::cli::upkeep::{conclude, count_bar, told};
use crate::node::clock::SystemClock;
use crate::node::config::Config;
use crate::node::upkeep::log_check::log_check;

/// The command line of `sealane log check`.
#[derive(Debug, Args)]
pub(super) struct LogCheck {
    /// The node's configuration
    #[arg(long, value_name = "FILE", default_value = "sealane.toml")]
    pub(super) config: PathBuf,
    #[command(flatten)]
    pub(super) form: Form,
}

impl LogCheck {
    /// Checks.
    pub(super) async fn run(self) -> anyhow::Result<()> {
        let config = Config::load(&self.config)?;
        let bar = count_bar("entries");
        let checked = log_check(&config, Arc::new(SystemClock), &told(&bar)).await;
        bar.finish_and_clear();
        let checked = checked?;
        let counts = json!({
            "logs": checked.logs,
            "entries": checked.leaves,
            "tiles": checked.tiles,
            "checkpoints": checked.checkpoints,
            "receipts": checked.receipts,
            "published_files": checked.files,
        });
        conclude(self.form, &counts, &checked.findings)
    }
}
