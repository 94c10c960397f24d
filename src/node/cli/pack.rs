//! `sealane pack`: have a node write a court pack, and save it.

use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;

use crate::node::cli::client::{Client, Connection};
use crate::node::cli::output::line;
use crate::node::cli::transfer;

/// The command line of `sealane pack`.
#[derive(Debug, Args)]
pub(super) struct Pack {
    #[command(flatten)]
    connection: Connection,
    /// Cases, evidence items, requests, summaries or task forces
    #[arg(required = true, value_name = "ID")]
    objects: Vec<String>,
    /// The court pack to write, such as CASE.sealane.zip
    #[arg(long, value_name = "FILE.zip")]
    out: PathBuf,
}

#[derive(Serialize)]
struct Wanted<'a> {
    objects: &'a [String],
}

impl Pack {
    /// Writes the pack.
    pub(super) async fn run(self) -> anyhow::Result<()> {
        write(&self.connection.client()?, &self.objects, &self.out).await
    }
}

/// Has the node pack these objects, and writes the pack to a new file.
pub(super) async fn write(client: &Client, objects: &[String], out: &Path) -> anyhow::Result<()> {
    let answer = client.stream("/api/v1/packs", Some(&Wanted { objects })).await?;
    let bytes = transfer::download(answer, out).await?;
    let name = out.display();
    line(&format!("wrote {name} ({bytes} bytes)"))?;
    Ok(line(&format!("next: sealane-verify {name} --trust CARD"))?)
}
