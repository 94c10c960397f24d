//! `sealane case`: open, read, change and move cases through a node's API.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::node::cli::case_file::Document;
use crate::node::cli::client::{Client, Connection, segment, with_query};
use crate::node::cli::conflict::Conflict;
use crate::node::cli::exit::Failure;
use crate::node::cli::fields::Fields;
use crate::node::cli::output::{Form, line, word};
use crate::node::cli::pack;
use crate::node::cli::page::Page;
use crate::node::cli::retention::{Restrict, Review, Unrestrict};
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
    /// Move a case to another state; where the workflow wants approval, the move is proposed
    Move(Move),
    /// Approve the move that another officer proposed
    Approve(Approve),
    /// Refuse the move that another officer proposed
    Refuse(Refuse),
    /// Take back the move that you proposed
    Withdraw(Refuse),
    /// Put a case under another version of its workflow
    Workflow(Workflow),
    /// Say that warnings on a case were looked at and stand
    Acknowledge(Acknowledge),
    /// Show what changed of a case between two versions
    Diff(Diff),
    /// Say whether the data of a case are still needed, and why
    Review(Review),
    /// Restrict the data of a case: they are kept, and used for nothing
    Restrict(Restrict),
    /// Lift a restriction that was ordered
    Unrestrict(Unrestrict),
    /// Link a case to another one
    Link(Link),
    /// Let an officer of another unit work on a case, or no longer
    Team(Team),
    /// Give a case to another officer to lead
    Assign(Assign),
    /// Classify a case or put it into a compartment, or take that back
    Protect(Protect),
    /// Close a case to an officer who has a conflict of interest in it, or no longer
    Conflict(Conflict),
    /// Write a court pack of a case
    Export(Export),
    /// Write everything that is kept of a case to a JSON file for other programs
    File(Document),
    /// Write everything that is kept of a case to a page to print
    Report(Document),
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
    /// The classification level, from 0
    #[arg(long, value_name = "LEVEL", default_value_t = 0)]
    level: u8,
    /// The compartment to open it in, such as operation-amber; you must be in it
    #[arg(long, value_name = "NAME")]
    compartment: Option<String>,
    /// The imported declaration that gave rise to it; its values become fields
    #[arg(long, value_name = "ID", group = "row")]
    declaration: Option<String>,
    /// The imported line of a manifest that gave rise to it; its values become fields
    #[arg(long, value_name = "ID", group = "row")]
    manifest: Option<String>,
    /// The imported seizure that gave rise to it; its values become fields
    #[arg(long, value_name = "ID", group = "row")]
    seizure: Option<String>,
    #[command(flatten)]
    fields: Fields,
}

#[derive(Debug, Args)]
struct List {
    /// Only cases in this state
    #[arg(long)]
    status: Option<String>,
    /// Only cases with a move that waits for approval
    #[arg(long)]
    pending: bool,
    /// Only restricted cases, which no other list shows; for supervisors
    #[arg(long)]
    restricted: bool,
    #[command(flatten)]
    page: Page,
    #[command(flatten)]
    form: Form,
}

#[derive(Debug, Args)]
struct Show {
    /// The case
    id: String,
    /// As it stood in this version, a line of its history from 1
    #[arg(long, value_name = "N")]
    at_version: Option<u32>,
    #[command(flatten)]
    form: Form,
}

#[derive(Debug, Args)]
struct Acknowledge {
    /// The case
    id: String,
    /// The paths of the warnings, as `sealane case show` lists them
    #[arg(required = true)]
    paths: Vec<String>,
    /// Why they stand as they are
    #[arg(long)]
    reason: String,
}

#[derive(Debug, Args)]
struct Diff {
    /// The case
    id: String,
    /// The earlier version, 0 for before it was opened; without it the one before the later
    #[arg(long, value_name = "N")]
    from: Option<u32>,
    /// The later version; without it the newest
    #[arg(long, value_name = "N")]
    to: Option<u32>,
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
    /// The `head` that the case had when you read it: if somebody changed it since, nothing is changed
    #[arg(long, value_name = "HEAD")]
    seen: Option<String>,
}

#[derive(Debug, Args)]
struct Move {
    /// The case
    id: String,
    /// The state to move it to
    state: String,
    /// Why; `sealane case show` says for which states it is needed
    #[arg(long)]
    reason: Option<String>,
    /// The law that the decision rests on
    #[arg(long, value_name = "LAW")]
    legal_basis: Option<String>,
}

#[derive(Debug, Args)]
struct Approve {
    /// The case
    id: String,
}

#[derive(Debug, Args)]
struct Refuse {
    /// The case
    id: String,
    /// Why
    #[arg(long)]
    reason: String,
}

#[derive(Debug, Args)]
struct Workflow {
    /// The case
    id: String,
    /// The version to put it under; without it the newest
    #[arg(long, value_name = "VERSION")]
    to: Option<i64>,
    /// Why
    #[arg(long)]
    reason: String,
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
struct Protect {
    /// The case
    id: String,
    /// The classification level from now on, from 0
    #[arg(long, value_name = "LEVEL")]
    level: u8,
    /// The compartment from now on, such as operation-amber; without it none
    #[arg(long, value_name = "NAME")]
    compartment: Option<String>,
    /// Why
    #[arg(long)]
    reason: String,
}

#[derive(Debug, Args)]
struct Assign {
    /// The case
    id: String,
    /// The officer's name or pseudonym
    officer: String,
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
    level: u8,
    #[serde(skip_serializing_if = "Option::is_none")]
    compartment: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    purpose: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    declaration: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    manifest: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    seizure: Option<&'a str>,
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
    #[serde(skip_serializing_if = "Option::is_none")]
    legal_basis: Option<&'a str>,
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
                let shown = match step.at_version {
                    Some(version) => below(&step.id, &format!("versions/{version}")),
                    None => path(&step.id),
                };
                Ok(step.form.facts(&client.get(&shown).await?)?)
            }
            Step::Acknowledge(step) => {
                let body = json!({ "paths": step.paths, "reason": step.reason });
                let case = client.post(&below(&step.id, "acknowledge"), &body).await?;
                let open = case.get("quality").and_then(|quality| quality.get("open"));
                Ok(line(&format!("acknowledged; warnings left open: {}", word(open)))?)
            }
            Step::Diff(step) => step.run(&client).await,
            Step::Edit(step) => step.run(&client).await,
            Step::Move(step) => step.run(&client).await,
            Step::Approve(step) => {
                let case = client.post(&below(&step.id, "proposal/approve"), &json!({})).await?;
                let state = word(case.get("status"));
                Ok(line(&format!("approved: case {} is in the state {state}", step.id))?)
            }
            Step::Refuse(step) => step.run(&client, "proposal/refuse", "refused").await,
            Step::Withdraw(step) => step.run(&client, "proposal/withdraw", "taken back").await,
            Step::Workflow(step) => {
                let body = json!({ "version": step.to, "reason": step.reason });
                let case = client.post(&below(&step.id, "workflow"), &body).await?;
                let workflow = word(case.get("workflow"));
                Ok(line(&format!("case {} follows the workflow {workflow}", step.id))?)
            }
            Step::Review(step) => step.run(&client).await,
            Step::Restrict(step) => step.run(&client).await,
            Step::Unrestrict(step) => step.run(&client).await,
            Step::Link(step) => {
                let body = Linking { to: &step.other, relation: &step.relation };
                client.post(&format!("{}/links", path(&step.id)), &body).await?;
                Ok(line(&format!("linked case {} to {}", step.id, step.other))?)
            }
            Step::Team(step) => step.run(&client, "/api/v1/cases", "case").await,
            Step::Assign(step) => {
                let body = json!({ "officer": step.officer });
                client.post(&below(&step.id, "owner"), &body).await?;
                Ok(line(&format!("{} leads case {}", step.officer, step.id))?)
            }
            Step::Protect(Protect { id, level, compartment, reason }) => {
                let body = json!({ "level": level, "compartment": compartment, "reason": reason });
                client.post(&below(&id, "protection"), &body).await?;
                let place = compartment.unwrap_or_else(|| "no compartment".to_owned());
                Ok(line(&format!("case {id} is classified at level {level}, in {place}"))?)
            }
            Step::Conflict(step) => step.run(&client).await,
            Step::Export(step) => pack::write(&client, &[step.id], &step.out).await,
            Step::File(step) => step.file(&client).await,
            Step::Report(step) => step.report(&client).await,
        }
    }
}

impl Diff {
    async fn run(self, client: &Client) -> anyhow::Result<()> {
        let (from, to) =
            (self.from.map(|number| number.to_string()), self.to.map(|number| number.to_string()));
        let query = [("from", from.as_deref()), ("to", to.as_deref())];
        let found = client.get(&with_query(&below(&self.id, "difference"), &query)).await?;
        if self.form.is_json() {
            return Ok(self.form.facts(&found)?);
        }
        line(&format!("version {} to {}", word(found.get("from")), word(found.get("to"))))?;
        let columns = [
            ("PATH", "path"),
            ("BEFORE", "before"),
            ("AFTER", "after"),
            ("VERSION", "version"),
            ("BY", "actor"),
            ("AT", "at"),
        ];
        let changes = found.get("changes").unwrap_or(&Value::Null);
        Ok(self.form.list(changes, &columns, "nothing changed")?)
    }
}

impl New {
    async fn run(self, client: &Client) -> anyhow::Result<()> {
        let body = Opening {
            title: &self.title,
            case_type: &self.case_type,
            level: self.level,
            compartment: self.compartment.as_deref(),
            purpose: self.purpose.as_deref(),
            declaration: self.declaration.as_deref(),
            manifest: self.manifest.as_deref(),
            seizure: self.seizure.as_deref(),
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
        let filters = [
            ("status", self.status.as_deref()),
            ("pending", self.pending.then_some("true")),
            ("restricted", self.restricted.then_some("true")),
        ];
        let cases = self.page.read(client, "/api/v1/cases", &filters).await?;
        let columns = [
            ("ID", "id"),
            ("REFERENCE", "reference"),
            ("STATE", "status"),
            ("PROPOSED", "pending"),
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

impl Move {
    async fn run(self, client: &Client) -> anyhow::Result<()> {
        let body = Movement {
            to: &self.state,
            reason: self.reason.as_deref(),
            legal_basis: self.legal_basis.as_deref(),
        };
        let case = client.post(&below(&self.id, "move"), &body).await?;
        let Some(proposal) = case.get("proposal").filter(|proposal| proposal.is_object()) else {
            return Ok(line(&format!("moved case {} to {}", self.id, self.state))?);
        };
        let approver = word(proposal.get("approver"));
        line(&format!("proposed to move case {} to {}", self.id, self.state))?;
        Ok(line(&format!("next: a {approver} runs `sealane case approve {}`", self.id))?)
    }
}

impl Refuse {
    async fn run(self, client: &Client, rest: &str, done: &str) -> anyhow::Result<()> {
        let body = json!({ "reason": self.reason });
        let case = client.post(&below(&self.id, rest), &body).await?;
        let state = word(case.get("status"));
        Ok(line(&format!("{done}: case {} stays in the state {state}", self.id))?)
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
        let head = match self.seen {
            Some(head) => head,
            None => word(client.get(&path(&self.id)).await?.get("head")),
        };
        client.patch(&path(&self.id), &head, &Change { fields }).await?;
        Ok(line(&format!("changed {count} field(s) of case {}", self.id))?)
    }
}

fn below(id: &str, rest: &str) -> String {
    format!("{}/{rest}", path(id))
}

fn path(id: &str) -> String {
    format!("/api/v1/cases/{}", segment(id))
}
