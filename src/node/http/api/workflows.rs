//! `/api/v1/workflows`: the versions that are in use, and a new one tried and taken into use.

use axum::Json;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use crate::node::casework::{AdoptionView, NewWorkflow};
use crate::node::http::document::Document;
use crate::node::http::officer::Officer;
use crate::node::http::openapi::{Answers, Created, Operation, Schemas, View};
use crate::node::http::problem::Problem;
use crate::policy::Action;

/// `GET /api/v1/workflows`
pub(crate) async fn list(officer: Officer) -> Result<Json<impl View>, Problem> {
    let permit = officer.may(Action::WorkflowRead).await?;
    Ok(Json(officer.desk().workflows(&permit).await?))
}

/// `GET /api/v1/workflows/{case_type}/{version}`
pub(crate) async fn show(
    officer: Officer,
    Path((case_type, version)): Path<(String, String)>,
) -> Result<Json<impl View>, Problem> {
    let permit = officer.may(Action::WorkflowRead).await?;
    // A text that is no number names no version.
    let version = version.parse().unwrap_or(0);
    Ok(Json(officer.desk().workflow_text(&permit, &case_type, version).await?))
}

/// A version that was taken into use (201), or only tried (200).
pub(crate) struct Adopted(AdoptionView);

impl IntoResponse for Adopted {
    fn into_response(self) -> Response {
        let status = if self.0.is_adopted { StatusCode::CREATED } else { StatusCode::OK };
        (status, Json(self.0)).into_response()
    }
}

impl Answers for Adopted {
    fn answered(operation: &mut Operation, schemas: &mut Schemas) {
        Json::<AdoptionView>::answered(operation, schemas);
        Created::<AdoptionView>::answered(operation, schemas);
    }
}

/// `POST /api/v1/workflows`
pub(crate) async fn adopt(
    officer: Officer,
    Document(input): Document<NewWorkflow>,
) -> Result<Adopted, Problem> {
    let permit = officer.may(Action::WorkflowAdopt).await?;
    Ok(Adopted(officer.desk().adopt_workflow(&permit, input).await?))
}
