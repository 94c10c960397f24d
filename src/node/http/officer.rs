//! The officer of a request and the purpose he names; asks the rules before anything is done, and keeps none himself.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;

use crate::domain::handling::{Purpose, UnknownPurpose};
use crate::domain::id::ObjectId;
use crate::node::casework::{Desk, Error};
use crate::node::http::caller::Caller;
use crate::node::http::problem::Problem;
use crate::node::http::seen::SeenHead;
use crate::node::http::state::ApiState;
use crate::policy::{Action, Actor, Permit};

/// The header that says what the caller's work is for.
pub const PURPOSE: &str = "sealane-purpose";

/// Who asks, and for which purpose. A handler that takes one runs for nobody unknown.
pub struct Officer {
    desk: Arc<Desk>,
    actor: Actor,
    purpose: Option<Purpose>,
}

impl Officer {
    /// The use cases.
    #[must_use]
    pub fn desk(&self) -> &Desk {
        &self.desk
    }

    /// Who it is.
    #[must_use]
    pub const fn actor(&self) -> &Actor {
        &self.actor
    }

    /// The same officer with the purpose that the body names, if it names one.
    ///
    /// # Errors
    /// If there is no such purpose.
    pub fn for_purpose(self, purpose: Option<&str>) -> Result<Self, Problem> {
        match purpose {
            Some(text) => Ok(Self { purpose: Some(parsed(text)?), ..self }),
            None => Ok(self),
        }
    }

    /// The permit to do something that concerns no object that is there already.
    ///
    /// # Errors
    /// If the rules refuse it.
    pub async fn may(&self, action: Action) -> Result<Permit, Problem> {
        Ok(self.desk.permit(&self.actor, action, None, self.purpose).await?)
    }

    /// The permit to do something to an object.
    ///
    /// # Errors
    /// If the rules refuse it, or there is no such object that the officer may know of.
    pub async fn may_to(&self, action: Action, object: ObjectId) -> Result<Permit, Problem> {
        Ok(self.desk.permit(&self.actor, action, Some(object), self.purpose).await?)
    }

    /// The permit to do something, or the sentence with which the rules refuse it.
    ///
    /// # Errors
    /// What the store says.
    pub async fn asked(
        &self,
        action: Action,
        object: Option<ObjectId>,
    ) -> Result<Result<Permit, String>, Problem> {
        match self.desk.permit(&self.actor, action, object, self.purpose).await {
            Ok(permit) => Ok(Ok(permit)),
            Err(Error::NotPermitted(why)) => Ok(Err(why)),
            Err(error) => Err(error.into()),
        }
    }
}

impl Officer {
    /// As [`Officer::may_to`], for a change of the object as the officer has seen it.
    ///
    /// # Errors
    /// Also [`Kind::Stale`](crate::node::http::Kind::Stale) if there is a newer record by now.
    pub async fn may_change(
        &self,
        action: Action,
        object: ObjectId,
        seen: SeenHead,
    ) -> Result<Permit, Problem> {
        let permit = self.may_to(action, object).await?;
        let Some(head) = seen.hash() else { return Ok(permit) };
        self.desk.on_head(permit, head).await.map_err(|error| seen.problem(error))
    }
}

impl FromRequestParts<ApiState> for Officer {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> Result<Self, Problem> {
        let Caller(actor) = Caller::<Actor>::from_request_parts(parts, state).await?;
        let purpose = match parts.headers.get(PURPOSE) {
            Some(value) => Some(parsed(value.to_str().unwrap_or_default())?),
            None => None,
        };
        Ok(Self { desk: Arc::clone(&state.desk), actor, purpose })
    }
}

fn parsed(text: &str) -> Result<Purpose, Problem> {
    let unknown = |error: UnknownPurpose| Error::invalid("purpose", error.to_string());
    Ok(text.parse().map_err(unknown)?)
}
