//! Who of this authority works on something: the same two steps for a case and for a task force.

use clap::{Args, Subcommand};
use serde_json::json;

use crate::node::cli::client::{Client, segment};
use crate::node::cli::output::line;

/// A team and what becomes of it.
#[derive(Debug, Args)]
#[command(arg_required_else_help = true)]
pub(super) struct Team {
    #[command(subcommand)]
    step: Step,
}

#[derive(Debug, Subcommand)]
enum Step {
    /// Add an officer
    Add(Member),
    /// Take an officer out
    Remove(Member),
}

#[derive(Debug, Args)]
struct Member {
    /// What the team works on
    id: String,
    /// The officer's name or pseudonym
    officer: String,
}

impl Team {
    /// Changes the team of one of the objects at a path.
    pub(super) async fn run(self, client: &Client, path: &str, what: &str) -> anyhow::Result<()> {
        let (Member { id, officer }, rest, done) = match self.step {
            Step::Add(member) => (member, "team", "is in the team of"),
            Step::Remove(member) => (member, "team/remove", "is not in the team any more of"),
        };
        let path = format!("{path}/{}/{rest}", segment(&id));
        client.post(&path, &json!({ "officer": officer })).await?;
        Ok(line(&format!("{officer} {done} {what} {id}"))?)
    }
}
