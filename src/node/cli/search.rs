//! `sealane search`: find objects by an identifier through a node's API.

use clap::Args;
use clap::builder::PossibleValuesParser;

use crate::domain::identifier::Scheme;
use crate::node::cli::client::{Connection, with_query};
use crate::node::cli::output::Form;

/// The command line of `sealane search`.
#[derive(Debug, Args)]
pub(super) struct Search {
    #[command(flatten)]
    connection: Connection,
    /// The scheme by which the identifier is read; `other` for what is of none
    #[arg(value_parser = PossibleValuesParser::new(Scheme::ALL.map(Scheme::name)))]
    scheme: String,
    /// The identifier, spaces, hyphens, case and full-width digits as you like
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
