//! What may be done with a case whose data are restricted, and what its officers are told; restricts nothing.

use crate::domain::handling::Purpose;
use crate::node::casework::{Desk, Error};
use crate::node::store::cases::Case;
use crate::policy::{Action, Actor, Decision, Resource, ResourceKind, decide};

/// What an officer is told who could do it if the data were not restricted.
const WHY: &str = "the data of this case are restricted: a supervisor reads them, and reviews the case, sets a legal hold or orders its erasure; nothing else is done with them";

/// Whether something of a case is closed with it: what shows what the case says. A request goes its own way, whatever
/// becomes of the case.
pub(crate) fn is_limited(kind: ResourceKind, case: &Case) -> bool {
    let is_closed = match kind {
        ResourceKind::Case
        | ResourceKind::Evidence
        | ResourceKind::Summary
        | ResourceKind::Retention => true,
        ResourceKind::Request
        | ResourceKind::TaskForce
        | ResourceKind::Erasure
        | ResourceKind::Declaration
        | ResourceKind::System => false,
    };
    is_closed && !case.restricted.is_empty()
}

/// What may still be done with a case whose data are restricted, by those who may.
const fn is_for_restricted(action: Action) -> bool {
    matches!(
        action,
        Action::CaseRead
            | Action::CaseList
            | Action::DeadlineList
            | Action::CaseUpdate
            | Action::CaseReview
            | Action::CaseRestrict
            | Action::RetentionRead
            | Action::ErasureOrder
            | Action::EvidenceRead
            | Action::SummaryRead
            | Action::SummaryWithdraw
    )
}

impl Desk {
    /// Tells whoever worked on a case why it is closed to them; to others it does not exist.
    pub(crate) async fn refuse_limited(
        &self,
        actor: &Actor,
        action: Action,
        resource: &Resource,
        purpose: Option<Purpose>,
    ) -> Result<(), Error> {
        let is_open = |resource: &Resource| {
            matches!(decide(actor, action, resource, purpose), Decision::Permit(_))
        };
        let open = Resource { is_limited: false, ..resource.clone() };
        if !is_open(&open) || is_open(resource) && is_for_restricted(action) {
            return Ok(());
        }
        self.note_denied(actor, action, resource.id, purpose, WHY).await?;
        Err(Error::NotPermitted(WHY.to_owned()))
    }
}
