//! Which roles allow an action and what kind of action it is; knows no actor and no resource.

use crate::domain::handling::Purpose;
use crate::policy::action::Action;
use crate::policy::role::Role;

/// The roles that allow an action; the first that an actor has is the one that is written down.
#[must_use]
#[expect(
    clippy::match_same_arms,
    clippy::too_many_lines,
    reason = "one arm an action reads as a table"
)]
pub const fn roles_for(action: Action) -> &'static [Role] {
    use Role::{
        Analyst, Auditor, CaseOfficer, ContactPoint, DataProtectionOfficer, EvidenceCustodian,
        JointTeamMember, JudicialLiaison, LiaisonOfficer, Supervisor, SystemAdministrator,
    };
    match action {
        Action::CaseOpen
        | Action::CaseUpdate
        | Action::CaseMove
        | Action::CaseProtect
        | Action::ErasureOrder => &[CaseOfficer, Supervisor],
        Action::CaseApprove => &[Supervisor, ContactPoint, JudicialLiaison],
        // Evidence of a case passes the hands of custodians, who must be able to say that they know the importer.
        Action::ConflictDeclare => {
            &[CaseOfficer, Supervisor, ContactPoint, EvidenceCustodian, Analyst, JudicialLiaison]
        }
        // A case officer only in a case that they lead; the rules see to that.
        Action::ConflictFlag => &[Supervisor, CaseOfficer],
        Action::CaseAssign
        | Action::CaseWorkflow
        | Action::CompartmentGrant
        | Action::ConflictLift
        | Action::WorkflowAdopt => &[Supervisor],
        Action::CompartmentRead => &[Supervisor, DataProtectionOfficer, Auditor],
        Action::ErasureDecide => &[DataProtectionOfficer, Supervisor],
        Action::ErasureRead => &[DataProtectionOfficer, Supervisor, Auditor],
        Action::CaseRead | Action::CaseList | Action::DeadlineList => {
            &[CaseOfficer, Supervisor, ContactPoint, Analyst, JudicialLiaison]
        }
        // Whoever protects data is told of officers who read very much.
        Action::NoticeRead => &[
            CaseOfficer,
            Supervisor,
            ContactPoint,
            Analyst,
            JudicialLiaison,
            DataProtectionOfficer,
        ],
        Action::EvidenceAdd => &[CaseOfficer, EvidenceCustodian],
        Action::EvidenceRead => {
            &[CaseOfficer, EvidenceCustodian, Supervisor, Analyst, JudicialLiaison]
        }
        Action::EvidenceExamine => &[CaseOfficer, Analyst],
        Action::EvidenceRelease | Action::RequestSubmit => &[Supervisor, ContactPoint],
        Action::CustodyRecord | Action::CustodyTransfer | Action::CustodyReceive => {
            &[EvidenceCustodian, CaseOfficer, Analyst]
        }
        Action::RequestDraft => &[CaseOfficer, ContactPoint, LiaisonOfficer],
        Action::RequestAct => &[ContactPoint, CaseOfficer, Supervisor],
        Action::RequestRead => {
            &[CaseOfficer, ContactPoint, Supervisor, Analyst, LiaisonOfficer, JudicialLiaison]
        }
        Action::SummaryDraft => &[CaseOfficer, ContactPoint],
        Action::SummaryShare => &[Supervisor, ContactPoint],
        Action::SummaryWithdraw => &[CaseOfficer, Supervisor, ContactPoint],
        Action::SummaryRead => {
            &[CaseOfficer, ContactPoint, Supervisor, Analyst, LiaisonOfficer, JudicialLiaison]
        }
        Action::TaskForceForm | Action::DeliveryEnd => &[Supervisor, ContactPoint],
        Action::TaskForcePost | Action::TaskForceRead => {
            &[CaseOfficer, JointTeamMember, ContactPoint, Supervisor, LiaisonOfficer]
        }
        Action::PackExport => &[CaseOfficer, JudicialLiaison, Supervisor],
        Action::Import => &[CaseOfficer, Analyst],
        Action::StatisticsRead => &[Supervisor, ContactPoint, Analyst],
        Action::DeclarationRead => &[CaseOfficer, Analyst, Supervisor],
        Action::LogRead | Action::WorkflowRead => &[
            CaseOfficer,
            Supervisor,
            ContactPoint,
            EvidenceCustodian,
            Analyst,
            LiaisonOfficer,
            JudicialLiaison,
            DataProtectionOfficer,
            Auditor,
            SystemAdministrator,
        ],
        Action::AuditExport | Action::AuditRead => &[DataProtectionOfficer, Auditor],
        Action::AuditRun | Action::NodeRead => &[Auditor, SystemAdministrator],
        Action::UserRead => &[SystemAdministrator, Supervisor, Auditor, DataProtectionOfficer],
        Action::UserManage | Action::PeerManage | Action::NodeManage => &[SystemAdministrator],
        Action::PeerRead => &[ContactPoint, Supervisor, CaseOfficer, SystemAdministrator, Auditor],
    }
}

/// What the rules ask of an action beside the role.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Nature {
    /// Shows or uses the content of cases: purpose, clearance and team count; nobody who runs or audits the node.
    Content,
    /// As content, and changes what only its originator may change.
    Change,
    /// As content, and decides on what another officer drafted, or lets something leave the house.
    Approval,
    /// Says that things exist: as content, but without a purpose.
    Listing,
    /// The node and its logs.
    System,
}

pub(crate) const fn nature(action: Action) -> Nature {
    match action {
        Action::CaseOpen
        | Action::CaseRead
        | Action::EvidenceRead
        | Action::RequestDraft
        | Action::RequestAct
        | Action::RequestRead
        | Action::SummaryDraft
        | Action::SummaryRead
        | Action::TaskForceForm
        | Action::TaskForcePost
        | Action::TaskForceRead
        | Action::PackExport
        | Action::CustodyTransfer
        | Action::CustodyReceive
        | Action::DeclarationRead => Nature::Content,
        Action::CaseUpdate
        | Action::CaseMove
        | Action::CaseAssign
        | Action::CaseProtect
        | Action::CaseWorkflow
        | Action::ConflictDeclare
        | Action::ConflictFlag
        | Action::ConflictLift
        | Action::ErasureOrder
        | Action::EvidenceAdd
        | Action::EvidenceExamine
        | Action::CustodyRecord
        | Action::SummaryWithdraw => Nature::Change,
        Action::CaseApprove
        | Action::ErasureDecide
        | Action::RequestSubmit
        | Action::SummaryShare
        | Action::EvidenceRelease => Nature::Approval,
        Action::CaseList
        | Action::DeadlineList
        | Action::Import
        | Action::NoticeRead
        | Action::StatisticsRead => Nature::Listing,
        Action::CompartmentGrant
        | Action::CompartmentRead
        | Action::LogRead
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
        | Action::DeliveryEnd => Nature::System,
    }
}

/// Whether an action needs a purpose, which its record then carries.
#[must_use]
pub const fn needs_purpose(action: Action) -> bool {
    match nature(action) {
        Nature::Content | Nature::Change | Nature::Approval => true,
        Nature::Listing | Nature::System => false,
    }
}

/// Whether a purpose allows an action that needs one.
pub(crate) const fn fits(purpose: Purpose, action: Action) -> bool {
    match purpose {
        Purpose::CustomsEnforcement
        | Purpose::Prosecution
        | Purpose::AdministrativeSanction
        | Purpose::RevenueRecovery
        | Purpose::MutualAssistance
        | Purpose::PublicSafety => true,
        Purpose::EvidenceCustody => matches!(
            action,
            Action::EvidenceAdd
                | Action::EvidenceRead
                | Action::EvidenceExamine
                | Action::CustodyRecord
                | Action::CustodyTransfer
                | Action::CustodyReceive
        ),
        Purpose::RiskAnalysis => matches!(
            action,
            Action::CaseRead
                | Action::EvidenceRead
                | Action::RequestRead
                | Action::SummaryRead
                | Action::TaskForceRead
                | Action::DeclarationRead
        ),
        Purpose::DataProtection => {
            matches!(action, Action::ErasureOrder | Action::ErasureDecide)
        }
        // Training uses no data of persons; an audit reads logs, not content.
        Purpose::Training | Purpose::Audit => false,
    }
}

/// Whether the local socket of the machine may do it without an officer's token.
pub(crate) const fn is_local(action: Action) -> bool {
    matches!(action, Action::UserRead | Action::UserManage | Action::NodeRead)
}

/// Whether the node does it by itself: receipts, timers, checks.
pub(crate) const fn is_automatic(action: Action) -> bool {
    matches!(
        action,
        Action::RequestAct
            | Action::LogRead
            | Action::AuditRun
            | Action::NodeRead
            | Action::PeerRead
    )
}
