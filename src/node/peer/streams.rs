//! The requests of one connection: read within bounds, handed to the node, answered; knows no handshake.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use bytes::{Bytes, BytesMut};
use futures_util::FutureExt;
use quinn::{Connection, RecvStream, SendStream};
use tokio::io::AsyncReadExt;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::domain::id::AuthorityName;
use crate::node::peer::close::CloseCode;
use crate::node::peer::frame::{Frame, FrameError, read_body, read_head};
use crate::node::peer::inbound::{BlobStream, Inbound};
use crate::node::peer::limits::PeerLimits;
use crate::node::peer::message::{
    Answer, BlobHeader, Refusal, RefusalCode, Request, WireError, WitnessAnswer, fit_into_frame,
};

/// How much of a blob is read and sent at a time.
const BLOB_CHUNK_BYTES: usize = 128 * 1024;

/// The peer at the other end of a connection, and what it is granted.
#[derive(Debug)]
pub(crate) struct Caller {
    pub(crate) authority: AuthorityName,
    pub(crate) limits: PeerLimits,
    /// Memory for requests of all peers, in KiB.
    pub(crate) requests_kib: Arc<Semaphore>,
    /// Memory for requests of this peer, in KiB.
    pub(crate) budget_kib: Arc<Semaphore>,
}

/// The memory that a request holds until it is answered.
type Held = (OwnedSemaphorePermit, OwnedSemaphorePermit);

/// What goes back on a stream.
enum Outcome {
    Message(Answer),
    Blob(BlobStream),
}

/// Serves a connection until it ends, then gives its handlers time to finish what they began.
pub(crate) async fn serve(connection: Connection, caller: Arc<Caller>, inbound: Arc<dyn Inbound>) {
    let faults = Arc::new(AtomicU32::new(0));
    let mut streams = JoinSet::new();
    loop {
        tokio::select! {
            accepted = connection.accept_bi() => {
                let Ok((send, receive)) = accepted else { break };
                let exchange = Exchange {
                    caller: Arc::clone(&caller),
                    inbound: Arc::clone(&inbound),
                };
                let (connection, faults) = (connection.clone(), Arc::clone(&faults));
                streams.spawn(async move {
                    if exchange.run(send, receive).await.is_err()
                        && faults.fetch_add(1, Ordering::Relaxed) >= exchange.caller.limits.faults_max
                    {
                        CloseCode::Protocol.close(&connection);
                    }
                });
            }
            Some(_) = streams.join_next(), if !streams.is_empty() => {}
        }
    }
    let drain = async { while streams.join_next().await.is_some() {} };
    if timeout(caller.limits.drain_timeout, drain).await.is_err() {
        tracing::debug!(peer.authority = %caller.authority, "requests were cut off at the end of a connection");
    }
}

/// One request and its answer.
struct Exchange {
    caller: Arc<Caller>,
    inbound: Arc<dyn Inbound>,
}

/// The peer broke the rules of the protocol.
struct Fault;

/// Why there is no request.
struct Unread {
    refusal: Refusal,
    fault: Result<(), Fault>,
}

impl Exchange {
    async fn run(&self, mut send: SendStream, mut receive: RecvStream) -> Result<(), Fault> {
        let (outcome, fault, held) = match self.read(&mut receive).await {
            Ok((request, held)) => (self.handle(request).await, Ok(()), Some(held)),
            Err(Unread { refusal, fault }) => {
                tracing::info!(
                    peer.authority = %self.caller.authority,
                    reason = %refusal,
                    "a request could not be read"
                );
                // The stream may have ended by itself, then there is nothing to stop.
                let _ = receive.stop(CloseCode::Protocol.code());
                (Outcome::Message(Answer::Refusal(refusal)), fault, None)
            }
        };
        self.answer(&mut send, outcome).await;
        drop(held);
        fault
    }

    /// Reads the request. Its memory is accounted for before it is taken.
    async fn read(&self, receive: &mut RecvStream) -> Result<(Request, Held), Unread> {
        let limits = &self.caller.limits;
        let head = read_head(receive, limits.head_timeout).await.map_err(|it| unread(&it))?;
        let kib = u32::try_from(head.length().div_ceil(1024)).unwrap_or(u32::MAX);
        let reserve = async {
            let own = Arc::clone(&self.caller.budget_kib).acquire_many_owned(kib).await;
            let all = Arc::clone(&self.caller.requests_kib).acquire_many_owned(kib).await;
            own.ok().zip(all.ok())
        };
        let busy = || Unread {
            refusal: Refusal::new(RefusalCode::Busy, "too many requests at once; send it later"),
            fault: Ok(()),
        };
        let memory = timeout(limits.head_timeout, reserve).await.ok().flatten().ok_or_else(busy)?;
        let left = limits.message_timeout.saturating_sub(limits.head_timeout * 2);
        let frame = read_body(receive, head, left).await.map_err(|it| unread(&it))?;
        take_end(receive);
        Request::from_frame(&frame)
            .map(|request| (request, memory))
            .map_err(|it| not_a_request(&it))
    }

    async fn handle(&self, request: Request) -> Outcome {
        let method = request.method();
        metrics::counter!("sealane_peer_requests_total", "method" => method).increment(1);
        match AssertUnwindSafe(self.dispatch(request)).catch_unwind().await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(refusal)) => Outcome::Message(Answer::Refusal(refusal)),
            Err(_) => {
                metrics::counter!("sealane_peer_panics_total").increment(1);
                tracing::error!(
                    peer.authority = %self.caller.authority,
                    method,
                    "a handler panicked; its request is answered with an error"
                );
                Outcome::Message(Answer::Refusal(internal()))
            }
        }
    }

    async fn dispatch(&self, request: Request) -> Result<Outcome, Refusal> {
        let (peer, inbound) = (&self.caller.authority, &self.inbound);
        let answer = match request {
            Request::Hello(hello) => Answer::Hello(inbound.hello(peer, hello).await),
            Request::Deliver(deliver) => {
                let count = deliver.items.len();
                let mut items = inbound.deliver(peer, deliver).await?;
                if items.len() != count {
                    tracing::error!(
                        expected = count,
                        given = items.len(),
                        "the answers of a delivery do not match its statements"
                    );
                    return Err(internal());
                }
                fit_into_frame(&mut items);
                Answer::Delivered(items)
            }
            Request::Anchors(anchors) => {
                inbound.anchors(peer, anchors).await?;
                Answer::Ok
            }
            Request::Blob(request) => {
                return inbound.blob(peer, request).await.map(Outcome::Blob);
            }
            Request::Card(card) => {
                inbound.card_received(peer, card).await?;
                Answer::Ok
            }
            Request::CardQuery => Answer::Card(inbound.card_query(peer).await?),
            Request::AddCheckpoint(body) => {
                Answer::Witness(inbound.add_checkpoint(peer, body).await)
            }
            Request::WitnessState { origin } => Answer::Witness(
                inbound
                    .witness_state(peer, &origin)
                    .await
                    .map_or_else(WitnessAnswer::none, |body| WitnessAnswer { status: 200, body }),
            ),
        };
        Ok(Outcome::Message(answer))
    }

    async fn answer(&self, send: &mut SendStream, outcome: Outcome) {
        let (answer, blob) = match outcome {
            Outcome::Message(answer) => (answer, None),
            Outcome::Blob(blob) => {
                (Answer::Blob(BlobHeader { size: blob.size, length: blob.length }), Some(blob))
            }
        };
        let frame = answer.to_frame().or_else(|error| {
            tracing::error!(answer = answer.name(), error = %error, "an answer does not fit");
            Answer::Refusal(internal()).to_frame()
        });
        let Ok(frame) = frame else { return };
        let limit = self.caller.limits.message_timeout;
        if !matches!(timeout(limit, write_frame(send, frame)).await, Ok(Ok(()))) {
            // The other side is gone or does not read; it asks again.
            let _ = send.reset(CloseCode::Done.code());
            return;
        }
        match blob {
            None => {}
            Some(blob) => self.send_blob(send, blob).await,
        }
    }

    /// Sends exactly the announced bytes; a stream that cannot be completed is reset, never ended.
    async fn send_blob(&self, send: &mut SendStream, blob: BlobStream) {
        let limits = &self.caller.limits;
        let chunk_time = limits.blob_grace
            + std::time::Duration::from_secs(
                BLOB_CHUNK_BYTES as u64 / u64::from(limits.blob_rate_min.max(1)),
            );
        let mut reader = blob.reader.take(blob.length);
        let mut left = blob.length;
        let mut buffer = BytesMut::with_capacity(BLOB_CHUNK_BYTES);
        while left > 0 {
            buffer.reserve(BLOB_CHUNK_BYTES);
            let reading = AssertUnwindSafe(reader.read_buf(&mut buffer)).catch_unwind();
            let read = match timeout(chunk_time, reading).await {
                Ok(Ok(Ok(read))) if read > 0 => read,
                Ok(_) | Err(_) => {
                    tracing::error!(
                        peer.authority = %self.caller.authority,
                        missing_bytes = left,
                        "a blob could not be read to its end"
                    );
                    let _ = send.reset(CloseCode::Internal.code());
                    return;
                }
            };
            left = left.saturating_sub(read as u64);
            let chunk = buffer.split().freeze();
            if !matches!(timeout(chunk_time, send.write_chunk(chunk)).await, Ok(Ok(()))) {
                let _ = send.reset(CloseCode::Done.code());
                return;
            }
        }
    }
}

/// Writes a frame and does not end the stream.
pub(crate) async fn write_frame(
    send: &mut SendStream,
    frame: Frame,
) -> Result<(), quinn::WriteError> {
    let mut parts: [Bytes; 2] = frame.into_parts();
    send.write_all_chunks(&mut parts).await
}

/// Notes the end of a stream that is already there, so that nothing more is said about the stream.
pub(crate) fn take_end(receive: &mut RecvStream) {
    // Not there yet: dropping the stream tells the other side that nothing more is read.
    let _ = receive.read(&mut [0]).now_or_never();
}

fn unread(error: &FrameError) -> Unread {
    match error {
        FrameError::Wire(error) => not_a_request(error),
        FrameError::Slow(_) => Unread {
            refusal: Refusal::new(RefusalCode::Malformed, error.to_string()),
            fault: Err(Fault),
        },
        // Whoever asked has given up; that is no fault.
        FrameError::Broken(_) => Unread {
            refusal: Refusal::new(RefusalCode::Malformed, error.to_string()),
            fault: Ok(()),
        },
    }
}

fn not_a_request(error: &WireError) -> Unread {
    let (code, fault) = match error {
        WireError::FrameTooLong { .. } | WireError::TooMany { .. } => {
            (RefusalCode::TooLarge, Err(Fault))
        }
        // A newer version may ask what this one does not know.
        WireError::UnknownFrame(_) => (RefusalCode::UnknownMethod, Ok(())),
        WireError::Missing(_)
        | WireError::Malformed(_)
        | WireError::NotCanonical
        | WireError::Trailing(_) => (RefusalCode::Malformed, Err(Fault)),
    };
    Unread { refusal: Refusal::new(code, error.to_string()), fault }
}

fn internal() -> Refusal {
    Refusal::new(RefusalCode::Internal, "the node could not carry this out; it is in its own log")
}
