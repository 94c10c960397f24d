//! `/api/v1/declarations`: taken in from CSV, listed by suspicion, shown one by one.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::node::casework::DeclarationQuery;
use crate::node::http::document::Params;
use crate::node::http::officer::Officer;
use crate::node::http::openapi::View;
use crate::node::http::problem::Problem;
use crate::node::http::state::ApiState;
use crate::node::http::upload::{self, Csv};
use crate::policy::Action;

/// Where the rows come from.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Origin {
    source: String,
}

/// `POST /api/v1/declarations/import`, the CSV as the body
pub(crate) async fn import(
    officer: Officer,
    State(state): State<ApiState>,
    Params(origin): Params<Origin>,
    headers: HeaderMap,
    Csv(body): Csv,
) -> Result<Json<impl View>, Problem> {
    let permit = officer.may(Action::Import).await?;
    upload::refuse_too_long(&headers, state.evidence_bytes_max)?;
    let (reader, fate) = upload::reader(body, state.evidence_bytes_max);
    let imported = officer.desk().import_declarations(&permit, &origin.source, reader).await;
    imported.map(Json).map_err(|error| fate.problem(error))
}

/// `GET /api/v1/declarations`
pub(crate) async fn list(
    officer: Officer,
    Params(query): Params<DeclarationQuery>,
) -> Result<Json<impl View>, Problem> {
    let permit = officer.may(Action::DeclarationRead).await?;
    Ok(Json(officer.desk().declarations(&permit, query).await?))
}

/// `GET /api/v1/declarations/{id}`
pub(crate) async fn show(
    officer: Officer,
    Path(id): Path<String>,
) -> Result<Json<impl View>, Problem> {
    let permit = officer.may(Action::DeclarationRead).await?;
    Ok(Json(officer.desk().declaration(&permit, &id).await?))
}
