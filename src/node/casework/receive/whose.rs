//! Whose an object is: a peer's record changes nothing of what is this node's or another authority's; decides no more.

use crate::node::casework::receive::arrival::ArrivalError;
use crate::node::casework::receive::open::Refused;
use crate::node::store::{
    StoreError, Tx, cases, evidence, records, requests, summaries, task_forces,
};

/// What this node may hold under an object's id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Family {
    Case,
    Evidence,
    Request,
    Summary,
    TaskForce,
}

/// Every family.
const FAMILIES: [Family; 5] =
    [Family::Case, Family::Evidence, Family::Request, Family::Summary, Family::TaskForce];

impl Family {
    /// Whether there is a row of this family under an id.
    async fn holds(self, tx: &mut Tx, id: &str) -> Result<bool, StoreError> {
        Ok(match self {
            Self::Case => cases::get(tx, id).await?.is_some(),
            Self::Evidence => evidence::get(tx, id).await?.is_some(),
            Self::Request => requests::get(tx, id).await?.is_some(),
            Self::Summary => summaries::get(tx, id).await?.is_some(),
            Self::TaskForce => task_forces::get(tx, id).await?.is_some(),
        })
    }
}

/// Refuses a record about an object that is something else here than what the record says it is.
pub(crate) async fn refuse_other_family(
    tx: &mut Tx,
    id: &str,
    own: Option<Family>,
) -> Result<(), ArrivalError> {
    for family in FAMILIES {
        if own != Some(family) && family.holds(tx, id).await? {
            return Err(foreign());
        }
    }
    Ok(())
}

/// Refuses a record about a case or an evidence item unless the object is its author's alone.
pub(crate) async fn refuse_foreign_object(
    tx: &mut Tx,
    id: &str,
    author: &str,
) -> Result<(), ArrivalError> {
    refuse_other_family(tx, id, None).await?;
    if records::is_of_another(tx, id, author).await? {
        return Err(foreign());
    }
    Ok(())
}

fn foreign() -> ArrivalError {
    let reason = "the object of the record is not an object of its author";
    ArrivalError::Refused(Refused::new("foreign_object", reason))
}
