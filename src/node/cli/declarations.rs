//! `sealane declarations`: imported declarations, the most suspicious first.

use clap::Args;

use crate::node::cli::client::{Connection, with_query};
use crate::node::cli::output::Form;

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
