//! `/api/v1/audit-trail`: who did, saw and was refused what, page by page and as a file.

use axum::Json;
use axum::extract::State;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::node::casework::{AuditEventView, PageView, TrailRange};
use crate::node::http::document::{Document, Params};
use crate::node::http::download::Attachment;
use crate::node::http::officer::Officer;
use crate::node::http::problem::Problem;
use crate::node::http::scratch;
use crate::node::http::state::ApiState;
use crate::policy::Action;

/// Which part of the trail.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Part {
    /// Only rows before that place.
    after: Option<i64>,
    limit: Option<u32>,
}

/// `GET /api/v1/audit-trail`, newest first
pub(crate) async fn trail(
    officer: Officer,
    Params(part): Params<Part>,
) -> Result<Json<PageView<AuditEventView>>, Problem> {
    let permit = officer.may(Action::AuditRead).await?;
    Ok(Json(officer.desk().audit_trail(&permit, part.after, part.limit).await?))
}

/// `POST /api/v1/audit-trail/exports`: written to a nameless file first, since its seal comes last
pub(crate) async fn export(
    officer: Officer,
    State(state): State<ApiState>,
    Document(range): Document<TrailRange>,
) -> Result<Attachment, Problem> {
    let permit = officer.may(Action::AuditExport).await?;
    let file = scratch::begun(state.packs_folder).await?;
    let file = officer.desk().export_trail(&permit, &range, file).await?;
    scratch::sent(file, &format!("audit-trail-{}-{}.jsonl", range.from, range.to)).await
}
