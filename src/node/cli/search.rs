//! `sealane search`: find objects by an identifier through a node's API.

use clap::Args;

use crate::node::cli::client::{Connection, with_query};
use crate::node::cli::output::Form;

/// The command line of `sealane search`.
#[derive(Debug, Args)]
pub(super) struct Search {
    #[command(flatten)]
    connection: Connection,
    /// The scheme: container, mrn, hs, imo, vin, lei, iban, ...
    scheme: String,
    /// The identifier, spaces and case as you like
    value: String,
    #[command(flatten)]
    form: Form,
}

impl Search {
    /// Prints what carries the identifier.
    pub(super) async fn run(self) -> anyhow::Result<()> {
        let parameters =
            [("scheme", Some(self.scheme.as_str())), ("value", Some(self.value.as_str()))];
        let hits =
            self.connection.client()?.get(&with_query("/api/v1/search", &parameters)).await?;
        let columns = [
            ("OBJECT", "object"),
            ("FIELD", "path"),
            ("VALUE", "normalised"),
            ("CHECK", "check_result"),
        ];
        Ok(self.form.list(&hits, &columns, "nothing that you may see carries this identifier")?)
    }
}
