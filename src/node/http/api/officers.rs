//! `/api/v1/officers`: what officers are trained in and authorised to; accounts are managed over the local socket.

use axum::Json;
use axum::extract::Path;

use crate::node::http::officer::Officer;
use crate::node::http::openapi::View;
use crate::node::http::problem::Problem;
use crate::policy::Action;

/// `GET /api/v1/officers/{id}/qualifications`, of an officer by name, pseudonym or id
pub(crate) async fn qualifications(
    officer: Officer,
    Path(who): Path<String>,
) -> Result<Json<impl View>, Problem> {
    let permit = officer.may(Action::UserRead).await?;
    Ok(Json(officer.desk().qualifications(&permit, Some(&who)).await?))
}
