//! What a use case asks of its permit where the object may be left open; decides no rule.

use crate::domain::id::ObjectId;
use crate::node::casework::Error;
use crate::policy::{Action, Permit};

/// A permit is for one action on one object; another one is a mistake of the caller and refused.
pub(crate) fn allow(
    permit: &Permit,
    action: Action,
    object: Option<ObjectId>,
) -> Result<(), Error> {
    let is_same = object.is_none_or(|object| permit.resource() == Some(object));
    if permit.action() == action && is_same {
        Ok(())
    } else {
        Err(Error::NotPermitted(format!("this permit does not allow {action}")))
    }
}
