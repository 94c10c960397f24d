//! What an officer sees of requests: state, acts with what became of them, clocks, and which acts are possible now.

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

use crate::domain::assistance::{Act, ClockStart, Side, State, Urgency, legal_acts};
use crate::domain::finding::Finding;
use crate::domain::id::{AuthorityName, ObjectId};
use crate::domain::time::Timestamp;
use crate::node::casework::documents::DocumentView;
use crate::node::casework::guard::allow;
use crate::node::casework::listing::{Listing, Part, Reader};
use crate::node::casework::permits::request_resource;
use crate::node::casework::requests::draft::profile_hash;
use crate::node::casework::requests::folded::{ActRecord, Folded};
use crate::node::casework::requests::order::index_of;
use crate::node::casework::requests::{CONTENT, content};
use crate::node::casework::views::PageView;
use crate::node::casework::{Desk, Error, plain};
use crate::node::store::requests::{self, ActVerdict, Direction, RequestFilter};
use crate::node::store::{Page, StoreError, Tx};
use crate::policy::{Action, Permit};

/// Which requests a list shows.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RequestQuery {
    /// Only those in this state.
    pub state: Option<String>,
    /// Only those made (`out`) or received (`in`).
    pub direction: Option<String>,
    /// Only those with this authority.
    pub peer: Option<String>,
    /// Only those of this case.
    pub case: Option<String>,
    /// At most this many.
    pub limit: Option<u32>,
    /// After the page that ended with this mark.
    pub after: Option<String>,
}

/// A request in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct RequestSummary {
    /// Its id.
    pub id: String,
    /// `out` or `in`.
    pub direction: String,
    /// The other authority.
    pub peer: String,
    /// Where it stands.
    pub state: String,
    /// The instrument cited.
    pub instrument: String,
    /// The case here that it belongs to.
    pub case: Option<String>,
    /// When it was made.
    pub created_at: String,
    /// When it last moved.
    pub updated_at: String,
    /// When an answer is needed.
    pub answer_by: Option<String>,
}

/// One act.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ActView {
    /// The statement's hash.
    pub hash: String,
    /// Which act.
    pub act: String,
    /// `applicant`, `requested` or `requested_node`.
    pub side: String,
    /// The authority that signed it.
    pub author: String,
    /// Pseudonym of the officer, or `node`.
    pub actor: String,
    /// `applied`, `note`, `void`, `pending`, or `refused` if the other side refused it for good.
    pub verdict: String,
    /// Why it has no effect.
    pub reason: Option<String>,
    /// When it was signed, by its author's clock.
    pub at: Option<String>,
    /// Its place in the requested authority's log.
    pub position: Option<i64>,
    /// The offer that it answers.
    pub offer: Option<String>,
    /// How it must be handled.
    pub marking: Option<String>,
    /// What it says, by path.
    pub content: Map<String, Json>,
    /// Files that it releases.
    pub documents: Vec<DocumentView>,
}

/// A clock of the instrument.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ClockView {
    /// Its name.
    pub name: String,
    /// When it is due.
    pub due_at: String,
    /// Whether that has passed; nothing follows from it by itself.
    pub overdue: bool,
    /// `law`, `policy` or `agreed`.
    pub source: String,
}

/// A request with its acts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct RequestView {
    /// Its id.
    pub id: String,
    /// `out` or `in`.
    pub direction: String,
    /// The other authority.
    pub peer: String,
    /// Where it stands, by the order of the requested authority.
    pub state: String,
    /// Where it will stand once the own acts that are on their way have arrived, if nothing comes between.
    pub expected_state: String,
    /// The case here that it belongs to.
    pub case: Option<String>,
    /// The instrument cited.
    pub instrument: String,
    /// The hash of the instrument's profile.
    pub profile: String,
    /// The applicant withdrew while the answer was on its way; the limits on its use stay.
    pub late_withdrawal: bool,
    /// Reconsideration was asked for.
    pub reconsidered: bool,
    /// The hash of the act that made the present offer.
    pub current_offer: Option<String>,
    /// When it was made.
    pub created_at: String,
    /// When it last moved.
    pub updated_at: String,
    /// When an answer is needed.
    pub answer_by: Option<String>,
    /// What is asked, by path; of a draft too.
    pub content: Map<String, Json>,
    /// The acts, in order.
    pub acts: Vec<ActView>,
    /// Files that the other side released.
    pub documents: Vec<DocumentView>,
    /// Clocks that run or have run.
    pub clocks: Vec<ClockView>,
    /// What this side may do now.
    pub possible_acts: Vec<String>,
    /// What stands against submitting a draft: `path: message`.
    pub findings: Vec<String>,
}

impl Desk {
    /// Shows a request; the reading is audited.
    ///
    /// # Errors
    /// [`Error::NotFound`], or what the store says.
    pub async fn request(&self, permit: &Permit, id: ObjectId) -> Result<RequestView, Error> {
        allow(permit, Action::RequestRead, Some(id))?;
        let view = self.request_view(id).await?;
        self.note_seen(permit).await?;
        Ok(view)
    }

    /// Lists the requests that the officer could open, newest first.
    ///
    /// # Errors
    /// If the query has no sense, or what the store says.
    pub async fn requests(
        &self,
        permit: &Permit,
        query: RequestQuery,
    ) -> Result<PageView<RequestSummary>, Error> {
        allow(permit, Action::RequestRead, None)?;
        let part = Part::of(query.limit, query.after.as_deref())?;
        let filter = filter_of(query)?;
        let listing = Requests { reader: self.reader(permit).await?, filter };
        let page = self
            .store
            .read("requests", move |tx| Box::pin(async move { part.read(tx, &listing).await }))
            .await
            .map_err(|error: StoreError| Error::from(error))?;
        self.note_seen(permit).await?;
        Ok(page.map(summary))
    }

    /// A request as it stands now; whoever asks has been permitted and audited.
    pub(crate) async fn request_view(&self, id: ObjectId) -> Result<RequestView, Error> {
        self.view_of(self.folded(id).await?).await
    }

    /// A request as it was folded.
    pub(crate) async fn view_of(&self, folded: Folded) -> Result<RequestView, Error> {
        let is_draft = folded.is_unsent();
        let (mut findings, mut content_of) = (Vec::new(), Map::new());
        if is_draft && folded.row.state == State::Draft.name() {
            findings = self.draft_findings(&folded.row).await?;
            content_of = plain::content(CONTENT, &self.draft(folded.id).await?.content);
        } else if let Some(submission) = folded.submission() {
            content_of = plain::content(CONTENT, &submission.content);
        }
        Ok(self.view(&folded, content_of, &findings))
    }

    fn view(
        &self,
        folded: &Folded,
        content: Map<String, Json>,
        findings: &[Finding],
    ) -> RequestView {
        let row = &folded.row;
        let expected = if folded.is_unsent() {
            row.state.parse().unwrap_or(State::Draft)
        } else {
            folded.expected()
        };
        let state = if folded.is_unsent() { expected } else { folded.state.state };
        let side = if folded.is_requested() { Side::Requested } else { Side::Applicant };
        let base = summary(row);
        RequestView {
            id: base.id,
            direction: base.direction,
            peer: base.peer,
            state: state.name().to_owned(),
            expected_state: expected.name().to_owned(),
            case: base.case,
            instrument: base.instrument,
            profile: hex::encode(&row.profile),
            late_withdrawal: folded.state.flags.late_withdrawal,
            reconsidered: folded.state.flags.reconsidered,
            current_offer: folded.state.current_offer.map(hex::encode),
            created_at: base.created_at,
            updated_at: base.updated_at,
            answer_by: base.answer_by,
            content,
            acts: acts(folded),
            documents: self.released(folded),
            clocks: self.clocks(folded),
            possible_acts: legal_acts(expected, side)
                .into_iter()
                .map(|act| act.name().to_owned())
                .collect(),
            findings: findings.iter().map(ToString::to_string).collect(),
        }
    }

    /// The files that the other side released.
    fn released(&self, folded: &Folded) -> Vec<DocumentView> {
        let theirs = folded.acts.iter().filter(|act| act.author != self.authority);
        let payloads = theirs.filter_map(|act| act.content.as_deref());
        payloads.flat_map(|(_, payload)| payload.documents.iter().map(DocumentView::from)).collect()
    }

    fn clocks(&self, folded: &Folded) -> Vec<ClockView> {
        let hash = profile_hash(&folded.row);
        let Some(profile) = hash.and_then(|hash| self.profiles.by_hash(hash)) else {
            return Vec::new();
        };
        let urgency = folded.submission().map_or(Urgency::Routine, |s| content::read(s).0.urgency);
        let mut started: Vec<(ClockStart, Timestamp)> = Vec::new();
        for (at, verdict, _) in folded.verdicts() {
            let Some(act) = folded.acts.get(at).filter(|_| verdict == ActVerdict::Applied) else {
                continue;
            };
            if let (Some(start), Some((common, _))) = (starts(act.act), act.content.as_deref()) {
                started.retain(|(known, _)| *known != start);
                started.push((start, common.authored_at));
            }
        }
        let now = self.clock.now();
        let mut clocks = Vec::new();
        for (start, at) in started {
            for rule in profile.clocks_from(start, urgency) {
                let deadline = rule.deadline(at);
                clocks.push(ClockView {
                    name: rule.name.clone(),
                    due_at: deadline.due.to_string(),
                    overdue: deadline.is_overdue(now),
                    source: deadline.source.name().to_owned(),
                });
            }
        }
        clocks
    }
}

struct Requests {
    reader: Reader,
    filter: RequestFilter,
}

#[async_trait]
impl Listing for Requests {
    type Row = requests::Request;

    async fn rows(&self, tx: &mut Tx, page: &Page) -> Result<Vec<requests::Request>, StoreError> {
        requests::list(tx, &self.filter, page).await
    }

    fn place(row: &requests::Request) -> (i64, String) {
        (row.created_at, row.id.clone())
    }

    async fn is_open(&self, tx: &mut Tx, row: &requests::Request) -> Result<bool, StoreError> {
        let Ok(id) = row.id.parse() else { return Ok(false) };
        Ok(self.reader.may_open(&request_resource(tx, id, row).await?))
    }
}

/// The conditions of a list; a word that names nothing is told, so that it does not read as "there are none".
fn filter_of(query: RequestQuery) -> Result<RequestFilter, Error> {
    let direction = match query.direction.as_deref() {
        None => None,
        Some("in") => Some(Direction::In),
        Some("out") => Some(Direction::Out),
        Some(_) => return Err(Error::invalid("direction", "is in or out")),
    };
    if let Some(state) = &query.state
        && state.parse::<State>().is_err()
    {
        let names: Vec<_> = State::ALL.into_iter().map(State::name).collect();
        return Err(Error::invalid("state", format!("is one of {}", names.join(", "))));
    }
    if let Some(peer) = &query.peer
        && let Err(error) = peer.parse::<AuthorityName>()
    {
        return Err(Error::invalid("peer", error.to_string()));
    }
    if let Some(case) = &query.case
        && let Err(error) = case.parse::<ObjectId>()
    {
        return Err(Error::invalid("case", error.to_string()));
    }
    Ok(RequestFilter { direction, state: query.state, peer: query.peer, case_id: query.case })
}

/// Which clock an act starts.
const fn starts(act: Act) -> Option<ClockStart> {
    match act {
        Act::Receipt => Some(ClockStart::Received),
        Act::Acknowledge => Some(ClockStart::Acknowledged),
        Act::AskClarification => Some(ClockStart::ClarificationAsked),
        Act::OfferConditions | Act::ReviseConditions => Some(ClockStart::ConditionsOffered),
        Act::Postpone => Some(ClockStart::Postponed),
        Act::FinalReply | Act::Refuse | Act::NotCompetent => Some(ClockStart::Answered),
        Act::RecordOral => Some(ClockStart::OralRecorded),
        Act::Submit
        | Act::Discard
        | Act::ReturnMalformed
        | Act::Resubmit
        | Act::Withdraw
        | Act::Supply
        | Act::CancelQuestion
        | Act::AcceptConditions
        | Act::DeclineConditions
        | Act::Accept
        | Act::Resume
        | Act::AskReconsider
        | Act::Close
        | Act::AutoClose
        | Act::Amend
        | Act::Remind
        | Act::ConfirmWritten
        | Act::InterimReply
        | Act::Extend
        | Act::SupplementReply => None,
    }
}

fn summary(row: &requests::Request) -> RequestSummary {
    let time = |at: i64| Timestamp(at).to_string();
    RequestSummary {
        id: row.id.clone(),
        direction: direction(row.direction).to_owned(),
        peer: row.peer.clone(),
        state: row.state.clone(),
        instrument: row.instrument.clone(),
        case: row.case_id.clone(),
        created_at: time(row.created_at),
        updated_at: time(row.updated_at),
        answer_by: row.answer_by.map(time),
    }
}

/// How a direction is written.
pub(crate) const fn direction(direction: Direction) -> &'static str {
    match direction {
        Direction::In => "in",
        Direction::Out => "out",
    }
}

fn acts(folded: &Folded) -> Vec<ActView> {
    let verdicts = folded.verdicts().into_iter();
    verdicts
        .filter_map(|(at, verdict, reason)| Some(act(folded.acts.get(at)?, verdict, reason)))
        .collect()
}

fn act(act: &ActRecord, verdict: ActVerdict, reason: Option<String>) -> ActView {
    let verdict = match verdict {
        ActVerdict::Pending => "pending",
        ActVerdict::Applied => "applied",
        ActVerdict::Void => "void",
        ActVerdict::Note => "note",
        ActVerdict::Refused => "refused",
    };
    let common = act.content.as_deref().map(|(common, _)| common);
    let payload = act.content.as_deref().map(|(_, payload)| payload);
    ActView {
        hash: act.hash.to_string(),
        act: act.act.name().to_owned(),
        side: act.placed.act.side.name().to_owned(),
        author: act.author.to_string(),
        actor: common.map(|common| common.actor.clone()).unwrap_or_default(),
        verdict: verdict.to_owned(),
        reason,
        at: common.map(|common| common.authored_at.to_string()),
        position: act.placed.position.map(index_of),
        offer: act.placed.act.offer.map(hex::encode),
        marking: payload.and_then(|payload| payload.marking.clone()),
        content: payload
            .map(|payload| plain::content(CONTENT, &payload.content))
            .unwrap_or_default(),
        documents: payload
            .map(|payload| payload.documents.iter().map(DocumentView::from).collect())
            .unwrap_or_default(),
    }
}
