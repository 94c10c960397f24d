//! Reads the bytes that follow a blob header and gives up on a sender that is too slow; verifies no content.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use quinn::RecvStream;
use tokio::io::{AsyncRead, ReadBuf};
use tokio::time::{Instant, Sleep, sleep};

use crate::node::peer::dial::Link;
use crate::node::peer::limits::PeerLimits;

/// After so many bytes the time waited for them is forgotten: a fast start does not buy a slow end.
const PACE_BYTES: u64 = 64 * 1024;

/// Exactly the announced bytes of a stream, at a minimum rate. Time in which nobody reads does not count.
pub(crate) struct PacedReader {
    stream: RecvStream,
    left: u64,
    rate_min: u64,
    grace: Duration,
    /// Bytes and waiting time since they were last forgotten.
    bytes: u64,
    waited: Duration,
    waiting: Option<(Instant, Pin<Box<Sleep>>)>,
    /// Keeps the connection among the live ones while the blob is read.
    _link: Arc<Link>,
}

impl PacedReader {
    pub(crate) fn new(
        stream: RecvStream,
        length: u64,
        limits: &PeerLimits,
        link: Arc<Link>,
    ) -> Self {
        Self {
            stream,
            left: length,
            rate_min: u64::from(limits.blob_rate_min.max(1)),
            grace: limits.blob_grace,
            bytes: 0,
            waited: Duration::ZERO,
            waiting: None,
            _link: link,
        }
    }

    fn took(&mut self, read: u64) {
        self.left = self.left.saturating_sub(read);
        self.bytes = self.bytes.saturating_add(read);
        if let Some((since, _)) = self.waiting.take() {
            self.waited = self.waited.saturating_add(since.elapsed());
        }
        if self.bytes >= PACE_BYTES {
            self.bytes = 0;
            self.waited = Duration::ZERO;
        }
    }

    /// How long may still be waited for the next byte.
    fn patience(&self) -> Duration {
        let earned = Duration::from_millis(self.bytes.saturating_mul(1000) / self.rate_min);
        self.grace.saturating_add(earned).saturating_sub(self.waited)
    }
}

impl AsyncRead for PacedReader {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.left == 0 || buffer.remaining() == 0 {
            return Poll::Ready(Ok(()));
        }
        let wanted = usize::try_from(this.left).unwrap_or(usize::MAX).min(buffer.remaining());
        let space = buffer.initialize_unfilled_to(wanted);
        match this.stream.poll_read(cx, space) {
            Poll::Ready(Ok(0)) => Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into())),
            Poll::Ready(Ok(read)) => {
                buffer.advance(read);
                this.took(read as u64);
                Poll::Ready(Ok(()))
            }
            Poll::Ready(Err(error)) => Poll::Ready(Err(error.into())),
            Poll::Pending => {
                let patience = this.patience();
                let (_, alarm) =
                    this.waiting.get_or_insert_with(|| (Instant::now(), Box::pin(sleep(patience))));
                ready!(alarm.as_mut().poll(cx));
                let what = "the peer sends more slowly than the minimum rate";
                Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, what)))
            }
        }
    }
}
