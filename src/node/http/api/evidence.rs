//! `/api/v1/evidence`: items registered, read, handed over and checked; their bytes pass through as a stream.

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Html;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::domain::id::InvalidObjectId;
use crate::node::casework::{CustodyInput, Error, EvidenceInput, FetchInput, HandOver, TakeOver};
use crate::node::http::document::{Document, Id, Params};
use crate::node::http::download::{Part, Range, attachment};
use crate::node::http::officer::Officer;
use crate::node::http::openapi::{Created, View};
use crate::node::http::problem::Problem;
use crate::node::http::seen::SeenHead;
use crate::node::http::state::ApiState;
use crate::node::http::tag::Current;
use crate::node::http::upload;
use crate::policy::Action;

/// A step that needs no words.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Nothing {}

/// `GET /api/v1/cases/{id}/evidence`
pub(crate) async fn of_case(officer: Officer, Id(id): Id) -> Result<Json<impl View>, Problem> {
    let permit = officer.may_to(Action::EvidenceRead, id).await?;
    Ok(Json(officer.desk().evidence_of(&permit).await?))
}

/// `POST /api/v1/cases/{id}/evidence`, the file as the body
pub(crate) async fn add(
    officer: Officer,
    State(state): State<ApiState>,
    Id(id): Id,
    Params(input): Params<EvidenceInput>,
    headers: HeaderMap,
    body: Body,
) -> Result<Created<impl View>, Problem> {
    let permit = officer.may_to(Action::EvidenceAdd, id).await?;
    upload::refuse_too_long(&headers, state.evidence_bytes_max)?;
    let (reader, fate) = upload::reader(body, state.evidence_bytes_max);
    let added = officer.desk().add_evidence(&permit, input, reader, &|_| {}).await;
    let item = added.map_err(|error| fate.problem(error))?;
    Ok(Created(item))
}

/// `POST /api/v1/cases/{id}/things`: an item of which there is no file
pub(crate) async fn add_thing(
    officer: Officer,
    Id(id): Id,
    Document(input): Document<EvidenceInput>,
) -> Result<Created<impl View>, Problem> {
    let permit = officer.may_to(Action::EvidenceAdd, id).await?;
    let item = officer.desk().add_thing(&permit, input).await?;
    Ok(Created(item))
}

/// `GET /api/v1/evidence/{id}`
pub(crate) async fn show(officer: Officer, Id(id): Id) -> Result<Current<impl View>, Problem> {
    let permit = officer.may_to(Action::EvidenceRead, id).await?;
    let head = officer.desk().head(&permit).await?;
    Ok(Current::new(head, officer.desk().evidence(&permit).await?))
}

/// `GET /api/v1/evidence/{id}/content`
pub(crate) async fn content(officer: Officer, Id(id): Id, range: Range) -> Result<Part, Problem> {
    let permit = officer.may_to(Action::EvidenceRead, id).await?;
    let found = officer.desk().evidence_content(&permit, range.offset(), range.bytes()).await?;
    let name = found.file_name.as_deref().unwrap_or("evidence");
    let answer = attachment(name, found.bytes, found.reader);
    Ok(range.answer(answer, found.offset, found.bytes, found.size))
}

/// `GET /api/v1/evidence/{id}/custody`
pub(crate) async fn custody(officer: Officer, Id(id): Id) -> Result<Json<impl View>, Problem> {
    let permit = officer.may_to(Action::EvidenceRead, id).await?;
    Ok(Json(officer.desk().custody(&permit).await?))
}

/// `POST /api/v1/evidence/{id}/custody`: what happened to the item, but hand-overs
pub(crate) async fn record(
    officer: Officer,
    Id(id): Id,
    seen: SeenHead,
    Document(input): Document<CustodyInput>,
) -> Result<Created<impl View>, Problem> {
    let permit = officer.may_change(input.action()?, id, seen).await?;
    let item = officer.desk().record_custody(&permit, input).await;
    item.map(Created).map_err(|error| seen.problem(error))
}

/// `GET /api/v1/evidence/{id}/custody-sheet`: a page to print
pub(crate) async fn sheet(officer: Officer, Id(id): Id) -> Result<Html<String>, Problem> {
    let permit = officer.may_to(Action::EvidenceRead, id).await?;
    Ok(Html(officer.desk().custody_sheet(&permit).await?))
}

/// `POST /api/v1/evidence/{id}/transfer`
pub(crate) async fn transfer(
    officer: Officer,
    Id(id): Id,
    seen: SeenHead,
    Document(input): Document<HandOver>,
) -> Result<Created<impl View>, Problem> {
    let permit = officer.may_change(Action::CustodyTransfer, id, seen).await?;
    let done = officer.desk().transfer_evidence(&permit, input).await;
    done.map(Created).map_err(|error| seen.problem(error))
}

/// `POST /api/v1/evidence/{id}/receive`
pub(crate) async fn receive(
    officer: Officer,
    Id(id): Id,
    seen: SeenHead,
    Document(input): Document<TakeOver>,
) -> Result<Created<impl View>, Problem> {
    let permit = officer.may_change(Action::CustodyReceive, id, seen).await?;
    let done = officer.desk().receive_evidence(&permit, input).await;
    done.map(Created).map_err(|error| seen.problem(error))
}

/// `POST /api/v1/evidence/{id}/verify`
pub(crate) async fn verify(
    officer: Officer,
    Id(id): Id,
    Document(Nothing {}): Document<Nothing>,
) -> Result<Json<impl View>, Problem> {
    let permit = officer.may_to(Action::EvidenceRead, id).await?;
    Ok(Json(officer.desk().verify_evidence(&permit).await?))
}

/// `POST /api/v1/evidence/{id}/fetch`: the id is that of the authority that released the item
pub(crate) async fn fetch(
    officer: Officer,
    Id(id): Id,
    Document(input): Document<FetchInput>,
) -> Result<Json<impl View>, Problem> {
    let permit = match &input.case {
        Some(case) => {
            let case = case
                .parse()
                .map_err(|error: InvalidObjectId| Error::invalid("case", error.to_string()))?;
            officer.may_to(Action::EvidenceAdd, case).await?
        }
        None => officer.may(Action::EvidenceAdd).await?,
    };
    Ok(Json(officer.desk().fetch_evidence(&permit, id, input).await?))
}
