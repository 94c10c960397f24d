//! Summaries and task forces between desks: only what was chosen arrives, and every member sees the same room.

use serde_json::json;

use crate::domain::id::ObjectId;
use crate::node::casework::append::Authorship;
use crate::node::casework::exchange_tests::network::{Town, towns};
use crate::node::casework::{Error, NewPost, NewSummary, NewTaskForce, TaskForceView};
use crate::node::peer::ItemAnswer;
use crate::node::store::StoreError;
use crate::node::store::cases::{self, Case};
use crate::policy::Action;
use crate::record::Value;
use crate::record::kinds::case::CaseOpened;

/// What must not leave the house.
const SECRET: &str = "informant-lives-at-harbour-street-7";

impl Town {
    /// A case with a title, a subject that stays, and a vessel that may go.
    pub(super) async fn case(&self) -> String {
        let id = ObjectId::from_random([0x77; 16]);
        let opened = CaseOpened {
            reference: "XA-1".to_owned(),
            title: "textiles".to_owned(),
            case_type: "tobacco_excise".to_owned(),
            status: "open".to_owned(),
            unit: None,
            protection: None,
            content: vec![
                ("facts/vessel".to_owned(), Value::text("MV-EXAMPLE")),
                ("facts/source".to_owned(), Value::text(SECRET)),
            ],
        };
        let by = Authorship::of(&self.permit(1, Action::CaseOpen, None), None);
        let prepared = self.desk.author(id, by, &opened).await.unwrap();
        let fields = self.desk.field_changes(&prepared).await.unwrap();
        self.desk.adopt_shipped().await.unwrap();
        let (workflow, _) =
            self.desk.workflow_in_force("tobacco_excise".parse().unwrap()).await.unwrap();
        let case = Case {
            id: id.to_string(),
            reference: opened.reference.clone(),
            title: opened.title.clone(),
            case_type: opened.case_type.clone(),
            status: "open".to_owned(),
            unit: String::new(),
            owner: String::new(),
            opened_at: 1,
            updated_at: 1,
            head: prepared.hash().0,
            version: 1,
            workflow,
            pending: String::new(),
            proposer: String::new(),
            status_since: 1,
            acted_at: 1,
            review_by: None,
            restricted: String::new(),
            erasures: 0,
            level: 0,
            compartment: String::new(),
        };
        self.desk
            .store
            .write_with("case", (prepared, fields, case), |tx, (prepared, fields, case)| {
                Box::pin(async move {
                    prepared.append(tx).await?;
                    cases::insert(tx, case).await?;
                    fields.apply(tx).await?;
                    Ok::<_, StoreError>(())
                })
            })
            .await
            .unwrap();
        self.desk.committed();
        id.to_string()
    }

    pub(super) async fn shares(
        &self,
        case: &str,
        to: &Self,
        fields: &[&str],
    ) -> Result<String, Error> {
        self.shares_as(2, case, to, fields).await
    }

    pub(super) async fn shares_as(
        &self,
        officer: u8,
        case: &str,
        to: &Self,
        fields: &[&str],
    ) -> Result<String, Error> {
        let summary: NewSummary = serde_json::from_value(json!({
            "case": case, "recipients": [to.name().as_str()], "fields": fields,
            "marking": "H1 TLP:AMBER", "purpose": "customs_enforcement", "delete_by": "2027-01-31",
        }))
        .unwrap();
        let permit = self.permit(officer, Action::SummaryShare, Some(case));
        self.desk.share_summary(&permit, summary).await.map(|view| view.row.id)
    }
}

#[tokio::test]
async fn whoever_signed_what_a_summary_shows_does_not_share_it() {
    let [xa, xb] = towns().await;
    let case = xa.case().await;
    let own = xa.shares_as(1, &case, &xb, &["facts/vessel"]).await;
    assert!(matches!(&own, Err(Error::NotPermitted(why)) if why.contains("second officer")));
    assert!(xa.send(&xb).await.frames.is_empty());
    assert!(xa.shares_as(2, &case, &xb, &["facts/vessel"]).await.is_ok());
}

#[tokio::test]
async fn a_field_with_an_open_warning_is_shared_when_it_was_corrected_or_acknowledged() {
    let [xa, xb] = towns().await;
    let case = xa.case().await;
    let change = |container: &str| {
        let path = "consignments/0/container".to_owned();
        serde_json::from_value(json!({"fields": {path: container}})).unwrap()
    };
    let permit = xa.permit(1, Action::CaseUpdate, Some(&case));
    xa.desk.update_case(&permit, change("CSQU3054384")).await.unwrap();
    let open = xa.shares(&case, &xb, &["facts/vessel", "consignments"]).await;
    let Err(Error::Invalid(findings)) = open else { panic!("{open:?}") };
    assert_eq!(findings[0].path, "consignments/0/container");
    assert!(xa.shares(&case, &xb, &["facts/vessel"]).await.is_ok());
    let number = json!({"fields": {
        "identifiers/0/scheme": "container", "identifiers/0/value": "CSQU3054384",
    }});
    let number = serde_json::from_value(number).unwrap();
    xa.desk.update_case(&permit, number).await.unwrap();
    let leaf = xa.shares(&case, &xb, &["identifiers/0/observed"]).await;
    assert!(matches!(leaf, Err(Error::Invalid(found)) if found[0].path == "identifiers/0"));
    let seen = json!({"paths": ["consignments/0/container"], "reason": SECRET});
    let seen = serde_json::from_value(seen).unwrap();
    xa.desk.acknowledge_warnings(&permit, seen).await.unwrap();
    let id = xa.shares(&case, &xb, &["consignments"]).await.unwrap();
    xa.send(&xb).await;
    // Why it stands is said to nobody who was not meant to hear it.
    let permit = xb.permit(1, Action::SummaryRead, Some(&id));
    let seen = xb.desk.summary(&permit, id.parse().unwrap()).await.unwrap();
    let shown: Vec<_> = seen.fields.iter().map(|field| field.path.as_str()).collect();
    assert_eq!(shown, ["consignments/0/container"]);
    assert!(!holds(&xb.database_bytes().await, SECRET));
}

fn holds(bytes: &[u8], marker: &str) -> bool {
    bytes.windows(marker.len()).any(|window| window == marker.as_bytes())
}

#[tokio::test]
async fn a_summary_shows_the_chosen_fields_and_nothing_else_reaches_the_recipient() {
    let [xa, xb] = towns().await;
    let case = xa.case().await;
    let id = xa.shares(&case, &xb, &["facts/vessel"]).await.unwrap();
    let carried = xa.send(&xb).await;
    let wire: Vec<u8> =
        carried.frames.iter().flat_map(|frame| frame.to_frame().unwrap().body().to_vec()).collect();
    assert!(holds(&wire, "MV-EXAMPLE"));
    assert!(!holds(&wire, SECRET), "the secret was sent");
    let permit = xb.permit(1, Action::SummaryRead, Some(&id));
    let seen = xb.desk.summary(&permit, id.parse().unwrap()).await.unwrap();
    let shown: Vec<_> =
        seen.fields.iter().map(|f| (f.path.as_str(), f.value.clone(), f.verified)).collect();
    assert_eq!(shown, [("facts/vessel", json!("MV-EXAMPLE"), true)]);
    assert_eq!(seen.row.delete_by.as_deref(), Some("2027-01-31T23:59:59Z"));
    assert!(!holds(&xb.database_bytes().await, SECRET));
}

#[tokio::test]
async fn a_second_summary_adds_to_what_was_shown_of_the_same_statement() {
    let [xa, xb] = towns().await;
    let case = xa.case().await;
    xa.shares(&case, &xb, &["facts/vessel"]).await.unwrap();
    let first = xa.send(&xb).await;
    let id = xa.shares(&case, &xb, &["title"]).await.unwrap();
    let second = xa.send(&xb).await;
    assert_eq!(
        first.answers.first(),
        second.answers.first(),
        "the same statement, the same receipt"
    );
    let seen = xb.desk.summary_view(id.parse().unwrap()).await.unwrap();
    let paths: Vec<_> = seen.fields.iter().map(|field| field.path.as_str()).collect();
    assert_eq!(paths, ["title"]);
    let held = seen.fields.first().unwrap().statement.clone();
    let hash = crate::record::StatementHash(hex::decode(held).unwrap().try_into().unwrap());
    let held = xb.desk.held(hash).await.unwrap();
    assert_eq!(held.fields().get("facts/vessel"), Some(&Value::text("MV-EXAMPLE")));
    assert_eq!(held.fields().get("facts/source"), None);
}

#[tokio::test]
async fn a_withdrawn_summary_shows_nothing_any_more() {
    let [xa, xb] = towns().await;
    let case = xa.case().await;
    let id = xa.shares(&case, &xb, &["facts"]).await.unwrap();
    xa.send(&xb).await;
    assert_eq!(xb.desk.summary_view(id.parse().unwrap()).await.unwrap().fields.len(), 2);
    let permit = xa.permit(2, Action::SummaryWithdraw, Some(&id));
    xa.desk.withdraw_summary(&permit, id.parse().unwrap(), "over".to_owned()).await.unwrap();
    xa.send(&xb).await;
    let seen = xb.desk.summary_view(id.parse().unwrap()).await.unwrap();
    assert!(seen.fields.is_empty() && seen.row.withdrawn_at.is_some());
    assert!(xa.shares(&case, &xb, &["facts/nothing"]).await.is_err());
}

impl Town {
    async fn withdraws(&self, id: &str) {
        let permit = self.permit(2, Action::SummaryWithdraw, Some(id));
        self.desk.withdraw_summary(&permit, id.parse().unwrap(), "over".to_owned()).await.unwrap();
    }
}

#[tokio::test]
async fn a_summary_withdrawn_before_it_left_goes_to_nobody_and_can_be_shared_anew() {
    let [xa, xb] = towns().await;
    let case = xa.case().await;
    let id = xa.shares(&case, &xb, &["facts"]).await.unwrap();
    xa.withdraws(&id).await;
    let carried = xa.send(&xb).await;
    assert!(carried.frames.is_empty(), "something left: {carried:?}");
    assert!(xb.desk.summary_view(id.parse().unwrap()).await.is_err());
    let id = xa.shares(&case, &xb, &["facts/vessel"]).await.unwrap();
    xa.send(&xb).await;
    let seen = xb.desk.summary_view(id.parse().unwrap()).await.unwrap();
    let paths: Vec<_> = seen.fields.iter().map(|field| field.path.as_str()).collect();
    assert_eq!(paths, ["facts/vessel"]);
    assert!(!holds(&xb.database_bytes().await, SECRET));
    let held = seen.fields.first().unwrap().statement.clone();
    let hash = crate::record::StatementHash(hex::decode(held).unwrap().try_into().unwrap());
    assert_eq!(xb.desk.held(hash).await.unwrap().fields().get("facts/source"), None);
}

#[tokio::test]
async fn a_withdrawal_leaves_what_another_summary_still_needs_and_nothing_more() {
    let [xa, xb] = towns().await;
    let case = xa.case().await;
    let kept = xa.shares(&case, &xb, &["facts/vessel"]).await.unwrap();
    let over = xa.shares(&case, &xb, &["facts/source"]).await.unwrap();
    xa.withdraws(&over).await;
    xa.send(&xb).await;
    assert!(xb.desk.summary_view(over.parse().unwrap()).await.is_err());
    let seen = xb.desk.summary_view(kept.parse().unwrap()).await.unwrap();
    let held = seen.fields.first().unwrap().statement.clone();
    let hash = crate::record::StatementHash(hex::decode(held).unwrap().try_into().unwrap());
    let held = xb.desk.held(hash).await.unwrap();
    assert_eq!(held.fields().get("facts/vessel"), Some(&Value::text("MV-EXAMPLE")));
    assert_eq!(held.fields().get("facts/source"), None);
}

impl Town {
    pub(super) async fn joins(&self, id: &str) -> TaskForceView {
        let permit = self.permit(1, Action::TaskForceForm, Some(id));
        self.desk.join_task_force(&permit, id.parse().unwrap()).await.unwrap()
    }

    pub(super) async fn posts(&self, id: &str, text: &str) -> Result<TaskForceView, Error> {
        let permit = self.permit(1, Action::TaskForcePost, Some(id));
        let post = NewPost { text: text.to_owned(), marking: None, documents: vec![] };
        self.desk.post(&permit, id.parse().unwrap(), post).await
    }

    pub(super) async fn room_of(&self, id: &str) -> TaskForceView {
        self.desk.task_force_view(id.parse().unwrap()).await.unwrap()
    }
}

/// Carries everything between all towns until nothing waits.
pub(super) async fn carry_all(towns: &[&Town]) {
    for _ in 0..4 {
        for from in towns {
            for to in towns.iter().filter(|to| to.name() != from.name()) {
                from.send(to).await;
            }
        }
    }
}

#[tokio::test]
async fn a_task_force_of_three_is_active_once_all_have_signed_and_all_see_the_posts() {
    let [xa, xb, xc] = towns().await;
    let charter: NewTaskForce = serde_json::from_value(json!({
        "name": "Operation Loom", "purpose": "textiles", "members": [xb.name().as_str(), xc.name().as_str()],
    }))
    .unwrap();
    let permit = xa.permit(1, Action::TaskForceForm, None);
    let id = xa.desk.form_task_force(&permit, charter).await.unwrap().id;
    xa.send(&xb).await;
    xb.joins(&id).await;
    // The signature of XB reaches XC before the charter does.
    let early = xb.send(&xc).await;
    assert!(matches!(early.answers.as_slice(), [ItemAnswer::Later { .. }]), "{early:?}");
    assert!(matches!(xa.posts(&id, "too early").await, Err(Error::IllegalStep(_))));
    carry_all(&[&xa, &xb, &xc]).await;
    xc.joins(&id).await;
    carry_all(&[&xa, &xb, &xc]).await;
    xb.posts(&id, "the vessel has left").await.unwrap();
    carry_all(&[&xa, &xb, &xc]).await;
    for town in [&xa, &xb, &xc] {
        let room = town.room_of(&id).await;
        assert_eq!(room.state, "active", "{}", town.name());
        let texts: Vec<_> =
            room.posts.iter().map(|post| (post.text.as_str(), post.verified)).collect();
        assert_eq!(texts, [("the vessel has left", true)], "{}", town.name());
    }
}
