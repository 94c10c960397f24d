//! `sealane import`: files of declarations, manifests and seizures into a node; goes on where a broken import stopped.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Args;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::node::cli::client::{Client, Connection, file_name, segment, with_query};
use crate::node::cli::exit::Failure;
use crate::node::cli::output::{Form, items, line, word};
use crate::node::cli::refused::RefusedFile;
use crate::node::cli::transfer;
use crate::node::mappings::{FILE_BYTES_MAX, Kind, Mapping};

/// Refused rows that are shown when no file is named for them.
const SHOWN_MAX: usize = 20;

/// The command line of `sealane import`.
#[derive(Debug, Args)]
pub(super) struct Import {
    #[command(flatten)]
    connection: Connection,
    /// The file: CSV with a header line, a JSON array of objects, or a JSON object a line, as the mapping says
    file: PathBuf,
    /// What the rows are: declaration, manifest or seizure; without it what the mapping says, else declaration
    #[arg(long, value_parser = kind)]
    kind: Option<Kind>,
    /// A mapping of your own, as TOML; without it the one that ships for the kind
    #[arg(long, value_name = "FILE")]
    mapping: Option<PathBuf>,
    /// Write each refused row with its line and reason to this file, to be corrected and imported
    #[arg(long, value_name = "FILE")]
    refused: Option<PathBuf>,
    #[command(flatten)]
    form: Form,
}

fn kind(text: &str) -> Result<Kind, String> {
    text.parse().map_err(|error: crate::node::mappings::UnknownKind| error.to_string())
}

impl Import {
    /// Sends the file and prints what became of its rows.
    pub(super) async fn run(self) -> anyhow::Result<()> {
        let (text, mapping) = self.chosen_mapping()?;
        if let Some(refused) = &self.refused {
            RefusedFile::may_be_written(refused)?;
        }
        let client = self.connection.client()?;
        let (sha256, bytes) = digest(&self.file)?;
        let opening = json!({
            "source": file_name(&self.file), "sha256": sha256, "bytes": bytes,
            "kind": mapping.kind.name(), "mapping": text,
        });
        let begun = client.post("/api/v1/imports", &opening).await?;
        let path = format!("/api/v1/imports/{}", segment(&word(begun.get("id"))));
        let (outcome, failure) = if begun.get("finished_at").is_some_and(Value::is_string) {
            (begun, None)
        } else {
            let media_type = "application/octet-stream";
            let rows = format!("{path}/rows");
            match transfer::upload(&client, &rows, media_type, &self.file).await {
                Ok(outcome) => (outcome, None),
                // What was kept until then is told too, if the node can be asked.
                Err(error) => match client.get(&path).await {
                    Ok(outcome) => (outcome, Some(error)),
                    Err(_) => return Err(self.on_again(error)),
                },
            }
        };
        self.tell(&client, &path, &outcome, &mapping).await?;
        match failure {
            Some(error) => Err(self.on_again(error)),
            None => judge(&outcome),
        }
    }

    fn chosen_mapping(&self) -> anyhow::Result<(String, Mapping)> {
        let Some(file) = &self.mapping else {
            let text = self.kind.unwrap_or(Kind::Declaration).default_mapping().to_owned();
            let mapping = Mapping::parse(&text)?;
            return Ok((text, mapping));
        };
        let name = file.display();
        let mut text = String::new();
        let limit = u64::try_from(FILE_BYTES_MAX).unwrap_or(u64::MAX).saturating_add(1);
        File::open(file)
            .and_then(|file| file.take(limit).read_to_string(&mut text))
            .with_context(|| format!("cannot read the mapping {name}"))?;
        let mapping = Mapping::parse(&text)
            .map_err(|error| Failure::Usage(format!("the mapping {name}, {error}")))?;
        match self.kind {
            Some(kind) if kind != mapping.kind => Err(Failure::Usage(format!(
                "the mapping {name} is for rows of the kind {}, not {kind}",
                mapping.kind
            ))
            .into()),
            Some(_) | None => Ok((text, mapping)),
        }
    }

    /// Prints how the import stands, and writes the refused rows.
    async fn tell(
        &self,
        client: &Client,
        path: &str,
        outcome: &Value,
        mapping: &Mapping,
    ) -> anyhow::Result<()> {
        let refused = outcome.get("refused").and_then(Value::as_u64).unwrap_or(0);
        if let Some(target) = self.refused.as_ref().filter(|_| refused > 0) {
            self.write_refused(client, path, target, mapping).await?;
        }
        if self.form.is_json() {
            return Ok(self.form.facts(outcome)?);
        }
        for row in outcome.get("warnings").map_or(&[][..], items) {
            line(&format!("warned: row {}: {}", word(row.get("row")), word(row.get("reason"))))?;
        }
        match &self.refused {
            Some(target) if refused > 0 => {
                line(&format!("the refused rows are in {}", target.display()))?;
            }
            Some(_) => {}
            None => self.show_refused(client, path, refused).await?,
        }
        let count = |key| word(outcome.get(key));
        let (accepted, warned) = (count("accepted"), count("warned"));
        let counts = format!("{accepted} accepted, {warned} with warnings, {refused} refused");
        let is_old = outcome.get("finished_at").is_some_and(Value::is_string)
            && outcome.get("rows_new").and_then(Value::as_i64).unwrap_or(0) == 0;
        if is_old {
            let when = count("finished_at");
            return Ok(line(&format!(
                "this file was imported at {when} ({counts}); nothing was added"
            ))?);
        }
        line(&counts)?;
        if outcome.get("finished_at").is_none_or(Value::is_null) {
            return Ok(());
        }
        let next = match mapping.kind {
            Kind::Declaration => "sealane declarations, then `sealane case new --declaration ID`",
            Kind::Manifest => {
                "sealane imported list --value CONTAINER, then `sealane case new --manifest ID`"
            }
            Kind::Seizure => {
                "sealane imported list --kind seizure, then `sealane case new --seizure ID`"
            }
        };
        Ok(line(&format!("next: {next}"))?)
    }

    async fn show_refused(&self, client: &Client, path: &str, count: u64) -> anyhow::Result<()> {
        if count == 0 {
            return Ok(());
        }
        let limit = SHOWN_MAX.to_string();
        let page = with_query(&format!("{path}/refusals"), &[("limit", Some(&limit))]);
        let page = client.get(&page).await?;
        let shown = items(&page);
        for row in shown {
            line(&format!("refused: row {}: {}", word(row.get("row")), word(row.get("reason"))))?;
        }
        let more = count.saturating_sub(u64::try_from(shown.len()).unwrap_or(0));
        if more > 0 {
            line(&format!("refused: {more} more; run it again with --refused FILE to have all"))?;
        }
        Ok(())
    }

    async fn write_refused(
        &self,
        client: &Client,
        path: &str,
        target: &Path,
        mapping: &Mapping,
    ) -> anyhow::Result<()> {
        let mut file = RefusedFile::create(target, &self.file, mapping.format)?;
        let mut after: Option<String> = None;
        loop {
            let parameters = [("limit", Some("500")), ("after", after.as_deref())];
            let page = with_query(&format!("{path}/refusals"), &parameters);
            let page = client.get(&page).await?;
            for refusal in items(&page) {
                file.write(refusal)?;
            }
            match page.get("next").and_then(Value::as_str) {
                Some(next) => after = Some(next.to_owned()),
                None => return file.finish(),
            }
        }
    }

    /// An error after which the same command goes on.
    fn on_again(&self, error: anyhow::Error) -> anyhow::Error {
        match error.downcast::<Failure>() {
            Ok(Failure::Unreachable(why)) => {
                let file = self.file.display();
                Failure::Unreachable(format!(
                    "{why}; rows that were kept stay: run the same command for {file} again, and it goes on from there"
                ))
                .into()
            }
            Ok(other) => other.into(),
            Err(error) => error,
        }
    }
}

/// A file of which nothing was kept was no success.
fn judge(outcome: &Value) -> anyhow::Result<()> {
    match outcome.get("accepted").and_then(Value::as_u64) {
        Some(0) => {
            Err(Failure::Refused("no row was accepted; the reasons are above".into()).into())
        }
        _ => Ok(()),
    }
}

/// The digest and the length of a file.
fn digest(file: &Path) -> anyhow::Result<(String, u64)> {
    let name = file.display();
    let mut source = File::open(file).with_context(|| format!("cannot read {name}"))?;
    let about = source.metadata().with_context(|| format!("cannot read {name}"))?;
    if !about.is_file() {
        return Err(Failure::Usage(format!("{name} is not a file")).into());
    }
    let mut digest = Sha256::new();
    let mut buffer = vec![0; 256 * 1024];
    loop {
        let read = source.read(&mut buffer).with_context(|| format!("cannot read {name}"))?;
        if read == 0 {
            return Ok((hex::encode(digest.finalize()), about.len()));
        }
        digest.update(buffer.get(..read).unwrap_or_default());
    }
}
