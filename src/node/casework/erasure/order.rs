//! An officer orders an erasure; nothing is erased before another one decides.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::domain::finding::long_text;
use crate::domain::id::ObjectId;
use crate::node::casework::append::{Authorship, Prepared};
use crate::node::casework::audit_trail::done;
use crate::node::casework::cases::content::{Content, numbers, text};
use crate::node::casework::erasure::ErasureView;
use crate::node::casework::erasure::scope::Scope;
use crate::node::casework::permits::Covers;
use crate::node::casework::{Desk, Error};
use crate::node::rng::random;
use crate::node::store::StoreError;
use crate::node::store::audit_events::{self, NewAuditEvent};
use crate::node::store::erasures::{self, Erasure, ErasureState};
use crate::policy::{Action, Permit};
use crate::record::kinds::erasure::ErasureOrdered;

/// An erasure to order.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewErasure {
    /// `["case"]` for the whole case with its evidence, or persons such as `["subjects/0"]`.
    pub scope: Vec<String>,
    /// Why; without personal data, since it stays.
    pub reason: String,
    /// The law that asks for it.
    #[serde(default)]
    pub legal_basis: Option<String>,
}

struct Ordering {
    prepared: Prepared,
    row: Erasure,
    event: NewAuditEvent,
}

impl Desk {
    /// Orders that data of a case are erased.
    ///
    /// # Errors
    /// [`Error::Invalid`] if the case has no such person or a text is unsound, [`Error::IllegalStep`] under a legal
    /// hold or while another order is under way.
    pub async fn order_erasure(
        &self,
        permit: &Permit,
        input: NewErasure,
    ) -> Result<ErasureView, Error> {
        let case = permit.object_for(Action::ErasureOrder)?;
        let scope =
            Scope::of(&input.scope).map_err(|error| Error::invalid("scope", error.to_string()))?;
        let line = |path: &'static str, text: &str| {
            long_text(path, text).map_err(|error| Error::invalid(path, error.reason))
        };
        let reason = line("reason", &input.reason)?;
        let legal_basis = input.legal_basis.map(|text| line("legal_basis", &text)).transpose()?;
        let standing = self.standing(case).await?;
        refuse_held(&standing.content)?;
        refuse_absent(&scope, &standing.content)?;
        let user = permit
            .user()
            .ok_or_else(|| Error::NotPermitted("an erasure is ordered by an officer".to_owned()))?;
        let payload = ErasureOrdered { case, scope: scope.parts(), reason, legal_basis };
        let id = ObjectId::from_random(random(&*self.rng));
        let prepared = self.author(id, Authorship::of(permit, None), &payload).await?;
        let row = Erasure {
            id: id.to_string(),
            case_id: case.to_string(),
            scope: payload.scope.join(" "),
            state: ErasureState::Ordered,
            ordered_by: user.to_string(),
            ordered_at: self.clock.now().0,
            decided_at: None,
            head: prepared.hash().0,
        };
        let event = NewAuditEvent {
            detail: Some(format!("erasure {id}: {}", row.scope)),
            ..done(permit, self.clock.now(), Some(case))
        };
        self.store
            .write_with("order_erasure", Ordering { prepared, row, event }, |tx, ordering| {
                Box::pin(async move {
                    if erasures::is_under_way(tx, &ordering.row.case_id).await? {
                        return Err(Error::IllegalStep(
                            "an erasure of this case is under way already: it must be decided first"
                                .to_owned(),
                        ));
                    }
                    ordering
                        .prepared
                        .append(tx)
                        .await
                        .map_err(|error: StoreError| Error::from(error))?;
                    erasures::insert(tx, &ordering.row).await?;
                    audit_events::append(tx, &ordering.event).await?;
                    Ok::<_, Error>(())
                })
            })
            .await?;
        self.committed();
        self.erasure_view(id).await
    }
}

/// Refuses while a legal hold stands: what a court may ask for is not erased, given away or destroyed.
pub(crate) fn refuse_held(content: &Content) -> Result<(), Error> {
    let stands = |number: &u32| text(content, &format!("holds/{number}/lifted")).is_none();
    let Some(number) = numbers(content, "holds/").into_iter().find(stands) else { return Ok(()) };
    let leaf =
        |name: &str| text(content, &format!("holds/{number}/{name}")).unwrap_or("-").to_owned();
    Err(Error::IllegalStep(format!(
        "the case is under a legal hold (holds/{number}: {}, to be reviewed {}): set holds/{number}/lifted first",
        leaf("proceeding"),
        leaf("review")
    )))
}

fn refuse_absent(scope: &Scope, content: &Content) -> Result<(), Error> {
    let held = numbers(content, "subjects/");
    match scope {
        Scope::Subjects(asked) => match asked.difference(&held).next() {
            Some(number) => {
                let message = format!("the case has no subjects/{number}, or not any more");
                Err(Error::invalid("scope", message))
            }
            None => Ok(()),
        },
        Scope::Case => Ok(()),
    }
}
