//! `sealane import` and `sealane declarations`: declarations from a CSV file into a node, and back by suspicion.

use std::path::PathBuf;

use clap::Args;
use serde_json::Value;

use crate::node::cli::client::{Connection, file_name, with_query};
use crate::node::cli::exit::Failure;
use crate::node::cli::output::{Form, line, plain, word};
use crate::node::cli::transfer;

/// The command line of `sealane import`.
#[derive(Debug, Args)]
pub(super) struct Import {
    #[command(flatten)]
    connection: Connection,
    /// The CSV file, with a header line
    file: PathBuf,
    #[command(flatten)]
    form: Form,
}

/// The command line of `sealane declarations`.
#[derive(Debug, Args)]
pub(super) struct Declarations {
    #[command(flatten)]
    connection: Connection,
    /// At most this many
    #[arg(long, default_value_t = 20)]
    limit: u32,
    /// Continue after the page that ended with this mark
    #[arg(long)]
    after: Option<String>,
    #[command(flatten)]
    form: Form,
}

impl Import {
    /// Sends the file and prints what became of its rows.
    pub(super) async fn run(self) -> anyhow::Result<()> {
        let client = self.connection.client()?;
        let name = file_name(&self.file);
        let path = with_query("/api/v1/declarations/import", &[("source", Some(&name))]);
        let outcome = transfer::upload(&client, &path, "text/csv", &self.file).await?;
        if self.form.is_json() {
            self.form.facts(&outcome)?;
        } else {
            for (list, name) in [("refusals", "refused"), ("warnings", "warned")] {
                for row in outcome.get(list).and_then(Value::as_array).into_iter().flatten() {
                    line(&format!("{name}: {}", row_text(row)))?;
                }
            }
            let count = |key| word(outcome.get(key));
            let (accepted, warned, refused) =
                (count("accepted"), count("warned"), count("refused"));
            line(&format!("{accepted} accepted, {warned} with warnings, {refused} refused"))?;
            line("next: sealane declarations, then `sealane case new` for a suspicious one")?;
        }
        match outcome.get("accepted").and_then(Value::as_u64) {
            Some(0) => {
                Err(Failure::Refused("no row was accepted; the reasons are above".into()).into())
            }
            _ => Ok(()),
        }
    }
}

fn row_text(row: &Value) -> String {
    match (row.get("row"), row.get("reason")) {
        (Some(number), Some(reason)) => {
            format!("row {}: {}", word(Some(number)), word(Some(reason)))
        }
        _ => plain(&row.to_string()),
    }
}

impl Declarations {
    /// Prints the declarations, most suspicious first.
    pub(super) async fn run(self) -> anyhow::Result<()> {
        let limit = self.limit.to_string();
        let parameters = [
            ("order", Some("score")),
            ("limit", Some(limit.as_str())),
            ("after", self.after.as_deref()),
        ];
        let client = self.connection.client()?;
        let declarations = client.get(&with_query("/api/v1/declarations", &parameters)).await?;
        let columns = [
            ("ID", "id"),
            ("SCORE", "score"),
            ("HS", "hs6"),
            ("ORIGIN", "origin"),
            ("IMPORTER", "importer"),
            ("REASONS", "reasons"),
        ];
        Ok(self.form.list(
            &declarations,
            &columns,
            "no declarations; take some in with `sealane import FILE`",
        )?)
    }
}
