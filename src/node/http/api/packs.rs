//! `/api/v1/packs`: court packs, written to a nameless file first, since their directory comes last, then streamed.

use axum::extract::State;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::domain::id::{InvalidObjectId, ObjectId};
use crate::node::casework::Error;
use crate::node::http::document::Document;
use crate::node::http::download::Attachment;
use crate::node::http::officer::Officer;
use crate::node::http::problem::{Kind, Problem};
use crate::node::http::scratch;
use crate::node::http::state::ApiState;
use crate::policy::Action;

/// What a pack is to hold.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Wanted {
    /// Cases, evidence items, requests, summaries or task forces.
    objects: Vec<String>,
}

/// `POST /api/v1/packs`
pub(crate) async fn export(
    officer: Officer,
    State(state): State<ApiState>,
    Document(wanted): Document<Wanted>,
) -> Result<Attachment, Problem> {
    let permit = officer.may(Action::PackExport).await?;
    let objects = readable(&officer, &wanted.objects).await?;
    let name = objects.first().map_or_else(|| "court".to_owned(), ToString::to_string);
    let folder = state.packs_folder;
    let file = scratch::begun(folder).await?;
    // Boxed: the future of a pack is large.
    let file = Box::pin(officer.desk().export_pack(&permit, objects, file)).await?;
    scratch::sent(file, &format!("{name}.sealane.zip")).await
}

/// The objects, each of which the officer may read: a pack shows no more than its parts.
async fn readable(officer: &Officer, objects: &[String]) -> Result<Vec<ObjectId>, Problem> {
    let mut ids = Vec::with_capacity(objects.len());
    for text in objects {
        let id: ObjectId = text
            .parse()
            .map_err(|error: InvalidObjectId| Error::invalid("objects", error.to_string()))?;
        let reading = officer.desk().reading(id).await?.ok_or(Error::NotFound("object"))?;
        let allowed = officer.may_to(reading, id).await;
        // The same words as above, which do not say what it is.
        allowed.map_err(|problem| match problem.kind() {
            Kind::NotFound => Error::NotFound("object").into(),
            _ => problem,
        })?;
        ids.push(id);
    }
    Ok(ids)
}
