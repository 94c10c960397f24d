//! The rules of custody, one refusal each.

use std::str::FromStr;

use super::custody::*;
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

fn held_by_ada() -> CustodyState {
    CustodyState::collected(&CustodyEvent::Collect { by: officer("ada") }).unwrap()
}

fn on_the_way() -> CustodyState {
    held_by_ada().step(&CustodyEvent::Transfer { from: officer("ada"), to: officer("bo") }).unwrap()
}

#[test]
fn a_hand_over_is_two_events_under_two_officers() {
    let after = on_the_way().step(&CustodyEvent::Receive { by: officer("bo") }).unwrap();
    assert_eq!((after.holder, after.place), (officer("bo"), Place::Held));
}

#[test]
fn the_giver_answers_until_it_is_received_and_may_take_it_back() {
    assert_eq!(on_the_way().holder, officer("ada"));
    let back = on_the_way().step(&CustodyEvent::Receive { by: officer("ada") }).unwrap();
    assert_eq!(back, held_by_ada());
}

#[test]
fn only_the_holder_gives_and_only_the_named_receiver_takes() {
    let theft = CustodyEvent::Transfer { from: officer("eve"), to: officer("bo") };
    let refusal = held_by_ada().step(&theft).unwrap_err();
    assert_eq!(
        refusal,
        CustodyRefusal::NotHolder { actor: officer("eve"), holder: officer("ada") }
    );
    assert!(matches!(
        on_the_way().step(&CustodyEvent::Receive { by: officer("eve") }),
        Err(CustodyRefusal::NotReceiver { .. })
    ));
    assert!(matches!(
        held_by_ada().step(&CustodyEvent::Receive { by: officer("bo") }),
        Err(CustodyRefusal::NotOnTheWay { .. })
    ));
    let to_self = CustodyEvent::Transfer { from: officer("ada"), to: officer("ada") };
    assert_eq!(held_by_ada().step(&to_self), Err(CustodyRefusal::SameOfficer));
}

#[test]
fn nothing_is_done_to_an_item_on_its_way_but_its_loss() {
    assert!(matches!(
        on_the_way().step(&CustodyEvent::Examine { by: officer("ada") }),
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
        CustodyEvent::Examine { by: by() },
        CustodyEvent::Sample { by: by(), child: child(1) },
        CustodyEvent::Copy { by: by(), child: child(1) },
        CustodyEvent::Split { by: by(), children: vec![child(1), child(2)] },
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
        CustodyEvent::Split { by: by(), children: vec![child(1), child(2)] },
    ] {
        let ended = held_by_ada().step(&end).unwrap();
        assert!(!ended.is_open());
        for event in [
            CustodyEvent::Examine { by: by() },
            CustodyEvent::Receive { by: by() },
            CustodyEvent::Lose { by: by() },
            CustodyEvent::Transfer { from: by(), to: officer("bo") },
        ] {
            assert_eq!(ended.step(&event), Err(CustodyRefusal::Ended));
        }
    }
    let one = CustodyEvent::Split { by: by(), children: vec![child(1)] };
    assert_eq!(held_by_ada().step(&one), Err(CustodyRefusal::TooFewParts));
}

#[test]
fn a_chain_begins_with_the_collection_and_has_one() {
    let collect = CustodyEvent::Collect { by: officer("ada") };
    let examine = CustodyEvent::Examine { by: officer("ada") };
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
    let hand_over = CustodyEvent::Transfer { from: officer("ada"), to: officer("bo") };
    assert_eq!(hand_over.actor(), &officer("ada"));
    assert_eq!(CustodyEvent::Lose { by: officer("ada") }.kind(), CustodyKind::Lose);
}
