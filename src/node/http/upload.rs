//! A request's body as a stream of bytes within a bound; keeps nothing of it in memory.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use axum::body::Body;
use axum::http::{HeaderMap, header};
use futures_util::StreamExt as _;
use tokio::io::AsyncRead;
use tokio_util::io::StreamReader;

use crate::node::http::problem::{Kind, Problem};

/// Reads a body to its end.
pub(crate) type Reader = Pin<Box<dyn AsyncRead + Send>>;

/// How the reading went. A use case sees an error of its reader as any other; the caller must learn that it was his.
#[derive(Clone, Debug, Default)]
pub(crate) struct Fate(Arc<AtomicU8>);

const BROKEN: u8 = 1;
const TOO_LARGE: u8 = 2;

/// Refuses a body whose announced length is beyond the bound, before any of it is read.
pub(crate) fn refuse_too_long(headers: &HeaderMap, bytes_max: u64) -> Result<(), Problem> {
    let announced = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok());
    match announced.and_then(|length| length.parse::<u64>().ok()) {
        Some(length) if length > bytes_max => Err(too_large()),
        Some(_) | None => Ok(()),
    }
}

fn too_large() -> Problem {
    Problem::new(
        Kind::TooLarge,
        "The file is longer than limits.evidence_bytes_max allows; nothing was registered.",
    )
}

/// The body as a reader, and how its reading goes.
pub(crate) fn reader(body: Body, bytes_max: u64) -> (Reader, Fate) {
    let fate = Fate::default();
    let seen = fate.clone();
    let mut left = bytes_max;
    let chunks = body.into_data_stream().map(move |chunk| {
        let chunk = chunk.map_err(|error| seen.end(BROKEN, &error.to_string()))?;
        let length = u64::try_from(chunk.len()).unwrap_or(u64::MAX);
        left = left
            .checked_sub(length)
            .ok_or_else(|| seen.end(TOO_LARGE, "the body is longer than the node takes"))?;
        Ok::<_, io::Error>(chunk)
    });
    (Box::pin(StreamReader::new(chunks)), fate)
}

impl Fate {
    fn end(&self, how: u8, cause: &str) -> io::Error {
        self.0.store(how, Ordering::Relaxed);
        io::Error::other(cause.to_owned())
    }

    /// The problem to answer with when a use case failed while it read the body.
    pub(crate) fn problem(&self, other: impl Into<Problem>) -> Problem {
        match self.0.load(Ordering::Relaxed) {
            BROKEN => Problem::new(
                Kind::Malformed,
                "The body broke off before its end; what is not whole was not registered: send it again.",
            ),
            TOO_LARGE => too_large(),
            _ => other.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::stream;
    use tokio::io::AsyncReadExt as _;

    async fn read(chunks: Vec<Result<&'static str, io::Error>>) -> (io::Result<usize>, Kind) {
        let (mut reader, fate) = reader(Body::from_stream(stream::iter(chunks)), 8);
        let read = reader.read_to_end(&mut Vec::new()).await;
        (read, fate.problem(Problem::new(Kind::Internal, "other")).kind())
    }

    #[tokio::test]
    async fn a_body_is_read_to_its_bound_and_its_faults_are_the_callers() {
        let (whole, kind) = read(vec![Ok("four"), Ok("four")]).await;
        assert_eq!((whole.unwrap(), kind), (8, Kind::Internal));
        let (long, kind) = read(vec![Ok("four"), Ok("five5")]).await;
        assert_eq!((long.is_err(), kind), (true, Kind::TooLarge));
        let (broken, kind) = read(vec![Ok("four"), Err(io::Error::other("gone"))]).await;
        assert_eq!((broken.is_err(), kind), (true, Kind::Malformed));
    }
}
