//! `sealane audit-trail`: who did, saw and was refused what, through a node's API.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde_json::json;

use crate::node::cli::client::{Connection, with_query};
use crate::node::cli::output::{Form, line};
use crate::node::cli::transfer;

/// The command line of `sealane audit-trail`.
#[derive(Debug, Args)]
#[command(arg_required_else_help = true)]
pub(super) struct AuditTrail {
    #[command(flatten)]
    connection: Connection,
    #[command(subcommand)]
    step: Step,
}

#[derive(Debug, Subcommand)]
enum Step {
    /// List the newest entries
    List(List),
    /// Write the entries of some days to a file, which `sealane-verify` checks without a node
    Export(Export),
}

#[derive(Debug, Args)]
struct List {
    /// At most so many entries
    #[arg(long, value_name = "N")]
    limit: Option<u32>,
    /// Only entries before this place
    #[arg(long, value_name = "PLACE")]
    before: Option<i64>,
    #[command(flatten)]
    form: Form,
}

#[derive(Debug, Args)]
struct Export {
    /// The first day, such as 2026-11-01, UTC
    #[arg(long, value_name = "DAY")]
    from: String,
    /// The last day, which is part of it
    #[arg(long, value_name = "DAY")]
    to: String,
    /// The file to write
    #[arg(long, value_name = "FILE.jsonl")]
    out: PathBuf,
}

impl AuditTrail {
    /// Does what the arguments say.
    pub(super) async fn run(self) -> anyhow::Result<()> {
        let client = self.connection.client()?;
        match self.step {
            Step::List(List { limit, before, form }) => {
                let (limit, before) =
                    (limit.map(|rows| rows.to_string()), before.map(|place| place.to_string()));
                let query = [("limit", limit.as_deref()), ("after", before.as_deref())];
                let found = client.get(&with_query("/api/v1/audit-trail", &query)).await?;
                if form.is_json() {
                    return Ok(form.facts(&found)?);
                }
                let columns = [
                    ("PLACE", "seq"),
                    ("AT", "at"),
                    ("ACTOR", "actor"),
                    ("ROLE", "role"),
                    ("ACTION", "action"),
                    ("OUTCOME", "outcome"),
                    ("OBJECT", "object"),
                    ("DETAIL", "detail"),
                ];
                let rows = found.get("items").unwrap_or_default();
                Ok(form.list(rows, &columns, "the audit trail has no entry yet")?)
            }
            Step::Export(Export { from, to, out }) => {
                let body = json!({ "from": from, "to": to });
                let answer = client.stream("/api/v1/audit-trail/exports", Some(&body)).await?;
                let bytes = transfer::download(answer, &out).await?;
                let name = out.display();
                line(&format!("wrote {name} ({bytes} bytes)"))?;
                Ok(line(&format!("next: sealane-verify {name} --trust CARD"))?)
            }
        }
    }
}
