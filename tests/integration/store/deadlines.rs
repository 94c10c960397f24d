//! Rules of deadlines and notices.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use sealane::node::store::cases::{self, Case, CaseFilter};
use sealane::node::store::deadlines::{self, Deadline, DeadlineFilter, DeadlineKind};
use sealane::node::store::mailboxes::{self, MailPace, Mailbox};
use sealane::node::store::notices::{self, Notice, NoticeKind};
use sealane::node::store::requests::{self, Direction, Request};
use sealane::node::store::summaries::{self, Summary};
use sealane::node::store::users::{self, User};
use sealane::node::store::{Page, StoreError};

use crate::store::projections::case;
use crate::store::{Place, read, write};

fn task(object: &str, place: &str, due_at: i64, assignee: &str) -> Deadline {
    Deadline {
        object: object.into(),
        place: place.into(),
        kind: DeadlineKind::Task,
        due_at,
        source: "policy".into(),
        assignee: assignee.into(),
    }
}

fn request(id: &str, state: &str) -> Request {
    Request {
        id: id.into(),
        direction: Direction::In,
        peer: "b.example".into(),
        case_id: None,
        instrument: "generic".into(),
        profile: vec![],
        state: state.into(),
        version: 1,
        created_at: 1,
        updated_at: 2,
        answer_by: Some(15),
        late_withdrawal: 0,
    }
}

fn summary(id: &str, direction: Direction) -> Summary {
    Summary {
        id: id.into(),
        direction,
        case_id: None,
        author: "b.example".into(),
        title: "t".into(),
        marking: "m".into(),
        purpose: "p".into(),
        delete_by: Some(25),
        withdrawn_at: None,
        head: [1; 32],
        created_at: 1,
    }
}

pub(crate) async fn what_is_due_is_listed_soonest_first(place: Place) {
    let store = place.open().await;
    let kept: Result<(), StoreError> = write!(store, |tx| {
        let first = [task("c1", "tasks/9", 1, ""), task("c1", "tasks/0", 99, "")];
        deadlines::set(tx, "c1", &first).await?;
        let now = [task("c1", "tasks/0", 10, "p1"), task("c1", "tasks/1", 20, "")];
        deadlines::set(tx, "c1", &now).await?;
        deadlines::set(tx, "c2", &[task("c2", "tasks/0", 10, "")]).await?;
        deadlines::set(tx, "c3", &[task("c3", "tasks/0", 5, "")]).await?;
        deadlines::set(tx, "c3", &[]).await?;
        requests::insert(tx, &request("r1", "RECEIVED")).await?;
        requests::insert(tx, &request("r2", "ANSWERED")).await?;
        summaries::insert(tx, &summary("s1", Direction::In)).await?;
        summaries::insert(tx, &summary("s2", Direction::Out)).await
    })
    .await;
    kept.unwrap();
    let all = DeadlineFilter::default();
    let list = async |filter: DeadlineFilter, page: Page| -> Vec<String> {
        let rows = read!(store, |tx| deadlines::list(tx, &filter, &page).await);
        rows.iter().map(Deadline::mark).collect()
    };
    let found = list(all.clone(), Page::first(9)).await;
    let soonest = ["c1:tasks/0", "c2:tasks/0", "r1:answer_by", "c1:tasks/1", "s1:delete_by"];
    assert_eq!(found, soonest);
    let second = Page::after_row(10, "c1:tasks/0".into(), 2);
    assert_eq!(list(all, second).await, soonest[1..3]);
    let by = DeadlineFilter { due_by: Some(15), ..DeadlineFilter::default() };
    assert_eq!(list(by, Page::first(9)).await, soonest[..3]);
    let of = Some(("p1".to_owned(), "u1".to_owned()));
    let mine = DeadlineFilter { of, ..DeadlineFilter::default() };
    assert_eq!(list(mine, Page::first(9)).await, soonest[..1]);
    let of_case = read!(store, |tx| deadlines::of_object(tx, "c1").await);
    assert_eq!(of_case, [task("c1", "tasks/0", 10, "p1"), task("c1", "tasks/1", 20, "")]);
}

pub(crate) async fn an_officer_has_one_mailbox_until_it_is_cleared_or_the_account_disabled(
    place: Place,
) {
    let store = place.open().await;
    let user = |id: &str, disabled_at| User {
        id: id.into(),
        name: id.into(),
        pseudonym: format!("{id}-x"),
        roles: "case_officer".into(),
        unit: String::new(),
        clearance: 0,
        disabled_at,
        created_at: 1,
    };
    let mailbox = |user: &str, address: &str| Mailbox {
        user_id: user.into(),
        address: address.into(),
        pace: MailPace::Daily,
        since: 3,
        digest_at: None,
    };
    let kept: Result<(), StoreError> = write!(store, |tx| {
        users::insert(tx, &user("u1", None)).await?;
        users::insert(tx, &user("u2", Some(2))).await?;
        mailboxes::put(tx, &mailbox("u1", "a@x.example")).await?;
        mailboxes::put(tx, &mailbox("u2", "c@x.example")).await?;
        mailboxes::put(tx, &mailbox("u1", "b@x.example")).await?;
        mailboxes::digested(tx, "u1", 9).await?;
        Ok(())
    })
    .await;
    kept.unwrap();
    let digested = Mailbox { digest_at: Some(9), ..mailbox("u1", "b@x.example") };
    assert_eq!(read!(store, |tx| mailboxes::list(tx).await), vec![digested.clone()]);
    assert_eq!(read!(store, |tx| mailboxes::of_user(tx, "u1").await), Some(digested));
    let cleared: Result<u64, StoreError> =
        write!(store, |tx| mailboxes::clear(tx, "u1").await).await;
    assert_eq!(cleared.unwrap(), 1);
    assert_eq!(read!(store, |tx| mailboxes::of_user(tx, "u1").await), None);
}

pub(crate) async fn what_was_neither_read_nor_mailed_is_found(place: Place) {
    let store = place.open().await;
    let given: Result<u64, StoreError> = write!(store, |tx| {
        let rows = ["n1", "n3", "n5"].map(|id| Notice {
            id: id.into(),
            user_id: "u1".into(),
            at: 5,
            object: id.into(),
            place: "tasks/0".into(),
            due_at: 10,
            kind: NoticeKind::Overdue,
            text: "due".into(),
            read_at: Some(7).filter(|_| id == "n1"),
            mailed_at: None,
        });
        notices::give(tx, &rows).await
    })
    .await;
    given.unwrap();
    let after = read!(store, |tx| notices::after(tx, "u1", (5, "n1"), 9).await);
    assert_eq!(after.iter().map(|row| &row.id).collect::<Vec<_>>(), ["n3", "n5"]);
    let unmailed = async |since| {
        let rows = read!(store, |tx| notices::unmailed(tx, "u1", since, 9).await);
        rows.into_iter().map(|row| row.id).collect::<Vec<_>>()
    };
    assert_eq!(unmailed(5).await, ["n3", "n5"], "what was read needs no letter");
    assert!(unmailed(6).await.is_empty());
    let mailed: Result<u64, StoreError> =
        write!(store, |tx| notices::mailed(tx, &["n3".to_owned()], 9).await).await;
    assert_eq!(mailed.unwrap(), 1);
    assert_eq!(unmailed(5).await, ["n5"]);
}

pub(crate) async fn a_notice_is_given_once_and_read_by_its_officer(place: Place) {
    let store = place.open().await;
    let notice = |id: &str, user: &str, due_at, kind| Notice {
        id: id.into(),
        user_id: user.into(),
        at: 5,
        object: "c1".into(),
        place: "tasks/0".into(),
        due_at,
        kind,
        text: "due".into(),
        read_at: None,
        mailed_at: None,
    };
    let given: Result<_, StoreError> = write!(store, |tx| {
        let first = [notice("n1", "u1", 10, NoticeKind::DueSoon)];
        let again = [
            notice("n2", "u1", 10, NoticeKind::DueSoon),
            notice("n3", "u1", 10, NoticeKind::Overdue),
            notice("n4", "u2", 10, NoticeKind::DueSoon),
            notice("n5", "u1", 11, NoticeKind::DueSoon),
        ];
        Ok((notices::give(tx, &first).await?, notices::give(tx, &again).await?))
    })
    .await;
    assert_eq!(given.unwrap(), (1, 3));
    assert_eq!(read!(store, |tx| notices::given(tx, "c1", "tasks/0", 10).await).len(), 3);
    let read: Result<_, StoreError> = write!(store, |tx| {
        let foreign = notices::read(tx, "n1", "u2", 7).await?;
        Ok((
            foreign,
            notices::read(tx, "n1", "u1", 7).await?,
            notices::read(tx, "n1", "u1", 8).await?,
        ))
    })
    .await;
    assert_eq!(read.unwrap(), (0, 1, 0));
    let ids = async |is_unread| -> Vec<String> {
        let page = Page::first(9);
        let rows = read!(store, |tx| notices::of_user(tx, "u1", is_unread, &page).await);
        rows.into_iter().map(|row| row.id).collect()
    };
    assert_eq!(ids(false).await, ["n5", "n3", "n1"]);
    assert_eq!(ids(true).await, ["n5", "n3"]);
    assert_eq!(read!(store, |tx| notices::get(tx, "n1", "u1").await).unwrap().read_at, Some(7));
    assert!(read!(store, |tx| notices::get(tx, "n1", "u2").await).is_none());
    let gone: Result<u64, StoreError> =
        write!(store, |tx| notices::clear_object(tx, "c1").await).await;
    assert_eq!(gone.unwrap(), 4);
}

pub(crate) async fn cases_whose_review_or_retention_passed_are_told_until_they_are_restricted(
    place: Place,
) {
    let store = place.open().await;
    let due = |object: &str, place: &str, kind: DeadlineKind, due_at: i64| Deadline {
        kind,
        ..task(object, place, due_at, "")
    };
    let kept: Result<(), StoreError> = write!(store, |tx| {
        use DeadlineKind::{CaseRetention, CaseReview, HoldReview};
        for (number, place, kind, due_at) in [
            (1, "review", CaseReview, 9),
            (2, "retention", CaseRetention, 8),
            (3, "retention/subjects/0", CaseRetention, 7),
            (4, "holds/0", HoldReview, 7),
            (5, "review", CaseReview, 10),
            (6, "review", CaseReview, 7),
        ] {
            let restricted = if number == 6 { "ordered" } else { "" }.into();
            let case = Case { restricted, ..case(number, "t") };
            cases::insert(tx, &case).await?;
            deadlines::set(tx, &case.id, &[due(&case.id, place, kind, due_at)]).await?;
        }
        Ok(())
    })
    .await;
    kept.unwrap();
    let marks = |rows: Vec<Deadline>| rows.iter().map(Deadline::mark).collect::<Vec<_>>();
    let overdue = read!(store, |tx| deadlines::overdue_cases(tx, 10, 9).await);
    assert_eq!(marks(overdue), ["id2:retention", "id1:review"]);
    let overdue = read!(store, |tx| deadlines::overdue_cases(tx, 10, 1).await);
    assert_eq!(marks(overdue), ["id2:retention"]);
    let keeping = DeadlineFilter { is_keeping: true, ..DeadlineFilter::default() };
    assert_eq!(read!(store, |tx| deadlines::list(tx, &keeping, &Page::first(9)).await).len(), 5);
    for (is_restricted, count) in [(Some(true), 1), (Some(false), 5), (None, 6)] {
        let filter = CaseFilter { is_restricted, ..CaseFilter::default() };
        assert_eq!(read!(store, |tx| cases::count(tx, &filter).await), count);
    }
}
