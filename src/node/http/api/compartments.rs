//! `/api/v1/officers/{id}/compartments`: who is let into which compartment.

use axum::Json;
use axum::extract::Path;

use crate::node::casework::NewCompartment;
use crate::node::http::document::Document;
use crate::node::http::officer::Officer;
use crate::node::http::openapi::{Created, View};
use crate::node::http::problem::Problem;
use crate::policy::Action;

/// `GET /api/v1/officers/{id}/compartments`, of an officer by name, pseudonym or id
pub(crate) async fn list(
    officer: Officer,
    Path(who): Path<String>,
) -> Result<Json<impl View>, Problem> {
    let permit = officer.may(Action::CompartmentRead).await?;
    Ok(Json(officer.desk().compartments(&permit, &who).await?))
}

/// `POST /api/v1/officers/{id}/compartments`
pub(crate) async fn grant(
    officer: Officer,
    Path(who): Path<String>,
    Document(input): Document<NewCompartment>,
) -> Result<Created<impl View>, Problem> {
    let permit = officer.may(Action::CompartmentGrant).await?;
    Ok(Created(officer.desk().grant_compartment(&permit, &who, input).await?))
}

/// `POST /api/v1/officers/{id}/compartments/revoke`
pub(crate) async fn revoke(
    officer: Officer,
    Path(who): Path<String>,
    Document(input): Document<NewCompartment>,
) -> Result<Json<impl View>, Problem> {
    let permit = officer.may(Action::CompartmentGrant).await?;
    Ok(Json(officer.desk().revoke_compartment(&permit, &who, input).await?))
}
