//! The witness endpoint for tools (C2SP tlog-witness); the peers' own requests come over QUIC. Judges nothing.

use async_trait::async_trait;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::node::http::log::LogReader;
use crate::node::http::openapi::{Answers, Operation, Plain, Schemas};
use crate::node::http::problem::{Kind, Problem};
use crate::node::http::state::ApiState;

/// The media type of notes and cosignatures.
pub(crate) const TEXT: &str = "text/plain; charset=utf-8";

/// Who judges checkpoints of other logs.
#[async_trait]
pub trait CheckpointWitness: Send + Sync + 'static {
    /// Judges an `add-checkpoint` request.
    async fn add_checkpoint(&self, body: &[u8]) -> WitnessAnswer;

    /// The newest checkpoint cosigned here of the log whose origin has that SHA-256.
    ///
    /// # Errors
    /// A problem if the node cannot look now.
    async fn checkpoint(&self, origin_hash: [u8; 32]) -> Result<Option<Vec<u8>>, Problem>;
}

/// What the witness says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WitnessAnswer {
    /// The status that tlog-witness demands.
    pub status: u16,
    /// The media type of the body.
    pub content_type: &'static str,
    /// Cosignature lines, the size last cosigned, or a sentence.
    pub body: String,
}

/// Cosignature lines, or the size last cosigned.
pub(crate) struct Judged(StatusCode, &'static str, String);

impl IntoResponse for Judged {
    fn into_response(self) -> Response {
        (self.0, [(header::CONTENT_TYPE, self.1)], self.2).into_response()
    }
}

impl Answers for Judged {
    fn answered(operation: &mut Operation, _: &mut Schemas) {
        let text = || json!({ "type": "string" });
        operation.answer(200, "Cosignature lines.", Some(("text/plain", text())));
        let size = Some(("text/x.tlog.size", text()));
        operation.answer(409, "The old size is not the one last cosigned, which is told.", size);
    }
}

/// `POST /witness/v1/add-checkpoint`
pub(crate) async fn add_checkpoint(
    _: LogReader,
    State(state): State<ApiState>,
    body: Bytes,
) -> Result<Judged, Problem> {
    let answer = state.witness.add_checkpoint(&body).await;
    let status = StatusCode::from_u16(answer.status).map_err(|error| Problem::internal(&error))?;
    match Kind::of_status(status) {
        // Tools read the size in the body of a conflict.
        Some(Kind::Conflict) | None => Ok(Judged(status, answer.content_type, answer.body)),
        Some(kind) => Err(Problem::new(kind, answer.body.trim_end())),
    }
}

/// `GET /witness/v1/{sha256 of the origin}/checkpoint`
pub(crate) async fn checkpoint(
    _: LogReader,
    State(state): State<ApiState>,
    Path(origin_hash): Path<String>,
) -> Result<Plain<Vec<u8>>, Problem> {
    let unknown =
        || Problem::new(Kind::NotFound, "This witness has cosigned no log of that origin.");
    let hash = parsed(&origin_hash).ok_or_else(unknown)?;
    let note = state.witness.checkpoint(hash).await?.ok_or_else(unknown)?;
    Ok(Plain(note))
}

/// Lower-case hexadecimal only, so that each checkpoint has one address.
fn parsed(text: &str) -> Option<[u8; 32]> {
    let bytes: [u8; 32] = hex::decode(text).ok()?.try_into().ok()?;
    (hex::encode(bytes) == text).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_named_by_the_lower_case_hexadecimal_of_its_hash() {
        assert_eq!(parsed(&"0a".repeat(32)), Some([10; 32]));
        for bad in ["", "0a", &"0A".repeat(32), &"0a".repeat(33), &"zz".repeat(32)] {
            assert_eq!(parsed(bad), None, "{bad}");
        }
    }
}
