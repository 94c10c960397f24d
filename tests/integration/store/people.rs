//! Rules of the tables about officers beside their accounts: what they are trained in, what is closed to them, what they read.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use sealane::node::store::compartments::{self, UserCompartment};
use sealane::node::store::conflicts::{self, CaseConflict};
use sealane::node::store::qualifications::{self, Qualification, QualificationKind};
use sealane::node::store::reads::{self, ReadAlarm, RecentRead};
use sealane::node::store::{StoreError, Tx, users};

use crate::store::{Place, read, write};

async fn officer(tx: &mut Tx, id: &str) -> Result<(), StoreError> {
    let user = users::User {
        id: id.into(),
        name: id.into(),
        pseudonym: format!("o-{id}"),
        roles: "analyst".into(),
        unit: "north".into(),
        clearance: 0,
        disabled_at: None,
        created_at: 1,
    };
    users::insert(tx, &user).await
}

pub(crate) async fn qualifications_are_kept_and_revoked_once(place: Place) {
    let store = place.open().await;
    let row = |id: &str, name: &str, expires_at, recorded_at| Qualification {
        id: id.into(),
        user_id: "u1".into(),
        kind: QualificationKind::Authorisation,
        name: name.into(),
        title: "Keeping of evidence".into(),
        issuer: "academy".into(),
        obtained_at: 1,
        expires_at,
        revoked_at: None,
        recorded_at,
    };
    let kept: Result<(), StoreError> = write!(store, |tx| {
        officer(tx, "u1").await?;
        qualifications::insert(tx, &row("q1", "evidence", Some(9), 1)).await?;
        qualifications::insert(tx, &row("q2", "evidence", None, 2)).await?;
        qualifications::insert(tx, &row("q3", "basic", None, 3)).await
    })
    .await;
    kept.unwrap();
    let orphan: Result<(), StoreError> = write!(store, |tx| {
        let orphan = Qualification { user_id: "u2".into(), ..row("q4", "basic", None, 4) };
        qualifications::insert(tx, &orphan).await
    })
    .await;
    assert!(orphan.is_err(), "of an officer who is not there");
    let found = read!(store, |tx| qualifications::of_user(tx, "u1").await);
    let ids: Vec<_> = found.iter().map(|row| row.id.as_str()).collect();
    assert_eq!(ids, ["q3", "q2", "q1"]);
    assert_eq!(found[2], row("q1", "evidence", Some(9), 1));
    for is_first in [true, false] {
        let revoked: Result<(), StoreError> =
            write!(store, |tx| qualifications::revoke(tx, "q1", 7).await).await;
        assert_eq!(revoked.is_ok(), is_first);
    }
    let revoked = read!(store, |tx| qualifications::get(tx, "q1").await).unwrap();
    assert_eq!(revoked.revoked_at, Some(7));
    assert_eq!(read!(store, |tx| qualifications::get(tx, "q9").await), None);
}

pub(crate) async fn a_conflict_stands_once_until_it_is_lifted(place: Place) {
    let store = place.open().await;
    let row = |user: &str| CaseConflict {
        case_id: "c1".into(),
        user_id: user.into(),
        record_hash: [7; 32],
    };
    let kept: Result<(), StoreError> = write!(store, |tx| {
        conflicts::insert(tx, &row("u2")).await?;
        conflicts::insert(tx, &row("u1")).await
    })
    .await;
    kept.unwrap();
    let twice: Result<(), StoreError> =
        write!(store, |tx| conflicts::insert(tx, &row("u1")).await).await;
    assert!(matches!(twice, Err(StoreError::Conflict(_))));
    assert_eq!(read!(store, |tx| conflicts::of_case(tx, "c1").await), [row("u1"), row("u2")]);
    for is_first in [true, false] {
        let lifted: Result<(), StoreError> =
            write!(store, |tx| conflicts::remove(tx, "c1", "u1").await).await;
        assert_eq!(lifted.is_ok(), is_first);
    }
    assert!(!read!(store, |tx| conflicts::stands(tx, "c1", "u1").await));
    assert!(read!(store, |tx| conflicts::stands(tx, "c1", "u2").await));
    let cleared: Result<(), StoreError> =
        write!(store, |tx| conflicts::clear_case(tx, "c1").await).await;
    cleared.unwrap();
    assert_eq!(read!(store, |tx| conflicts::of_case(tx, "c1").await), []);
}

pub(crate) async fn an_officer_is_let_into_a_compartment_once(place: Place) {
    let store = place.open().await;
    let row = |compartment: &str| UserCompartment {
        user_id: "u1".into(),
        compartment: compartment.into(),
        granted_by: "u2".into(),
        reason: "works on it".into(),
        granted_at: 1,
    };
    for (name, is_new) in [("umber", true), ("amber", true), ("amber", false)] {
        let granted: Result<bool, StoreError> =
            write!(store, |tx| compartments::grant(tx, &row(name)).await).await;
        assert_eq!(granted.unwrap(), is_new, "{name}");
    }
    let found = read!(store, |tx| compartments::of_user(tx, "u1").await);
    assert_eq!(found, [row("amber"), row("umber")]);
    for is_first in [true, false] {
        let revoked: Result<bool, StoreError> =
            write!(store, |tx| compartments::revoke(tx, "u1", "umber").await).await;
        assert_eq!(revoked.unwrap(), is_first);
    }
    assert_eq!(read!(store, |tx| compartments::of_user(tx, "u1").await), [row("amber")]);
}

pub(crate) async fn reads_are_counted_within_a_window_and_alarms_kept_apart(place: Place) {
    let store = place.open().await;
    let count = async |user: &'static str, object: &'static str, at: i64| -> i64 {
        let noted: Result<i64, StoreError> = write!(store, |tx| {
            let read = RecentRead { user_id: user.into(), object: object.into(), at };
            reads::note(tx, &read, at - 10, 3).await
        })
        .await;
        noted.unwrap()
    };
    assert_eq!(count("u1", "c1", 1).await, 1);
    assert_eq!(count("u1", "c1", 2).await, 1, "an object counts once");
    assert_eq!(count("u2", "c9", 2).await, 1, "and for its officer alone");
    assert_eq!(count("u1", "c2", 11).await, 2);
    assert_eq!(count("u1", "c3", 12).await, 2, "what was read at the edge is out");
    assert_eq!(count("u1", "c4", 12).await, 3);
    assert_eq!(count("u1", "c5", 12).await, 3, "no further than asked for");
    for (at, is_new) in [(20, true), (29, false), (30, true), (39, false)] {
        let raised: Result<bool, StoreError> = write!(store, |tx| {
            let alarm = ReadAlarm { user_id: "u1".into(), at };
            reads::alarm(tx, &alarm, at - 10).await
        })
        .await;
        assert_eq!(raised.unwrap(), is_new, "at {at}");
    }
}
