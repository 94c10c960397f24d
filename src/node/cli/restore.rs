//! `sealane restore`: a node's data from a backup; the node signs no checkpoint until its witnesses agree.

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;

use crate::node::cli::exit::Failure;
use crate::node::cli::output::{line, plain};
use crate::node::cli::upkeep::{bytes_bar, told};
use crate::node::clock::SystemClock;
use crate::node::upkeep::restore::{RestoreError, restore};

/// The command line of `sealane restore`.
#[derive(Debug, Args)]
pub(super) struct Restore {
    /// The backup
    pub(super) file: PathBuf,
    /// The folder to restore into; it must be empty
    #[arg(long, value_name = "DIR")]
    pub(super) dir: PathBuf,
}

impl Restore {
    /// Restores.
    pub(super) async fn run(self) -> anyhow::Result<()> {
        let bar = bytes_bar();
        let restored = restore(&self.file, &self.dir, Arc::new(SystemClock), &told(&bar)).await;
        bar.finish_and_clear();
        let restored = restored.map_err(|error| match error {
            RestoreError::NotSound { .. } => {
                anyhow::Error::new(Failure::Unverified(error.to_string()))
            }
            error => error.into(),
        })?;
        let manifest = &restored.manifest;
        line(&format!(
            "{} as of {} is restored in {}",
            plain(&manifest.authority),
            plain(&manifest.made_at),
            self.dir.display()
        ))?;
        if let Some(from) = &restored.moved_from {
            line(&format!(
                "node.data_dir was {} and is now data, in {}",
                plain(from),
                restored.config.display()
            ))?;
        }
        let mut step = 0;
        let mut next = |text: String| {
            step += 1;
            line(&format!("{step}. {text}"))
        };
        next("make sure that the old node is stopped and stays so: two nodes under one name sign two histories".to_owned())?;
        if !manifest.has_keys() {
            next(format!(
                "put the key files into {}/data/keys (folder 0700, files 0600)",
                self.dir.display()
            ))?;
        }
        next(format!("sealane log check --config {}", restored.config.display()))?;
        next(format!("sealane serve --config {}", restored.config.display()))?;
        Ok(next("the node asks its witnesses how far its log was, and signs no checkpoint before one has answered; until then officers can work, and /readyz says what it waits for".to_owned())?)
    }
}
