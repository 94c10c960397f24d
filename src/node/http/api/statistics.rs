//! `/api/v1/statistics`: counts and durations, as JSON or as a table for a spreadsheet.

use axum::Json;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::node::casework::{Error, StatisticsQuery, StatisticsView};
use crate::node::http::document::Params;
use crate::node::http::officer::Officer;
use crate::node::http::openapi::{Answers, Operation, Schemas};
use crate::node::http::problem::Problem;
use crate::policy::Action;

/// The figures in the form that was asked for.
pub(crate) enum Figures {
    /// JSON.
    View(Box<StatisticsView>),
    /// CSV.
    Table(Vec<u8>),
}

impl IntoResponse for Figures {
    fn into_response(self) -> Response {
        match self {
            Self::View(view) => Json(view).into_response(),
            Self::Table(table) => {
                ([(header::CONTENT_TYPE, "text/csv; charset=utf-8")], table).into_response()
            }
        }
    }
}

impl Answers for Figures {
    fn answered(operation: &mut Operation, schemas: &mut Schemas) {
        Json::<StatisticsView>::answered(operation, schemas);
        operation.answer(200, "", Some(("text/csv", json!({ "type": "string" }))));
    }
}

/// `GET /api/v1/statistics`
pub(crate) async fn show(
    officer: Officer,
    Params(query): Params<StatisticsQuery>,
) -> Result<Figures, Problem> {
    let permit = officer.may(Action::StatisticsRead).await?;
    let statistics = officer.desk().statistics(&permit, &query).await?;
    if query.format.as_deref() != Some("csv") {
        return Ok(Figures::View(Box::new(statistics)));
    }
    Ok(Figures::Table(table(&statistics)?))
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
