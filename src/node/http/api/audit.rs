//! `/api/v1/audit-trail`: who did, saw and was refused what.

use axum::Json;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::node::casework::{AuditEventView, PageView};
use crate::node::http::document::Params;
use crate::node::http::officer::Officer;
use crate::node::http::problem::Problem;
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
