//! What happens to things in custody on a real store: sealed, opened, sampled, split, copied, given back, destroyed.

use serde_json::{Value, json};

use crate::node::casework::Error;
use crate::node::casework::cases::{CaseChange, NewCase};
use crate::node::casework::evidence::{
    CustodyInput, EvidenceInput, EvidenceView, HandOver, TakeOver,
};
use crate::node::casework::testing::{TestDesk, desk};
use crate::policy::{Action, Actor};

struct Store {
    test: TestDesk,
    ada: Actor,
    bob: Actor,
    case: String,
}

async fn store() -> Store {
    let test = desk().await;
    let ada = test.officer("Ada", "case_officer", "north").await;
    let bob = test.officer("Bob", "analyst", "laboratory").await;
    let input =
        NewCase { title: "Cash".to_owned(), case_type: "cash".to_owned(), ..NewCase::default() };
    let permit = test.may(&ada, Action::CaseOpen, None).await;
    let case = test.desk.open_case(&permit, input).await.unwrap().row.id;
    Store { test, ada, bob, case }
}

impl Store {
    async fn powder(&self) -> EvidenceView {
        let input: EvidenceInput = serde_json::from_value(json!({
            "description": "White powder from the spare wheel",
            "quantity": "10.5",
            "unit": "kgm",
            "seals": "XA-1, XA-2",
        }))
        .expect("as the API reads it");
        let permit = self.test.may(&self.ada, Action::EvidenceAdd, Some(&self.case)).await;
        self.test.desk.add_thing(&permit, input).await.expect("a sound thing")
    }

    async fn try_to(&self, who: &Actor, item: &str, input: Value) -> Result<EvidenceView, Error> {
        let input: CustodyInput = serde_json::from_value(input).expect("as the API reads it");
        let permit = self.test.ask(who, input.action()?, Some(item)).await?;
        self.test.desk.record_custody(&permit, input).await
    }

    async fn does(&self, who: &Actor, item: &str, input: Value) -> EvidenceView {
        self.try_to(who, item, input).await.expect("a legal step")
    }

    async fn shown(&self, item: &str) -> EvidenceView {
        let permit = self.test.may(&self.ada, Action::EvidenceRead, Some(item)).await;
        self.test.desk.evidence(&permit).await.expect("it is there")
    }
}

fn says<T: std::fmt::Debug>(refused: Result<T, Error>, words: &str) {
    let refusal = refused.expect_err(words).to_string();
    assert!(refusal.contains(words), "{refusal}");
}

#[tokio::test]
async fn a_sample_takes_its_quantity_from_the_item_and_goes_to_the_laboratory_and_back() {
    let store = store().await;
    let (ada, bob) = (&store.ada, &store.bob);
    let item = store.powder().await;
    let id = item.row.id.as_str();
    assert_eq!((item.row.sha256, item.row.form.as_str()), (None, "original"));
    let sample = |quantity: &str| {
        json!({"event": "sample", "reason": "for analysis",
               "parts": [{"description": "Sample A", "quantity": quantity, "seals": "XA-3"}]})
    };
    says(store.try_to(ada, id, sample("0.02")).await, "record the opening of the seals first");
    store.does(ada, id, json!({"event": "open", "reason": "to take a sample"})).await;
    says(store.try_to(ada, id, sample("11")).await, "more than the whole");
    let after = store.does(ada, id, sample("0.02")).await;
    assert_eq!(after.row.quantity.as_deref(), Some("10.48"));
    let made = &after.custody.last().unwrap().parts[0];
    assert_eq!(made.quantity.as_deref(), Some("0.02"));

    let sample = store.shown(&made.item).await;
    assert_eq!(sample.row.parent.as_deref(), Some(id));
    assert_eq!((sample.row.form.as_str(), sample.row.unit.as_deref()), ("sample", Some("KGM")));
    assert_eq!(sample.row.case, store.case);
    let part = sample.row.id.as_str();
    let permit = store.test.may(ada, Action::CustodyTransfer, Some(part)).await;
    let give = HandOver {
        to: "Bob".to_owned(),
        reason: "analysis".to_owned(),
        place: "Laboratory".to_owned(),
        ..HandOver::default()
    };
    store.test.desk.transfer_evidence(&permit, give).await.unwrap();
    let permit = store.test.may(bob, Action::CustodyReceive, Some(part)).await;
    let take = TakeOver { seals: Some("XA-9".to_owned()), ..TakeOver::default() };
    let taken = store.test.desk.receive_evidence(&permit, take).await.unwrap();
    let found = taken.custody.last().unwrap();
    assert_eq!(
        (found.seals_before.as_deref(), found.seals.as_deref()),
        (Some("XA-3"), Some("XA-9"))
    );
    assert!(found.warning.as_ref().unwrap().contains("not those that were on it"));
    store.does(bob, part, json!({"event": "open", "reason": "analysis"})).await;
    let used = json!({"event": "examine", "reason": "chromatography", "consumed": "0.005"});
    let examined = store.does(bob, part, used).await;
    assert_eq!(examined.row.quantity.as_deref(), Some("0.015"));
    says(
        store.try_to(ada, part, json!({"event": "open", "reason": "x"})).await,
        "does not hold the item",
    );
}

#[tokio::test]
async fn a_split_divides_the_whole_and_ends_the_item() {
    let store = store().await;
    let item = store.powder().await;
    let id = item.row.id.as_str();
    store.does(&store.ada, id, json!({"event": "open", "reason": "to split"})).await;
    let split = |second: &str| {
        json!({"event": "split", "reason": "two owners", "parts": [
            {"description": "First half", "quantity": "5"},
            {"description": "Second half", "quantity": second},
        ]})
    };
    says(store.try_to(&store.ada, id, split("5")).await, "leaves 0.5 KGM over");
    let list = store.test.may(&store.ada, Action::EvidenceRead, Some(&store.case)).await;
    assert_eq!(store.test.desk.evidence_of(&list).await.unwrap().len(), 1);
    let divided = store.does(&store.ada, id, split("5.5")).await;
    assert_eq!(
        (divided.row.state.as_str(), divided.row.quantity.as_deref()),
        ("divided", Some("0.0"))
    );
    let rows = store.test.desk.evidence_of(&list).await.unwrap();
    let parts: Vec<_> = rows.iter().filter(|row| row.form == "part").collect();
    assert_eq!(parts.len(), 2);
    assert!(parts.iter().all(|row| row.parent.as_deref() == Some(id) && row.state == "held"));
    says(
        store.try_to(&store.ada, id, json!({"event": "seal", "reason": "x", "seals": "S"})).await,
        "custody has ended",
    );
}

#[tokio::test]
async fn what_is_said_in_the_wrong_place_is_refused_and_not_lost() {
    let store = store().await;
    let id = store.powder().await.row.id;
    for (input, words) in [
        (json!({"event": "seize", "reason": "x"}), "no such custody event"),
        (json!({"event": "transfer", "reason": "x"}), "handing the item over"),
        (json!({"event": "open", "reason": "x", "consumed": "1"}), "is not said of the event open"),
        (json!({"event": "open", "reason": " "}), "reason"),
        (json!({"event": "return", "reason": "x"}), "to"),
        (json!({"event": "seal", "reason": "x"}), "name the numbers"),
        (json!({"event": "sample", "reason": "x"}), "the new item"),
    ] {
        says(store.try_to(&store.ada, &id, input).await, words);
    }
    let permit = store.test.may(&store.ada, Action::EvidenceAdd, Some(&store.case)).await;
    for (input, words) in [
        (json!({"description": "x", "quantity": "2"}), "unit"),
        (json!({"description": "x", "unit": "KGM"}), "quantity"),
        (json!({"description": "x", "quantity": "two", "unit": "KGM"}), "not a decimal number"),
        (json!({"description": "x", "filename": "a.pdf"}), "files only"),
        (json!({"description": "x", "certified": true}), "copy_of"),
    ] {
        let input = serde_json::from_value(input).unwrap();
        says(store.test.desk.add_thing(&permit, input).await, words);
    }
}

#[tokio::test]
async fn a_copy_of_a_paper_is_a_file_that_names_it_and_only_its_holder_makes_one() {
    let store = store().await;
    let id = store.powder().await.row.id;
    let copy: EvidenceInput = serde_json::from_value(
        json!({"description": "Scan of the label", "copy_of": id, "certified": true}),
    )
    .unwrap();
    let permit = store.test.may(&store.ada, Action::EvidenceAdd, Some(&store.case)).await;
    let sealed = store.test.desk.add_evidence(&permit, copy.clone(), b"scan".as_slice(), &|_| ());
    says(sealed.await, "sealed");
    store.does(&store.ada, &id, json!({"event": "open", "reason": "to copy"})).await;
    let made =
        store.test.desk.add_evidence(&permit, copy, b"scan".as_slice(), &|_| ()).await.unwrap();
    assert_eq!(made.row.parent.as_deref(), Some(id.as_str()));
    assert_eq!((made.row.form.as_str(), made.row.size), ("certified_copy", Some(4)));
    let original = store.shown(&id).await;
    let copied = original.custody.last().unwrap();
    assert_eq!(
        (copied.event.as_str(), copied.parts[0].item.as_str()),
        ("copy", made.row.id.as_str())
    );
    let input: NewCase =
        serde_json::from_value(json!({"title": "Other", "case_type": "cash"})).unwrap();
    let permit = store.test.may(&store.ada, Action::CaseOpen, None).await;
    let other = store.test.desk.open_case(&permit, input).await.unwrap().row.id;
    let permit = store.test.may(&store.ada, Action::EvidenceAdd, Some(&other)).await;
    for elsewhere in [id.as_str(), "0b5d1c0e-7f3a-4c59-9c5e-2f6a3f1f9a01"] {
        let copy = json!({"description": "Scan", "copy_of": elsewhere});
        let copy = serde_json::from_value(copy).unwrap();
        says(store.test.desk.add_thing(&permit, copy).await, "is no evidence item of this case");
    }
    let destroy = json!({"event": "destroy", "reason": "no longer needed"});
    says(store.try_to(&store.ada, &made.row.id, destroy).await, "erasure");
}

#[tokio::test]
async fn a_legal_hold_keeps_an_item_from_being_given_back_or_destroyed() {
    let store = store().await;
    let id = store.powder().await.row.id;
    let hold = |lifted: bool| {
        let mut set =
            json!({"holds/0/proceeding": "Court of A, 12/2026", "holds/0/review": "2027-06-01"});
        if lifted {
            set = json!({"holds/0/lifted": "2026-11-24"});
        }
        serde_json::from_value::<CaseChange>(json!({"fields": set})).unwrap()
    };
    let permit = store.test.may(&store.ada, Action::CaseUpdate, Some(&store.case)).await;
    store.test.desk.update_case(&permit, hold(false)).await.unwrap();
    let give_back = json!({"event": "return", "reason": "released", "to": "the owner"});
    says(store.try_to(&store.ada, &id, give_back.clone()).await, "legal hold");
    store.test.desk.update_case(&permit, hold(true)).await.unwrap();
    let back = store.does(&store.ada, &id, give_back).await;
    assert_eq!(back.row.state, "returned");
    assert_eq!(back.custody.last().unwrap().to.as_deref(), Some("the owner"));
}

#[tokio::test]
async fn the_custody_sheet_shows_every_link_and_runs_nothing() {
    let store = store().await;
    let permit = store.test.may(&store.ada, Action::EvidenceAdd, Some(&store.case)).await;
    let input =
        serde_json::from_value(json!({"description": "<script>alert(1)</script> box"})).unwrap();
    let id = store.test.desk.add_thing(&permit, input).await.unwrap().row.id;
    store
        .does(&store.ada, &id, json!({"event": "seal", "reason": "closing", "seals": "XA-7"}))
        .await;
    let permit = store.test.may(&store.ada, Action::EvidenceRead, Some(&id)).await;
    let sheet = store.test.desk.custody_sheet(&permit).await.unwrap();
    assert!(!sheet.contains("<script"), "{sheet}");
    for shown in ["&lt;script&gt;", "none → XA-7", "collect", "Signature", id.as_str()] {
        assert!(sheet.contains(shown), "{shown}");
    }
}
