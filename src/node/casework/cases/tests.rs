//! Use cases of cases on a real store.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};

use crate::domain::id::ObjectId;
use crate::node::casework::cases::{CaseChange, CaseQuery, CaseView, Linking, Movement, NewCase};
use crate::node::casework::testing::{TestDesk, desk};
use crate::node::casework::{Error, SearchQuery};
use crate::node::keys::KeyGroup;
use crate::policy::{Action, Actor, Permit};
use crate::record::StatementHash;
use crate::record::kinds::case::CaseUpdated;

fn fields(json: Json) -> BTreeMap<String, Json> {
    serde_json::from_value(json).unwrap()
}

fn new_case(json: Json) -> NewCase {
    NewCase {
        title: "Cigarettes as tea".to_owned(),
        case_type: "tobacco_excise".to_owned(),
        fields: fields(json),
        ..NewCase::default()
    }
}

async fn open(test: &TestDesk, actor: &Actor, json: Json) -> CaseView {
    let permit = test.may(actor, Action::CaseOpen, None).await;
    test.desk.open_case(&permit, new_case(json)).await.unwrap()
}

async fn differences(test: &TestDesk, case: &CaseView) -> Vec<String> {
    test.desk.case_differences(case.row.id.parse().unwrap()).await.unwrap()
}

/// The permit of an officer who has seen the case so.
fn on(permit: &Permit, case: &CaseView) -> Permit {
    permit.clone().on_head(StatementHash::from_hex(&case.head).unwrap().0)
}

fn moved(to: &str, reason: Option<&str>) -> Movement {
    Movement { to: to.to_owned(), reason: reason.map(str::to_owned), legal_basis: None }
}

#[tokio::test]
async fn a_case_is_opened_changed_and_moved_and_its_projection_is_what_its_records_say() {
    let test = desk().await;
    let ada = test.officer("Ada", "case_officer", "north").await;
    let case = open(
        &test,
        &ada,
        json!({
            "subjects/0/name": "Tea House Ltd", "subjects/0/kind": "organisation",
            "subjects/0/role": "suspect",
            "goods/0/description": "tea", "goods/0/hs": "0902", "goods/0/hs_edition": "2022",
            "goods/0/packages": 12,
            "identifiers/0/scheme": "container", "identifiers/0/value": "CSQU3054383",
        }),
    )
    .await;
    assert_eq!(case.row.reference, "2026/000001");
    assert_eq!((case.row.status.as_str(), case.row.unit.as_str()), ("suspicion", "north"));
    assert_eq!(case.content["goods/0/packages"], json!(12));
    assert_eq!(case.identifiers[0].check, "pass");
    assert_eq!(case.warnings, []);
    assert_eq!(differences(&test, &case).await, [""; 0]);

    let permit = test.may(&ada, Action::CaseUpdate, Some(&case.row.id)).await;
    let change = CaseChange {
        fields: fields(json!({
            "title": "Cigarettes", "goods/0/hs": "240220", "goods/0/packages": null,
        })),
    };
    let case = test.desk.update_case(&on(&permit, &case), change).await.unwrap();
    assert_eq!((case.row.title.as_str(), case.row.version), ("Cigarettes", 2));
    assert_eq!(case.content.get("goods/0/packages"), None);
    assert_eq!(differences(&test, &case).await, [""; 0]);

    let permit = test.may(&ada, Action::CaseMove, Some(&case.row.id)).await;
    let case = test.desk.move_case(&on(&permit, &case), moved("triage", None)).await.unwrap();
    assert_eq!(case.row.status, "triage");
    assert_eq!(differences(&test, &case).await, [""; 0]);
    let kinds: Vec<_> = case.history.iter().map(|record| record.kind.as_str()).collect();
    assert_eq!(kinds, ["case.opened/1", "case.updated/1", "case.moved/1"]);
    assert!(case.history.iter().all(|record| record.actor == ada.pseudonym.as_str()));

    let read = test.may(&ada, Action::CaseRead, Some(&case.row.id)).await;
    assert_eq!(test.desk.case(&read).await.unwrap(), case);
    let trail = test.trail().await;
    for row in ["case.open", "case.update", "case.move"] {
        assert!(trail.contains(&(row.to_owned(), "done".to_owned())), "{row}");
    }
    assert!(trail.contains(&("case.read".to_owned(), "seen".to_owned())));
}

#[tokio::test]
async fn a_step_that_the_rules_do_not_know_is_refused_and_changes_nothing() {
    let test = desk().await;
    let ada = test.officer("Ada", "case_officer", "north").await;
    let case = open(&test, &ada, json!({})).await;
    let permit = test.may(&ada, Action::CaseMove, Some(&case.row.id)).await;
    let refused = test.desk.move_case(&permit, moved("proceedings", None)).await;
    assert!(matches!(refused, Err(Error::IllegalStep(why)) if why.contains("R04a")));
    let silent = test.desk.move_case(&permit, moved("closed", None)).await;
    assert!(matches!(silent, Err(Error::Invalid(findings)) if findings[0].path == "reason"));
    let read = test.may(&ada, Action::CaseRead, Some(&case.row.id)).await;
    assert_eq!(test.desk.case(&read).await.unwrap().row.version, 1);
}

#[tokio::test]
async fn whoever_has_not_seen_the_newest_record_changes_nothing() {
    let test = desk().await;
    let ada = test.officer("Ada", "case_officer", "north").await;
    let case = open(&test, &ada, json!({})).await;
    let permit = test.may(&ada, Action::CaseUpdate, Some(&case.row.id)).await;
    let change = |text: &str| CaseChange { fields: fields(json!({"notes/0/text": text})) };
    test.desk.update_case(&on(&permit, &case), change("first")).await.unwrap();
    let stale = test.desk.update_case(&on(&permit, &case), change("second")).await;
    assert!(matches!(stale, Err(Error::Conflict(_))));
    // Two at once without a version: the chain lets one through, or both one after the other.
    let (one, two) = tokio::join!(
        test.desk.update_case(&permit, change("third")),
        test.desk.update_case(&permit, change("fourth")),
    );
    let done = [&one, &two].into_iter().filter(|result| result.is_ok()).count();
    for result in [one, two] {
        assert!(matches!(result, Ok(_) | Err(Error::Conflict(_))));
    }
    let read = test.may(&ada, Action::CaseRead, Some(&case.row.id)).await;
    let now = test.desk.case(&read).await.unwrap();
    assert_eq!(usize::try_from(now.row.version).unwrap(), 2 + done);
    assert_eq!(differences(&test, &now).await, [""; 0]);
}

#[tokio::test]
async fn a_forged_number_is_kept_with_a_warning_and_found_again() {
    let test = desk().await;
    let ada = test.officer("Ada", "case_officer", "north").await;
    let content = json!({
        "identifiers/0/scheme": "container", "identifiers/0/value": "csqu 305438-4",
    });
    let case = open(&test, &ada, content).await;
    assert_eq!(case.identifiers[0].check, "fail");
    assert_eq!(case.warnings.len(), 1);
    assert_eq!(case.warnings[0].finding.path, "identifiers/0");

    let query = |value: &str, scheme: Option<&str>| SearchQuery {
        scheme: scheme.map(str::to_owned),
        value: Some(value.to_owned()),
        ..SearchQuery::default()
    };
    let permit = test.may(&ada, Action::CaseRead, None).await;
    for query in [
        query("CSQU3054384", Some("container")),
        query("CSQU 305438 4", None),
        query("ｃｓｑｕ　３０５４３８－４", Some("container")),
        query("CSQU\u{2013}305438\u{2013}4", None),
    ] {
        let hits = test.desk.search(&permit, query).await.unwrap().items;
        assert_eq!(hits.len(), 1);
        assert_eq!(hits[0].row.id, case.row.id);
        assert_eq!(hits[0].places[0].check_result, "fail");
    }
    let eve = test.officer("Eve", "case_officer", "south").await;
    let permit = test.may(&eve, Action::CaseRead, None).await;
    let hits = test.desk.search(&permit, query("CSQU3054384", None)).await.unwrap();
    assert_eq!(hits.items, []);
}

#[tokio::test]
async fn an_unsound_content_is_refused_with_its_paths() {
    let test = desk().await;
    let ada = test.officer("Ada", "case_officer", "north").await;
    let permit = test.may(&ada, Action::CaseOpen, None).await;
    for (content, path) in [
        (json!({"goods/0/value": 1.5}), "goods/0/value"),
        (json!({"goods/0/hs": "240220"}), "goods/0/hs_edition"),
        (json!({"subjects/0/role": "suspect"}), "subjects/0/name"),
    ] {
        match test.desk.open_case(&permit, new_case(content)).await {
            Err(Error::Invalid(findings)) => assert_eq!(findings[0].path, path),
            other => panic!("{path}: {other:?}"),
        }
    }
    let input = NewCase { case_type: "customs_fraud".to_owned(), ..new_case(json!({})) };
    assert!(matches!(test.desk.open_case(&permit, input).await, Err(Error::Invalid(_))));
}

#[tokio::test]
async fn role_purpose_and_team_decide_and_a_forbidden_case_looks_like_none() {
    let test = desk().await;
    let ada = test.officer("Ada", "case_officer", "north").await;
    let eve = test.officer("Eve", "case_officer", "south").await;
    let root = test.officer("Root", "system_administrator", "").await;
    let case = open(&test, &ada, json!({})).await;
    let id = Some(case.row.id.as_str());

    let denied = test.ask(&root, Action::CaseOpen, None).await;
    assert!(matches!(denied, Err(Error::NotPermitted(_))));
    let object = case.row.id.parse::<ObjectId>().unwrap();
    let denied = test.desk.permit(&ada, Action::CaseRead, Some(object), None).await;
    assert!(matches!(denied, Err(Error::NotPermitted(_))));
    let other = ObjectId::from_random([3; 16]).to_string();
    for id in [id, Some(other.as_str())] {
        assert!(matches!(test.ask(&eve, Action::CaseRead, id).await, Err(Error::NotFound("case"))));
        let denied = test.ask(&root, Action::CaseRead, id).await;
        assert!(matches!(denied, Err(Error::NotPermitted(_))));
    }
    let list = |actor: Actor| {
        let test = &test;
        async move {
            let permit = test.may(&actor, Action::CaseList, None).await;
            test.desk.cases(&permit, CaseQuery::default()).await.unwrap().items.len()
        }
    };
    assert_eq!((list(ada.clone()).await, list(eve.clone()).await), (1, 0));

    // A permit for something else opens nothing.
    let permit = test.may(&ada, Action::CaseRead, id).await;
    let misused = test.desk.update_case(&permit, CaseChange::default()).await;
    assert!(matches!(misused, Err(Error::NotPermitted(_))));

    let permit = test.may(&ada, Action::CaseUpdate, id).await;
    let case = test.desk.add_to_team(&permit, "Eve").await.unwrap();
    assert_eq!(case.team, [eve.pseudonym.as_str()]);
    test.may(&eve, Action::CaseRead, id).await;
    assert_eq!(list(eve.clone()).await, 1);
    test.desk.remove_from_team(&permit, "Eve").await.unwrap();
    assert!(test.ask(&eve, Action::CaseRead, id).await.is_err());
    assert!(test.trail().await.contains(&("case.read".to_owned(), "denied".to_owned())));
}

#[tokio::test]
async fn a_list_comes_in_pages_and_a_link_is_made_once() {
    let test = desk().await;
    let ada = test.officer("Ada", "case_officer", "north").await;
    let mut cases = Vec::new();
    for _ in 0..5 {
        test.clock.advance_secs(1);
        cases.push(open(&test, &ada, json!({})).await);
    }
    let permit = test.may(&ada, Action::CaseList, None).await;
    let mut query = CaseQuery { limit: Some(2), ..CaseQuery::default() };
    let mut seen = Vec::new();
    loop {
        let page = test.desk.cases(&permit, query.clone()).await.unwrap();
        seen.extend(page.items.into_iter().map(|row| row.reference));
        query.after = page.next;
        if query.after.is_none() {
            break;
        }
    }
    assert_eq!(seen.len(), 5);
    assert_eq!(seen.first().map(String::as_str), Some("2026/000005"));

    let permit = test.may(&ada, Action::CaseUpdate, Some(&cases[0].row.id)).await;
    let other = test.may(&ada, Action::CaseRead, Some(&cases[1].row.id)).await;
    let link = || Linking { to: cases[1].row.id.clone(), relation: "related".to_owned() };
    test.desk.link_case(&permit, &other, link()).await.unwrap();
    let case = test.desk.link_case(&permit, &other, link()).await.unwrap();
    assert_eq!(case.row.version, 2);
    assert_eq!(case.content["links/0/to"], json!(cases[1].row.id));
}

#[tokio::test]
async fn a_filter_that_names_nothing_is_refused_with_what_there_is() {
    let test = desk().await;
    let ada = test.officer("Ada", "case_officer", "north").await;
    let permit = test.may(&ada, Action::CaseList, None).await;
    let none = CaseQuery::default;
    let some = |text: &str| Some(text.to_owned());
    for (query, path, told) in [
        (CaseQuery { status: some("nonsense"), ..none() }, "status", "pending_external"),
        (CaseQuery { status: some(""), ..none() }, "status", "suspicion"),
        (CaseQuery { case_type: some("Revenue"), ..none() }, "case_type", "tobacco_excise"),
        (CaseQuery { after: some("garbage"), ..none() }, "after", "`next`"),
    ] {
        let Err(Error::Invalid(findings)) = test.desk.cases(&permit, query).await else {
            panic!("{path} was taken for a filter");
        };
        assert_eq!(findings[0].path, path);
        assert!(findings[0].message.contains(told), "{}", findings[0].message);
    }
    let query = CaseQuery { status: some("open"), case_type: some("revenue"), ..none() };
    test.desk.cases(&permit, query).await.unwrap();
}

#[tokio::test]
async fn what_was_erased_of_a_person_is_gone_and_the_rest_stands() {
    let test = desk().await;
    let ada = test.officer("Ada", "case_officer", "north").await;
    let content = json!({
        "subjects/0/name": "Jane Doe", "subjects/0/kind": "person", "subjects/0/role": "witness",
        "notes/0/text": "seen at the gate",
    });
    let case = open(&test, &ada, content).await;
    let id: ObjectId = case.row.id.parse().unwrap();
    test.desk.keys.destroy(&KeyGroup::subject(id, 0)).await.unwrap();
    let read = test.may(&ada, Action::CaseRead, Some(&case.row.id)).await;
    let case = test.desk.case(&read).await.unwrap();
    assert_eq!(case.content.keys().collect::<Vec<_>>(), ["notes/0/text"]);
    // By the key alone search does not forget the name; an erasure sees to that.
    assert_eq!(differences(&test, &case).await, ["search"]);
}

#[tokio::test]
async fn a_change_that_was_made_ready_under_another_leader_does_not_give_the_case_back() {
    let test = desk().await;
    let ada = test.officer("Ada", "case_officer", "north").await;
    let bo = test.officer("Bo", "supervisor", "north").await;
    test.officer("Cy", "case_officer", "north").await;
    let case = open(&test, &ada, json!({})).await;
    let id: ObjectId = case.row.id.parse().unwrap();
    let standing = test.desk.standing(id).await.unwrap();
    let permit = test.may(&ada, Action::CaseUpdate, Some(&case.row.id)).await;
    let payload = CaseUpdated { title: Some("Late".to_owned()), content: Vec::new() };
    let late =
        test.desk.case_write(&permit, &payload, standing.case, &standing.content).await.unwrap();

    let assign = test.may(&bo, Action::CaseAssign, Some(&case.row.id)).await;
    let led = test.desk.assign_case(&assign, "Cy").await.unwrap();
    let refused = test.desk.keep_case("late", late).await;
    assert!(matches!(refused, Err(Error::Conflict(_))), "{refused:?}");
    let read = test.may(&bo, Action::CaseRead, Some(&case.row.id)).await;
    assert_eq!(test.desk.case(&read).await.unwrap().owner, led.owner);
}
