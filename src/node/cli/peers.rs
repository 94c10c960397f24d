//! `sealane peers`: pairing with other authorities, on the node's machine; trust begins by comparing words.

use std::io::{self, IsTerminal as _, Write as _};
use std::path::PathBuf;

use anyhow::Context as _;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clap::{Args, Subcommand};
use serde::Serialize;

use crate::node::cli::card::Card;
use crate::node::cli::client::{Client, Local, segment};
use crate::node::cli::exit::Failure;
use crate::node::cli::output::{Form, line, word};

/// The largest card that is read, in bytes.
const CARD_BYTES_MAX: u64 = 128 * 1024;

/// The command line of `sealane peers`.
#[derive(Debug, Args)]
#[command(arg_required_else_help = true)]
pub(super) struct Peers {
    #[command(flatten)]
    local: Local,
    #[command(subcommand)]
    step: Step,
}

#[derive(Debug, Subcommand)]
enum Step {
    /// Write this authority's card, to be given to a peer, and print its fingerprint words
    Card(Card),
    /// Pair with the authority of a card, after its fingerprint words were compared
    Add(Add),
    /// List peers: when each was last reached, whether the last attempt failed, and what waits
    List(List),
    /// End the pairing with an authority
    Remove(Remove),
}

#[derive(Debug, Args)]
struct Add {
    /// The peer's card
    file: PathBuf,
    /// The fingerprint words that the peer told you, by telephone or face to face
    #[arg(long, value_name = "WORDS")]
    confirm: Option<String>,
}

#[derive(Debug, Args)]
struct List {
    #[command(flatten)]
    form: Form,
}

#[derive(Debug, Args)]
struct Remove {
    /// The authority
    name: String,
}

#[derive(Serialize)]
struct Pairing<'a> {
    card: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    confirm: Option<&'a str>,
}

impl Peers {
    /// Does what the arguments say.
    pub(super) async fn run(self) -> anyhow::Result<()> {
        let client = self.local.client();
        match self.step {
            Step::Card(step) => step.run(&self.local).await,
            Step::Add(step) => step.run(&client).await,
            Step::List(step) => {
                let peers = client.get("/admin/peers").await?;
                let columns = [
                    ("AUTHORITY", "authority"),
                    ("TITLE", "title"),
                    ("CARD", "version"),
                    ("STATE", "state"),
                    ("REACHED", "reached_at"),
                    ("FAILED", "failed_at"),
                    ("QUEUED", "queued"),
                    ("SINCE", "waits_since"),
                ];
                let dir = self.local.option();
                let empty = format!(
                    "no peers; get a peer's card, then `sealane peers add FILE{dir} --confirm WORDS`"
                );
                Ok(step.form.list(&peers, &columns, &empty)?)
            }
            Step::Remove(step) => {
                client.delete(&format!("/admin/peers/{}", segment(&step.name))).await?;
                let name = &step.name;
                Ok(line(&format!(
                    "{name} is no peer any more; what waits for it goes out if it is paired again"
                ))?)
            }
        }
    }
}

impl Add {
    async fn run(self, client: &Client) -> anyhow::Result<()> {
        let name = self.file.display();
        let length =
            std::fs::metadata(&self.file).with_context(|| format!("cannot read {name}"))?.len();
        if length > CARD_BYTES_MAX {
            return Err(Failure::Usage(format!("{name} is too long to be a card")).into());
        }
        let card = std::fs::read(&self.file).with_context(|| format!("cannot read {name}"))?;
        let card = STANDARD.encode(card);
        let confirm = match self.confirm {
            Some(words) => words,
            None => ask_for_words(client, &card).await?,
        };
        let body = Pairing { card: &card, confirm: Some(confirm.trim()) };
        let peer = client.post("/admin/peers", &body).await?;
        Ok(line(&format!("paired with {}", word(peer.get("authority"))))?)
    }
}

/// Shows whose card it is. The words must come from the peer, so they are typed or given, never taken from the card.
async fn ask_for_words(client: &Client, card: &str) -> anyhow::Result<String> {
    let preview = client.post("/admin/peers", &Pairing { card, confirm: None }).await?;
    line(&format!("card of {} ({})", word(preview.get("authority")), word(preview.get("title"))))?;
    line(&format!("fingerprint words: {}", word(preview.get("words"))))?;
    if !io::stdin().is_terminal() {
        return Err(Failure::Usage(
            "ask the peer for its words over another channel, and run again with --confirm WORDS if they are these".into(),
        )
        .into());
    }
    write!(io::stdout(), "type the words that the peer told you: ")?;
    io::stdout().flush()?;
    let mut words = String::new();
    io::stdin().read_line(&mut words)?;
    Ok(words)
}
