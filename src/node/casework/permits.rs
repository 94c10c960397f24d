//! From an actor and an object to a permit: loads what the rules need to know and writes denials to the audit trail.

use std::collections::BTreeSet;

use crate::domain::handling::{Marking, Purpose};
use crate::domain::id::{AuthorityName, ObjectId, UserId};
use crate::node::casework::{Desk, Error};
use crate::node::store::cases::{self, Case};
use crate::node::store::erasures::{self, Erasure};
use crate::node::store::requests::{self, Direction, Request};
use crate::node::store::summaries::{self, Summary};
use crate::node::store::task_forces::{self, TaskForce};
use crate::node::store::{StoreError, Tx, audit_events, conflicts, evidence, users};
use crate::policy::{Action, Actor, DenialReason, Permit, Resource, ResourceKind, decide};

/// How many audit events about an object are searched for its drafter.
const DRAFT_EVENTS_MAX: i64 = 10_000;

/// Whether a permit is for what a use case does.
pub(crate) trait Covers {
    /// Refuses a permit for another action or another object.
    fn covers(&self, action: Action, object: Option<ObjectId>) -> Result<(), Error>;

    /// The object of the permit, if the permit is for that action.
    fn object_for(&self, action: Action) -> Result<ObjectId, Error>;
}

impl Covers for Permit {
    fn covers(&self, action: Action, object: Option<ObjectId>) -> Result<(), Error> {
        if self.action() == action && self.resource() == object {
            return Ok(());
        }
        Err(Error::NotPermitted(format!("the permit is for {}, not for {action}", self.action())))
    }

    fn object_for(&self, action: Action) -> Result<ObjectId, Error> {
        self.covers(action, self.resource())?;
        self.resource()
            .ok_or_else(|| Error::NotPermitted(format!("{action} needs an object to act on")))
    }
}

/// What an action is done to, and its name for somebody who looks for it.
const fn kind_of(action: Action) -> (ResourceKind, &'static str) {
    match action {
        Action::CaseOpen
        | Action::CaseRead
        | Action::CaseList
        | Action::CaseUpdate
        | Action::CaseMove
        | Action::CaseApprove
        | Action::CaseAssign
        | Action::CaseProtect
        | Action::CaseWorkflow
        | Action::ConflictDeclare
        | Action::ConflictFlag
        | Action::ConflictLift
        | Action::ErasureOrder
        | Action::EvidenceAdd
        | Action::PackExport => (ResourceKind::Case, "case"),
        Action::ErasureDecide => (ResourceKind::Erasure, "order of erasure"),
        Action::EvidenceRead
        | Action::EvidenceExamine
        | Action::EvidenceRelease
        | Action::CustodyRecord
        | Action::CustodyTransfer
        | Action::CustodyReceive => (ResourceKind::Evidence, "evidence item"),
        Action::RequestDraft | Action::RequestSubmit | Action::RequestAct | Action::RequestRead => {
            (ResourceKind::Request, "request")
        }
        Action::SummaryDraft
        | Action::SummaryShare
        | Action::SummaryWithdraw
        | Action::SummaryRead => (ResourceKind::Summary, "summary"),
        Action::TaskForceForm | Action::TaskForcePost | Action::TaskForceRead => {
            (ResourceKind::TaskForce, "task force")
        }
        Action::Import | Action::DeclarationRead => (ResourceKind::Declaration, "declaration"),
        Action::CompartmentGrant
        | Action::CompartmentRead
        | Action::DeadlineList
        | Action::NoticeRead
        | Action::LogRead
        | Action::StatisticsRead
        | Action::WorkflowRead
        | Action::WorkflowAdopt
        | Action::ErasureRead
        | Action::AuditExport
        | Action::AuditRead
        | Action::AuditRun
        | Action::UserRead
        | Action::UserManage
        | Action::PeerRead
        | Action::PeerManage
        | Action::NodeRead
        | Action::NodeManage
        | Action::DeliveryEnd => (ResourceKind::System, "part of the node"),
    }
}

/// Whether the object of an action on summaries is the case that the summary is drawn from.
const fn draws_from_case(action: Action) -> bool {
    matches!(action, Action::SummaryDraft | Action::SummaryShare)
}

impl Desk {
    /// Asks the rules whether an actor may do something. Evidence of a case is listed with the case as object.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is no such object or the actor may not know of it; [`Error::NotPermitted`] with
    /// the reason if role or purpose do not allow it. Denials are in the audit trail.
    pub async fn permit(
        &self,
        actor: &Actor,
        action: Action,
        object: Option<ObjectId>,
        purpose: Option<Purpose>,
    ) -> Result<Permit, Error> {
        let (kind, name) = kind_of(action);
        let Some(id) = object else {
            return self.permit_on(actor, action, Resource::of(kind), purpose).await;
        };
        let authority = self.authority.clone();
        let found = self
            .store
            .read("permit", move |tx| {
                Box::pin(async move {
                    if draws_from_case(action) {
                        // Only the case counts: a peer may have sent a summary under the id of one.
                        summary_to_be(tx, id).await
                    } else {
                        resource_of(tx, kind, id, &authority).await
                    }
                })
            })
            .await
            .map_err(|error: StoreError| Error::from(error))?;
        if let Some(resource) = found {
            return self.permit_on(actor, action, resource, purpose).await;
        }
        // Whoever may not even try learns that first, as for an object that exists. Nobody drafted what is not there,
        // so a second officer is not asked for: the answer is that it is not found.
        let nothing = Resource { four_eyes: false, ..Resource::of(kind) };
        self.permit_on(actor, action, nothing, purpose).await?;
        Err(Error::NotFound(name))
    }

    /// As [`Desk::permit`], for something whose attributes the caller knows.
    pub(crate) async fn permit_on(
        &self,
        actor: &Actor,
        action: Action,
        resource: Resource,
        purpose: Option<Purpose>,
    ) -> Result<Permit, Error> {
        // What a workflow wants approved, and what is erased for good, is another officer's to decide, whatever the
        // house rule for releases is.
        let is_always = matches!(action, Action::CaseApprove | Action::ErasureDecide);
        let is_rule = self.rules.four_eyes || is_always;
        let four_eyes = is_rule && resource.four_eyes;
        let resource = Resource { four_eyes, ..resource };
        let reason = match decide(actor, action, &resource, purpose).into_result() {
            Ok(permit) => return Ok(permit),
            Err(reason) => reason,
        };
        self.note_denied(actor, action, resource.id, purpose, &reason.to_string()).await?;
        Err(match reason {
            // As if it did not exist.
            DenialReason::NotInTeam
            | DenialReason::Compartment
            | DenialReason::Clearance { .. } => Error::NotFound(kind_of(action).1),
            DenialReason::NoRole { .. }
            | DenialReason::Suspended { .. }
            | DenialReason::NoPurpose(_)
            | DenialReason::WrongPurpose { .. }
            | DenialReason::SeparateDuty(_)
            | DenialReason::Conflict
            | DenialReason::NoSecondOfficer { .. }
            | DenialReason::Foreign
            | DenialReason::NoOfficer { .. } => Error::NotPermitted(reason.to_string()),
        })
    }
}

/// What the rules need to know of an object; nothing if there is none.
async fn resource_of(
    tx: &mut Tx,
    kind: ResourceKind,
    id: ObjectId,
    authority: &AuthorityName,
) -> Result<Option<Resource>, StoreError> {
    let text = id.to_string();
    match kind {
        ResourceKind::Case => case_resource(tx, kind, id, &text).await,
        ResourceKind::Evidence => evidence_resource(tx, id, &text).await,
        ResourceKind::Request => {
            let Some(request) = requests::get(tx, &text).await? else { return Ok(None) };
            request_resource(tx, id, &request).await.map(Some)
        }
        ResourceKind::Summary => {
            let Some(summary) = summaries::get(tx, &text).await? else { return Ok(None) };
            summary_resource(tx, id, &summary).await.map(Some)
        }
        ResourceKind::TaskForce => {
            let Some(room) = task_forces::get(tx, &text).await? else { return Ok(None) };
            task_force_resource(tx, id, &room, authority).await.map(Some)
        }
        ResourceKind::Erasure => {
            let Some(order) = erasures::get(tx, &text).await? else { return Ok(None) };
            erasure_resource(tx, id, &order).await.map(Some)
        }
        ResourceKind::Declaration | ResourceKind::System => {
            Ok(Some(Resource::of(kind).with_id(id)))
        }
    }
}

/// The attributes of a request. One of a case that is not held stays closed.
pub(crate) async fn request_resource(
    tx: &mut Tx,
    id: ObjectId,
    request: &Request,
) -> Result<Resource, StoreError> {
    let mut resource = of_case(tx, ResourceKind::Request, id, request.case_id.as_deref()).await?;
    resource.authors = drafters(tx, &request.id, Action::RequestDraft).await?;
    resource.is_caseless = request.case_id.is_none();
    Ok(resource)
}

/// The attributes of a summary.
pub(crate) async fn summary_resource(
    tx: &mut Tx,
    id: ObjectId,
    summary: &Summary,
) -> Result<Resource, StoreError> {
    let mut resource = of_case(tx, ResourceKind::Summary, id, summary.case_id.as_deref()).await?;
    let marked = summary.marking.parse().map_or(u8::MAX, |m: Marking| m.level());
    resource.level = resource.level.max(marked);
    if summary.direction == Direction::In {
        resource.originator = summary.author.parse().ok();
    }
    Ok(resource)
}

/// The attributes of an order of erasure.
pub(crate) async fn erasure_resource(
    tx: &mut Tx,
    id: ObjectId,
    order: &Erasure,
) -> Result<Resource, StoreError> {
    let case = of_case(tx, ResourceKind::Erasure, id, Some(&order.case_id)).await?;
    Ok(Resource { authors: order.ordered_by.parse().into_iter().collect(), ..case })
}

/// The attributes of a task force: its team are the officers of this authority who were named for it.
pub(crate) async fn task_force_resource(
    tx: &mut Tx,
    id: ObjectId,
    room: &TaskForce,
    authority: &AuthorityName,
) -> Result<Resource, StoreError> {
    let coordinator = room.coordinator.parse().ok();
    let originator = coordinator.filter(|coordinator| coordinator != authority);
    let team = task_forces::team(tx, &room.id).await?;
    Ok(Resource {
        originator,
        team: team.iter().filter_map(|officer| officer.user_id.parse().ok()).collect(),
        is_caseless: true,
        ..Resource::of(ResourceKind::TaskForce).with_id(id)
    })
}

/// A summary that is to be shared is a case as it stands. Who wrote what it shows is known once the fields are chosen:
/// sharing asks the rules again then, with those officers as authors.
async fn summary_to_be(tx: &mut Tx, id: ObjectId) -> Result<Option<Resource>, StoreError> {
    let found = case_resource(tx, ResourceKind::Summary, id, &id.to_string()).await?;
    Ok(found.map(|resource| Resource { four_eyes: false, ..resource }))
}

async fn case_resource(
    tx: &mut Tx,
    kind: ResourceKind,
    id: ObjectId,
    case_id: &str,
) -> Result<Option<Resource>, StoreError> {
    let Some(case) = cases::get(tx, case_id).await? else { return Ok(None) };
    resource_of_case(tx, kind, id, &case).await.map(Some)
}

/// The attributes of a case, for itself or for something that belongs to it.
pub(crate) async fn resource_of_case(
    tx: &mut Tx,
    kind: ResourceKind,
    id: ObjectId,
    case: &Case,
) -> Result<Resource, StoreError> {
    let team = cases::team(tx, &case.id).await?;
    let conflicted = conflicts::of_case(tx, &case.id).await?;
    let proposer = case.proposer.parse().ok().filter(|_| kind == ResourceKind::Case);
    Ok(Resource {
        // Without a proposal there is nothing to approve, and the use case says so.
        four_eyes: kind != ResourceKind::Case || proposer.is_some(),
        authors: proposer.into_iter().collect(),
        owner: case.owner.parse().ok(),
        team: team.iter().filter_map(|member| member.user_id.parse().ok()).collect(),
        conflicted: conflicted.iter().filter_map(|row| row.user_id.parse().ok()).collect(),
        level: u8::try_from(case.level).unwrap_or(u8::MAX),
        compartment: Some(case.compartment.clone()).filter(|name| !name.is_empty()),
        unit: (!case.unit.is_empty()).then(|| case.unit.clone()),
        ..Resource::of(kind).with_id(id)
    })
}

async fn of_case(
    tx: &mut Tx,
    kind: ResourceKind,
    id: ObjectId,
    case_id: Option<&str>,
) -> Result<Resource, StoreError> {
    let found = match case_id {
        Some(case_id) => case_resource(tx, kind, id, case_id).await?,
        None => None,
    };
    Ok(found.unwrap_or_else(|| Resource::of(kind).with_id(id)))
}

/// An item is open to whom its case is open to, to its holder, and to the officer to whom it is on its way.
pub(crate) async fn evidence_resource(
    tx: &mut Tx,
    id: ObjectId,
    text: &str,
) -> Result<Option<Resource>, StoreError> {
    let kind = ResourceKind::Evidence;
    let Some(item) = evidence::get(tx, text).await? else {
        return case_resource(tx, kind, id, text).await;
    };
    let mut resource = of_case(tx, kind, id, Some(&item.case_id)).await?;
    let pending = evidence::pending_transfer(tx, text).await?;
    for pseudonym in [Some(item.holder), pending.map(|p| p.receiver)].into_iter().flatten() {
        resource.team.extend(user_behind(tx, &pseudonym).await?);
    }
    Ok(Some(resource))
}

/// The officer of a pseudonym; none for the node itself.
pub(crate) async fn user_behind(
    tx: &mut Tx,
    pseudonym: &str,
) -> Result<Option<UserId>, StoreError> {
    let user = users::by_pseudonym(tx, pseudonym).await?;
    Ok(user.and_then(|user| user.id.parse().ok()))
}

/// The officers who drafted an object, as the audit trail has it.
async fn drafters(tx: &mut Tx, id: &str, draft: Action) -> Result<BTreeSet<UserId>, StoreError> {
    let events = audit_events::of_object(tx, id, 0, DRAFT_EVENTS_MAX).await?;
    let mut drafters = BTreeSet::new();
    for event in events.iter().filter(|e| e.outcome == "done" && e.action == draft.name()) {
        drafters.extend(user_behind(tx, &event.actor).await?);
    }
    Ok(drafters)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::domain::id::OfficerPseudonym;
    use crate::node::casework::testing::{TestDesk, desk};
    use crate::policy::{Role, Via};

    const CASELESS: &str = "11111111-1111-4111-8111-111111111111";
    const OF_A_CASE: &str = "22222222-2222-4222-8222-222222222222";
    const ROOM: &str = "33333333-3333-4333-8333-333333333333";

    /// A request without a case, one of a case that is not there, and a task force.
    async fn objects(test: &TestDesk) {
        let request = |id: &str, case_id: Option<&str>| Request {
            id: id.to_owned(),
            direction: Direction::In,
            peer: "customs.xb.example".to_owned(),
            case_id: case_id.map(str::to_owned),
            instrument: "generic".to_owned(),
            profile: vec![],
            state: "RECEIVED".to_owned(),
            version: 0,
            created_at: 0,
            updated_at: 0,
            answer_by: None,
            late_withdrawal: 0,
        };
        let requests = [request(CASELESS, None), request(OF_A_CASE, Some("gone"))];
        let room = TaskForce {
            id: ROOM.to_owned(),
            name: "Operation Tern".to_owned(),
            coordinator: "customs.xb.example".to_owned(),
            state: "active".to_owned(),
            ends_at: None,
            created_at: 0,
            head: [1; 32],
            ended_by: None,
        };
        let rows = (requests, room);
        let write = test.desk.store.write_with("objects", rows, |tx, (requests, room)| {
            Box::pin(async move {
                for request in requests {
                    requests::insert(tx, request).await?;
                }
                task_forces::insert(tx, room).await.map_err(|error: StoreError| error)
            })
        });
        write.await.unwrap();
    }

    fn officer(role: Role) -> Actor {
        Actor {
            user: Some(UserId(uuid::Uuid::from_bytes([1; 16]))),
            pseudonym: "officer-1".parse::<OfficerPseudonym>().unwrap(),
            roles: [role].into(),
            suspended: BTreeMap::new(),
            compartments: BTreeSet::new(),
            clearance: 0,
            unit: Some("north".to_owned()),
            via: Via::Token,
        }
    }

    #[tokio::test]
    async fn what_is_of_no_case_is_open_to_the_desks_and_liaison_officers_and_to_no_other() {
        use Role::{ContactPoint, LiaisonOfficer, Supervisor};
        let test = desk().await;
        objects(&test).await;
        let readers = [Supervisor, ContactPoint, LiaisonOfficer];
        let desks = [Supervisor, ContactPoint];
        let table: [(Action, &str, &[Role]); 6] = [
            (Action::RequestRead, CASELESS, &readers),
            (Action::RequestAct, CASELESS, &desks),
            (Action::RequestRead, OF_A_CASE, &desks),
            (Action::RequestAct, OF_A_CASE, &desks),
            (Action::TaskForceRead, ROOM, &readers),
            (Action::TaskForcePost, ROOM, &readers),
        ];
        for (action, object, allowed) in table {
            for role in Role::ALL {
                let id = Some(object.parse().unwrap());
                let purpose = Some(Purpose::MutualAssistance);
                let permit = test.desk.permit(&officer(role), action, id, purpose).await;
                let is_allowed = allowed.contains(&role);
                assert_eq!(permit.is_ok(), is_allowed, "{role:?} {action} {object}: {permit:?}");
            }
        }
    }
}
