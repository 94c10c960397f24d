//! The rules: deny by default, the least role that allows, purpose for content, nobody approves their own.

use crate::domain::handling::Purpose;
use crate::domain::id::UserId;
use crate::policy::action::{Action, Actor, Resource, ResourceKind, Via};
use crate::policy::matrix::{
    Nature, fits, is_automatic, is_local, nature, needs_purpose, roles_for,
};
use crate::policy::permit::Permit;
use crate::policy::role::Role;

/// Yes with a permit, or no with the reason.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub enum Decision {
    /// Allowed.
    Permit(Permit),
    /// Not allowed.
    Denied(DenialReason),
}

/// Why something is not allowed, for the officer who tried.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DenialReason {
    /// None of the roles allows it.
    #[error("none of your roles allows {action}; it needs {}", names(.needed))]
    NoRole {
        /// What was tried.
        action: Action,
        /// The roles that would allow it.
        needed: &'static [Role],
    },
    /// Only a role that is not in force would allow it.
    #[error("your role {role} is suspended: {why}")]
    Suspended {
        /// The role.
        role: Role,
        /// What it lacks.
        why: String,
    },
    /// Content is read and used for a purpose.
    #[error("{0} needs a purpose, such as customs_enforcement; name it")]
    NoPurpose(Action),
    /// The purpose does not fit.
    #[error("the purpose {purpose} does not allow {action}")]
    WrongPurpose {
        /// What was tried.
        action: Action,
        /// The purpose named.
        purpose: Purpose,
    },
    /// The marking is above the clearance.
    #[error("it is classified at level {level}, above your clearance {clearance}")]
    Clearance {
        /// The level of the resource.
        level: u8,
        /// The level of the actor.
        clearance: u8,
    },
    /// It is in a compartment that the officer was not let into.
    #[error("it is in a compartment that you are not in")]
    Compartment,
    /// Who runs or audits the node sees no content, whatever other role they have.
    #[error("whoever is {0} works on no case, even with another role; use another user")]
    SeparateDuty(Role),
    /// Not in the team and not of the unit.
    #[error("you are neither in its team nor of its unit; ask its owner to add you")]
    NotInTeam,
    /// The officer has a conflict of interest in its case; nothing else of it is told.
    #[error(
        "a conflict of interest of yours is on record for it, so it is closed to you; a supervisor can lift that"
    )]
    Conflict,
    /// The author cannot approve; and if it is not known who that is, nobody can be the second officer.
    #[error("{}", no_second(*.action, *.is_author))]
    NoSecondOfficer {
        /// What was tried.
        action: Action,
        /// Whether the officer drafted it; else it is not known who did.
        is_author: bool,
    },
    /// Only its originator may change it.
    #[error("it comes from another authority; only its originator may change it")]
    Foreign,
    /// The local socket is for users, tokens and health, and the node does only what needs no person.
    #[error("{}", no_officer(*.action, *.via))]
    NoOfficer {
        /// What was tried.
        action: Action,
        /// How the actor came in.
        via: Via,
    },
}

/// Whether an actor may do something to something, for a purpose.
pub fn decide(
    actor: &Actor,
    action: Action,
    resource: &Resource,
    purpose: Option<Purpose>,
) -> Decision {
    match judge(actor, action, resource, purpose) {
        Ok(role) => Decision::Permit(Permit::grant(actor, role, action, resource, purpose)),
        Err(reason) => Decision::Denied(reason),
    }
}

impl Decision {
    /// The permit, or the reason there is none.
    ///
    /// # Errors
    /// If it was denied.
    pub fn into_result(self) -> Result<Permit, DenialReason> {
        match self {
            Self::Permit(permit) => Ok(permit),
            Self::Denied(reason) => Err(reason),
        }
    }
}

fn judge(
    actor: &Actor,
    action: Action,
    resource: &Resource,
    purpose: Option<Purpose>,
) -> Result<Option<Role>, DenialReason> {
    match actor.via {
        Via::LocalSocket if is_local(action) => return Ok(None),
        Via::Node if is_automatic(action) => return Ok(None),
        Via::LocalSocket | Via::Node => {
            return Err(DenialReason::NoOfficer { action, via: actor.via });
        }
        Via::Token => {}
    }
    let needed = roles_for(action);
    let leads = actor.user.is_some()
        && resource.owner == actor.user
        && clear(actor, Role::CaseOfficer, resource).is_ok();
    // Whoever leads a case knows its team; in the cases of others a conflict is for a supervisor to see.
    let is_open_to =
        |role: &Role| action != Action::ConflictFlag || leads || *role == Role::Supervisor;
    let held: Vec<Role> = needed
        .iter()
        .copied()
        .filter(|role| actor.roles.contains(role) && is_open_to(role))
        .collect();
    let first = *held.first().ok_or_else(|| no_role(actor, action, &is_open_to))?;
    if needs_purpose(action) {
        let purpose = purpose.ok_or(DenialReason::NoPurpose(action))?;
        if !fits(purpose, action) {
            return Err(DenialReason::WrongPurpose { action, purpose });
        }
    }
    let nature = nature(action);
    if actor.user.is_some_and(|user| resource.conflicted.contains(&user)) {
        // Whoever may not know of it at all does not learn of it by a conflict either.
        clear(actor, first, resource)?;
        return Err(DenialReason::Conflict);
    }
    // Another role never takes away what one of them allows.
    let role = if nature == Nature::System {
        first
    } else {
        let reaching = held.into_iter().find(|role| reach(actor, *role, resource).is_ok());
        match reaching {
            Some(role) => role,
            None => {
                return Err(reach(actor, first, resource).err().unwrap_or(DenialReason::NotInTeam));
            }
        }
    };
    if nature == Nature::Change && resource.originator.is_some() {
        return Err(DenialReason::Foreign);
    }
    if nature == Nature::Approval && resource.four_eyes {
        second_officer(actor, action, resource)?;
    }
    Ok(Some(role))
}

/// How much of the cases an actor could open, as far as it does not depend on the single case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Breadth {
    /// None.
    Nothing,
    /// Those of the unit, those that the user leads, and those that the user works on.
    Own {
        /// The unit.
        unit: Option<String>,
        /// The user.
        user: Option<UserId>,
    },
    /// Those of all units.
    All,
}

/// The cases among which those are that [`decide`] lets an actor read; whoever lists them asks `decide` for each all the same.
#[must_use]
pub fn breadth(actor: &Actor, action: Action) -> Breadth {
    let probe = Resource::of(ResourceKind::Case);
    let held = roles_for(action).iter().filter(|role| actor.roles.contains(role));
    let reaching: Vec<Role> =
        held.copied().filter(|role| reach(actor, *role, &probe).is_ok()).collect();
    let is_desk = |role: &Role| matches!(role, Role::Supervisor | Role::ContactPoint);
    if actor.via != Via::Token || reaching.is_empty() {
        Breadth::Nothing
    } else if reaching.iter().any(is_desk) {
        Breadth::All
    } else {
        Breadth::Own { unit: actor.unit.clone(), user: actor.user }
    }
}

/// Why nobody of these roles acts: the officer has none of them, has one that is not in force, or has one that allows it
/// in the cases that they lead only, which leaves the supervisor.
fn no_role(actor: &Actor, action: Action, is_open_to: &dyn Fn(&Role) -> bool) -> DenialReason {
    let needed = roles_for(action);
    let mut open = needed.iter().filter(|role| is_open_to(role));
    match open.find_map(|role| actor.suspended.get_key_value(role)) {
        Some((role, why)) => DenialReason::Suspended { role: *role, why: why.clone() },
        None if needed.iter().any(|role| actor.roles.contains(role)) => {
            DenialReason::NoRole { action, needed: &[Role::Supervisor] }
        }
        None => DenialReason::NoRole { action, needed },
    }
}

fn second_officer(actor: &Actor, action: Action, resource: &Resource) -> Result<(), DenialReason> {
    match actor.user.filter(|_| !resource.authors.is_empty()) {
        Some(user) if resource.authors.contains(&user) => {
            Err(DenialReason::NoSecondOfficer { action, is_author: true })
        }
        Some(_) => Ok(()),
        None => Err(DenialReason::NoSecondOfficer { action, is_author: false }),
    }
}

/// What counts before unit and team do: no duty that is apart from casework, the clearance and the compartment. The
/// data-protection officer decides on each erasure, and what they see of it is no content.
fn clear(actor: &Actor, role: Role, resource: &Resource) -> Result<(), DenialReason> {
    let apart = [Role::SystemAdministrator, Role::Auditor];
    // A role that is suspended parts duties as before: who audits does not come to work on cases by missing a course.
    let has = |duty: &Role| actor.roles.contains(duty) || actor.suspended.contains_key(duty);
    if let Some(duty) = apart.into_iter().find(has) {
        return Err(DenialReason::SeparateDuty(duty));
    }
    if role == Role::DataProtectionOfficer && resource.kind == ResourceKind::Erasure {
        return Ok(());
    }
    if resource.level > actor.clearance {
        return Err(DenialReason::Clearance { level: resource.level, clearance: actor.clearance });
    }
    match &resource.compartment {
        Some(compartment) if !actor.compartments.contains(compartment) => {
            Err(DenialReason::Compartment)
        }
        Some(_) | None => Ok(()),
    }
}

/// Clearance and compartment always; team or unit, and in a restricted case the team only. The contact point and the supervisor
/// see what passes their desks, unless it is restricted. What is no matter of a case has no unit: it is
/// open to those desks, to the liaison officer, to whoever drafted it and, if it is a task force, to its team, since
/// others have no need to know.
fn reach(actor: &Actor, role: Role, resource: &Resource) -> Result<(), DenialReason> {
    clear(actor, role, resource)?;
    if resource.is_limited && !matches!(role, Role::Supervisor | Role::DataProtectionOfficer) {
        return Err(DenialReason::NotInTeam);
    }
    let is_in_team = actor
        .user
        .is_some_and(|user| resource.owner == Some(user) || resource.team.contains(&user));
    let is_own_draft =
        resource.is_caseless && actor.user.is_some_and(|user| resource.authors.contains(&user));
    let is_everybodys = resource.id.is_none() || resource.kind == ResourceKind::Declaration;
    let is_of_unit = resource.unit.is_some() && resource.unit == actor.unit;
    let is_desk = match role {
        Role::Supervisor | Role::ContactPoint => true,
        // Only how long data are kept and erasures are for them to decide, and what they see of it is no content.
        Role::DataProtectionOfficer => {
            matches!(resource.kind, ResourceKind::Erasure | ResourceKind::Retention)
        }
        Role::LiaisonOfficer => resource.is_caseless,
        Role::CaseOfficer
        | Role::EvidenceCustodian
        | Role::Analyst
        | Role::Auditor
        | Role::SystemAdministrator
        | Role::JointTeamMember
        | Role::JudicialLiaison => false,
    };
    let is_open =
        !resource.is_restricted && (is_of_unit || is_desk || is_own_draft || is_everybodys);
    if is_in_team || is_open { Ok(()) } else { Err(DenialReason::NotInTeam) }
}

fn no_second(action: Action, is_author: bool) -> String {
    if is_author {
        format!("you drafted it: {action} needs a second officer")
    } else {
        format!("it is not known who drafted it, so {action} cannot be a second officer's approval")
    }
}

fn no_officer(action: Action, via: Via) -> String {
    if via == Via::LocalSocket {
        let only = "the local socket allows users, tokens and health only";
        format!("{only}; use an officer's token for {action}")
    } else {
        format!("{action} needs an officer; the node does not do it by itself")
    }
}

fn names(roles: &[Role]) -> String {
    let names: Vec<&str> = roles.iter().map(|role| role.name()).collect();
    names.join(" or ")
}
