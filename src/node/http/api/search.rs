//! `/api/v1/search`: cases by an identifier that stands in them.

use axum::Json;

use crate::node::casework::SearchQuery;
use crate::node::http::document::Params;
use crate::node::http::officer::Officer;
use crate::node::http::openapi::View;
use crate::node::http::problem::Problem;
use crate::policy::Action;

/// `GET /api/v1/search`
pub(crate) async fn by_identifier(
    officer: Officer,
    Params(query): Params<SearchQuery>,
) -> Result<Json<impl View>, Problem> {
    let permit = officer.may(Action::CaseRead).await?;
    Ok(Json(officer.desk().search_identifier(&permit, query).await?))
}
