//! `sealane case file` and `sealane case report`: a whole case as one document.

use std::path::PathBuf;

use clap::Args;

use crate::node::cli::client::{Client, segment};
use crate::node::cli::output::line;
use crate::node::cli::transfer;

/// What is written, and where.
#[derive(Debug, Args)]
pub(super) struct Document {
    /// The case
    id: String,
    /// The file to write
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

impl Document {
    /// Writes the case as JSON.
    pub(super) async fn file(self, client: &Client) -> anyhow::Result<()> {
        self.save(client, "file").await?;
        let file = self.out.display();
        Ok(line(&format!("wrote {file}; `sealane openapi --case-file` prints its JSON Schema"))?)
    }

    /// Writes the case as a page.
    pub(super) async fn report(self, client: &Client) -> anyhow::Result<()> {
        self.save(client, "report").await?;
        let file = self.out.display();
        Ok(line(&format!("wrote {file}; open it in a browser and print it"))?)
    }

    async fn save(&self, client: &Client, what: &str) -> anyhow::Result<()> {
        let path = format!("/api/v1/cases/{}/{what}", segment(&self.id));
        let answer = client.stream(&path, None::<&()>).await?;
        transfer::download(answer, &self.out).await?;
        Ok(())
    }
}
