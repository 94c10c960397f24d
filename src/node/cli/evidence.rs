//! `sealane evidence`: register evidence, hand it over, check it, through a node's API.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde::Serialize;
use serde_json::{Value, json};

use crate::node::cli::client::{Client, Connection, file_name, segment, with_query};
use crate::node::cli::custody::Custody;
use crate::node::cli::exit::Failure;
use crate::node::cli::output::{Form, line, word};
use crate::node::cli::transfer;

/// The command line of `sealane evidence`.
#[derive(Debug, Args)]
#[command(arg_required_else_help = true)]
pub(super) struct Evidence {
    #[command(flatten)]
    connection: Connection,
    #[command(subcommand)]
    step: Step,
}

#[derive(Debug, Subcommand)]
enum Step {
    /// Register a file of any size, or a thing, as evidence of a case; a file is hashed and sealed while it is sent
    Add(Add),
    /// List the evidence of a case
    List(List),
    /// Show an item with its hashes and its chain of custody
    Show(Show),
    /// Save the content of an item to a file
    Get(Get),
    /// Hand an item over; the receiver signs with `sealane evidence receive`
    Transfer(Transfer),
    /// Sign for an item that was handed to you
    Receive(Receive),
    #[command(flatten)]
    Custody(Custody),
    /// Hash the stored content again and compare it with the signed record
    Verify(Show),
    /// Get the content of an item that a peer released to this authority, as evidence of a case here
    Fetch(Fetch),
}

#[derive(Debug, Args)]
struct Add {
    /// The case
    case: String,
    /// The file; without it the item is a thing
    file: Option<PathBuf>,
    /// What it is and where it was found
    #[arg(long)]
    description: String,
    /// The media type of the file, such as image/jpeg
    #[arg(long, requires = "file")]
    media_type: Option<String>,
    /// How much of it there is, such as 12.5
    #[arg(long, value_name = "AMOUNT", requires = "unit")]
    quantity: Option<String>,
    /// The unit of the quantity: a code such as KGM (kilogram), NMB (pieces), LTR (litre)
    #[arg(long, requires = "quantity")]
    unit: Option<String>,
    /// Where it was collected
    #[arg(long)]
    place: Option<String>,
    /// The legal power used
    #[arg(long)]
    legal_power: Option<String>,
    /// Numbers of the seals on it, separated by commas
    #[arg(long)]
    seals: Option<String>,
    /// When it was collected, such as 2026-11-24T08:00:00Z
    #[arg(long, value_name = "TIME")]
    collected_at: Option<String>,
    /// The item that you hold and of which this is a copy
    #[arg(long, value_name = "ITEM")]
    copy_of: Option<String>,
    /// Somebody certified the copy
    #[arg(long, requires = "copy_of")]
    certified: bool,
}

#[derive(Debug, Args)]
struct List {
    /// The case
    case: String,
    #[command(flatten)]
    form: Form,
}

#[derive(Debug, Args)]
struct Show {
    /// The item
    id: String,
    #[command(flatten)]
    form: Form,
}

#[derive(Debug, Args)]
struct Get {
    /// The item
    id: String,
    /// The file to write
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

#[derive(Debug, Args)]
struct Receive {
    /// The item
    id: String,
    /// Numbers of the seals that you find on it, separated by commas, or "" for none; without it those that are known
    #[arg(long)]
    seals: Option<String>,
    /// Condition of the item
    #[arg(long)]
    condition: Option<String>,
}

#[derive(Debug, Args)]
struct Fetch {
    /// The item, as `sealane request show` names it
    id: String,
    /// The authority that released it, if several released an item under this id
    #[arg(long, value_name = "AUTHORITY")]
    from: Option<String>,
    /// The request (or summary, or task force) that released it, if there are several
    #[arg(long, value_name = "ID")]
    request: Option<String>,
    /// The case here to which the copy is to belong, if it is not that of the request
    #[arg(long)]
    case: Option<String>,
}

#[derive(Debug, Args)]
struct Transfer {
    /// The item
    id: String,
    /// The officer who receives it
    #[arg(long)]
    to: String,
    /// Why
    #[arg(long)]
    reason: String,
    /// Where
    #[arg(long)]
    place: String,
}

#[derive(Serialize)]
struct Fetching<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    request: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    case: Option<&'a str>,
}

#[derive(Serialize)]
struct TakeOver {
    #[serde(skip_serializing_if = "Option::is_none")]
    seals: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    condition: Option<String>,
}

#[derive(Serialize)]
struct HandOver<'a> {
    to: &'a str,
    reason: &'a str,
    place: &'a str,
}

impl Evidence {
    /// Does what the arguments say.
    pub(super) async fn run(self) -> anyhow::Result<()> {
        let client = self.connection.client()?;
        match self.step {
            Step::Add(step) => step.run(&client).await,
            Step::List(step) => {
                let items = client.get(&of_case(&step.case)).await?;
                let columns = [
                    ("ID", "id"),
                    ("DESCRIPTION", "description"),
                    ("FORM", "form"),
                    ("QUANTITY", "quantity"),
                    ("UNIT", "unit"),
                    ("BYTES", "size"),
                    ("HOLDER", "holder"),
                    ("STATE", "state"),
                ];
                let empty = "no evidence; add some with `sealane evidence add CASE [FILE] --description TEXT`";
                Ok(step.form.list(&items, &columns, empty)?)
            }
            Step::Show(step) => Ok(step.form.facts(&client.get(&path(&step.id)).await?)?),
            Step::Get(step) => {
                let answer =
                    client.stream(&format!("{}/content", path(&step.id)), None::<&()>).await?;
                let bytes = transfer::download(answer, &step.out).await?;
                Ok(line(&format!("wrote {bytes} bytes to {}", step.out.display()))?)
            }
            Step::Transfer(step) => step.run(&client).await,
            Step::Receive(step) => {
                let body = TakeOver { seals: step.seals, condition: step.condition };
                client.post(&format!("{}/receive", path(&step.id)), &body).await?;
                Ok(line(&format!("signed for {}; you hold it now", step.id))?)
            }
            Step::Custody(step) => step.run(&client).await,
            Step::Verify(step) => step.verify(&client).await,
            Step::Fetch(step) => step.run(&client).await,
        }
    }
}

impl Add {
    async fn run(self, client: &Client) -> anyhow::Result<()> {
        let said = [
            ("description", Some(self.description.as_str())),
            ("quantity", self.quantity.as_deref()),
            ("unit", self.unit.as_deref()),
            ("place", self.place.as_deref()),
            ("legal_power", self.legal_power.as_deref()),
            ("seals", self.seals.as_deref()),
            ("collected_at", self.collected_at.as_deref()),
            ("copy_of", self.copy_of.as_deref()),
        ];
        let Some(file) = &self.file else {
            let mut body: serde_json::Map<_, _> = said
                .iter()
                .filter_map(|(name, text)| Some(((*name).to_owned(), json!((*text)?))))
                .collect();
            body.insert("certified".to_owned(), json!(self.certified));
            let path = format!("/api/v1/cases/{}/things", segment(&self.case));
            let item = client.post(&path, &body).await?;
            return Ok(line(&format!("registered evidence {}", word(item.get("id"))))?);
        };
        let name = file_name(file);
        let mut parameters = said.to_vec();
        parameters.push(("filename", Some(name.as_str())));
        parameters.push(("media_type", self.media_type.as_deref()));
        parameters.push(("certified", self.certified.then_some("true")));
        let path = with_query(&of_case(&self.case), &parameters);
        let item = transfer::upload(client, &path, "application/octet-stream", file).await?;
        line(&format!("registered evidence {}", word(item.get("id"))))?;
        Ok(line(&format!("sha-256 {}", word(item.get("sha256"))))?)
    }
}

impl Fetch {
    async fn run(self, client: &Client) -> anyhow::Result<()> {
        let body = Fetching {
            from: self.from.as_deref(),
            request: self.request.as_deref(),
            case: self.case.as_deref(),
        };
        let answer = client.post_patiently(&format!("{}/fetch", path(&self.id)), &body).await?;
        let (from, copy) = (word(answer.get("from")), word(answer.get("evidence")));
        line(&format!("content of {} from {from}: {}", self.id, word(answer.get("state"))))?;
        Ok(line(&format!("it was verified while it streamed, and is evidence {copy} here"))?)
    }
}

impl Transfer {
    async fn run(self, client: &Client) -> anyhow::Result<()> {
        let body = HandOver { to: &self.to, reason: &self.reason, place: &self.place };
        client.post(&format!("{}/transfer", path(&self.id)), &body).await?;
        line(&format!("handed {} to {}", self.id, self.to))?;
        Ok(line(&format!("next: {} signs with `sealane evidence receive {}`", self.to, self.id))?)
    }
}

impl Show {
    async fn verify(self, client: &Client) -> anyhow::Result<()> {
        let verdict =
            client.post_patiently(&format!("{}/verify", path(&self.id)), &json!({})).await?;
        self.form.facts(&verdict)?;
        match verdict.get("verified") {
            Some(Value::Bool(true)) => Ok(()),
            _ => Err(Failure::Unverified(format!(
                "the content of {} is not what was signed; do not use it, and tell the custodian",
                self.id
            ))
            .into()),
        }
    }
}

fn path(id: &str) -> String {
    format!("/api/v1/evidence/{}", segment(id))
}

fn of_case(case: &str) -> String {
    format!("/api/v1/cases/{}/evidence", segment(case))
}
