//! `/api/v1/notices/events`: the officer's notices as they are given (server-sent events, HTML Living Standard 9.2).

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{FromRequestParts, State};
use axum::http::request::Parts;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream::{Stream, unfold};
use serde_json::json;
use tokio::time::{Instant, timeout_at};

use crate::node::casework::{Desk, NoticeMark, NoticeView, Told};
use crate::node::http::caller::bearer_token;
use crate::node::http::officer::Officer;
use crate::node::http::openapi::{Answers, Operation, Place, Schemas, Takes};
use crate::node::http::problem::Problem;
use crate::node::http::state::ApiState;
use crate::policy::{Action, Permit};

/// A stream ends after so long; clients come back by themselves, and lose nothing.
const LIFE: Duration = Duration::from_mins(10);
/// A comment line in between, so that proxies do not take the stream for dead.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// The header by which a client says what it saw last.
const LAST_EVENT_ID: &str = "last-event-id";

/// With which token somebody watches, and what they saw last.
pub(crate) struct Watcher {
    token: String,
    last: Option<String>,
}

impl<S: Send + Sync> FromRequestParts<S> for Watcher {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let last = parts.headers.get(LAST_EVENT_ID).and_then(|value| value.to_str().ok());
        let last = last.filter(|id| !id.is_empty()).map(str::to_owned);
        Ok(Self { token: bearer_token(parts).unwrap_or_default().to_owned(), last })
    }
}

impl Takes for Watcher {
    fn taken(operation: &mut Operation, _: &mut Schemas) {
        let schema = json!({
            "type": "string",
            "description": "The id of the event that the client saw last: what was given after it is sent.",
        });
        operation.parameter(Place::Header, "Last-Event-ID", &schema, false);
    }
}

/// A stream of notices.
pub(crate) struct Events<S>(S);

impl<S> IntoResponse for Events<S>
where
    S: Stream<Item = Result<Event, Infallible>> + Send + 'static,
{
    fn into_response(self) -> Response {
        Sse::new(self.0).keep_alive(KeepAlive::new().interval(KEEP_ALIVE)).into_response()
    }
}

impl<S> Answers for Events<S>
where
    S: Stream<Item = Result<Event, Infallible>> + Send + 'static,
{
    fn answered(operation: &mut Operation, schemas: &mut Schemas) {
        let _ = schemas.answered::<NoticeView>();
        let schema = json!({
            "type": "string",
            "description": "Events `notice`: `id` is that of the notice, `data` a `NoticeView` as JSON. The stream ends after ten \
                            minutes, or when the token is no longer good; a client comes back with `Last-Event-ID`.",
        });
        operation.answer(200, "The stream.", Some(("text/event-stream", schema)));
    }
}

/// Someone who watches.
struct Watch {
    desk: Arc<Desk>,
    token: String,
    told: Told,
    mark: NoticeMark,
    waiting: VecDeque<NoticeView>,
    until: Instant,
}

/// `GET /api/v1/notices/events`
pub(crate) async fn watch(
    officer: Officer,
    State(state): State<ApiState>,
    watcher: Watcher,
) -> Result<Events<impl Stream<Item = Result<Event, Infallible>> + Send + 'static>, Problem> {
    let told = state.desk.notices_told();
    let permit = officer.may(Action::NoticeRead).await?;
    let mark = state.desk.notice_mark(&permit, watcher.last).await?;
    let watch = Watch {
        desk: state.desk,
        token: watcher.token,
        told,
        mark,
        waiting: VecDeque::new(),
        until: Instant::now() + LIFE,
    };
    Ok(Events(unfold(watch, async |mut watch| {
        let notice = watch.next().await?;
        let event = Event::default().event("notice").id(&notice.id).json_data(&notice).ok()?;
        Some((Ok(event), watch))
    })))
}

impl Watch {
    /// The next notice; none when the stream ends. What cannot be read now ends it too: the client comes back.
    async fn next(&mut self) -> Option<NoticeView> {
        loop {
            if let Some(notice) = self.waiting.pop_front() {
                return Some(notice);
            }
            self.told.seen();
            // Who watches may have lost role or token since.
            let permit = self.permit().await?;
            let (notices, mark) = self.desk.notices_after(&permit, self.mark.clone()).await.ok()?;
            self.mark = mark;
            self.waiting.extend(notices);
            if self.waiting.is_empty() && timeout_at(self.until, self.told.next()).await != Ok(true)
            {
                return None;
            }
        }
    }

    async fn permit(&self) -> Option<Permit> {
        let actor = self.desk.authenticate(&self.token).await.ok()??;
        self.desk.permit(&actor, Action::NoticeRead, None, None).await.ok()
    }
}
