//! The notices of an officer: read by nobody else.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::domain::id::ObjectId;
use crate::node::casework::permits::Covers;
use crate::node::casework::views::{PageView, page_mark, page_rows, read_mark, time_text};
use crate::node::casework::{Desk, Error};
use crate::node::store::notices::{self, Notice};
use crate::node::store::{Page, StoreError};
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
    /// The case, request or summary.
    pub object: String,
    /// Where in it.
    pub place: String,
    /// `due_soon`, `overdue` or `escalated`.
    pub kind: &'static str,
    /// The sentence.
    pub text: String,
    /// When that is due.
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
        let rows = page_rows(query.limit);
        let page = Page { before: read_mark(query.after.as_deref())?, limit: i64::from(rows) };
        let found = self
            .store
            .read("notices", move |tx| {
                Box::pin(async move { notices::of_user(tx, &user, query.unread, &page).await })
            })
            .await
            .map_err(|error: StoreError| Error::from(error))?;
        let is_full = found.len() == usize::try_from(rows).unwrap_or(usize::MAX);
        let next = found.last().filter(|_| is_full).map(|row| page_mark(row.at, &row.id));
        Ok(PageView { items: found.iter().map(NoticeView::from).collect(), next })
    }

    /// Notes that the officer read a notice; a second time changes nothing.
    ///
    /// # Errors
    /// [`Error::NotFound`] if it is none of theirs.
    pub async fn read_notice(&self, permit: &Permit, id: ObjectId) -> Result<NoticeView, Error> {
        let data = (id.to_string(), own(permit)?, self.clock.now().0);
        self.store
            .write_with("read_notice", data, |tx, (id, user, now)| {
                Box::pin(async move {
                    notices::read(tx, id, user, *now).await?;
                    let notice = notices::get(tx, id, user).await?;
                    notice.as_ref().map(NoticeView::from).ok_or(Error::NotFound("notice"))
                })
            })
            .await
    }
}

fn own(permit: &Permit) -> Result<String, Error> {
    permit.covers(Action::DeadlineList, None)?;
    let user = permit.user().map(|user| user.to_string());
    user.ok_or_else(|| Error::NotPermitted("notices are an officer's".to_owned()))
}
