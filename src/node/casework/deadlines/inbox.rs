//! The notices of an officer: read by nobody else, and only while the officer may open what they are about.

use async_trait::async_trait;
use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use crate::domain::id::ObjectId;
use crate::node::casework::deadlines::about::resource_behind;
use crate::node::casework::listing::{Listing, Part, Reader};
use crate::node::casework::permits::Covers;
use crate::node::casework::views::{PAGE_ROWS, PageView, time_text};
use crate::node::casework::{Desk, Error};
use crate::node::signals::HUSHED;
use crate::node::store::notices::{self, Notice, NoticeKind};
use crate::node::store::{Page, StoreError, Tx};
use crate::policy::{Action, Permit};

/// Which notices to list.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NoticeQuery {
    /// Only those that were not read.
    #[serde(default)]
    pub unread: bool,
    /// At most this many.
    #[serde(default)]
    pub limit: Option<u32>,
    /// After the page that ended with this mark.
    #[serde(default)]
    pub after: Option<String>,
}

/// A notice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct NoticeView {
    /// Its id.
    pub id: String,
    /// When it was given.
    pub at: String,
    /// The case, request or summary; empty if it is about an officer.
    pub object: String,
    /// Where in it; the officer's pseudonym.
    pub place: String,
    /// `due_soon`, `overdue`, `escalated` or `bulk_read`.
    pub kind: &'static str,
    /// The sentence.
    pub text: String,
    /// When that is due; if it is about an officer, when it happened.
    pub due_at: String,
    /// When it was read.
    pub read_at: Option<String>,
}

impl From<&Notice> for NoticeView {
    fn from(notice: &Notice) -> Self {
        Self {
            id: notice.id.clone(),
            at: time_text(notice.at),
            object: notice.object.clone(),
            place: notice.place.clone(),
            kind: notice.kind.as_str(),
            text: notice.text.clone(),
            due_at: time_text(notice.due_at),
            read_at: notice.read_at.map(time_text),
        }
    }
}

impl Desk {
    /// The officer's own notices, newest first.
    ///
    /// # Errors
    /// If the permit is for something else, or the store fails.
    pub async fn notices(
        &self,
        permit: &Permit,
        query: NoticeQuery,
    ) -> Result<PageView<NoticeView>, Error> {
        let user = own(permit)?;
        let part = Part::of(query.limit, query.after.as_deref())?;
        let inbox = Inbox { reader: self.reader(permit).await?, user, is_unread: query.unread };
        let page = self
            .store
            .read("notices", move |tx| Box::pin(async move { part.read(tx, &inbox).await }))
            .await
            .map_err(|error: StoreError| Error::from(error))?;
        Ok(page.map(|notice| NoticeView::from(notice)))
    }

    /// Notes that the officer read a notice; a second time changes nothing.
    ///
    /// # Errors
    /// [`Error::NotFound`] if it is none of theirs.
    pub async fn read_notice(&self, permit: &Permit, id: ObjectId) -> Result<NoticeView, Error> {
        let inbox =
            Inbox { reader: self.reader(permit).await?, user: own(permit)?, is_unread: false };
        let data = (id.to_string(), inbox, self.clock.now().0);
        self.store
            .write_with("read_notice", data, |tx, (id, inbox, now)| {
                Box::pin(async move {
                    notices::read(tx, id, &inbox.user, *now).await?;
                    let notice = notices::get(tx, id, &inbox.user).await?;
                    let notice = notice.ok_or(Error::NotFound("notice"))?;
                    if !inbox.is_open(tx, &notice).await? {
                        return Err(Error::NotFound("notice"));
                    }
                    Ok(NoticeView::from(&notice))
                })
            })
            .await
    }
}

/// The notices of an officer, as far as that officer may know what they are about.
pub(super) struct Inbox {
    pub(super) reader: Reader,
    pub(super) user: String,
    pub(super) is_unread: bool,
}

#[async_trait]
impl Listing for Inbox {
    type Row = Notice;

    async fn rows(&self, tx: &mut Tx, page: &Page) -> Result<Vec<Notice>, StoreError> {
        notices::of_user(tx, &self.user, self.is_unread, page).await
    }

    fn place(row: &Notice) -> (i64, String) {
        (row.at, row.id.clone())
    }

    async fn is_open(&self, tx: &mut Tx, row: &Notice) -> Result<bool, StoreError> {
        // What officers did is no matter of a case.
        if row.kind == NoticeKind::BulkRead {
            return Ok(true);
        }
        let resource = resource_behind(tx, &row.object).await?;
        Ok(resource.is_some_and(|resource| self.reader.may_open(&resource)))
    }
}

/// Wakes whoever waits for notices.
#[derive(Debug)]
pub struct Told(watch::Receiver<u64>);

impl Told {
    /// From here on only newer notices wake.
    pub fn seen(&mut self) {
        self.0.mark_unchanged();
    }

    /// Waits for notices; false once the node stops and none will come.
    pub async fn next(&mut self) -> bool {
        *self.0.borrow() != HUSHED && self.0.changed().await.is_ok() && *self.0.borrow() != HUSHED
    }
}

/// Up to where an officer's notices were shown.
#[derive(Clone, Debug)]
pub struct NoticeMark {
    at: i64,
    /// Those given at that time that were shown: others may be given at the same time later.
    shown: BTreeSet<String>,
}

impl Desk {
    /// Tells of each batch of notices from now on, whoever they are for. Subscribe before looking.
    #[must_use]
    pub fn notices_told(&self) -> Told {
        Told(self.signals.notices())
    }

    /// The place after the notice that an officer saw last, or after everything that was given before now.
    ///
    /// # Errors
    /// If the permit is for something else, or the store fails.
    pub async fn notice_mark(
        &self,
        permit: &Permit,
        last: Option<String>,
    ) -> Result<NoticeMark, Error> {
        let user = own(permit)?;
        let now = NoticeMark { at: self.clock.now().0, shown: BTreeSet::new() };
        let Some(last) = last else { return Ok(now) };
        let found = self
            .store
            .read("notice_mark", move |tx| {
                Box::pin(async move { notices::get(tx, &last, &user).await })
            })
            .await
            .map_err(|error: StoreError| Error::from(error))?;
        Ok(found.map_or(now, |row| NoticeMark { at: row.at, shown: BTreeSet::from([row.id]) }))
    }

    /// The officer's notices that were not shown yet, oldest first, and the place after them.
    ///
    /// # Errors
    /// If the permit is for something else, or the store fails.
    pub async fn notices_after(
        &self,
        permit: &Permit,
        mark: NoticeMark,
    ) -> Result<(Vec<NoticeView>, NoticeMark), Error> {
        let inbox =
            Inbox { reader: self.reader(permit).await?, user: own(permit)?, is_unread: false };
        self.store
            .read("notices_after", move |tx| Box::pin(async move { inbox.after(tx, mark).await }))
            .await
            .map_err(|error: StoreError| Error::from(error))
    }
}

impl Inbox {
    /// The next notices after a mark that the officer may know of, and the place after them.
    async fn after(
        &self,
        tx: &mut Tx,
        mut mark: NoticeMark,
    ) -> Result<(Vec<NoticeView>, NoticeMark), StoreError> {
        loop {
            let seen = i64::try_from(mark.shown.len()).unwrap_or(i64::MAX);
            let limit = i64::from(PAGE_ROWS).saturating_add(seen);
            let found = notices::after(tx, &self.user, (mark.at, ""), limit).await?;
            let is_end = i64::try_from(found.len()).is_ok_and(|rows| rows < limit);
            let mut views = Vec::new();
            for row in found {
                if mark.shown.contains(&row.id) {
                    continue;
                }
                if row.at > mark.at {
                    mark = NoticeMark { at: row.at, shown: BTreeSet::new() };
                }
                mark.shown.insert(row.id.clone());
                if self.is_open(tx, &row).await? {
                    views.push(NoticeView::from(&row));
                }
            }
            if is_end || !views.is_empty() {
                return Ok((views, mark));
            }
        }
    }
}

fn own(permit: &Permit) -> Result<String, Error> {
    permit.covers(Action::NoticeRead, None)?;
    let user = permit.user().map(|user| user.to_string());
    user.ok_or_else(|| Error::NotPermitted("notices are an officer's".to_owned()))
}
