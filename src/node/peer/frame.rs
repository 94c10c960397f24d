//! One frame of a stream: length, type, body (PROTOCOL 6.2); the bound is checked before memory is taken, and no
//! message is understood here.

use std::io;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::time::timeout;

use crate::node::peer::message::{FRAME_BYTES_MAX, WireError};

/// The length of a frame's head: `u32` body length, big-endian, and the type.
pub const HEAD_BYTES: usize = 5;
/// How much is read, and so taken from memory, at a time.
const READ_BYTES_MAX: usize = 64 * 1024;

/// A frame whose body is within the bound.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    kind: u8,
    body: Bytes,
}

/// The first bytes of a frame, with a length that is within the bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    kind: u8,
    length: usize,
}

/// How long the parts of a frame may take.
#[derive(Clone, Copy, Debug)]
pub struct Deadlines {
    /// Until the head is there.
    pub head: Duration,
    /// From the head until the whole frame is there.
    pub whole: Duration,
}

/// Why no frame was read.
#[derive(Debug, thiserror::Error)]
pub enum FrameError {
    /// The head announces more than is allowed.
    #[error(transparent)]
    Wire(#[from] WireError),
    /// The other side was too slow.
    #[error("the other side took longer than {} seconds", .0.as_secs_f32())]
    Slow(Duration),
    /// The stream ended or broke.
    #[error("the stream ended before the frame")]
    Broken(#[source] io::Error),
}

impl Frame {
    /// A frame to send.
    ///
    /// # Errors
    /// If the body is longer than [`FRAME_BYTES_MAX`].
    pub fn new(kind: u8, body: Bytes) -> Result<Self, WireError> {
        if body.len() > FRAME_BYTES_MAX {
            return Err(too_long(body.len() as u64));
        }
        Ok(Self { kind, body })
    }

    /// The head and the body, to be written one after the other.
    #[must_use]
    pub fn into_parts(self) -> [Bytes; 2] {
        // `new` has seen to it that the length fits.
        let length = u32::try_from(self.body.len()).unwrap_or(u32::MAX);
        let [a, b, c, d] = length.to_be_bytes();
        [Bytes::copy_from_slice(&[a, b, c, d, self.kind]), self.body]
    }

    /// The frame's type.
    #[must_use]
    pub const fn kind(&self) -> u8 {
        self.kind
    }

    /// The frame's content.
    #[must_use]
    pub const fn body(&self) -> &Bytes {
        &self.body
    }
}

impl Head {
    /// Understands the first bytes of a frame.
    ///
    /// # Errors
    /// If the announced body is longer than [`FRAME_BYTES_MAX`].
    pub fn parse([a, b, c, d, kind]: [u8; HEAD_BYTES]) -> Result<Self, WireError> {
        let announced = u32::from_be_bytes([a, b, c, d]);
        match usize::try_from(announced) {
            Ok(length) if length <= FRAME_BYTES_MAX => Ok(Self { kind, length }),
            Ok(_) | Err(_) => Err(too_long(announced.into())),
        }
    }

    /// The length of the body that follows.
    #[must_use]
    pub const fn length(&self) -> usize {
        self.length
    }
}

/// Reads the head of the next frame.
///
/// # Errors
/// If it does not come in time, announces too much, or the stream ends.
pub async fn read_head(
    stream: &mut (impl AsyncRead + Unpin),
    deadline: Duration,
) -> Result<Head, FrameError> {
    let mut head = [0; HEAD_BYTES];
    timeout(deadline, stream.read_exact(&mut head))
        .await
        .map_err(|_| FrameError::Slow(deadline))?
        .map_err(FrameError::Broken)?;
    Ok(Head::parse(head)?)
}

/// Reads the body that a head announces, taking memory only as bytes arrive.
///
/// # Errors
/// If it does not come in time or the stream ends before it.
pub async fn read_body(
    stream: &mut (impl AsyncRead + Unpin),
    head: Head,
    deadline: Duration,
) -> Result<Frame, FrameError> {
    let body = timeout(deadline, fill(stream, head.length))
        .await
        .map_err(|_| FrameError::Slow(deadline))?
        .map_err(FrameError::Broken)?;
    Ok(Frame { kind: head.kind, body })
}

/// Reads a whole frame.
///
/// # Errors
/// As [`read_head`] and [`read_body`].
pub async fn read_frame(
    stream: &mut (impl AsyncRead + Unpin),
    deadlines: Deadlines,
) -> Result<Frame, FrameError> {
    let head = read_head(stream, deadlines.head).await?;
    read_body(stream, head, deadlines.whole).await
}

async fn fill(stream: &mut (impl AsyncRead + Unpin), length: usize) -> io::Result<Bytes> {
    let mut body = BytesMut::new();
    while body.len() < length {
        let wanted = length.saturating_sub(body.len()).min(READ_BYTES_MAX);
        body.reserve(wanted);
        let read = (&mut *stream).take(wanted as u64).read_buf(&mut body).await?;
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
    Ok(body.freeze())
}

const fn too_long(length: u64) -> WireError {
    WireError::FrameTooLong { length, max: FRAME_BYTES_MAX }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHORT: Deadlines =
        Deadlines { head: Duration::from_millis(50), whole: Duration::from_millis(100) };

    #[tokio::test]
    async fn a_frame_is_read_as_it_was_written() {
        let frame = Frame::new(7, Bytes::from(vec![1; 200_000])).unwrap();
        let bytes = frame.clone().into_parts().concat();
        assert_eq!(read_frame(&mut &bytes[..], SHORT).await.unwrap(), frame);
    }

    #[test]
    fn a_longer_body_than_the_bound_is_refused_by_its_head() {
        assert_eq!(Head::parse([0, 0x10, 0, 0, 1]).map(|head| head.length()), Ok(FRAME_BYTES_MAX));
        assert_eq!(
            Head::parse([0, 0x10, 0, 1, 1]),
            Err(WireError::FrameTooLong { length: 1_048_577, max: FRAME_BYTES_MAX })
        );
        assert!(Head::parse([0xff; 5]).is_err());
        assert!(Frame::new(1, Bytes::from(vec![0; FRAME_BYTES_MAX + 1])).is_err());
    }

    #[tokio::test]
    async fn a_stream_that_ends_early_gives_no_frame() {
        let short = [0, 0, 0, 9, 1, 2, 3];
        assert!(matches!(read_frame(&mut &short[..], SHORT).await, Err(FrameError::Broken(_))));
    }

    #[tokio::test]
    async fn a_slow_drip_is_cut_off() {
        use tokio::io::AsyncWriteExt;
        let (mut near, mut far) = tokio::io::duplex(64);
        let drip = tokio::spawn(async move {
            far.write_all(&[0, 0, 1, 0, 1]).await.unwrap();
            while far.write_all(&[0]).await.is_ok() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        });
        assert!(matches!(read_frame(&mut near, SHORT).await, Err(FrameError::Slow(_))));
        drop(near);
        drip.await.unwrap();
    }
}
