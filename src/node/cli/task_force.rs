//! `sealane task-force`: a room that several authorities share, through a node's API.

use clap::{Args, Subcommand};
use serde::Serialize;
use serde_json::json;

use crate::node::cli::client::{Client, Connection, segment};
use crate::node::cli::output::{Form, line, word};
use crate::node::cli::page::Page;
use crate::node::cli::team::Team;

/// The command line of `sealane task-force`.
#[derive(Debug, Args)]
#[command(arg_required_else_help = true)]
pub(super) struct TaskForce {
    #[command(flatten)]
    connection: Connection,
    #[command(subcommand)]
    step: Step,
}

#[derive(Debug, Subcommand)]
enum Step {
    /// Write a charter and invite members; each of them signs with `sealane task-force join`
    New(New),
    /// List the task forces that you may see
    List(List),
    /// Show a task force: charter, members, posts
    Show(Show),
    /// Sign the charter
    Join(Join),
    /// Write to all members
    Post(Post),
    /// Let an officer of this authority read and post, or no longer
    Team(Team),
    /// Leave it; what was shared with it stays with its members
    Leave(Leave),
    /// End it
    Close(Close),
}

#[derive(Debug, Args)]
struct New {
    /// Its name
    #[arg(long)]
    name: String,
    /// A member beside this authority; may be repeated
    #[arg(long = "member", value_name = "AUTHORITY", required = true)]
    members: Vec<String>,
    /// What it is for
    #[arg(long, default_value = "joint operation")]
    purpose: String,
    /// The day on which it ends, as YYYY-MM-DD
    #[arg(long, value_name = "DATE")]
    ends: Option<String>,
}

#[derive(Debug, Args)]
struct List {
    #[command(flatten)]
    page: Page,
    #[command(flatten)]
    form: Form,
}

#[derive(Debug, Args)]
struct Show {
    /// The task force
    id: String,
    #[command(flatten)]
    form: Form,
}

#[derive(Debug, Args)]
struct Join {
    /// The task force
    id: String,
}

#[derive(Debug, Args)]
struct Post {
    /// The task force
    id: String,
    /// The text
    #[arg(long)]
    text: String,
}

#[derive(Debug, Args)]
struct Leave {
    /// The task force
    id: String,
    /// Why
    #[arg(long)]
    reason: String,
}

#[derive(Debug, Args)]
struct Close {
    /// The task force
    id: String,
    /// Why
    #[arg(long)]
    reason: String,
}

#[derive(Serialize)]
struct Charter<'a> {
    name: &'a str,
    members: &'a [String],
    purpose: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    ends: Option<&'a str>,
}

impl TaskForce {
    /// Does what the arguments say.
    pub(super) async fn run(self) -> anyhow::Result<()> {
        let client = self.connection.client()?;
        match self.step {
            Step::New(step) => step.run(&client).await,
            Step::List(step) => {
                let rooms = step.page.read(&client, "/api/v1/task-forces", &[]).await?;
                let columns = [
                    ("ID", "id"),
                    ("NAME", "name"),
                    ("COORDINATOR", "coordinator"),
                    ("STATE", "state"),
                    ("MEMBERS", "members"),
                ];
                let empty = "no task forces; found one with `sealane task-force new --name NAME --member AUTHORITY`";
                Ok(step.form.list(&rooms, &columns, empty)?)
            }
            Step::Show(step) => Ok(step.form.facts(&client.get(&path(&step.id, "")).await?)?),
            Step::Join(step) => {
                client.post(&path(&step.id, "/join"), &json!({})).await?;
                Ok(line(&format!("signed the charter of task force {}", step.id))?)
            }
            Step::Post(step) => {
                client.post(&path(&step.id, "/posts"), &json!({ "text": step.text })).await?;
                Ok(line(&format!("posted to task force {}", step.id))?)
            }
            Step::Team(step) => step.run(&client, "/api/v1/task-forces", "task force").await,
            Step::Leave(step) => {
                client.post(&path(&step.id, "/leave"), &json!({ "reason": step.reason })).await?;
                Ok(line(&format!("left task force {}", step.id))?)
            }
            Step::Close(step) => {
                client.post(&path(&step.id, "/close"), &json!({ "reason": step.reason })).await?;
                Ok(line(&format!("closed task force {}", step.id))?)
            }
        }
    }
}

impl New {
    async fn run(self, client: &Client) -> anyhow::Result<()> {
        let body = Charter {
            name: &self.name,
            members: &self.members,
            purpose: &self.purpose,
            ends: self.ends.as_deref(),
        };
        let room = client.post("/api/v1/task-forces", &body).await?;
        let id = word(room.get("id"));
        line(&format!("founded task force {id}"))?;
        Ok(line(&format!("next: each member signs with `sealane task-force join {id}`"))?)
    }
}

fn path(id: &str, rest: &str) -> String {
    format!("/api/v1/task-forces/{}{rest}", segment(id))
}
