//! Which part of a list is asked for: the same two options wherever a list has pages.

use clap::Args;
use serde_json::Value;

use crate::node::cli::client::{Client, with_query};
use crate::node::cli::exit::Failure;

/// The part of a list.
#[derive(Debug, Args)]
pub(super) struct Page {
    /// At most this many
    #[arg(long)]
    limit: Option<u32>,
    /// Continue after the page that ended with this mark
    #[arg(long)]
    after: Option<String>,
}

impl Page {
    /// Reads that part of the list at a path, as far as it fits the filters.
    pub(super) async fn read(
        &self,
        client: &Client,
        path: &str,
        filters: &[(&str, Option<&str>)],
    ) -> Result<Value, Failure> {
        let limit = self.limit.map(|limit| limit.to_string());
        let page = [("limit", limit.as_deref()), ("after", self.after.as_deref())];
        client.get(&with_query(path, &[filters, &page].concat())).await
    }
}
