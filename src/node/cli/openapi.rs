//! `sealane openapi`: the description of the API for tools; needs no node.

use clap::Args;

use crate::node::cli::output::line;
use crate::node::http::document;

/// The command line of `sealane openapi`.
#[derive(Debug, Args)]
pub(super) struct Openapi;

/// Prints it as JSON.
pub(super) fn print() -> anyhow::Result<()> {
    Ok(line(&serde_json::to_string_pretty(document())?)?)
}
