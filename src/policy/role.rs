//! The roles of officers; what a role may do stands in the rules.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

/// A role of an officer. An officer may have several.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Works cases.
    CaseOfficer,
    /// Approves what leaves the house.
    Supervisor,
    /// Central coordinating unit: the only desk that sends to and receives from peers.
    ContactPoint,
    /// Keeps evidence.
    EvidenceCustodian,
    /// Reads and compares.
    Analyst,
    /// Stationed with another authority.
    LiaisonOfficer,
    /// Reads logs, not content.
    DataProtectionOfficer,
    /// Verifies, without content.
    Auditor,
    /// Runs the node, without content.
    SystemAdministrator,
    /// Member of a task force, within it.
    JointTeamMember,
    /// Prepares material for courts.
    JudicialLiaison,
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 11] = [
        Self::CaseOfficer,
        Self::Supervisor,
        Self::ContactPoint,
        Self::EvidenceCustodian,
        Self::Analyst,
        Self::LiaisonOfficer,
        Self::DataProtectionOfficer,
        Self::Auditor,
        Self::SystemAdministrator,
        Self::JointTeamMember,
        Self::JudicialLiaison,
    ];

    /// The stable name, as it stands in records.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::CaseOfficer => "case_officer",
            Self::Supervisor => "supervisor",
            Self::ContactPoint => "contact_point",
            Self::EvidenceCustodian => "evidence_custodian",
            Self::Analyst => "analyst",
            Self::LiaisonOfficer => "liaison_officer",
            Self::DataProtectionOfficer => "data_protection_officer",
            Self::Auditor => "auditor",
            Self::SystemAdministrator => "system_administrator",
            Self::JointTeamMember => "joint_team_member",
            Self::JudicialLiaison => "judicial_liaison",
        }
    }
}

/// Two roles among these that one person must not have: who runs the node or audits it works no cases, and who
/// keeps evidence does not examine it.
#[must_use]
pub fn conflict(roles: &BTreeSet<Role>) -> Option<(Role, Role)> {
    let both = |one: Role, two: Role| {
        (one != two && roles.contains(&one) && roles.contains(&two)).then_some((one, two))
    };
    let apart = |one: Role| Role::ALL.into_iter().find_map(|other| both(one, other));
    apart(Role::SystemAdministrator)
        .or_else(|| apart(Role::Auditor))
        .or_else(|| both(Role::EvidenceCustodian, Role::Analyst))
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A text that names no role.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "no such role: use case_officer, supervisor, contact_point, evidence_custodian, analyst, liaison_officer, data_protection_officer, auditor, system_administrator, joint_team_member or judicial_liaison"
)]
pub struct UnknownRole;

impl FromStr for Role {
    type Err = UnknownRole;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|role| role.name() == text).ok_or(UnknownRole)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_role_has_its_own_name() {
        for role in Role::ALL {
            assert_eq!(Role::from_str(role.name()), Ok(role));
            assert!(UnknownRole.to_string().contains(role.name()));
        }
        assert_eq!(Role::from_str("root"), Err(UnknownRole));
    }

    #[test]
    fn duties_that_check_each_other_are_not_one_persons() {
        let of = |roles: &[Role]| conflict(&roles.iter().copied().collect());
        assert_eq!(
            of(&[Role::Auditor, Role::SystemAdministrator]),
            Some((Role::SystemAdministrator, Role::Auditor))
        );
        assert!(of(&[Role::CaseOfficer, Role::SystemAdministrator]).is_some());
        assert!(of(&[Role::CaseOfficer, Role::Auditor]).is_some());
        assert!(of(&[Role::EvidenceCustodian, Role::Analyst]).is_some());
        assert_eq!(of(&[Role::CaseOfficer, Role::Supervisor, Role::ContactPoint]), None);
        assert_eq!(of(&[Role::SystemAdministrator]), None);
    }
}
