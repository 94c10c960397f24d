//! `/api/v1/workflows`: the versions that are in use, and a new one tried and taken into use.

use axum::Json;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use serde::Serialize;

use crate::node::casework::NewWorkflow;
use crate::node::http::document::Document;
use crate::node::http::officer::Officer;
use crate::node::http::problem::Problem;
use crate::policy::Action;

/// `GET /api/v1/workflows`
pub(crate) async fn list(officer: Officer) -> Result<Json<impl Serialize>, Problem> {
    let permit = officer.may(Action::WorkflowRead).await?;
    Ok(Json(officer.desk().workflows(&permit).await?))
}

/// `GET /api/v1/workflows/{case_type}/{version}`
pub(crate) async fn show(
    officer: Officer,
    Path((case_type, version)): Path<(String, String)>,
) -> Result<Json<impl Serialize>, Problem> {
    let permit = officer.may(Action::WorkflowRead).await?;
    // A text that is no number names no version.
    let version = version.parse().unwrap_or(0);
    Ok(Json(officer.desk().workflow_text(&permit, &case_type, version).await?))
}

/// `POST /api/v1/workflows`
pub(crate) async fn adopt(
    officer: Officer,
    Document(input): Document<NewWorkflow>,
) -> Result<impl IntoResponse, Problem> {
    let permit = officer.may(Action::WorkflowAdopt).await?;
    let adoption = officer.desk().adopt_workflow(&permit, input).await?;
    let status = if adoption.is_adopted { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, Json(adoption)))
}
