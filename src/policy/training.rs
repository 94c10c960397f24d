//! Which training backs which role, and which roles are out of force for want of it; keeps no records.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::time::Timestamp;
use crate::policy::role::Role;

/// The longest name of a training, in bytes.
const NAME_BYTES_MAX: usize = 64;

/// The trainings and authorisations, by name, that an officer must hold for a role to be in force.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RequiredTraining(BTreeMap<Role, BTreeSet<String>>);

/// Why an entry is no requirement.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{entry}' is not role=training, such as evidence_custodian=evidence_handling: {why}")]
pub struct BadRequirement {
    entry: String,
    why: String,
}

/// A training or authorisation as an officer holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldTraining {
    /// The word for what it is: `training` or `authorisation`.
    pub kind: String,
    /// Its short name.
    pub name: String,
    /// The last day on which it is good, as any instant of that day; none for one without an end.
    pub expires_at: Option<Timestamp>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
}

impl HeldTraining {
    /// Whether its last day is over.
    #[must_use]
    pub fn is_expired(&self, now: Timestamp) -> bool {
        self.expires_at.is_some_and(|last| now.date() > last.date())
    }

    /// Why it backs no role now; nothing if it does.
    fn lacks(&self, now: Timestamp) -> Option<String> {
        let Self { kind, name, .. } = self;
        match (self.revoked_at, self.expires_at) {
            (Some(at), _) => Some(format!("the {kind} {name} was revoked on {}", at.date())),
            (None, Some(last)) if self.is_expired(now) => {
                Some(format!("the {kind} {name} expired on {}", last.date()))
            }
            (None, _) => None,
        }
    }
}

/// Whether a text is the name of a training: lower-case letters, digits and underscores.
#[must_use]
pub fn is_training_name(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= NAME_BYTES_MAX
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

impl RequiredTraining {
    /// Reads entries `role=training`; a role may stand in several.
    ///
    /// # Errors
    /// [`BadRequirement`] for an unknown role or another form.
    pub fn parse<T: AsRef<str>>(entries: &[T]) -> Result<Self, BadRequirement> {
        let mut required = Self::default();
        for entry in entries {
            let entry = entry.as_ref();
            let bad = |why: String| BadRequirement { entry: entry.to_owned(), why };
            let (role, name) =
                entry.split_once('=').ok_or_else(|| bad("it has no =".to_owned()))?;
            let role: Role = role.trim().parse().map_err(|error| bad(format!("{error}")))?;
            let name = name.trim();
            if !is_training_name(name) {
                let why = "the training has lower-case letters, digits and underscores, 1 to 64";
                return Err(bad(why.to_owned()));
            }
            required.0.entry(role).or_default().insert(name.to_owned());
        }
        Ok(required)
    }

    /// Whether no role needs any.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The roles that are out of force, each with the reason.
    #[must_use]
    pub fn suspended(
        &self,
        roles: &BTreeSet<Role>,
        held: &[HeldTraining],
        now: Timestamp,
    ) -> BTreeMap<Role, String> {
        let lacks = |role: &Role| {
            let names = self.0.get(role)?;
            names.iter().find_map(|name| lacking(name, held, now))
        };
        roles.iter().filter_map(|role| Some((*role, lacks(role)?))).collect()
    }
}

/// Why an officer does not hold a training now. Of several of that name one that is good is enough; of those that
/// are not, the one that was good longest is told.
fn lacking(name: &str, held: &[HeldTraining], now: Timestamp) -> Option<String> {
    let mut named: Vec<_> = held.iter().filter(|one| one.name == name).collect();
    named.sort_by_key(|one| one.revoked_at.or(one.expires_at));
    if named.iter().any(|one| one.lacks(now).is_none()) {
        return None;
    }
    let last = named.last().and_then(|one| one.lacks(now));
    Some(last.unwrap_or_else(|| format!("no training {name} is on record for you")))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-11-24T06:42:00Z.
    const NOW: Timestamp = Timestamp::from_secs(1_795_502_520);

    fn held(name: &str, days: Option<i64>, revoked: Option<i64>) -> HeldTraining {
        let day = |days: i64| NOW.plus_secs(days * 86_400);
        HeldTraining {
            kind: "training".to_owned(),
            name: name.to_owned(),
            expires_at: days.map(day),
            revoked_at: revoked.map(day),
        }
    }

    #[test]
    fn a_role_is_in_force_as_long_as_each_training_behind_it() {
        let custodian = BTreeSet::from([Role::EvidenceCustodian, Role::CaseOfficer]);
        let required = RequiredTraining::parse(&[
            "evidence_custodian=sealing",
            "evidence_custodian = storage",
            "analyst=statistics",
        ])
        .unwrap();
        let good = || held("storage", None, None);
        let table: [(Vec<HeldTraining>, Option<&str>); 8] = [
            (vec![good(), held("sealing", None, None)], None),
            (vec![good(), held("sealing", Some(0), None)], None),
            (
                vec![good(), held("sealing", Some(-1), None)],
                Some("the training sealing expired on 2026-11-23"),
            ),
            (
                vec![good(), held("sealing", Some(9), Some(-2))],
                Some("the training sealing was revoked on 2026-11-22"),
            ),
            (vec![good(), held("sealing", Some(-9), None), held("sealing", Some(9), None)], None),
            (
                vec![good(), held("sealing", Some(-3), None), held("sealing", Some(-9), None)],
                Some("the training sealing expired on 2026-11-21"),
            ),
            (vec![good()], Some("no training sealing is on record for you")),
            (vec![held("sealing", None, None)], Some("no training storage is on record for you")),
        ];
        for (held, why) in table {
            let suspended = required.suspended(&custodian, &held, NOW);
            let expected = why.map(|why| (Role::EvidenceCustodian, why.to_owned()));
            assert_eq!(suspended, expected.into_iter().collect(), "{held:?}");
        }
    }

    #[test]
    fn an_entry_that_is_no_requirement_is_refused_with_advice() {
        for (entry, says) in [
            ("evidence_custodian", "no ="),
            ("captain=sailing", "case_officer"),
            ("analyst=", "lower-case"),
            ("analyst=Good Course", "lower-case"),
        ] {
            let message = RequiredTraining::parse(&[entry]).unwrap_err().to_string();
            assert!(message.contains(says) && message.contains(entry), "{message}");
        }
        assert!(RequiredTraining::parse::<&str>(&[]).unwrap().is_empty());
    }
}
