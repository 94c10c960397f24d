//! `/api/v1/cases/{id}/file` and `/report`: a whole case as one document, and the form of it.

use axum::Json;
use axum::response::Html;

use crate::domain::id::ObjectId;
use crate::node::casework::{CaseFile, CaseFileAccess};
use crate::node::http::document::Id;
use crate::node::http::officer::Officer;
use crate::node::http::openapi::View;
use crate::node::http::problem::Problem;
use crate::policy::Action;

/// `GET /api/v1/cases/{id}/file`
pub(crate) async fn file(officer: Officer, Id(id): Id) -> Result<Json<impl View>, Problem> {
    let access = access(&officer, id).await?;
    Ok(Json(officer.desk().case_file(access).await?))
}

/// `GET /api/v1/cases/{id}/report`: a page to print
pub(crate) async fn report(officer: Officer, Id(id): Id) -> Result<Html<String>, Problem> {
    let access = access(&officer, id).await?;
    Ok(Html(officer.desk().case_report(access).await?))
}

/// `GET /api/v1/schemas/case-file`, for every officer: it tells of no case
pub(crate) async fn schema(_: Officer) -> Result<Json<impl View>, Problem> {
    Ok(Json(CaseFile::schema()))
}

/// The case itself must be open to the officer; what else is not is left out of the file, which says so.
async fn access(officer: &Officer, id: ObjectId) -> Result<CaseFileAccess, Problem> {
    Ok(CaseFileAccess {
        case: officer.may_to(Action::CaseRead, id).await?,
        evidence: officer.asked(Action::EvidenceRead, Some(id)).await?,
        requests: officer.asked(Action::RequestRead, None).await?,
    })
}
