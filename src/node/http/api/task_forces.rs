//! `/api/v1/task-forces`: rooms that several authorities share.

use axum::Json;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::node::casework::{NewPost, NewTaskForce, TaskForceQuery};
use crate::node::http::api::cases::Member;
use crate::node::http::document::{Document, Id, Params};
use crate::node::http::officer::Officer;
use crate::node::http::openapi::{Created, View};
use crate::node::http::problem::Problem;
use crate::policy::Action;

/// Why a room is left or closed.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Ending {
    reason: String,
}

/// A step that needs no words.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Nothing {}

/// `GET /api/v1/task-forces`
pub(crate) async fn list(
    officer: Officer,
    Params(query): Params<TaskForceQuery>,
) -> Result<Json<impl View>, Problem> {
    let permit = officer.may(Action::TaskForceRead).await?;
    Ok(Json(officer.desk().task_forces(&permit, query).await?))
}

/// `POST /api/v1/task-forces`
pub(crate) async fn form(
    officer: Officer,
    Document(input): Document<NewTaskForce>,
) -> Result<Created<impl View>, Problem> {
    let permit = officer.may(Action::TaskForceForm).await?;
    let room = officer.desk().form_task_force(&permit, input).await?;
    Ok(Created(room))
}

/// `GET /api/v1/task-forces/{id}`
pub(crate) async fn show(officer: Officer, Id(id): Id) -> Result<Json<impl View>, Problem> {
    let permit = officer.may_to(Action::TaskForceRead, id).await?;
    Ok(Json(officer.desk().task_force(&permit, id).await?))
}

/// `POST /api/v1/task-forces/{id}/join`
pub(crate) async fn join(
    officer: Officer,
    Id(id): Id,
    Document(Nothing {}): Document<Nothing>,
) -> Result<Json<impl View>, Problem> {
    let permit = officer.may_to(Action::TaskForceForm, id).await?;
    Ok(Json(officer.desk().join_task_force(&permit, id).await?))
}

/// `POST /api/v1/task-forces/{id}/posts`
pub(crate) async fn post(
    officer: Officer,
    Id(id): Id,
    Document(input): Document<NewPost>,
) -> Result<Created<impl View>, Problem> {
    let permit = officer.may_to(Action::TaskForcePost, id).await?;
    let room = officer.desk().post(&permit, id, input).await?;
    Ok(Created(room))
}

/// `POST /api/v1/task-forces/{id}/team`
pub(crate) async fn add_to_team(
    officer: Officer,
    Id(id): Id,
    Document(member): Document<Member>,
) -> Result<Created<impl View>, Problem> {
    let permit = officer.may_to(Action::TaskForceForm, id).await?;
    let room = officer.desk().add_to_task_force(&permit, id, &member.officer).await?;
    Ok(Created(room))
}

/// `POST /api/v1/task-forces/{id}/team/remove`
pub(crate) async fn remove_from_team(
    officer: Officer,
    Id(id): Id,
    Document(member): Document<Member>,
) -> Result<Json<impl View>, Problem> {
    let permit = officer.may_to(Action::TaskForceForm, id).await?;
    Ok(Json(officer.desk().remove_from_task_force(&permit, id, &member.officer).await?))
}

/// `POST /api/v1/task-forces/{id}/leave`
pub(crate) async fn leave(
    officer: Officer,
    Id(id): Id,
    Document(input): Document<Ending>,
) -> Result<Json<impl View>, Problem> {
    let permit = officer.may_to(Action::TaskForceForm, id).await?;
    Ok(Json(officer.desk().leave_task_force(&permit, id, input.reason).await?))
}

/// `POST /api/v1/task-forces/{id}/close`
pub(crate) async fn close(
    officer: Officer,
    Id(id): Id,
    Document(input): Document<Ending>,
) -> Result<Json<impl View>, Problem> {
    let permit = officer.may_to(Action::TaskForceForm, id).await?;
    Ok(Json(officer.desk().close_task_force(&permit, id, input.reason).await?))
}
