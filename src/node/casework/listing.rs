//! Lists of which each officer sees the rows that they could open, page by page; knows no kind of row.

use async_trait::async_trait;

use crate::domain::handling::Purpose;
use crate::node::casework::views::{PageView, page_mark, page_rows, read_mark};
use crate::node::casework::{Desk, Error};
use crate::node::store::{Page, StoreError, Tx};
use crate::policy::{Action, Actor, Breadth, Decision, Permit, Resource, breadth, decide};

/// Rows that are read at a time while those are sought that may be shown.
const STEP_ROWS: i64 = 200;

/// The most rows that are looked at for one page. A page that ends there is short, and has a mark to go on from.
const SEARCH_ROWS_MAX: usize = 10_000;

/// Whoever asks for a list, and what for.
#[derive(Clone, Debug)]
pub(crate) struct Reader {
    actor: Actor,
    action: Action,
    purpose: Option<Purpose>,
}

impl Reader {
    /// The cases among which those are that they may open.
    pub(crate) fn breadth(&self) -> Breadth {
        breadth(&self.actor, self.action)
    }

    /// As one who asks for that, without a purpose.
    pub(crate) const fn of(actor: Actor, action: Action) -> Self {
        Self { actor, action, purpose: None }
    }

    /// Whether the rules would let them open that.
    pub(crate) fn may_open(&self, resource: &Resource) -> bool {
        let decision = decide(&self.actor, self.action, resource, self.purpose);
        matches!(decision, Decision::Permit(_))
    }
}

/// What is listed.
#[async_trait]
pub(crate) trait Listing: Send + Sync {
    /// A row as the store has it.
    type Row: Send + Sync;

    /// The rows of a page that fit, newest first, whoever asks.
    async fn rows(&self, tx: &mut Tx, page: &Page) -> Result<Vec<Self::Row>, StoreError>;

    /// The time and the id that the rows are ordered by.
    fn place(row: &Self::Row) -> (i64, String);

    /// Whether whoever asks could open a row.
    async fn is_open(&self, tx: &mut Tx, row: &Self::Row) -> Result<bool, StoreError>;
}

/// Which part of a list is wanted.
#[derive(Clone, Debug)]
pub(crate) struct Part {
    before: Option<(i64, String)>,
    rows: usize,
}

impl Part {
    /// Reads what a caller asks for: at most so many rows, after the page that ended with that mark.
    pub(crate) fn of(limit: Option<u32>, after: Option<&str>) -> Result<Self, Error> {
        let rows = usize::try_from(page_rows(limit)).unwrap_or(usize::MAX);
        Ok(Self { before: read_mark(after)?, rows })
    }

    /// Looks through the rows until that many are found that may be shown.
    pub(crate) async fn read<L: Listing>(
        self,
        tx: &mut Tx,
        listing: &L,
    ) -> Result<PageView<L::Row>, StoreError> {
        let Self { mut before, rows } = self;
        let mut items = Vec::new();
        let mut looked_at = 0_usize;
        loop {
            let page = Page { before: before.take(), limit: STEP_ROWS };
            let step = listing.rows(tx, &page).await?;
            looked_at = looked_at.saturating_add(step.len());
            before = step.last().map(L::place);
            for row in step {
                if !listing.is_open(tx, &row).await? {
                    continue;
                }
                if items.len() == rows {
                    let next = items.last().map(L::place);
                    return Ok(PageView { items, next: next.map(mark) });
                }
                items.push(row);
            }
            if before.is_none() || looked_at >= SEARCH_ROWS_MAX {
                return Ok(PageView { items, next: before.map(mark) });
            }
        }
    }
}

fn mark((at, id): (i64, String)) -> String {
    page_mark(at, &id)
}

impl Desk {
    /// Who reads a list by a permit, as the store knows them now.
    pub(crate) async fn reader(&self, permit: &Permit) -> Result<Reader, Error> {
        let actor = self.actor_behind(permit).await?;
        Ok(Reader { actor, action: permit.action(), purpose: permit.purpose() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::id::ObjectId;
    use crate::node::casework::testing::{TestDesk, desk};
    use crate::node::casework::{RequestQuery, SummaryQuery, TaskForceQuery};
    use crate::node::store::audit_events::{self, NewAuditEvent};
    use crate::node::store::cases::{self, Case, CaseMember};
    use crate::node::store::requests::{self, Direction, Request};
    use crate::node::store::summaries::{self, Summary};
    use crate::node::store::task_forces::{self, TaskForce};

    fn id(kind: u8, number: u8) -> String {
        let mut bytes = [kind; 16];
        bytes[15] = number;
        ObjectId::from_random(bytes).to_string()
    }

    fn case(number: u8, unit: &str) -> Case {
        Case {
            id: id(1, number),
            reference: format!("XA-{number}"),
            title: "textiles".to_owned(),
            case_type: "revenue".to_owned(),
            status: "open".to_owned(),
            unit: unit.to_owned(),
            owner: String::new(),
            opened_at: 1,
            updated_at: 1,
            head: [number; 32],
            version: 1,
            workflow: [0; 32],
            pending: String::new(),
            proposer: String::new(),
            status_since: 1,
            acted_at: 1,
            review_by: None,
            restricted: String::new(),
            erasures: 0,
            level: 0,
            compartment: String::new(),
        }
    }

    /// Two at a time have the same time, so that pages part those too.
    fn request(number: u8, case_id: Option<String>) -> Request {
        Request {
            id: id(2, number),
            direction: Direction::Out,
            peer: "customs.xb.example".to_owned(),
            case_id,
            instrument: "generic.policy".to_owned(),
            profile: vec![],
            state: "DRAFT".to_owned(),
            version: 0,
            created_at: i64::from(number / 2),
            updated_at: 0,
            answer_by: None,
            late_withdrawal: 0,
        }
    }

    fn summary(number: u8, case_id: Option<String>, marking: &str) -> Summary {
        Summary {
            id: id(3, number),
            direction: if case_id.is_some() { Direction::Out } else { Direction::In },
            case_id,
            author: "customs.xb.example".to_owned(),
            title: "textiles".to_owned(),
            marking: marking.to_owned(),
            purpose: "customs_enforcement".to_owned(),
            delete_by: None,
            withdrawn_at: None,
            head: [number; 32],
            created_at: i64::from(number / 2),
        }
    }

    fn task_force(number: u8, coordinator: &str) -> TaskForce {
        TaskForce {
            id: id(4, number),
            name: format!("Operation {number}"),
            coordinator: coordinator.to_owned(),
            state: "active".to_owned(),
            ends_at: None,
            created_at: i64::from(number / 2),
            head: [number; 32],
            ended_by: None,
        }
    }

    /// A case of the north, one of the south with `tom` in its team, and what belongs to them, to a case that is gone
    /// and to none; `carl` drafted the first request of no case.
    async fn objects(test: &TestDesk, carl: &Actor, tom: &Actor) {
        let (north, south) = (case(1, "north"), case(2, "south"));
        let places =
            [None, None, Some(north.id.clone()), Some(south.id.clone()), Some(id(1, 9)), None];
        let requests: Vec<_> =
            (0_u8..).zip(places).map(|(number, case)| request(number, case)).collect();
        let summaries = [
            summary(0, None, "TLP:AMBER"),
            summary(1, Some(north.id.clone()), "TLP:AMBER"),
            summary(2, Some(south.id.clone()), "TLP:AMBER"),
            summary(3, Some(north.id.clone()), "TLP:AMBER LEVEL:1/XA"),
        ];
        let rooms = [0, 1, 2].map(|number| task_force(number, "customs.xb.example"));
        let drafted = NewAuditEvent {
            at: 0,
            actor: carl.pseudonym.to_string(),
            role: "case_officer".to_owned(),
            action: Action::RequestDraft.name().to_owned(),
            object: Some(id(2, 0)),
            purpose: None,
            outcome: "done".to_owned(),
            detail: None,
        };
        let member = CaseMember {
            case_id: south.id.clone(),
            user_id: tom.user.map(|user| user.to_string()).unwrap_or_default(),
        };
        let rows = ([north, south], member, requests, summaries, rooms, drafted);
        let write = test.desk.store.write_with("objects", rows, |tx, rows| {
            Box::pin(async move {
                let (cases, member, requests, summaries, rooms, drafted) = rows;
                for case in cases {
                    cases::insert(tx, case).await?;
                }
                cases::add_member(tx, member).await?;
                for request in requests {
                    requests::insert(tx, request).await?;
                }
                for summary in summaries {
                    summaries::insert(tx, summary).await?;
                }
                for room in rooms {
                    task_forces::insert(tx, room).await?;
                }
                audit_events::append(tx, drafted).await.map(drop)
            })
        });
        write.await.map_err(|error: StoreError| error).unwrap();
    }

    /// What a list shows an officer, read two rows at a time; each page but the last is full.
    async fn listed(test: &TestDesk, actor: &Actor, action: Action) -> Vec<String> {
        let Ok(permit) = test.ask(actor, action, None).await else { return Vec::new() };
        let (mut ids, mut after, limit) = (Vec::new(), None, Some(2));
        loop {
            let (page, next): (Vec<_>, _) = match action {
                Action::RequestRead => {
                    let query = RequestQuery { limit, after, ..RequestQuery::default() };
                    let page = test.desk.requests(&permit, query).await.unwrap();
                    (page.items.into_iter().map(|row| row.id).collect(), page.next)
                }
                Action::SummaryRead => {
                    let query = SummaryQuery { limit, after };
                    let page = test.desk.summaries(&permit, query).await.unwrap();
                    (page.items.into_iter().map(|row| row.id).collect(), page.next)
                }
                _ => {
                    let query = TaskForceQuery { limit, after };
                    let page = test.desk.task_forces(&permit, query).await.unwrap();
                    (page.items.into_iter().map(|row| row.id).collect(), page.next)
                }
            };
            assert!(next.is_none() || page.len() == 2, "{page:?} {next:?}");
            ids.extend(page);
            match next {
                Some(mark) => after = Some(mark),
                None => return ids,
            }
        }
    }

    #[tokio::test]
    async fn a_list_shows_what_the_officer_could_open_and_nothing_else() {
        let test = desk().await;
        let carl = test.officer("carl", "case_officer", "north").await;
        let tom = test.officer("tom", "case_officer", "east").await;
        objects(&test, &carl, &tom).await;
        let mut officers = vec![carl.clone(), tom.clone()];
        for role in crate::policy::Role::ALL {
            officers.push(test.officer(role.name(), role.name(), "south").await);
        }
        for actor in &officers {
            for (action, kind) in
                [(Action::RequestRead, 2), (Action::SummaryRead, 3), (Action::TaskForceRead, 4)]
            {
                let mut open = Vec::new();
                for number in (0..6).rev() {
                    let id = id(kind, number);
                    open.extend(test.ask(actor, action, Some(&id)).await.is_ok().then_some(id));
                }
                let roles = &actor.roles;
                assert_eq!(listed(&test, actor, action).await, open, "{action} for {roles:?}");
            }
        }
        let requests = |numbers: &[u8]| numbers.iter().map(|n| id(2, *n)).collect::<Vec<_>>();
        assert_eq!(listed(&test, &carl, Action::RequestRead).await, requests(&[2, 0]));
        assert_eq!(listed(&test, &tom, Action::RequestRead).await, requests(&[3]));
        assert_eq!(listed(&test, &tom, Action::SummaryRead).await, [id(3, 2)]);
        let desk = officers.iter().find(|one| one.roles.contains(&crate::policy::Role::Supervisor));
        let seen = listed(&test, desk.unwrap(), Action::RequestRead).await;
        assert_eq!(seen, requests(&[5, 4, 3, 2, 1, 0]));
    }

    /// Numbers from 24,999 down to 0, of which only the third from the end is open.
    struct Numbers;

    #[async_trait]
    impl Listing for Numbers {
        type Row = i64;

        async fn rows(&self, _: &mut Tx, page: &Page) -> Result<Vec<i64>, StoreError> {
            let end = page.before.as_ref().map_or(25_000, |(at, _)| *at);
            Ok((end.saturating_sub(page.limit).max(0)..end).rev().collect())
        }

        fn place(row: &i64) -> (i64, String) {
            (*row, row.to_string())
        }

        async fn is_open(&self, _: &mut Tx, row: &i64) -> Result<bool, StoreError> {
            Ok(*row == 2)
        }
    }

    #[tokio::test]
    async fn a_search_that_was_cut_short_goes_on_from_its_mark() {
        let test = desk().await;
        let (mut after, mut pages) = (None::<String>, Vec::new());
        loop {
            let part = Part::of(Some(5), after.as_deref()).unwrap();
            let read = test
                .desk
                .store
                .read("numbers", |tx| Box::pin(async move { part.read(tx, &Numbers).await }));
            let page = read.await.map_err(|error: StoreError| error).unwrap();
            pages.push(page.items);
            match page.next {
                Some(mark) => after = Some(mark),
                None => break,
            }
        }
        assert_eq!(pages, [vec![], vec![], vec![2]]);
    }
}
