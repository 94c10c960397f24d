//! `sealane retention` and the steps of `sealane case` that say how long a case is kept, through a node's API.

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use crate::node::cli::client::{Client, Connection, segment};
use crate::node::cli::output::{Form, line, word};
use crate::node::cli::page::Page;

/// The command line of `sealane retention`.
#[derive(Debug, Args)]
#[command(arg_required_else_help = true)]
pub(super) struct Retention {
    #[command(flatten)]
    connection: Connection,
    #[command(subcommand)]
    step: Step,
}

#[derive(Debug, Subcommand)]
enum Step {
    /// List what is to be reviewed and erased, the soonest first
    List(List),
    /// Show which clocks run on a case, from which event and by which rule
    Show(Show),
}

#[derive(Debug, Args)]
struct List {
    /// Only what is due by now
    #[arg(long)]
    due: bool,
    /// Only what is due within so many days
    #[arg(long, value_name = "DAYS")]
    days: Option<u32>,
    #[command(flatten)]
    page: Page,
    #[command(flatten)]
    form: Form,
}

#[derive(Debug, Args)]
struct Show {
    /// The case
    case: String,
    #[command(flatten)]
    form: Form,
}

/// The command line of `sealane case review`.
#[derive(Debug, Args)]
pub(super) struct Review {
    /// The case
    id: String,
    /// Its data are still needed
    #[arg(long, required_unless_present = "erase")]
    keep: bool,
    /// Its data are to be erased; until two officers have done that they are restricted
    #[arg(long, conflicts_with_all = ["keep", "next"])]
    erase: bool,
    /// Why
    #[arg(long)]
    reason: String,
    /// The day of the next review; without it as late as the workflow and the retention allow
    #[arg(long, value_name = "DAY")]
    next: Option<String>,
}

/// The command line of `sealane case restrict`.
#[derive(Debug, Args)]
pub(super) struct Restrict {
    /// The case
    id: String,
    /// Why; write no personal data, since the reason stays
    #[arg(long)]
    reason: String,
    /// The law that asks for it
    #[arg(long, value_name = "LAW")]
    legal_basis: Option<String>,
}

/// The command line of `sealane case unrestrict`.
#[derive(Debug, Args)]
pub(super) struct Unrestrict {
    /// The case
    id: String,
    /// Why; write no personal data, since the reason stays
    #[arg(long)]
    reason: String,
}

impl Retention {
    /// Does what the arguments say.
    pub(super) async fn run(self) -> anyhow::Result<()> {
        let client = self.connection.client()?;
        match self.step {
            Step::List(step) => step.run(&client).await,
            Step::Show(step) => step.run(&client).await,
        }
    }
}

impl List {
    async fn run(self, client: &Client) -> anyhow::Result<()> {
        let days = self.days.map(|days| days.to_string());
        let filters = [("due", self.due.then_some("true")), ("days", days.as_deref())];
        let rows = self.page.read(client, "/api/v1/retention", &filters).await?;
        let columns = [
            ("DUE", "due_at"),
            ("CASE", "case"),
            ("REFERENCE", "reference"),
            ("TO DO", "action"),
            ("OF", "scope"),
            ("SOURCE", "source"),
            ("RESTRICTED", "restricted"),
        ];
        Ok(self.form.list(&rows, &columns, "nothing is to be reviewed or erased")?)
    }
}

impl Show {
    async fn run(self, client: &Client) -> anyhow::Result<()> {
        let shown = client.get(&path(&self.case, "retention")).await?;
        if self.form.is_json() {
            return Ok(self.form.facts(&shown)?);
        }
        tell(&shown)
    }
}

impl Review {
    /// Reviews a case.
    pub(super) async fn run(self, client: &Client) -> anyhow::Result<()> {
        let decision = if self.erase { "erase" } else { "keep" };
        let mut body = json!({ "decision": decision, "reason": self.reason });
        if let Some(next) = self.next {
            body["next"] = json!(next);
        }
        let shown = client.post(&path(&self.id, "review"), &body).await?;
        line(&format!("reviewed: {decision}"))?;
        tell(&shown)?;
        if self.erase {
            let order = format!("sealane erasure order {} --whole-case --reason REASON", self.id);
            line(&format!("next: `{order}`, which another officer confirms"))?;
        }
        Ok(())
    }
}

impl Restrict {
    /// Restricts a case.
    pub(super) async fn run(self, client: &Client) -> anyhow::Result<()> {
        let body = json!({ "reason": self.reason, "legal_basis": self.legal_basis });
        tell(&client.post(&path(&self.id, "restrict"), &body).await?)
    }
}

impl Unrestrict {
    /// Lifts a restriction.
    pub(super) async fn run(self, client: &Client) -> anyhow::Result<()> {
        let body = json!({ "reason": self.reason });
        tell(&client.post(&path(&self.id, "unrestrict"), &body).await?)
    }
}

/// Says how long a case is kept.
fn tell(shown: &Value) -> anyhow::Result<()> {
    let about = format!("case {} ({})", word(shown.get("reference")), word(shown.get("case")));
    let restricted = shown.get("restricted").and_then(Value::as_str);
    match restricted {
        Some(why) => line(&format!("{about} is restricted: {why}"))?,
        None => line(&format!("{about} is not restricted"))?,
    }
    if shown.get("is_held").and_then(Value::as_bool) == Some(true) {
        line("a legal hold stands: nothing of it is to be erased")?;
    }
    for clock in shown.get("clocks").and_then(Value::as_array).into_iter().flatten() {
        let at = |key| word(clock.get(key));
        let is_due = clock.get("is_due").and_then(Value::as_bool) == Some(true);
        line(&format!(
            "{} {} by {}{}: {}, since {} ({}), {}",
            at("action"),
            at("scope"),
            at("due"),
            if is_due { ", which has passed" } else { "" },
            at("rule"),
            at("since"),
            at("event"),
            at("source"),
        ))?;
    }
    Ok(())
}

fn path(case: &str, step: &str) -> String {
    format!("/api/v1/cases/{}/{step}", segment(case))
}
