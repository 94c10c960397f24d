//! `/api/v1/erasures`: ordered, decided, certified.

use axum::Json;

use crate::node::casework::{ErasureQuery, NewErasure, NewImportErasure, Refusal};
use crate::node::http::document::{Document, Id, Params};
use crate::node::http::officer::Officer;
use crate::node::http::openapi::{Created, View};
use crate::node::http::problem::Problem;
use crate::policy::Action;

/// `POST /api/v1/cases/{id}/erasures`
pub(crate) async fn order(
    officer: Officer,
    Id(id): Id,
    Document(input): Document<NewErasure>,
) -> Result<Created<impl View>, Problem> {
    let permit = officer.may_to(Action::ErasureOrder, id).await?;
    let erasure = officer.desk().order_erasure(&permit, input).await?;
    Ok(Created(erasure))
}

/// `POST /api/v1/imports/{id}/erasures`
pub(crate) async fn order_import(
    officer: Officer,
    Id(id): Id,
    Document(input): Document<NewImportErasure>,
) -> Result<Created<impl View>, Problem> {
    let permit = officer.may_to(Action::ErasureOrder, id).await?;
    let erasure = officer.desk().order_import_erasure(&permit, input).await?;
    Ok(Created(erasure))
}

/// `GET /api/v1/erasures`
pub(crate) async fn list(
    officer: Officer,
    Params(query): Params<ErasureQuery>,
) -> Result<Json<impl View>, Problem> {
    let permit = officer.may(Action::ErasureRead).await?;
    Ok(Json(officer.desk().erasures(&permit, query).await?))
}

/// `GET /api/v1/erasures/{id}`
pub(crate) async fn show(officer: Officer, Id(id): Id) -> Result<Json<impl View>, Problem> {
    let permit = officer.may(Action::ErasureRead).await?;
    Ok(Json(officer.desk().erasure(&permit, id).await?))
}

/// `POST /api/v1/erasures/{id}/confirm`
pub(crate) async fn confirm(officer: Officer, Id(id): Id) -> Result<Json<impl View>, Problem> {
    let permit = officer.may_to(Action::ErasureDecide, id).await?;
    Ok(Json(officer.desk().confirm_erasure(&permit).await?))
}

/// `POST /api/v1/erasures/{id}/refuse`
pub(crate) async fn refuse(
    officer: Officer,
    Id(id): Id,
    Document(input): Document<Refusal>,
) -> Result<Json<impl View>, Problem> {
    let permit = officer.may_to(Action::ErasureDecide, id).await?;
    Ok(Json(officer.desk().refuse_erasure(&permit, input).await?))
}
