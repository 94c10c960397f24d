//! What stands against an act beside the state machine: the profile's demands on a request, a refusal, an answer.

use crate::domain::assistance::{
    Act, Effect, Ground, InstrumentProfile, Refusal, RefusalScope, check_refusal, check_request,
};
use crate::domain::finding::Finding;
use crate::domain::handling::Marking;
use crate::node::casework::plain;
use crate::node::casework::requests::{CONTENT, content};
use crate::record::kinds::request::RequestAct;

/// Everything that stands against an act under a profile, by path; warnings are for the officer.
pub(crate) fn check(act: Act, payload: &RequestAct, profile: &InstrumentProfile) -> Vec<Finding> {
    match act {
        Act::Submit | Act::Resubmit | Act::RecordOral => {
            let (content, mut findings) = content::read(payload);
            findings.extend(check_request(&content, profile));
            findings
        }
        Act::Refuse => refusal(payload, Effect::Refuse, profile),
        Act::Postpone => refusal(payload, Effect::Postpone, profile),
        Act::FinalReply => answer(payload),
        Act::AskClarification => needs(payload, &["question"]),
        Act::OfferConditions | Act::ReviseConditions => needs(payload, &["conditions"]),
        Act::Supply => {
            if payload.content.is_empty() && payload.documents.is_empty() {
                vec![Finding::error("content", "is empty: answer what was asked")]
            } else {
                Vec::new()
            }
        }
        Act::Discard
        | Act::Receipt
        | Act::ReturnMalformed
        | Act::Withdraw
        | Act::Acknowledge
        | Act::NotCompetent
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
        | Act::SupplementReply => Vec::new(),
    }
}

/// Whether an answer to the request needs a second approver: a special form of co-operation (K13 to K17).
pub(crate) fn is_special(submit: &RequestAct) -> bool {
    content::read(submit).0.kinds.iter().any(|kind| kind.is_special())
}

fn needs(payload: &RequestAct, names: &[&str]) -> Vec<Finding> {
    names
        .iter()
        .filter(|name| text(payload, name).is_none_or(|text| text.trim().is_empty()))
        .map(|name| Finding::error(name, "is missing"))
        .collect()
}

fn answer(payload: &RequestAct) -> Vec<Finding> {
    let marking = payload.marking.as_deref().and_then(|text| text.parse::<Marking>().ok());
    match marking {
        None => vec![Finding::error("marking", "is missing: an answer bears one, with a grading")],
        Some(marking) if marking.grading().is_none() => vec![Finding::error(
            "marking",
            "has no grading: add source and information, such as A1 or B2",
        )],
        Some(_) => Vec::new(),
    }
}

fn refusal(payload: &RequestAct, effect: Effect, profile: &InstrumentProfile) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut grounds = Vec::new();
    for code in texts(payload, "grounds") {
        match code.parse::<Ground>() {
            Ok(ground) => grounds.push(ground),
            Err(error) => findings.push(Finding::error("grounds", &error.to_string())),
        }
    }
    let parts = texts(payload, "scope");
    let is_whole = parts.is_empty() || parts == ["whole"];
    let refusal = Refusal {
        grounds,
        scope: if is_whole { RefusalScope::Whole } else { RefusalScope::Part(parts) },
        reasons: text(payload, "reasons").unwrap_or_default(),
        legal_text: text(payload, "legal_text"),
        helpful_info: text(payload, "helpful_info"),
    };
    findings.extend(check_refusal(&refusal, effect, profile));
    findings
}

fn text(payload: &RequestAct, name: &str) -> Option<String> {
    let value = payload.content.iter().find(|(path, _)| path.strip_prefix(CONTENT) == Some(name));
    value.and_then(|(_, value)| value.as_text()).map(str::to_owned)
}

/// A list of texts, or one text alone.
fn texts(payload: &RequestAct, name: &str) -> Vec<String> {
    let fields = plain::content(CONTENT, &payload.content);
    match fields.get(name) {
        Some(serde_json::Value::String(text)) => vec![text.clone()],
        Some(serde_json::Value::Array(items)) => {
            items.iter().filter_map(|item| item.as_str().map(str::to_owned)).collect()
        }
        Some(_) | None => Vec::new(),
    }
}
