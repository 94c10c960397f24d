//! Compartments and levels on a real store: a case that is closed is there for nobody who is not cleared for it.

use serde_json::json;

use crate::node::casework::cases::{CaseQuery, CaseView, Linking, NewCase, NewProtection};
use crate::node::casework::testing::{TestDesk, desk};
use crate::node::casework::{
    DeadlineQuery, ErasureQuery, Error, NewCompartment, NewErasure, SearchQuery, StatisticsQuery,
};
use crate::policy::{Action, Actor};

/// A case with a task that is due, a container and an origin.
async fn open(
    test: &TestDesk,
    actor: &Actor,
    compartment: Option<&str>,
) -> Result<CaseView, Error> {
    let permit = test.may(actor, Action::CaseOpen, None).await;
    let input = NewCase {
        title: "tea".to_owned(),
        case_type: "tobacco_excise".to_owned(),
        compartment: compartment.map(str::to_owned),
        fields: serde_json::from_value(json!({
            "identifiers/0/scheme": "container", "identifiers/0/value": "CSQU3054383",
            "tasks/70/title": "weigh it", "tasks/70/state": "open", "tasks/70/due": "2026-11-26",
        }))
        .expect("fields"),
        ..NewCase::default()
    };
    test.desk.open_case(&permit, input).await
}

async fn protect(
    test: &TestDesk,
    actor: &Actor,
    case: &CaseView,
    (level, compartment): (u8, Option<&str>),
) -> Result<CaseView, Error> {
    let permit = test.ask(actor, Action::CaseProtect, Some(&case.row.id)).await?;
    let (compartment, reason) = (compartment.map(str::to_owned), "an informant".to_owned());
    test.desk.protect_case(&permit, NewProtection { level, compartment, reason }).await
}

/// Lets an officer into `operation-amber`, or takes them out of it; gives them as they are by now.
async fn let_in(test: &TestDesk, by: &Actor, who: &str, is_in: bool) -> Result<Actor, Error> {
    let permit = test.ask(by, Action::CompartmentGrant, None).await?;
    let compartment = "operation-amber".to_owned();
    let input = NewCompartment { compartment, reason: "works on it".to_owned() };
    if is_in {
        test.desk.grant_compartment(&permit, who, input).await?;
    } else {
        test.desk.revoke_compartment(&permit, who, input).await?;
    }
    Ok(test.sign_in(who).await)
}

/// What an officer is shown of cases, in how many places: a list, searches by container and by type in pages of one,
/// what is due, and a count of the house.
async fn seen(test: &TestDesk, actor: &Actor) -> Vec<i64> {
    let permit = test.may(actor, Action::CaseList, None).await;
    let listed = test.desk.cases(&permit, CaseQuery::default()).await.expect("a list").items;
    let mut counts = vec![listed.len()];
    let permit = test.may(actor, Action::CaseRead, None).await;
    let container = SearchQuery { value: Some("CSQU3054383".to_owned()), ..SearchQuery::default() };
    let by_type =
        SearchQuery { case_type: Some("tobacco_excise".to_owned()), ..SearchQuery::default() };
    for query in [container, by_type] {
        let (mut found, mut after) = (0, None);
        loop {
            let query = SearchQuery { limit: Some(1), after, ..query.clone() };
            let page = test.desk.search(&permit, query).await.expect("hits");
            found += page.items.len();
            assert!(page.next.is_none() || page.items.len() == 1, "no page is short");
            match page.next {
                Some(next) => after = Some(next),
                None => break,
            }
        }
        counts.push(found);
    }
    let permit = test.may(actor, Action::DeadlineList, None).await;
    let due = test.desk.deadlines(&permit, DeadlineQuery::default()).await.expect("a list").items;
    counts.push(due.into_iter().filter(|row| row.place == "tasks/70").count());
    let mut counts: Vec<i64> =
        counts.into_iter().map(|count| i64::try_from(count).expect("few")).collect();
    if let Ok(permit) = test.ask(actor, Action::StatisticsRead, None).await {
        let all = test.desk.statistics(&permit, &StatisticsQuery::default()).await.expect("counts");
        let ages: i64 = all.open_by_age.iter().map(|row| row.count).sum();
        let loads: i64 = all.caseload.iter().map(|row| row.open_cases).sum();
        assert_eq!((ages, loads), (all.cases, all.cases));
        counts.push(all.cases);
    }
    counts
}

/// That every way to a case gives the same answer as one that is not there.
async fn looks_like_none(test: &TestDesk, actor: &Actor, case: &CaseView) {
    let absent = "0b5d1c0e-7f3a-4c59-9c5e-2f6a3f1f9a01";
    for action in Action::ALL {
        let of = async |id: &str| test.ask(actor, action, Some(id)).await.map(|_| ());
        let (told, of_none) = (of(&case.row.id).await, of(absent).await);
        let said = |answer: &Result<(), Error>| answer.as_ref().map_err(ToString::to_string).err();
        assert_eq!(said(&told), said(&of_none), "{action}");
    }
}

#[tokio::test]
async fn a_case_in_a_compartment_is_there_only_for_those_who_are_in_it() {
    let test = desk().await;
    let sue = test.officer("Sue", "supervisor", "south").await;
    let bob = test.officer("Bob", "case_officer", "north").await;
    test.officer("Amy", "case_officer", "north").await;
    test.officer("Max", "supervisor", "south").await;
    let alone = let_in(&test, &sue, "Sue", true).await;
    assert!(matches!(&alone, Err(Error::NotPermitted(_))), "nobody lets themselves in: {alone:?}");
    assert!(let_in(&test, &bob, "Amy", true).await.is_err());
    let amy = let_in(&test, &sue, "Amy", true).await.unwrap();
    let max = let_in(&test, &sue, "Max", true).await.unwrap();

    let before = open(&test, &bob, None).await.unwrap();
    let outside = open(&test, &bob, Some("operation-amber")).await;
    assert!(matches!(&outside, Err(Error::Invalid(found)) if found[0].path == "compartment"));
    let first = open(&test, &amy, Some("operation-amber")).await.unwrap();
    assert_eq!(first.row.compartment.as_deref(), Some("operation-amber"));
    let case = open(&test, &amy, None).await.unwrap();
    let permit = test.may(&amy, Action::CaseUpdate, Some(&case.row.id)).await;
    test.desk.add_to_team(&permit, "Bob").await.unwrap();
    protect(&test, &amy, &case, (0, Some("operation-amber"))).await.unwrap();
    for hidden in [&first, &case] {
        looks_like_none(&test, &bob, hidden).await;
        looks_like_none(&test, &sue, hidden).await;
        let differences = test.desk.case_differences(hidden.row.id.parse().unwrap()).await;
        assert_eq!(differences.unwrap(), [""; 0]);
    }
    assert_eq!(seen(&test, &bob).await, [1, 1, 1, 1], "{}", before.row.reference);
    assert_eq!(seen(&test, &sue).await, [1, 1, 1, 1, 1]);
    assert_eq!(seen(&test, &amy).await, [3, 3, 3, 3]);
    assert_eq!(seen(&test, &max).await, [3, 3, 3, 3, 3]);

    let refused = test.desk.add_to_team(&permit, "Bob").await;
    assert!(matches!(&refused, Err(Error::IllegalStep(why)) if why.contains("Bob")), "{refused:?}");
    // A link from an open case would tell everybody who reads that one.
    let link = async |from: &CaseView, to: &CaseView| {
        let permit = test.may(&amy, Action::CaseUpdate, Some(&from.row.id)).await;
        let other = test.may(&amy, Action::CaseRead, Some(&to.row.id)).await;
        let linking = Linking { to: to.row.id.clone(), relation: "same container".to_owned() };
        test.desk.link_case(&permit, &other, linking).await
    };
    assert!(matches!(link(&before, &case).await, Err(Error::Invalid(_))));
    assert!(link(&case, &before).await.is_ok() && link(&case, &first).await.is_ok());

    // Taken out of it, and at once.
    let amy = let_in(&test, &max, "Amy", false).await.unwrap();
    looks_like_none(&test, &amy, &case).await;
    assert_eq!(seen(&test, &amy).await, [1, 1, 1, 1]);
}

#[tokio::test]
async fn a_supervisor_alone_protects_a_case_less_and_nobody_closes_one_to_themselves() {
    let test = desk().await;
    let sue = test.officer("Sue", "supervisor", "north").await;
    test.officer("Max", "supervisor", "north").await;
    test.officer("Amy", "case_officer", "north").await;
    let amy = let_in(&test, &sue, "Amy", true).await.unwrap();
    let max = let_in(&test, &sue, "Max", true).await.unwrap();
    let case = open(&test, &amy, None).await.unwrap();
    for (protection, path) in
        [((1, None), "level"), ((2, None), "level"), ((0, Some("umber")), "compartment")]
    {
        let refused = protect(&test, &amy, &case, protection).await;
        assert!(matches!(&refused, Err(Error::Invalid(found)) if found[0].path == path));
    }
    let unsound = protect(&test, &amy, &case, (0, Some("Operation Amber"))).await;
    assert!(matches!(unsound, Err(Error::Invalid(_))));
    let within = protect(&test, &amy, &case, (0, Some("operation-amber"))).await.unwrap();
    assert_eq!(within.history.last().unwrap().kind, "case.protected/1");
    let refused = protect(&test, &amy, &case, (0, None)).await;
    assert!(matches!(refused, Err(Error::NotPermitted(_))));
    let open = protect(&test, &max, &case, (0, None)).await.unwrap();
    assert_eq!(open.row.compartment, None);
    assert!(test.ask(&sue, Action::CaseRead, Some(&case.row.id)).await.is_ok());
    let differences = test.desk.case_differences(case.row.id.parse().unwrap()).await.unwrap();
    assert_eq!(differences, [""; 0]);
}

#[tokio::test]
async fn an_erasure_in_a_compartment_is_the_data_protection_officers_to_see_and_no_outsiders() {
    let test = desk().await;
    let sue = test.officer("Sue", "supervisor", "north").await;
    let dpo = test.officer("Dora", "data_protection_officer", "").await;
    test.officer("Amy", "case_officer", "north").await;
    let amy = let_in(&test, &sue, "Amy", true).await.unwrap();
    let case = open(&test, &amy, Some("operation-amber")).await.unwrap();
    let permit = test.may(&amy, Action::ErasureOrder, Some(&case.row.id)).await;
    let order = NewErasure {
        scope: vec!["case".to_owned()],
        reason: "opened by mistake".to_owned(),
        legal_basis: None,
    };
    let order = test.desk.order_erasure(&permit, order).await.unwrap();
    let listed = async |actor: &Actor| {
        let permit = test.may(actor, Action::ErasureRead, None).await;
        let one = test.desk.erasure(&permit, order.id.parse().unwrap()).await;
        let all = test.desk.erasures(&permit, ErasureQuery::default()).await.unwrap().items;
        assert_eq!(one.is_ok(), !all.is_empty());
        all.len()
    };
    assert_eq!((listed(&sue).await, listed(&dpo).await), (0, 1));
    let purpose = Some(crate::domain::handling::Purpose::DataProtection);
    let id = Some(order.id.parse().unwrap());
    assert!(test.desk.permit(&dpo, Action::ErasureDecide, id, purpose).await.is_ok());
    assert!(test.desk.permit(&sue, Action::ErasureDecide, id, purpose).await.is_err());
}
