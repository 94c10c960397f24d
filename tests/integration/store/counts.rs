//! Rules of what is counted over cases, and of the workflows that they follow.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use sealane::node::store::cases::{self, CaseOutcome};
use sealane::node::store::compartments::{self, UserCompartment};
use sealane::node::store::conflicts::{self, CaseConflict};
use sealane::node::store::identifiers::{self, Identifier};
use sealane::node::store::statistics::{self, By, Scope};
use sealane::node::store::workflows::{self, WorkflowRow};
use sealane::node::store::{Store, StoreError};

use crate::store::projections::case;
use crate::store::{Place, hash, read, write};

async fn fill(store: &Store) {
    let outcome = |id: &str, track: &str, outcome: &str| CaseOutcome {
        case_id: id.into(),
        track: track.into(),
        outcome: outcome.into(),
    };
    let seen = |id: &str, path: &str, scheme: &str, normalised: &str| Identifier {
        scheme: scheme.into(),
        normalised: normalised.into(),
        object: id.into(),
        path: path.into(),
        check_result: "pass".into(),
    };
    let made: Result<(), StoreError> = write!(store, |tx| {
        for number in 0..10 {
            cases::insert(tx, &case(number, "Goods")).await?;
        }
        for (status, at) in [("suspicion", 100), ("triage", 150), ("open", 400)] {
            cases::enter(tx, "id1", status, at).await?;
        }
        cases::enter(tx, "id2", "suspicion", 300).await?;
        let outcomes =
            [outcome("id1", "judicial", "acquittal"), outcome("id1", "administrative", "penalty")];
        cases::set_outcomes(tx, "id1", &outcomes).await?;
        cases::set_outcomes(tx, "id2", &[outcome("id2", "judicial", "acquittal")]).await?;
        let identifiers = [
            seen("id1", "goods/0/hs", "hs", "240220"),
            seen("id1", "goods/1/hs", "hs", "240310"),
            seen("id2", "goods/0/hs", "hs", "690721"),
            seen("id2", "goods/0/origin", "country", "CN"),
            seen("id2", "identifiers/0", "country", "FR"),
        ];
        identifiers::put_all(tx, &identifiers).await
    })
    .await;
    made.unwrap();
}

pub(crate) async fn cases_are_counted_by_group_and_time(place: Place) {
    let store = place.open().await;
    fill(&store).await;
    let by = async |by: By, scope: Scope| -> Vec<(String, i64)> {
        let counts = read!(store, |tx| statistics::cases_by(tx, by, &scope).await);
        counts.into_iter().map(|count| (count.group, count.count)).collect()
    };
    let all = Scope::default;
    let told = |rows: &[(&str, i64)]| -> Vec<(String, i64)> {
        rows.iter().map(|(group, count)| ((*group).to_owned(), *count)).collect()
    };
    assert_eq!(by(By::CaseType, all()).await, told(&[("fraud", 10)]));
    assert_eq!(by(By::Status, all()).await, told(&[("closed", 5), ("open", 5)]));
    assert_eq!(by(By::Outcome, all()).await, told(&[("acquittal", 2), ("penalty", 1)]));
    assert_eq!(by(By::Chapter, all()).await, told(&[("24", 1), ("69", 1)]));
    assert_eq!(by(By::Origin, all()).await, told(&[("CN", 1)]));
    let late = Scope { from: Some(2), until: Some(4), ..all() };
    assert_eq!(by(By::Unit, late.clone()).await, told(&[("north", 4)]));
    let other = Scope { unit: Some("south".into()), ..all() };
    assert_eq!(by(By::Unit, other).await, told(&[]));
    let open = read!(store, |tx| statistics::open_between(tx, &late, (0, 3)).await);
    assert_eq!(open, 1);
    let stays = read!(store, |tx| statistics::stays(tx, &Scope::default(), 1_000).await);
    let stays: Vec<_> = stays
        .iter()
        .map(|stay| (stay.status.as_str(), stay.count, stay.total, stay.longest))
        .collect();
    assert_eq!(stays, [("open", 1, 600, 600), ("suspicion", 2, 750, 700), ("triage", 1, 250, 250)]);
    let loads = read!(store, |tx| statistics::loads(tx, &Scope::default()).await);
    assert_eq!((loads.len(), loads[0].count, loads[0].oldest), (1, 5, 0));
    assert_eq!(read!(store, |tx| statistics::requests(tx, None).await), []);
    let positions: Vec<_> = read!(store, |tx| cases::states(tx, "id1").await)
        .into_iter()
        .map(|state| (state.position, state.left_at))
        .collect();
    assert_eq!(positions, [(0, Some(150)), (1, Some(400)), (2, None)]);
    let deleted: Result<(), StoreError> = write!(store, |tx| cases::delete(tx, "id1").await).await;
    deleted.unwrap();
    assert_eq!(read!(store, |tx| cases::states(tx, "id1").await), []);
    assert_eq!(read!(store, |tx| cases::outcomes(tx, "id1").await), []);
}

pub(crate) async fn versions_of_workflows_stay(place: Place) {
    let store = place.open().await;
    let row = |byte: u8, version: i64| WorkflowRow {
        hash: hash(byte),
        case_type: "revenue".into(),
        version,
        content: "title = 1".into(),
        record_hash: (version > 1).then(|| hash(9)),
        adopted_at: version,
    };
    let made: Result<(), StoreError> = write!(store, |tx| {
        assert!(workflows::adopt(tx, &row(1, 1)).await?);
        assert!(!workflows::adopt(tx, &row(1, 1)).await?, "it is in use already");
        assert!(workflows::adopt(tx, &row(2, 2)).await?);
        Ok(())
    })
    .await;
    made.unwrap();
    let other: Result<(), StoreError> =
        write!(store, |tx| workflows::adopt(tx, &row(3, 2)).await.map(drop)).await;
    assert!(matches!(other, Err(StoreError::Conflict(_))), "{other:?}");
    assert_eq!(read!(store, |tx| workflows::newest(tx, "revenue").await), Some(row(2, 2)));
    assert_eq!(read!(store, |tx| workflows::newest(tx, "waste").await), None);
    assert_eq!(read!(store, |tx| workflows::get(tx, &hash(1)).await), Some(row(1, 1)));
    assert_eq!(read!(store, |tx| workflows::by_version(tx, "revenue", 2).await), Some(row(2, 2)));
    assert_eq!(read!(store, |tx| workflows::list(tx).await).len(), 2);
}

/// What is closed by level, compartment or conflict of interest is not counted for whoever asks.
pub(crate) async fn what_is_closed_to_whoever_asks_is_not_counted(place: Place) {
    let store = place.open().await;
    let made: Result<(), StoreError> = write!(store, |tx| {
        let row = |number| case(number, "Goods");
        cases::insert(tx, &row(0)).await?;
        cases::insert(tx, &cases::Case { level: 1, ..row(1) }).await?;
        cases::insert(tx, &cases::Case { compartment: "amber".into(), ..row(2) }).await?;
        cases::insert(tx, &row(3)).await?;
        let (case_id, user_id) = ("id3".into(), "u1".into());
        conflicts::insert(tx, &CaseConflict { case_id, user_id, record_hash: hash(1) }).await?;
        let amber = UserCompartment {
            user_id: "u2".into(),
            compartment: "amber".into(),
            granted_by: "u3".into(),
            reason: "works on it".into(),
            granted_at: 1,
        };
        compartments::grant(tx, &amber).await.map(drop)
    })
    .await;
    made.unwrap();
    for (user, clearance, counted) in [("u1", 0, 1), ("u1", 1, 2), ("u2", 0, 3), ("u2", 1, 4)] {
        let scope = Scope { open_to: Some((user.into(), clearance)), ..Scope::default() };
        let counts = read!(store, |tx| statistics::cases_by(tx, By::CaseType, &scope).await);
        assert_eq!(counts.iter().map(|row| row.count).sum::<i64>(), counted, "{user} {clearance}");
    }
    let all = Some(("u1".to_owned(), 0));
    assert_eq!(read!(store, |tx| statistics::requests(tx, all.as_ref()).await), []);
}
