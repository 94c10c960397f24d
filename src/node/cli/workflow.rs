//! `sealane workflow`: the workflows of case types, through a node's API.

use std::path::PathBuf;

use anyhow::Context;
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use crate::node::cli::client::{Client, Connection, segment};
use crate::node::cli::output::{Form, line, word};

/// The command line of `sealane workflow`.
#[derive(Debug, Args)]
#[command(arg_required_else_help = true)]
pub(super) struct Workflow {
    #[command(flatten)]
    connection: Connection,
    #[command(subcommand)]
    step: Step,
}

#[derive(Debug, Subcommand)]
enum Step {
    /// List the versions that are or were in use
    List(List),
    /// Print the text of a version; save it, change it, give it the next version, and adopt it
    Show(Show),
    /// Try a new version on the cases that are there, and take it into use
    Adopt(Adopt),
}

#[derive(Debug, Args)]
struct List {
    #[command(flatten)]
    form: Form,
}

#[derive(Debug, Args)]
struct Show {
    /// Case type and version, such as revenue/1
    #[arg(value_name = "TYPE/VERSION")]
    name: String,
}

#[derive(Debug, Args)]
struct Adopt {
    /// The workflow, as TOML
    file: PathBuf,
    /// Why it is taken into use
    #[arg(long, required_unless_present = "dry_run", default_value = "")]
    reason: String,
    /// Only say what it would mean for the cases that are there
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    form: Form,
}

impl Workflow {
    /// Does what the arguments say.
    pub(super) async fn run(self) -> anyhow::Result<()> {
        let client = self.connection.client()?;
        match self.step {
            Step::List(step) => {
                let workflows = client.get("/api/v1/workflows").await?;
                let columns = [
                    ("NAME", "name"),
                    ("TITLE", "title"),
                    ("IN FORCE", "is_in_force"),
                    ("SINCE", "adopted_at"),
                ];
                Ok(step.form.list(&workflows, &columns, "no workflows")?)
            }
            Step::Show(step) => {
                let (case_type, version) = step
                    .name
                    .split_once('/')
                    .context("name a case type and a version, such as revenue/1")?;
                let path = format!("/api/v1/workflows/{}/{}", segment(case_type), segment(version));
                let workflow = client.get(&path).await?;
                // TOML knows no control characters, so it cannot steer the terminal.
                let content = workflow.get("content").and_then(Value::as_str).unwrap_or_default();
                Ok(line(content.trim_end())?)
            }
            Step::Adopt(step) => step.run(&client).await,
        }
    }
}

impl Adopt {
    async fn run(self, client: &Client) -> anyhow::Result<()> {
        let content = std::fs::read_to_string(&self.file)
            .with_context(|| format!("cannot read {}", self.file.display()))?;
        let body = json!({ "content": content, "reason": self.reason, "dry_run": self.dry_run });
        let adoption = client.post("/api/v1/workflows", &body).await?;
        if self.form.is_json() {
            return Ok(self.form.facts(&adoption)?);
        }
        let name = word(adoption.get("name"));
        let standing = adoption.get("standing").and_then(Value::as_array);
        for row in standing.into_iter().flatten() {
            let (cases, status) = (word(row.get("cases")), word(row.get("status")));
            let is_stuck = row.get("is_stuck").and_then(Value::as_bool) == Some(true);
            let advice = if is_stuck { "; under it they would be stuck" } else { "" };
            line(&format!("{cases} case(s) stand in {status}{advice}"))?;
        }
        line("cases that are there keep their version; `sealane case workflow ID` moves one")?;
        if self.dry_run {
            return Ok(line(&format!("{name} is sound; nothing was changed"))?);
        }
        Ok(line(&format!("cases are opened under {name} from now on"))?)
    }
}
