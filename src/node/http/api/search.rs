//! `/api/v1/search`: cases by words, names, identifiers and columns.

use axum::Json;

use crate::node::casework::SearchQuery;
use crate::node::http::document::Params;
use crate::node::http::officer::Officer;
use crate::node::http::openapi::View;
use crate::node::http::problem::Problem;
use crate::policy::Action;

/// `GET /api/v1/search`
pub(crate) async fn find(
    officer: Officer,
    Params(query): Params<SearchQuery>,
) -> Result<Json<impl View>, Problem> {
    let permit = officer.may(Action::CaseRead).await?;
    Ok(Json(officer.desk().search(&permit, query).await?))
}
