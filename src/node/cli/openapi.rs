//! `sealane openapi`: the description of the API, and of files for other programs; needs no node.

use clap::Args;

use crate::node::casework::CaseFile;
use crate::node::cli::output::line;
use crate::node::http::document;

/// The command line of `sealane openapi`.
#[derive(Debug, Args)]
pub(super) struct Openapi {
    /// The JSON Schema of the file that `sealane case file` writes, instead
    #[arg(long)]
    case_file: bool,
}

impl Openapi {
    /// Prints it as JSON.
    pub(super) fn print(&self) -> anyhow::Result<()> {
        let text = if self.case_file {
            serde_json::to_string_pretty(&CaseFile::schema())?
        } else {
            serde_json::to_string_pretty(document())?
        };
        Ok(line(&text)?)
    }
}
