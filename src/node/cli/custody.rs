//! What happens to evidence in custody beside hand-overs, through a node's API.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde::Serialize;

use crate::node::cli::client::{Client, segment};
use crate::node::cli::exit::Failure;
use crate::node::cli::output::{line, word};
use crate::node::cli::transfer;

/// The steps of `sealane evidence` that record an event of an item that you hold.
#[derive(Debug, Subcommand)]
pub(super) enum Custody {
    /// Seal an item that you hold
    Seal(Seal),
    /// Open the seals of an item that you hold
    Open(Plain),
    /// Record an examination, and what it used up
    Examine(Examine),
    /// Take a sample: a new item with its own chain of custody
    Sample(Sample),
    /// Divide an item into new items; together they are the whole
    Split(Split),
    /// Give an item back to whom it belongs to
    Return(Return),
    /// Report an item as lost
    Lose(Plain),
    /// Record that a thing was destroyed
    Destroy(Plain),
    /// Save the custody sheet of an item, a page to print
    Sheet(Sheet),
}

/// What is said of every event.
#[derive(Debug, Args)]
struct About {
    /// The item
    id: String,
    /// Why
    #[arg(long)]
    reason: String,
    /// Where
    #[arg(long)]
    place: Option<String>,
    /// Condition of the item
    #[arg(long)]
    condition: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct Plain {
    #[command(flatten)]
    about: About,
}

#[derive(Debug, Args)]
pub(super) struct Seal {
    #[command(flatten)]
    about: About,
    /// Numbers of the seals, separated by commas
    #[arg(long)]
    seals: String,
}

#[derive(Debug, Args)]
pub(super) struct Examine {
    #[command(flatten)]
    about: About,
    /// How much of the item it used up, in the unit of the item
    #[arg(long, value_name = "AMOUNT")]
    consumed: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct Sample {
    #[command(flatten)]
    about: About,
    /// What the sample is
    #[arg(long)]
    description: String,
    /// How much it is, in the unit of the item
    #[arg(long, value_name = "AMOUNT")]
    quantity: Option<String>,
    /// Its unit, where the item has no quantity
    #[arg(long)]
    unit: Option<String>,
    /// Numbers of the seals on the sample, separated by commas
    #[arg(long)]
    seals: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct Split {
    #[command(flatten)]
    about: About,
    /// A new item, as `DESCRIPTION` or `DESCRIPTION=AMOUNT`; give it twice or more
    #[arg(long = "part", value_name = "PART", required = true)]
    parts: Vec<String>,
}

#[derive(Debug, Args)]
pub(super) struct Return {
    #[command(flatten)]
    about: About,
    /// Who gets it
    #[arg(long)]
    to: String,
}

#[derive(Debug, Args)]
pub(super) struct Sheet {
    /// The item
    id: String,
    /// The file to write, such as sheet.html
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

/// The body of `POST /api/v1/evidence/{id}/custody`.
#[derive(Default, Serialize)]
struct Event {
    #[serde(rename = "event")]
    kind: &'static str,
    reason: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    place: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    condition: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    seals: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    consumed: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    parts: Vec<Part>,
}

#[derive(Serialize)]
struct Part {
    description: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    quantity: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    unit: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    seals: Option<String>,
}

impl Custody {
    /// Does what the arguments say.
    pub(super) async fn run(self, client: &Client) -> anyhow::Result<()> {
        match self {
            Self::Seal(step) => {
                let seals = Some(step.seals);
                record(client, "seal", step.about, Event { seals, ..Event::default() }).await
            }
            Self::Open(step) => record(client, "open", step.about, Event::default()).await,
            Self::Examine(step) => {
                let consumed = step.consumed;
                record(client, "examine", step.about, Event { consumed, ..Event::default() }).await
            }
            Self::Sample(step) => {
                let parts = vec![Part {
                    description: step.description,
                    quantity: step.quantity,
                    unit: step.unit,
                    seals: step.seals,
                }];
                record(client, "sample", step.about, Event { parts, ..Event::default() }).await
            }
            Self::Split(step) => {
                let parts = step.parts.iter().map(|part| split_part(part)).collect();
                record(client, "split", step.about, Event { parts, ..Event::default() }).await
            }
            Self::Return(step) => {
                let to = Some(step.to);
                record(client, "return", step.about, Event { to, ..Event::default() }).await
            }
            Self::Lose(step) => record(client, "lose", step.about, Event::default()).await,
            Self::Destroy(step) => record(client, "destroy", step.about, Event::default()).await,
            Self::Sheet(step) => step.run(client).await,
        }
    }
}

impl Sheet {
    async fn run(self, client: &Client) -> anyhow::Result<()> {
        let path = format!("/api/v1/evidence/{}/custody-sheet", segment(&self.id));
        let answer = client.stream(&path, None::<&()>).await?;
        transfer::download(answer, &self.out).await?;
        Ok(line(&format!("wrote {}; open it in a browser and print it", self.out.display()))?)
    }
}

/// `DESCRIPTION=AMOUNT`; a description may hold the sign too, so the last one counts.
fn split_part(text: &str) -> Part {
    let (description, quantity) = match text.rsplit_once('=') {
        Some((description, amount)) => (description, Some(amount.trim().to_owned())),
        None => (text, None),
    };
    Part { description: description.trim().to_owned(), quantity, unit: None, seals: None }
}

async fn record(
    client: &Client,
    kind: &'static str,
    about: About,
    said: Event,
) -> anyhow::Result<()> {
    let body = Event {
        kind,
        reason: about.reason,
        place: about.place,
        condition: about.condition,
        ..said
    };
    let path = format!("/api/v1/evidence/{}/custody", segment(&about.id));
    let item = client.post(&path, &body).await?;
    let last = item.get("custody").and_then(|chain| chain.as_array()?.last());
    let Some(last) = last else {
        return Err(Failure::Refused("the node's answer names no custody event".to_owned()).into());
    };
    line(&format!("recorded {kind} of {} as {}", about.id, word(last.get("record"))))?;
    for part in last.get("parts").and_then(|parts| parts.as_array()).into_iter().flatten() {
        line(&format!("new item {}", word(part.get("item"))))?;
    }
    let has_ended = matches!(kind, "split" | "return" | "lose" | "destroy");
    if let (false, Some(amount), Some(unit)) = (
        has_ended,
        item.get("quantity").and_then(|amount| amount.as_str()),
        item.get("unit").and_then(|unit| unit.as_str()),
    ) {
        line(&format!("left: {amount} {unit}"))?;
    }
    Ok(())
}
