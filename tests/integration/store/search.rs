//! Rules of search: what is found by terms, in which order, and what is forgotten.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::BTreeSet;

use sealane::node::store::cases;
use sealane::node::store::search::{self, SearchCase, Sought};
use sealane::node::store::{Store, StoreError};

use crate::store::projections::case;
use crate::store::{Place, read, write};

fn terms(text: &str) -> BTreeSet<String> {
    text.split(' ').map(|word| format!("{word:a<8}")).collect()
}

fn sought(groups: &[&str]) -> Sought {
    let group = |text: &&str| terms(text).into_iter().collect();
    Sought { groups: groups.iter().map(group).collect(), ..Sought::default() }
}

/// Keeps so many cases, of which `at_once` were opened in one microsecond each.
async fn keep(store: &Store, count: i64, at_once: i64, text: fn(i64) -> String) {
    let kept: Result<(), StoreError> = write!(store, |tx| {
        for number in 0..count {
            cases::insert(tx, &case(number, "tea")).await?;
            let id = format!("id{number}");
            search::put(tx, &id, number / at_once, &terms(&text(number))).await?;
        }
        Ok(())
    })
    .await;
    kept.unwrap();
}

/// The numbers of the cases that are found.
async fn found(store: &Store, sought: Sought, limit: i64) -> Vec<i64> {
    let found = read!(store, |tx| search::find(tx, &sought, limit).await);
    found.into_iter().map(|found| found.case.updated_at).collect()
}

pub(crate) async fn cases_are_found_by_groups_of_terms_newest_first(place: Place) {
    let store = place.open().await;
    keep(&store, 6, 2, |number| {
        format!("x{} tea {}", number + 2, if number % 2 == 0 { "e" } else { "o" })
    })
    .await;
    assert_eq!(found(&store, sought(&["tea"]), 9).await, [5, 4, 3, 2, 1, 0]);
    assert_eq!(found(&store, sought(&["tea"]), 2).await, [5, 4]);
    assert_eq!(found(&store, sought(&["tea", "e"]), 9).await, [4, 2, 0]);
    assert_eq!(found(&store, sought(&["x3 x4 y", "tea"]), 9).await, [2, 1]);
    assert_eq!(found(&store, sought(&["x3", "x4"]), 9).await, [0; 0]);
    assert_eq!(found(&store, sought(&["y"]), 9).await, [0; 0]);
    // What is no term is met by nothing, and is no part of a query.
    let hostile = Sought { groups: vec![vec!["tea*\" OR \"".into()]], ..Sought::default() };
    assert_eq!(found(&store, hostile, 9).await, [0; 0]);
    // Two cases of one time have places of their own.
    let all = read!(store, |tx| search::find(tx, &sought(&["tea"]), 9).await);
    let places: Vec<i64> = all.iter().map(|found| found.doc).collect();
    assert!(places.is_sorted_by(|one, other| one > other), "{places:?}");
    let part = Sought { from: Some(places[4]), before: Some(places[1]), ..sought(&["tea"]) };
    assert_eq!(found(&store, part, 9).await, [3, 2, 1]);
}

pub(crate) async fn a_forgotten_case_is_found_by_nothing(place: Place) {
    let store = place.open().await;
    keep(&store, 3, 2, |_| "tea gate".to_owned()).await;
    let known = read!(store, |tx| search::get(tx, "id1").await).unwrap();
    assert_eq!(known.terms, terms("gate tea"));
    let changed: Result<(), StoreError> = write!(store, |tx| {
        search::put(tx, "id1", 7, &terms("boat tea")).await?;
        search::change(tx, "id2", Some("gateaaaa"), Some("shipaaaa")).await?;
        search::change(tx, "id9", None, Some("shipaaaa")).await?;
        search::clear(tx, "id0").await
    })
    .await;
    changed.unwrap();
    assert_eq!(found(&store, sought(&["gate"]), 9).await, [0; 0]);
    assert_eq!(found(&store, sought(&["tea"]), 9).await, [2, 1]);
    assert_eq!(found(&store, sought(&["boat"]), 9).await, [1]);
    assert_eq!(found(&store, sought(&["ship", "tea"]), 9).await, [2]);
    let same = SearchCase { terms: terms("boat tea"), ..known };
    assert_eq!(read!(store, |tx| search::get(tx, "id1").await), Some(same), "it keeps its place");
    assert_eq!(read!(store, |tx| search::get(tx, "id0").await), None);
    assert_eq!(read!(store, |tx| search::orphans(tx, 9).await), [""; 0]);
    let deleted: Result<(), StoreError> = write!(store, |tx| cases::delete(tx, "id2").await).await;
    deleted.unwrap();
    assert_eq!(read!(store, |tx| search::orphans(tx, 9).await), ["id2"]);
    let cleared: Result<(), StoreError> = write!(store, |tx| search::clear_all(tx).await).await;
    cleared.unwrap();
    assert_eq!(found(&store, sought(&["tea"]), 9).await, [0; 0]);
}

/// PostgreSQL walks where many fit, gathers where few do, and walks after all where it cannot gather all: each gives the same.
pub(crate) async fn many_cases_that_fit_are_paged_like_few(place: Place) {
    let store = place.open().await;
    keep(&store, 4_500, 1, |number| {
        format!(
            "tea {} {}",
            if number % 3 == 0 { "fizz" } else { "no" },
            if number < 40 {
                "old"
            } else if number < 4_100 {
                "mid"
            } else {
                "new"
            }
        )
    })
    .await;
    let (mut seen, mut before) = (Vec::new(), None);
    loop {
        let asked = Sought { before, ..sought(&["tea"]) };
        let page = read!(store, |tx| search::find(tx, &asked, 500).await);
        let Some(last) = page.last() else { break };
        before = Some(last.doc);
        seen.extend(page.into_iter().map(|found| found.case.updated_at));
    }
    assert_eq!(seen, (0..4_500).rev().collect::<Vec<_>>());
    assert_eq!(found(&store, sought(&["fizz", "new"]), 3).await, [4497, 4494, 4491]);
    assert_eq!(found(&store, sought(&["fizz", "old"]), 3).await, [39, 36, 33]);
    assert_eq!(found(&store, sought(&["mid old"]), 3).await, [4_099, 4_098, 4_097]);
}
