//! Erasures on a real store: two officers, what is gone, what still verifies, and a stop in between.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use serde_json::{Value as Json, json};

use crate::domain::id::ObjectId;
use crate::node::casework::cases::{CaseChange, CaseView, NewCase, Refusal};
use crate::node::casework::erasure::{ErasureQuery, ErasureView, NewErasure};
use crate::node::casework::testing::{TestDesk, desk};
use crate::node::casework::{Error, EvidenceInput, Held, SearchQuery};
use crate::node::store::erasures::{self, Erasure, ErasureState};
use crate::node::store::{StoreError, search};
use crate::policy::{Action, Actor};
use crate::record::kinds::case::CaseUpdated;

const NAME: &str = "Jane Q. Forgettable";
const IBAN: &str = "GB82WEST12345698765432";

pub(super) fn fields(json: Json) -> BTreeMap<String, Json> {
    serde_json::from_value(json).expect("fields by path")
}

pub(super) async fn open(test: &TestDesk, actor: &Actor) -> CaseView {
    let permit = test.may(actor, Action::CaseOpen, None).await;
    let input = NewCase {
        title: "Cigarettes as tea".to_owned(),
        case_type: "tobacco_excise".to_owned(),
        fields: fields(json!({
            "subjects/0/name": NAME, "subjects/0/kind": "person", "subjects/0/role": "suspect",
            "subjects/0/identifiers/0/scheme": "iban", "subjects/0/identifiers/0/value": IBAN,
            "subjects/1/name": "Bob Staying", "subjects/1/kind": "person", "subjects/1/role": "witness",
            "notes/0/text": "seen at the gate",
        })),
        ..NewCase::default()
    };
    test.desk.open_case(&permit, input).await.expect("a case")
}

pub(super) async fn order(
    test: &TestDesk,
    actor: &Actor,
    case: &str,
    scope: &[&str],
) -> Result<ErasureView, Error> {
    let permit = test.may(actor, Action::ErasureOrder, Some(case)).await;
    let input = NewErasure {
        scope: scope.iter().map(|part| (*part).to_owned()).collect(),
        reason: "acquitted".to_owned(),
        legal_basis: Some("Art. 16 LED".to_owned()),
    };
    test.desk.order_erasure(&permit, input).await
}

pub(super) async fn confirm(
    test: &TestDesk,
    actor: &Actor,
    id: &str,
) -> Result<ErasureView, Error> {
    let permit = test.may(actor, Action::ErasureDecide, Some(id)).await;
    test.desk.confirm_erasure(&permit).await
}

fn by_iban() -> SearchQuery {
    SearchQuery { value: Some(IBAN.to_owned()), ..SearchQuery::default() }
}

fn by_name() -> SearchQuery {
    SearchQuery { name: Some(NAME.to_owned()), ..SearchQuery::default() }
}

pub(super) async fn show(test: &TestDesk, actor: &Actor, id: &str) -> Result<CaseView, Error> {
    let permit = test.ask(actor, Action::CaseRead, Some(id)).await?;
    test.desk.case(&permit).await
}

/// Whether any file of the node holds a text.
pub(super) fn files_hold(test: &TestDesk, needle: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![test.folder.path().to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if fs::read(&path)
                .expect("a file")
                .windows(needle.len())
                .any(|w| w == needle.as_bytes())
            {
                found.push(path.display().to_string());
            }
        }
    }
    found
}

/// What search knows of a case.
pub(super) async fn terms(test: &TestDesk, case: &str) -> BTreeSet<String> {
    let case = case.to_owned();
    let read = test.desk.store.read("terms", move |tx| {
        Box::pin(async move { search::get(tx, &case).await.map_err(|error: StoreError| error) })
    });
    read.await.expect("an answer").map(|row| row.terms).unwrap_or_default()
}

/// How many of some terms stand in a file of the node. An index leaves out the letters that a term shares with the one
/// before it.
pub(super) fn terms_in_files(test: &TestDesk, terms: &BTreeSet<String>) -> usize {
    terms.iter().filter(|term| !files_hold(test, &term[2..]).is_empty()).count()
}

#[tokio::test]
async fn a_person_is_erased_by_two_officers_and_the_rest_still_verifies() {
    let test = desk().await;
    let ada = test.officer("Ada", "case_officer", "north").await;
    let dora = test.officer("Dora", "data_protection_officer", "").await;
    let case = open(&test, &ada).await;
    let (id, object) = (case.row.id.as_str(), case.row.id.parse::<ObjectId>().unwrap());
    // Remnants of earlier versions must go as well.
    let permit = test.may(&ada, Action::CaseUpdate, Some(id)).await;
    let change = CaseChange { fields: fields(json!({"notes/1/text": "and again"})) };
    test.desk.update_case(&permit, change).await.unwrap();
    test.desk.store.checkpoint().await.unwrap();
    assert!(!files_hold(&test, IBAN).is_empty(), "the test would find it");
    let known = terms(&test, id).await;
    assert!(terms_in_files(&test, &known) * 2 > known.len(), "the test would find most of them");

    let ordered = order(&test, &ada, id, &["subjects/0"]).await.unwrap();
    assert_eq!((ordered.state, ordered.ordered_by.as_str()), ("ordered", ada.pseudonym.as_str()));
    assert_eq!(show(&test, &ada, id).await.unwrap().content["subjects/0/name"], json!(NAME));
    let done = confirm(&test, &dora, &ordered.id).await.unwrap();
    assert_eq!((done.state, done.holders.len()), ("done", 0));
    assert!(done.certificate.is_some());
    // 90 days after the clock of the test.
    assert!(done.backups_until.unwrap().starts_with("2027-02-22"));

    let left = show(&test, &ada, id).await.unwrap();
    assert!(left.content.keys().all(|path| !path.starts_with("subjects/0/")), "{:?}", left.content);
    assert_eq!(left.content["subjects/1/name"], json!("Bob Staying"));
    assert_eq!(test.desk.case_differences(object).await.unwrap(), [""; 0]);
    // The record still verifies, as a part of itself.
    let held = test.desk.own_held_of(object).await.unwrap();
    assert!(matches!(held[0], Held::Part(_)) && held[0].fields().get("subjects/1/name").is_some());
    let permit = test.may(&ada, Action::CaseRead, None).await;
    for query in [by_iban(), by_name()] {
        assert_eq!(test.desk.search(&permit, query).await.unwrap().items, []);
    }
    assert_eq!(files_hold(&test, IBAN), [""; 0]);
    assert_eq!(files_hold(&test, NAME), [""; 0]);
    let gone: BTreeSet<_> = known.difference(&terms(&test, id).await).cloned().collect();
    assert!(gone.len() > 10 && gone.len() < known.len(), "{} of {}", gone.len(), known.len());
    assert_eq!(terms_in_files(&test, &gone), 0);
    // A person of that number does not come back, and the rest of the case can be worked on.
    let permit = test.may(&ada, Action::CaseUpdate, Some(id)).await;
    let back = CaseChange { fields: fields(json!({"subjects/0/name": NAME})) };
    assert!(matches!(test.desk.update_case(&permit, back).await, Err(Error::Erased(_))));
    let change = CaseChange { fields: fields(json!({"notes/2/text": "on we go"})) };
    test.desk.update_case(&permit, change).await.unwrap();
}

#[tokio::test]
async fn a_whole_case_is_erased_with_its_evidence() {
    let test = desk().await;
    let ada = test.officer("Ada", "case_officer", "north").await;
    let boss = test.officer("Bo", "supervisor", "north").await;
    let case = open(&test, &ada).await;
    let id = case.row.id.as_str();
    let permit = test.may(&ada, Action::EvidenceAdd, Some(id)).await;
    let input: EvidenceInput = serde_json::from_value(json!({"description": "photo"})).unwrap();
    test.desk.add_evidence(&permit, input, &b"the bytes of a photo"[..], &|_| ()).await.unwrap();
    assert!(!test.blob_files().is_empty());
    let known = terms(&test, id).await;
    let ordered = order(&test, &ada, id, &["case"]).await.unwrap();
    confirm(&test, &boss, &ordered.id).await.unwrap();
    assert!(matches!(show(&test, &ada, id).await, Err(Error::NotFound(_))));
    assert_eq!(test.blob_files(), Vec::<std::path::PathBuf>::new());
    for text in [NAME, IBAN, "Cigarettes as tea"] {
        assert_eq!(files_hold(&test, text), [""; 0], "{text}");
    }
    assert_eq!(terms_in_files(&test, &known), 0);
    // What was done stays known.
    let auditor = test.officer("Al", "auditor", "").await;
    let permit = test.may(&auditor, Action::ErasureRead, None).await;
    let listed = test.desk.erasures(&permit, ErasureQuery::default()).await.unwrap().items;
    assert_eq!(
        (listed.len(), listed[0].state, listed[0].reason.as_str()),
        (1, "done", "acquitted")
    );
    let none = ErasureQuery { state: Some("gone".to_owned()), ..ErasureQuery::default() };
    assert!(matches!(test.desk.erasures(&permit, none).await, Err(Error::Invalid(_))));
}

#[tokio::test]
async fn nobody_decides_on_their_own_order_and_a_refused_one_erases_nothing() {
    let test = desk().await;
    let boss = test.officer("Bo", "supervisor", "north").await;
    let ada = test.officer("Ada", "case_officer", "north").await;
    let dora = test.officer("Dora", "data_protection_officer", "").await;
    let case = open(&test, &ada).await;
    let id = case.row.id.as_str();
    let ordered = order(&test, &boss, id, &["subjects/0", "subjects/1"]).await.unwrap();
    let own = test.ask(&boss, Action::ErasureDecide, Some(&ordered.id)).await;
    assert!(matches!(own, Err(Error::NotPermitted(why)) if why.contains("second officer")));
    assert!(test.ask(&ada, Action::ErasureDecide, Some(&ordered.id)).await.is_err());
    // The data-protection officer sees the order, not the case.
    assert!(test.ask(&dora, Action::CaseRead, Some(id)).await.is_err());
    let twice = order(&test, &ada, id, &["subjects/1"]).await;
    assert!(matches!(twice, Err(Error::IllegalStep(_))));
    let permit = test.may(&dora, Action::ErasureDecide, Some(&ordered.id)).await;
    let silent = test.desk.refuse_erasure(&permit, Refusal::default()).await;
    assert!(matches!(silent, Err(Error::Invalid(_))));
    let refusal = Refusal { reason: "the appeal is pending".to_owned() };
    let refused = test.desk.refuse_erasure(&permit, refusal).await.unwrap();
    assert_eq!(
        (refused.state, refused.refusal.as_deref()),
        ("refused", Some("the appeal is pending"))
    );
    let late = test.desk.confirm_erasure(&permit).await;
    assert!(matches!(late, Err(Error::IllegalStep(why)) if why.contains("refused")));
    assert_eq!(show(&test, &ada, id).await.unwrap().content["subjects/0/name"], json!(NAME));
}

#[tokio::test]
async fn a_legal_hold_beats_an_erasure_until_it_is_lifted() {
    let test = desk().await;
    let ada = test.officer("Ada", "case_officer", "north").await;
    let dora = test.officer("Dora", "data_protection_officer", "").await;
    let case = open(&test, &ada).await;
    let id = case.row.id.as_str();
    let ordered = order(&test, &ada, id, &["subjects/0"]).await.unwrap();
    let permit = test.may(&ada, Action::CaseUpdate, Some(id)).await;
    let set = async |json: Json| {
        let change = CaseChange { fields: fields(json) };
        test.desk.update_case(&permit, change).await.unwrap();
    };
    set(json!({"holds/0/proceeding": "court order 7/26", "holds/0/review": "2027-01-01"})).await;
    let held = confirm(&test, &dora, &ordered.id).await;
    assert!(matches!(held, Err(Error::IllegalStep(why)) if why.contains("court order 7/26")));
    set(json!({"holds/0/lifted": "2026-11-24"})).await;
    assert_eq!(confirm(&test, &dora, &ordered.id).await.unwrap().state, "done");
    for (scope, path) in
        [(&["subjects/0"][..], "scope"), (&["subjects/9"], "scope"), (&["goods/0"], "scope")]
    {
        match order(&test, &ada, id, scope).await {
            Err(Error::Invalid(findings)) => assert_eq!(findings[0].path, path),
            other => panic!("{scope:?}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn a_change_that_was_made_ready_before_an_erasure_does_not_bring_back_what_was_erased() {
    let test = desk().await;
    let ada = test.officer("Ada", "case_officer", "north").await;
    let dora = test.officer("Dora", "data_protection_officer", "").await;
    let case = open(&test, &ada).await;
    let permit = test.may(&ada, Action::CaseUpdate, Some(&case.row.id)).await;
    let standing = test.desk.standing(case.row.id.parse().unwrap()).await.unwrap();
    let payload = CaseUpdated { title: Some("Tea".to_owned()), content: Vec::new() };
    let write = test.desk.case_write(&permit, &payload, standing.case, &standing.content);
    let write = write.await.unwrap();
    for (scope, person) in [("subjects/0", IBAN), ("case", "Bob Staying")] {
        let ordered = order(&test, &ada, &case.row.id, &[scope]).await.unwrap();
        confirm(&test, &dora, &ordered.id).await.unwrap();
        assert_eq!(files_hold(&test, person), [""; 0]);
    }
    let late = test.desk.keep_case("update_case", write).await;
    assert!(matches!(late, Err(Error::Conflict(_))), "{late:?}");
    test.desk.store.checkpoint().await.unwrap();
    assert_eq!(files_hold(&test, IBAN), [""; 0]);
    assert!(matches!(show(&test, &ada, &case.row.id).await, Err(Error::NotFound(_))));
}

#[tokio::test]
async fn a_person_erased_meanwhile_is_not_written_again_by_a_change_of_the_case() {
    let test = desk().await;
    let ada = test.officer("Ada", "case_officer", "north").await;
    let dora = test.officer("Dora", "data_protection_officer", "").await;
    let case = open(&test, &ada).await;
    let permit = test.may(&ada, Action::CaseUpdate, Some(&case.row.id)).await;
    let standing = test.desk.standing(case.row.id.parse().unwrap()).await.unwrap();
    let payload = CaseUpdated { title: Some("Tea".to_owned()), content: Vec::new() };
    let write = test.desk.case_write(&permit, &payload, standing.case, &standing.content);
    let write = write.await.unwrap();
    let ordered = order(&test, &ada, &case.row.id, &["subjects/0"]).await.unwrap();
    confirm(&test, &dora, &ordered.id).await.unwrap();
    let late = test.desk.keep_case("update_case", write).await;
    assert!(matches!(late, Err(Error::Conflict(_))), "{late:?}");
    test.desk.store.checkpoint().await.unwrap();
    assert_eq!(files_hold(&test, IBAN), [""; 0]);
}

#[tokio::test]
async fn an_erasure_that_a_stop_interrupted_is_carried_on_with() {
    let test = desk().await;
    let ada = test.officer("Ada", "case_officer", "north").await;
    let case = open(&test, &ada).await;
    let ordered = order(&test, &ada, &case.row.id, &["subjects/0"]).await.unwrap();
    // As if the node had stopped right after the decision was durable.
    let id = ordered.id.clone();
    test.desk
        .store
        .write("stopped", move |tx| {
            let id = id.clone();
            Box::pin(async move {
                let row = erasures::get(tx, &id).await?.expect("the order");
                // One that cannot be carried out stands first.
                let broken = Erasure {
                    id: ObjectId::from_random([9; 16]).to_string(),
                    scope: "nonsense".to_owned(),
                    state: ErasureState::Confirmed,
                    ordered_at: i64::MAX,
                    ..row.clone()
                };
                erasures::insert(tx, &broken).await?;
                let row = Erasure { state: ErasureState::Confirmed, decided_at: Some(1), ..row };
                erasures::advance(tx, ErasureState::Ordered, &row).await
            })
        })
        .await
        .map_err(|error: StoreError| error)
        .unwrap();
    assert!(test.desk.finish_erasures().await.is_err(), "the other one is told");
    let left = show(&test, &ada, &case.row.id).await.unwrap();
    assert!(left.content.keys().all(|path| !path.starts_with("subjects/0/")));
    assert_eq!(files_hold(&test, IBAN), [""; 0]);
}
