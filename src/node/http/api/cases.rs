//! `/api/v1/cases`: opened, listed, read, changed, moved, approved and linked.

use axum::Json;
use axum::extract::Path;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::node::casework::{
    Acknowledgement, CaseChange, CaseQuery, DifferenceQuery, Error, Linking, Movement, NewCase,
    NewProtection, Refusal, WorkflowChange,
};
use crate::node::http::document::{Document, Id, Params};
use crate::node::http::officer::Officer;
use crate::node::http::openapi::{Created, View};
use crate::node::http::problem::Problem;
use crate::node::http::seen::{SeenFirst, SeenHead};
use crate::node::http::tag::Current;
use crate::policy::Action;

/// An officer to be added to or taken out of a team.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Member {
    /// Name, pseudonym or id.
    pub(crate) officer: String,
}

/// `GET /api/v1/cases`
pub(crate) async fn list(
    officer: Officer,
    Params(query): Params<CaseQuery>,
) -> Result<Json<impl View>, Problem> {
    let permit = officer.may(Action::CaseList).await?;
    Ok(Json(officer.desk().cases(&permit, query).await?))
}

/// `POST /api/v1/cases`
pub(crate) async fn open(
    officer: Officer,
    Document(input): Document<NewCase>,
) -> Result<Created<impl View>, Problem> {
    let officer = officer.for_purpose(input.purpose.as_deref())?;
    let permit = officer.may(Action::CaseOpen).await?;
    let case = officer.desk().open_case(&permit, input).await?;
    Ok(Created(case))
}

/// `GET /api/v1/cases/{id}`
pub(crate) async fn show(officer: Officer, Id(id): Id) -> Result<Current<impl View>, Problem> {
    let permit = officer.may_to(Action::CaseRead, id).await?;
    let head = officer.desk().head(&permit).await?;
    Ok(Current::new(head, officer.desk().case(&permit).await?))
}

/// `PATCH /api/v1/cases/{id}`
pub(crate) async fn update(
    officer: Officer,
    Id(id): Id,
    SeenFirst(seen): SeenFirst,
    Document(input): Document<CaseChange>,
) -> Result<Json<impl View>, Problem> {
    let permit = officer.may_change(Action::CaseUpdate, id, seen).await?;
    let changed = officer.desk().update_case(&permit, input).await;
    changed.map(Json).map_err(|error| seen.problem(error))
}

/// `POST /api/v1/cases/{id}/move`
pub(crate) async fn step(
    officer: Officer,
    Id(id): Id,
    seen: SeenHead,
    Document(input): Document<Movement>,
) -> Result<Json<impl View>, Problem> {
    let permit = officer.may_change(Action::CaseMove, id, seen).await?;
    let moved = officer.desk().move_case(&permit, input).await;
    moved.map(Json).map_err(|error| seen.problem(error))
}

/// `POST /api/v1/cases/{id}/proposal/approve`
pub(crate) async fn approve(
    officer: Officer,
    Id(id): Id,
    seen: SeenHead,
) -> Result<Json<impl View>, Problem> {
    let permit = officer.may_change(Action::CaseApprove, id, seen).await?;
    let moved = officer.desk().approve_move(&permit).await;
    moved.map(Json).map_err(|error| seen.problem(error))
}

/// `POST /api/v1/cases/{id}/proposal/refuse`
pub(crate) async fn refuse(
    officer: Officer,
    Id(id): Id,
    seen: SeenHead,
    Document(input): Document<Refusal>,
) -> Result<Json<impl View>, Problem> {
    let permit = officer.may_change(Action::CaseApprove, id, seen).await?;
    let refused = officer.desk().refuse_move(&permit, input).await;
    refused.map(Json).map_err(|error| seen.problem(error))
}

/// `POST /api/v1/cases/{id}/proposal/withdraw`
pub(crate) async fn withdraw(
    officer: Officer,
    Id(id): Id,
    seen: SeenHead,
    Document(input): Document<Refusal>,
) -> Result<Json<impl View>, Problem> {
    let permit = officer.may_change(Action::CaseMove, id, seen).await?;
    let withdrawn = officer.desk().withdraw_move(&permit, input).await;
    withdrawn.map(Json).map_err(|error| seen.problem(error))
}

/// `POST /api/v1/cases/{id}/acknowledge`: warnings that stand
pub(crate) async fn acknowledge(
    officer: Officer,
    Id(id): Id,
    seen: SeenHead,
    Document(input): Document<Acknowledgement>,
) -> Result<Json<impl View>, Problem> {
    let permit = officer.may_change(Action::CaseUpdate, id, seen).await?;
    let changed = officer.desk().acknowledge_warnings(&permit, input).await;
    changed.map(Json).map_err(|error| seen.problem(error))
}

/// `GET /api/v1/cases/{id}/versions/{version}`: the case as it stood
pub(crate) async fn version(
    officer: Officer,
    Path((id, version)): Path<(String, String)>,
) -> Result<Json<impl View>, Problem> {
    let id = id.parse().map_err(|_| Error::NotFound("case"))?;
    let permit = officer.may_to(Action::CaseRead, id).await?;
    // A text that is no number names no version.
    Ok(Json(officer.desk().case_version(&permit, version.parse().unwrap_or(0)).await?))
}

/// `GET /api/v1/cases/{id}/difference`: what changed between two versions
pub(crate) async fn difference(
    officer: Officer,
    Id(id): Id,
    Params(query): Params<DifferenceQuery>,
) -> Result<Json<impl View>, Problem> {
    let permit = officer.may_to(Action::CaseRead, id).await?;
    Ok(Json(officer.desk().case_difference(&permit, query).await?))
}

/// `POST /api/v1/cases/{id}/workflow`
pub(crate) async fn workflow(
    officer: Officer,
    Id(id): Id,
    seen: SeenHead,
    Document(input): Document<WorkflowChange>,
) -> Result<Json<impl View>, Problem> {
    let permit = officer.may_change(Action::CaseWorkflow, id, seen).await?;
    let changed = officer.desk().change_workflow(&permit, input).await;
    changed.map(Json).map_err(|error| seen.problem(error))
}

/// `POST /api/v1/cases/{id}/links`
pub(crate) async fn link(
    officer: Officer,
    Id(id): Id,
    seen: SeenHead,
    Document(input): Document<Linking>,
) -> Result<Created<impl View>, Problem> {
    let permit = officer.may_change(Action::CaseUpdate, id, seen).await?;
    let other = officer.may_to(Action::CaseRead, input.other()?).await?;
    let linked = officer.desk().link_case(&permit, &other, input).await;
    linked.map(Created).map_err(|error| seen.problem(error))
}

/// `POST /api/v1/cases/{id}/team`
pub(crate) async fn add_to_team(
    officer: Officer,
    Id(id): Id,
    seen: SeenHead,
    Document(member): Document<Member>,
) -> Result<Created<impl View>, Problem> {
    let permit = officer.may_change(Action::CaseUpdate, id, seen).await?;
    let done = officer.desk().add_to_team(&permit, &member.officer).await;
    done.map(Created).map_err(|error| seen.problem(error))
}

/// `POST /api/v1/cases/{id}/protection`: level and compartment
pub(crate) async fn protect(
    officer: Officer,
    Id(id): Id,
    seen: SeenHead,
    Document(input): Document<NewProtection>,
) -> Result<Json<impl View>, Problem> {
    let permit = officer.may_change(Action::CaseProtect, id, seen).await?;
    let protected = officer.desk().protect_case(&permit, input).await;
    protected.map(Json).map_err(|error| seen.problem(error))
}

/// `POST /api/v1/cases/{id}/owner`: who leads it
pub(crate) async fn assign(
    officer: Officer,
    Id(id): Id,
    seen: SeenHead,
    Document(member): Document<Member>,
) -> Result<Json<impl View>, Problem> {
    let permit = officer.may_change(Action::CaseAssign, id, seen).await?;
    Ok(Json(officer.desk().assign_case(&permit, &member.officer).await?))
}

/// `POST /api/v1/cases/{id}/team/remove`
pub(crate) async fn remove_from_team(
    officer: Officer,
    Id(id): Id,
    seen: SeenHead,
    Document(member): Document<Member>,
) -> Result<Json<impl View>, Problem> {
    let permit = officer.may_change(Action::CaseUpdate, id, seen).await?;
    let done = officer.desk().remove_from_team(&permit, &member.officer).await;
    done.map(Json).map_err(|error| seen.problem(error))
}
