//! `sealane case conflict`: conflicts of interest in a case, through a node's API.

use clap::{Args, Subcommand};
use serde_json::json;

use crate::node::cli::client::{Client, segment};
use crate::node::cli::output::{Form, line};

/// A conflict of interest and what becomes of it.
#[derive(Debug, Args)]
#[command(arg_required_else_help = true)]
pub(super) struct Conflict {
    #[command(subcommand)]
    step: Step,
}

#[derive(Debug, Subcommand)]
enum Step {
    /// Put a conflict of interest on record: the case is closed to that officer at once
    Declare(Declare),
    /// Lift a conflict of interest of another officer; a supervisor's to do
    Lift(Lift),
    /// List the conflicts of interest that stand in a case
    List(List),
}

#[derive(Debug, Args)]
struct Declare {
    /// The case
    id: String,
    /// Whose it is: name or pseudonym; without it yours
    #[arg(long)]
    officer: Option<String>,
    /// What it consists in; whoever may read the case reads it
    #[arg(long)]
    reason: String,
}

#[derive(Debug, Args)]
struct Lift {
    /// The case
    id: String,
    /// The officer's name or pseudonym
    officer: String,
    /// Why it stands no longer
    #[arg(long)]
    reason: String,
}

#[derive(Debug, Args)]
struct List {
    /// The case
    id: String,
    #[command(flatten)]
    form: Form,
}

impl Conflict {
    /// Does what the arguments say.
    pub(super) async fn run(self, client: &Client) -> anyhow::Result<()> {
        match self.step {
            Step::Declare(Declare { id, officer, reason }) => {
                let body = match &officer {
                    Some(officer) => json!({ "officer": officer, "reason": reason }),
                    None => json!({ "reason": reason }),
                };
                client.post(&path(&id), &body).await?;
                let whom = officer.unwrap_or_else(|| "you".to_owned());
                Ok(line(&format!("case {id} is closed to {whom} until a supervisor lifts that"))?)
            }
            Step::Lift(Lift { id, officer, reason }) => {
                let body = json!({ "officer": officer, "reason": reason });
                client.post(&format!("{}/lift", path(&id)), &body).await?;
                line(&format!("no conflict of interest of {officer} stands in case {id}"))?;
                Ok(line(&format!("next: sealane case team add {id} {officer}"))?)
            }
            Step::List(List { id, form }) => {
                let found = client.get(&path(&id)).await?;
                let columns = [
                    ("OFFICER", "officer"),
                    ("DECLARED BY", "declared_by"),
                    ("AT", "at"),
                    ("REASON", "reason"),
                ];
                Ok(form.list(&found, &columns, "no conflict of interest stands in this case")?)
            }
        }
    }
}

fn path(id: &str) -> String {
    format!("/api/v1/cases/{}/conflicts", segment(id))
}
