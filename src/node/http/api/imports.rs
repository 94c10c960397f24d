//! `/api/v1/imports`: files of declarations, manifests and seizures; begun, taken in, looked at.

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;

use crate::node::casework::{ImportQuery, NewImport, RefusalQuery};
use crate::node::http::document::{Document, Id, Params};
use crate::node::http::officer::Officer;
use crate::node::http::openapi::View;
use crate::node::http::problem::Problem;
use crate::node::http::state::ApiState;
use crate::node::http::upload;
use crate::policy::Action;

/// `POST /api/v1/imports`
pub(crate) async fn begin(
    officer: Officer,
    Document(input): Document<NewImport>,
) -> Result<Json<impl View>, Problem> {
    let permit = officer.may(Action::Import).await?;
    Ok(Json(officer.desk().begin_import(&permit, input).await?))
}

/// `GET /api/v1/imports`
pub(crate) async fn list(
    officer: Officer,
    Params(query): Params<ImportQuery>,
) -> Result<Json<impl View>, Problem> {
    let permit = officer.may(Action::Import).await?;
    Ok(Json(officer.desk().imports(&permit, query).await?))
}

/// `GET /api/v1/imports/{id}`
pub(crate) async fn show(officer: Officer, Id(id): Id) -> Result<Json<impl View>, Problem> {
    let permit = officer.may(Action::Import).await?;
    Ok(Json(officer.desk().import(&permit, id).await?))
}

/// `GET /api/v1/imports/{id}/refusals`
pub(crate) async fn refusals(
    officer: Officer,
    Id(id): Id,
    Params(query): Params<RefusalQuery>,
) -> Result<Json<impl View>, Problem> {
    let permit = officer.may(Action::Import).await?;
    Ok(Json(officer.desk().refused_rows(&permit, id, query).await?))
}

/// `POST /api/v1/imports/{id}/rows`, the file as the body
pub(crate) async fn rows(
    officer: Officer,
    State(state): State<ApiState>,
    Id(id): Id,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<impl View>, Problem> {
    let permit = officer.may(Action::Import).await?;
    upload::refuse_too_long(&headers, state.evidence_bytes_max)?;
    let (reader, fate) = upload::reader(body, state.evidence_bytes_max);
    let imported = officer.desk().import_rows(&permit, id, reader).await;
    imported.map(Json).map_err(|error| fate.problem(error))
}
