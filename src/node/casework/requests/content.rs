//! The content of a request, read from the fields of an act; what cannot be read is a finding, not an error.

use std::str::FromStr;

use serde_json::{Map, Value as Json};

use crate::domain::assistance::{AssistanceKind, EvidenceIntent, RequestContent, Track, Urgency};
use crate::domain::case::{Consignment, Subject, SubjectKind, SubjectRole, TransportMode};
use crate::domain::finding::Finding;
use crate::domain::handling::{Marking, Purpose};
use crate::domain::id::AuthorityName;
use crate::domain::identifier::{Identifier, Scheme};
use crate::domain::time::{Date, Timestamp};
use crate::node::casework::plain;
use crate::node::casework::requests::CONTENT;
use crate::record::kinds::request::RequestAct;

/// The most entries of a list in a request.
const ENTRIES_MAX: usize = 256;

/// Reads the content; findings name what has no sense.
pub(crate) fn read(act: &RequestAct) -> (RequestContent, Vec<Finding>) {
    let mut reader =
        Reader { tree: tree(&plain::content(CONTENT, &act.content)), findings: vec![] };
    let r = &mut reader;
    let content = RequestContent {
        requested: act.requested.clone(),
        applicant: act.applicant.clone(),
        contact: r.text("contact"),
        track: r.word("track", track).unwrap_or(Track::Administrative),
        kinds: r.list("kinds", parse::<AssistanceKind>),
        purposes: r.list("purposes", parse::<Purpose>),
        object_reason: r.text("object_reason"),
        legal_provisions: r.list("legal_provisions", text_of),
        persons: r.list("persons", person),
        persons_unknown: r.flag("persons_unknown"),
        consignments: r.list("consignments", consignment),
        declarations: r.list("declarations", |json| identifier(json, Some(Scheme::Declaration))),
        goods_class: r.text("goods_class"),
        facts: r.text("facts"),
        enquiries_done: r.text("enquiries_done"),
        documents: act.documents.iter().map(|document| document.sha256).collect(),
        procedure_wished: r.text("procedure_wished"),
        urgency: r.word("urgency", parse::<Urgency>).unwrap_or(Urgency::Routine),
        urgency_reason: r.text("urgency_reason"),
        answer_by: r.word("answer_by", day),
        language: r.text("language"),
        reciprocity_limit: r.text("reciprocity_limit"),
        marking: marking(act.marking.as_deref(), r),
        intended_onward: r.list("intended_onward", parse::<AuthorityName>),
        evidence_intent: r.word("evidence_intent", intent).unwrap_or(EvidenceIntent::None),
    };
    (content, reader.findings)
}

fn marking(text: Option<&str>, reader: &mut Reader) -> Option<Marking> {
    match text?.parse() {
        Ok(marking) => Some(marking),
        Err(error) => {
            let error: crate::domain::handling::InvalidMarking = error;
            reader.findings.push(Finding::error("marking", &error.to_string()));
            None
        }
    }
}

/// Paths such as `persons/0/name` as nested objects, so that both spellings of a list mean the same.
fn tree(flat: &Map<String, Json>) -> Map<String, Json> {
    let mut root = Map::new();
    for (path, value) in flat {
        let mut parts = path.split('/').peekable();
        let mut node = &mut root;
        while let Some(part) = parts.next() {
            if parts.peek().is_none() {
                node.insert(part.to_owned(), value.clone());
                break;
            }
            let below = node.entry(part.to_owned()).or_insert_with(|| Json::Object(Map::new()));
            match below {
                Json::Object(map) => node = map,
                Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) | Json::Array(_) => {
                    break;
                }
            }
        }
    }
    root
}

struct Reader {
    tree: Map<String, Json>,
    findings: Vec<Finding>,
}

impl Reader {
    fn text(&self, key: &str) -> Option<String> {
        self.tree.get(key).and_then(Json::as_str).map(str::to_owned)
    }

    fn flag(&self, key: &str) -> bool {
        match self.tree.get(key) {
            Some(Json::Bool(flag)) => *flag,
            Some(Json::String(text)) => text == "true",
            Some(Json::Null | Json::Number(_) | Json::Array(_) | Json::Object(_)) | None => false,
        }
    }

    fn word<T>(&mut self, key: &str, read: impl Fn(&Json) -> Result<T, String>) -> Option<T> {
        let json = self.tree.get(key).filter(|json| !json.is_null())?;
        match read(json) {
            Ok(value) => Some(value),
            Err(why) => {
                self.findings.push(Finding::error(key, &why));
                None
            }
        }
    }

    fn list<T>(&mut self, key: &str, read: impl Fn(&Json) -> Result<T, String>) -> Vec<T> {
        let Some(json) = self.tree.get(key) else { return Vec::new() };
        let entries = entries(json);
        if entries.len() > ENTRIES_MAX {
            self.findings.push(Finding::error(key, "has more than 256 entries"));
        }
        let mut values = Vec::new();
        for (at, entry) in entries.into_iter().take(ENTRIES_MAX).enumerate() {
            match read(entry) {
                Ok(value) => values.push(value),
                Err(why) => self.findings.push(Finding::error(&format!("{key}/{at}"), &why)),
            }
        }
        values
    }
}

/// A list is an array, an object with numbers as keys, or one entry alone.
fn entries(json: &Json) -> Vec<&Json> {
    match json {
        Json::Null => Vec::new(),
        Json::Array(items) => items.iter().collect(),
        Json::Object(map) if !map.is_empty() && map.keys().all(|k| k.parse::<u32>().is_ok()) => {
            let mut items: Vec<_> = map.iter().collect();
            items.sort_by_key(|(key, _)| key.parse::<u32>().unwrap_or(u32::MAX));
            items.into_iter().map(|(_, item)| item).collect()
        }
        Json::Bool(_) | Json::Number(_) | Json::String(_) | Json::Object(_) => vec![json],
    }
}

fn text_of(json: &Json) -> Result<String, String> {
    json.as_str().map(str::to_owned).ok_or_else(|| "is not a text".to_owned())
}

fn parse<T: FromStr<Err: std::fmt::Display>>(json: &Json) -> Result<T, String> {
    text_of(json)?.parse().map_err(|error: T::Err| error.to_string())
}

fn track(json: &Json) -> Result<Track, String> {
    match text_of(json)?.as_str() {
        "administrative" => Ok(Track::Administrative),
        "judicial" => Ok(Track::Judicial),
        _ => Err("is administrative or judicial".to_owned()),
    }
}

fn intent(json: &Json) -> Result<EvidenceIntent, String> {
    match text_of(json)?.as_str() {
        "none" => Ok(EvidenceIntent::None),
        "administrative" => Ok(EvidenceIntent::Administrative),
        "judicial" => Ok(EvidenceIntent::Judicial),
        _ => Err("is none, administrative or judicial".to_owned()),
    }
}

/// The end of a calendar day, UTC.
fn day(json: &Json) -> Result<Timestamp, String> {
    let date: Date = parse(json)?;
    end_of_day(date).ok_or_else(|| "is out of range".to_owned())
}

/// The last second of a day, UTC.
pub(crate) fn end_of_day(date: Date) -> Option<Timestamp> {
    // Hinnant, `days_from_civil`; the years of a `Date` keep every product small.
    let (month, day) = (i64::from(date.month()), i64::from(date.day()));
    let year = i64::from(date.year()) - i64::from(month <= 2);
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let shifted = if month > 2 { month - 3 } else { month + 9 };
    let of_year = (153 * shifted + 2) / 5 + day - 1;
    let days = era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468;
    days.checked_add(1)?.checked_mul(86_400).map(|secs| Timestamp::from_secs(secs - 1))
}

/// An identifier as text, or with its value and perhaps its scheme; `scheme` is the one of a bare text, and without any
/// the text has to tell.
fn identifier(json: &Json, scheme: Option<Scheme>) -> Result<Identifier, String> {
    let (scheme, text) = match json {
        Json::Object(map) => {
            let named = map.get("scheme").map(parse::<Scheme>).transpose()?;
            let value = map.get("value").or_else(|| map.get("observed"));
            (named.or(scheme), text_of(value.ok_or("has no value")?)?)
        }
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) | Json::Array(_) => {
            (scheme, text_of(json)?)
        }
    };
    let seen = match scheme {
        Some(scheme) => Identifier::observe(scheme, &text),
        None => Identifier::recognise(&text),
    };
    seen.map_err(|error| error.to_string())
}

fn identifiers(map: &Map<String, Json>) -> Result<Vec<Identifier>, String> {
    map.get("identifiers").map_or_else(
        || Ok(Vec::new()),
        |json| entries(json).into_iter().map(|one| identifier(one, None)).collect(),
    )
}

fn person(json: &Json) -> Result<Subject, String> {
    let named =
        |name: &str, kind, role| Subject::new(kind, role, name).map_err(|error| error.to_string());
    let Json::Object(map) = json else {
        return named(&text_of(json)?, SubjectKind::Person, SubjectRole::Other);
    };
    let kind = map.get("kind").map(parse::<SubjectKind>).transpose()?;
    let role = map.get("role").map(parse::<SubjectRole>).transpose()?;
    let name = text_of(map.get("name").ok_or("has no name")?)?;
    let subject =
        named(&name, kind.unwrap_or(SubjectKind::Person), role.unwrap_or(SubjectRole::Other))?;
    let born = map.get("born").map(parse::<Date>).transpose()?;
    Ok(Subject { born, identifiers: identifiers(map)?, ..subject })
}

fn consignment(json: &Json) -> Result<Consignment, String> {
    let Json::Object(map) = json else {
        let one = identifier(json, None)?;
        return Consignment::new(TransportMode::Unknown, vec![one]).map_err(|e| e.to_string());
    };
    let mode = map.get("mode").map(parse::<TransportMode>).transpose()?;
    let mode = mode.unwrap_or(TransportMode::Unknown);
    Consignment::new(mode, identifiers(map)?).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Value;

    fn act(fields: &[(&str, Value)]) -> RequestAct {
        RequestAct {
            act: "submit".to_owned(),
            applicant: "customs.xa.example".parse().unwrap(),
            requested: "customs.xb.example".parse().unwrap(),
            instrument: "generic.policy".to_owned(),
            offer: None,
            approver: None,
            marking: Some("H1 TLP:AMBER".to_owned()),
            documents: vec![],
            content: fields
                .iter()
                .map(|(key, value)| (format!("content/{key}"), value.clone()))
                .collect(),
        }
    }

    #[test]
    fn a_list_is_read_from_an_array_from_paths_and_from_one_entry() {
        let kinds = Value::Array(vec![Value::text("K05"), Value::text("K04")]);
        let (content, findings) = read(&act(&[
            ("kinds", kinds),
            ("purposes", Value::text("prosecution")),
            ("persons/0/name", Value::text("A")),
            ("persons/1/name", Value::text("B")),
            ("answer_by", Value::text("2026-12-01")),
        ]));
        assert_eq!(findings, []);
        assert_eq!(content.kinds, [AssistanceKind::Enquiries, AssistanceKind::Surveillance]);
        assert_eq!(content.purposes, [Purpose::Prosecution]);
        let names: Vec<_> = content.persons.iter().map(|person| person.name.as_str()).collect();
        assert_eq!(names, ["A", "B"]);
        assert_eq!(content.answer_by.unwrap().to_string(), "2026-12-01T23:59:59Z");
    }

    #[test]
    fn a_number_without_a_scheme_is_read_by_its_form() {
        let seen = Value::Array(vec![Value::text("csqu 305438-3"), Value::text("a lorry")]);
        let (content, findings) = read(&act(&[("consignments", seen)]));
        assert_eq!(findings, []);
        let schemes = content.consignments.iter().flat_map(|one| &one.identifiers);
        let schemes: Vec<_> = schemes.map(|identifier| identifier.scheme).collect();
        assert_eq!(schemes, [Scheme::Container, Scheme::Other]);
    }

    #[test]
    fn what_has_no_sense_is_found_by_its_path() {
        let (_, findings) =
            read(&act(&[("kinds", Value::text("K99")), ("urgency", Value::int(3))]));
        let paths: Vec<_> = findings.iter().map(|finding| finding.path.as_str()).collect();
        assert_eq!(paths, ["kinds/0", "urgency"]);
    }
}
