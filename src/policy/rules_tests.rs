//! Every action for every role, and each reason for a no.

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;

use uuid::Uuid;

use super::rules::*;
use crate::domain::handling::Purpose;
use crate::domain::id::{AuthorityName, ObjectId, OfficerPseudonym, UserId};
use crate::policy::action::{Action, Actor, Resource, ResourceKind, Via};
use crate::policy::matrix::{Nature, nature};
use crate::policy::role::Role;

fn user(byte: u8) -> UserId {
    UserId(Uuid::from_bytes([byte; 16]))
}

fn officer(roles: &[Role]) -> Actor {
    Actor {
        user: Some(user(1)),
        pseudonym: OfficerPseudonym::from_random([1; 8]),
        roles: roles.iter().copied().collect(),
        suspended: BTreeMap::new(),
        clearance: 1,
        compartments: BTreeSet::from(["amber".to_owned()]),
        unit: Some("north".to_owned()),
        via: Via::Token,
    }
}

/// A case of the officer's unit, drafted by another.
fn own_unit() -> Resource {
    Resource {
        unit: Some("north".to_owned()),
        owner: Some(user(3)),
        authors: [user(2)].into(),
        ..Resource::of(ResourceKind::Case).with_id(ObjectId::from_random([7; 16]))
    }
}

fn denial(actor: &Actor, action: Action, resource: &Resource) -> DenialReason {
    match decide(actor, action, resource, Some(Purpose::CustomsEnforcement)) {
        Decision::Denied(reason) => reason,
        Decision::Permit(permit) => panic!("{action} was permitted: {permit:?}"),
    }
}

fn is_permitted(actor: &Actor, action: Action, resource: &Resource) -> bool {
    let decision = decide(actor, action, resource, Some(Purpose::CustomsEnforcement));
    matches!(decision, Decision::Permit(_))
}

/// The matrix as auditors read it, written apart from the rules: action, then a mark for each role in the order of
/// case officer, supervisor, contact point, evidence custodian, analyst, liaison officer, data-protection officer,
/// auditor, system administrator, joint-team member, judicial liaison.
const MATRIX: [(Action, &str); 54] = [
    (Action::CaseOpen, "xx........."),
    (Action::CaseRead, "xxx.x.....x"),
    (Action::CaseList, "xxx.x.....x"),
    (Action::DeadlineList, "xxx.x.....x"),
    (Action::NoticeRead, "xxx.x.x...x"),
    (Action::CaseUpdate, "xx........."),
    (Action::CaseMove, "xx........."),
    (Action::CaseApprove, ".xx.......x"),
    (Action::CaseWorkflow, ".x........."),
    (Action::CaseAssign, ".x........."),
    (Action::CaseProtect, "xx........."),
    (Action::CompartmentGrant, ".x........."),
    (Action::CompartmentRead, ".x....xx..."),
    (Action::ConflictDeclare, "xxxxx.....x"),
    (Action::ConflictFlag, ".x........."),
    (Action::ConflictLift, ".x........."),
    (Action::EvidenceAdd, "x..x......."),
    (Action::EvidenceRead, "xx.xx.....x"),
    (Action::EvidenceExamine, "x...x......"),
    (Action::EvidenceRelease, ".xx........"),
    (Action::CustodyRecord, "x..xx......"),
    (Action::CustodyTransfer, "x..xx......"),
    (Action::CustodyReceive, "x..xx......"),
    (Action::RequestDraft, "x.x..x....."),
    (Action::RequestSubmit, ".xx........"),
    (Action::RequestAct, "xxx........"),
    (Action::RequestRead, "xxx.xx....x"),
    (Action::SummaryDraft, "x.x........"),
    (Action::SummaryShare, ".xx........"),
    (Action::SummaryWithdraw, "xxx........"),
    (Action::SummaryRead, "xxx.xx....x"),
    (Action::TaskForceForm, ".xx........"),
    (Action::TaskForcePost, "xxx..x...x."),
    (Action::TaskForceRead, "xxx..x...x."),
    (Action::PackExport, "xx........x"),
    (Action::Import, "x...x......"),
    (Action::DeclarationRead, "xx..x......"),
    (Action::ErasureOrder, "xx........."),
    (Action::ErasureDecide, ".x....x...."),
    (Action::ErasureRead, ".x....xx..."),
    (Action::StatisticsRead, ".xx.x......"),
    (Action::WorkflowRead, "xxxxxxxxx.x"),
    (Action::WorkflowAdopt, ".x........."),
    (Action::LogRead, "xxxxxxxxx.x"),
    (Action::AuditRead, "......xx..."),
    (Action::AuditExport, "......xx..."),
    (Action::AuditRun, ".......xx.."),
    (Action::UserRead, ".x....xxx.."),
    (Action::UserManage, "........x.."),
    (Action::PeerRead, "xxx....xx.."),
    (Action::PeerManage, "........x.."),
    (Action::NodeRead, ".......xx.."),
    (Action::NodeManage, "........x.."),
    (Action::DeliveryEnd, ".xx........"),
];

#[test]
fn every_action_for_every_role_is_as_the_matrix_says() {
    let listed: BTreeSet<Action> = MATRIX.iter().map(|(action, _)| *action).collect();
    assert_eq!(listed, Action::ALL.into_iter().collect());
    for (action, marks) in MATRIX {
        assert_eq!(marks.len(), Role::ALL.len());
        for (role, mark) in Role::ALL.into_iter().zip(marks.chars()) {
            let resource = match nature(action) {
                Nature::System => Resource::system(),
                Nature::Content | Nature::Change | Nature::Approval | Nature::Listing => own_unit(),
            };
            let permitted = is_permitted(&officer(&[role]), action, &resource);
            assert_eq!(permitted, mark == 'x', "{action} as {role}");
        }
        assert!(matches!(denial(&officer(&[]), action, &own_unit()), DenialReason::NoRole { .. }));
        assert_eq!(Action::from_str(action.name()), Ok(action));
    }
}

#[test]
fn a_permit_says_who_as_what_on_what_and_why() {
    let actor = officer(&[Role::Analyst, Role::Supervisor]);
    let decision =
        decide(&actor, Action::CaseRead, &own_unit(), Some(Purpose::AdministrativeSanction));
    let permit = decision.into_result().unwrap();
    assert_eq!(permit.user(), actor.user);
    assert_eq!(permit.actor(), &actor.pseudonym);
    assert_eq!((permit.role(), permit.role_name()), (Some(Role::Supervisor), "supervisor"));
    assert_eq!(permit.action(), Action::CaseRead);
    assert_eq!(permit.resource(), own_unit().id);
    assert_eq!(permit.purpose(), Some(Purpose::AdministrativeSanction));
}

#[test]
fn content_is_read_for_a_purpose_that_fits() {
    let actor = officer(&[Role::CaseOfficer]);
    assert_eq!(
        decide(&actor, Action::CaseRead, &own_unit(), None),
        Decision::Denied(DenialReason::NoPurpose(Action::CaseRead))
    );
    for purpose in [Purpose::Training, Purpose::Audit, Purpose::DataProtection] {
        assert!(matches!(
            decide(&actor, Action::CaseRead, &own_unit(), Some(purpose)),
            Decision::Denied(DenialReason::WrongPurpose { .. })
        ));
    }
    let may = |action, purpose| {
        matches!(decide(&actor, action, &own_unit(), Some(purpose)), Decision::Permit(_))
    };
    assert!(may(Action::CaseRead, Purpose::RiskAnalysis));
    assert!(!may(Action::CaseUpdate, Purpose::RiskAnalysis));
    assert!(may(Action::CustodyTransfer, Purpose::EvidenceCustody));
    assert!(!may(Action::CaseRead, Purpose::EvidenceCustody));
    assert!(matches!(decide(&actor, Action::CaseList, &own_unit(), None), Decision::Permit(_)));
}

#[test]
fn the_author_never_approves() {
    let actor = officer(&[Role::ContactPoint]);
    let no_second = |action, is_author| DenialReason::NoSecondOfficer { action, is_author };
    for action in [Action::RequestSubmit, Action::SummaryShare, Action::EvidenceRelease] {
        assert!(is_permitted(&actor, action, &own_unit()));
        let own =
            Resource { authors: actor.user.into_iter().chain([user(2)]).collect(), ..own_unit() };
        assert_eq!(denial(&actor, action, &own), no_second(action, true));
        let unknown = Resource { authors: [].into(), ..own_unit() };
        assert_eq!(denial(&actor, action, &unknown), no_second(action, false));
        assert!(is_permitted(&actor, action, &Resource { four_eyes: false, ..own }));
    }
}

#[test]
fn whoever_runs_or_audits_the_node_sees_no_content_with_any_other_role() {
    for duty in [Role::SystemAdministrator, Role::Auditor] {
        let mut all = officer(&Role::ALL);
        all.roles.retain(|role| {
            *role == duty || !matches!(role, Role::SystemAdministrator | Role::Auditor)
        });
        for action in Action::ALL.into_iter().filter(|action| nature(*action) != Nature::System) {
            let reason = denial(&all, action, &own_unit());
            assert_eq!(reason, DenialReason::SeparateDuty(duty), "{action}");
        }
        assert!(is_permitted(&all, Action::NodeRead, &Resource::system()));
    }
}

#[test]
fn a_case_is_open_to_its_team_and_its_unit() {
    let actor = officer(&[Role::CaseOfficer]);
    let other_unit = Resource { unit: Some("south".to_owned()), ..own_unit() };
    assert_eq!(denial(&actor, Action::CaseRead, &other_unit), DenialReason::NotInTeam);
    let of_nobody = Resource { unit: None, owner: None, ..own_unit() };
    assert_eq!(denial(&actor, Action::CaseRead, &of_nobody), DenialReason::NotInTeam);
    let in_team = Resource { team: BTreeSet::from([user(1)]), ..other_unit.clone() };
    assert!(is_permitted(&actor, Action::CaseRead, &in_team));
    let owned = Resource { owner: actor.user, ..other_unit.clone() };
    assert!(is_permitted(&actor, Action::CaseRead, &owned));
    assert!(is_permitted(&actor, Action::CaseOpen, &Resource::of(ResourceKind::Case)));
    assert!(is_permitted(&officer(&[Role::Supervisor]), Action::CaseRead, &other_unit));

    let restricted = Resource { is_restricted: true, ..own_unit() };
    for role in [Role::CaseOfficer, Role::Supervisor, Role::ContactPoint] {
        assert_eq!(
            denial(&officer(&[role]), Action::CaseRead, &restricted),
            DenialReason::NotInTeam
        );
    }
    let joined = Resource { is_restricted: true, ..in_team };
    assert!(is_permitted(&actor, Action::CaseRead, &joined));
}

#[test]
fn a_marking_above_the_clearance_closes_it() {
    let secret = Resource { level: 2, owner: Some(user(1)), ..own_unit() };
    assert_eq!(
        denial(&officer(&[Role::Supervisor]), Action::CaseRead, &secret),
        DenialReason::Clearance { level: 2, clearance: 1 }
    );
}

#[test]
fn only_the_originator_changes_what_comes_from_a_peer() {
    let foreign =
        Resource { originator: AuthorityName::from_str("customs.xb.example").ok(), ..own_unit() };
    let actor = officer(&[Role::CaseOfficer, Role::ContactPoint]);
    assert_eq!(denial(&actor, Action::CaseUpdate, &foreign), DenialReason::Foreign);
    assert!(is_permitted(&actor, Action::SummaryRead, &foreign));
    assert!(is_permitted(&actor, Action::RequestAct, &foreign));
}

#[test]
fn the_local_socket_and_the_node_do_what_needs_no_officer() {
    for action in Action::ALL {
        let local = is_permitted(&Actor::local_socket(), action, &Resource::system());
        let listed = [Action::UserRead, Action::UserManage, Action::NodeRead].contains(&action);
        assert_eq!(local, listed, "{action} over the local socket");
        if is_permitted(&Actor::node(), action, &own_unit()) {
            let allowed = [
                Action::RequestAct,
                Action::LogRead,
                Action::AuditRun,
                Action::NodeRead,
                Action::PeerRead,
            ];
            assert!(allowed.contains(&action), "{action} by the node");
        }
    }
    let permit = decide(&Actor::node(), Action::RequestAct, &own_unit(), None);
    assert_eq!(permit.into_result().map(|permit| permit.role_name()), Ok("node"));
}

#[test]
fn a_denial_says_what_to_do() {
    let reason = denial(&officer(&[Role::Auditor]), Action::UserManage, &Resource::system());
    assert_eq!(
        reason.to_string(),
        "none of your roles allows user.manage; it needs system_administrator"
    );
}

#[test]
fn another_role_never_takes_away_what_one_of_them_allows() {
    let elsewhere = Resource { unit: Some("south".to_owned()), ..own_unit() };
    let desk = officer(&[Role::ContactPoint]);
    let both = officer(&[Role::CaseOfficer, Role::ContactPoint, Role::Supervisor]);
    for action in [Action::RequestRead, Action::TaskForceRead, Action::TaskForcePost] {
        assert!(is_permitted(&desk, action, &elsewhere), "{action}");
        assert!(is_permitted(&both, action, &elsewhere), "{action}");
    }
    let officer_only = officer(&[Role::CaseOfficer]);
    assert_eq!(denial(&officer_only, Action::RequestRead, &elsewhere), DenialReason::NotInTeam);
}

#[test]
fn what_is_of_no_case_is_open_to_its_drafter_within_the_roles() {
    let caseless = Resource { is_caseless: true, owner: None, unit: None, ..own_unit() };
    let own = Resource { authors: BTreeSet::from([user(1)]), ..caseless.clone() };
    let others = Resource { authors: BTreeSet::from([user(2)]), ..caseless };
    let actor = officer(&[Role::CaseOfficer]);
    for action in [Action::RequestRead, Action::RequestAct] {
        assert!(is_permitted(&actor, action, &own), "{action}");
        assert_eq!(denial(&actor, action, &others), DenialReason::NotInTeam, "{action}");
        let of_a_case = Resource { is_caseless: false, ..own.clone() };
        assert_eq!(denial(&actor, action, &of_a_case), DenialReason::NotInTeam, "{action}");
    }
    let liaison = officer(&[Role::LiaisonOfficer]);
    assert!(is_permitted(&liaison, Action::RequestRead, &others));
    assert!(matches!(denial(&liaison, Action::RequestAct, &own), DenialReason::NoRole { .. }));
}

#[test]
fn a_task_force_is_open_to_the_officers_of_its_team_within_their_roles() {
    let room = Resource {
        is_caseless: true,
        team: BTreeSet::from([user(1)]),
        ..Resource::of(ResourceKind::TaskForce).with_id(ObjectId::from_random([8; 16]))
    };
    let others = Resource { team: BTreeSet::from([user(2)]), ..room.clone() };
    for role in [Role::CaseOfficer, Role::JointTeamMember] {
        let actor = officer(&[role]);
        for action in [Action::TaskForceRead, Action::TaskForcePost] {
            assert!(is_permitted(&actor, action, &room), "{action}");
            assert_eq!(denial(&actor, action, &others), DenialReason::NotInTeam, "{action}");
        }
        assert!(matches!(
            denial(&actor, Action::TaskForceForm, &room),
            DenialReason::NoRole { .. }
        ));
    }
    let analyst = officer(&[Role::Analyst]);
    assert!(matches!(denial(&analyst, Action::TaskForceRead, &room), DenialReason::NoRole { .. }));
}

#[test]
fn a_suspended_role_allows_nothing_and_is_named_where_it_alone_would_allow() {
    let why = "the training sealing expired on 2026-11-01";
    let suspended = |roles: &[Role], role: Role| Actor {
        suspended: BTreeMap::from([(role, why.to_owned())]),
        ..officer(roles)
    };
    for role in Role::ALL {
        let alone = suspended(&[], role);
        for (action, marks) in MATRIX {
            let at = Role::ALL.into_iter().position(|other| other == role).unwrap();
            let reason = denial(&alone, action, &own_unit());
            if marks.as_bytes()[at] == b'x' {
                assert_eq!(
                    reason,
                    DenialReason::Suspended { role, why: why.to_owned() },
                    "{action}"
                );
            } else {
                assert!(matches!(reason, DenialReason::NoRole { .. }), "{action} as {role}");
            }
        }
    }
    let told = denial(&suspended(&[], Role::EvidenceCustodian), Action::EvidenceAdd, &own_unit());
    assert_eq!(told.to_string(), format!("your role evidence_custodian is suspended: {why}"));

    let both = suspended(&[Role::CaseOfficer], Role::EvidenceCustodian);
    assert!(is_permitted(&both, Action::EvidenceAdd, &own_unit()), "another role allows it");
    for duty in [Role::Auditor, Role::SystemAdministrator] {
        let parted = suspended(&[Role::CaseOfficer], duty);
        let reason = denial(&parted, Action::CaseRead, &own_unit());
        assert_eq!(reason, DenialReason::SeparateDuty(duty));
    }
}

/// What the resource and the actor may have beside role and unit, and what is to be said where the role alone would
/// allow the action.
fn attributes() -> Vec<(&'static str, Actor, Resource, Option<DenialReason>)> {
    let plain = officer(&[]);
    let conflicted = |user: UserId| Resource { conflicted: [user].into(), ..own_unit() };
    let lead = Resource { owner: Some(user(1)), team: [user(1)].into(), ..conflicted(user(1)) };
    let secret = DenialReason::Clearance { level: 2, clearance: 1 };
    let above = Resource { level: 2, ..own_unit() };
    let both = Resource { level: 2, ..conflicted(user(1)) };
    let within = |name: &str| Resource { compartment: Some(name.to_owned()), ..own_unit() };
    let outside = Some(DenialReason::Compartment);
    let owned = Resource { owner: Some(user(1)), team: [user(1)].into(), ..within("umber") };
    let hidden = Resource { conflicted: [user(1)].into(), ..within("umber") };
    let known = Resource { conflicted: [user(1)].into(), ..within("amber") };
    vec![
        ("nothing", plain.clone(), own_unit(), None),
        ("conflict of another", plain.clone(), conflicted(user(9)), None),
        ("conflict", plain.clone(), conflicted(user(1)), Some(DenialReason::Conflict)),
        ("conflict of who leads it", plain.clone(), lead, Some(DenialReason::Conflict)),
        ("clearance", plain.clone(), Resource { level: 1, ..own_unit() }, None),
        ("above the clearance", plain.clone(), above, Some(secret.clone())),
        // Whoever may not know of it does not learn of it by a conflict.
        ("conflict above the clearance", plain.clone(), both, Some(secret)),
        ("a compartment of theirs", plain.clone(), within("amber"), None),
        ("another compartment", plain.clone(), within("umber"), outside.clone()),
        ("another compartment, of who leads it", plain.clone(), owned, outside.clone()),
        ("conflict in another compartment", plain.clone(), hidden, outside),
        ("conflict in a compartment of theirs", plain, known, Some(DenialReason::Conflict)),
    ]
}

#[test]
fn every_action_for_every_role_under_every_attribute() {
    for (name, actor, resource, expected) in attributes() {
        for (action, marks) in MATRIX {
            // These are done to the node, never to something that has such attributes.
            if nature(action) == Nature::System {
                continue;
            }
            for (role, mark) in Role::ALL.into_iter().zip(marks.chars()) {
                let actor = Actor { roles: [role].into(), ..actor.clone() };
                // Of a case that is closed to them it is not even told that they lead it.
                let is_hidden =
                    matches!(&expected, Some(reason) if *reason != DenialReason::Conflict);
                let leads = resource.owner == actor.user && role == Role::CaseOfficer && !is_hidden;
                let allows = mark == 'x' || (action == Action::ConflictFlag && leads);
                let said = decide(&actor, action, &resource, Some(Purpose::CustomsEnforcement));
                let told = format!("{action} as {role}: {name}");
                match (&expected, allows) {
                    (None, true) => assert!(matches!(said, Decision::Permit(_)), "{told}"),
                    (Some(reason), true) => {
                        assert_eq!(said, Decision::Denied(reason.clone()), "{told}");
                    }
                    (_, false) => {
                        let reason = said.into_result().unwrap_err();
                        assert!(matches!(reason, DenialReason::NoRole { .. }), "{told}: {reason}");
                    }
                }
            }
        }
    }
}

#[test]
fn whoever_leads_a_case_says_of_others_that_they_have_a_conflict_and_nobody_else_but_a_supervisor_does()
 {
    let led = Resource { owner: Some(user(1)), ..own_unit() };
    let actor = officer(&[Role::CaseOfficer]);
    assert!(is_permitted(&actor, Action::ConflictFlag, &led));
    assert!(is_permitted(&actor, Action::ConflictDeclare, &own_unit()));
    let reason = denial(&actor, Action::ConflictFlag, &own_unit());
    assert_eq!(
        reason,
        DenialReason::NoRole { action: Action::ConflictFlag, needed: &[Role::Supervisor] }
    );
    assert!(is_permitted(&officer(&[Role::Supervisor]), Action::ConflictFlag, &own_unit()));
}

#[test]
fn the_data_protection_officer_decides_on_erasures_in_every_compartment_and_at_every_level() {
    let order = Resource {
        kind: ResourceKind::Erasure,
        compartment: Some("umber".to_owned()),
        level: 4,
        ..own_unit()
    };
    let actor = officer(&[Role::DataProtectionOfficer]);
    let decision = decide(&actor, Action::ErasureDecide, &order, Some(Purpose::DataProtection));
    assert!(matches!(decision, Decision::Permit(_)));
    let supervisor = officer(&[Role::Supervisor]);
    assert!(!is_permitted(&supervisor, Action::ErasureDecide, &order));
    let conflicted = Resource { conflicted: [user(1)].into(), ..order };
    assert_eq!(denial(&actor, Action::ErasureDecide, &conflicted), DenialReason::Conflict);
}
