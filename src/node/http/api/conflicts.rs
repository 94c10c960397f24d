//! `/api/v1/cases/{id}/conflicts`: conflicts of interest declared, lifted and listed.

use axum::Json;

use crate::node::casework::{Lift, NewConflict};
use crate::node::http::document::{Document, Id};
use crate::node::http::officer::Officer;
use crate::node::http::openapi::{Created, View};
use crate::node::http::problem::Problem;
use crate::node::http::seen::SeenHead;
use crate::policy::Action;

/// `GET /api/v1/cases/{id}/conflicts`
pub(crate) async fn list(officer: Officer, Id(id): Id) -> Result<Json<impl View>, Problem> {
    let permit = officer.may_to(Action::CaseRead, id).await?;
    Ok(Json(officer.desk().conflicts(&permit).await?))
}

/// `POST /api/v1/cases/{id}/conflicts`: of oneself, or with a name of another officer
pub(crate) async fn declare(
    officer: Officer,
    Id(id): Id,
    seen: SeenHead,
    Document(input): Document<NewConflict>,
) -> Result<Created<impl View>, Problem> {
    let is_own = input.officer.is_none();
    let action = if is_own { Action::ConflictDeclare } else { Action::ConflictFlag };
    let permit = officer.may_change(action, id, seen).await?;
    let declared = officer.desk().declare_conflict(&permit, input).await;
    declared.map(Created).map_err(|error| seen.problem(error))
}

/// `POST /api/v1/cases/{id}/conflicts/lift`
pub(crate) async fn lift(
    officer: Officer,
    Id(id): Id,
    seen: SeenHead,
    Document(input): Document<Lift>,
) -> Result<Json<impl View>, Problem> {
    let permit = officer.may_change(Action::ConflictLift, id, seen).await?;
    let lifted = officer.desk().lift_conflict(&permit, input).await;
    lifted.map(Json).map_err(|error| seen.problem(error))
}
