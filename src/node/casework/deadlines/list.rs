//! Lists what is due in the objects that an officer may open, the soonest first.

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::domain::time::Timestamp;
use crate::node::casework::deadlines::about::{About, about};
use crate::node::casework::listing::{Listing, Part, Reader};
use crate::node::casework::permits::Covers;
use crate::node::casework::views::{PageView, time_text};
use crate::node::casework::{Desk, Error};
use crate::node::store::deadlines::{self, Deadline, DeadlineFilter};
use crate::node::store::{Page, StoreError, Tx};
use crate::policy::{Action, Permit};

/// Seconds of a day.
pub(super) const DAY_SECS: i64 = 86_400;

/// Which deadlines to list.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DeadlineQuery {
    /// Only what is overdue.
    #[serde(default)]
    pub overdue: bool,
    /// Only what is due within so many days; what is overdue is too.
    #[serde(default)]
    pub days: Option<u32>,
    /// Only what the officer is to do, or what is due in a case that the officer leads.
    #[serde(default)]
    pub mine: bool,
    /// At most this many.
    #[serde(default)]
    pub limit: Option<u32>,
    /// After the page that ended with this mark.
    #[serde(default)]
    pub after: Option<String>,
}

/// Something that is due.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct DeadlineView {
    /// The case, request or summary.
    pub object: String,
    /// What officers call it, such as `case 2026/000001`.
    pub about: String,
    /// Where in it: a path such as `tasks/0`, or the name of a clock such as `review` or `retention`.
    pub place: String,
    /// `task`, `hold_review`, `case_review`, `case_retention`, `request_clock` or `summary_retention`.
    pub kind: &'static str,
    /// When.
    pub due_at: String,
    /// `law`, `policy` or `agreed`.
    pub source: String,
    /// Pseudonym of the officer who is to do it.
    pub assignee: Option<String>,
    /// Whether that time has passed; nothing follows from it by itself.
    pub is_overdue: bool,
}

impl Desk {
    /// What is due in the objects that the officer may open, the soonest first.
    ///
    /// # Errors
    /// If the permit is for something else, or the store fails.
    pub async fn deadlines(
        &self,
        permit: &Permit,
        query: DeadlineQuery,
    ) -> Result<PageView<DeadlineView>, Error> {
        permit.covers(Action::DeadlineList, None)?;
        let now = self.clock.now();
        let part = Part::of(query.limit, query.after.as_deref())?;
        let user = permit.user().map(|user| user.to_string()).unwrap_or_default();
        let filter = DeadlineFilter {
            due_by: due_by(&query, now),
            is_keeping: false,
            of: query.mine.then(|| (permit.actor().to_string(), user)),
        };
        let listing = Deadlines { reader: self.reader(permit).await?, filter };
        let page = self
            .store
            .read("deadlines", move |tx| Box::pin(async move { part.read(tx, &listing).await }))
            .await
            .map_err(|error: StoreError| Error::from(error))?;
        Ok(page.map(|found| found.view(now)))
    }
}

fn due_by(query: &DeadlineQuery, now: Timestamp) -> Option<i64> {
    let within = query.days.map(|days| now.plus_secs(i64::from(days).saturating_mul(DAY_SECS)).0);
    let past = query.overdue.then(|| now.0.saturating_sub(1));
    [within, past].into_iter().flatten().min()
}

struct Deadlines {
    reader: Reader,
    filter: DeadlineFilter,
}

struct Found {
    deadline: Deadline,
    about: Option<About>,
}

impl Found {
    fn view(&self, now: Timestamp) -> DeadlineView {
        let Deadline { object, place, kind, due_at, source, assignee } = self.deadline.clone();
        DeadlineView {
            about: self.about.as_ref().map(|about| about.name.clone()).unwrap_or_default(),
            object,
            place,
            kind: kind.as_str(),
            due_at: time_text(due_at),
            source,
            assignee: Some(assignee).filter(|assignee| !assignee.is_empty()),
            is_overdue: now.0 > due_at,
        }
    }
}

#[async_trait]
impl Listing for Deadlines {
    type Row = Found;

    async fn rows(&self, tx: &mut Tx, page: &Page) -> Result<Vec<Found>, StoreError> {
        let mut rows = Vec::new();
        for deadline in deadlines::list(tx, &self.filter, page).await? {
            let about = about(tx, &deadline).await?;
            rows.push(Found { deadline, about });
        }
        Ok(rows)
    }

    fn place(row: &Found) -> (i64, String) {
        (row.deadline.due_at, row.deadline.mark())
    }

    async fn is_open(&self, _: &mut Tx, row: &Found) -> Result<bool, StoreError> {
        Ok(row.about.as_ref().is_some_and(|about| self.reader.may_open(&about.resource)))
    }
}
