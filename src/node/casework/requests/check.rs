//! What stands against an act beside the state machine: the profile's demands on a request, a refusal, an answer.

use crate::domain::assistance::{
    Act, Effect, Ground, InstrumentProfile, Refusal, RefusalScope, check_refusal, check_request,
};
use crate::domain::finding::Finding;
use crate::domain::handling::Marking;
use crate::node::casework::plain;
use crate::node::casework::requests::draft::Draft;
use crate::node::casework::requests::{CONTENT, content};
use crate::record::kinds::Facts;
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
        Act::Extend => needs(payload, &["due"]),
        Act::Supply | Act::Amend | Act::InterimReply => says_something(payload),
        Act::SupplementReply => [says_something(payload), answer(payload)].concat(),
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
        | Act::Remind
        | Act::ConfirmWritten => Vec::new(),
    }
}

/// What stands against accepting a special form of co-operation (K13 to K17): a second officer approves it, and an
/// approval under that officer's own token is not built yet. No shipped profile has these forms.
pub(crate) fn special_form(act: Act, submission: Option<&RequestAct>) -> Vec<Finding> {
    let is_special =
        |submit: &RequestAct| content::read(submit).0.kinds.iter().any(|kind| kind.is_special());
    if act == Act::Accept && submission.is_some_and(is_special) {
        return vec![Finding::error(
            "act",
            "cannot be done here: a special form of co-operation (K13 to K17) needs the approval of a second officer \
             under his own token, which this version does not have; refuse it, or agree on it outside of this system",
        )];
    }
    Vec::new()
}

/// What a submission says otherwise than its draft: the officer who submits approves what another one drafted.
pub(crate) fn changes(draft: &Draft, over: &Facts, marking: Option<&str>) -> Vec<Finding> {
    let differs = "differs from the draft: who submits approves it as it was drafted; draft it anew to change it";
    let drafted = |path: &str| draft.content.iter().find(|(name, _)| name == path);
    let mut findings: Vec<_> = over
        .iter()
        .filter(|(path, value)| drafted(path).is_none_or(|(_, drafted)| drafted != value))
        .map(|(path, _)| Finding::error(path.strip_prefix(CONTENT).unwrap_or(path), differs))
        .collect();
    if marking.is_some() && marking != draft.marking.as_deref() {
        findings.push(Finding::error("marking", differs));
    }
    findings
}

/// An act that carries nothing would be signed, sent and logged for ever without saying anything.
fn says_something(payload: &RequestAct) -> Vec<Finding> {
    if payload.content.is_empty() && payload.documents.is_empty() {
        vec![Finding::error("content", "is empty: say something, or name a document")]
    } else {
        Vec::new()
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Value;

    fn submission(kind: &str) -> RequestAct {
        RequestAct {
            act: "submit".to_owned(),
            applicant: "customs.xa.example".parse().unwrap(),
            requested: "customs.xb.example".parse().unwrap(),
            instrument: "generic.policy".to_owned(),
            offer: None,
            approver: None,
            marking: None,
            documents: vec![],
            content: vec![("content/kinds".to_owned(), Value::text(kind))],
        }
    }

    #[test]
    fn a_special_form_is_not_accepted_and_every_other_act_on_it_is_open() {
        let (special, usual) = (submission("K13"), submission("K05"));
        assert_eq!(special_form(Act::Accept, Some(&special)).len(), 1);
        assert!(special_form(Act::Refuse, Some(&special)).is_empty());
        assert!(special_form(Act::Accept, Some(&usual)).is_empty());
    }

    #[test]
    fn an_act_that_says_nothing_is_refused() {
        let empty = RequestAct { content: vec![], ..submission("K05") };
        assert_eq!(says_something(&empty).len(), 1);
        assert!(says_something(&submission("K05")).is_empty());
        assert_eq!(needs(&empty, &["due"]).len(), 1);
    }

    #[test]
    fn a_submission_may_repeat_its_draft_and_say_nothing_else() {
        let fact = |value: &str| vec![("content/facts".to_owned(), Value::text(value))];
        let draft = Draft { content: fact("a"), marking: Some("H1".to_owned()), author: None };
        assert!(changes(&draft, &fact("a"), Some("H1")).is_empty());
        let paths =
            |findings: Vec<Finding>| findings.into_iter().map(|f| f.path).collect::<Vec<_>>();
        assert_eq!(paths(changes(&draft, &fact("b"), Some("H2"))), ["facts", "marking"]);
    }
}
