//! `sealane token`: tokens for the API, made over the node's local socket and shown once.

use clap::{Args, Subcommand};
use serde::Serialize;

use crate::node::cli::client::Local;
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
        let Step::New(New { user, label, days, form }) = self.step;
        let token =
            client.post("/admin/tokens", &Wanted { user: &user, label: &label, days }).await?;
        if form.is_json() {
            return Ok(form.facts(&token)?);
        }
        // Alone on its line, so that a shell can take it: SEALANE_TOKEN=$(sealane token new NAME).
        Ok(line(&word(token.get("token")))?)
    }
}
