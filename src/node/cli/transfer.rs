//! Files to and from a node, streamed with a progress bar; holds no file in memory.

use std::io::{self, IsTerminal as _};
use std::path::Path;

use anyhow::Context as _;
use futures_util::TryStreamExt as _;
use http_body_util::{BodyExt as _, StreamBody};
use hyper::body::{Body as _, Frame, Incoming};
use hyper::{Response, header};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::Value;
use tokio::fs::File;
use tokio::io::AsyncWriteExt as _;
use tokio_util::io::ReaderStream;

use crate::node::cli::client::Client;
use crate::node::cli::exit::Failure;

/// Read and sent at a time.
const CHUNK_BYTES: usize = 256 * 1024;

/// Sends a file as the body of a POST.
pub(super) async fn upload(
    client: &Client,
    path: &str,
    media_type: &str,
    file: &Path,
) -> anyhow::Result<Value> {
    let name = file.display();
    let source = File::open(file).await.with_context(|| format!("cannot read {name}"))?;
    let about = source.metadata().await.with_context(|| format!("cannot read {name}"))?;
    if !about.is_file() {
        return Err(Failure::Usage(format!("{name} is not a file")).into());
    }
    let bar = progress(about.len());
    let counted = bar.clone();
    let frames = ReaderStream::with_capacity(source, CHUNK_BYTES).map_ok(move |chunk| {
        counted.inc(u64::try_from(chunk.len()).unwrap_or(0));
        Frame::data(chunk)
    });
    let body = StreamBody::new(frames).boxed_unsync();
    let answer = client.upload(path, media_type, about.len(), body).await;
    bar.finish_and_clear();
    Ok(answer?)
}

/// Writes the body of an answer to a new file; an interrupted download leaves no file of that name.
pub(super) async fn download(answer: Response<Incoming>, file: &Path) -> anyhow::Result<u64> {
    let name = file.display();
    if file.exists() {
        return Err(Failure::Refused(format!("{name} exists already; name another file")).into());
    }
    let announced = answer
        .headers()
        .get(header::CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok()?.parse().ok())
        .or_else(|| answer.body().size_hint().exact());
    let bar = progress(announced.unwrap_or(0));
    let part = file.with_added_extension("part");
    let mut sink = File::create(&part).await.with_context(|| format!("cannot write {name}"))?;
    let mut body = answer.into_body();
    let mut written = 0_u64;
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| {
            Failure::Unreachable(format!("the node's answer broke off: {error}"))
        })?;
        if let Some(chunk) = frame.data_ref() {
            sink.write_all(chunk).await.with_context(|| format!("cannot write {name}"))?;
            let length = u64::try_from(chunk.len()).unwrap_or(0);
            written = written.saturating_add(length);
            bar.inc(length);
        }
    }
    sink.sync_all().await.with_context(|| format!("cannot write {name}"))?;
    tokio::fs::rename(&part, file).await.with_context(|| format!("cannot write {name}"))?;
    bar.finish_and_clear();
    Ok(written)
}

/// A bar on standard error if somebody looks at it.
fn progress(length: u64) -> ProgressBar {
    if !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let form = "{bar:30} {bytes}/{total_bytes} {binary_bytes_per_sec} {eta}";
    let style = ProgressStyle::with_template(form).unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(length).with_style(style)
}
