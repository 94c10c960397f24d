//! `/api/v1/statistics`: counts and durations, as JSON or as a table for a spreadsheet.

use axum::Json;
use axum::http::header;
use axum::response::{IntoResponse as _, Response};

use crate::node::casework::{Error, StatisticsQuery, StatisticsView};
use crate::node::http::document::Params;
use crate::node::http::officer::Officer;
use crate::node::http::problem::Problem;
use crate::policy::Action;

/// `GET /api/v1/statistics`
pub(crate) async fn show(
    officer: Officer,
    Params(query): Params<StatisticsQuery>,
) -> Result<Response, Problem> {
    let permit = officer.may(Action::StatisticsRead).await?;
    let statistics = officer.desk().statistics(&permit, &query).await?;
    if query.format.as_deref() != Some("csv") {
        return Ok(Json(statistics).into_response());
    }
    Ok(([(header::CONTENT_TYPE, "text/csv; charset=utf-8")], table(&statistics)?).into_response())
}

/// RFC 4180. A group that a spreadsheet would take for a formula is told apart by a leading apostrophe.
fn table(statistics: &StatisticsView) -> Result<Vec<u8>, Problem> {
    let mut table = csv::Writer::from_writer(Vec::new());
    table.write_record(["measure", "group", "value"]).map_err(Error::internal)?;
    for [measure, group, value] in statistics.rows() {
        let is_formula = group.starts_with(['=', '+', '-', '@']);
        let group = if is_formula { format!("'{group}") } else { group };
        table.write_record([measure, group, value]).map_err(Error::internal)?;
    }
    Ok(table.into_inner().map_err(|error| Error::internal(error.into_error()))?)
}
