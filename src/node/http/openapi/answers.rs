//! What handlers answer when they do what they were asked.

use axum::Json;
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;

use crate::node::http::openapi::operation::Operation;
use crate::node::http::openapi::schemas::Schemas;
use crate::node::http::witness::TEXT;

/// What a handler shows: JSON with a schema.
pub(crate) trait View: Serialize + JsonSchema {}

impl<T: Serialize + JsonSchema> View for T {}

/// An answer that tells what it is.
pub(crate) trait Answers: IntoResponse {
    /// Tells it.
    fn answered(operation: &mut Operation, schemas: &mut Schemas);
}

impl<T: View> Answers for Json<T> {
    fn answered(operation: &mut Operation, schemas: &mut Schemas) {
        let schema = schemas.answered::<T>();
        operation.answer(200, "Done.", Some(("application/json", schema)));
    }
}

/// Something new (201).
pub(crate) struct Created<T>(pub(crate) T);

impl<T: View> IntoResponse for Created<T> {
    fn into_response(self) -> Response {
        (StatusCode::CREATED, Json(self.0)).into_response()
    }
}

impl<T: View> Answers for Created<T> {
    fn answered(operation: &mut Operation, schemas: &mut Schemas) {
        let schema = schemas.answered::<T>();
        operation.answer(
            201,
            "Done; something new came of it.",
            Some(("application/json", schema)),
        );
    }
}

/// A page to print.
impl Answers for Html<String> {
    fn answered(operation: &mut Operation, _: &mut Schemas) {
        operation.answer(200, "The page.", Some(("text/html", json!({ "type": "string" }))));
    }
}

/// A text for other tools, such as a checkpoint.
pub(crate) struct Plain<T>(pub(crate) T);

impl<T: IntoResponse> IntoResponse for Plain<T> {
    fn into_response(self) -> Response {
        ([(header::CONTENT_TYPE, TEXT)], self.0).into_response()
    }
}

impl<T: IntoResponse> Answers for Plain<T> {
    fn answered(operation: &mut Operation, _: &mut Schemas) {
        operation.answer(200, "The text.", Some(("text/plain", json!({ "type": "string" }))));
    }
}
