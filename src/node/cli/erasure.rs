//! `sealane erasure`: data of a case are erased for good, by two officers, through a node's API.

use clap::{Args, Subcommand};
use serde_json::json;

use crate::node::cli::client::{Client, Connection, segment};
use crate::node::cli::output::{Form, line, word};
use crate::node::cli::page::Page;

/// The command line of `sealane erasure`.
#[derive(Debug, Args)]
#[command(arg_required_else_help = true)]
pub(super) struct Erasure {
    #[command(flatten)]
    connection: Connection,
    #[command(subcommand)]
    step: Step,
}

#[derive(Debug, Subcommand)]
enum Step {
    /// Order that persons, or a whole case with its evidence, are erased; another officer decides
    Order(Order),
    /// List orders and certificates
    List(List),
    /// Show an order and its certificate
    Show(Show),
    /// Confirm an order: the data are destroyed at once and for good
    Confirm(Confirm),
    /// Refuse an order: the data stay
    Refuse(Refuse),
}

#[derive(Debug, Args)]
struct Order {
    /// The case
    case: String,
    /// The number of a person in the case, such as 0 for subjects/0; may be repeated
    #[arg(long, value_name = "NUMBER", required_unless_present = "whole_case")]
    subject: Vec<u32>,
    /// The whole case with its evidence
    #[arg(long, conflicts_with = "subject")]
    whole_case: bool,
    /// Why; write no personal data, since the reason stays
    #[arg(long)]
    reason: String,
    /// The law that asks for it
    #[arg(long, value_name = "LAW")]
    legal_basis: Option<String>,
}

#[derive(Debug, Args)]
struct List {
    /// Only in this state: ordered, refused, confirmed or done
    #[arg(long)]
    state: Option<String>,
    #[command(flatten)]
    page: Page,
    #[command(flatten)]
    form: Form,
}

#[derive(Debug, Args)]
struct Show {
    /// The order
    id: String,
    #[command(flatten)]
    form: Form,
}

#[derive(Debug, Args)]
struct Confirm {
    /// The order
    id: String,
    /// That you know that nobody can bring the data back
    #[arg(long)]
    for_good: bool,
}

#[derive(Debug, Args)]
struct Refuse {
    /// The order
    id: String,
    /// Why
    #[arg(long)]
    reason: String,
}

impl Erasure {
    /// Does what the arguments say.
    pub(super) async fn run(self) -> anyhow::Result<()> {
        let client = self.connection.client()?;
        match self.step {
            Step::Order(step) => step.run(&client).await,
            Step::List(step) => step.run(&client).await,
            Step::Show(step) => Ok(step.form.facts(&client.get(&path(&step.id)).await?)?),
            Step::Confirm(step) => step.run(&client).await,
            Step::Refuse(step) => {
                let body = json!({ "reason": step.reason });
                client.post(&format!("{}/refuse", path(&step.id)), &body).await?;
                Ok(line(&format!("refused: nothing was erased by order {}", step.id))?)
            }
        }
    }
}

impl Order {
    async fn run(self, client: &Client) -> anyhow::Result<()> {
        let scope: Vec<String> = if self.whole_case {
            vec!["case".to_owned()]
        } else {
            self.subject.iter().map(|number| format!("subjects/{number}")).collect()
        };
        let body =
            json!({ "scope": scope, "reason": self.reason, "legal_basis": self.legal_basis });
        let path = format!("/api/v1/cases/{}/erasures", segment(&self.case));
        let order = client.post(&path, &body).await?;
        let id = word(order.get("id"));
        line(&format!("ordered erasure {id} of {}", scope.join(", ")))?;
        let next = "next: a data-protection officer or another supervisor runs";
        Ok(line(&format!("{next} `sealane erasure confirm {id} --for-good`"))?)
    }
}

impl List {
    async fn run(self, client: &Client) -> anyhow::Result<()> {
        let filters = [("state", self.state.as_deref())];
        let orders = self.page.read(client, "/api/v1/erasures", &filters).await?;
        let columns = [
            ("ID", "id"),
            ("STATE", "state"),
            ("CASE", "case"),
            ("SCOPE", "scope"),
            ("ORDERED", "ordered_at"),
            ("BACKUPS UNTIL", "backups_until"),
        ];
        Ok(self.form.list(&orders, &columns, "no orders of erasure")?)
    }
}

impl Confirm {
    async fn run(self, client: &Client) -> anyhow::Result<()> {
        let order = client.get(&path(&self.id)).await?;
        if !self.for_good {
            line(&format!(
                "order {} destroys {} of case {}; nobody can bring it back",
                self.id,
                word(order.get("scope")),
                word(order.get("case"))
            ))?;
            return Ok(line(&format!("next: `sealane erasure confirm {} --for-good`", self.id))?);
        }
        let done = client.post(&format!("{}/confirm", path(&self.id)), &json!({})).await?;
        line(&format!("erased {} of case {}", word(done.get("scope")), word(done.get("case"))))?;
        line(&format!("certificate: record {}", word(done.get("certificate"))))?;
        line(&format!(
            "the last backup that may hold a destroyed key is due to go on {}",
            word(done.get("backups_until"))
        ))?;
        let holders = word(done.get("holders"));
        if holders.is_empty() {
            return Ok(());
        }
        Ok(line(&format!(
            "copies were shared with {holders}: withdraw the summaries, and tell them"
        ))?)
    }
}

fn path(id: &str) -> String {
    format!("/api/v1/erasures/{}", segment(id))
}
