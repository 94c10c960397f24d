//! An officer reviews whether the data of a case are still needed, and signs why.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::domain::finding::long_text;
use crate::domain::retention::{Clock, Matter};
use crate::domain::time::Date;
use crate::node::casework::cases::Standing;
use crate::node::casework::permits::Covers;
use crate::node::casework::requests::end_of_day;
use crate::node::casework::retention::{KeepingView, Restriction, clocks_of};
use crate::node::casework::{Desk, Error};
use crate::node::store::cases::Case;
use crate::policy::{Action, Permit};
use crate::record::kinds::keeping::CaseReviewed;

/// What a review came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReviewDecision {
    /// The data are needed until the next review.
    #[default]
    Keep,
    /// The data are to be erased; until then they are restricted.
    Erase,
}

/// A review.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewReview {
    /// What it came to.
    pub decision: ReviewDecision,
    /// Why.
    pub reason: String,
    /// The day of the next review, such as `2027-11-24`; without it as late as the workflow and the retention allow.
    #[serde(default)]
    pub next: Option<String>,
}

impl Desk {
    /// Reviews the case of the permit. A review that keeps the data lifts what restricted them because a review or the
    /// retention had passed; what an officer ordered stays.
    ///
    /// # Errors
    /// [`Error::Invalid`] without a reason or with a day that the workflow or the retention does not allow;
    /// [`Error::IllegalStep`] if data are to be kept whose retention ended and on which no legal hold stands.
    pub async fn review_case(
        &self,
        permit: &Permit,
        input: NewReview,
    ) -> Result<KeepingView, Error> {
        let id = permit.object_for(Action::CaseReview)?;
        let reason = long_text("reason", &input.reason)
            .map_err(|error| Error::invalid("reason", error.reason))?;
        let standing = self.standing(id).await?;
        let was = Restriction::of(&standing.case);
        let (decision, review_by, restriction) = match input.decision {
            ReviewDecision::Erase if was == Some(Restriction::Ordered) => {
                return Err(Error::IllegalStep(
                    "an officer ordered that its data are restricted: lift that first (`sealane case unrestrict`), or order its erasure"
                        .to_owned(),
                ));
            }
            ReviewDecision::Erase => ("erase", self.clock.now().0, Some(Restriction::ToErase)),
            ReviewDecision::Keep => {
                let next = self.next_review(&standing, input.next.as_deref()).await?;
                let stays = was.filter(|was| *was == Restriction::Ordered);
                ("keep", next, stays)
            }
        };
        let restriction = restriction.map(|restriction| restriction.name().to_owned());
        let case = Case {
            review_by: Some(review_by),
            restricted: restriction.clone().unwrap_or_default(),
            ..standing.case
        };
        let decision = decision.to_owned();
        let payload = CaseReviewed { decision, reason, review_by, restriction };
        let write = self.case_write(permit, &payload, case, &standing.content).await?;
        self.keep_case("review_case", write).await?;
        self.keeping_of(id).await
    }

    /// The end of the day of the next review: not later than a review period from now, nor than the case is kept.
    async fn next_review(&self, standing: &Standing, asked: Option<&str>) -> Result<i64, Error> {
        let periods = self.workflow(standing.case.workflow).await?.retention;
        let today = self.clock.now().date();
        let longest = today.plus_months(periods.review_months);
        // What a review said before does not bind the next one.
        let case = Case { restricted: String::new(), ..standing.case.clone() };
        let clocks = clocks_of(&periods, &case, &standing.content);
        let kept = clocks.iter().find(|clock| clock.matter == Matter::Case);
        if let Some(Clock { due, rule, .. }) = kept.filter(|clock| clock.due < today) {
            return Err(Error::IllegalStep(format!(
                "its retention ended on {due} ({rule}): order its erasure, or set a legal hold (holds/0/proceeding and holds/0/review) if a court may ask for it"
            )));
        }
        let last = kept.map_or(longest, |clock| clock.due.min(longest));
        let next = match asked {
            None => last,
            Some(text) => {
                text.parse::<Date>().map_err(|error| Error::invalid("next", error.to_string()))?
            }
        };
        if next < today || next > last {
            return Err(Error::invalid("next", format!("is a day from {today} to {last}")));
        }
        end_of_day(next).map(|end| end.0).ok_or_else(|| Error::invalid("next", "is out of range"))
    }
}
