//! `/api/v1/retention`: how long cases are kept; reviewed, restricted, no longer restricted.

use axum::Json;

use crate::node::casework::{Lifting, NewRestriction, NewReview, RetentionQuery};
use crate::node::http::document::{Document, Id, Params};
use crate::node::http::officer::Officer;
use crate::node::http::openapi::View;
use crate::node::http::problem::Problem;
use crate::node::http::seen::SeenHead;
use crate::policy::Action;

/// `GET /api/v1/retention`
pub(crate) async fn list(
    officer: Officer,
    Params(query): Params<RetentionQuery>,
) -> Result<Json<impl View>, Problem> {
    let permit = officer.may(Action::RetentionRead).await?;
    Ok(Json(officer.desk().retention(&permit, query).await?))
}

/// `GET /api/v1/cases/{id}/retention`
pub(crate) async fn show(officer: Officer, Id(id): Id) -> Result<Json<impl View>, Problem> {
    let permit = officer.may_to(Action::RetentionRead, id).await?;
    Ok(Json(officer.desk().keeping(&permit).await?))
}

/// `POST /api/v1/cases/{id}/review`
pub(crate) async fn review(
    officer: Officer,
    Id(id): Id,
    seen: SeenHead,
    Document(input): Document<NewReview>,
) -> Result<Json<impl View>, Problem> {
    let permit = officer.may_change(Action::CaseReview, id, seen).await?;
    let reviewed = officer.desk().review_case(&permit, input).await;
    reviewed.map(Json).map_err(|error| seen.problem(error))
}

/// `POST /api/v1/cases/{id}/restrict`
pub(crate) async fn restrict(
    officer: Officer,
    Id(id): Id,
    seen: SeenHead,
    Document(input): Document<NewRestriction>,
) -> Result<Json<impl View>, Problem> {
    let permit = officer.may_change(Action::CaseRestrict, id, seen).await?;
    let restricted = officer.desk().restrict_case(&permit, input).await;
    restricted.map(Json).map_err(|error| seen.problem(error))
}

/// `POST /api/v1/cases/{id}/unrestrict`
pub(crate) async fn unrestrict(
    officer: Officer,
    Id(id): Id,
    seen: SeenHead,
    Document(input): Document<Lifting>,
) -> Result<Json<impl View>, Problem> {
    let permit = officer.may_change(Action::CaseRestrict, id, seen).await?;
    let lifted = officer.desk().unrestrict_case(&permit, input).await;
    lifted.map(Json).map_err(|error| seen.problem(error))
}
