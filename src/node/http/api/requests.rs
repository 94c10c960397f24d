//! `/api/v1/requests`: mutual assistance, drafted, acted on and read.

use axum::Json;

use crate::node::casework::{ActInput, NewRequest, RequestQuery};
use crate::node::http::document::{Document, Id, Params};
use crate::node::http::officer::Officer;
use crate::node::http::openapi::{Created, View};
use crate::node::http::problem::Problem;
use crate::node::http::seen::SeenHead;
use crate::node::http::tag::Current;
use crate::policy::Action;

/// `GET /api/v1/requests`
pub(crate) async fn list(
    officer: Officer,
    Params(query): Params<RequestQuery>,
) -> Result<Json<impl View>, Problem> {
    let permit = officer.may(Action::RequestRead).await?;
    Ok(Json(officer.desk().requests(&permit, query).await?))
}

/// `POST /api/v1/requests`
pub(crate) async fn draft(
    officer: Officer,
    Document(input): Document<NewRequest>,
) -> Result<Created<impl View>, Problem> {
    let permit = officer.may(Action::RequestDraft).await?;
    let request = officer.desk().draft_request(&permit, input).await?;
    Ok(Created(request))
}

/// `GET /api/v1/requests/{id}`
pub(crate) async fn show(officer: Officer, Id(id): Id) -> Result<Current<impl View>, Problem> {
    let permit = officer.may_to(Action::RequestRead, id).await?;
    let head = officer.desk().head(&permit).await?;
    Ok(Current::new(head, officer.desk().request(&permit, id).await?))
}

/// `POST /api/v1/requests/{id}/acts`
pub(crate) async fn act(
    officer: Officer,
    Id(id): Id,
    seen: SeenHead,
    Document(input): Document<ActInput>,
) -> Result<Created<impl View>, Problem> {
    let permit = officer.may_change(input.action()?, id, seen).await?;
    let done = officer.desk().act(&permit, id, input).await;
    done.map(Created).map_err(|error| seen.problem(error))
}
