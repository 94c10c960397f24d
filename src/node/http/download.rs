//! Bytes sent as a file that no browser opens: streamed, whole or one range of them (RFC 9110 14); knows no evidence.

use axum::body::Body;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;
use tokio::io::AsyncRead;
use tokio_util::io::ReaderStream;

use crate::node::http::escape::escaped;
use crate::node::http::openapi::{Answers, Operation, Schemas};
use crate::node::http::problem::{Kind, Problem};

/// Read and sent at a time.
const CHUNK_BYTES: usize = 64 * 1024;
/// Of a name, in bytes; longer ones are cut.
const NAME_BYTES_MAX: usize = 200;

/// The media type that is never shown.
const FILE: &str = "application/octet-stream";

/// A file, whole.
pub(crate) struct Attachment(Response);

/// A file, or a part of it.
pub(crate) struct Part(Response);

impl IntoResponse for Attachment {
    fn into_response(self) -> Response {
        self.0
    }
}

impl IntoResponse for Part {
    fn into_response(self) -> Response {
        self.0
    }
}

impl Answers for Attachment {
    fn answered(operation: &mut Operation, _: &mut Schemas) {
        operation.answer(200, "The file.", Some((FILE, json!(true))));
        operation.header(200, "Content-Disposition", "Its name.");
    }
}

impl Answers for Part {
    fn answered(operation: &mut Operation, schemas: &mut Schemas) {
        Attachment::answered(operation, schemas);
        operation.answer(206, "The part that was asked for.", Some((FILE, json!(true))));
        operation.header(206, "Content-Disposition", "Its name.");
        operation.header(206, "Content-Range", "Where the part lies.");
    }
}

/// The answer that holds these bytes as a file of that name.
pub(crate) fn attachment(
    name: &str,
    bytes: u64,
    reader: impl AsyncRead + Send + 'static,
) -> Attachment {
    let body = Body::from_stream(ReaderStream::with_capacity(reader, CHUNK_BYTES));
    let headers = [
        (header::CONTENT_TYPE, FILE.to_owned()),
        (header::CONTENT_LENGTH, bytes.to_string()),
        (header::CONTENT_DISPOSITION, disposition(name)),
        (header::CONTENT_SECURITY_POLICY, "sandbox; default-src 'none'".to_owned()),
    ];
    Attachment((headers, body).into_response())
}

/// RFC 6266: a plain form for old clients, and the true name beside it.
fn disposition(name: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || " ._-".contains(c);
    let mut end = name.len().min(NAME_BYTES_MAX);
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    let name = name.get(..end).unwrap_or_default();
    let plain: String = name.chars().map(|c| if is_plain(c) { c } else { '_' }).collect();
    let escaped = escaped(name, b"._-");
    format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{escaped}")
}

/// The part of the bytes that a caller asks for: all, or from a place on. Other forms of ranges are answered in whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Range(Option<(u64, Option<u64>)>);

impl Range {
    /// Where it begins.
    pub(crate) fn offset(self) -> u64 {
        self.0.map_or(0, |(first, _)| first)
    }

    /// How many bytes it has at most; none to the end.
    pub(crate) fn bytes(self) -> Option<u64> {
        let (first, last) = self.0?;
        last.map(|last| last.saturating_sub(first).saturating_add(1))
    }

    /// The answer, as a part if a part was asked for.
    pub(crate) fn answer(
        self,
        Attachment(mut answer): Attachment,
        offset: u64,
        bytes: u64,
        size: u64,
    ) -> Part {
        let headers = answer.headers_mut();
        headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
        if self.0.is_none() {
            return Part(answer);
        }
        let Some(last) = offset.saturating_add(bytes).checked_sub(1).filter(|_| bytes > 0) else {
            let beyond = [(header::CONTENT_RANGE, format!("bytes */{size}"))];
            let text =
                format!("The file has {size} bytes: ask for a range that begins before its end.");
            return Part((beyond, Problem::new(Kind::NoSuchRange, text)).into_response());
        };
        if let Ok(part) = HeaderValue::from_str(&format!("bytes {offset}-{last}/{size}")) {
            headers.insert(header::CONTENT_RANGE, part);
        }
        *answer.status_mut() = StatusCode::PARTIAL_CONTENT;
        Part(answer)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Range {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let value = parts.headers.get(header::RANGE).and_then(|value| value.to_str().ok());
        Ok(Self(value.and_then(parsed)))
    }
}

/// `bytes=7-` or `bytes=7-9`.
fn parsed(text: &str) -> Option<(u64, Option<u64>)> {
    let (first, last) = text.strip_prefix("bytes=")?.split_once('-')?;
    let number = |text: &str| -> Option<u64> {
        text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse().ok()).flatten()
    };
    let first = number(first)?;
    let last = match last {
        "" => None,
        last => Some(number(last).filter(|last| *last >= first)?),
    };
    Some((first, last))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_leave_its_header() {
        assert_eq!(
            disposition("a \"b\"\r\n.jpg"),
            "attachment; filename=\"a _b___.jpg\"; filename*=UTF-8''a%20%22b%22%0D%0A.jpg"
        );
        assert!(disposition(&"é".repeat(500)).len() < 1000);
        assert!(HeaderValue::from_str(&disposition("\u{202e}gpj.exe")).is_ok());
    }

    #[test]
    fn a_range_is_one_part_from_a_place_on() {
        assert_eq!(parsed("bytes=7-"), Some((7, None)));
        assert_eq!(parsed("bytes=7-9").map(|r| Range(Some(r)).bytes()), Some(Some(3)));
        for other in
            ["", "bytes=", "bytes=-5", "bytes=9-7", "bytes=1-2,4-5", "items=1-2", "bytes=+1-2"]
        {
            assert_eq!(parsed(other), None, "{other}");
        }
    }

    #[test]
    fn a_part_says_where_it_lies() {
        let whole = || attachment("a", 3, &b"abc"[..]);
        assert_eq!(Range(None).answer(whole(), 0, 3, 3).0.status(), StatusCode::OK);
        let part = Range(Some((1, None))).answer(whole(), 1, 2, 3);
        assert_eq!(part.0.status(), StatusCode::PARTIAL_CONTENT);
        assert_eq!(part.0.headers()[header::CONTENT_RANGE], "bytes 1-2/3");
        let beyond = Range(Some((3, None))).answer(whole(), 3, 0, 3);
        assert_eq!(beyond.0.status(), StatusCode::RANGE_NOT_SATISFIABLE);
    }
}
