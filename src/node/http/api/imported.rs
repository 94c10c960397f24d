//! `/api/v1/imported`: rows of imported files, found by an identifier or listed by kind, shown one by one.

use axum::Json;
use axum::extract::Path;

use crate::node::casework::ImportedQuery;
use crate::node::http::document::Params;
use crate::node::http::officer::Officer;
use crate::node::http::openapi::View;
use crate::node::http::problem::Problem;
use crate::policy::Action;

/// `GET /api/v1/imported`
pub(crate) async fn list(
    officer: Officer,
    Params(query): Params<ImportedQuery>,
) -> Result<Json<impl View>, Problem> {
    let permit = officer.may(Action::DeclarationRead).await?;
    Ok(Json(officer.desk().imported_rows(&permit, query).await?))
}

/// `GET /api/v1/imported/{kind}/{id}`
pub(crate) async fn show(
    officer: Officer,
    Path((kind, id)): Path<(String, String)>,
) -> Result<Json<impl View>, Problem> {
    let permit = officer.may(Action::DeclarationRead).await?;
    Ok(Json(officer.desk().imported(&permit, &kind, &id).await?))
}
