//! `sealane statistics`: counts of cases and requests, through a node's API.

use clap::Args;
use serde_json::Value;

use crate::node::cli::client::{Connection, with_query};
use crate::node::cli::output::{line, plain, word};

/// The command line of `sealane statistics`.
#[derive(Debug, Args)]
pub(super) struct Statistics {
    #[command(flatten)]
    connection: Connection,
    /// Only cases opened on this day or later, such as 2026-01-01
    #[arg(long, value_name = "DAY")]
    from: Option<String>,
    /// Only cases opened on this day or earlier
    #[arg(long, value_name = "DAY")]
    to: Option<String>,
    /// Only cases of this unit
    #[arg(long)]
    unit: Option<String>,
    /// Only cases of this type
    #[arg(long = "type", value_name = "TYPE")]
    case_type: Option<String>,
    /// Print JSON for scripts
    #[arg(long)]
    json: bool,
}

/// The lists of counts: what is counted, and where it stands in the answer.
const COUNTS: [(&str, &str); 8] = [
    ("by type", "by_type"),
    ("by state", "by_status"),
    ("by unit", "by_unit"),
    ("by outcome", "by_outcome"),
    ("by HS chapter", "by_chapter"),
    ("by origin", "by_origin"),
    ("open cases by age", "open_by_age"),
    ("requests", "requests"),
];

impl Statistics {
    /// Does what the arguments say.
    pub(super) async fn run(self) -> anyhow::Result<()> {
        let client = self.connection.client()?;
        let parameters = [
            ("from", self.from.as_deref()),
            ("to", self.to.as_deref()),
            ("unit", self.unit.as_deref()),
            ("case_type", self.case_type.as_deref()),
        ];
        let found = client.get(&with_query("/api/v1/statistics", &parameters)).await?;
        if self.json {
            return Ok(line(&found.to_string())?);
        }
        line(&format!("{} case(s), as of {}", word(found.get("cases")), word(found.get("at"))))?;
        let rows = |name: &str| found.get(name).and_then(Value::as_array).into_iter().flatten();
        for (title, name) in COUNTS {
            if rows(name).next().is_some() {
                line(&format!("{title}:"))?;
            }
            for row in rows(name) {
                line(&format!("  {:>8}  {}", word(row.get("count")), named(row.get("group"))))?;
            }
        }
        for row in rows("time_in_state") {
            line(&format!(
                "in {}: {} time(s), {} h on average, {} h at the longest",
                word(row.get("status")),
                word(row.get("count")),
                word(row.get("mean_hours")),
                word(row.get("longest_hours"))
            ))?;
        }
        for row in rows("caseload") {
            line(&format!(
                "{} ({}) leads {} open case(s), the oldest of {}",
                word(row.get("officer")),
                named(row.get("unit")),
                word(row.get("open_cases")),
                word(row.get("oldest"))
            ))?;
        }
        Ok(())
    }
}

fn named(group: Option<&Value>) -> String {
    match group.and_then(Value::as_str) {
        None | Some("") => "not known".to_owned(),
        Some(group) => plain(group),
    }
}
