//! The rules of custody, one refusal each.

use std::str::FromStr;

use super::custody::*;
use super::event::*;
use crate::domain::amount::Quantity;
use crate::domain::id::{AuthorityName, ObjectId, OfficerPseudonym};

fn officer(name: &str) -> Custodian {
    Custodian {
        authority: AuthorityName::from_str("customs.xa.example").unwrap(),
        officer: OfficerPseudonym::from_str(name).unwrap(),
    }
}

fn child(byte: u8) -> ObjectId {
    ObjectId::from_random([byte; 16])
}

fn kilos(amount: &str) -> Quantity {
    Quantity::parse(amount, "KGM").unwrap()
}

fn part(byte: u8, amount: Option<&str>) -> Part {
    Part { item: child(byte), quantity: amount.map(kilos) }
}

fn collect(quantity: Option<Quantity>) -> CustodyEvent {
    CustodyEvent::Collect { by: officer("ada"), seals: Vec::new(), quantity }
}

fn held_by_ada() -> CustodyState {
    CustodyState::collected(&collect(None)).unwrap()
}

fn on_the_way() -> CustodyState {
    held_by_ada()
        .step(&CustodyEvent::Transfer { from: officer("ada"), to: officer("bo"), seals: None })
        .unwrap()
}

#[test]
fn a_hand_over_is_two_events_under_two_officers() {
    let after =
        on_the_way().step(&CustodyEvent::Receive { by: officer("bo"), seals: None }).unwrap();
    assert_eq!((after.holder, after.place), (officer("bo"), Place::Held));
}

#[test]
fn the_giver_answers_until_it_is_received_and_may_take_it_back() {
    assert_eq!(on_the_way().holder, officer("ada"));
    let back =
        on_the_way().step(&CustodyEvent::Receive { by: officer("ada"), seals: None }).unwrap();
    assert_eq!(back, held_by_ada());
}

#[test]
fn only_the_holder_gives_and_only_the_named_receiver_takes() {
    let theft = CustodyEvent::Transfer { from: officer("eve"), to: officer("bo"), seals: None };
    let refusal = held_by_ada().step(&theft).unwrap_err();
    assert_eq!(
        refusal,
        CustodyRefusal::NotHolder { actor: officer("eve"), holder: officer("ada") }
    );
    assert!(matches!(
        on_the_way().step(&CustodyEvent::Receive { by: officer("eve"), seals: None }),
        Err(CustodyRefusal::NotReceiver { .. })
    ));
    assert!(matches!(
        held_by_ada().step(&CustodyEvent::Receive { by: officer("bo"), seals: None }),
        Err(CustodyRefusal::NotOnTheWay { .. })
    ));
    let to_self = CustodyEvent::Transfer { from: officer("ada"), to: officer("ada"), seals: None };
    assert_eq!(held_by_ada().step(&to_self), Err(CustodyRefusal::SameOfficer));
}

#[test]
fn nothing_is_done_to_an_item_on_its_way_but_its_loss() {
    assert!(matches!(
        on_the_way().step(&CustodyEvent::Examine { by: officer("ada"), consumed: None }),
        Err(CustodyRefusal::OnTheWay { .. })
    ));
    for by in ["ada", "bo"] {
        let lost = on_the_way().step(&CustodyEvent::Lose { by: officer(by) }).unwrap();
        assert_eq!(lost.place, Place::Lost);
    }
    assert!(on_the_way().step(&CustodyEvent::Lose { by: officer("eve") }).is_err());
}

#[test]
fn a_sealed_item_is_opened_before_it_is_examined() {
    let by = || officer("ada");
    let seal = CustodyEvent::Seal { by: by(), seals: vec!["XA-001".to_owned()] };
    let sealed = held_by_ada().step(&seal).unwrap();
    for event in [
        CustodyEvent::Examine { by: by(), consumed: None },
        CustodyEvent::Sample { by: by(), part: part(1, None) },
        CustodyEvent::Copy { by: by(), child: child(1) },
        CustodyEvent::Split { by: by(), parts: vec![part(1, None), part(2, None)] },
    ] {
        assert_eq!(sealed.step(&event), Err(CustodyRefusal::Sealed));
        let opened = sealed.step(&CustodyEvent::Open { by: by() }).unwrap();
        assert!(opened.step(&event).is_ok());
    }
    assert_eq!(held_by_ada().step(&CustodyEvent::Open { by: by() }), Err(CustodyRefusal::NoSeal));
    let without = CustodyEvent::Seal { by: by(), seals: Vec::new() };
    assert_eq!(held_by_ada().step(&without), Err(CustodyRefusal::NoSeal));
}

#[test]
fn nothing_follows_the_end_of_custody() {
    let by = || officer("ada");
    for end in [
        CustodyEvent::Return { by: by(), to: "owner".to_owned() },
        CustodyEvent::Lose { by: by() },
        CustodyEvent::Destroy { by: by() },
        CustodyEvent::Split { by: by(), parts: vec![part(1, None), part(2, None)] },
    ] {
        let ended = held_by_ada().step(&end).unwrap();
        assert!(!ended.is_open());
        for event in [
            CustodyEvent::Examine { by: by(), consumed: None },
            CustodyEvent::Receive { by: by(), seals: None },
            CustodyEvent::Lose { by: by() },
            CustodyEvent::Transfer { from: by(), to: officer("bo"), seals: None },
        ] {
            assert_eq!(ended.step(&event), Err(CustodyRefusal::Ended));
        }
    }
    let one = CustodyEvent::Split { by: by(), parts: vec![part(1, None)] };
    assert_eq!(held_by_ada().step(&one), Err(CustodyRefusal::TooFewParts));
}

#[test]
fn a_chain_begins_with_the_collection_and_has_one() {
    let collect = collect(None);
    let examine = CustodyEvent::Examine { by: officer("ada"), consumed: None };
    assert_eq!(CustodyState::replay([]), Err(CustodyRefusal::NotCollected));
    assert_eq!(CustodyState::replay([&examine]), Err(CustodyRefusal::NotCollected));
    assert_eq!(CustodyState::replay([&collect, &collect]), Err(CustodyRefusal::AlreadyCollected));
    assert_eq!(CustodyState::replay([&collect, &examine]), Ok(held_by_ada()));
}

#[test]
fn kinds_have_stable_names() {
    for kind in CustodyKind::ALL {
        assert_eq!(CustodyKind::from_str(kind.name()), Ok(kind));
        assert!(UnknownCustodyKind.to_string().contains(kind.name()));
    }
    let hand_over = CustodyEvent::Transfer { from: officer("ada"), to: officer("bo"), seals: None };
    assert_eq!(hand_over.actor(), &officer("ada"));
    assert_eq!(CustodyEvent::Lose { by: officer("ada") }.kind(), CustodyKind::Lose);
}

#[test]
fn what_is_taken_is_missing_from_the_whole_and_no_more_than_there_was() {
    let by = || officer("ada");
    let whole = CustodyState::collected(&collect(Some(kilos("10.5")))).unwrap();
    let sample = |amount| CustodyEvent::Sample { by: by(), part: part(1, amount) };
    let rest = whole.step(&sample(Some("0.25"))).unwrap();
    assert_eq!(rest.quantity, Some(kilos("10.25")));
    let used = CustodyEvent::Examine { by: by(), consumed: Some(kilos("0.05")) };
    assert_eq!(rest.step(&used).unwrap().quantity, Some(kilos("10.20")));
    for (amount, why) in [(Some("10.26"), "more than the whole"), (None, "is needed")] {
        let refusal = rest.step(&sample(amount)).unwrap_err().to_string();
        assert!(refusal.contains(why), "{refusal}");
    }
    let pieces = Part { item: child(1), quantity: Some(Quantity::parse("1", "NMB").unwrap()) };
    let other_unit = CustodyEvent::Sample { by: by(), part: pieces };
    assert!(rest.step(&other_unit).unwrap_err().to_string().contains("another unit"));
}

#[test]
fn the_parts_of_a_split_are_the_whole() {
    let whole = CustodyState::collected(&collect(Some(kilos("10")))).unwrap();
    let split = |amounts: &[Option<&str>]| {
        let parts = amounts.iter().zip(1..).map(|(amount, at)| part(at, *amount)).collect();
        whole.step(&CustodyEvent::Split { by: officer("ada"), parts })
    };
    let divided = split(&[Some("4"), Some("3.5"), Some("2.50")]).unwrap();
    assert_eq!(divided.place, Place::Divided);
    for (amounts, why) in [
        ([Some("4"), Some("5.9")], "leaves 0.1 KGM over"),
        ([Some("4"), Some("6.1")], "more than the whole"),
        ([Some("4"), None], "is needed"),
    ] {
        let refusal = split(&amounts).unwrap_err().to_string();
        assert!(refusal.contains(why), "{refusal}");
    }
}

#[test]
fn seals_that_are_found_to_be_others_are_kept_as_they_were_found() {
    let seals =
        |numbers: &[&str]| Some(numbers.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>());
    let sealed = CustodyEvent::Collect {
        by: officer("ada"),
        seals: seals(&["XA-1"]).unwrap(),
        quantity: None,
    };
    let given = CustodyEvent::Transfer { from: officer("ada"), to: officer("bo"), seals: None };
    let way = CustodyState::collected(&sealed).unwrap().step(&given).unwrap();
    assert_eq!(way.seals, ["XA-1"]);
    let found = CustodyEvent::Receive { by: officer("bo"), seals: seals(&["XA-7"]) };
    assert_eq!(way.step(&found).unwrap().seals, ["XA-7"]);
    let broken = CustodyEvent::Receive { by: officer("bo"), seals: seals(&[]) };
    let broken = way.step(&broken).unwrap();
    assert!(broken.step(&CustodyEvent::Examine { by: officer("bo"), consumed: None }).is_ok());
}
