//! The API's description of itself (OpenAPI 3.1), read off the types of the handlers: an operation takes what its
//! handler extracts and answers what it returns, so nothing of it is written twice. Answers nothing but itself.

mod answers;
mod document;
mod operation;
mod schemas;
mod takes;

use axum::Json;
use serde_json::Value;

use crate::node::http::officer::Officer;
use crate::node::http::problem::Problem;

pub(crate) use crate::node::http::openapi::answers::{Answers, Created, Plain, View};
pub use crate::node::http::openapi::document::document;
pub(crate) use crate::node::http::openapi::operation::{Operation, Place, Route, described};
pub(crate) use crate::node::http::openapi::schemas::Schemas;
pub(crate) use crate::node::http::openapi::takes::Takes;

/// `GET /openapi.json`, for every officer: it tells of no case.
pub(crate) async fn show(_: Officer) -> Result<Json<Value>, Problem> {
    Ok(Json(document().clone()))
}
