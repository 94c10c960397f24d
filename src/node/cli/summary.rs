//! `sealane summary`: share chosen fields of a case with named authorities through a node's API.

use clap::{Args, Subcommand};
use serde::Serialize;

use crate::node::cli::client::{Client, Connection, segment};
use crate::node::cli::output::{Form, line, word};
use crate::node::cli::page::Page;

/// The command line of `sealane summary`.
#[derive(Debug, Args)]
#[command(arg_required_else_help = true)]
pub(super) struct Summary {
    #[command(flatten)]
    connection: Connection,
    #[command(subcommand)]
    step: Step,
}

#[derive(Debug, Subcommand)]
enum Step {
    /// Share fields of a case; everything that is not named stays here
    Share(Share),
    /// List the summaries that you may see, shared and received
    List(List),
    /// Withdraw a summary; its recipients are told to delete it
    Withdraw(Withdraw),
}

#[derive(Debug, Args)]
struct Share {
    /// The case
    case: String,
    /// An authority that receives it; may be repeated
    #[arg(long, value_name = "AUTHORITY", required = true)]
    to: Vec<String>,
    /// A field to share; may be repeated
    #[arg(long = "field", value_name = "PATH", required = true)]
    fields: Vec<String>,
    /// How it must be handled
    #[arg(long)]
    marking: String,
    /// What it may be used for
    #[arg(long)]
    purpose: String,
    /// The day on which recipients delete it, as YYYY-MM-DD
    #[arg(long, value_name = "DATE")]
    delete_by: Option<String>,
    /// A title for its recipients
    #[arg(long)]
    title: Option<String>,
}

#[derive(Debug, Args)]
struct List {
    #[command(flatten)]
    page: Page,
    #[command(flatten)]
    form: Form,
}

#[derive(Debug, Args)]
struct Withdraw {
    /// The summary
    id: String,
    /// Why
    #[arg(long)]
    reason: String,
}

#[derive(Serialize)]
struct Sharing<'a> {
    case: &'a str,
    recipients: &'a [String],
    fields: &'a [String],
    marking: &'a str,
    purpose: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    delete_by: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<&'a str>,
}

#[derive(Serialize)]
struct Withdrawal<'a> {
    reason: &'a str,
}

impl Summary {
    /// Does what the arguments say.
    pub(super) async fn run(self) -> anyhow::Result<()> {
        let client = self.connection.client()?;
        match self.step {
            Step::Share(step) => step.run(&client).await,
            Step::List(step) => {
                let summaries = step.page.read(&client, "/api/v1/summaries", &[]).await?;
                let columns = [
                    ("ID", "id"),
                    ("WAY", "direction"),
                    ("AUTHOR", "author"),
                    ("MARKING", "marking"),
                    ("DELETE BY", "delete_by"),
                    ("TITLE", "title"),
                ];
                let empty = "no summaries; share one with `sealane summary share CASE --to AUTHORITY --field PATH`";
                Ok(step.form.list(&summaries, &columns, empty)?)
            }
            Step::Withdraw(step) => {
                let path = format!("/api/v1/summaries/{}/withdraw", segment(&step.id));
                client.post(&path, &Withdrawal { reason: &step.reason }).await?;
                Ok(line(&format!("withdrew summary {}; its recipients are told", step.id))?)
            }
        }
    }
}

impl Share {
    async fn run(self, client: &Client) -> anyhow::Result<()> {
        let body = Sharing {
            case: &self.case,
            recipients: &self.to,
            fields: &self.fields,
            marking: &self.marking,
            purpose: &self.purpose,
            delete_by: self.delete_by.as_deref(),
            title: self.title.as_deref(),
        };
        let summary = client.post("/api/v1/summaries", &body).await?;
        let (id, recipients) = (word(summary.get("id")), self.to.join(", "));
        Ok(line(&format!(
            "shared {} field(s) with {recipients} as summary {id}",
            self.fields.len()
        ))?)
    }
}
