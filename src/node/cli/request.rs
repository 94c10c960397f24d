//! `sealane request`: mutual assistance through a node's API; the state machine is the node's.

use clap::{Args, Subcommand};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::node::cli::client::{Client, Connection, segment};
use crate::node::cli::fields::Fields;
use crate::node::cli::output::{Form, line, word};
use crate::node::cli::page::Page;

/// The command line of `sealane request`.
#[derive(Debug, Args)]
#[command(arg_required_else_help = true)]
pub(super) struct Request {
    #[command(flatten)]
    connection: Connection,
    #[command(subcommand)]
    step: Step,
}

#[derive(Debug, Subcommand)]
enum Step {
    /// Draft a request for another authority; send it with `sealane request act ID submit`
    New(New),
    /// List the requests that you may see, made and received
    List(List),
    /// Show a request: its state, its acts, and which acts are possible now
    Show(Show),
    /// Sign an act: submit, acknowledge, supply, accept, refuse, close and so on; `show` names those possible now
    Act(Act),
}

#[derive(Debug, Args)]
struct New {
    /// The authority to ask
    #[arg(long, value_name = "AUTHORITY")]
    to: String,
    /// The case that it is about
    #[arg(long)]
    case: Option<String>,
    /// The instrument profile, the legal basis
    #[arg(long, default_value = "generic.policy")]
    instrument: String,
    #[command(flatten)]
    fields: Fields,
}

#[derive(Debug, Args)]
struct List {
    /// Only requests in this state
    #[arg(long)]
    state: Option<String>,
    /// Only requests made (out) or received (in)
    #[arg(long, value_parser = ["in", "out"])]
    direction: Option<String>,
    #[command(flatten)]
    page: Page,
    #[command(flatten)]
    form: Form,
}

#[derive(Debug, Args)]
struct Show {
    /// The request
    id: String,
    #[command(flatten)]
    form: Form,
}

#[derive(Debug, Args)]
struct Act {
    /// The request
    id: String,
    /// The act
    kind: String,
    #[command(flatten)]
    fields: Fields,
}

#[derive(Serialize)]
struct Draft<'a> {
    to: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    case: Option<&'a str>,
    instrument: &'a str,
    fields: Map<String, Value>,
}

#[derive(Serialize)]
struct SignedAct<'a> {
    act: &'a str,
    #[serde(flatten)]
    fields: Map<String, Value>,
}

impl Request {
    /// Does what the arguments say.
    pub(super) async fn run(self) -> anyhow::Result<()> {
        let client = self.connection.client()?;
        match self.step {
            Step::New(step) => step.run(&client).await,
            Step::List(step) => step.run(&client).await,
            Step::Show(step) => {
                let request = client.get(&path(&step.id)).await?;
                Ok(step.form.facts(&request)?)
            }
            Step::Act(step) => step.run(&client).await,
        }
    }
}

impl New {
    async fn run(self, client: &Client) -> anyhow::Result<()> {
        let body = Draft {
            to: &self.to,
            case: self.case.as_deref(),
            instrument: &self.instrument,
            fields: self.fields.object()?,
        };
        let request = client.post("/api/v1/requests", &body).await?;
        let id = word(request.get("id"));
        line(&format!("drafted request {id} to {}", self.to))?;
        Ok(line(&format!(
            "next: a second officer (supervisor or contact point) sends it: sealane request act {id} submit"
        ))?)
    }
}

impl List {
    async fn run(self, client: &Client) -> anyhow::Result<()> {
        let filters = [("state", self.state.as_deref()), ("direction", self.direction.as_deref())];
        let requests = self.page.read(client, "/api/v1/requests", &filters).await?;
        let columns = [
            ("ID", "id"),
            ("WAY", "direction"),
            ("PEER", "peer"),
            ("STATE", "state"),
            ("INSTRUMENT", "instrument"),
        ];
        let empty = "no requests; draft one with `sealane request new --to AUTHORITY --case ID`";
        Ok(self.form.list(&requests, &columns, empty)?)
    }
}

impl Act {
    async fn run(self, client: &Client) -> anyhow::Result<()> {
        let body = SignedAct { act: &self.kind, fields: self.fields.object()? };
        let request = client.post(&format!("{}/acts", path(&self.id)), &body).await?;
        let state = word(request.get("state"));
        Ok(line(&format!("signed {} on request {}; state: {state}", self.kind, self.id))?)
    }
}

fn path(id: &str) -> String {
    format!("/api/v1/requests/{}", segment(id))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_act_carries_its_fields_beside_its_name() {
        let fields = Map::from_iter([("reason".to_owned(), Value::from("G10"))]);
        let body = serde_json::to_value(SignedAct { act: "refuse", fields }).unwrap();
        assert_eq!(body, serde_json::json!({"act": "refuse", "reason": "G10"}));
    }
}
