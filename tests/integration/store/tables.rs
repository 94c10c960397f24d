//! Rules of the tables that are not rebuilt: records, logs, receipts, peers, people.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use sealane::node::store::inbox::{self, InboxOutcome, Incoming};
use sealane::node::store::{
    Store, StoreError, audit_events, idempotency, leases, logs, peers, receipts, records, users,
    witness,
};

use crate::store::engine::record;
use crate::store::{Place, hash, read, write};

fn sealed(record_seq: i64, key_group: &str) -> records::SealedFields {
    records::SealedFields { record_seq, key_group: key_group.into(), sealed: vec![1, 2] }
}

pub(crate) async fn a_record_is_kept_once_and_found_again(place: Place) {
    let store = place.open().await;
    let appended: Result<_, StoreError> = write!(store, |tx| {
        let first = records::append(tx, &record(1)).await?;
        let again = records::append_new(tx, &record(1)).await?;
        let all = records::append_all(tx, &[record(1), record(2), record(3)]).await?;
        records::put_fields(tx, &[sealed(first, "case:1"), sealed(first, "person:1")]).await?;
        records::set_kind(tx, &hash(2), "case/1").await?;
        Ok((first, again, all.len()))
    })
    .await;
    assert_eq!(appended.unwrap(), (1, None, 3));
    let kept = read!(store, |tx| records::get(tx, &hash(1)).await).unwrap();
    assert_eq!((kept.seq, kept.statement, kept.leaf_hashes), (1, vec![1; 100], vec![0; 64]));
    assert_eq!((kept.prev, kept.author.as_str()), (None, "customs.xa.example"));
    let counts = read!(store, |tx| {
        Ok([
            records::after(tx, 1, 10).await?.len(),
            records::refs_after(tx, 0, 2).await?.len(),
            records::of_object(tx, "object", 0, 10).await?.len(),
            records::of_kind(tx, "case/1", 0, 10).await?.len(),
            records::get_many(tx, &[hash(1), hash(9)]).await?.len(),
            records::fields(tx, 1).await?.len(),
            records::fields_of_many(tx, &[1, 2]).await?.len(),
        ])
    });
    assert_eq!(counts, [2, 2, 3, 1, 1, 2, 2]);
    assert!(read!(store, |tx| records::exists(tx, &hash(3)).await));
    assert_eq!(read!(store, |tx| records::last_seq(tx).await), read_last(&store).await);
    assert_eq!(read!(store, |tx| records::count(tx).await), 3);
    let erased: Result<u64, StoreError> =
        write!(store, |tx| records::erase_fields(tx, "person:1").await).await;
    assert_eq!(erased.unwrap(), 1);
}

/// The place of the newest record; refused ones may leave gaps, which is why it is asked for.
async fn read_last(store: &Store) -> i64 {
    read!(store, |tx| records::after(tx, 0, 10).await).last().map(|last| last.seq).unwrap()
}

pub(crate) async fn receipts_stay_as_they_came(place: Place) {
    let store = place.open().await;
    let receipt = |record: u8, log_index, bytes: u8| receipts::Receipt {
        record_hash: hash(record),
        origin: "log".into(),
        log_index,
        tree_size: 4,
        receipt: vec![bytes],
        proof: None,
        stored_at: 5,
    };
    let kept: Result<_, StoreError> = write!(store, |tx| {
        let first = receipts::keep(tx, &receipt(1, 0, 1)).await?;
        let second = receipts::keep(tx, &receipt(1, 7, 2)).await?;
        let more = receipts::keep_all(tx, &[receipt(1, 7, 2), receipt(2, 1, 3)]).await?;
        receipts::set_proofs(tx, "log", &[(hash(2), b"proof".to_vec())]).await?;
        Ok((first, second, more))
    })
    .await;
    assert_eq!(kept.unwrap(), (true, false, 1));
    let first = read!(store, |tx| receipts::get(tx, &hash(1), "log").await).unwrap();
    assert_eq!((first.receipt, first.log_index), (vec![1], 0));
    let found = read!(store, |tx| {
        Ok([
            receipts::get_many(tx, "log", &[hash(1), hash(2)]).await?.len(),
            receipts::of_record(tx, &hash(2)).await?.len(),
            receipts::of_records(tx, &[hash(2), hash(3)]).await?.len(),
            receipts::unwitnessed(tx, "log", 4, 10).await?.len(),
        ])
    });
    assert_eq!(found, [2, 1, 1, 1]);
    let with_proof = |from, below| {
        let read = store.read("witnessed", move |tx| {
            Box::pin(async move { receipts::witnessed(tx, "log", (from, below), 10).await })
        });
        async move { read.await.map(|rows: Vec<receipts::Receipt>| rows.len()) }
    };
    let counts = [with_proof(0, 9).await, with_proof(2, 9).await, with_proof(0, 1).await];
    assert_eq!(counts.map(|one: Result<_, StoreError>| one.unwrap()), [1, 0, 0]);
    let check = |policy: &str, checked| receipts::ProofCheck {
        origin: "log".into(),
        policy: policy.into(),
        checked,
    };
    for check in [check("one", 5), check("two", 1)] {
        let kept: Result<(), StoreError> = store
            .write_with("check", check.clone(), |tx, check| {
                Box::pin(receipts::put_proof_check(tx, check))
            })
            .await;
        kept.unwrap();
        assert_eq!(read!(store, |tx| receipts::proof_check(tx, "log").await), Some(check));
    }
}

fn log(size: i64) -> logs::Log {
    logs::Log {
        origin: "log".into(),
        year: 2026,
        size,
        root: hash(9),
        frontier: vec![9; 32],
        sealed_seq: size,
        opened_at: 1,
        closed_at: None,
    }
}

pub(crate) async fn a_log_grows_from_the_size_it_had(place: Place) {
    let store = place.open().await;
    let leaf = |idx, byte| logs::Leaf { origin: "log".into(), idx, record_hash: hash(byte) };
    let grown: Result<(), StoreError> = write!(store, |tx| {
        records::append_all(tx, &[record(1), record(2)]).await?;
        logs::open(tx, &log(0)).await?;
        logs::add_leaves(tx, &[leaf(0, 1), leaf(1, 2)]).await?;
        for hashes in [vec![1; 32], vec![1; 64]] {
            let tile = logs::Tile { origin: "log".into(), level: 0, n: 0, hashes };
            logs::put_tiles(tx, &[tile]).await?;
        }
        logs::advance(tx, 0, &log(2)).await
    })
    .await;
    grown.unwrap();
    let stale: Result<(), StoreError> =
        write!(store, |tx| logs::advance(tx, 0, &log(3)).await).await;
    assert!(matches!(stale, Err(StoreError::Conflict("logs.advance"))));
    assert_eq!(read!(store, |tx| logs::newest(tx).await).unwrap(), log(2));
    assert_eq!(read!(store, |tx| logs::leaf(tx, "log", 1).await).unwrap(), leaf(1, 2));
    assert_eq!(read!(store, |tx| logs::leaf_of(tx, &hash(2)).await).unwrap().idx, 1);
    let entries = read!(store, |tx| logs::entries_from(tx, "log", 0, 256).await);
    assert_eq!(entries, [vec![1; 100], vec![2; 100]]);
    let tile = read!(store, |tx| logs::tile(tx, "log", 0, 0).await).unwrap();
    assert_eq!(tile.hashes.len(), 64, "a growing tile is replaced");
    assert_eq!(read!(store, |tx| logs::tiles_from(tx, ("log", 0), 0, 9).await).len(), 1);
    let closed: Result<(), StoreError> = write!(store, |tx| {
        logs::close(tx, "log", 7).await?;
        logs::advance(tx, 2, &log(3)).await
    })
    .await;
    assert!(closed.is_err(), "a closed log does not grow");
    assert_eq!(read!(store, |tx| logs::list(tx).await)[0].closed_at, None);
    assert!(read!(store, |tx| logs::get(tx, "other").await).is_none());
}

pub(crate) async fn checkpoints_are_published_and_witnessed(place: Place) {
    let store = place.open().await;
    let checkpoint = |size| logs::Checkpoint {
        origin: "log".into(),
        size,
        root: hash(1),
        note: b"note".to_vec(),
        cosigned: None,
        sealed_at: 1,
        published_at: None,
        witnessed_at: None,
    };
    let kept: Result<(), StoreError> = write!(store, |tx| {
        for size in [2, 5, 9] {
            logs::add_checkpoint(tx, &checkpoint(size)).await?;
        }
        logs::set_published(tx, "log", 5, 10).await?;
        logs::set_cosigned(tx, ("log", 5), b"cosigned", Some(11)).await?;
        logs::set_cosigned(tx, ("log", 9), b"one signature", None).await
    })
    .await;
    kept.unwrap();
    let again: Result<(), StoreError> =
        write!(store, |tx| logs::add_checkpoint(tx, &checkpoint(5)).await).await;
    assert!(matches!(again, Err(StoreError::Conflict(_))), "a size is signed once");
    let sizes = read!(store, |tx| {
        Ok([
            logs::last_checkpoint(tx, "log").await?.map(|c| c.size),
            logs::last_published(tx, "log").await?.map(|c| c.size),
            logs::last_witnessed(tx, "log").await?.map(|c| c.size),
            logs::first_witnessed_over(tx, "log", 4).await?.map(|c| c.size),
            logs::first_witnessed_over(tx, "log", 5).await?.map(|c| c.size),
            logs::checkpoint(tx, "log", 2).await?.map(|c| c.size),
        ])
    });
    assert_eq!(sizes, [Some(9), Some(5), Some(5), Some(5), None, Some(2)]);
    assert_eq!(read!(store, |tx| logs::checkpoints_after(tx, "log", 2, 9).await).len(), 2);
}

pub(crate) async fn a_witness_never_goes_back(place: Place) {
    let store = place.open().await;
    let state = |size| witness::WitnessState {
        origin: "log".into(),
        size,
        root: hash(1),
        note: vec![1],
        cosigned_at: 2,
    };
    let advanced: Result<(), StoreError> = write!(store, |tx| {
        witness::advance(tx, None, &state(4)).await?;
        witness::advance(tx, Some(&state(4)), &state(8)).await?;
        witness::add_conflict(tx, "log", 3, b"request", "another root").await
    })
    .await;
    advanced.unwrap();
    for old in [None, Some(state(4))] {
        let refused: Result<(), StoreError> = store
            .write_with("stale", old, move |tx, old| {
                Box::pin(async move { witness::advance(tx, old.as_ref(), &state(9)).await })
            })
            .await;
        assert!(matches!(refused, Err(StoreError::Conflict(_))));
    }
    assert_eq!(read!(store, |tx| witness::get(tx, "log").await), Some(state(8)));
    assert_eq!(read!(store, |tx| witness::list(tx).await).len(), 1);
    assert_eq!(read!(store, |tx| witness::conflicts(tx, 5).await)[0].reason, "another root");
}

/// A card of B under one of its roots.
fn of_root(root: u8, version: i64) -> peers::Card {
    peers::Card {
        authority: "b.example".into(),
        root_key: vec![root; 32],
        version,
        card: vec![1],
        received_at: version,
    }
}

pub(crate) async fn peers_and_the_card_that_counts(place: Place) {
    let store = place.open().await;
    let card = |version| of_root(1, version);
    let pinned: Result<_, StoreError> = write!(store, |tx| {
        for authority in ["b.example", "c.example"] {
            let peer = peers::Peer {
                authority: authority.into(),
                root_key: vec![1; 32],
                added_at: 1,
                removed_at: None,
            };
            peers::put(tx, &peer).await?;
        }
        peers::remove(tx, "c.example", 2).await?;
        peers::add_card(tx, &card(1)).await?;
        peers::add_card(tx, &card(3)).await?;
        peers::add_card(tx, &card(2)).await?;
        peers::add_card(tx, &card(3)).await
    })
    .await;
    assert!(!pinned.unwrap(), "a version is kept once");
    assert_eq!(read!(store, |tx| peers::list(tx).await).len(), 1);
    assert_eq!(read!(store, |tx| peers::list_all(tx).await).len(), 2);
    assert!(read!(store, |tx| peers::get(tx, "c.example").await).unwrap().removed_at.is_some());
    assert_eq!(read!(store, |tx| peers::card(tx, "b.example").await).unwrap().version, 3);
    assert_eq!(read!(store, |tx| peers::cards_of(tx, "b.example").await).len(), 3);
    assert_eq!(read!(store, |tx| peers::cards(tx).await), [card(3)]);
    let again: Result<_, StoreError> = write!(store, |tx| {
        peers::remove(tx, "b.example", 4).await?;
        let root_key = vec![2; 32];
        let peer =
            peers::Peer { authority: "b.example".into(), root_key, added_at: 5, removed_at: None };
        peers::put(tx, &peer).await?;
        peers::add_card(tx, &of_root(2, 1)).await
    })
    .await;
    assert!(again.unwrap(), "a new root begins its versions anew");
    let kept = read!(store, |tx| peers::cards_of(tx, "b.example").await);
    assert_eq!(kept, [card(1), card(2), card(3), of_root(2, 1)], "the former cards stay");
    assert_eq!(read!(store, |tx| peers::card(tx, "b.example").await), Some(of_root(2, 1)));
    assert_eq!(read!(store, |tx| peers::cards(tx).await), [of_root(2, 1)]);
    // The node itself is not pinned: the root of the card that came last counts, and of it the highest version.
    let own = |root: u8, version, received_at| peers::Card {
        authority: "a.example".into(),
        received_at,
        ..of_root(root, version)
    };
    let kept: Result<_, StoreError> = write!(store, |tx| {
        for card in [own(9, 7, 1), own(3, 1, 8), own(3, 2, 9)] {
            peers::add_card(tx, &card).await?;
        }
        Ok(())
    })
    .await;
    kept.unwrap();
    assert_eq!(read!(store, |tx| peers::card(tx, "a.example").await), Some(own(3, 2, 9)));
}

pub(crate) async fn incoming_records_are_noted_once(place: Place) {
    let store = place.open().await;
    let row = |byte| Incoming {
        peer: "b.example".into(),
        record_hash: hash(byte),
        received_at: 1,
        outcome: InboxOutcome::UnknownKind,
        answer: None,
    };
    let kept: Result<_, StoreError> = write!(store, |tx| {
        let first = inbox::keep(tx, &row(1)).await?;
        let again = inbox::keep_all(tx, &[row(1), row(2)]).await?;
        let outcome = InboxOutcome::Stored;
        inbox::set_outcome(tx, "b.example", &hash(1), outcome, Some(b"answer")).await?;
        Ok((first, again))
    })
    .await;
    assert_eq!(kept.unwrap(), (true, 1));
    let first = read!(store, |tx| inbox::get(tx, "b.example", &hash(1)).await).unwrap();
    assert_eq!((first.outcome, first.answer), (InboxOutcome::Stored, Some(b"answer".to_vec())));
    let many = read!(store, |tx| inbox::get_many(tx, "b.example", &[hash(2), hash(3)]).await);
    assert_eq!(many, [row(2)]);
    assert_eq!(read!(store, |tx| inbox::of_record(tx, &hash(2)).await).len(), 1);
}

pub(crate) async fn a_lease_passes_on_with_a_higher_token(place: Place) {
    let store = place.open().await;
    let acquire = async |holder: &'static str, now| -> Result<Option<i64>, StoreError> {
        write!(store, |tx| leases::acquire(tx, "sequencer", holder, now, now + 10).await).await
    };
    assert_eq!(acquire("a", 0).await.unwrap(), Some(1));
    assert_eq!(acquire("b", 9).await.unwrap(), None);
    assert_eq!(acquire("b", 10).await.unwrap(), Some(2));
    let stale: Result<(), StoreError> =
        write!(store, |tx| leases::renew(tx, "sequencer", 1, 99).await).await;
    assert!(matches!(stale, Err(StoreError::Conflict(_))));
    let renewed: Result<(), StoreError> = write!(store, |tx| {
        leases::renew(tx, "sequencer", 2, 99).await?;
        leases::release(tx, "sequencer", 1).await
    })
    .await;
    renewed.unwrap();
    let lease = read!(store, |tx| leases::get(tx, "sequencer").await).unwrap();
    assert_eq!((lease.holder.as_str(), lease.until), ("b", 99));
}

pub(crate) async fn an_answer_is_kept_for_a_repeated_request(place: Place) {
    let store = place.open().await;
    let answer = move || idempotency::Answer {
        caller: "u".into(),
        key: "k".into(),
        request_hash: hash(1),
        status: 201,
        body: b"{}".to_vec(),
        created_at: 5,
    };
    let claim = move || idempotency::Answer { status: 0, body: Vec::new(), ..answer() };
    let made: Result<_, StoreError> = write!(store, |tx| {
        let first = idempotency::claim(tx, &claim()).await?;
        Ok((first, idempotency::claim(tx, &claim()).await?))
    })
    .await;
    assert_eq!(made.unwrap(), (true, false));
    assert_eq!(read!(store, |tx| idempotency::get(tx, "u", "k").await), Some(claim()));
    let release = async || -> u64 {
        let released: Result<u64, StoreError> =
            write!(store, |tx| idempotency::release(tx, "u", "k").await).await;
        released.unwrap()
    };
    assert_eq!(release().await, 1);
    let kept: Result<(), StoreError> =
        write!(store, |tx| idempotency::keep(tx, &answer()).await).await;
    kept.unwrap();
    assert_eq!(read!(store, |tx| idempotency::get(tx, "u", "k").await), Some(answer()));
    assert_eq!(release().await, 0, "an answer stays");

    // A change that fails takes its claim with it; one that is made has it.
    let changed = async |fails: bool| {
        let claim = idempotency::Answer { key: "with".into(), ..claim() };
        let change = store.write("change", move |_| {
            Box::pin(async move { if fails { Err(StoreError::Conflict("test")) } else { Ok(()) } })
        });
        idempotency::claiming(claim, change).await.is_ok()
    };
    for fails in [true, false] {
        assert_eq!(changed(fails).await, !fails);
        let found = read!(store, |tx| idempotency::get(tx, "u", "with").await);
        assert_eq!(found.is_some(), !fails);
    }
    let forgotten: Result<u64, StoreError> =
        write!(store, |tx| idempotency::forget_before(tx, 6).await).await;
    assert_eq!(forgotten.unwrap(), 2);
}

pub(crate) async fn a_token_speaks_for_its_officer_until_it_is_revoked(place: Place) {
    let store = place.open().await;
    let user = |roles: &str, disabled_at| users::User {
        id: "u1".into(),
        name: "Ada".into(),
        pseudonym: "o-1".into(),
        roles: roles.into(),
        unit: "north".into(),
        clearance: 2,
        disabled_at,
        created_at: 1,
    };
    let token = |byte| users::Token {
        hash: hash(byte),
        user_id: "u1".into(),
        label: "console".into(),
        created_at: 1,
        expires_at: 100,
        revoked_at: None,
    };
    let made: Result<(), StoreError> = write!(store, |tx| {
        users::insert(tx, &user("officer", None)).await?;
        users::add_token(tx, &token(1)).await?;
        users::add_token(tx, &token(2)).await?;
        users::revoke_token(tx, &hash(2), 5).await
    })
    .await;
    made.unwrap();
    let speaks = async |byte, now| -> bool {
        read!(store, |tx| users::by_token(tx, &hash(byte), now).await).is_some()
    };
    assert!(speaks(1, 99).await);
    assert!(!speaks(1, 100).await, "expired");
    assert!(!speaks(2, 9).await, "revoked");
    assert!(!speaks(3, 9).await, "unknown");
    let disabled: Result<(), StoreError> =
        write!(store, |tx| users::update(tx, &user("officer auditor", Some(7))).await).await;
    disabled.unwrap();
    assert!(!speaks(1, 9).await, "the account is disabled");
    let found = read!(store, |tx| users::by_pseudonym(tx, "o-1").await).unwrap();
    assert_eq!(found.roles, "officer auditor");
    assert_eq!(read!(store, |tx| users::get(tx, "u1").await), Some(found));
    assert_eq!(read!(store, |tx| users::list(tx).await).len(), 1);
    assert_eq!(read!(store, |tx| users::tokens_of(tx, "u1").await).len(), 2);
    let revoked: Result<u64, StoreError> =
        write!(store, |tx| users::revoke_tokens_of(tx, "u1", 9).await).await;
    assert_eq!(revoked.unwrap(), 1);
    assert!(read!(store, |tx| users::token(tx, &hash(1)).await).unwrap().revoked_at.is_some());
}

pub(crate) async fn audit_events_are_chained(place: Place) {
    let store = place.open().await;
    let event = |action: &str| audit_events::NewAuditEvent {
        at: 1,
        actor: "o-1".into(),
        role: "officer".into(),
        action: action.into(),
        object: Some("case".into()),
        purpose: None,
        outcome: "done".into(),
        detail: None,
    };
    for action in ["open", "read", "close"] {
        let appended: Result<i64, StoreError> = store
            .write_with("event", event(action), |tx, event| {
                Box::pin(audit_events::append(tx, event))
            })
            .await;
        appended.unwrap();
    }
    let mut events = read!(store, |tx| audit_events::after(tx, 0, 10).await);
    assert!(events.iter().all(audit_events::AuditEvent::is_intact));
    assert!(events.windows(2).all(|pair| pair[1].prev == pair[0].hash));
    assert_eq!(events[0].prev, [0; 32]);
    events[1].outcome = "refused".into();
    assert!(!events[1].is_intact());
    let counts = read!(store, |tx| {
        Ok([
            audit_events::of_object(tx, "case", 0, 10).await?.len(),
            audit_events::of_actor(tx, "o-1", 1, 10).await?.len(),
            audit_events::newest_before(tx, 0, 2).await?.len(),
            audit_events::newest_before(tx, 2, 9).await?.len(),
        ])
    });
    assert_eq!(counts, [3, 2, 2, 1]);
    let places = read!(store, |tx| {
        Ok([
            audit_events::first_since(tx, 1).await?,
            audit_events::first_since(tx, 2).await?,
            audit_events::last_until(tx, 0).await?,
            audit_events::last_until(tx, 1).await?,
            audit_events::place_before(tx, 1).await?,
            audit_events::place_before(tx, i64::MAX).await?,
            audit_events::place_after(tx, 0).await?,
            audit_events::place_after(tx, 3).await?,
        ])
    });
    assert_eq!(places, [Some(1), None, None, Some(3), None, Some(3), Some(1), None]);
}
