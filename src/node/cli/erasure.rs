//! `sealane erasure`: data of a case, or an import, are erased for good, by two officers, through a node's API.

use clap::{Args, Subcommand};
use serde_json::{Value, json};

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
    /// Order that persons, fields, a whole case with its evidence, or an import are erased; another officer decides
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
    #[arg(required_unless_present = "import")]
    case: Option<String>,
    /// The number of a person in the case, such as 0 for subjects/0; may be repeated
    #[arg(
        long,
        value_name = "NUMBER",
        required_unless_present_any = ["whole_case", "field", "import"]
    )]
    subject: Vec<u32>,
    /// A field by its path, such as notes/0/text, or an item such as subjects/0/identifiers/1; may be repeated
    #[arg(long, value_name = "PATH")]
    field: Vec<String>,
    /// The whole case with its evidence
    #[arg(long, conflicts_with_all = ["subject", "field"])]
    whole_case: bool,
    /// An import with all its rows, as `sealane imported files` lists it, in place of a case
    #[arg(long, value_name = "IMPORT", conflicts_with_all = ["case", "subject", "field", "whole_case"])]
    import: Option<String>,
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
        let mut body = json!({ "reason": self.reason, "legal_basis": self.legal_basis });
        let path = match (&self.import, &self.case) {
            (Some(import), _) => format!("/api/v1/imports/{}/erasures", segment(import)),
            (None, case) => {
                body["scope"] = json!(self.scope());
                let case = case.as_deref().unwrap_or_default();
                format!("/api/v1/cases/{}/erasures", segment(case))
            }
        };
        let order = client.post(&path, &body).await?;
        let id = word(order.get("id"));
        line(&format!("ordered erasure {id} of {}", word(order.get("scope"))))?;
        tell_cases(&order)?;
        let next = "next: a data-protection officer or another supervisor runs";
        Ok(line(&format!("{next} `sealane erasure confirm {id} --for-good`"))?)
    }
}

impl Order {
    fn scope(&self) -> Vec<String> {
        if self.whole_case {
            return vec!["case".to_owned()];
        }
        let subjects = self.subject.iter().map(|number| format!("subjects/{number}"));
        subjects.chain(self.field.iter().cloned()).collect()
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
            ("IMPORT", "import"),
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
                "order {} destroys {} of {}; nobody can bring it back",
                self.id,
                word(order.get("scope")),
                object(&order)
            ))?;
            tell_cases(&order)?;
            return Ok(line(&format!("next: `sealane erasure confirm {} --for-good`", self.id))?);
        }
        let done = client.post(&format!("{}/confirm", path(&self.id)), &json!({})).await?;
        line(&format!("erased {} of {}", word(done.get("scope")), object(&done)))?;
        for (key, what) in [
            ("imported_rows", "erased with it, the imported rows"),
            ("rows_kept", "kept for a case under a legal hold, the imported rows"),
        ] {
            let rows = word(done.get(key));
            if !rows.is_empty() {
                line(&format!("{what}: {rows}"))?;
            }
        }
        line(&format!("certificate: record {}", word(done.get("certificate"))))?;
        line(&format!(
            "the last backup that may hold a destroyed key or value is due to go on {}",
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

/// What an order is about.
fn object(order: &Value) -> String {
    match order.get("import").and_then(Value::as_str) {
        Some(import) => format!("import {import}"),
        None => format!("case {}", word(order.get("case"))),
    }
}

/// Names the cases that were opened on rows of an import.
fn tell_cases(order: &Value) -> anyhow::Result<()> {
    let cases = word(order.get("used_by"));
    if cases.is_empty() {
        return Ok(());
    }
    Ok(line(&format!("cases that were opened on its rows keep what they took over: {cases}"))?)
}

fn path(id: &str) -> String {
    format!("/api/v1/erasures/{}", segment(id))
}
