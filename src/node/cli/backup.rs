//! `sealane backup`: copies a node's data while it runs.

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;

use crate::node::cli::output::line;
use crate::node::cli::upkeep::{bytes_bar, told};
use crate::node::clock::SystemClock;
use crate::node::upkeep::backup;

/// The command line of `sealane backup`.
#[derive(Debug, Args)]
pub(super) struct Backup {
    /// The node's configuration
    #[arg(long, value_name = "FILE", default_value = "sealane.toml")]
    pub(super) config: PathBuf,
    /// The file to write
    #[arg(long, value_name = "FILE")]
    pub(super) out: PathBuf,
    /// Put the key files into it too (never the root key); whoever has the file can then read and sign everything
    #[arg(long)]
    pub(super) with_keys: bool,
}

impl Backup {
    /// Writes the backup.
    pub(super) async fn run(self) -> anyhow::Result<()> {
        let what = backup::Backup { config: self.config, out: self.out, with_keys: self.with_keys };
        let bar = bytes_bar();
        let made = backup::backup(&what, Arc::new(SystemClock), &told(&bar)).await?;
        bar.finish_and_clear();
        let size: u64 = made.manifest.files.iter().map(|file| file.size).sum();
        line(&format!(
            "{}: {} files, {size} bytes",
            what.out.display(),
            made.manifest.files.len()
        ))?;
        if let Some(log) = &made.manifest.log {
            line(&format!("it holds {log} up to entry {}", made.manifest.log_size))?;
        }
        if what.with_keys {
            line(
                "WARNING: it holds the node's keys: whoever has this file can read and sign everything; encrypt it before it leaves this machine",
            )?;
        } else {
            line(
                "it holds no key files: without a copy of data/keys nothing in it can be opened (--with-keys, or copy the folder to a safe place)",
            )?;
        }
        if let Some(root) = &made.root_key {
            line(&format!(
                "the root key is never part of a backup: take {} off this machine",
                root.display()
            ))?;
        }
        for file in &made.left_out {
            line(&format!(
                "not in the backup, though the configuration names it: {}",
                file.display()
            ))?;
        }
        Ok(())
    }
}
