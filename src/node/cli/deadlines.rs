//! `sealane deadlines`: what is due, through a node's API.

use clap::Args;

use crate::node::cli::client::Connection;
use crate::node::cli::output::Form;
use crate::node::cli::page::Page;

/// The command line of `sealane deadlines`.
#[derive(Debug, Args)]
pub(super) struct Deadlines {
    #[command(flatten)]
    connection: Connection,
    /// Only what is overdue
    #[arg(long)]
    overdue: bool,
    /// Only what is due within so many days, or overdue
    #[arg(long, value_name = "NUMBER")]
    days: Option<u32>,
    /// Only what you are to do, or what is due in a case that you lead
    #[arg(long)]
    mine: bool,
    #[command(flatten)]
    page: Page,
    #[command(flatten)]
    form: Form,
}

impl Deadlines {
    /// Prints what is due.
    pub(super) async fn run(self) -> anyhow::Result<()> {
        let client = self.connection.client()?;
        let days = self.days.map(|days| days.to_string());
        let filters = [
            ("overdue", self.overdue.then_some("true")),
            ("days", days.as_deref()),
            ("mine", self.mine.then_some("true")),
        ];
        let list = self.page.read(&client, "/api/v1/deadlines", &filters).await?;
        let columns = [
            ("DUE", "due_at"),
            ("OVERDUE", "is_overdue"),
            ("ABOUT", "about"),
            ("PLACE", "place"),
            ("KIND", "kind"),
            ("SET BY", "source"),
            ("OFFICER", "assignee"),
            ("ID", "object"),
        ];
        Ok(self.form.list(&list, &columns, "nothing that you may open is due")?)
    }
}
