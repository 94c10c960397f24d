//! The notices of an officer: read by nobody else, and only while the officer may open what they are about.

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::domain::id::ObjectId;
use crate::node::casework::deadlines::about::resource_behind;
use crate::node::casework::listing::{Listing, Part, Reader};
use crate::node::casework::permits::Covers;
use crate::node::casework::views::{PageView, time_text};
use crate::node::casework::{Desk, Error};
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

struct Inbox {
    reader: Reader,
    user: String,
    is_unread: bool,
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

fn own(permit: &Permit) -> Result<String, Error> {
    permit.covers(Action::NoticeRead, None)?;
    let user = permit.user().map(|user| user.to_string());
    user.ok_or_else(|| Error::NotPermitted("notices are an officer's".to_owned()))
}
