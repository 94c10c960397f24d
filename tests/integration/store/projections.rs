//! Rules of the projections: what lists and search read.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use sealane::node::store::blobs::{self, Blob, BlobGrant, BlobState};
use sealane::node::store::cases::{self, Case, CaseFilter, CaseMember};
use sealane::node::store::evidence::{self, CustodyEvent, EvidenceItem, PendingTransfer};
use sealane::node::store::identifiers::{self, Identifier};
use sealane::node::store::object_fields::{self, ObjectField};
use sealane::node::store::requests::RequestFilter;
use sealane::node::store::requests::{self, ActVerdict, Direction, Request, RequestAct};
use sealane::node::store::summaries::{self, Summary, SummaryRecipient, SummarySource};
use sealane::node::store::task_forces::{
    self, TaskForce, TaskForceMember, TaskForceOfficer, TaskForcePost,
};
use sealane::node::store::{Page, StoreError, projections};

use crate::store::{Place, hash, read, write};

pub(crate) fn case(number: i64, title: &str) -> Case {
    Case {
        id: format!("id{number}"),
        reference: format!("XA-2026-{number:04}"),
        title: title.into(),
        case_type: "fraud".into(),
        status: if number % 2 == 0 { "open" } else { "closed" }.into(),
        unit: "north".into(),
        owner: "u1".into(),
        opened_at: number / 2,
        updated_at: number,
        head: hash(1),
        version: 1,
        workflow: hash(2),
        pending: if number == 9 { "closed" } else { "" }.into(),
        proposer: if number == 9 { "u2" } else { "" }.into(),
        status_since: number,
        acted_at: number,
        review_by: None,
        restricted: String::new(),
        erasures: 0,
        level: 0,
        compartment: String::new(),
    }
}

pub(crate) async fn cases_are_filtered_and_paged(place: Place) {
    let store = place.open().await;
    let made: Result<(), StoreError> = write!(store, |tx| {
        for number in 0..10 {
            cases::insert(tx, &case(number, &format!("Cigarettes 10{number}%"))).await?;
        }
        cases::put(tx, &case(3, "Footwear")).await?;
        cases::set_team(tx, "id4", &["u2".into(), "u3".into()]).await?;
        let member = CaseMember { case_id: "id5".into(), user_id: "u2".into() };
        assert!(cases::add_member(tx, &member).await?);
        assert!(cases::remove_member(tx, "id4", "u3").await?);
        Ok(())
    })
    .await;
    made.unwrap();
    let (all, mut page) = (CaseFilter::default(), Page::first(4));
    let mut seen = Vec::new();
    loop {
        let (filter, asked) = (all.clone(), page.clone());
        let rows = read!(store, |tx| cases::list(tx, &filter, &asked).await);
        let Some(last) = rows.last() else { break };
        page = Page::after_row(last.opened_at, last.id.clone(), 4);
        seen.extend(rows.into_iter().map(|case| case.updated_at));
    }
    assert_eq!(seen, [9, 8, 7, 6, 5, 4, 3, 2, 1, 0]);
    let count = async |filter: CaseFilter| read!(store, |tx| cases::count(tx, &filter).await);
    let text = |text: &str| CaseFilter { text: Some(text.into()), ..CaseFilter::default() };
    assert_eq!(count(text("cigar")).await, 9);
    assert_eq!(count(text("2026-0003")).await, 1);
    assert_eq!(count(text("0%")).await, 1, "a percent sign is itself");
    let member = |user: &str| CaseFilter { member: Some(user.into()), ..CaseFilter::default() };
    assert_eq!(count(member("u2")).await, 2);
    assert_eq!(count(member("u1")).await, 10);
    let both =
        CaseFilter { status: Some("open".into()), unit: Some("north".into()), ..member("u2") };
    assert_eq!(count(both).await, 1);
    assert_eq!(count(CaseFilter { is_pending: true, ..CaseFilter::default() }).await, 1);
    let by_status = read!(store, |tx| cases::count_by_status(tx, "fraud").await);
    assert_eq!(by_status, [("closed".to_owned(), 5), ("open".to_owned(), 5)]);
    assert!(read!(store, |tx| cases::is_member(tx, "id5", "u2").await));
    assert_eq!(read!(store, |tx| cases::team(tx, "id4").await).len(), 1);
    assert_eq!(read!(store, |tx| cases::count_with_prefix(tx, "XA-2026-").await), 10);
    let found = read!(store, |tx| cases::by_reference(tx, "XA-2026-0003").await).unwrap();
    assert_eq!(found, case(3, "Footwear"));
    let deleted: Result<(), StoreError> = write!(store, |tx| cases::delete(tx, "id4").await).await;
    deleted.unwrap();
    assert!(read!(store, |tx| cases::get(tx, "id4").await).is_none());
    let cleared: Result<(), StoreError> =
        write!(store, |tx| projections::clear_all(tx).await).await;
    cleared.unwrap();
    assert_eq!(count(CaseFilter::default()).await, 0);
}

pub(crate) async fn fields_and_identifiers_of_an_object(place: Place) {
    let store = place.open().await;
    let field = |path: &str, byte| ObjectField {
        object: "o".into(),
        path: path.into(),
        value: vec![byte],
        record_hash: hash(byte),
        field_index: 8,
    };
    let identifier = |path: &str, scheme: &str| Identifier {
        scheme: scheme.into(),
        normalised: "CSQU3054383".into(),
        object: "o".into(),
        path: path.into(),
        check_result: "ok".into(),
    };
    let set: Result<_, StoreError> = write!(store, |tx| {
        object_fields::put_all(tx, &[field("a", 1), field("b", 1), field("c", 1)]).await?;
        object_fields::put_all(tx, &[field("b", 2)]).await?;
        identifiers::put_all(tx, &[identifier("a", "container"), identifier("b", "other")]).await?;
        Ok((object_fields::clear(tx, "o", &["c".into(), "d".into()]).await?, ()))
    })
    .await;
    assert_eq!(set.unwrap().0, 1);
    let fields = read!(store, |tx| object_fields::of_object(tx, "o").await);
    assert_eq!(fields, [field("a", 1), field("b", 2)]);
    assert_eq!(read!(store, |tx| object_fields::get(tx, "o", "b").await), Some(field("b", 2)));
    let many = read!(store, |tx| object_fields::get_many(tx, "o", &["a".into()]).await);
    assert_eq!(many, [field("a", 1)]);
    let find = async |object: &str, value: &'static str| {
        let objects = [object.to_owned(), "other".to_owned()];
        read!(store, |tx| identifiers::in_objects(tx, &objects, value).await).len()
    };
    let found =
        (find("o", "CSQU3054383").await, find("o", "x").await, find("p", "CSQU3054383").await);
    assert_eq!(found, (2, 0, 0));
    let set: Result<(), StoreError> = write!(store, |tx| {
        let paths = ["subjects/0/name", "subjects/1/aliases/0", "subjects/1/role", "goods/0/name"];
        object_fields::put_all(tx, &paths.map(|path| field(path, 3))).await
    })
    .await;
    set.unwrap();
    let mut names = read!(store, |tx| object_fields::names_in(tx, &["o".into()]).await);
    names.sort_by(|one, other| one.path.cmp(&other.path));
    assert_eq!(names, [field("subjects/0/name", 3), field("subjects/1/aliases/0", 3)]);
    let cleared: Result<_, StoreError> = write!(store, |tx| {
        let paths = ["subjects/0/name", "subjects/1/aliases/0", "subjects/1/role", "goods/0/name"];
        object_fields::clear(tx, "o", &paths.map(str::to_owned)).await
    })
    .await;
    assert_eq!(cleared.unwrap(), 4);
    let cleared: Result<_, StoreError> = write!(store, |tx| {
        let one = identifiers::clear(tx, "o", "a").await?;
        let rest = identifiers::clear_object(tx, "o").await?;
        Ok((one, rest, object_fields::clear_object(tx, "o").await?))
    })
    .await;
    assert_eq!(cleared.unwrap(), (1, 1, 2));
    assert!(read!(store, |tx| identifiers::of_object(tx, "o").await).is_empty());
}

fn item(holder: &str) -> EvidenceItem {
    EvidenceItem {
        id: "e1".into(),
        case_id: "c1".into(),
        description: "invoice".into(),
        form: "copy".into(),
        parent: Some("e0".into()),
        quantity: Some("0.50".into()),
        unit: Some("KGM".into()),
        media_type: Some("application/pdf".into()),
        size: Some(10),
        sha256: Some(hash(1)),
        blake3: Some(hash(2)),
        blob: Some("b1".into()),
        holder: holder.into(),
        state: "held".into(),
        created_at: 1,
        head: hash(3),
    }
}

pub(crate) async fn evidence_is_found_by_what_is_known_of_it(place: Place) {
    let store = place.open().await;
    let kept: Result<(), StoreError> = write!(store, |tx| {
        evidence::insert(tx, &item("u1")).await?;
        evidence::put(tx, &item("u2")).await
    })
    .await;
    kept.unwrap();
    let found = read!(store, |tx| {
        Ok([
            evidence::get_many(tx, &["e1".into(), "e2".into()]).await?.len(),
            evidence::by_sha256(tx, &hash(1)).await?.len(),
            evidence::of_case(tx, "c1").await?.len(),
            evidence::list(tx, Some("u2"), Some("held"), &Page::first(5)).await?.len(),
            evidence::list(tx, Some("u1"), None, &Page::first(5)).await?.len(),
        ])
    });
    assert_eq!(found, [1, 1, 1, 1, 0]);
    assert_eq!(read!(store, |tx| evidence::by_blob(tx, "b1").await), Some(item("u2")));
    assert_eq!(item("u2").file().unwrap().blob, "b1");
    let thing = || EvidenceItem {
        id: "e2".into(),
        parent: None,
        quantity: None,
        unit: None,
        media_type: None,
        size: None,
        sha256: None,
        blake3: None,
        blob: None,
        ..item("u1")
    };
    write!(store, |tx| evidence::insert(tx, &thing()).await)
        .await
        .unwrap_or_else(|e: StoreError| panic!("{e}"));
    assert_eq!(read!(store, |tx| evidence::get(tx, "e2").await), Some(thing()));
    assert_eq!(thing().file(), None);
    assert_eq!(read!(store, |tx| evidence::get(tx, "e1").await), Some(item("u2")));
}

pub(crate) async fn a_custody_chain_does_not_fork(place: Place) {
    let store = place.open().await;
    let event = |position| CustodyEvent {
        evidence_id: "e1".into(),
        position,
        record_hash: hash(4),
        event: "seized".into(),
        from_actor: None,
        to_actor: Some("u1".into()),
        at: 1,
    };
    let add = async |position| -> Result<(), StoreError> {
        write!(store, |tx| evidence::add_custody(tx, &event(position)).await).await
    };
    add(0).await.unwrap();
    add(1).await.unwrap();
    assert!(matches!(add(1).await, Err(StoreError::Conflict(_))));
    assert_eq!(read!(store, |tx| evidence::custody_of(tx, "e1").await), [event(0), event(1)]);
}

pub(crate) async fn a_hand_over_waits_and_ends_once(place: Place) {
    let store = place.open().await;
    let transfer = || PendingTransfer {
        evidence_id: "e1".into(),
        record_hash: hash(5),
        giver: "u1".into(),
        receiver: "u2".into(),
        at: 2,
    };
    let offer = async || -> Result<(), StoreError> {
        write!(store, |tx| evidence::offer_transfer(tx, &transfer()).await).await
    };
    offer().await.unwrap();
    assert!(matches!(offer().await, Err(StoreError::Conflict(_))), "one at a time");
    let waiting = async |receiver: Option<&'static str>| {
        read!(store, |tx| evidence::pending_transfers(tx, receiver, 5).await).len()
    };
    assert_eq!(
        (waiting(Some("u2")).await, waiting(None).await, waiting(Some("u3")).await),
        (1, 1, 0)
    );
    let end = async || -> Result<(), StoreError> {
        write!(store, |tx| evidence::end_transfer(tx, "e1", &hash(5)).await).await
    };
    end().await.unwrap();
    assert!(matches!(end().await, Err(StoreError::Conflict(_))));
    assert!(read!(store, |tx| evidence::pending_transfer(tx, "e1").await).is_none());
}

pub(crate) async fn blobs_are_completed_once_and_granted(place: Place) {
    let store = place.open().await;
    let blob = |state| Blob {
        name: "b1".into(),
        key_group: "evidence:1".into(),
        size: 10,
        sha256: hash(1),
        blake3: hash(2),
        state,
        created_at: 1,
    };
    let granted: Result<_, StoreError> = write!(store, |tx| {
        blobs::insert(tx, &blob(BlobState::Staged)).await?;
        assert_eq!(blobs::begun_before(tx, BlobState::Staged, 5, 9).await?.len(), 1);
        blobs::complete(tx, "b1").await?;
        let grant = BlobGrant {
            blob: "b1".into(),
            authority: "b.example".into(),
            evidence_id: "e1".into(),
            granted_by_record: hash(3),
        };
        Ok((blobs::grant(tx, &grant).await?, blobs::grant(tx, &grant).await?))
    })
    .await;
    assert_eq!(granted.unwrap(), (true, false));
    let second: Result<_, StoreError> = write!(store, |tx| {
        let grant = BlobGrant {
            blob: "b1".into(),
            authority: "b.example".into(),
            evidence_id: "e1".into(),
            granted_by_record: hash(4),
        };
        blobs::grant(tx, &grant).await
    })
    .await;
    assert!(second.unwrap(), "another record allows it on its own");
    let again: Result<(), StoreError> = write!(store, |tx| blobs::complete(tx, "b1").await).await;
    assert!(matches!(again, Err(StoreError::Conflict(_))));
    assert_eq!(read!(store, |tx| blobs::get(tx, "b1").await), Some(blob(BlobState::Complete)));
    assert!(read!(store, |tx| blobs::grant_of(tx, "b1", "b.example").await).is_some());
    assert!(read!(store, |tx| blobs::grant_of(tx, "b1", "c.example").await).is_none());
    assert_eq!(read!(store, |tx| blobs::grants(tx, "b1").await).len(), 2);
    let gone: Result<_, StoreError> = write!(store, |tx| {
        let revoked = blobs::revoke_of(tx, &hash(3)).await?;
        let left = blobs::grant_of(tx, "b1", "b.example").await?.map(|g| g.granted_by_record);
        assert_eq!(left, Some(hash(4)), "what another record allows stays");
        blobs::put(tx, &blob(BlobState::Complete)).await?;
        blobs::delete(tx, "b1").await?;
        Ok((revoked, blobs::after(tx, "", 5).await?.len()))
    })
    .await;
    assert_eq!(gone.unwrap(), (1, 0));
}

pub(crate) async fn requests_and_their_acts_in_order(place: Place) {
    let store = place.open().await;
    let request = |state: &str| Request {
        id: "r1".into(),
        direction: Direction::Out,
        peer: "b.example".into(),
        case_id: Some("c1".into()),
        instrument: "generic".into(),
        profile: vec![1; 32],
        state: state.into(),
        version: 1,
        created_at: 1,
        updated_at: 2,
        answer_by: Some(50),
        late_withdrawal: 0,
    };
    let act = |byte, position, verdict| RequestAct {
        request_id: "r1".into(),
        record_hash: hash(byte),
        author: "a.example".into(),
        act: "submit".into(),
        position,
        verdict,
        at: i64::from(byte),
    };
    let kept: Result<(), StoreError> = write!(store, |tx| {
        requests::insert(tx, &request("submitted")).await?;
        requests::put_act(tx, &act(1, None, ActVerdict::Pending)).await?;
        requests::put_act(tx, &act(2, Some(7), ActVerdict::Applied)).await?;
        let folded = [act(3, Some(5), ActVerdict::Applied), act(2, Some(7), ActVerdict::Void)];
        requests::put_acts(tx, &folded).await?;
        requests::put(tx, &request("acknowledged")).await
    })
    .await;
    kept.unwrap();
    let acts = read!(store, |tx| requests::acts(tx, "r1").await);
    let order: Vec<_> = acts.iter().map(|act| (act.record_hash[0], act.verdict)).collect();
    assert_eq!(order, [(3, ActVerdict::Applied), (2, ActVerdict::Void), (1, ActVerdict::Pending)]);
    let count = async |filter: RequestFilter| {
        read!(store, |tx| requests::list(tx, &filter, &Page::first(5)).await).len()
    };
    let out = RequestFilter { direction: Some(Direction::Out), ..RequestFilter::default() };
    assert_eq!(count(RequestFilter { peer: Some("b.example".into()), ..out.clone() }).await, 1);
    assert_eq!(count(RequestFilter { state: Some("submitted".into()), ..out }).await, 0);
    assert_eq!(read!(store, |tx| requests::due_before(tx, 50, 5).await).len(), 0);
    assert_eq!(read!(store, |tx| requests::due_before(tx, 51, 5).await).len(), 1);
    let found = read!(store, |tx| requests::get(tx, "r1").await).unwrap();
    assert_eq!(found, request("acknowledged"));
    assert_eq!(read!(store, |tx| requests::acts_of_records(tx, &[hash(3)]).await).len(), 1);
}

pub(crate) async fn summaries_with_recipients_and_sources(place: Place) {
    let store = place.open().await;
    let summary = || Summary {
        id: "s1".into(),
        case_id: None,
        direction: Direction::In,
        author: "b.example".into(),
        title: "Route".into(),
        marking: "restricted".into(),
        purpose: "investigation".into(),
        delete_by: Some(9),
        withdrawn_at: None,
        head: hash(1),
        created_at: 1,
    };
    let kept: Result<(), StoreError> = write!(store, |tx| {
        summaries::insert(tx, &summary()).await?;
        summaries::put(tx, &summary()).await?;
        let recipient = SummaryRecipient { summary_id: "s1".into(), authority: "a.example".into() };
        summaries::add_recipients(tx, &[recipient.clone(), recipient]).await?;
        let record_hash = hash(2);
        let source = SummarySource { summary_id: "s1".into(), record_hash, fields: vec![1] };
        summaries::put_sources(tx, &[source]).await
    })
    .await;
    kept.unwrap();
    assert_eq!(read!(store, |tx| summaries::get(tx, "s1").await), Some(summary()));
    let found = read!(store, |tx| {
        let page = Page::first(5);
        Ok([
            summaries::list(tx, Some(Direction::In), None, &page).await?.len(),
            summaries::list(tx, None, Some("c1"), &page).await?.len(),
            summaries::delete_due(tx, 10, 5).await?.len(),
            summaries::recipients(tx, "s1").await?.len(),
            summaries::sources(tx, "s1").await?.len(),
        ])
    });
    assert_eq!(found, [1, 0, 1, 1, 1]);
    let withdraw = async || -> Result<(), StoreError> {
        write!(store, |tx| summaries::withdraw(tx, "s1", &hash(3), 5).await).await
    };
    withdraw().await.unwrap();
    assert!(matches!(withdraw().await, Err(StoreError::Conflict(_))));
    let deleted: Result<(), StoreError> =
        write!(store, |tx| summaries::delete(tx, "s1").await).await;
    deleted.unwrap();
    assert!(read!(store, |tx| summaries::sources(tx, "s1").await).is_empty());
}

pub(crate) async fn task_forces_with_members_and_posts(place: Place) {
    let store = place.open().await;
    let task_force = |state: &str| TaskForce {
        id: "t1".into(),
        name: "Harbour".into(),
        coordinator: "a.example".into(),
        state: state.into(),
        ends_at: None,
        created_at: 1,
        head: hash(1),
        ended_by: (state == "active").then(|| hash(3)),
    };
    let member = |joined_at| TaskForceMember {
        task_force_id: "t1".into(),
        authority: "b.example".into(),
        joined_at,
        left_at: None,
        left_by: joined_at.map(|_| hash(4)),
    };
    let posted: Result<_, StoreError> = write!(store, |tx| {
        task_forces::insert(tx, &task_force("invited")).await?;
        task_forces::put(tx, &task_force("active")).await?;
        task_forces::put_member(tx, &member(None)).await?;
        task_forces::put_member(tx, &member(Some(4))).await?;
        let post = TaskForcePost {
            task_force_id: "t1".into(),
            record_hash: hash(2),
            author: "b.example".into(),
            at: 5,
        };
        Ok((task_forces::add_post(tx, &post).await?, task_forces::add_post(tx, &post).await?))
    })
    .await;
    assert_eq!(posted.unwrap(), (true, false));
    assert_eq!(read!(store, |tx| task_forces::get(tx, "t1").await), Some(task_force("active")));
    let joined = read!(store, |tx| task_forces::member(tx, "t1", "b.example").await);
    assert_eq!(joined, Some(member(Some(4))));
    let found = read!(store, |tx| {
        Ok([
            task_forces::list(tx, Some("active"), &Page::first(5)).await?.len(),
            task_forces::list(tx, Some("closed"), &Page::first(5)).await?.len(),
            task_forces::members(tx, "t1").await?.len(),
            task_forces::posts(tx, "t1").await?.len(),
        ])
    });
    assert_eq!(found, [1, 0, 1, 1]);
    let officer = || TaskForceOfficer { task_force_id: "t1".into(), user_id: "u1".into() };
    let changed: Result<_, StoreError> = write!(store, |tx| {
        let added = task_forces::add_officer(tx, &officer()).await?;
        let again = task_forces::add_officer(tx, &officer()).await?;
        let team = task_forces::team(tx, "t1").await?;
        let removed = task_forces::remove_officer(tx, "t1", "u1").await?;
        let gone = task_forces::remove_officer(tx, "t1", "u1").await?;
        Ok((team, task_forces::team(tx, "t1").await?, [added, again, removed, gone]))
    })
    .await;
    assert_eq!(changed.unwrap(), (vec![officer()], vec![], [true, false, true, false]));
}
