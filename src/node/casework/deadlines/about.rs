//! What a deadline is about, as the rules and a sentence need it; shows no content.

use crate::node::casework::permits::{request_resource, resource_of_case, summary_resource};
use crate::node::store::cases::{self, Case};
use crate::node::store::deadlines::{Deadline, DeadlineKind};
use crate::node::store::{StoreError, Tx, requests, summaries};
use crate::policy::{Resource, ResourceKind};

/// The object of a deadline.
pub(super) struct About {
    /// Its name in a sentence.
    pub(super) name: String,
    /// The case that it is or belongs to.
    pub(super) case: Option<Case>,
    /// What the rules need to know of it.
    pub(super) resource: Resource,
}

/// Reads what a deadline is about; nothing if the object is gone.
pub(super) async fn about(tx: &mut Tx, deadline: &Deadline) -> Result<Option<About>, StoreError> {
    let object = deadline.object.as_str();
    let Ok(id) = object.parse() else { return Ok(None) };
    match deadline.kind {
        DeadlineKind::Task
        | DeadlineKind::HoldReview
        | DeadlineKind::CaseReview
        | DeadlineKind::CaseRetention => {
            let Some(case) = cases::get(tx, object).await? else { return Ok(None) };
            let resource = resource_of_case(tx, ResourceKind::Case, id, &case).await?;
            let name = format!("case {}", case.reference);
            Ok(Some(About { name, case: Some(case), resource }))
        }
        DeadlineKind::RequestClock => {
            let Some(request) = requests::get(tx, object).await? else { return Ok(None) };
            let resource = request_resource(tx, id, &request).await?;
            let case = case_of(tx, request.case_id.as_deref()).await?;
            Ok(Some(About { name: format!("request {object}"), case, resource }))
        }
        DeadlineKind::SummaryRetention => {
            let Some(summary) = summaries::get(tx, object).await? else { return Ok(None) };
            let resource = summary_resource(tx, id, &summary).await?;
            let case = case_of(tx, summary.case_id.as_deref()).await?;
            Ok(Some(About { name: format!("summary {object}"), case, resource }))
        }
    }
}

/// What the rules need to know of what a notice is about; nothing if it is gone.
pub(super) async fn resource_behind(
    tx: &mut Tx,
    object: &str,
) -> Result<Option<Resource>, StoreError> {
    let Ok(id) = object.parse() else { return Ok(None) };
    if let Some(case) = cases::get(tx, object).await? {
        return resource_of_case(tx, ResourceKind::Case, id, &case).await.map(Some);
    }
    if let Some(request) = requests::get(tx, object).await? {
        return request_resource(tx, id, &request).await.map(Some);
    }
    match summaries::get(tx, object).await? {
        Some(summary) => summary_resource(tx, id, &summary).await.map(Some),
        None => Ok(None),
    }
}

async fn case_of(tx: &mut Tx, id: Option<&str>) -> Result<Option<Case>, StoreError> {
    match id {
        Some(id) => cases::get(tx, id).await,
        None => Ok(None),
    }
}
