//! `sealane inbox`: the officer's own notices, through a node's API.

use clap::{Args, Subcommand};
use serde_json::json;

use crate::node::cli::client::{Connection, segment};
use crate::node::cli::output::{Form, line, word};
use crate::node::cli::page::Page;

/// The command line of `sealane inbox`.
#[derive(Debug, Args)]
pub(super) struct Inbox {
    #[command(flatten)]
    connection: Connection,
    /// Those that you have read too
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    page: Page,
    #[command(flatten)]
    form: Form,
    #[command(subcommand)]
    step: Option<Step>,
}

#[derive(Debug, Subcommand)]
enum Step {
    /// Note that you have read a notice, so that the inbox shows it no more
    Read(Read),
}

#[derive(Debug, Args)]
struct Read {
    /// The notice
    id: String,
}

impl Inbox {
    /// Prints the notices, or notes that one was read.
    pub(super) async fn run(self) -> anyhow::Result<()> {
        let client = self.connection.client()?;
        if let Some(Step::Read(step)) = self.step {
            let path = format!("/api/v1/notices/{}/read", segment(&step.id));
            let notice = client.post(&path, &json!({})).await?;
            return Ok(line(&format!("read: {}", word(notice.get("text"))))?);
        }
        let filters = [("unread", (!self.all).then_some("true"))];
        let list = self.page.read(&client, "/api/v1/notices", &filters).await?;
        let columns = [
            ("AT", "at"),
            ("KIND", "kind"),
            ("NOTICE", "text"),
            ("OBJECT", "object"),
            ("READ", "read_at"),
            ("ID", "id"),
        ];
        let empty =
            if self.all { "no notices" } else { "no unread notices; --all shows the others" };
        Ok(self.form.list(&list, &columns, empty)?)
    }
}
