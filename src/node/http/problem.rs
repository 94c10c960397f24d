//! Problem details (RFC 9457): the one form in which the API says no; never carries an internal cause.

use axum::Json;
use axum::extract::rejection::{JsonRejection, PathRejection, QueryRejection};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};

/// The media type of a problem (RFC 9457 3).
pub const MEDIA_TYPE: &str = "application/problem+json";
/// What every problem type starts with.
pub const TYPE_PREFIX: &str = "urn:sealane:problem:";

/// When to ask again after something was not possible, in seconds.
const RETRY_AFTER_SECS: u64 = 5;

/// The closed list of problem types; a client tells them apart by their URN.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Somebody was faster, or the state does not admit the step.
    Conflict,
    /// It was erased for good.
    Erased,
    /// A failure inside the node; the incident number leads to its log.
    Internal,
    /// Well formed, but a rule of the trade refuses it.
    Invalid,
    /// Not readable as what it should be.
    Malformed,
    /// The path does not take this method.
    MethodNotAllowed,
    /// The bytes end before the range that was asked for begins.
    NoSuchRange,
    /// No such thing, or none that the caller may know of.
    NotFound,
    /// Known to the caller, but not his to do.
    NotPermitted,
    /// No token, or one that is not valid.
    NotSignedIn,
    /// Another authority could not be reached or refused.
    PeerFailed,
    /// The change must say what its author has seen (RFC 6585 3).
    SeenNothing,
    /// The thing changed since the caller read it.
    Stale,
    /// The disk is full, or nearly so.
    StorageFull,
    /// The request took too long.
    TimedOut,
    /// The body is longer than the bound.
    TooLarge,
    /// Too many requests in too short a time.
    TooMany,
    /// The node cannot do this now, but will later.
    Unavailable,
    /// The body is of a type that the path does not take.
    UnsupportedMediaType,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 19] = [
        Self::Conflict,
        Self::Erased,
        Self::Internal,
        Self::Invalid,
        Self::Malformed,
        Self::MethodNotAllowed,
        Self::NoSuchRange,
        Self::NotFound,
        Self::NotPermitted,
        Self::NotSignedIn,
        Self::PeerFailed,
        Self::SeenNothing,
        Self::Stale,
        Self::StorageFull,
        Self::TimedOut,
        Self::TooLarge,
        Self::TooMany,
        Self::Unavailable,
        Self::UnsupportedMediaType,
    ];

    /// Status, slug and title. 412 is for a stale head, 422 for a rule of the trade.
    const fn form(self) -> (StatusCode, &'static str, &'static str) {
        match self {
            Self::Conflict => (StatusCode::CONFLICT, "conflict", "Not possible in this state"),
            Self::Erased => (StatusCode::GONE, "erased", "Erased"),
            Self::Internal => {
                (StatusCode::INTERNAL_SERVER_ERROR, "internal", "The node failed to do this")
            }
            Self::Invalid => (StatusCode::UNPROCESSABLE_ENTITY, "invalid", "Not acceptable"),
            Self::Malformed => (StatusCode::BAD_REQUEST, "malformed", "Not readable"),
            Self::MethodNotAllowed => {
                (StatusCode::METHOD_NOT_ALLOWED, "method-not-allowed", "Method not allowed")
            }
            Self::NoSuchRange => {
                (StatusCode::RANGE_NOT_SATISFIABLE, "no-such-range", "Beyond the end")
            }
            Self::NotFound => (StatusCode::NOT_FOUND, "not-found", "Not found"),
            Self::NotPermitted => (StatusCode::FORBIDDEN, "not-permitted", "Not permitted"),
            Self::NotSignedIn => (StatusCode::UNAUTHORIZED, "not-signed-in", "Not signed in"),
            Self::PeerFailed => {
                (StatusCode::BAD_GATEWAY, "peer-failed", "Another authority did not do its part")
            }
            Self::SeenNothing => {
                (StatusCode::PRECONDITION_REQUIRED, "seen-nothing", "Not said what was seen")
            }
            Self::Stale => (StatusCode::PRECONDITION_FAILED, "stale", "Changed since it was read"),
            Self::StorageFull => {
                (StatusCode::INSUFFICIENT_STORAGE, "storage-full", "No room on the disk")
            }
            Self::TimedOut => (StatusCode::REQUEST_TIMEOUT, "timed-out", "Took too long"),
            Self::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "too-large", "Too large"),
            Self::TooMany => (StatusCode::TOO_MANY_REQUESTS, "too-many", "Too many requests"),
            Self::Unavailable => {
                (StatusCode::SERVICE_UNAVAILABLE, "unavailable", "Not possible now")
            }
            Self::UnsupportedMediaType => {
                (StatusCode::UNSUPPORTED_MEDIA_TYPE, "media-type", "Media type not supported")
            }
        }
    }

    /// The HTTP status.
    #[must_use]
    pub const fn status(self) -> StatusCode {
        self.form().0
    }

    /// The last part of the problem type.
    #[must_use]
    pub const fn slug(self) -> &'static str {
        self.form().1
    }

    /// The kind in words.
    #[must_use]
    pub const fn title(self) -> &'static str {
        self.form().2
    }

    /// The problem type, a URN.
    #[must_use]
    pub fn urn(self) -> String {
        format!("{TYPE_PREFIX}{}", self.form().1)
    }

    /// The kind that a bare status stands for, if there is one.
    #[must_use]
    pub fn of_status(status: StatusCode) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.status() == status)
    }
}

/// A refusal or failure as the caller sees it.
#[derive(Clone, Debug)]
pub struct Problem {
    kind: Kind,
    detail: String,
    members: Map<String, Value>,
    retry_after_secs: Option<u64>,
}

impl Problem {
    /// A problem; `detail` says what is wrong and what to do, in words that are the caller's to read.
    #[must_use]
    pub fn new(kind: Kind, detail: impl Into<String>) -> Self {
        Self { kind, detail: detail.into(), members: Map::new(), retry_after_secs: None }
    }

    /// An internal failure: the cause goes to the log under the incident number, the caller sees the number alone.
    #[must_use]
    pub fn internal(cause: &(dyn std::error::Error + 'static)) -> Self {
        let incident = crate::node::http::frame::running_number();
        let causes: Vec<String> = std::iter::successors(Some(cause), |error| error.source())
            .map(ToString::to_string)
            .collect();
        tracing::error!(incident, cause = causes.join(": "), "a request failed inside the node");
        let detail =
            format!("The node failed; its administrator finds the cause as incident {incident}.");
        Self::new(Kind::Internal, detail).with("incident", incident)
    }

    /// The same problem with one more member, such as the newer head of a chain.
    #[must_use]
    pub fn with(mut self, member: &str, value: impl Into<Value>) -> Self {
        self.members.insert(member.to_owned(), value.into());
        self
    }

    /// The same problem with the time after which to ask again (RFC 9110 10.2.3).
    #[must_use]
    pub const fn after_secs(mut self, secs: u64) -> Self {
        self.retry_after_secs = Some(secs);
        self
    }

    /// Its type.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        self.kind
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let (status, _, title) = self.kind.form();
        let mut body = self.members;
        if self.kind == Kind::Invalid && !body.contains_key("findings") {
            // What is unsound as a whole is told as an unsound field is, so that a client reads one form.
            let whole = json!([{ "path": "", "severity": "error", "message": self.detail }]);
            body.insert("findings".to_owned(), whole);
        }
        body.insert("type".to_owned(), self.kind.urn().into());
        body.insert("title".to_owned(), title.into());
        body.insert("status".to_owned(), json!(status.as_u16()));
        body.insert("detail".to_owned(), self.detail.into());
        let mut response = (status, Json(Value::Object(body))).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
        if self.kind == Kind::NotSignedIn {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        let is_unavailable = self.kind == Kind::Unavailable;
        if let Some(secs) = self.retry_after_secs.or(is_unavailable.then_some(RETRY_AFTER_SECS)) {
            headers.insert(header::RETRY_AFTER, secs.into());
        }
        response
    }
}

impl From<JsonRejection> for Problem {
    fn from(rejection: JsonRejection) -> Self {
        of_extractor(rejection.status(), &rejection.body_text())
    }
}

impl From<PathRejection> for Problem {
    fn from(rejection: PathRejection) -> Self {
        of_extractor(rejection.status(), &rejection.body_text())
    }
}

impl From<QueryRejection> for Problem {
    fn from(rejection: QueryRejection) -> Self {
        of_extractor(rejection.status(), &rejection.body_text())
    }
}

/// What axum's extractors say is about the caller's own input, and may be told.
fn of_extractor(status: StatusCode, text: &str) -> Problem {
    Problem::new(Kind::of_status(status).unwrap_or(Kind::Malformed), text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_has_its_own_status_and_urn() {
        for kind in Kind::ALL {
            assert_eq!(Kind::of_status(kind.status()), Some(kind));
            assert_eq!(Kind::ALL.iter().filter(|other| other.urn() == kind.urn()).count(), 1);
        }
    }

    #[tokio::test]
    async fn an_internal_failure_shows_an_incident_and_no_cause() {
        let cause = std::io::Error::other("table cases is damaged");
        let response = Problem::internal(&cause).into_response();
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
        assert_eq!(response.headers()[header::CONTENT_TYPE], MEDIA_TYPE);
        let body = axum::body::to_bytes(response.into_body(), 4096).await.unwrap();
        let body: Value = serde_json::from_slice(&body).unwrap();
        assert!(!body.to_string().contains("damaged"));
        assert!(body["detail"].as_str().unwrap().contains(body["incident"].as_str().unwrap()));
        assert_eq!(body["type"], "urn:sealane:problem:internal");
    }
}
