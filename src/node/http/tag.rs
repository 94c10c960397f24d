//! Entity tags (RFC 9110 8.8.3): the head of what is shown and a digest of how it is shown; stores nothing.

use axum::Json;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::node::casework::Error;
use crate::node::http::openapi::{Answers, Operation, Place, Schemas, View};
use crate::node::http::problem::Problem;
use crate::record::StatementHash;

/// How much of the digest stands in a tag.
const DIGEST_BYTES: usize = 8;

/// A thing as it is now, with a tag that names this state of it (200).
///
/// The tag is `HEAD-DIGEST` in quotes. The head alone decides whether a change is stale; the digest tells views of one
/// head apart, since a view also shows what no record says, such as whether it is sealed or a date has passed.
pub(crate) struct Current<T> {
    head: StatementHash,
    view: T,
}

impl<T> Current<T> {
    /// `head` must have been read before the view: a tag may be older than what it names, never newer.
    pub(crate) const fn new(head: StatementHash, view: T) -> Self {
        Self { head, view }
    }
}

impl<T: View> IntoResponse for Current<T> {
    fn into_response(self) -> Response {
        let bytes = match serde_json::to_vec(&self.view) {
            Ok(bytes) => bytes,
            Err(error) => return Problem::from(Error::internal(error)).into_response(),
        };
        let digest = Sha256::digest(&bytes);
        let digest = hex::encode(digest.get(..DIGEST_BYTES).unwrap_or_default());
        let headers = [
            (header::ETAG, format!("\"{}-{digest}\"", self.head)),
            (header::CONTENT_TYPE, "application/json".to_owned()),
        ];
        (headers, bytes).into_response()
    }
}

impl<T: View> Answers for Current<T> {
    fn answered(operation: &mut Operation, schemas: &mut Schemas) {
        Json::<T>::answered(operation, schemas);
        operation.header(200, "ETag", "Names this state; `If-Match` and `If-None-Match` take it.");
        operation.answer(304, "Nothing changed since the tag that the caller has.", None);
        operation.header(304, "ETag", "The tag that the caller has.");
        let schema = json!({
            "type": "string",
            "description": "Tags that the caller has: if one is still right, the answer is 304 without a body.",
        });
        operation.parameter(Place::Header, "If-None-Match", &schema, false);
    }
}

/// Answers 304 (RFC 9110 13.1.2) instead of a body whose tag the caller has.
pub(crate) async fn unchanged(request: Request, next: Next) -> Response {
    let is_read = [Method::GET, Method::HEAD].contains(request.method());
    let known = if is_read { known(request.headers()) } else { Vec::new() };
    let answer = next.run(request).await;
    let tag = answer.headers().get(header::ETAG);
    let Some(tag) = tag.filter(|tag| answer.status() == StatusCode::OK && holds(&known, tag))
    else {
        return answer;
    };
    (StatusCode::NOT_MODIFIED, [(header::ETAG, tag.clone())]).into_response()
}

fn known(headers: &HeaderMap) -> Vec<String> {
    let lines = headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|line| line.to_str().ok());
    // No tag of ours holds a comma. The comparison is weak, so the mark of a weak tag says nothing.
    let tags = lines.flat_map(|line| line.split(',').map(str::trim));
    tags.map(|tag| tag.strip_prefix("W/").unwrap_or(tag).to_owned()).collect()
}

fn holds(known: &[String], tag: &HeaderValue) -> bool {
    known.iter().any(|one| one == "*" || one.as_bytes() == tag.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::Router;
    use axum::body::{Body, to_bytes};
    use axum::routing::get;
    use tower::ServiceExt as _;

    async fn ask(known: &str) -> (StatusCode, String, String) {
        let show = async || Current::new(StatementHash([7; 32]), vec![1, 2]);
        let app = Router::new().route("/", get(show)).layer(axum::middleware::from_fn(unchanged));
        let request = Request::builder().uri("/").header(header::IF_NONE_MATCH, known);
        let answer = app.oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        let status = answer.status();
        let tag = answer.headers()[header::ETAG].to_str().unwrap().to_owned();
        let body = to_bytes(answer.into_body(), 4096).await.unwrap();
        (status, tag, String::from_utf8(body.to_vec()).unwrap())
    }

    #[tokio::test]
    async fn who_has_the_tag_gets_no_body() {
        let (status, tag, body) = ask("\"other\"").await;
        assert_eq!((status, body.as_str()), (StatusCode::OK, "[1,2]"));
        assert!(tag.starts_with(&format!("\"{}-", "07".repeat(32))), "{tag}");
        for known in [tag.clone(), format!("W/{tag}"), format!("\"a\", {tag}"), "*".to_owned()] {
            let (status, again, body) = ask(&known).await;
            assert_eq!(
                (status, again.as_str(), body.as_str()),
                (StatusCode::NOT_MODIFIED, tag.as_str(), "")
            );
        }
        let head_alone = format!("\"{}\"", "07".repeat(32));
        assert_eq!(ask(&head_alone).await.0, StatusCode::OK);
    }
}
