//! `sealane case`: open, read, change and move cases through a node's API.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::node::cli::client::{Client, Connection, segment};
use crate::node::cli::exit::Failure;
use crate::node::cli::fields::Fields;
use crate::node::cli::output::{Form, line, word};
use crate::node::cli::pack;
use crate::node::cli::page::Page;
use crate::node::cli::team::Team;

/// The command line of `sealane case`.
#[derive(Debug, Args)]
#[command(arg_required_else_help = true)]
pub(super) struct Case {
    #[command(flatten)]
    connection: Connection,
    #[command(subcommand)]
    step: Step,
}

#[derive(Debug, Subcommand)]
enum Step {
    /// Open a case; then add evidence with `sealane evidence add`
    New(New),
    /// List the cases that you may see
    List(List),
    /// Show a case with its fields and history
    Show(Show),
    /// Set or clear fields of a case
    Edit(Edit),
    /// Move a case to another state
    Move(Move),
    /// Link a case to another one
    Link(Link),
    /// Let an officer of another unit work on a case, or no longer
    Team(Team),
    /// Write a court pack of a case
    Export(Export),
}

#[derive(Debug, Args)]
struct New {
    /// What the case is about, in a few words
    #[arg(long)]
    title: String,
    /// The kind of case, as in the workflow
    #[arg(long = "type", value_name = "TYPE", default_value = "revenue")]
    case_type: String,
    /// Why its data are processed
    #[arg(long)]
    purpose: Option<String>,
    #[command(flatten)]
    fields: Fields,
}

#[derive(Debug, Args)]
struct List {
    /// Only cases in this state
    #[arg(long)]
    status: Option<String>,
    #[command(flatten)]
    page: Page,
    #[command(flatten)]
    form: Form,
}

#[derive(Debug, Args)]
struct Show {
    /// The case
    id: String,
    #[command(flatten)]
    form: Form,
}

#[derive(Debug, Args)]
struct Edit {
    /// The case
    id: String,
    #[command(flatten)]
    fields: Fields,
    /// A field to clear; may be repeated
    #[arg(long, value_name = "PATH")]
    clear: Vec<String>,
}

#[derive(Debug, Args)]
struct Move {
    /// The case
    id: String,
    /// The state to move it to
    state: String,
    /// Why
    #[arg(long)]
    reason: Option<String>,
}

#[derive(Debug, Args)]
struct Link {
    /// The case
    id: String,
    /// The case to link it to
    other: String,
    /// How they belong together
    #[arg(long, default_value = "related")]
    relation: String,
}

#[derive(Debug, Args)]
struct Export {
    /// The case
    id: String,
    /// The court pack to write
    #[arg(long, value_name = "FILE.zip")]
    out: PathBuf,
}

#[derive(Serialize)]
struct Opening<'a> {
    title: &'a str,
    case_type: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    purpose: Option<&'a str>,
    fields: Map<String, Value>,
}

#[derive(Serialize)]
struct Change {
    fields: Map<String, Value>,
}

#[derive(Serialize)]
struct Movement<'a> {
    to: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
}

#[derive(Serialize)]
struct Linking<'a> {
    to: &'a str,
    relation: &'a str,
}

impl Case {
    /// Does what the arguments say.
    pub(super) async fn run(self) -> anyhow::Result<()> {
        let client = self.connection.client()?;
        match self.step {
            Step::New(step) => step.run(&client).await,
            Step::List(step) => step.run(&client).await,
            Step::Show(step) => {
                let case = client.get(&path(&step.id)).await?;
                Ok(step.form.facts(&case)?)
            }
            Step::Edit(step) => step.run(&client).await,
            Step::Move(step) => {
                let body = Movement { to: &step.state, reason: step.reason.as_deref() };
                client.post(&format!("{}/move", path(&step.id)), &body).await?;
                Ok(line(&format!("moved case {} to {}", step.id, step.state))?)
            }
            Step::Link(step) => {
                let body = Linking { to: &step.other, relation: &step.relation };
                client.post(&format!("{}/links", path(&step.id)), &body).await?;
                Ok(line(&format!("linked case {} to {}", step.id, step.other))?)
            }
            Step::Team(step) => step.run(&client, "/api/v1/cases", "case").await,
            Step::Export(step) => pack::write(&client, &[step.id], &step.out).await,
        }
    }
}

impl New {
    async fn run(self, client: &Client) -> anyhow::Result<()> {
        let body = Opening {
            title: &self.title,
            case_type: &self.case_type,
            purpose: self.purpose.as_deref(),
            fields: self.fields.object()?,
        };
        let case = client.post("/api/v1/cases", &body).await?;
        let id = word(case.get("id"));
        line(&format!("opened case {id}"))?;
        Ok(line(&format!("next: sealane evidence add {id} FILE --description TEXT"))?)
    }
}

impl List {
    async fn run(self, client: &Client) -> anyhow::Result<()> {
        let filters = [("status", self.status.as_deref())];
        let cases = self.page.read(client, "/api/v1/cases", &filters).await?;
        let columns = [
            ("ID", "id"),
            ("REFERENCE", "reference"),
            ("STATE", "status"),
            ("TYPE", "case_type"),
            ("TITLE", "title"),
        ];
        Ok(self.form.list(
            &cases,
            &columns,
            "no cases; open one with `sealane case new --title TEXT`",
        )?)
    }
}

impl Edit {
    async fn run(self, client: &Client) -> anyhow::Result<()> {
        let mut fields = self.fields.object()?;
        fields.extend(self.clear.into_iter().map(|path| (path, Value::Null)));
        if fields.is_empty() {
            return Err(Failure::Usage(
                "name a field to change: --set PATH=TEXT or --clear PATH".into(),
            )
            .into());
        }
        let count = fields.len();
        client.patch(&path(&self.id), &Change { fields }).await?;
        Ok(line(&format!("changed {count} field(s) of case {}", self.id))?)
    }
}

fn path(id: &str) -> String {
    format!("/api/v1/cases/{}", segment(id))
}
