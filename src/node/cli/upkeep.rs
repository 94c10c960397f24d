//! What the commands on a data directory share: progress on standard error, findings and the verdict.

use std::io::{self, IsTerminal as _};

use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};

use crate::node::cli::exit::Failure;
use crate::node::cli::output::{Form, line, plain};
use crate::node::upkeep::Findings;

/// A bar of bytes, if somebody looks at it.
pub(super) fn bytes_bar() -> ProgressBar {
    bar("{bar:30} {bytes}/{total_bytes} {binary_bytes_per_sec} {eta}")
}

/// A bar of things, if somebody looks at it.
pub(super) fn count_bar(things: &str) -> ProgressBar {
    bar(&format!("{{bar:30}} {{pos}}/{{len}} {things} {{eta}}"))
}

fn bar(form: &str) -> ProgressBar {
    if !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template(form).unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(0).with_style(style)
}

/// Moves a bar as a work tells.
pub(super) fn told(bar: &ProgressBar) -> impl Fn(u64, u64) + Send + Sync {
    let bar = bar.clone();
    move |done, total| {
        bar.set_length(total);
        bar.set_position(done);
    }
}

/// Prints what was looked at and found; findings end with exit code 3.
pub(super) fn conclude(form: Form, counts: &Value, findings: &Findings) -> anyhow::Result<()> {
    if form.is_json() {
        let list: Vec<Value> = findings
            .list()
            .iter()
            .map(|finding| {
                json!({ "about": finding.about, "what": finding.what, "advice": finding.advice })
            })
            .collect();
        let verdict = json!({
            "checked": counts,
            "sound": findings.is_empty(),
            "findings": list,
            "findings_total": findings.count(),
            "notes": findings.notes(),
        });
        line(&verdict.to_string())?;
    } else {
        form.facts(counts)?;
        for note in findings.notes() {
            line(&format!("note: {}", plain(note)))?;
        }
        for finding in findings.list() {
            line(&format!("FINDING {}: {}", plain(&finding.about), plain(&finding.what)))?;
            line(&format!("        {}", finding.advice))?;
        }
    }
    if findings.is_empty() {
        if !form.is_json() {
            line("sound: nothing differs")?;
        }
        return Ok(());
    }
    let text = format!("{} findings", findings.count());
    Err(Failure::Unverified(text).into())
}
