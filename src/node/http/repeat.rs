//! `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header): a request that is sent again is not done again.

use std::collections::HashSet;
use std::panic::resume_unwind;
use std::sync::{Arc, Mutex, PoisonError};

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{FromRequest as _, FromRequestParts as _, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use sha2::{Digest, Sha256};
use tracing::Instrument as _;

use crate::domain::id::UserId;
use crate::node::casework::{Desk, Known, Repeatable};
use crate::node::http::caller::Caller;
use crate::node::http::officer::PURPOSE;
use crate::node::http::problem::{Kind, Problem};
use crate::node::http::state::ApiState;
use crate::policy::Actor;

/// The header with the caller's key.
pub const IDEMPOTENCY_KEY: &str = "idempotency-key";

/// The longest key, in bytes.
pub(crate) const KEY_BYTES_MAX: usize = 255;
/// The longest answer that is kept.
const ANSWER_BYTES_MAX: usize = 64 << 20;

type Key = (UserId, String);

/// The requests under a key that are being done in this process.
#[derive(Clone, Default)]
pub(crate) struct InFlight(Arc<Mutex<HashSet<Key>>>);

impl InFlight {
    fn take(&self, key: Key) -> Option<Doing> {
        let mut keys = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        keys.insert(key.clone()).then(|| Doing { key, all: self.clone() })
    }
}

/// One request that is being done, until it is dropped.
struct Doing {
    key: Key,
    all: InFlight,
}

impl Drop for Doing {
    fn drop(&mut self) {
        self.all.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.key);
    }
}

/// Does each POST under a key once; other requests pass.
pub(crate) async fn once(
    State((api, in_flight)): State<(ApiState, InFlight)>,
    request: Request,
    next: Next,
) -> Response {
    let is_concerned = request.method() == Method::POST
        && request.uri().path().starts_with("/api/")
        && request.headers().contains_key(IDEMPOTENCY_KEY);
    if !is_concerned {
        return next.run(request).await;
    }
    done_once(api, &in_flight, request, next).await.unwrap_or_else(Problem::into_response)
}

/// Says that a path whose body is streamed takes no key, which would promise what is not kept.
pub(crate) async fn refused(request: Request, next: Next) -> Response {
    if request.headers().contains_key(IDEMPOTENCY_KEY) {
        let text = "This path takes no Idempotency-Key: leave the header out, and look before you send a file again.";
        return Problem::new(Kind::Malformed, text).into_response();
    }
    next.run(request).await
}

async fn done_once(
    api: ApiState,
    in_flight: &InFlight,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let (mut parts, body) = request.into_parts();
    let key = key_of(&parts.headers)?;
    let Caller(actor) = Caller::<Actor>::from_request_parts(&mut parts, &api).await?;
    let Some(caller) = actor.user else {
        return Err(Problem::new(Kind::NotPermitted, "Only an officer's request has a key."));
    };
    let doing = in_flight.take((caller, key.clone())).ok_or_else(|| {
        Problem::new(
            Kind::Conflict,
            "The request under this Idempotency-Key is being done; send it again in a moment.",
        )
    })?;
    let body = Bytes::from_request(Request::from_parts(parts.clone(), body), &()).await;
    let body = body.map_err(|refusal| {
        let kind = Kind::of_status(refusal.status()).unwrap_or(Kind::Malformed);
        Problem::new(kind, refusal.body_text())
    })?;
    let asked = Repeatable { caller, key, request: digest(&parts, &body) };
    match api.desk.known(&asked).await? {
        Known::No => {}
        Known::Answered(status, body) => return Ok(again(status, body)),
        Known::Unanswered => {
            let text = "The request under this Idempotency-Key changed something, but its answer was lost (the node stopped, or what you may see was changed since), so it is not known whether all of it was done: look for what it changed before you ask again, under another key.";
            return Err(Problem::new(Kind::Conflict, text));
        }
        Known::Another => {
            let text = "This Idempotency-Key was used for another request: choose a new one for each request, and repeat one without any change.";
            return Err(Problem::new(Kind::Invalid, text));
        }
    }
    // A task of its own: it comes to its end, and its answer is kept, also if the caller does not wait for it.
    let work = async move {
        let answer =
            finished(&api.desk, &asked, Request::from_parts(parts, body.into()), next).await;
        drop(doing);
        answer
    };
    match tokio::spawn(work.in_current_span()).await {
        Ok(answer) => Ok(answer),
        Err(error) => match error.try_into_panic() {
            Ok(panic) => resume_unwind(panic),
            Err(error) => Err(Problem::internal(&error)),
        },
    }
}

/// Does the request and keeps its answer if it was done.
async fn finished(desk: &Desk, asked: &Repeatable, request: Request, next: Next) -> Response {
    let answer = desk.claiming(asked, next.run(request)).await;
    let (head, body) = answer.into_parts();
    let body = match to_bytes(body, ANSWER_BYTES_MAX).await {
        Ok(body) => body,
        Err(error) => return Problem::internal(&error).into_response(),
    };
    let kept = if head.status.is_success() {
        desk.remember(asked, head.status.as_u16(), &body).await
    } else if head.status.is_client_error() {
        desk.release(asked).await
    } else {
        // Whether a failure came before or after the change, the claim tells.
        Ok(())
    };
    if let Err(error) = kept {
        tracing::warn!(error = %error, "the answer under an idempotency key could not be kept");
    }
    Response::from_parts(head, Body::from(body))
}

/// The answer that was given before.
fn again(status: u16, body: Vec<u8>) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::OK);
    let is_empty = body.is_empty();
    let mut answer = (status, body).into_response();
    let media_type = HeaderValue::from_static("application/json");
    answer.headers_mut().remove(header::CONTENT_TYPE);
    if !is_empty {
        answer.headers_mut().insert(header::CONTENT_TYPE, media_type);
    }
    answer
}

/// The key: a string of RFC 8941, or the same without its quotes.
fn key_of(headers: &HeaderMap) -> Result<String, Problem> {
    let mut values = headers.get_all(IDEMPOTENCY_KEY).iter();
    let text = values.next().and_then(|value| value.to_str().ok()).map(str::trim);
    let text = text
        .map(|text| text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text));
    text.filter(|text| !text.is_empty() && text.len() <= KEY_BYTES_MAX && values.next().is_none())
        .filter(|text| text.bytes().all(|b| b.is_ascii_graphic() && b != b'"' && b != b'\\'))
        .map(str::to_owned)
        .ok_or_else(|| {
            Problem::new(
                Kind::Malformed,
                "Idempotency-Key must be one text of 1 to 255 visible ASCII characters, such as a UUID.",
            )
        })
}

/// A digest of all that decides what the request does.
fn digest(parts: &Parts, body: &[u8]) -> [u8; 32] {
    let mut hash = Sha256::new();
    let target = parts.uri.path_and_query().map_or("", |target| target.as_str());
    let header = |name| parts.headers.get(name).map_or(&b""[..], HeaderValue::as_bytes);
    for part in [target.as_bytes(), header(PURPOSE), header(header::IF_MATCH.as_str()), body] {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_one_visible_text_with_or_without_quotes() {
        let key = |values: &[&str]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(IDEMPOTENCY_KEY, value.parse().unwrap());
            }
            key_of(&headers).ok()
        };
        assert_eq!(key(&["a-1"]), Some("a-1".to_owned()));
        assert_eq!(key(&["\"a-1\""]), Some("a-1".to_owned()));
        let long = "a".repeat(KEY_BYTES_MAX + 1);
        for bad in [&["\""][..], &["\"\""], &[""], &["a b"], &["a", "b"], &[&long], &["a\\"]] {
            assert_eq!(key(bad), None, "{bad:?}");
        }
    }
}
