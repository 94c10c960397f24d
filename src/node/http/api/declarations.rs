//! `/api/v1/declarations`: listed by suspicion, shown one by one.

use axum::Json;
use axum::extract::Path;

use crate::node::casework::DeclarationQuery;
use crate::node::http::document::Params;
use crate::node::http::officer::Officer;
use crate::node::http::openapi::View;
use crate::node::http::problem::Problem;
use crate::policy::Action;
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
