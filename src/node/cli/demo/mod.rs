//! `sealane demo`: three invented authorities on this machine, and the main job from end to end.
//!
//! The nodes are processes of this same program, driven through their API as officers would; nothing here knows how a
//! node works inside. [`walk`] is the story, the other files are its props.

mod authority;
mod data;
mod desk;
mod evidence;
mod story;
mod tell;
mod together;
mod verdict;
mod walk;

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use crate::node::cli::demo::tell::Teller;
use crate::node::cli::demo::walk::Walk;

/// How long the walk waits for something that another node has to do, crashes and restarts included.
pub(super) const PATIENCE: Duration = Duration::from_mins(1);

/// The command line of `sealane demo`.
#[derive(Debug, Args)]
pub(super) struct Demo {
    /// The folder for the three nodes; without it, a new one under the system's temporary folder
    #[arg(long, value_name = "DIR")]
    pub(super) dir: Option<PathBuf>,
    /// Declarations to begin with, as CSV; without it, those that ship with the program
    #[arg(long, value_name = "FILE")]
    pub(super) declarations: Option<PathBuf>,
    /// Stop after the walk; exit 0 only if every step was verified
    #[arg(long)]
    pub(super) headless: bool,
    /// Print one JSON line per step and a summary as the last line
    #[arg(long)]
    pub(super) json: bool,
    /// A drill: kill each node once at this point (`after_commit`, `after_seal`, `after_receipt`) and go on
    #[arg(long, value_name = "POINT", hide = true)]
    pub(super) crash_at: Option<String>,
}

impl Demo {
    /// Walks, then leaves the nodes running until interrupted, unless headless.
    pub(super) async fn run(self) -> anyhow::Result<()> {
        let declarations = data::declarations(self.declarations.as_deref())?;
        let mut teller = Teller::new(self.json);
        let dir = match self.dir {
            Some(dir) => dir,
            None => data::fresh_folder()?,
        };
        let mut walk = Box::pin(Walk::begin(dir, self.crash_at.as_deref(), &mut teller)).await?;
        let told = Box::pin(walk.tell(declarations, &mut teller)).await;
        let summary = match told {
            Ok(summary) => summary,
            Err(error) => {
                walk.stop().await;
                return Err(error);
            }
        };
        let is_ok = summary.ok;
        if !self.headless && is_ok {
            walk.addresses(&teller)?;
            teller.summary(&summary)?;
            tokio::signal::ctrl_c().await?;
        }
        walk.stop().await;
        if self.headless || !is_ok {
            teller.summary(&summary)?;
        }
        anyhow::ensure!(is_ok, "the demo did not verify every step; the lines above say which");
        Ok(())
    }
}
