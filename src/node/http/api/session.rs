//! `/api/v1/whoami` and `/api/v1/status`: who the token speaks for, and how the node is.

use axum::Json;

use crate::node::http::officer::Officer;
use crate::node::http::openapi::View;
use crate::node::http::problem::Problem;

/// `GET /api/v1/whoami`
pub(crate) async fn whoami(officer: Officer) -> Result<Json<impl View>, Problem> {
    Ok(Json(officer.desk().who(officer.actor()).await?))
}

/// `GET /api/v1/status`, for every officer: counts without content
pub(crate) async fn status(officer: Officer) -> Result<Json<impl View>, Problem> {
    Ok(Json(officer.desk().status().await?))
}
