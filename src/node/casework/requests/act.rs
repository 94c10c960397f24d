//! An officer's act on a request: legal in the state that this node knows, complete by the profile, signed, queued.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value as Json};

use crate::domain::assistance::{Act, SequencedAct, State};
use crate::domain::id::{AuthorityName, ObjectId};
use crate::node::casework::append::{Authorship, Prepared, SHARED_CHAIN};
use crate::node::casework::audit_trail::done as event;
use crate::node::casework::guard::allow;
use crate::node::casework::requests::CONTENT;
use crate::node::casework::requests::check::{changes, check, special_form};
use crate::node::casework::requests::draft::{answer_by, overlay, profile_hash, refuse_errors};
use crate::node::casework::requests::folded::Folded;
use crate::node::casework::requests::memory::Opened;
use crate::node::casework::requests::order::side;
use crate::node::casework::requests::view::RequestView;
use crate::node::casework::{Desk, Error, documents, plain};
use crate::node::store::audit_events::{self, NewAuditEvent};
use crate::node::store::outbox::{self, NewOutgoing, OutboxFrame};
use crate::node::store::requests::{self, ActVerdict};
use crate::node::store::{StoreError, Tx, users};
use crate::policy::{Action, Permit, Role};
use crate::record::kinds::document::Document;
use crate::record::kinds::request::RequestAct;

/// How often an act is signed again because a statement of the other side came first.
const ROUNDS_MAX: usize = 5;

/// An act to be signed: its name, and beside it its fields. `offer`, `documents`, `marking` and `approver` have their
/// own meaning; everything else is content.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub struct ActInput {
    /// The act, such as `submit` or `final_reply`.
    pub act: String,
    /// Its fields.
    #[serde(flatten)]
    pub fields: Map<String, Json>,
}

/// An act's input, read.
struct Wanted {
    act: Act,
    offer: Option<[u8; 32]>,
    documents: Vec<String>,
    marking: Option<String>,
    approver: Option<String>,
    content: Map<String, Json>,
}

/// What the write of an act needs.
struct Writing {
    prepared: Prepared,
    row: requests::RequestAct,
    request: Option<requests::Request>,
    outgoing: NewOutgoing,
    documents: Vec<Document>,
    peer: AuthorityName,
    event: NewAuditEvent,
}

/// Which action a permit must allow for an act.
#[must_use]
pub(crate) const fn action_for(act: Act) -> Action {
    match act {
        Act::Submit | Act::Resubmit => Action::RequestSubmit,
        Act::Discard
        | Act::RecordOral
        | Act::Receipt
        | Act::ReturnMalformed
        | Act::Withdraw
        | Act::Acknowledge
        | Act::NotCompetent
        | Act::AskClarification
        | Act::Supply
        | Act::CancelQuestion
        | Act::OfferConditions
        | Act::ReviseConditions
        | Act::AcceptConditions
        | Act::DeclineConditions
        | Act::Accept
        | Act::Postpone
        | Act::Resume
        | Act::Refuse
        | Act::FinalReply
        | Act::AskReconsider
        | Act::Close
        | Act::AutoClose
        | Act::Amend
        | Act::Remind
        | Act::ConfirmWritten
        | Act::InterimReply
        | Act::Extend
        | Act::SupplementReply => Action::RequestAct,
    }
}

impl ActInput {
    /// The action for which this act needs a permit.
    ///
    /// # Errors
    /// If there is no such act.
    pub fn action(&self) -> Result<Action, Error> {
        self.parsed().map(action_for)
    }

    fn parsed(&self) -> Result<Act, Error> {
        self.act.parse().map_err(|_| {
            Error::invalid("act", "is not an act; `request show` names those possible now")
        })
    }

    fn read(self) -> Result<Wanted, Error> {
        let act = self.parsed()?;
        let mut content = self.fields;
        let offer = text(&mut content, "offer")?
            .map(|hex_text| {
                let mut hash = [0; 32];
                hex::decode_to_slice(&hex_text, &mut hash)
                    .map_err(|_| Error::invalid("offer", "is not the hash of an act"))?;
                Ok::<_, Error>(hash)
            })
            .transpose()?;
        let documents = match content.remove("documents") {
            None | Some(Json::Null) => Vec::new(),
            Some(Json::String(one)) => vec![one],
            Some(Json::Array(many)) => many
                .into_iter()
                .map(|one| one.as_str().map(str::to_owned))
                .collect::<Option<_>>()
                .ok_or_else(|| Error::invalid("documents", "are ids of evidence"))?,
            Some(Json::Bool(_) | Json::Number(_) | Json::Object(_)) => {
                return Err(Error::invalid("documents", "are ids of evidence"));
            }
        };
        let marking = text(&mut content, "marking")?
            .map(|text| documents::marking("marking", &text).map(|marking| marking.to_string()))
            .transpose()?;
        let approver = text(&mut content, "approver")?;
        Ok(Wanted { act, offer, documents, marking, approver, content })
    }
}

fn text(fields: &mut Map<String, Json>, name: &str) -> Result<Option<String>, Error> {
    match fields.remove(name) {
        None | Some(Json::Null) => Ok(None),
        Some(Json::String(text)) => Ok(Some(text)),
        Some(Json::Bool(_) | Json::Number(_) | Json::Array(_) | Json::Object(_)) => {
            Err(Error::invalid(name, "is not a text"))
        }
    }
}

impl Desk {
    /// Signs an act and queues it for the other side.
    ///
    /// # Errors
    /// [`Error::IllegalStep`] if the state does not allow it or the other side is no peer any more, [`Error::Invalid`] if
    /// the profile asks for more.
    pub async fn act(
        &self,
        permit: &Permit,
        request: ObjectId,
        input: ActInput,
    ) -> Result<RequestView, Error> {
        let wanted = input.read()?;
        allow(permit, action_for(wanted.act), Some(request))?;
        for round in 1.. {
            match self.try_act(permit, request, &wanted).await {
                // The other side's statement moved the chain: look again, and sign on its head.
                Err(Error::Conflict(_)) if round < ROUNDS_MAX => {}
                Err(error) => return Err(error),
                Ok(Some(folded)) => return self.view_of(folded).await,
                Ok(None) => break,
            }
        }
        self.request_view(request).await
    }

    /// Gives the request with the act; nothing if a draft was discarded.
    async fn try_act(
        &self,
        permit: &Permit,
        id: ObjectId,
        wanted: &Wanted,
    ) -> Result<Option<Folded>, Error> {
        let epoch = self.keys.epoch();
        let folded = self.folded(id).await?;
        if folded.is_unsent() && folded.row.state != State::Draft.name() {
            return Err(Error::IllegalStep("the draft was discarded".to_owned()));
        }
        if folded.is_unsent() && wanted.act == Act::Discard {
            return self.discard_draft(permit, id).await.map(|()| None);
        }
        self.refuse_removed([&folded.peer()?])?;
        let payload = self.payload(permit, &folded, wanted).await?;
        let is_requested = folded.is_requested();
        folded
            .would_be(SequencedAct {
                hash: [0; 32],
                prev: folded.head.map(|head| head.0),
                side: side(is_requested, false, wanted.act),
                act: wanted.act,
                offer: payload.offer,
            })
            .map_err(Error::IllegalStep)?;
        self.guard(permit, &folded, wanted.act, &payload).await?;
        let mut row = folded.row.clone();
        let writing = self.writing(permit, &folded, wanted.act, payload).await?;
        if let Some(submitted) = &writing.request {
            row.answer_by = submitted.answer_by;
        }
        let (act, mut opened) = (writing.row.clone(), writing.opened());
        opened.seq = self
            .store
            .write_with("request_act", writing, |tx, writing| {
                Box::pin(async move { writing.write(tx).await })
            })
            .await?;
        self.committed();
        self.with_own(folded, row, (epoch, act, opened)).await.map(Some)
    }

    /// What the act says.
    async fn payload(
        &self,
        permit: &Permit,
        folded: &Folded,
        wanted: &Wanted,
    ) -> Result<RequestAct, Error> {
        let over = plain::facts(CONTENT, &wanted.content)?;
        let peer = folded.peer()?;
        let is_requested = folded.is_requested();
        let (applicant, requested) = if is_requested {
            (peer, self.authority.clone())
        } else {
            (self.authority.clone(), peer)
        };
        let mut marking = wanted.marking.clone();
        let mut content = over;
        if matches!(wanted.act, Act::Submit | Act::Resubmit) {
            let draft = self.draft(folded.id).await?;
            if wanted.act == Act::Submit && self.rules.four_eyes {
                refuse_errors(changes(&draft, &content, marking.as_deref()))?;
            }
            content = overlay(draft.content, content);
            marking = marking.or(draft.marking);
        }
        let is_answer_to_offer =
            matches!(wanted.act, Act::AcceptConditions | Act::DeclineConditions);
        let offer = wanted.offer.or(folded.state.current_offer).filter(|_| is_answer_to_offer);
        let bears = match &marking {
            Some(marking) => documents::marking("marking", marking)?,
            None => self.default_marking(folded),
        };
        let documents = self.documents(permit, &wanted.documents, &bears).await?;
        if marking.is_none() && !documents.is_empty() {
            marking = Some(bears.to_string());
        }
        Ok(RequestAct {
            act: wanted.act.name().to_owned(),
            applicant,
            requested,
            instrument: folded.row.instrument.clone(),
            offer,
            approver: wanted.approver.clone(),
            marking,
            documents,
            content,
        })
    }

    fn default_marking(&self, folded: &Folded) -> crate::domain::handling::Marking {
        profile_hash(&folded.row)
            .and_then(|hash| self.profiles.by_hash(hash))
            .map_or_else(crate::domain::handling::Marking::strictest, |profile| {
                profile.default_marking.clone()
            })
    }

    /// What stands against the act beside the state.
    async fn guard(
        &self,
        permit: &Permit,
        folded: &Folded,
        act: Act,
        payload: &RequestAct,
    ) -> Result<(), Error> {
        let profile = profile_hash(&folded.row)
            .and_then(|hash| self.profiles.by_hash(hash))
            .ok_or_else(|| Error::invalid("instrument", "is not held by this node any more"))?;
        refuse_errors(check(act, payload, profile))?;
        if act == Act::Submit && self.rules.four_eyes {
            let author = self.draft(folded.id).await?.author;
            if author.is_none() || author == permit.user() {
                return Err(Error::NotPermitted(
                    "a request is submitted by another officer than the one who drafted it"
                        .to_owned(),
                ));
            }
        }
        refuse_errors(special_form(act, folded.submission()))?;
        if let Some(approver) = &payload.approver {
            self.second_officer(permit, approver.clone()).await?;
        }
        Ok(())
    }

    /// An officer who is named as approver is another one, and of a role that approves. That he did approve is the
    /// word of the officer who acts: an act of his own under his own token is not built yet, so nothing rests on it.
    async fn second_officer(&self, permit: &Permit, approver: String) -> Result<(), Error> {
        if approver == permit.actor().as_str() {
            return Err(Error::invalid(
                "approver",
                "must be another officer than the one who acts",
            ));
        }
        let backing = self.backing();
        let read = self.store.read("request_approver", move |tx| {
            Box::pin(async move {
                let user = users::by_pseudonym(tx, &approver).await?;
                match user.filter(|user| user.disabled_at.is_none()) {
                    Some(user) => backing.actor(tx, &user).await,
                    None => Ok(None),
                }
            })
        });
        let Some(second) = read.await.map_err(|error: StoreError| Error::from(error))? else {
            let why = "is not the pseudonym of an officer of this node";
            return Err(Error::invalid("approver", why));
        };
        let seconding = [Role::Supervisor, Role::ContactPoint];
        if seconding.iter().any(|role| second.roles.contains(role)) {
            return Ok(());
        }
        match seconding.iter().find_map(|role| second.suspended.get_key_value(role)) {
            Some((role, why)) => {
                Err(Error::invalid("approver", format!("has the role {role} suspended: {why}")))
            }
            None => Err(Error::invalid("approver", "is neither a supervisor nor a contact point")),
        }
    }

    async fn writing(
        &self,
        permit: &Permit,
        folded: &Folded,
        act: Act,
        payload: RequestAct,
    ) -> Result<Writing, Error> {
        let peer = folded.peer()?;
        let now = self.clock.now();
        let profile = folded.row.profile.as_slice().try_into().ok();
        let authorship = Authorship { profile, ..Authorship::of(permit, folded.head) };
        let prepared = self.author(folded.id, authorship, &payload).await?;
        let request = matches!(act, Act::Submit | Act::Resubmit)
            .then(|| requests::Request { answer_by: answer_by(&payload), ..folded.row.clone() });
        Ok(Writing {
            row: requests::RequestAct {
                request_id: folded.id.to_string(),
                record_hash: prepared.hash().0,
                author: self.authority.to_string(),
                act: act.name().to_owned(),
                position: None,
                verdict: ActVerdict::Pending,
                at: now.0,
            },
            request,
            outgoing: outgoing(&peer, folded.id, &prepared, now.0),
            documents: payload.documents,
            peer,
            event: NewAuditEvent {
                detail: Some(act.name().to_owned()),
                ..event(permit, now, Some(folded.id))
            },
            prepared,
        })
    }
}

/// The row that sends an act, whole, in the order of its request.
pub(crate) fn outgoing(
    peer: &AuthorityName,
    conversation: ObjectId,
    prepared: &Prepared,
    now: i64,
) -> NewOutgoing {
    NewOutgoing {
        peer: peer.to_string(),
        conversation: conversation.to_string(),
        record_hash: prepared.hash().0,
        frame: OutboxFrame::Deliver,
        disclosure: None,
        queued_at: now,
    }
}

impl Writing {
    /// The act as if it had been read back; its place in commit order is known only after the write.
    fn opened(&self) -> Opened {
        let payload = self.prepared.held.payload::<RequestAct>().ok();
        let common = self.prepared.held.common();
        Opened {
            seq: 0,
            prev: common.prev.map(|hash| hash.0),
            content: payload.map(|payload| Arc::new((common.clone(), payload))),
            position: None,
            bytes: self.prepared.sealed_bytes(),
        }
    }

    /// Gives the act's place in commit order.
    async fn write(&self, tx: &mut Tx) -> Result<i64, Error> {
        let seq = self.prepared.append_to(tx, SHARED_CHAIN).await?;
        if let Some(request) = &self.request {
            // Only what the submission sets; the state is for the fold.
            let known = requests::get(tx, &request.id).await?.ok_or(Error::NotFound("request"))?;
            let answer_by = request.answer_by;
            requests::put(tx, &requests::Request { answer_by, ..known }).await?;
        }
        requests::put_act(tx, &self.row).await?;
        outbox::enqueue(tx, std::slice::from_ref(&self.outgoing)).await?;
        let peers = std::slice::from_ref(&self.peer);
        documents::grant(tx, &self.documents, peers, self.prepared.hash()).await?;
        audit_events::append(tx, &self.event).await?;
        Ok(seq)
    }
}
