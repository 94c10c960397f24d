//! `sealane compartment`: who is let into which compartment, through a node's API.

use clap::{Args, Subcommand};
use serde_json::json;

use crate::node::cli::client::{Connection, segment};
use crate::node::cli::output::{Form, line};

/// The command line of `sealane compartment`.
#[derive(Debug, Args)]
#[command(arg_required_else_help = true)]
pub(super) struct Compartment {
    #[command(flatten)]
    connection: Connection,
    #[command(subcommand)]
    step: Step,
}

#[derive(Debug, Subcommand)]
enum Step {
    /// Let an officer into a compartment; a supervisor's to do, and never for oneself
    Grant(Change),
    /// Take an officer out of a compartment
    Revoke(Change),
    /// List the compartments that an officer is in
    List(List),
}

#[derive(Debug, Args)]
struct Change {
    /// The officer's name or pseudonym
    officer: String,
    /// The compartment, such as operation-amber
    compartment: String,
    /// Why
    #[arg(long)]
    reason: String,
}

#[derive(Debug, Args)]
struct List {
    /// The officer's name or pseudonym
    officer: String,
    #[command(flatten)]
    form: Form,
}

impl Compartment {
    /// Does what the arguments say.
    pub(super) async fn run(self) -> anyhow::Result<()> {
        let client = self.connection.client()?;
        let (change, rest, done) = match self.step {
            Step::Grant(change) => (change, "", "is in"),
            Step::Revoke(change) => (change, "/revoke", "is not any more in"),
            Step::List(List { officer, form }) => {
                let found = client.get(&path(&officer)).await?;
                let columns = [
                    ("COMPARTMENT", "compartment"),
                    ("GRANTED BY", "granted_by"),
                    ("AT", "at"),
                    ("REASON", "reason"),
                ];
                return Ok(form.list(&found, &columns, "the officer is in no compartment")?);
            }
        };
        let Change { officer, compartment, reason } = change;
        let body = json!({ "compartment": compartment, "reason": reason });
        client.post(&format!("{}{rest}", path(&officer)), &body).await?;
        Ok(line(&format!("{officer} {done} the compartment {compartment}"))?)
    }
}

fn path(officer: &str) -> String {
    format!("/api/v1/officers/{}/compartments", segment(officer))
}
