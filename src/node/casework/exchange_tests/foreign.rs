//! What a peer says about objects that are not its own: refused, and without effect on what is shown of them.

use std::io::{Cursor, Read};

use crate::domain::handling::Purpose;
use crate::domain::id::ObjectId;
use crate::node::casework::Error;
use crate::node::casework::exchange_tests::network::{Town, towns};
use crate::node::casework::exchange_tests::refusals::code;
use crate::node::peer::{Deliver, ItemAnswer};
use crate::policy::{Action, Actor, Role};
use crate::record::StatementHash;
use crate::record::kinds::case::CaseUpdated;
use crate::record::kinds::request::RequestAct;
use crate::record::kinds::summary::{Source, SummaryShared};
use crate::record::kinds::task_force::Charter;

/// An update that gives a case another title.
fn renamed() -> CaseUpdated {
    CaseUpdated { title: Some("taken over".to_owned()), content: Vec::new() }
}

#[tokio::test]
async fn a_peer_says_nothing_about_a_case_of_this_node() {
    let [xa, xb] = towns().await;
    let case: ObjectId = xa.case().await.parse().unwrap();
    let item = xb.said_of(case, &renamed()).await;
    assert_eq!(code(&xb, &xa, item).await, "foreign_object");
    assert_eq!(xa.desk.held_of(case).await.unwrap().len(), 1);
    assert_eq!(xa.desk.history(case).await.unwrap().len(), 1);
}

#[tokio::test]
async fn an_object_of_one_peer_is_not_open_to_another() {
    let [xa, xb, xc] = towns().await;
    let object = ObjectId::from_random([0x55; 16]);
    let first = xa.said_of(object, &renamed()).await;
    let deliver = Deliver { checkpoints: vec![], items: vec![first] };
    let answers = xb.desk.receive(xa.name(), deliver).await.unwrap();
    assert!(matches!(answers.as_slice(), [ItemAnswer::Receipt(_)]), "{answers:?}");
    let second = xc.said_of(object, &renamed()).await;
    assert_eq!(code(&xc, &xb, second).await, "foreign_object");
}

/// A summary for `to` that names these leaves of a statement.
fn drawn_from(to: &Town, statement: StatementHash, leaves: &[i64]) -> SummaryShared {
    SummaryShared {
        title: "a summary".to_owned(),
        recipients: vec![to.name().clone()],
        sources: vec![Source { statement, leaves: leaves.to_vec() }],
        marking: "H1 TLP:AMBER".to_owned(),
        use_purpose: "customs_enforcement".to_owned(),
        delete_by: None,
        approver: None,
        documents: vec![],
    }
}

/// Everything in the court pack of an object, in one text.
pub(super) async fn packed(town: &Town, object: &str) -> String {
    town.sealed().await;
    let permit = town.permit(1, Action::PackExport, None);
    let objects = vec![object.parse().unwrap()];
    let pack = Box::pin(town.desk.export_pack(&permit, objects, Cursor::new(Vec::new())));
    let mut archive = zip::ZipArchive::new(pack.await.unwrap()).unwrap();
    let mut all = Vec::new();
    for at in 0..archive.len() {
        archive.by_index(at).unwrap().read_to_end(&mut all).unwrap();
    }
    String::from_utf8_lossy(&all).into_owned()
}

#[tokio::test]
async fn a_summary_that_draws_from_a_statement_of_its_recipient_is_refused() {
    let [xa, xb] = towns().await;
    let case: ObjectId = xa.case().await.parse().unwrap();
    let own = xa.desk.held_of(case).await.unwrap()[0].statement().hash();
    let item = xb.said(&drawn_from(&xa, own, &[8, 9, 10])).await;
    assert_eq!(code(&xb, &xa, item).await, "foreign_source");
}

#[tokio::test]
async fn a_pack_of_a_received_summary_has_the_fields_that_it_names_and_no_others() {
    let [xa, xb] = towns().await;
    let case = xa.case().await;
    let vessel = xa.shares(&case, &xb, &["facts/vessel"]).await.unwrap();
    let title = xa.shares(&case, &xb, &["title"]).await.unwrap();
    xa.send(&xb).await;
    assert!(packed(&xb, &vessel).await.contains("MV-EXAMPLE"));
    assert!(!packed(&xb, &title).await.contains("MV-EXAMPLE"));
}

#[tokio::test]
async fn a_summary_a_charter_or_a_request_does_not_take_the_id_of_a_case() {
    let [xa, xb, xc, xd] = towns().await;
    let case = xa.case().await;
    let id: ObjectId = case.parse().unwrap();
    let summary = SummaryShared { sources: vec![], ..drawn_from(&xa, StatementHash([1; 32]), &[]) };
    let charter = Charter {
        name: "Operation Loom".to_owned(),
        coordinator: xc.name().clone(),
        members: vec![xa.name().clone(), xc.name().clone()],
        mandate: "textiles".to_owned(),
        ends_at: None,
        marking: "H1 TLP:AMBER".to_owned(),
    };
    let act = RequestAct {
        act: "submit".to_owned(),
        applicant: xd.name().clone(),
        requested: xa.name().clone(),
        instrument: "generic".to_owned(),
        offer: None,
        approver: None,
        marking: None,
        documents: vec![],
        content: vec![],
    };
    let summary = xb.said_of(id, &summary).await;
    assert_eq!(code(&xb, &xa, summary).await, "foreign_object");
    let charter = xc.said_of(id, &charter).await;
    assert_eq!(code(&xc, &xa, charter).await, "foreign_object");
    let act = xd.said_of(id, &act).await;
    assert_eq!(code(&xd, &xa, act).await, "foreign_object");
    // The case can be shared as before.
    let shared = xa.shares(&case, &xb, &["title"]).await;
    assert!(shared.is_ok(), "{shared:?}");
}

#[tokio::test]
async fn nobody_gets_a_permit_to_share_a_summary_by_its_own_id() {
    let [xa, xb] = towns().await;
    let case = xa.case().await;
    let foreign = xa.shares(&case, &xb, &["facts/vessel"]).await.unwrap();
    xa.send(&xb).await;
    let own = xb.case().await;
    let permit = xb.permit(2, Action::SummaryRead, Some(&foreign));
    assert!(xb.desk.summary(&permit, foreign.parse().unwrap()).await.is_ok(), "it is held");
    let unknown = ObjectId::from_random([0xd3; 16]).to_string();
    for (town, id) in [(&xb, &foreign), (&xb, &unknown), (&xa, &foreign)] {
        let id = Some(id.parse().unwrap());
        let purpose = Some(Purpose::MutualAssistance);
        let asked = town.desk.permit(permit.who(), Action::SummaryShare, id, purpose).await;
        assert!(matches!(asked, Err(Error::NotFound("summary"))), "{asked:?}");
    }
    // Of whoever may not share at all, the role is told first, whether the id is known or not.
    let officer = Actor { roles: [Role::CaseOfficer].into(), ..permit.who().clone() };
    for id in [&foreign, &unknown, &own] {
        let id = Some(id.parse().unwrap());
        let purpose = Some(Purpose::MutualAssistance);
        let asked = xb.desk.permit(&officer, Action::SummaryShare, id, purpose).await;
        assert!(matches!(asked, Err(Error::NotPermitted(_))), "{asked:?}");
    }
    // A case can be shared, and only by whoever wrote nothing of what is shown.
    let id = Some(own.parse().unwrap());
    let purpose = Some(Purpose::MutualAssistance);
    assert!(xb.desk.permit(permit.who(), Action::SummaryShare, id, purpose).await.is_ok());
    let signed = xb.shares_as(1, &own, &xa, &["facts/vessel"]).await;
    assert!(matches!(signed, Err(Error::NotPermitted(_))), "{signed:?}");
}
