//! `sealane audit`: compares store, records and log, and the books kept with each peer.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use crate::node::Seams;
use crate::node::cli::output::Form;
use crate::node::cli::upkeep::{conclude, count_bar, told};
use crate::node::config::Config;
use crate::node::upkeep::reconcile::reconcile;

/// The command line of `sealane audit`.
#[derive(Debug, Args)]
pub(super) struct Audit {
    /// The node's configuration
    #[arg(long, value_name = "FILE", default_value = "sealane.toml")]
    pub(super) config: PathBuf,
    /// The books kept with this peer alone; the peer itself is not asked
    #[arg(long, value_name = "AUTHORITY")]
    pub(super) peer: Option<String>,
    #[command(flatten)]
    pub(super) form: Form,
}

impl Audit {
    /// Compares.
    pub(super) async fn run(self) -> anyhow::Result<()> {
        let config = Config::load(&self.config)?;
        let bar = count_bar("records");
        let peer = self.peer.as_deref();
        let compared = reconcile(&config, &Seams::default(), peer, &told(&bar)).await;
        bar.finish_and_clear();
        let compared = compared?;
        let counts = json!({
            "records": compared.records,
            "objects": compared.objects,
            "rows": compared.rows,
            "audit_events": compared.events,
            "deliveries": compared.deliveries,
        });
        conclude(self.form, &counts, &compared.findings)
    }
}
