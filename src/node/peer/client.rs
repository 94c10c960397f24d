//! Dials peers and sends requests over QUIC: one connection a peer for messages, a second for blobs; retries nothing
//! but a connection that turns out to be dead.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use async_trait::async_trait;
use bytes::Bytes;
use quinn::RecvStream;
use tokio::time::{Instant, timeout};

use crate::domain::id::AuthorityName;
use crate::node::peer::blob::PacedReader;
use crate::node::peer::contacts::Contacts;
use crate::node::peer::courier::{Courier, SendError};
use crate::node::peer::dial::{Lane, Link};
use crate::node::peer::frame::{Deadlines, Frame, FrameError, read_frame};
use crate::node::peer::inbound::BlobStream;
use crate::node::peer::message::{
    Anchors, Answer, BlobRequest, Deliver, Hello, ItemAnswer, Request, WireError, WitnessAnswer,
};
use crate::node::peer::server::{Endpoint, Inner};
use crate::node::peer::streams::{take_end, write_frame};

/// Sends requests over the endpoint's socket.
pub struct QuicCourier {
    inner: Arc<Inner>,
    own_hello: Arc<ArcSwap<Hello>>,
    contacts: Arc<Contacts>,
    messages: Mutex<Routes>,
    bulk: Mutex<Routes>,
}

type Routes = HashMap<AuthorityName, Arc<Route>>;

/// The way to one peer: its open connection, or why there is none.
#[derive(Debug, Default)]
struct Route(tokio::sync::Mutex<RouteState>);

#[derive(Debug, Default)]
struct RouteState {
    link: Option<Arc<Link>>,
    failed: Option<(Instant, SendError)>,
}

/// Why a request on an open connection has no answer.
enum Failure {
    /// The connection is gone: a new one may help at once.
    Lost(String),
    /// It has to be tried later.
    Error(SendError),
}

impl QuicCourier {
    /// Sends from that endpoint; `own_hello` is what each new connection begins with.
    #[must_use]
    pub fn new(endpoint: &Endpoint, own_hello: Arc<ArcSwap<Hello>>) -> Self {
        Self {
            inner: Arc::clone(&endpoint.inner),
            own_hello,
            contacts: Arc::default(),
            messages: Mutex::default(),
            bulk: Mutex::default(),
        }
    }

    /// How the requests to each peer went since the start.
    #[must_use]
    pub fn contacts(&self) -> Arc<Contacts> {
        Arc::clone(&self.contacts)
    }

    /// Sends a request and awaits its answer, and keeps how it went.
    async fn ask(
        &self,
        peer: &AuthorityName,
        lane: Lane,
        frame: &Frame,
    ) -> Result<(Answer, RecvStream, Arc<Link>), SendError> {
        let asked = self.ask_twice(peer, lane, frame).await;
        self.contacts.note(peer, self.inner.tls.clock.now(), &asked);
        asked
    }

    /// Once more over a new connection if the open one was dead.
    async fn ask_twice(
        &self,
        peer: &AuthorityName,
        lane: Lane,
        frame: &Frame,
    ) -> Result<(Answer, RecvStream, Arc<Link>), SendError> {
        let mut last = String::new();
        for _ in 0..2 {
            let (link, is_new) = self.link(peer, lane).await?;
            match self.exchange(peer, &link, frame.clone()).await {
                Ok((Answer::Refusal(refusal), _)) => {
                    return Err(SendError::Refused { peer: peer.clone(), refusal });
                }
                Ok((answer, stream)) => return Ok((answer, stream, link)),
                Err(Failure::Error(error)) => return Err(error),
                Err(Failure::Lost(detail)) => {
                    self.forget(peer, lane, &link).await;
                    last = detail;
                    if is_new {
                        break;
                    }
                }
            }
        }
        Err(SendError::Interrupted { peer: peer.clone(), detail: last })
    }

    /// The open connection, or a new one. Callers that come while it is dialled wait for the same one.
    async fn link(&self, peer: &AuthorityName, lane: Lane) -> Result<(Arc<Link>, bool), SendError> {
        let route = self.route(peer, lane);
        let mut state = route.0.lock().await;
        if let Some(link) = &state.link
            && link.is_usable(&self.inner)
        {
            return Ok((Arc::clone(link), false));
        }
        state.link = None;
        // Those who waited for a dial that failed take its error instead of dialling one after the other.
        if let Some((when, error)) = &state.failed
            && when.elapsed() < self.inner.limits.redial_pause
        {
            return Err(error.clone());
        }
        match self.connect(peer, lane).await {
            Ok(link) => {
                state.failed = None;
                state.link = Some(Arc::clone(&link));
                Ok((link, true))
            }
            Err(error) => {
                state.failed = Some((Instant::now(), error.clone()));
                Err(error)
            }
        }
    }

    /// Dials and says hello. Only the answer shows that the other side accepts our certificate: in TLS 1.3 the
    /// dialling side completes its handshake first.
    async fn connect(&self, peer: &AuthorityName, lane: Lane) -> Result<Arc<Link>, SendError> {
        let link = Arc::new(Link::dial(&self.inner, peer, lane).await?);
        let hello = Request::Hello(Hello::clone(&self.own_hello.load()));
        let frame = hello.to_frame().map_err(SendError::TooLarge)?;
        match self.exchange(peer, &link, frame).await {
            Ok((Answer::Hello(hello), _)) => {
                self.contacts.greeted(peer, hello);
                Ok(link)
            }
            Ok((Answer::Refusal(refusal), _)) => {
                Err(SendError::Refused { peer: peer.clone(), refusal })
            }
            Ok((other, _)) => Err(unexpected(peer, &other)),
            Err(Failure::Lost(detail)) => Err(link.refused(peer, detail)),
            Err(Failure::Error(error)) => Err(error),
        }
    }

    async fn exchange(
        &self,
        peer: &AuthorityName,
        link: &Link,
        frame: Frame,
    ) -> Result<(Answer, RecvStream), Failure> {
        let limits = &self.inner.limits;
        let slow = || {
            let detail = "no answer in time".to_owned();
            Failure::Error(SendError::Interrupted { peer: peer.clone(), detail })
        };
        let opened = timeout(limits.answer_timeout, link.connection().open_bi()).await;
        let (mut send, mut receive) =
            opened.map_err(|_| slow())?.map_err(|error| Failure::Lost(error.to_string()))?;
        match timeout(limits.message_timeout, write_frame(&mut send, frame)).await {
            Err(_) => return Err(slow()),
            // The other side may stop reading and still say why.
            Ok(Ok(()) | Err(quinn::WriteError::Stopped(_))) => {}
            Ok(Err(error)) => return Err(broken(peer, link, &error)),
        }
        let _ = send.finish();
        let deadlines = Deadlines { head: limits.answer_timeout, whole: limits.message_timeout };
        let frame = match read_frame(&mut receive, deadlines).await {
            Ok(frame) => frame,
            Err(FrameError::Slow(_)) => return Err(slow()),
            Err(FrameError::Broken(error)) => return Err(broken(peer, link, &error)),
            Err(FrameError::Wire(error)) => return Err(not_understood(peer, &error)),
        };
        let answer = Answer::from_frame(&frame).map_err(|error| not_understood(peer, &error))?;
        if !matches!(answer, Answer::Blob(_)) {
            take_end(&mut receive);
        }
        Ok((answer, receive))
    }

    /// Gives up a connection, unless somebody has put another in its place already.
    async fn forget(&self, peer: &AuthorityName, lane: Lane, link: &Arc<Link>) {
        let route = self.route(peer, lane);
        let mut state = route.0.lock().await;
        if state.link.as_ref().is_some_and(|current| Arc::ptr_eq(current, link)) {
            state.link = None;
        }
    }

    fn route(&self, peer: &AuthorityName, lane: Lane) -> Arc<Route> {
        let routes = match lane {
            Lane::Messages => &self.messages,
            Lane::Bulk => &self.bulk,
        };
        let mut routes = routes.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(routes.entry(peer.clone()).or_default())
    }

    async fn send(
        &self,
        peer: &AuthorityName,
        frame: Result<Frame, WireError>,
    ) -> Result<Answer, SendError> {
        let frame = frame.map_err(SendError::TooLarge)?;
        self.ask(peer, Lane::Messages, &frame).await.map(|(answer, _, _)| answer)
    }

    async fn message(&self, peer: &AuthorityName, request: &Request) -> Result<Answer, SendError> {
        self.send(peer, request.to_frame()).await
    }
}

impl std::fmt::Debug for QuicCourier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("QuicCourier").finish_non_exhaustive()
    }
}

#[async_trait]
impl Courier for QuicCourier {
    async fn hello(&self, peer: &AuthorityName) -> Result<Hello, SendError> {
        let request = Request::Hello(Hello::clone(&self.own_hello.load()));
        match self.message(peer, &request).await? {
            Answer::Hello(hello) => {
                self.contacts.greeted(peer, hello.clone());
                Ok(hello)
            }
            other => Err(unexpected(peer, &other)),
        }
    }

    async fn deliver(
        &self,
        peer: &AuthorityName,
        deliver: &Deliver,
    ) -> Result<Vec<ItemAnswer>, SendError> {
        let count = deliver.items.len();
        match self.send(peer, deliver.to_frame()).await? {
            Answer::Delivered(items) if items.len() == count => Ok(items),
            other => Err(unexpected(peer, &other)),
        }
    }

    async fn anchors(&self, peer: &AuthorityName, anchors: &Anchors) -> Result<(), SendError> {
        match self.send(peer, anchors.to_frame()).await? {
            Answer::Ok => Ok(()),
            other => Err(unexpected(peer, &other)),
        }
    }

    async fn blob(
        &self,
        peer: &AuthorityName,
        request: &BlobRequest,
    ) -> Result<BlobStream, SendError> {
        let frame = Request::Blob(request.clone()).to_frame().map_err(SendError::TooLarge)?;
        match self.ask(peer, Lane::Bulk, &frame).await? {
            (Answer::Blob(header), stream, link) => {
                let reader = PacedReader::new(stream, header.length, &self.inner.limits, link);
                let reader = Box::new(reader);
                Ok(BlobStream { size: header.size, length: header.length, reader })
            }
            (other, _, _) => Err(unexpected(peer, &other)),
        }
    }

    async fn push_card(&self, peer: &AuthorityName, card: Bytes) -> Result<(), SendError> {
        match self.message(peer, &Request::Card(card)).await? {
            Answer::Ok => Ok(()),
            other => Err(unexpected(peer, &other)),
        }
    }

    async fn query_card(&self, peer: &AuthorityName) -> Result<Bytes, SendError> {
        match self.message(peer, &Request::CardQuery).await? {
            Answer::Card(card) => Ok(card),
            other => Err(unexpected(peer, &other)),
        }
    }

    async fn add_checkpoint(
        &self,
        peer: &AuthorityName,
        body: Bytes,
    ) -> Result<WitnessAnswer, SendError> {
        match self.message(peer, &Request::AddCheckpoint(body)).await? {
            Answer::Witness(answer) => Ok(answer),
            other => Err(unexpected(peer, &other)),
        }
    }

    async fn witness_state(
        &self,
        peer: &AuthorityName,
        origin: &str,
    ) -> Result<Option<Bytes>, SendError> {
        let request = Request::WitnessState { origin: origin.to_owned() };
        match self.message(peer, &request).await? {
            Answer::Witness(WitnessAnswer { status: 200, body }) => Ok(Some(body)),
            Answer::Witness(WitnessAnswer { status: 404, .. }) => Ok(None),
            other => Err(unexpected(peer, &other)),
        }
    }
}

fn unexpected(peer: &AuthorityName, answer: &Answer) -> SendError {
    let detail = format!("an answer of another kind or size: {}", answer.name());
    SendError::Answer { peer: peer.clone(), detail }
}

/// A stream that broke: with its connection, or alone.
fn broken(peer: &AuthorityName, link: &Link, error: &dyn std::error::Error) -> Failure {
    match link.connection().close_reason() {
        Some(reason) => Failure::Lost(reason.to_string()),
        None => {
            Failure::Error(SendError::Interrupted { peer: peer.clone(), detail: error.to_string() })
        }
    }
}

fn not_understood(peer: &AuthorityName, error: &dyn std::error::Error) -> Failure {
    Failure::Error(SendError::Answer { peer: peer.clone(), detail: error.to_string() })
}
