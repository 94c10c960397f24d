//! Fields of a record as arguments: `path=text`, `path:=JSON`, or a JSON file; does not know which fields exist.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Args;
use serde_json::{Map, Value};

use crate::node::cli::exit::Failure;

/// The largest file of fields that is read, in bytes; a record holds at most 512 KiB.
const FILE_BYTES_MAX: u64 = 1 << 20;

/// Fields to set.
#[derive(Clone, Debug, Default, Args)]
pub(super) struct Fields {
    /// A field: PATH=TEXT, or PATH:=JSON for a number, a list or true/false; may be repeated
    #[arg(long = "set", value_name = "PATH=TEXT")]
    set: Vec<String>,
    /// A file with a JSON object of fields; those given by --set win
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
}

impl Fields {
    /// All fields, as one JSON object.
    pub(super) fn object(&self) -> anyhow::Result<Map<String, Value>> {
        let mut object = match &self.file {
            Some(file) => read(file)?,
            None => Map::new(),
        };
        for text in &self.set {
            let (path, value) = parse(text).ok_or_else(|| {
                Failure::Usage(format!(
                    "'{text}' is not PATH=TEXT or PATH:=JSON, such as title=Tea or items:=3"
                ))
            })?;
            object.insert(path, value);
        }
        Ok(object)
    }
}

fn parse(text: &str) -> Option<(String, Value)> {
    let (path, value) = text.split_once('=')?;
    let (path, value) = match path.strip_suffix(':') {
        Some(path) => (path, serde_json::from_str(value).ok()?),
        None => (path, Value::String(value.to_owned())),
    };
    (!path.is_empty()).then(|| (path.to_owned(), value))
}

fn read(file: &Path) -> anyhow::Result<Map<String, Value>> {
    let name = file.display();
    let length = std::fs::metadata(file).with_context(|| format!("cannot read {name}"))?.len();
    if length > FILE_BYTES_MAX {
        return Err(Failure::Usage(format!(
            "{name} is longer than {FILE_BYTES_MAX} bytes, the most for fields"
        ))
        .into());
    }
    let text = std::fs::read_to_string(file).with_context(|| format!("cannot read {name}"))?;
    serde_json::from_str(&text).map_err(|error| {
        Failure::Usage(format!("{name} is not a JSON object of fields: {error}")).into()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn text_stays_text_and_json_is_asked_for() {
        let set = ["hs=0806", "count:=3", "note=a=b", "tags:=[\"x\"]"].map(ToOwned::to_owned);
        let object = Fields { set: set.to_vec(), file: None }.object().unwrap();
        assert_eq!(
            Value::Object(object),
            json!({"hs": "0806", "count": 3, "note": "a=b", "tags": ["x"]})
        );
        for bad in ["title", "=x", "n:=nope"] {
            let fields = Fields { set: vec![bad.to_owned()], file: None };
            assert!(fields.object().is_err(), "{bad}");
        }
    }
}
