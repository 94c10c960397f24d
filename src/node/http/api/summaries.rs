//! `/api/v1/summaries`: chosen fields of a case for other authorities, shared, received and withdrawn.

use axum::Json;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::domain::id::{InvalidObjectId, ObjectId};
use crate::node::casework::{Error, NewSummary, SummaryQuery};
use crate::node::http::document::{Document, Id, Params};
use crate::node::http::officer::Officer;
use crate::node::http::openapi::{Created, View};
use crate::node::http::problem::Problem;
use crate::node::http::seen::SeenHead;
use crate::node::http::tag::Current;
use crate::policy::Action;

/// Why a summary is withdrawn.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Withdrawal {
    reason: String,
}

/// `GET /api/v1/summaries`
pub(crate) async fn list(
    officer: Officer,
    Params(query): Params<SummaryQuery>,
) -> Result<Json<impl View>, Problem> {
    let permit = officer.may(Action::SummaryRead).await?;
    Ok(Json(officer.desk().summaries(&permit, query).await?))
}

/// `POST /api/v1/summaries`
pub(crate) async fn share(
    officer: Officer,
    Document(input): Document<NewSummary>,
) -> Result<Created<impl View>, Problem> {
    // What is to be approved is the case as it stands, so the permit is asked for the case.
    let permit = officer.may_to(Action::SummaryShare, case_of(&input)?).await?;
    let summary = officer.desk().share_summary(&permit, input).await?;
    Ok(Created(summary))
}

fn case_of(input: &NewSummary) -> Result<ObjectId, Error> {
    input.case.parse().map_err(|error: InvalidObjectId| Error::invalid("case", error.to_string()))
}

/// `GET /api/v1/summaries/{id}`
pub(crate) async fn show(officer: Officer, Id(id): Id) -> Result<Current<impl View>, Problem> {
    let permit = officer.may_to(Action::SummaryRead, id).await?;
    let head = officer.desk().head(&permit).await?;
    Ok(Current::new(head, officer.desk().summary(&permit, id).await?))
}

/// `POST /api/v1/summaries/{id}/withdraw`
pub(crate) async fn withdraw(
    officer: Officer,
    Id(id): Id,
    seen: SeenHead,
    Document(input): Document<Withdrawal>,
) -> Result<Json<impl View>, Problem> {
    let permit = officer.may_change(Action::SummaryWithdraw, id, seen).await?;
    let done = officer.desk().withdraw_summary(&permit, id, input.reason).await;
    done.map(Json).map_err(|error| seen.problem(error))
}
