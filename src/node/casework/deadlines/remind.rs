//! Tells officers what is due soon or overdue, and supervisors what stays overdue; each of them once for each date.

use crate::domain::id::ObjectId;
use crate::domain::time::Timestamp;
use crate::node::casework::deadlines::about::{About, about};
use crate::node::casework::deadlines::list::DAY_SECS;
use crate::node::casework::qualifications::Backing;
use crate::node::casework::{Desk, Error};
use crate::node::rng::random;
use crate::node::store::deadlines::{self, Deadline, DeadlineFilter, DeadlineKind};
use crate::node::store::notices::{self, Notice, NoticeKind};
use crate::node::store::users::{self, User};
use crate::node::store::{Page, StoreError, Tx};
use crate::policy::{Action, Actor, Decision, Role, decide};

/// After so many days overdue the supervisors are told.
const ESCALATE_DAYS: i64 = 3;

/// So many days before the review or erasure of a case is due it is told (CIS: one month).
const KEEPING_LEAD_DAYS: i64 = 31;

/// Deadlines that are looked at in one transaction.
const STEP_ROWS: i64 = 100;

/// When a look takes place, and how many seconds before it is due something is told.
#[derive(Clone)]
struct Look {
    now: Timestamp,
    lead_secs: i64,
    backing: Backing,
}

impl Desk {
    /// Gives the notices that are called for now and were not given before. Gives how many are new.
    ///
    /// # Errors
    /// What the store says; what was given until then stays given.
    pub async fn remind(&self) -> Result<u64, Error> {
        let lead_secs = i64::from(self.rules.lead_days).saturating_mul(DAY_SECS);
        let look = Look { now: self.clock.now(), lead_secs, backing: self.backing() };
        let (mut page, mut given) = (Page::first(STEP_ROWS), 0_u64);
        loop {
            let (wanted, look) = (page.clone(), look.clone());
            let (mut drafts, last) = self
                .store
                .read("reminders", move |tx| Box::pin(async move { look.step(tx, &wanted).await }))
                .await
                .map_err(|error: StoreError| Error::from(error))?;
            // Given when it is kept: whoever follows the notices by time misses none of a long look.
            let at = self.clock.now().0;
            for draft in &mut drafts {
                draft.at = at;
                draft.id = ObjectId::from_random(random(&*self.rng)).to_string();
            }
            if !drafts.is_empty() {
                let new = self.store.write_with("give_notices", drafts, |tx, drafts| {
                    Box::pin(async move { notices::give(tx, drafts).await })
                });
                let new = new.await.map_err(|error: StoreError| Error::from(error))?;
                given = given.saturating_add(new);
                if new > 0 {
                    self.signals.tell();
                }
            }
            let Some((at, mark)) = last else { return Ok(given) };
            page = Page::after_row(at, mark, STEP_ROWS);
        }
    }
}

impl Look {
    /// The notices that a page of deadlines calls for, without ids, and where the next page begins.
    async fn step(
        &self,
        tx: &mut Tx,
        page: &Page,
    ) -> Result<(Vec<Notice>, Option<(i64, String)>), StoreError> {
        let due_by = Some(self.now.plus_secs(self.lead_secs.max(keeping_lead())).0);
        let filter = DeadlineFilter { due_by, ..DeadlineFilter::default() };
        let rows = deadlines::list(tx, &filter, page).await?;
        let mut officers = Vec::new();
        for user in users::list(tx).await?.into_iter().filter(|user| user.disabled_at.is_none()) {
            // With the roles that are in force: whoever may not open it is not told of it.
            officers.extend(self.backing.actor(tx, &user).await?.map(|actor| (user, actor)));
        }
        let mut drafts = Vec::new();
        for row in &rows {
            if row.due_at > self.now.plus_secs(self.lead_of(row.kind)).0 {
                continue;
            }
            let Some(about) = about(tx, row).await? else { continue };
            let given = notices::given(tx, &row.object, &row.place, row.due_at).await?;
            for kind in self.calls_for(row.due_at) {
                for officer in recipients(kind, row, &about, &officers) {
                    let is_same =
                        |notice: &Notice| notice.kind == kind && notice.user_id == officer.id;
                    if !given.iter().any(is_same) {
                        drafts.push(self.draft(kind, row, &about, officer));
                    }
                }
            }
        }
        Ok((drafts, rows.last().map(|row| (row.due_at, row.mark()))))
    }

    /// How many seconds before it is due something of a kind is told.
    fn lead_of(&self, kind: DeadlineKind) -> i64 {
        match kind {
            DeadlineKind::CaseReview | DeadlineKind::CaseRetention => {
                self.lead_secs.max(keeping_lead())
            }
            DeadlineKind::Task
            | DeadlineKind::HoldReview
            | DeadlineKind::RequestClock
            | DeadlineKind::SummaryRetention => self.lead_secs,
        }
    }

    /// What has come to pass for something that is due then.
    fn calls_for(&self, due_at: i64) -> Vec<NoticeKind> {
        let late = Timestamp(due_at).plus_secs(ESCALATE_DAYS.saturating_mul(DAY_SECS));
        match self.now.0 {
            now if now > late.0 => vec![NoticeKind::Overdue, NoticeKind::Escalated],
            now if now > due_at => vec![NoticeKind::Overdue],
            _ => vec![NoticeKind::DueSoon],
        }
    }

    fn draft(&self, kind: NoticeKind, row: &Deadline, about: &About, officer: &User) -> Notice {
        let what = match row.kind {
            DeadlineKind::Task => format!("the task {}", row.place),
            DeadlineKind::HoldReview => format!("the review of the hold {}", row.place),
            DeadlineKind::CaseReview => "the review".to_owned(),
            DeadlineKind::CaseRetention => match row.place.strip_prefix("retention/") {
                Some(person) => format!("the erasure of {person}"),
                None => "the erasure".to_owned(),
            },
            DeadlineKind::RequestClock => "the answer".to_owned(),
            DeadlineKind::SummaryRetention => "the deletion".to_owned(),
        };
        let (name, day) = (&about.name, Timestamp(row.due_at).date());
        let text = match kind {
            NoticeKind::DueSoon => format!("{name}: {what} is due on {day}"),
            NoticeKind::Overdue => format!("{name}: {what} was due on {day} and is not done"),
            NoticeKind::Escalated => {
                format!("{name}: {what} was due on {day} and is still not done; see to it")
            }
            // No deadline calls for it.
            NoticeKind::BulkRead => format!("{name}: {what}"),
        };
        Notice {
            id: String::new(),
            user_id: officer.id.clone(),
            at: self.now.0,
            object: row.object.clone(),
            place: row.place.clone(),
            due_at: row.due_at,
            kind,
            text,
            read_at: None,
            mailed_at: None,
        }
    }
}

const fn keeping_lead() -> i64 {
    KEEPING_LEAD_DAYS.saturating_mul(DAY_SECS)
}

/// Whether an officer is in a group.
type IsIn<'a> = dyn Fn(&User, &Actor) -> bool + 'a;

/// Whom to tell: the first of these groups in which somebody works here and may open it. In a case the officer who is
/// to do it, else who leads the case; the contact points for requests and summaries; and always supervisors in the end.
fn recipients<'a>(
    kind: NoticeKind,
    row: &Deadline,
    about: &About,
    officers: &'a [(User, Actor)],
) -> Vec<&'a User> {
    let unit = about.case.as_ref().map(|case| case.unit.as_str()).filter(|unit| !unit.is_empty());
    let owner = about.case.as_ref().map(|case| case.owner.as_str());
    let is_of_case =
        !matches!(row.kind, DeadlineKind::RequestClock | DeadlineKind::SummaryRetention);
    let is_first = kind != NoticeKind::Escalated;
    let groups: [&IsIn<'_>; 5] = [
        &|user, _| is_first && is_of_case && user.pseudonym == row.assignee,
        &|user, _| is_first && is_of_case && owner == Some(user.id.as_str()),
        &|_, actor| is_first && !is_of_case && actor.roles.contains(&Role::ContactPoint),
        &|user, actor| actor.roles.contains(&Role::Supervisor) && unit == Some(user.unit.as_str()),
        &|_, actor| actor.roles.contains(&Role::Supervisor),
    ];
    let may_open = |actor: &Actor| {
        let decision = decide(actor, Action::DeadlineList, &about.resource, None);
        matches!(decision, Decision::Permit(_))
    };
    let found = groups.into_iter().map(|is_in| {
        let told = officers.iter().filter(|(user, actor)| is_in(user, actor) && may_open(actor));
        told.map(|(user, _)| user).collect::<Vec<_>>()
    });
    found.into_iter().find(|group| !group.is_empty()).unwrap_or_default()
}
