//! What the demo prints: one line a step that an officer understands, or one JSON object a step; measures nothing.

use std::io::IsTerminal as _;

use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::node::cli::output::line;

/// Tells the story.
pub(super) struct Teller {
    json: bool,
    step: u32,
}

/// The last line.
#[derive(Debug, Serialize)]
pub(super) struct Summary {
    /// Whether every step was verified.
    pub(super) ok: bool,
    /// How many authorities took part.
    pub(super) authorities: usize,
    /// Records in all three stores.
    pub(super) records: u64,
    /// Entries of each authority's log.
    pub(super) log_sizes: Map<String, Value>,
    /// How many logs have a checkpoint that both others cosigned.
    pub(super) cosigned: u64,
    /// The requests and their states at both sides.
    pub(super) requests: Vec<Value>,
    /// The court pack.
    pub(super) pack: String,
    /// What the verifier says of it.
    pub(super) pack_verdict: String,
    /// What the verifier says of a copy with one changed field and recomputed manifests.
    pub(super) tampered_verdict: String,
    /// How often nodes were started again; none unless the walk is a drill.
    pub(super) restarts: u32,
    /// How long the walk took.
    pub(super) seconds: f64,
}

impl Teller {
    pub(super) const fn new(json: bool) -> Self {
        Self { json, step: 0 }
    }

    /// One step is done and proven.
    pub(super) fn step(&mut self, name: &str, text: &str) -> std::io::Result<()> {
        self.step += 1;
        if self.json {
            line(&json!({ "step": self.step, "name": name, "text": text }).to_string())
        } else {
            line(&format!("{:>2}. {text}", self.step))
        }
    }

    /// Something worth knowing beside the story; not in JSON.
    pub(super) fn note(&self, text: &str) -> std::io::Result<()> {
        if self.json { Ok(()) } else { line(&format!("    {text}")) }
    }

    /// A bar for something that takes long; hidden where nobody looks.
    pub(super) fn bar(&self, bytes: u64) -> ProgressBar {
        if self.json || !std::io::stderr().is_terminal() {
            return ProgressBar::hidden();
        }
        let style =
            ProgressStyle::with_template("    {bar:30} {bytes}/{total_bytes} {bytes_per_sec}")
                .unwrap_or_else(|_| ProgressStyle::default_bar());
        ProgressBar::new(bytes).with_style(style)
    }

    /// The last line.
    pub(super) fn summary(&self, summary: &Summary) -> anyhow::Result<()> {
        let all = serde_json::to_value(summary)?;
        if self.json {
            return Ok(line(&all.to_string())?);
        }
        line("")?;
        line(&format!(
            "{} records in three stores; {} of 3 logs cosigned by both others; {:.1} s",
            summary.records, summary.cosigned, summary.seconds
        ))?;
        line(&format!("court pack {}: {}", summary.pack, summary.pack_verdict))?;
        Ok(line(&format!("its tampered copy: {}", summary.tampered_verdict))?)
    }
}
