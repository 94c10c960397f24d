//! Moves a case from one state to another (R04a).

use serde::Deserialize;

use crate::domain::case::{CaseStatus, UnknownCaseStatus, step};
use crate::domain::finding::long_text;
use crate::node::casework::cases::CaseView;
use crate::node::casework::cases::keep::refuse_stale;
use crate::node::casework::permits::Covers;
use crate::node::casework::{Desk, Error};
use crate::node::store::cases::Case;
use crate::policy::{Action, Permit};
use crate::record::StatementHash;
use crate::record::kinds::case::CaseMoved;

/// Where to move a case, and why.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Movement {
    /// The state.
    pub to: String,
    /// Why; needed to close and to reopen.
    #[serde(default)]
    pub reason: Option<String>,
    /// The law that the decision rests on.
    #[serde(default)]
    pub legal_basis: Option<String>,
}

impl Desk {
    /// Moves a case.
    ///
    /// # Errors
    /// [`Error::IllegalStep`] with the rule and the states that are open, [`Error::Invalid`] for an unknown state or a
    /// missing reason, [`Error::Conflict`] if somebody else was first.
    pub async fn move_case(
        &self,
        permit: &Permit,
        expected: Option<StatementHash>,
        input: Movement,
    ) -> Result<CaseView, Error> {
        let id = permit.object_for(Action::CaseMove)?;
        let to: CaseStatus = input
            .to
            .parse()
            .map_err(|error: UnknownCaseStatus| Error::invalid("to", error.to_string()))?;
        let text = |path: &'static str, text: Option<String>| {
            let text = text.filter(|text| !text.trim().is_empty());
            text.map(|text| long_text(path, &text))
                .transpose()
                .map_err(|error| Error::invalid(path, error.reason))
        };
        let reason = text("reason", input.reason)?;
        let legal_basis = text("legal_basis", input.legal_basis)?;
        let needs_reason = matches!(to, CaseStatus::Closed | CaseStatus::Reopened);
        if needs_reason && reason.is_none() {
            return Err(Error::invalid("reason", "say why the case is closed or reopened"));
        }
        let standing = self.standing(id).await?;
        refuse_stale(&standing.case, expected)?;
        let from: CaseStatus = standing.case.status.parse().map_err(Error::internal)?;
        step(from, to).map_err(|error| Error::IllegalStep(error.to_string()))?;
        let payload = CaseMoved {
            from: from.name().to_owned(),
            status: to.name().to_owned(),
            reason: reason.unwrap_or_default(),
            legal_basis,
        };
        let case = Case { status: to.name().to_owned(), ..standing.case };
        let write = self.case_write(permit, &payload, case, &standing.content).await?;
        self.keep_case("move_case", write).await?;
        self.case_view(id).await
    }
}
