//! `sealane status`: who the token speaks for and how the node is.

use clap::Args;
use serde_json::json;

use crate::node::cli::client::Connection;
use crate::node::cli::output::Form;

/// The command line of `sealane status`.
#[derive(Debug, Args)]
pub(super) struct Status {
    #[command(flatten)]
    connection: Connection,
    #[command(flatten)]
    form: Form,
}

impl Status {
    /// Prints both.
    pub(super) async fn run(self) -> anyhow::Result<()> {
        let client = self.connection.client()?;
        let you = client.get("/api/v1/whoami").await?;
        let node = client.get("/api/v1/status").await?;
        Ok(self.form.facts(&json!({ "you": you, "node": node }))?)
    }
}
