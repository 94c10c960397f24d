//! `/api/v1/log`: the own log's newest checkpoint and proofs, as the text that other tools read.

use axum::extract::Path;

use crate::node::http::officer::Officer;
use crate::node::http::openapi::Plain;
use crate::node::http::problem::Problem;
use crate::policy::Action;

/// `GET /api/v1/log/checkpoint`
pub(crate) async fn checkpoint(officer: Officer) -> Result<Plain<String>, Problem> {
    let permit = officer.may(Action::LogRead).await?;
    let note = officer.desk().log_checkpoint(&permit).await?;
    Ok(Plain(note))
}

/// `GET /api/v1/log/proof/{record}`
pub(crate) async fn proof(
    officer: Officer,
    Path(record): Path<String>,
) -> Result<Plain<String>, Problem> {
    let permit = officer.may(Action::LogRead).await?;
    let proof = officer.desk().log_proof(&permit, &record).await?;
    Ok(Plain(proof))
}
