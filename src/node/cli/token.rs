//! `sealane token`: tokens for the API, made over the node's local socket and shown once; listed and revoked by id.

use clap::{Args, Subcommand};
use serde::Serialize;
use serde_json::json;

use crate::node::cli::client::{Local, segment};
use crate::node::cli::output::{Form, line, word};

/// The command line of `sealane token`.
#[derive(Debug, Args)]
#[command(arg_required_else_help = true)]
pub(super) struct Token {
    #[command(flatten)]
    local: Local,
    #[command(subcommand)]
    step: Step,
}

#[derive(Debug, Subcommand)]
enum Step {
    /// Make a token for an officer; it is shown once
    New(New),
    /// List tokens: whose, what for, until when; never the secrets
    List(List),
    /// Revoke one token at once; the officer's others stay
    Revoke(Revoke),
}

#[derive(Debug, Args)]
struct New {
    /// The officer
    user: String,
    /// What it is for
    #[arg(long, default_value = "command line")]
    label: String,
    /// How long it is valid
    #[arg(long, default_value_t = 30)]
    days: u32,
    #[command(flatten)]
    form: Form,
}

#[derive(Debug, Args)]
struct List {
    #[command(flatten)]
    form: Form,
}

#[derive(Debug, Args)]
struct Revoke {
    /// The token's id, as `sealane token list` shows it
    id: String,
}

#[derive(Serialize)]
struct Wanted<'a> {
    user: &'a str,
    label: &'a str,
    days: u32,
}

impl Token {
    /// Does what the arguments say.
    pub(super) async fn run(self) -> anyhow::Result<()> {
        let client = self.local.client();
        match self.step {
            Step::New(New { user, label, days, form }) => {
                let body = Wanted { user: &user, label: &label, days };
                let token = client.post("/admin/tokens", &body).await?;
                if form.is_json() {
                    return Ok(form.facts(&token)?);
                }
                // Alone on its line, so that a shell can take it: SEALANE_TOKEN=$(sealane token new NAME).
                Ok(line(&word(token.get("token")))?)
            }
            Step::List(step) => {
                let tokens = client.get("/admin/tokens").await?;
                let columns = [
                    ("ID", "id"),
                    ("OFFICER", "user"),
                    ("STATE", "state"),
                    ("FOR", "label"),
                    ("EXPIRES", "expires_at"),
                    ("REVOKED", "revoked_at"),
                ];
                let dir = self.local.option();
                let empty = format!("no tokens; make one with `sealane token new NAME{dir}`");
                Ok(step.form.list(&tokens, &columns, &empty)?)
            }
            Step::Revoke(step) => {
                let path = format!("/admin/tokens/{}/revoke", segment(&step.id));
                let token = client.post(&path, &json!({})).await?;
                let (id, user) = (word(token.get("id")), word(token.get("user")));
                Ok(line(&format!("revoked token {id} of {user}"))?)
            }
        }
    }
}
