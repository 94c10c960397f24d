//! Erasures of single fields and of imported rows: what no file holds any more, and what still verifies.

use std::collections::BTreeSet;
use std::io::Cursor;

use serde_json::json;
use sha2::{Digest as _, Sha256};

use crate::domain::id::ObjectId;
use crate::node::casework::append::fields_aad;
use crate::node::casework::cases::{CaseChange, CaseView, NewCase, NewConflict};
use crate::node::casework::erasure::NewImportErasure;
use crate::node::casework::erasure::tests::{
    confirm, fields, files_hold, open, order, show, terms, terms_in_files,
};
use crate::node::casework::testing::{TestDesk, desk};
use crate::node::casework::{Acknowledgement, Error, Held, ImportReport, NewImport, SearchQuery};
use crate::node::keys::KeyGroup;
use crate::node::store::records::{self, SealedFields};
use crate::node::store::{StoreError, imported_rows};
use crate::policy::{Action, Actor};
use crate::record::StatementHash;
use crate::record::field::leaf_hashes;
use crate::record::{Field, Leaf, Value};

/// A record's hash, the hashes of its leaves, and its sealed groups.
type Kept = (StatementHash, Vec<u8>, Vec<SealedFields>);

async fn kept(test: &TestDesk, object: ObjectId) -> Vec<Kept> {
    let read = test.desk.store.read("kept", move |tx| {
        Box::pin(async move {
            let mut kept = Vec::new();
            for row in records::of_object(tx, &object.to_string(), 0, i64::MAX).await? {
                let fields = records::fields(tx, row.seq).await?;
                kept.push((StatementHash(row.hash), row.leaf_hashes, fields));
            }
            Ok(kept)
        })
    });
    read.await.map_err(|error: StoreError| error).expect("the records")
}

/// Who has the whole store and all keys tries values from a list against the hashes of leaves, with everything that might
/// be a salt: each run of 16 bytes in what the keys open. Gives the values that were found.
async fn dictionary_attack(
    test: &TestDesk,
    object: ObjectId,
    path: &str,
    list: &[&str],
) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (hash, leaf_hashes_held, groups) in kept(test, object).await {
        let leaves: BTreeSet<&[u8]> = leaf_hashes_held.chunks(32).collect();
        for group in groups {
            let key = test.desk.keys.get(&KeyGroup::stored(&group.key_group)).await.expect("keys");
            let Some(key) = key else { continue };
            let plain =
                key.open(&fields_aad(hash, &group.key_group), &group.sealed).expect("it opens");
            for salt in plain.windows(16) {
                for guess in list {
                    let field = Field {
                        salt: salt.try_into().expect("16 bytes"),
                        value: Value::text(*guess),
                        key: path.to_owned(),
                    };
                    let leaf = Leaf::Field(field).encode();
                    let hash = leaf_hashes([leaf.as_slice()])[0];
                    if leaves.contains(&hash.0[..]) {
                        found.insert((*guess).to_owned());
                    }
                }
            }
        }
    }
    found
}

#[tokio::test]
async fn a_field_is_erased_from_every_record_and_no_list_of_guesses_finds_it() {
    let test = desk().await;
    let ada = test.officer("Ada", "case_officer", "north").await;
    let dora = test.officer("Dora", "data_protection_officer", "").await;
    let case = open(&test, &ada).await;
    let (id, object) = (case.row.id.as_str(), case.row.id.parse::<ObjectId>().unwrap());
    let permit = test.may(&ada, Action::CaseUpdate, Some(id)).await;
    let change = CaseChange { fields: fields(json!({"notes/0/text": "lives at Elm Street 7"})) };
    test.desk.update_case(&permit, change).await.unwrap();
    let list = ["seen at the gate", "lives at Elm Street 7", "something else"];
    let path = "notes/0/text";
    let before = dictionary_attack(&test, object, path, &list).await;
    assert_eq!(before.len(), 2, "the attack would find both versions: {before:?}");
    let sealed: Vec<SealedFields> =
        kept(&test, object).await.into_iter().flat_map(|(_, _, groups)| groups).collect();
    let known = terms(&test, id).await;

    let ordered = order(&test, &ada, id, &[path]).await.unwrap();
    assert_eq!(ordered.scope, [path]);
    let done = confirm(&test, &dora, &ordered.id).await.unwrap();
    assert_eq!((done.state, done.scope.as_slice()), ("done", &[path.to_owned()][..]));
    assert_eq!(dictionary_attack(&test, object, path, &list).await, BTreeSet::new());
    // Nor are the bytes there that were sealed with it.
    let main = KeyGroup::case(object);
    for group in sealed.iter().filter(|group| group.key_group == main.as_str()) {
        let piece = &group.sealed[group.sealed.len() - 24..];
        assert!(!files_hold_bytes(&test, piece), "a sealed group of {} stays", group.record_seq);
    }
    let gone: BTreeSet<_> = known.difference(&terms(&test, id).await).cloned().collect();
    assert!(!gone.is_empty());
    assert_eq!(terms_in_files(&test, &gone), 0);
    // All the rest stands and verifies.
    let left = show(&test, &ada, id).await.unwrap();
    assert!(!left.content.contains_key(path) && left.content.contains_key("subjects/0/name"));
    assert_eq!(test.desk.case_differences(object).await.unwrap(), [""; 0]);
    for held in test.desk.own_held_of(object).await.unwrap() {
        assert!(matches!(held, Held::Part(_)) && held.fields().get(path).is_none());
    }
    // It may be written anew, since it is no person, and not be erased twice.
    let change = CaseChange { fields: fields(json!({"notes/1/text": "on we go"})) };
    test.desk.update_case(&permit, change).await.unwrap();
    let again = order(&test, &ada, id, &[path]).await;
    assert!(matches!(again, Err(Error::Invalid(_))), "{again:?}");
}

fn files_hold_bytes(test: &TestDesk, needle: &[u8]) -> bool {
    ["sealane.db", "sealane.db-wal"].iter().any(|name| {
        let file = std::fs::read(test.folder.path().join(name)).unwrap_or_default();
        file.windows(needle.len()).any(|window| window == needle)
    })
}

#[tokio::test]
async fn an_identifier_is_erased_with_its_forms_and_what_was_acknowledged_of_it() {
    let test = desk().await;
    let ada = test.officer("Ada", "case_officer", "north").await;
    let dora = test.officer("Dora", "data_protection_officer", "").await;
    let case = open(&test, &ada).await;
    let id = case.row.id.as_str();
    let permit = test.may(&ada, Action::CaseUpdate, Some(id)).await;
    let bad = "csqu 305438-9";
    let change = CaseChange {
        fields: fields(json!({
            "subjects/1/identifiers/0/scheme": "container", "subjects/1/identifiers/0/value": bad,
            "subjects/1/identifiers/1/scheme": "imo", "subjects/1/identifiers/1/value": "9074729",
        })),
    };
    let changed = test.desk.update_case(&permit, change).await.unwrap();
    let warned =
        changed.warnings.iter().find(|w| w.finding.path.starts_with("subjects/1/identifiers/0"));
    let paths = vec![warned.expect("a wrong check digit is warned of").finding.path.clone()];
    let seen = Acknowledgement { paths, reason: "as painted".to_owned() };
    test.desk.acknowledge_warnings(&permit, seen).await.unwrap();
    test.desk.store.checkpoint().await.unwrap();
    assert!(!files_hold(&test, "CSQU3054389").is_empty(), "the test would find it");

    let ordered = order(&test, &ada, id, &["subjects/1/identifiers/0/observed"]).await.unwrap();
    assert_eq!(ordered.scope, ["subjects/1/identifiers/0"]);
    confirm(&test, &dora, &ordered.id).await.unwrap();
    let left = show(&test, &ada, id).await.unwrap().content;
    let is_left = |path: &str| left.keys().any(|key| key.starts_with(path));
    assert!(
        !is_left("subjects/1/identifiers/0") && !is_left("subjects/1/acknowledged"),
        "{left:?}"
    );
    assert!(is_left("subjects/1/identifiers/1/normalised") && is_left("subjects/1/name"));
    assert_eq!(files_hold(&test, "CSQU3054389"), [""; 0]);
    assert!(!left.values().any(|value| value.as_str().is_some_and(|text| text.contains("305438"))));
    let permit = test.may(&ada, Action::CaseRead, None).await;
    let query = SearchQuery { value: Some(bad.to_owned()), ..SearchQuery::default() };
    assert_eq!(test.desk.search(&permit, query).await.unwrap().items, []);
    assert_eq!(test.desk.case_differences(id.parse().unwrap()).await.unwrap(), [""; 0]);
}

/// The columns are called as the fields are.
fn mapping() -> String {
    let names =
        ["number", "description", "quantity", "unit", "date", "legal_power", "person", "container"];
    let fields = names.map(|name| format!("[fields.{name}]\ncolumn = \"{name}\"\n"));
    format!("kind = \"seizure\"\n{}", fields.concat())
}

const SEIZURES: &str = "number,description,quantity,unit,date,legal_power,person,container
S1,cigarettes,10,KGM,2026-11-20,Art. 198 UCC,Jane Q. Forgettable,CSQU3054383
S2,tea,10,KGM,2026-11-20,Art. 198 UCC,Rowan Remains,MSKU6011672
";

async fn import(test: &TestDesk, actor: &Actor, file: &str) -> ImportReport {
    let permit = test.may(actor, Action::Import, None).await;
    let input = NewImport {
        source: "seizures.csv".to_owned(),
        sha256: hex::encode(Sha256::digest(file)),
        bytes: file.len() as u64,
        mapping: Some(mapping()),
        ..NewImport::default()
    };
    let begun = test.desk.begin_import(&permit, input).await.expect("an import");
    let id = begun.id.parse().expect("an id");
    let report = test.desk.import_rows(&permit, id, Cursor::new(file.as_bytes().to_vec())).await;
    let report = report.expect("its rows");
    assert_eq!((report.import.accepted, report.import.refused), (2, 0), "{report:?}");
    report
}

async fn open_on(test: &TestDesk, actor: &Actor, seizure: &str) -> CaseView {
    let permit = test.may(actor, Action::CaseOpen, None).await;
    let input = NewCase {
        title: "What was seized".to_owned(),
        case_type: "tobacco_excise".to_owned(),
        seizure: Some(seizure.to_owned()),
        ..NewCase::default()
    };
    test.desk.open_case(&permit, input).await.expect("a case")
}

async fn has_row(test: &TestDesk, id: &str) -> bool {
    let id = id.to_owned();
    let read = test.desk.store.read("row", move |tx| {
        Box::pin(async move { imported_rows::place(tx, "seizure", &id).await })
    });
    read.await.map_err(|error: StoreError| error).expect("an answer").is_some()
}

#[tokio::test]
async fn the_imported_row_goes_with_the_person_that_a_case_took_over_from_it() {
    let test = desk().await;
    let ada = test.officer("Ada", "case_officer", "north").await;
    let dora = test.officer("Dora", "data_protection_officer", "").await;
    let imported = import(&test, &ada, SEIZURES).await;
    let case = open_on(&test, &ada, "S1").await;
    let id = case.row.id.as_str();
    assert_eq!(case.content["subjects/0/name"], json!("Jane Q. Forgettable"));
    let permit = test.may(&ada, Action::CaseUpdate, Some(id)).await;
    let led_away = CaseChange { fields: fields(json!({"facts/seizure/number": "S2"})) };
    let led_away = test.desk.update_case(&permit, led_away).await;
    assert!(matches!(led_away, Err(Error::Invalid(_))), "{led_away:?}");
    test.desk.store.checkpoint().await.unwrap();
    assert!(!files_hold(&test, "Forgettable").is_empty(), "the test would find it");

    let ordered = order(&test, &ada, id, &["subjects/0"]).await.unwrap();
    let done = confirm(&test, &dora, &ordered.id).await.unwrap();
    assert_eq!(done.imported_rows, [format!("{} line 2", imported.import.id)]);
    assert_eq!((done.rows_kept.len(), done.used_by.len()), (0, 0));
    for gone in ["Forgettable", "CSQU3054383,", "S1,cig"] {
        assert_eq!(files_hold(&test, gone), [""; 0], "{gone}");
    }
    assert!(!has_row(&test, "S1").await && has_row(&test, "S2").await);
    assert!(!files_hold(&test, "Rowan Remains").is_empty());
    assert_eq!(test.desk.case_differences(id.parse().unwrap()).await.unwrap(), [""; 0]);
}

#[tokio::test]
async fn a_row_stays_for_another_case_under_a_legal_hold_and_the_certificate_says_so() {
    let test = desk().await;
    let ada = test.officer("Ada", "case_officer", "north").await;
    let boss = test.officer("Bo", "supervisor", "north").await;
    let imported = import(&test, &ada, SEIZURES).await;
    let (case, other) = (open_on(&test, &ada, "S1").await, open_on(&test, &ada, "S1").await);
    let permit = test.may(&ada, Action::CaseUpdate, Some(&other.row.id)).await;
    let hold = json!({"holds/0/proceeding": "order 7/26", "holds/0/review": "2027-01-01"});
    test.desk.update_case(&permit, CaseChange { fields: fields(hold) }).await.unwrap();
    let ordered = order(&test, &ada, &case.row.id, &["case"]).await.unwrap();
    let done = confirm(&test, &boss, &ordered.id).await.unwrap();
    assert_eq!(done.imported_rows, [""; 0]);
    assert_eq!(done.rows_kept, [format!("{} line 2", imported.import.id)]);
    assert!(has_row(&test, "S1").await);
    // Nor does the import go.
    let refused = order_import(&test, &ada, &imported.import.id).await;
    assert!(
        matches!(refused, Err(Error::IllegalStep(why)) if why.contains("legal hold") && !why.contains(&other.row.reference))
    );
}

async fn order_import(
    test: &TestDesk,
    actor: &Actor,
    import: &str,
) -> Result<crate::node::casework::ErasureView, Error> {
    let permit = test.ask(actor, Action::ErasureOrder, Some(import)).await?;
    let input = NewImportErasure { reason: "sent by mistake".to_owned(), legal_basis: None };
    test.desk.order_import_erasure(&permit, input).await
}

#[tokio::test]
async fn an_import_is_erased_by_two_officers_who_are_told_the_cases_that_used_it() {
    let test = desk().await;
    let ada = test.officer("Ada", "case_officer", "north").await;
    let dora = test.officer("Dora", "data_protection_officer", "").await;
    let auditor = test.officer("Al", "auditor", "").await;
    let boss = test.officer("Bo", "supervisor", "north").await;
    let imported = import(&test, &ada, SEIZURES).await.import;
    let case = open_on(&test, &ada, "S1").await;
    assert!(order_import(&test, &auditor, &imported.id).await.is_err());
    let ordered = order_import(&test, &boss, &imported.id).await.unwrap();
    let used_by = vec![case.row.id.clone()];
    assert_eq!(ordered.used_by, used_by);
    // Of a case that is closed to them officers are not told; those who protect the data are.
    let permit = test.may(&boss, Action::ConflictDeclare, Some(&case.row.id)).await;
    let conflict = NewConflict { officer: None, reason: "a cousin".to_owned() };
    test.desk.declare_conflict(&permit, conflict).await.unwrap();
    let permit = test.may(&boss, Action::ErasureRead, None).await;
    let told = test.desk.erasure(&permit, ordered.id.parse().unwrap()).await.unwrap();
    assert_eq!(told.used_by, [""; 0]);
    assert_eq!((ordered.case.as_deref(), ordered.import.as_ref()), (None, Some(&imported.id)));
    let own = test.ask(&boss, Action::ErasureDecide, Some(&ordered.id)).await;
    assert!(matches!(own, Err(Error::NotPermitted(why)) if why.contains("second officer")));
    let done = confirm(&test, &dora, &ordered.id).await.unwrap();
    assert_eq!((done.state, done.used_by), ("done", used_by));
    assert_eq!(files_hold(&test, "Rowan Remains"), [""; 0]);
    assert_eq!(files_hold(&test, "seizures.csv,"), [""; 0]);
    assert!(!has_row(&test, "S1").await);
    let left = show(&test, &ada, &case.row.id).await.unwrap();
    assert_eq!(left.content["subjects/0/name"], json!("Jane Q. Forgettable"));
    assert_eq!(test.desk.case_differences(case.row.id.parse().unwrap()).await.unwrap(), [""; 0]);
    // The same file may be imported anew.
    let again = import(&test, &ada, SEIZURES).await.import;
    assert_eq!((again.id, again.accepted), (imported.id, 2));
}

#[tokio::test]
async fn a_person_whom_the_case_shows_no_longer_is_erased_like_the_others() {
    let test = desk().await;
    let ada = test.officer("Ada", "case_officer", "north").await;
    let dora = test.officer("Dora", "data_protection_officer", "").await;
    for scope in ["subjects/0", "case"] {
        let case = open(&test, &ada).await;
        let (id, object) = (case.row.id.as_str(), case.row.id.parse::<ObjectId>().unwrap());
        let cleared = json!({
            "subjects/0/name": null, "subjects/0/kind": null, "subjects/0/role": null,
            "subjects/0/identifiers/0/scheme": null, "subjects/0/identifiers/0/value": null,
        });
        let permit = test.may(&ada, Action::CaseUpdate, Some(id)).await;
        let change = CaseChange { fields: fields(cleared) };
        let changed = test.desk.update_case(&permit, change).await.unwrap();
        assert!(!changed.content.keys().any(|path| path.starts_with("subjects/0/")));
        let key = KeyGroup::subject(object, 0);
        assert!(test.desk.keys.get(&key).await.unwrap().is_some(), "{scope}");

        let ordered = order(&test, &ada, id, &[scope]).await.unwrap();
        confirm(&test, &dora, &ordered.id).await.unwrap();
        assert!(test.desk.keys.get(&key).await.unwrap().is_none(), "{scope}");
        let groups = kept(&test, object).await.into_iter().flat_map(|(_, _, groups)| groups);
        assert!(!groups.into_iter().any(|group| group.key_group == key.as_str()), "{scope}");
    }
}

#[tokio::test]
async fn what_an_erasure_leaves_at_fault_stands_in_no_other_changes_way() {
    let test = desk().await;
    let ada = test.officer("Ada", "case_officer", "north").await;
    let dora = test.officer("Dora", "data_protection_officer", "").await;
    let case = open(&test, &ada).await;
    let id = case.row.id.as_str();
    let ordered = order(&test, &ada, id, &["subjects/0/name"]).await.unwrap();
    confirm(&test, &dora, &ordered.id).await.unwrap();
    let permit = test.may(&ada, Action::CaseUpdate, Some(id)).await;
    let hold = json!({"holds/0/proceeding": "order 7/26", "holds/0/review": "2027-01-01"});
    test.desk.update_case(&permit, CaseChange { fields: fields(hold) }).await.unwrap();
    // What is at fault anew is refused as ever.
    let fault = json!({"subjects/7/kind": "person"});
    let refused = test.desk.update_case(&permit, CaseChange { fields: fields(fault) }).await;
    let Err(Error::Invalid(found)) = refused else { panic!("{refused:?}") };
    assert!(found.iter().all(|finding| finding.path.starts_with("subjects/7")), "{found:?}");
}
