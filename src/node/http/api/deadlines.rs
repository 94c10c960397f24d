//! `/api/v1/deadlines` and `/api/v1/notices`: what is due, and what the officer was told of it.

use axum::Json;

use crate::node::casework::{DeadlineQuery, NoticeQuery};
use crate::node::http::document::{Id, Params};
use crate::node::http::officer::Officer;
use crate::node::http::openapi::View;
use crate::node::http::problem::Problem;
use crate::policy::Action;

/// `GET /api/v1/deadlines`
pub(crate) async fn list(
    officer: Officer,
    Params(query): Params<DeadlineQuery>,
) -> Result<Json<impl View>, Problem> {
    let permit = officer.may(Action::DeadlineList).await?;
    Ok(Json(officer.desk().deadlines(&permit, query).await?))
}

/// `GET /api/v1/notices`
pub(crate) async fn notices(
    officer: Officer,
    Params(query): Params<NoticeQuery>,
) -> Result<Json<impl View>, Problem> {
    let permit = officer.may(Action::NoticeRead).await?;
    Ok(Json(officer.desk().notices(&permit, query).await?))
}

/// `POST /api/v1/notices/{id}/read`
pub(crate) async fn read(officer: Officer, Id(id): Id) -> Result<Json<impl View>, Problem> {
    let permit = officer.may(Action::NoticeRead).await?;
    Ok(Json(officer.desk().read_notice(&permit, id).await?))
}
