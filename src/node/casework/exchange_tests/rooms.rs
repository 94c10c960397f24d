//! Rooms of task forces: who of an authority works in one, and what is said while it ends.

use std::collections::BTreeMap;

use serde_json::json;

use crate::domain::handling::Purpose;
use crate::domain::id::UserId;
use crate::node::casework::append::Authorship;
use crate::node::casework::exchange_tests::network::{Town, towns};
use crate::node::casework::exchange_tests::shares::carry_all;
use crate::node::casework::requests::outgoing;
use crate::node::casework::{Error, TaskForceQuery, TaskForceView};
use crate::node::peer::ItemAnswer;
use crate::node::store::users::{self, User};
use crate::node::store::{StoreError, audit_events, outbox};
use crate::policy::{Action, Actor, Role, Via};
use crate::record::kinds::task_force::Post;

/// A room that all these have signed.
async fn room(towns: &[&Town]) -> String {
    let [first, others @ ..] = towns else { panic!("a room has members") };
    let members: Vec<_> = others.iter().map(|town| town.name().as_str()).collect();
    let charter = json!({"name": "Operation Loom", "purpose": "textiles", "members": members});
    let permit = first.permit(1, Action::TaskForceForm, None);
    let charter = serde_json::from_value(charter).unwrap();
    let id = first.desk.form_task_force(&permit, charter).await.unwrap().id;
    carry_all(towns).await;
    for town in others {
        town.joins(&id).await;
    }
    carry_all(towns).await;
    id
}

/// The third officer of a town, who works cases and no desk.
fn third() -> Actor {
    Actor {
        user: Some(UserId(uuid::Uuid::from_bytes([3; 16]))),
        pseudonym: "officer-3".parse().unwrap(),
        roles: [Role::CaseOfficer].into(),
        suspended: BTreeMap::new(),
        compartments: std::collections::BTreeSet::new(),
        clearance: 0,
        unit: None,
        via: Via::Token,
    }
}

impl Town {
    /// What the third officer may do: list (how many there are), read, post, and name others.
    async fn third_may(&self, id: &str) -> (usize, [bool; 3]) {
        let (actor, purpose) = (third(), Some(Purpose::CustomsEnforcement));
        let list = self.desk.permit(&actor, Action::TaskForceRead, None, purpose).await.unwrap();
        let listed = self.desk.task_forces(&list, TaskForceQuery::default()).await.unwrap();
        let mut may = [false; 3];
        let actions = [Action::TaskForceRead, Action::TaskForcePost, Action::TaskForceForm];
        for (may, action) in may.iter_mut().zip(actions) {
            let asked = self.desk.permit(&actor, action, Some(id.parse().unwrap()), purpose).await;
            *may = asked.is_ok();
        }
        (listed.items.len(), may)
    }
}

#[tokio::test]
async fn an_officer_of_the_team_reads_and_posts_and_no_other_does() {
    let [xa, xb] = towns().await;
    let id = room(&[&xa, &xb]).await;
    let object = id.parse().unwrap();
    assert_eq!(xb.third_may(&id).await, (0, [false; 3]));
    let named = xb.permit(1, Action::TaskForceForm, Some(&id));
    let view = xb.desk.add_to_task_force(&named, object, "officer-3").await.unwrap();
    assert_eq!(view.team, ["officer-3"]);
    assert_eq!(xb.third_may(&id).await, (1, [true, true, false]));
    // The team is each member's own matter.
    assert_eq!(xa.third_may(&id).await, (0, [false; 3]));
    assert!(xa.room_of(&id).await.team.is_empty());

    let purpose = Some(Purpose::CustomsEnforcement);
    let permit = xb.desk.permit(&third(), Action::TaskForcePost, Some(object), purpose).await;
    let post = serde_json::from_value(json!({"text": "the vessel has left"})).unwrap();
    xb.desk.post(&permit.unwrap(), object, post).await.unwrap();
    carry_all(&[&xa, &xb]).await;
    assert_eq!(xa.room_of(&id).await.posts[0].actor, "officer-3");

    let view = xb.desk.remove_from_task_force(&named, object, "officer-3").await.unwrap();
    assert!(view.team.is_empty());
    assert_eq!(xb.third_may(&id).await, (0, [false; 3]));
    let read = xb.desk.store.read("trail", move |tx| {
        Box::pin(async move { audit_events::of_object(tx, &id, 0, 100).await })
    });
    let events = read.await.map_err(|error: StoreError| error).unwrap();
    let details: Vec<_> = events.into_iter().filter_map(|event| event.detail).collect();
    for word in ["officer-3 added to the team", "officer-3 taken out of the team"] {
        assert!(details.iter().any(|detail| detail == word), "{details:?}");
    }
}

#[tokio::test]
async fn an_officer_whose_roles_take_no_part_is_not_named() {
    let [xa, xb] = towns().await;
    let id = room(&[&xa, &xb]).await;
    let permit = xa.permit(1, Action::TaskForceForm, Some(&id));
    let object = id.parse().unwrap();
    xa.has_role(3, "evidence_custodian").await;
    let refused = xa.desk.add_to_task_force(&permit, object, "officer-3").await;
    let Err(Error::Invalid(findings)) = refused else { panic!("{refused:?}") };
    assert_eq!(findings[0].path, "officer");
    assert!(findings[0].message.contains("joint_team_member"), "{}", findings[0].message);
    xa.has_role(3, "joint_team_member").await;
    xa.desk.add_to_task_force(&permit, object, "officer-3").await.unwrap();
    let unknown = xa.desk.add_to_task_force(&permit, object, "officer-9").await;
    assert!(matches!(unknown, Err(Error::NotFound("officer"))));
}

impl Town {
    /// Gives an officer another role.
    async fn has_role(&self, officer: u8, role: &'static str) {
        let id = UserId(uuid::Uuid::from_bytes([officer; 16])).to_string();
        let write = self.desk.store.write_with("role", id, move |tx, id| {
            Box::pin(async move {
                let user = users::get(tx, id).await?.expect("the town has this officer");
                users::update(tx, &User { roles: role.to_owned(), ..user }).await
            })
        });
        write.await.map_err(|error: StoreError| error).unwrap();
    }
}

impl Town {
    /// Posts although it has seen that the room is closed, as no sound node does.
    async fn posts_regardless(&self, id: &str, to: &Self) {
        let object = id.parse().unwrap();
        let (room, heads) = self.desk.room(object).await.unwrap();
        let own = heads.iter().find(|(author, _)| author == self.name().as_str());
        let post = Post {
            charter: room.charter(),
            text: "regardless".to_owned(),
            marking: "TLP:AMBER".to_owned(),
            heads: heads.iter().map(|(_, head)| *head).collect(),
            documents: vec![],
        };
        let permit = self.permit(1, Action::TaskForcePost, Some(id));
        let by = Authorship::of(&permit, own.map(|(_, head)| *head));
        let prepared = self.desk.author(object, by, &post).await.unwrap();
        let row = outgoing(to.name(), object, &prepared, self.desk.clock.now().0);
        let write = self.desk.store.write_with("regardless", (prepared, row), |tx, (post, row)| {
            Box::pin(async move {
                post.append(tx).await?;
                outbox::enqueue(tx, std::slice::from_ref(row)).await?;
                Ok::<_, StoreError>(())
            })
        });
        write.await.unwrap();
        self.desk.committed();
    }
}

/// Texts and remarks of the posts, by text: the clock of these towns stands still, so that all came at one time.
fn remarks(room: &TaskForceView) -> Vec<(&str, Option<&str>)> {
    let posts = room.posts.iter();
    let mut remarks: Vec<_> =
        posts.map(|post| (post.text.as_str(), post.remark.as_deref())).collect();
    remarks.sort_unstable();
    remarks
}

#[tokio::test]
async fn a_post_that_crosses_the_close_is_kept_by_every_member_and_none_after_it() {
    let [xa, xb, xc] = towns().await;
    let id = room(&[&xa, &xb, &xc]).await;
    xb.posts(&id, "in time").await.unwrap();
    carry_all(&[&xa, &xb, &xc]).await;
    // XB does not know that XA closes. The post reaches XC before the close, and XA after it.
    xb.posts(&id, "one more").await.unwrap();
    let permit = xa.permit(1, Action::TaskForceForm, Some(&id));
    xa.desk.close_task_force(&permit, id.parse().unwrap(), "done".to_owned()).await.unwrap();
    for town in [&xc, &xa] {
        let late = xb.send(town).await;
        assert!(matches!(late.answers.as_slice(), [ItemAnswer::Receipt(_)]), "{late:?}");
    }
    carry_all(&[&xa, &xb, &xc]).await;
    let expected = [("in time", None), ("one more", Some("written before the close was seen"))];
    for town in [&xa, &xb, &xc] {
        let room = town.room_of(&id).await;
        assert_eq!((room.state.as_str(), remarks(&room)), ("ended", expected.to_vec()));
    }
    assert!(matches!(xb.posts(&id, "over").await, Err(Error::IllegalStep(_))));
    for to in [&xa, &xc] {
        xb.posts_regardless(&id, to).await;
        let refused = xb.send(to).await;
        assert!(matches!(refused.answers.as_slice(), [ItemAnswer::Refused { .. }]), "{refused:?}");
        assert_eq!(remarks(&to.room_of(&id).await), expected);
    }
}

#[tokio::test]
async fn a_post_that_knows_of_the_close_counts_for_nobody_though_it_came_before_it() {
    let [xa, xb, xc] = towns().await;
    let id = room(&[&xa, &xb, &xc]).await;
    let permit = xa.permit(1, Action::TaskForceForm, Some(&id));
    xa.desk.close_task_force(&permit, id.parse().unwrap(), "done".to_owned()).await.unwrap();
    xa.send(&xb).await;
    xb.posts_regardless(&id, &xc).await;
    xb.send(&xc).await;
    xa.send(&xc).await;
    let remark = Some("written after the close was seen; it does not count");
    assert_eq!(remarks(&xc.room_of(&id).await), [("regardless", remark)]);
}
