//! `sealane user training`: what officers are trained in and authorised to, over the node's local socket.

use clap::{Args, Subcommand};
use serde_json::json;

use crate::node::cli::client::{Client, segment};
use crate::node::cli::output::{Form, line, word};

/// The command line of `sealane user training`.
#[derive(Debug, Args)]
#[command(arg_required_else_help = true)]
pub(super) struct Training {
    #[command(subcommand)]
    step: Step,
}

#[derive(Debug, Subcommand)]
enum Step {
    /// Enter a training or an authorisation of an officer
    Add(Add),
    /// List trainings and authorisations, also those that ended
    List(List),
    /// Revoke one at once; the roles that it backs are suspended
    Revoke(Revoke),
}

#[derive(Debug, Args)]
struct Add {
    /// The officer
    officer: String,
    /// The short name, as in the setting `policy.required_training`
    #[arg(long, value_name = "KEY")]
    name: String,
    /// The name as people read it
    #[arg(long, value_name = "TEXT")]
    title: String,
    /// What it is: training or authorisation
    #[arg(long, default_value = "training")]
    kind: String,
    /// The day from which it is good, such as 2026-11-24; without it today
    #[arg(long, value_name = "DATE")]
    obtained: Option<String>,
    /// The last day on which it is good; without it there is none
    #[arg(long, value_name = "DATE")]
    expires: Option<String>,
    /// Who gave it; without it this authority
    #[arg(long, value_name = "TEXT")]
    issuer: Option<String>,
}

#[derive(Debug, Args)]
struct List {
    /// Only of this officer
    officer: Option<String>,
    #[command(flatten)]
    form: Form,
}

#[derive(Debug, Args)]
struct Revoke {
    /// Its id, as `sealane user training list` shows it
    id: String,
}

impl Training {
    /// Does what the arguments say; `dir` names the node in the next command.
    pub(super) async fn run(self, client: &Client, dir: &str) -> anyhow::Result<()> {
        match self.step {
            Step::Add(step) => {
                let body = json!({
                    "name": step.name, "title": step.title, "kind": step.kind,
                    "obtained": step.obtained, "expires": step.expires, "issuer": step.issuer,
                });
                let made = client.post(&path(&step.officer), &body).await?;
                let until = match made.get("expires").filter(|day| day.is_string()) {
                    Some(day) => format!("good until {}", word(Some(day))),
                    None => "without end".to_owned(),
                };
                let (kind, state) = (word(made.get("kind")), word(made.get("state")));
                let text = format!("entered {kind} {} of {}", step.name, step.officer);
                Ok(line(&format!("{text}, {until}; it is {}", state.replace('_', " ")))?)
            }
            Step::List(step) => {
                let all = "/admin/qualifications".to_owned();
                let from = step.officer.as_deref().map_or(all, path);
                let listed = client.get(&from).await?;
                let columns = [
                    ("ID", "id"),
                    ("OFFICER", "officer"),
                    ("KIND", "kind"),
                    ("NAME", "name"),
                    ("TITLE", "title"),
                    ("ISSUER", "issuer"),
                    ("OBTAINED", "obtained"),
                    ("EXPIRES", "expires"),
                    ("STATE", "state"),
                ];
                let empty = format!(
                    "none; enter one with `sealane user training add NAME --name KEY --title TEXT{dir}`"
                );
                Ok(step.form.list(&listed, &columns, &empty)?)
            }
            Step::Revoke(step) => {
                let path = format!("/admin/qualifications/{}/revoke", segment(&step.id));
                let gone = client.post(&path, &json!({})).await?;
                let text = |key| word(gone.get(key));
                let (kind, name, officer) = (text("kind"), text("name"), text("officer"));
                Ok(line(&format!("revoked {kind} {name} of {officer}"))?)
            }
        }
    }
}

fn path(officer: &str) -> String {
    format!("/admin/users/{}/qualifications", segment(officer))
}
