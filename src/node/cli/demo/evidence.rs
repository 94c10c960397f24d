//! Evidence in the demo: files that ship, a large one made on the spot, and custody handed from one officer to another.

use std::io::{Seek as _, SeekFrom, Write as _};

use anyhow::Context as _;
use http_body_util::{BodyExt as _, StreamBody};
use hyper::body::{Bytes, Frame};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio_util::io::ReaderStream;

use crate::node::cli::client::{segment, with_query};
use crate::node::cli::demo::desk::Desk;
use crate::node::cli::demo::tell::Teller;
use crate::node::cli::output::word;
use crate::node::cli::transport::Body;

/// The size of the large file, in bytes.
pub(super) const LARGE_BYTES: u64 = 64 << 20;

/// Something to be registered.
pub(super) struct Exhibit<'a> {
    /// File name.
    pub(super) name: &'a str,
    /// Media type.
    pub(super) media_type: &'a str,
    /// What it is.
    pub(super) description: &'a str,
}

/// Registers bytes as evidence of a case; gives the item.
pub(super) async fn register(
    desk: &Desk,
    case: &str,
    exhibit: &Exhibit<'_>,
    bytes: &'static [u8],
) -> anyhow::Result<Value> {
    let file = tempfile(bytes)?;
    register_file(desk, case, exhibit, &file, &Teller::new(true)).await
}

/// Registers a file as evidence of a case, however large; gives the item.
pub(super) async fn register_file(
    desk: &Desk,
    case: &str,
    exhibit: &Exhibit<'_>,
    file: &std::fs::File,
    teller: &Teller,
) -> anyhow::Result<Value> {
    let length = file.metadata()?.len();
    let digest = digest(file)?;
    let list = format!("/api/v1/cases/{}/evidence", segment(case));
    let query = [
        ("description", Some(exhibit.description)),
        ("filename", Some(exhibit.name)),
        ("media_type", Some(exhibit.media_type)),
    ];
    let path = with_query(&list, &query);
    let item = desk
        .ensure(
            &format!("registering {}", exhibit.name),
            || desk.find(&list, "sha256", &digest),
            || async {
                let body = stream(file, teller.bar(length))
                    .map_err(|error| crate::node::cli::exit::Failure::Refused(error.to_string()))?;
                desk.client.upload(&path, exhibit.media_type, length, body).await
            },
        )
        .await?;
    anyhow::ensure!(word(item.get("sha256")) == digest, "{} was hashed differently", exhibit.name);
    Ok(item)
}

/// Hands an item over: the giver signs, then the receiver.
pub(super) async fn hand_over(item: &str, giver: &Desk, receiver: &Desk) -> anyhow::Result<()> {
    let path = format!("/api/v1/evidence/{}", segment(item));
    let is_held = |value: &Value| word(value.get("holder")) == receiver.pseudonym;
    let offer =
        json!({ "to": receiver.pseudonym, "reason": "safe keeping", "place": "evidence store" });
    let offered = || async {
        let value = giver.get(&path).await?;
        let is_offered = value.get("pending_transfer").is_some_and(|pending| !pending.is_null());
        Ok((is_offered || is_held(&value)).then_some(value))
    };
    let transfer = format!("{path}/transfer");
    giver.ensure("handing evidence over", offered, || giver.client.post(&transfer, &offer)).await?;
    let is_taken = || async {
        let value = receiver.get(&path).await?;
        Ok(is_held(&value).then_some(value))
    };
    let receive = format!("{path}/receive");
    let nothing = json!({});
    receiver
        .ensure("receiving evidence", is_taken, || receiver.client.post(&receive, &nothing))
        .await?;
    Ok(())
}

/// A file of [`LARGE_BYTES`] bytes that differ from block to block and are the same in every run.
pub(super) fn large_file() -> anyhow::Result<std::fs::File> {
    let mut file = tempfile(&[])?;
    let mut block = vec![0_u8; 1 << 20];
    for number in 0..LARGE_BYTES >> 20 {
        let mut seed = Sha256::digest(number.to_be_bytes());
        for chunk in block.chunks_mut(32) {
            let length = chunk.len();
            chunk.copy_from_slice(seed.get(..length).context("a digest has 32 bytes")?);
            for (place, byte) in seed.iter_mut().enumerate() {
                *byte = byte.wrapping_mul(31).wrapping_add(u8::try_from(place).unwrap_or(0) | 1);
            }
        }
        file.write_all(&block)?;
    }
    file.flush()?;
    Ok(file)
}

fn tempfile(bytes: &[u8]) -> anyhow::Result<std::fs::File> {
    let path = crate::node::cli::demo::data::fresh_folder()?;
    let name = path.join("exhibit");
    let mut file =
        std::fs::OpenOptions::new().create_new(true).read(true).write(true).open(&name)?;
    // The open handle keeps the bytes; nothing is left behind, however the demo ends.
    std::fs::remove_file(&name)?;
    std::fs::remove_dir(&path)?;
    file.write_all(bytes)?;
    Ok(file)
}

fn digest(mut file: &std::fs::File) -> anyhow::Result<String> {
    file.seek(SeekFrom::Start(0))?;
    let mut hasher = Sha256::new();
    let mut block = vec![0_u8; 1 << 20];
    loop {
        let read = std::io::Read::read(&mut file, &mut block)?;
        if read == 0 {
            return Ok(hex::encode(hasher.finalize()));
        }
        hasher.update(block.get(..read).context("a read fits its buffer")?);
    }
}

fn stream(mut file: &std::fs::File, bar: indicatif::ProgressBar) -> anyhow::Result<Body> {
    use futures_util::StreamExt as _;
    file.seek(SeekFrom::Start(0))?;
    let reader = ReaderStream::with_capacity(tokio::fs::File::from_std(file.try_clone()?), 1 << 18);
    let frames = reader.map(move |chunk| {
        chunk.map(|bytes: Bytes| {
            bar.inc(bytes.len() as u64);
            Frame::data(bytes)
        })
    });
    Ok(StreamBody::new(frames).boxed_unsync())
}

/// Sends bytes to a path that may be sent twice without harm.
pub(super) async fn post_bytes(
    desk: &Desk,
    path: &str,
    media_type: &str,
    bytes: Vec<u8>,
) -> anyhow::Result<Value> {
    use http_body_util::Full;
    let bytes = Bytes::from(bytes);
    let mut tries = 0;
    loop {
        let body = Full::new(bytes.clone()).map_err(|never| match never {}).boxed_unsync();
        match desk.client.upload(path, media_type, bytes.len() as u64, body).await {
            Err(crate::node::cli::exit::Failure::Unreachable(_)) if tries < 200 => {
                tries += 1;
                tokio::time::sleep(std::time::Duration::from_millis(100)).await;
            }
            other => return Ok(other?),
        }
    }
}
