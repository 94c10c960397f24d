//! `sealane user`: officers of a node, over its local socket.

use clap::{Args, Subcommand};
use serde::Serialize;
use serde_json::json;

use crate::node::cli::client::{Local, segment};
use crate::node::cli::output::{Form, items, line, word};
use crate::node::cli::training::Training;

/// The command line of `sealane user`.
#[derive(Debug, Args)]
#[command(arg_required_else_help = true)]
pub(super) struct User {
    #[command(flatten)]
    local: Local,
    #[command(subcommand)]
    step: Step,
}

#[derive(Debug, Subcommand)]
enum Step {
    /// Add an officer; then give him a token with `sealane token new`
    Add(Add),
    /// List officers with their roles
    List(List),
    /// Disable an officer; his tokens end at once, his records stay
    Disable(Name),
    /// Send an officer letters about what the node tells and what is due, or no more
    Mail(Mail),
    /// What officers are trained in and authorised to; a role may need it
    Training(Training),
}

#[derive(Debug, Args)]
struct Add {
    /// The officer's name, which stays on this node; peers see a pseudonym
    name: String,
    /// A role; may be repeated
    #[arg(long = "role", value_name = "ROLE", default_value = "case_officer")]
    roles: Vec<String>,
    /// The unit
    #[arg(long, default_value = "")]
    unit: String,
    /// The highest classification that he may read, from 0 up
    #[arg(long, default_value_t = 0)]
    clearance: u8,
}

#[derive(Debug, Args)]
struct List {
    #[command(flatten)]
    form: Form,
}

#[derive(Debug, Args)]
struct Name {
    /// The officer
    name: String,
}

#[derive(Debug, Args)]
struct Mail {
    /// The officer
    name: String,
    /// The address; letters hold numbers of cases and nothing of their content
    #[arg(long, required_unless_present = "none", conflicts_with = "none")]
    to: Option<String>,
    /// `each`: as soon as the node tells something; `daily`: once a day, with what is due
    #[arg(long, value_name = "PACE", default_value = "each", value_parser = ["each", "daily"])]
    send: String,
    /// Send no more letters
    #[arg(long)]
    none: bool,
}

#[derive(Serialize)]
struct Officer<'a> {
    name: &'a str,
    roles: &'a [String],
    unit: &'a str,
    clearance: u8,
}

impl User {
    /// Does what the arguments say.
    pub(super) async fn run(self) -> anyhow::Result<()> {
        let client = self.local.client();
        let dir = self.local.option();
        match self.step {
            Step::Add(step) => {
                let Add { name, roles, unit, clearance } = &step;
                let body = Officer { name, roles, unit, clearance: *clearance };
                let user = client.post("/admin/users", &body).await?;
                line(&format!("added {name}, known to peers as {}", word(user.get("pseudonym"))))?;
                for suspended in items(user.get("suspended").unwrap_or_default()) {
                    line(&format!("suspended: {}", word(Some(suspended))))?;
                }
                Ok(line(&format!("next: sealane token new {name}{dir}"))?)
            }
            Step::List(step) => {
                let users = client.get("/admin/users").await?;
                let columns = [
                    ("NAME", "name"),
                    ("ROLES", "roles"),
                    ("SUSPENDED", "suspended"),
                    ("EXPIRES SOON", "expiring"),
                    ("UNIT", "unit"),
                    ("CLEARANCE", "clearance"),
                    ("PSEUDONYM", "pseudonym"),
                    ("DISABLED", "disabled_at"),
                ];
                Ok(step.form.list(
                    &users,
                    &columns,
                    &format!("no officers; add one with `sealane user add NAME{dir}`"),
                )?)
            }
            Step::Disable(step) => {
                client.post(&format!("{}/disable", path(&step.name)), &json!({})).await?;
                Ok(line(&format!("disabled {}", step.name))?)
            }
            Step::Mail(step) => {
                let body = match &step.to {
                    Some(address) => json!({ "address": address, "pace": step.send }),
                    None => json!({}),
                };
                client.post(&format!("{}/mailbox", path(&step.name)), &body).await?;
                Ok(line(&match &step.to {
                    Some(address) => {
                        format!("{} gets letters at {address} ({})", step.name, step.send)
                    }
                    None => format!("{} gets no letters", step.name),
                })?)
            }
            Step::Training(step) => step.run(&client, &dir).await,
        }
    }
}

fn path(name: &str) -> String {
    format!("/admin/users/{}", segment(name))
}
