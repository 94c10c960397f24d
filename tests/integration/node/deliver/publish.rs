//! Publishing beside a store that is real: what may be shown, and when.

use std::sync::Arc;
use std::time::Duration;

use sealane::node::config::WitnessQuorum;
use sealane::node::jobs::publish::{PublishParts, Publisher};
use sealane::node::jobs::resting::Resting;
use sealane::node::jobs::roster::Roster;
use sealane::node::log::{LogFiles, LogKeys, Signing, SigningGate};
use sealane::node::signals::Signals;
use sealane::transparency::key::{KeyKind, VerifierKey};

use crate::node::deliver::world::World;

/// A publisher of the world's log into a folder; its peer is no witness.
async fn publisher(world: &World, folder: &std::path::Path, signals: Arc<Signals>) -> Publisher {
    let roster = Arc::new(Roster::default());
    roster.refresh(&world.store).await.unwrap();
    let key = world.log_key();
    let log_key: LogKeys =
        Arc::new(move |origin: &str| VerifierKey::new(origin, KeyKind::Log, &key).ok());
    Publisher::new(PublishParts {
        authority: world.own.clone(),
        store: world.store.clone(),
        clock: world.clock.clone(),
        signals,
        roster,
        courier: world.peer.clone(),
        resting: Arc::new(Resting::default()),
        files: LogFiles::at(folder),
        gate: Arc::new(SigningGate::new(Signing::Allowed)),
        quorum: WitnessQuorum::Majority,
        interval: Duration::ZERO,
        log_key,
    })
}

#[tokio::test]
async fn what_the_high_water_file_does_not_know_yet_is_not_published() {
    let world = World::new(1).await;
    let (folder, signals) = (tempfile::tempdir().unwrap(), Arc::new(Signals::default()));
    let mut publisher = publisher(&world, folder.path(), Arc::clone(&signals)).await;
    publisher.publish_all().await.unwrap();
    let checkpoint = folder.path().join("log/2026/checkpoint");
    assert!(!checkpoint.exists());
    signals.seal(i64::MAX);
    publisher.publish_all().await.unwrap();
    assert!(checkpoint.exists());
}
