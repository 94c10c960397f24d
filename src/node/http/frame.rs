//! What every request and answer passes: request id, bounds, security headers, problems; knows no route.

use std::any::Any;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher as _;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::timeout::{RequestBodyTimeoutLayer, TimeoutLayer};
use tracing::Instrument as _;

use crate::node::http::problem::{Kind, MEDIA_TYPE, Problem};
use crate::node::http::tag;

/// The header that names a request in logs on both sides.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// A body that is streamed may take long, but not stand still.
const STREAM_PAUSE_MAX: Duration = Duration::from_secs(30);

/// Bounds on one request.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// The longest body of an ordinary route, in bytes.
    pub body_bytes_max: usize,
    /// The longest time until an ordinary route answers.
    pub timeout: Duration,
}

/// The application: `ordinary` routes under all bounds, `streaming` ones (evidence, packs) without a limit on length and time.
pub fn frame(ordinary: Router, streaming: Router, bounds: Bounds) -> Router {
    let ordinary = ordinary
        .layer(DefaultBodyLimit::max(bounds.body_bytes_max))
        .layer(TimeoutLayer::with_status_code(StatusCode::REQUEST_TIMEOUT, bounds.timeout));
    // The bound is on documents, which are read whole; what is streamed is counted where it is read.
    let streaming = streaming
        .layer(DefaultBodyLimit::max(bounds.body_bytes_max))
        .layer(RequestBodyTimeoutLayer::new(STREAM_PAUSE_MAX));
    ordinary
        .merge(streaming)
        .fallback(async || Problem::new(Kind::NotFound, "There is nothing at this path."))
        .layer(middleware::from_fn(tag::unchanged))
        .layer(CatchPanicLayer::custom(panicked))
        .layer(middleware::map_response(as_problem))
        .layer(middleware::map_response(secured))
        .layer(middleware::from_fn(traced))
}

/// A number that names a request or an incident: unique in this process, and hardly ever the same in another.
pub(crate) fn running_number() -> String {
    static PROCESS: LazyLock<u64> =
        LazyLock::new(|| RandomState::new().hash_one(std::process::id()));
    static COUNT: AtomicU64 = AtomicU64::new(1);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    format!("{:08x}-{count:x}", *PROCESS >> 32)
}

/// Gives the request its id and one log line. Path and query may name people and stay out of it: the route does.
async fn traced(mut request: Request, next: Next) -> Response {
    let id = running_number();
    let method = request.method().clone();
    let route = request
        .extensions()
        .get::<axum::extract::MatchedPath>()
        .map_or_else(|| "-".to_owned(), |path| path.as_str().to_owned());
    let header = HeaderValue::from_str(&id).ok();
    if let Some(header) = header.clone() {
        request.headers_mut().insert(REQUEST_ID, header);
    }
    let span = tracing::info_span!("request", request.id = %id, %method, route);
    let answer = async {
        let answer = next.run(request).await;
        tracing::debug!(status = answer.status().as_u16(), "answered");
        answer
    };
    let mut answer = answer.instrument(span).await;
    if let Some(header) = header {
        answer.headers_mut().insert(REQUEST_ID, header);
    }
    answer
}

/// Security headers for every answer; a route that sets its own value of one keeps it.
async fn secured(mut answer: Response) -> Response {
    const HEADERS: [(HeaderName, &str); 7] = [
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
             form-action 'self'; base-uri 'none'; object-src 'none'; frame-ancestors 'none'",
        ),
        (header::STRICT_TRANSPORT_SECURITY, "max-age=31536000; includeSubDomains"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    let headers = answer.headers_mut();
    for (name, value) in HEADERS {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    answer
}

/// Turns the bare refusals of the layers and extractors into problems; those that routes word themselves stay.
async fn as_problem(answer: Response) -> Response {
    let Some(kind) = Kind::of_status(answer.status()) else { return answer };
    let is_bare = answer.headers().get(header::CONTENT_TYPE).is_none_or(|media_type| {
        media_type != MEDIA_TYPE && media_type.as_bytes().starts_with(b"text/plain; charset")
    });
    if !is_bare {
        return answer;
    }
    let mut problem = Problem::new(kind, bare_detail(kind)).into_response();
    for name in [header::ALLOW, header::RETRY_AFTER] {
        if let Some(value) = answer.headers().get(&name) {
            problem.headers_mut().insert(name, value.clone());
        }
    }
    problem
}

const fn bare_detail(kind: Kind) -> &'static str {
    match kind {
        Kind::MethodNotAllowed => "The Allow header names the methods that this path takes.",
        Kind::TooLarge => "The body is longer than this path takes.",
        Kind::TimedOut => "The request took longer than the node allows; try again.",
        Kind::NotFound => "There is nothing at this path.",
        Kind::NotSignedIn => "Send a valid token: Authorization: Bearer TOKEN.",
        Kind::UnsupportedMediaType => "Send the body as application/json.",
        Kind::Conflict
        | Kind::Erased
        | Kind::Internal
        | Kind::Invalid
        | Kind::Malformed
        | Kind::NoSuchRange
        | Kind::NotPermitted
        | Kind::PeerFailed
        | Kind::SeenNothing
        | Kind::Stale
        | Kind::StorageFull
        | Kind::TooMany
        | Kind::Unavailable => "The request cannot be done.",
    }
}

/// A panic is a bug: one request fails, the node goes on, and the log has it.
#[expect(clippy::needless_pass_by_value, reason = "the layer hands over the box")]
fn panicked(payload: Box<dyn Any + Send + 'static>) -> Response {
    let text = payload
        .downcast_ref::<String>()
        .cloned()
        .or_else(|| payload.downcast_ref::<&str>().map(|text| (*text).to_owned()))
        .unwrap_or_else(|| "no message".to_owned());
    Problem::internal(&std::io::Error::other(format!("panic: {text}"))).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::{Body, Bytes, to_bytes};
    use axum::routing::{get, post};
    use tower::ServiceExt as _;

    async fn measure(body: Bytes) -> String {
        body.len().to_string()
    }

    async fn upload(body: Body) -> String {
        to_bytes(body, 65_536).await.unwrap().len().to_string()
    }

    fn app() -> Router {
        let ordinary = Router::new()
            .route("/take", post(measure))
            .route("/panic", get(async || -> &'static str { panic!("secret of the house") }))
            .route("/slow", get(async || tokio::time::sleep(Duration::from_mins(1)).await))
            .route("/tiles", get(async || ([(header::CACHE_CONTROL, "max-age=1")], "tile")))
            .route(
                "/own",
                get(async || {
                    (StatusCode::CONFLICT, [(header::CONTENT_TYPE, "text/x.tlog.size")], "7\n")
                }),
            );
        let streaming =
            Router::new().route("/upload", post(upload)).route("/document", post(measure));
        frame(ordinary, streaming, Bounds { body_bytes_max: 8, timeout: Duration::from_secs(30) })
    }

    async fn ask(method: &str, path: &str, body: &'static str) -> (Response, String) {
        let request = Request::builder().method(method).uri(path).body(Body::from(body)).unwrap();
        let answer = app().oneshot(request).await.unwrap();
        let (parts, body) = answer.into_parts();
        let bytes = to_bytes(body, 65_536).await.unwrap();
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        (Response::from_parts(parts, Body::empty()), text)
    }

    #[tokio::test]
    async fn every_answer_has_a_request_id_and_the_security_headers() {
        for (method, path) in
            [("GET", "/tiles"), ("GET", "/nowhere"), ("GET", "/panic"), ("GET", "/take")]
        {
            let (answer, _) = ask(method, path, "").await;
            for name in ["x-request-id", "content-security-policy", "x-content-type-options"] {
                assert!(answer.headers().contains_key(name), "{path}: {name}");
            }
        }
        let (tile, _) = ask("GET", "/tiles", "").await;
        assert_eq!(tile.headers()[header::CACHE_CONTROL], "max-age=1");
    }

    #[tokio::test]
    async fn refusals_of_the_frame_are_problems() {
        for (method, path, body, status, slug) in [
            ("GET", "/nowhere", "", 404, "not-found"),
            ("GET", "/take", "", 405, "method-not-allowed"),
            ("POST", "/take", "nine bytes", 413, "too-large"),
            ("GET", "/panic", "", 500, "internal"),
        ] {
            let (answer, text) = ask(method, path, body).await;
            assert_eq!(answer.status(), status, "{path}");
            assert_eq!(answer.headers()[header::CONTENT_TYPE], MEDIA_TYPE, "{path}");
            assert!(text.contains(&format!("urn:sealane:problem:{slug}")), "{text}");
            assert!(!text.contains("secret of the house"), "{text}");
        }
        let (answer, _) = ask("GET", "/take", "").await;
        assert_eq!(answer.headers()[header::ALLOW], "POST");
    }

    #[tokio::test]
    async fn a_body_at_the_limit_passes_and_only_what_is_streamed_has_none() {
        assert_eq!(ask("POST", "/take", "8 bytes!").await.1, "8");
        assert_eq!(ask("POST", "/upload", "more than eight bytes").await.1, "21");
        let (refused, _) = ask("POST", "/document", "more than eight bytes").await;
        assert_eq!(refused.status(), StatusCode::PAYLOAD_TOO_LARGE);
    }

    #[tokio::test]
    async fn an_answer_that_a_route_words_itself_stays() {
        let (answer, text) = ask("GET", "/own", "").await;
        assert_eq!((answer.status(), text.as_str()), (StatusCode::CONFLICT, "7\n"));
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_request_ends_at_its_deadline() {
        let (answer, text) = ask("GET", "/slow", "").await;
        assert_eq!(answer.status(), StatusCode::REQUEST_TIMEOUT);
        assert!(text.contains("urn:sealane:problem:timed-out"), "{text}");
    }
}
