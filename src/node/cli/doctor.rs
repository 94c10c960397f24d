//! `sealane doctor`: looks at a node from its machine and says what to do.

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;

use crate::node::cli::exit::Failure;
use crate::node::cli::output::Form;
use crate::node::clock::SystemClock;
use crate::node::config::Config;
use crate::node::doctor::{Gravity, examine};

/// The command line of `sealane doctor`.
#[derive(Debug, Args)]
pub(super) struct Doctor {
    /// The node's configuration
    #[arg(long, value_name = "FILE", default_value = "sealane.toml")]
    pub(super) config: PathBuf,
    #[command(flatten)]
    pub(super) form: Form,
}

impl Doctor {
    /// Examines.
    pub(super) async fn run(self) -> anyhow::Result<()> {
        let config = Config::load(&self.config)?;
        let findings = examine(&config, Arc::new(SystemClock)).await;
        let columns = [("CHECK", "check"), ("STATE", "gravity"), ("DETAIL", "detail")];
        self.form.list(&serde_json::to_value(&findings)?, &columns, "nothing was looked at")?;
        let faults = findings.iter().filter(|one| one.gravity == Gravity::Fault).count();
        match faults {
            0 => Ok(()),
            1 => Err(Failure::Unverified("one fault".to_owned()).into()),
            several => Err(Failure::Unverified(format!("{several} faults")).into()),
        }
    }
}
