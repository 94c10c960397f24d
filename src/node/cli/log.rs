//! `sealane log`: the node's own append-only log: its checkpoint, proofs, and a check of the whole.

use clap::{Args, Subcommand};

use crate::node::cli::client::{Connection, segment};
use crate::node::cli::log_check::LogCheck;
use crate::node::cli::output::{Form, line, plain};

/// The command line of `sealane log`.
#[derive(Debug, Args)]
#[command(arg_required_else_help = true)]
pub(super) struct Log {
    #[command(subcommand)]
    step: Step,
}

#[derive(Debug, Subcommand)]
enum Step {
    /// Print the newest checkpoint with its cosignatures
    Checkpoint(Checkpoint),
    /// Print the proof that a record is in the log (.tlog-proof)
    Prove(Prove),
    /// Derive everything again from tiles and store, and compare (on the node's machine)
    Check(LogCheck),
}

#[derive(Debug, Args)]
struct Checkpoint {
    #[command(flatten)]
    connection: Connection,
    #[command(flatten)]
    form: Form,
}

#[derive(Debug, Args)]
struct Prove {
    #[command(flatten)]
    connection: Connection,
    /// The record's hash in hexadecimal, as shown with every case and request
    record: String,
    #[command(flatten)]
    form: Form,
}

impl Log {
    /// Does what the arguments say.
    pub(super) async fn run(self) -> anyhow::Result<()> {
        match self.step {
            Step::Checkpoint(step) => {
                show(&step.connection, "/api/v1/log/checkpoint", step.form).await
            }
            Step::Prove(step) => {
                let path = format!("/api/v1/log/proof/{}", segment(&step.record));
                show(&step.connection, &path, step.form).await
            }
            Step::Check(step) => step.run().await,
        }
    }
}

/// A signed note or a proof is printed as it is, since other tools read it; JSON in the usual form.
async fn show(connection: &Connection, path: &str, form: Form) -> anyhow::Result<()> {
    let answer = connection.client()?.get(path).await?;
    match answer.as_str() {
        Some(note) if !form.is_json() => {
            note.trim_end().lines().try_for_each(|text| line(&plain(text)))?;
        }
        _ => form.facts(&answer)?,
    }
    Ok(())
}
