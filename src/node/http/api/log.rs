//! `/api/v1/log`: the own log's newest checkpoint and proofs, as the text that other tools read.

use axum::extract::Path;
use axum::http::header;
use axum::response::{IntoResponse as _, Response};

use crate::node::http::officer::Officer;
use crate::node::http::problem::Problem;
use crate::node::http::witness::TEXT;
use crate::policy::Action;

/// `GET /api/v1/log/checkpoint`
pub(crate) async fn checkpoint(officer: Officer) -> Result<Response, Problem> {
    let permit = officer.may(Action::LogRead).await?;
    let note = officer.desk().log_checkpoint(&permit).await?;
    Ok(([(header::CONTENT_TYPE, TEXT)], note).into_response())
}

/// `GET /api/v1/log/proof/{record}`
pub(crate) async fn proof(
    officer: Officer,
    Path(record): Path<String>,
) -> Result<Response, Problem> {
    let permit = officer.may(Action::LogRead).await?;
    let proof = officer.desk().log_proof(&permit, &record).await?;
    Ok(([(header::CONTENT_TYPE, TEXT)], proof).into_response())
}
