//! What a profile finds in requests and refusals.

use std::str::FromStr;

use super::request::*;
use crate::domain::assistance::kinds::{AssistanceKind, Effect, Ground, Urgency};
use crate::domain::assistance::profile::{
    EvidenceUse, Forms, GroundRule, InstrumentProfile, KindRule, OnwardRule, Track,
};
use crate::domain::case::{Subject, SubjectKind, SubjectRole};
use crate::domain::finding::{Severity, has_error};
use crate::domain::handling::{Marking, Tlp};
use crate::domain::id::AuthorityName;

fn authority(code: &str) -> AuthorityName {
    AuthorityName::from_str(&format!("customs.{code}.example")).unwrap()
}

fn profile() -> InstrumentProfile {
    let rule = |kind| KindRule {
        kind,
        required: Vec::new(),
        excused: Vec::new(),
        goods_classes: Vec::new(),
    };
    InstrumentProfile {
        id: "test.profile".to_owned(),
        version: 1,
        title: "Test".to_owned(),
        tracks: vec![Track::Administrative],
        kinds: vec![
            rule(AssistanceKind::Enquiries),
            KindRule {
                excused: vec![RequestField::Facts],
                required: vec![RequestField::Documents],
                ..rule(AssistanceKind::Notification)
            },
            KindRule {
                goods_classes: vec!["drugs".to_owned()],
                ..rule(AssistanceKind::ControlledDelivery)
            },
        ],
        required: vec![
            RequestField::ObjectReason,
            RequestField::LegalProvisions,
            RequestField::Persons,
            RequestField::Facts,
        ],
        forms: Forms { written: true, electronic: true, oral: false, oral_confirm_within: None },
        languages: vec!["en".to_owned()],
        clocks: Vec::new(),
        clarification_pauses: false,
        grounds: vec![
            GroundRule { ground: Ground::PublicOrder, effects: vec![Effect::Refuse] },
            GroundRule { ground: Ground::DomesticLaw, effects: vec![Effect::Refuse] },
            GroundRule { ground: Ground::RunningProceedings, effects: vec![Effect::Postpone] },
        ],
        reasons_required: true,
        evidence_use: EvidenceUse::Consent,
        onward: OnwardRule::OriginatorConsent,
        default_marking: Marking::of(Tlp::Amber),
        review_days: 365,
        citations: Vec::new(),
    }
}

fn content() -> RequestContent {
    RequestContent {
        requested: authority("xb"),
        applicant: authority("xa"),
        contact: None,
        track: Track::Administrative,
        kinds: vec![AssistanceKind::Enquiries],
        purposes: Vec::new(),
        object_reason: Some("origin of cigarettes".to_owned()),
        legal_provisions: vec!["Customs Act 12".to_owned()],
        persons: Vec::new(),
        persons_unknown: true,
        consignments: Vec::new(),
        declarations: Vec::new(),
        goods_class: None,
        facts: Some("a false certificate".to_owned()),
        enquiries_done: None,
        documents: Vec::new(),
        procedure_wished: None,
        urgency: Urgency::Routine,
        urgency_reason: None,
        answer_by: None,
        language: Some("en".to_owned()),
        reciprocity_limit: None,
        marking: None,
        intended_onward: Vec::new(),
        evidence_intent: EvidenceIntent::None,
    }
}

fn paths(content: &RequestContent) -> Vec<String> {
    check_request(content, &profile()).into_iter().map(|finding| finding.path).collect()
}

#[test]
fn a_request_that_holds_what_the_profile_asks_has_no_defect() {
    assert_eq!(check_request(&content(), &profile()), []);
}

#[test]
fn all_defects_are_listed_with_their_paths() {
    let bare = RequestContent {
        requested: authority("xa"),
        track: Track::Judicial,
        kinds: vec![AssistanceKind::Recovery],
        object_reason: None,
        legal_provisions: vec![" ".to_owned()],
        persons_unknown: false,
        facts: Some(String::new()),
        urgency: Urgency::Immediate,
        ..content()
    };
    assert_eq!(
        paths(&bare),
        [
            "requested",
            "track",
            "kinds/0",
            "object_reason",
            "legal_provisions",
            "persons",
            "facts",
            "urgency_reason"
        ]
    );
    assert!(has_error(&check_request(&bare, &profile())));
    assert_eq!(paths(&RequestContent { kinds: Vec::new(), ..content() }), ["kinds"]);
}

#[test]
fn a_kind_may_ask_for_more_or_excuse_a_field() {
    let service =
        RequestContent { kinds: vec![AssistanceKind::Notification], facts: None, ..content() };
    assert_eq!(paths(&service), ["documents"]);
    let mixed = RequestContent {
        kinds: vec![AssistanceKind::Notification, AssistanceKind::Enquiries],
        documents: vec![[0; 32]],
        ..service
    };
    assert_eq!(paths(&mixed), ["facts"]);
}

#[test]
fn a_special_form_is_for_its_classes_of_goods() {
    let delivery = RequestContent { kinds: vec![AssistanceKind::ControlledDelivery], ..content() };
    assert_eq!(paths(&delivery), ["goods_class"]);
    let drugs = RequestContent { goods_class: Some("drugs".to_owned()), ..delivery };
    assert!(paths(&drugs).is_empty());
}

#[test]
fn warnings_are_shown_and_do_not_forbid() {
    let odd = RequestContent {
        evidence_intent: EvidenceIntent::Judicial,
        language: Some("fr".to_owned()),
        ..content()
    };
    let findings = check_request(&odd, &profile());
    assert_eq!(findings.len(), 2);
    assert!(findings.iter().all(|finding| finding.severity == Severity::Warning));
    let never = InstrumentProfile { evidence_use: EvidenceUse::No, ..profile() };
    assert!(has_error(&check_request(&odd, &never)));
}

#[test]
fn findings_of_persons_carry_their_place() {
    let mut subject = Subject::new(SubjectKind::Organisation, SubjectRole::Other, "Nord").unwrap();
    subject.born = crate::domain::time::Date::new(2000, 1, 1).ok();
    let named = RequestContent { persons: vec![subject], ..content() };
    assert_eq!(paths(&named), ["persons_unknown", "persons/0/born", "persons/0/identifiers"]);
}

#[test]
fn a_refusal_has_a_ground_and_reasons() {
    let refusal = Refusal {
        grounds: vec![Ground::PublicOrder],
        scope: RefusalScope::Whole,
        reasons: "because".to_owned(),
        legal_text: None,
        helpful_info: None,
    };
    assert_eq!(check_refusal(&refusal, Effect::Refuse, &profile()), []);
    let empty = Refusal {
        grounds: Vec::new(),
        reasons: " ".to_owned(),
        scope: RefusalScope::Part(Vec::new()),
        ..refusal.clone()
    };
    assert_eq!(check_refusal(&empty, Effect::Refuse, &profile()).len(), 3);
    let unknown = Refusal { grounds: vec![Ground::Burden], ..refusal.clone() };
    assert!(has_error(&check_refusal(&unknown, Effect::Refuse, &profile())));
    let law = Refusal { grounds: vec![Ground::DomesticLaw], ..refusal.clone() };
    assert!(has_error(&check_refusal(&law, Effect::Refuse, &profile())));
    let running = Refusal { grounds: vec![Ground::RunningProceedings], ..refusal };
    let findings = check_refusal(&running, Effect::Refuse, &profile());
    assert!(!findings.is_empty() && !has_error(&findings));
    assert_eq!(check_refusal(&running, Effect::Postpone, &profile()), []);
}
