//! Need-to-know: a case is classified or put into a compartment, and is there for nobody who is not cleared for it.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::node::casework::cases::CaseView;
use crate::node::casework::cases::keep::{Standing, stale};
use crate::node::casework::cases::moving::said;
use crate::node::casework::compartments::compartment_name;
use crate::node::casework::permits::Covers;
use crate::node::casework::{Desk, Error};
use crate::node::store::cases::Case;
use crate::node::store::idempotency;
use crate::policy::{Action, Permit, Role};
use crate::record::kinds::case::{CaseProtected, Protection};

/// How to protect a case from now on; both are set.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewProtection {
    /// The classification level, from 0.
    pub level: u8,
    /// The compartment, such as `operation-amber`; none takes it out of the one that it is in.
    #[serde(default)]
    pub compartment: Option<String>,
    /// Why.
    pub reason: String,
}

impl Desk {
    /// Sets level and compartment of a case. Whoever is not cleared for it knows of it no longer, also if they are in
    /// its team.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a level or compartment that the officer is not cleared for, [`Error::NotPermitted`] if it
    /// protects the case less and the officer is no supervisor, [`Error::Conflict`] if somebody else was first.
    pub async fn protect_case(
        &self,
        permit: &Permit,
        input: NewProtection,
    ) -> Result<CaseView, Error> {
        let id = permit.object_for(Action::CaseProtect)?;
        let protection = self.protection(permit, input.level, input.compartment.as_deref())?;
        let protection_reason = said("reason", Some(input.reason))?
            .ok_or_else(|| Error::invalid("reason", "say why the case is protected like that"))?;
        let Standing { case, content, .. } = self.standing(id).await?;
        let compartment = protection.compartment.clone().unwrap_or_default();
        let is_less = protection.level < case.level
            || (!case.compartment.is_empty() && compartment != case.compartment);
        if is_less && !permit.who().roles.contains(&Role::Supervisor) {
            let why = "to protect a case less, or to put it into another compartment, is a supervisor's to decide";
            return Err(Error::NotPermitted(why.to_owned()));
        }
        let level = protection.level;
        let payload = CaseProtected { protection, protection_reason };
        let case = Case { level, compartment, ..case };
        let write = self.case_write(permit, &payload, case, &content).await?;
        let kept = self.store.write_with("protect_case", write, |tx, write| {
            Box::pin(async move {
                // Those to whom it is closed now may have been answered before.
                idempotency::lose_all_answers(tx).await?;
                write.keep(tx).await
            })
        });
        kept.await.map_err(stale)?;
        self.committed();
        self.case_view(id).await
    }

    /// Judges a protection: nobody closes a case to themselves, or goes beyond what the node is accredited for.
    pub(super) fn protection(
        &self,
        permit: &Permit,
        level: u8,
        compartment: Option<&str>,
    ) -> Result<Protection, Error> {
        let highest = self.rules.level_max;
        if level > highest {
            let advice = format!(
                "is above level {highest}, the highest that this node is accredited for (policy.level_max): use the system for it"
            );
            return Err(Error::invalid("level", advice));
        }
        if level > permit.who().clearance {
            return Err(Error::invalid(
                "level",
                "is above your clearance, so the case would be closed to you",
            ));
        }
        let compartment = compartment.map(compartment_name).transpose()?;
        if compartment.as_ref().is_some_and(|name| !permit.who().compartments.contains(name)) {
            let advice = "is one that you are not in, so the case would be closed to you: have a supervisor let you in";
            return Err(Error::invalid("compartment", advice));
        }
        Ok(Protection { level: level.into(), compartment })
    }
}
