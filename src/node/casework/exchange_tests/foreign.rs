//! What a peer says about objects that are not its own: refused, and without effect on what is shown of them.

use crate::domain::id::ObjectId;
use crate::node::casework::exchange_tests::network::towns;
use crate::node::casework::exchange_tests::refusals::code;
use crate::node::peer::{Deliver, ItemAnswer};
use crate::record::kinds::case::CaseUpdated;

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
