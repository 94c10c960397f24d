//! Acts of peers on requests: taken in by whoever is a party, and the answers that the requested node gives by itself.

use async_trait::async_trait;

use crate::domain::assistance::{Act, SequencedAct, Side, State, Verdict, fold};
use crate::domain::finding::{Severity, has_error};
use crate::domain::id::{AuthorityName, ObjectId};
use crate::node::casework::append::{Authorship, Prepared, SHARED_CHAIN};
use crate::node::casework::documents::references;
use crate::node::casework::load::Held;
use crate::node::casework::receive::arrival::{Arrival, ArrivalError, Stopped};
use crate::node::casework::receive::open::Refused;
use crate::node::casework::receive::whose::{Family, refuse_other_family};
use crate::node::casework::requests::CONTENT;
use crate::node::casework::requests::act::outgoing;
use crate::node::casework::requests::check::check;
use crate::node::casework::requests::draft::answer_by;
use crate::node::casework::requests::order::side;
use crate::node::casework::{Desk, Error};
use crate::node::profiles::ProfileHash;
use crate::node::store::object_fields::{self, ObjectField};
use crate::node::store::outbox::{self, NewOutgoing};
use crate::node::store::requests::{self, ActVerdict, Direction, Request};
use crate::node::store::{Tx, chains};
use crate::record::kinds::request::RequestAct;
use crate::record::payload::{ACTOR_NODE, Common};
use crate::record::{StatementHash, Value};

/// The longest list of findings in the reasons of a returned request.
const REASONS_MAX: usize = 20;

/// An act that came.
struct ActArrival {
    id: ObjectId,
    /// The request as it begins with this act.
    begins: Request,
    /// Whether this act may begin a request.
    may_begin: bool,
    row: requests::RequestAct,
    documents: Vec<ObjectField>,
    answer: Option<Answer>,
}

/// What the requested node answers by itself.
struct Answer {
    prepared: Prepared,
    row: requests::RequestAct,
    outgoing: NewOutgoing,
}

#[async_trait]
impl Arrival for ActArrival {
    async fn apply(&self, tx: &mut Tx, hash: StatementHash) -> Result<(), ArrivalError> {
        let id = self.begins.id.as_str();
        match requests::get(tx, id).await? {
            Some(known) => {
                let is_same = known.peer == self.begins.peer
                    && known.direction == self.begins.direction
                    && known.instrument == self.begins.instrument;
                if !is_same {
                    let reason = "the act is of another request than the one under this id";
                    return Err(ArrivalError::Refused(Refused::new("not_party", reason)));
                }
                if self.answer.is_some() && self.begins.answer_by != known.answer_by {
                    let answer_by = self.begins.answer_by;
                    requests::put(tx, &Request { answer_by, ..known }).await?;
                }
            }
            None if self.may_begin => {
                refuse_other_family(tx, id, Some(Family::Request)).await?;
                requests::insert(tx, &self.begins).await?;
            }
            None => {
                let reason = "this node has no request under this id";
                return Err(ArrivalError::Refused(Refused::new("unknown_request", reason)));
            }
        }
        requests::put_act(tx, &self.row).await?;
        object_fields::put_all(tx, &self.documents).await?;
        chains::set(tx, id, SHARED_CHAIN, &hash.0).await?;
        if let Some(answer) = &self.answer {
            answer.prepared.append_to(tx, SHARED_CHAIN).await?;
            requests::put_act(tx, &answer.row).await?;
            outbox::enqueue(tx, std::slice::from_ref(&answer.outgoing)).await?;
        }
        Ok(())
    }

    fn has_answer(&self) -> bool {
        self.answer.is_some()
    }

    fn request(&self) -> Option<ObjectId> {
        Some(self.id)
    }
}

/// Whether a record is an act that this version understands.
pub(crate) fn is_understood(held: &Held) -> bool {
    held.payload::<RequestAct>().map_or(true, |payload| payload.act.parse::<Act>().is_ok())
}

impl Desk {
    /// Decides what an act of a peer does.
    pub(crate) async fn act_arrival(
        &self,
        peer: &AuthorityName,
        held: &Held,
    ) -> Result<Box<dyn Arrival>, Stopped> {
        let Held::Whole(record) = held else {
            return Err(
                Refused::new("bad_fields", "an act is delivered with all its fields").into()
            );
        };
        let payload: RequestAct =
            record.payload().map_err(|error| Refused::new("bad_fields", error.to_string()))?;
        let act: Act = payload
            .act
            .parse()
            .map_err(|_| Refused::new("bad_fields", "the act has no name that is known"))?;
        let direction = self.direction_of(peer, &payload)?;
        let (common, hash) = (record.common(), record.hash());
        let id = common.object;
        let now = self.clock.now().0;
        let begins = Request {
            id: id.to_string(),
            direction,
            peer: peer.to_string(),
            case_id: None,
            instrument: payload.instrument.clone(),
            profile: common.profile.map(Vec::from).unwrap_or_default(),
            state: State::Submitted.name().to_owned(),
            version: 0,
            created_at: now,
            updated_at: now,
            answer_by: answer_by(&payload),
            late_withdrawal: 0,
        };
        let arriving = arriving(peer, common, hash, act, &payload);
        let is_submission =
            direction == Direction::In && matches!(act, Act::Submit | Act::Resubmit);
        let answer = if is_submission && self.would_apply(id, arriving).await? {
            Some(self.node_answer(peer, common, hash, act, &payload).await?)
        } else {
            None
        };
        Ok(Box::new(ActArrival {
            id,
            may_begin: begins_a_request(direction, act),
            row: act_row(id, peer, act, hash, now),
            documents: references(&payload.documents, hash),
            begins,
            answer,
        }))
    }

    /// Whether an act of the applicant would take effect where it arrives.
    async fn would_apply(&self, id: ObjectId, arriving: SequencedAct) -> Result<bool, Error> {
        let state = match self.folded(id).await {
            Ok(folded) => folded.with_next(arriving),
            Err(Error::NotFound(_)) => fold(&[arriving]),
            Err(error) => return Err(error),
        };
        let is_applied = state.verdicts.last() == Some(&Verdict::Applied);
        Ok(is_applied && arriving.side == Side::Applicant)
    }

    /// Both parties are named in each act; one of them signed it and the other is this node.
    fn direction_of(
        &self,
        peer: &AuthorityName,
        payload: &RequestAct,
    ) -> Result<Direction, Refused> {
        if payload.requested == self.authority && payload.applicant == *peer {
            Ok(Direction::In)
        } else if payload.applicant == self.authority && payload.requested == *peer {
            Ok(Direction::Out)
        } else {
            Err(Refused::new("not_recipient", "the act is of a request between others"))
        }
    }

    /// `receipt`, or `return_malformed` with the reasons: not a refusal in law.
    async fn node_answer(
        &self,
        peer: &AuthorityName,
        common: &Common,
        submitted: StatementHash,
        act: Act,
        payload: &RequestAct,
    ) -> Result<Answer, Error> {
        let reasons = self.defects(common, act, payload);
        let answer = if reasons.is_empty() { Act::Receipt } else { Act::ReturnMalformed };
        let mut content = Vec::new();
        if !reasons.is_empty() {
            content.push((format!("{CONTENT}reasons"), Value::Text(reasons.join("; "))));
        }
        let said = RequestAct {
            act: answer.name().to_owned(),
            applicant: payload.applicant.clone(),
            requested: payload.requested.clone(),
            instrument: payload.instrument.clone(),
            offer: None,
            approver: None,
            marking: None,
            documents: Vec::new(),
            content,
        };
        let authorship =
            Authorship { profile: common.profile, ..Authorship::node(Some(submitted)) };
        let prepared = self.author(common.object, authorship, &said).await?;
        let now = self.clock.now().0;
        Ok(Answer {
            row: act_row(common.object, &self.authority, answer, prepared.hash(), now),
            outgoing: outgoing(peer, common.object, &prepared, now),
            prepared,
        })
    }

    /// Why a request goes back for its form.
    fn defects(&self, common: &Common, act: Act, payload: &RequestAct) -> Vec<String> {
        let held = common.profile.and_then(|hash| self.profiles.by_hash(ProfileHash(hash)));
        let Some(profile) = held.filter(|profile| profile.id == payload.instrument) else {
            return vec![
                "profile differs: this node does not hold the instrument profile that the request names"
                    .to_owned(),
            ];
        };
        let findings = check(act, payload, profile);
        if !has_error(&findings) {
            return Vec::new();
        }
        let errors = findings.iter().filter(|finding| finding.severity == Severity::Error);
        errors.take(REASONS_MAX).map(ToString::to_string).collect()
    }
}

fn arriving(
    peer: &AuthorityName,
    common: &Common,
    hash: StatementHash,
    act: Act,
    payload: &RequestAct,
) -> SequencedAct {
    let is_requested = *peer == payload.requested;
    SequencedAct {
        hash: hash.0,
        prev: common.prev.map(|prev| prev.0),
        side: side(is_requested, common.actor == ACTOR_NODE, act),
        act,
        offer: payload.offer,
    }
}

fn act_row(
    id: ObjectId,
    author: &AuthorityName,
    act: Act,
    hash: StatementHash,
    now: i64,
) -> requests::RequestAct {
    requests::RequestAct {
        request_id: id.to_string(),
        record_hash: hash.0,
        author: author.to_string(),
        act: act.name().to_owned(),
        position: None,
        verdict: ActVerdict::Pending,
        at: now,
    }
}

/// An applicant's submission begins a request at the requested side, an oral one at the applicant's.
const fn begins_a_request(direction: Direction, act: Act) -> bool {
    matches!((direction, act), (Direction::In, Act::Submit) | (Direction::Out, Act::RecordOral))
}
