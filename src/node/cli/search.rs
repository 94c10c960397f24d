//! `sealane search`: find cases by words, names, identifiers and columns through a node's API.

use clap::Args;
use clap::builder::PossibleValuesParser;
use serde_json::{Value, json};

use crate::domain::identifier::Scheme;
use crate::node::cli::client::Connection;
use crate::node::cli::output::{Form, items};
use crate::node::cli::page::Page;

/// The command line of `sealane search`.
#[derive(Debug, Args)]
#[command(arg_required_else_help = true)]
pub(super) struct Search {
    /// Words that stand in the case; the last may be the beginning of one (3 to 10 letters)
    words: Vec<String>,
    /// The name of a subject, as it is spelt, in any script; the likest names come first
    #[arg(long)]
    name: Option<String>,
    /// An identifier, spaces, hyphens, case and full-width digits as you like
    #[arg(long, value_name = "IDENTIFIER")]
    id: Option<String>,
    /// The scheme of the identifier, `other` for what is of none; without it all
    #[arg(long, requires = "id", value_parser = PossibleValuesParser::new(Scheme::ALL.map(Scheme::name)))]
    scheme: Option<String>,
    /// Only cases of this type
    #[arg(long = "type", value_name = "TYPE")]
    case_type: Option<String>,
    /// Only cases in this state
    #[arg(long)]
    status: Option<String>,
    /// Only cases of this unit
    #[arg(long)]
    unit: Option<String>,
    /// Only cases opened on this day or later, such as 2026-11-24 (UTC)
    #[arg(long, value_name = "DAY")]
    from: Option<String>,
    /// Only cases opened on this day or earlier
    #[arg(long, value_name = "DAY")]
    to: Option<String>,
    /// Only cases with goods of this chapter of the Harmonized System, such as 24
    #[arg(long, value_name = "CHAPTER")]
    chapter: Option<String>,
    /// Only cases with goods from this country, or a consignment that leaves or reaches it
    #[arg(long)]
    country: Option<String>,
    #[command(flatten)]
    page: Page,
    #[command(flatten)]
    form: Form,
    // Last, since its heading is that of all that follows.
    #[command(flatten)]
    connection: Connection,
}

impl Search {
    /// Prints the cases that have all of it.
    pub(super) async fn run(self) -> anyhow::Result<()> {
        let words = Some(self.words.join(" ")).filter(|words| !words.is_empty());
        let filters = [
            ("q", words.as_deref()),
            ("name", self.name.as_deref()),
            ("value", self.id.as_deref()),
            ("scheme", self.scheme.as_deref()),
            ("case_type", self.case_type.as_deref()),
            ("status", self.status.as_deref()),
            ("unit", self.unit.as_deref()),
            ("opened_from", self.from.as_deref()),
            ("opened_to", self.to.as_deref()),
            ("hs_chapter", self.chapter.as_deref()),
            ("country", self.country.as_deref()),
        ];
        let client = self.connection.client()?;
        let found = self.page.read(&client, "/api/v1/search", &filters).await?;
        let found = if self.form.is_json() { found } else { told(&found) };
        let mut columns = vec![
            ("CASE", "id"),
            ("REFERENCE", "reference"),
            ("STATUS", "status"),
            ("OPENED", "opened_at"),
            ("TITLE", "title"),
        ];
        if self.id.is_some() {
            columns.push(("FIELDS", "fields"));
        }
        if self.name.is_some() {
            columns.extend([("LIKE", "score"), ("NAME", "named"), ("WHY", "why")]);
        }
        Ok(self.form.list(&found, &columns, "no case that you may read has all of that")?)
    }
}

/// The same list with what lies deeper in it beside the rest, as a table needs it.
fn told(found: &Value) -> Value {
    let row = |hit: &Value| {
        let mut row = hit.clone();
        let list =
            |key: &str| hit.get(key).and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        let fields: Vec<String> = list("places")
            .iter()
            .map(|place| {
                let text = |key: &str| place.get(key).and_then(Value::as_str).unwrap_or_default();
                let check =
                    if text("check_result") == "fail" { " (check digit wrong)" } else { "" };
                format!("{} {}{check}", text("path"), text("normalised"))
            })
            .collect();
        let of_name = |key: &str| hit.pointer(&format!("/name/{key}")).cloned();
        if let Some(row) = row.as_object_mut() {
            row.insert("fields".to_owned(), json!(fields));
            row.insert("score".to_owned(), json!(of_name("score")));
            row.insert("named".to_owned(), json!(of_name("name")));
            row.insert("why".to_owned(), json!(of_name("reasons")));
        }
        row
    };
    json!({ "items": items(found).iter().map(row).collect::<Vec<_>>(), "next": found.get("next") })
}
