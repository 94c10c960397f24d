//! Rules of the key vault.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use sealane::node::store::StoreError;

use crate::store::Place;

pub(crate) async fn a_key_is_put_once(place: Place) {
    let vault = place.open_vault().await;
    assert_eq!(vault.get("case:1").await.unwrap(), None);
    assert_eq!(vault.put_if_absent("case:1", vec![1; 40]).await.unwrap(), vec![1; 40]);
    assert_eq!(vault.put_if_absent("case:1", vec![2; 40]).await.unwrap(), vec![1; 40]);
    vault.close().await;
    assert_eq!(place.open_vault().await.get("case:1").await.unwrap(), Some(vec![1; 40]));
}

pub(crate) async fn a_destroyed_key_does_not_come_back(place: Place) {
    let vault = place.open_vault().await;
    vault.put_if_absent("case:1", vec![1; 40]).await.unwrap();
    assert!(vault.destroy("case:1").await.unwrap());
    assert!(!vault.destroy("case:1").await.unwrap());
    assert_eq!(vault.get("case:1").await.unwrap(), None);
    let again = vault.put_if_absent("case:1", vec![3; 40]).await;
    assert!(matches!(again, Err(StoreError::Conflict(_))));
    let states = vault.list().await.unwrap();
    assert_eq!(states.len(), 1);
    assert!(states[0].destroyed_at.is_some());
}

pub(crate) async fn a_key_is_rewrapped_only_from_the_known_wrapping(place: Place) {
    let vault = place.open_vault().await;
    vault.put_if_absent("case:1", vec![1; 40]).await.unwrap();
    vault.rewrap("case:1", vec![1; 40], vec![2; 40]).await.unwrap();
    let stale = vault.rewrap("case:1", vec![1; 40], vec![3; 40]).await;
    assert!(matches!(stale, Err(StoreError::Conflict(_))));
    assert_eq!(vault.get("case:1").await.unwrap(), Some(vec![2; 40]));
}
