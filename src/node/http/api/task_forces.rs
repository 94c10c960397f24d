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
use crate::node::http::seen::SeenHead;
use crate::node::http::tag::Current;
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
pub(crate) async fn show(officer: Officer, Id(id): Id) -> Result<Current<impl View>, Problem> {
    let permit = officer.may_to(Action::TaskForceRead, id).await?;
    let head = officer.desk().head(&permit).await?;
    Ok(Current::new(head, officer.desk().task_force(&permit, id).await?))
}

/// `POST /api/v1/task-forces/{id}/join`
pub(crate) async fn join(
    officer: Officer,
    Id(id): Id,
    seen: SeenHead,
    Document(Nothing {}): Document<Nothing>,
) -> Result<Json<impl View>, Problem> {
    let permit = officer.may_change(Action::TaskForceForm, id, seen).await?;
    let done = officer.desk().join_task_force(&permit, id).await;
    done.map(Json).map_err(|error| seen.problem(error))
}

/// `POST /api/v1/task-forces/{id}/posts`
pub(crate) async fn post(
    officer: Officer,
    Id(id): Id,
    seen: SeenHead,
    Document(input): Document<NewPost>,
) -> Result<Created<impl View>, Problem> {
    let permit = officer.may_change(Action::TaskForcePost, id, seen).await?;
    let done = officer.desk().post(&permit, id, input).await;
    done.map(Created).map_err(|error| seen.problem(error))
}

/// `POST /api/v1/task-forces/{id}/team`
pub(crate) async fn add_to_team(
    officer: Officer,
    Id(id): Id,
    seen: SeenHead,
    Document(member): Document<Member>,
) -> Result<Created<impl View>, Problem> {
    let permit = officer.may_change(Action::TaskForceForm, id, seen).await?;
    let done = officer.desk().add_to_task_force(&permit, id, &member.officer).await;
    done.map(Created).map_err(|error| seen.problem(error))
}

/// `POST /api/v1/task-forces/{id}/team/remove`
pub(crate) async fn remove_from_team(
    officer: Officer,
    Id(id): Id,
    seen: SeenHead,
    Document(member): Document<Member>,
) -> Result<Json<impl View>, Problem> {
    let permit = officer.may_change(Action::TaskForceForm, id, seen).await?;
    let done = officer.desk().remove_from_task_force(&permit, id, &member.officer).await;
    done.map(Json).map_err(|error| seen.problem(error))
}

/// `POST /api/v1/task-forces/{id}/leave`
pub(crate) async fn leave(
    officer: Officer,
    Id(id): Id,
    seen: SeenHead,
    Document(input): Document<Ending>,
) -> Result<Json<impl View>, Problem> {
    let permit = officer.may_change(Action::TaskForceForm, id, seen).await?;
    let done = officer.desk().leave_task_force(&permit, id, input.reason).await;
    done.map(Json).map_err(|error| seen.problem(error))
}

/// `POST /api/v1/task-forces/{id}/close`
pub(crate) async fn close(
    officer: Officer,
    Id(id): Id,
    seen: SeenHead,
    Document(input): Document<Ending>,
) -> Result<Json<impl View>, Problem> {
    let permit = officer.may_change(Action::TaskForceForm, id, seen).await?;
    let done = officer.desk().close_task_force(&permit, id, input.reason).await;
    done.map(Json).map_err(|error| seen.problem(error))
}
