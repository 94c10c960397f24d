//! Rules of the tables about officers beside their accounts: what they are trained in.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use sealane::node::store::qualifications::{self, Qualification, QualificationKind};
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
