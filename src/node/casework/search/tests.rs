//! Search on a real store: what is found by what, who finds it, and that search knows what the records say.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};

use crate::node::casework::cases::{CaseChange, CaseQuery, CaseView, NewCase};
use crate::node::casework::testing::{TestDesk, desk};
use crate::node::casework::{Error, HitView, SearchQuery};
use crate::node::store::{StoreError, search};
use crate::policy::{Action, Actor, Role};

fn fields(json: Json) -> BTreeMap<String, Json> {
    serde_json::from_value(json).expect("fields by path")
}

async fn open(test: &TestDesk, actor: &Actor, title: &str, content: Json) -> CaseView {
    let permit = test.may(actor, Action::CaseOpen, None).await;
    let input = NewCase {
        title: title.to_owned(),
        case_type: "tobacco_excise".to_owned(),
        fields: fields(content),
        ..NewCase::default()
    };
    test.desk.open_case(&permit, input).await.expect("a case")
}

async fn change(test: &TestDesk, actor: &Actor, case: &CaseView, content: Json) {
    let permit = test.may(actor, Action::CaseUpdate, Some(&case.row.id)).await;
    let change = CaseChange { fields: fields(content) };
    test.desk.update_case(&permit, change).await.expect("a change");
}

fn query(json: Json) -> SearchQuery {
    serde_json::from_value(json).expect("a query")
}

async fn hits(test: &TestDesk, actor: &Actor, asked: Json) -> Vec<HitView> {
    let permit = test.may(actor, Action::CaseRead, None).await;
    test.desk.search(&permit, query(asked)).await.expect("an answer").items
}

/// The titles of what is found.
async fn titles(test: &TestDesk, actor: &Actor, asked: Json) -> Vec<String> {
    hits(test, actor, asked).await.into_iter().map(|hit| hit.row.title).collect()
}

async fn is_sound(test: &TestDesk, case: &CaseView) -> bool {
    let differences = test.desk.case_differences(case.row.id.parse().expect("an id")).await;
    differences.expect("an answer").is_empty()
}

#[tokio::test]
async fn cases_are_found_by_all_that_they_say_and_newest_first() {
    let test = desk().await;
    let ada = test.officer("Ada", "case_officer", "north").await;
    let tea = open(
        &test,
        &ada,
        "Cigarettes as tea",
        json!({
            "notes/0/text": "seen at the gate", "facts/vessel": {"name": ["MV Müwe", 7]},
            "goods/0/description": "green tea", "goods/0/hs": "090210", "goods/0/hs_edition": 2022,
            "goods/0/origin": "CN", "consignments/0/container": "CSQU3054383",
            "consignments/0/destination": "NLRTM",
            "interviews/0/summary": "Он сказал правду", "interviews/0/at": "2026-11-20",
        }),
    )
    .await;
    let shoes =
        open(&test, &ada, "Shoes at the gate", json!({"goods/0/description": "shoes"})).await;
    for (asked, expected) in [
        (json!({"q": "gate"}), &["Shoes at the gate", "Cigarettes as tea"][..]),
        (json!({"q": "the gate seen"}), &["Cigarettes as tea"]),
        (json!({"q": "GATE shoe"}), &["Shoes at the gate"]),
        (json!({"q": "shoe gate"}), &[]),
        (json!({"q": "cig"}), &["Cigarettes as tea"]),
        (json!({"q": "ci"}), &[]),
        (json!({"q": "muwe"}), &["Cigarettes as tea"]),
        (json!({"q": "Mueewe"}), &[]),
        (json!({"q": "muewe"}), &["Cigarettes as tea"]),
        (json!({"q": "pravdu skazal"}), &["Cigarettes as tea"]),
        (json!({"q": "csqu3054383"}), &["Cigarettes as tea"]),
        (json!({"q": "2026/000002"}), &["Shoes at the gate"]),
        (json!({"q": "gate", "hs_chapter": "09"}), &["Cigarettes as tea"]),
        (json!({"country": "NL"}), &["Cigarettes as tea"]),
        (json!({"country": "chn", "value": "csqu 305438-3"}), &["Cigarettes as tea"]),
        (json!({"q": "gate", "hs_chapter": "24"}), &[]),
        (json!({"q": "\" OR * NEAR( gate"}), &[]),
        (json!({"q": "\"gate\" *"}), &["Shoes at the gate", "Cigarettes as tea"]),
        (
            json!({"status": "suspicion", "unit": "north", "case_type": "tobacco_excise"}),
            &["Shoes at the gate", "Cigarettes as tea"],
        ),
        (json!({"status": "closed"}), &[]),
        (
            json!({"opened_from": "2026-11-24", "opened_to": "2026-11-24"}),
            &["Shoes at the gate", "Cigarettes as tea"],
        ),
        (json!({"q": "gate", "opened_to": "2026-11-23"}), &[]),
        (json!({"q": "gate", "opened_from": "2026-11-25"}), &[]),
    ] {
        assert_eq!(titles(&test, &ada, asked.clone()).await, expected, "{asked}");
    }
    change(&test, &ada, &shoes, json!({"notes/0/text": "boots", "title": "Footwear"})).await;
    assert_eq!(titles(&test, &ada, json!({"q": "boots footwear"})).await, ["Footwear"]);
    assert_eq!(titles(&test, &ada, json!({"q": "shoes gate"})).await, [""; 0]);
    assert!(is_sound(&test, &tea).await && is_sound(&test, &shoes).await);
}

#[tokio::test]
async fn a_query_that_cannot_be_answered_is_told_why_by_its_field() {
    let test = desk().await;
    let ada = test.officer("Ada", "case_officer", "north").await;
    let permit = test.may(&ada, Action::CaseRead, None).await;
    for (asked, path) in [
        (json!({}), "q"),
        (json!({"q": " \"*\" "}), "q"),
        (json!({"q": "a ".repeat(33)}), "q"),
        (json!({"q": "a".repeat(1001)}), "q"),
        (json!({"name": "-"}), "name"),
        (json!({"scheme": "imo"}), "value"),
        (json!({"scheme": "boat", "value": "1"}), "scheme"),
        (json!({"value": ""}), "value"),
        (json!({"status": "lost"}), "status"),
        (json!({"case_type": "tea"}), "case_type"),
        (json!({"hs_chapter": "tea"}), "hs_chapter"),
        (json!({"country": "?"}), "country"),
        (json!({"opened_from": "yesterday"}), "opened_from"),
        (json!({"q": "tea", "after": "x"}), "after"),
    ] {
        match test.desk.search(&permit, query(asked.clone())).await {
            Err(Error::Invalid(findings)) => assert_eq!(findings[0].path, path, "{asked}"),
            other => panic!("{asked}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn a_name_is_found_in_another_spelling_with_score_and_reason_and_merged_with_nothing() {
    let test = desk().await;
    let ada = test.officer("Ada", "case_officer", "north").await;
    let person = |name: &str| json!({"subjects/0/name": name, "subjects/0/kind": "person"});
    open(&test, &ada, "one", person("Hans Schmidt")).await;
    open(&test, &ada, "two", person("Schmitt, Hans")).await;
    open(&test, &ada, "three", person("Karl Meier")).await;
    open(&test, &ada, "four", person("محمد العربي")).await;
    let aliased = json!({
        "subjects/0/name": "Unknown", "subjects/0/aliases": ["Big Joe", "Mohammed el-Arabi"],
    });
    open(&test, &ada, "five", aliased).await;
    let found = hits(&test, &ada, json!({"name": "hans schmidt"})).await;
    let seen: Vec<_> = found.iter().map(|hit| hit.row.title.as_str()).collect();
    assert_eq!(seen, ["one", "two"]);
    let (first, second) = (found[0].name.as_ref().unwrap(), found[1].name.as_ref().unwrap());
    assert_eq!((first.score, first.path.as_str()), (1000, "subjects/0/name"));
    assert!(second.score < 1000 && second.name == "Schmitt, Hans");
    assert_eq!(second.reasons[0], "schmitt sounds like schmidt");
    let arabic = titles(&test, &ada, json!({"name": "Mohamed Al Arabi"})).await;
    assert_eq!(arabic.len(), 2, "{arabic:?}");
    assert_eq!(titles(&test, &ada, json!({"name": "Arabi", "q": "joe"})).await, ["five"]);
    assert_eq!(titles(&test, &ada, json!({"name": "Peter Wagner"})).await, [""; 0]);
}

#[tokio::test]
async fn each_officer_finds_exactly_what_the_list_shows_them() {
    let test = desk().await;
    let ada = test.officer("Ada", "case_officer", "north").await;
    let sue = test.officer("Sue", "case_officer", "south").await;
    let north = open(&test, &ada, "tea north", json!({"subjects/0/name": "Jane Moth"})).await;
    test.clock.advance_secs(1);
    open(&test, &sue, "tea south", json!({"subjects/0/name": "Jane Moth"})).await;
    let tom = test.officer("Tom", "case_officer", "west").await;
    let team = test.may(&ada, Action::CaseUpdate, Some(&north.row.id)).await;
    test.desk.add_to_team(&team, "Tom").await.unwrap();
    let mut actors = vec![ada.clone(), sue, tom.clone()];
    for role in Role::ALL {
        for unit in ["north", "west", ""] {
            let name = format!("{} {unit}", role.name());
            actors.push(test.officer(&name, role.name(), unit).await);
        }
    }
    let mut finders = 0;
    for actor in &actors {
        let Ok(permit) = test.ask(actor, Action::CaseRead, None).await else {
            assert!(test.ask(actor, Action::CaseList, None).await.is_err(), "{actor:?}");
            continue;
        };
        let list = test.may(actor, Action::CaseList, None).await;
        let listed = test.desk.cases(&list, CaseQuery::default()).await.unwrap();
        let listed: Vec<String> = listed.items.into_iter().map(|row| row.title).collect();
        for asked in [
            json!({"q": "tea"}),
            json!({"name": "Jane Moth"}),
            json!({"status": "suspicion"}),
            json!({"opened_from": "2026-01-01"}),
        ] {
            let page = test.desk.search(&permit, query(asked)).await.unwrap();
            let found: Vec<String> = page.items.into_iter().map(|hit| hit.row.title).collect();
            assert_eq!((&found, page.next), (&listed, None), "{actor:?}");
        }
        // Not even the length of a page tells of cases of others.
        let one = test.desk.search(&permit, query(json!({"q": "tea", "limit": 1}))).await.unwrap();
        assert_eq!(one.next.is_some(), listed.len() > 1, "{actor:?}");
        finders += usize::from(!listed.is_empty());
    }
    assert!(finders > 6, "{finders}");
    test.desk.remove_from_team(&team, "Tom").await.unwrap();
    assert_eq!(titles(&test, &tom, json!({"q": "tea"})).await, [""; 0]);
    // Who leads a case and was in its team too still finds it.
    test.desk.add_to_team(&team, "Ada").await.unwrap();
    test.desk.remove_from_team(&team, "Ada").await.unwrap();
    assert!(is_sound(&test, &north).await);
}

#[tokio::test]
async fn pages_go_on_where_they_ended_and_a_search_is_in_the_audit_trail() {
    let test = desk().await;
    let ada = test.officer("Ada", "case_officer", "north").await;
    for number in 0..7 {
        test.clock.advance_secs(1);
        open(&test, &ada, &format!("tea {number}"), json!({})).await;
    }
    let permit = test.may(&ada, Action::CaseRead, None).await;
    let (mut seen, mut after) = (Vec::new(), None::<String>);
    loop {
        let asked = query(json!({"q": "tea", "limit": 3, "after": after}));
        let page = test.desk.search(&permit, asked).await.unwrap();
        seen.extend(page.items.into_iter().map(|hit| hit.row.title));
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    let expected: Vec<String> = (0..7).rev().map(|number| format!("tea {number}")).collect();
    assert_eq!(seen, expected);
    let seen = ("case.read".to_owned(), "seen".to_owned());
    assert_eq!(test.trail().await.into_iter().filter(|row| *row == seen).count(), 3);
}

#[tokio::test]
async fn the_audit_names_a_case_whose_terms_are_not_those_of_its_records() {
    let test = desk().await;
    let ada = test.officer("Ada", "case_officer", "north").await;
    let case = open(&test, &ada, "tea", json!({})).await;
    let eve = test.officer("Eve", "case_officer", "south").await;
    let maker = test.desk.term_maker().await.unwrap();
    let term = maker.officer(&eve.user.map(|user| user.to_string()).unwrap_or_default());
    test.desk
        .store
        .write_with("spoil", (case.row.id.clone(), term), |tx, (id, term)| {
            Box::pin(async move { search::change(tx, id, None, Some(term)).await })
        })
        .await
        .map_err(|error: StoreError| error)
        .unwrap();
    let object = case.row.id.parse().unwrap();
    assert_eq!(test.desk.case_differences(object).await.unwrap(), ["search"]);
    // What search knows only narrows; who may open the case is asked anew.
    assert_eq!(titles(&test, &eve, json!({"q": "tea"})).await, [""; 0]);
}
