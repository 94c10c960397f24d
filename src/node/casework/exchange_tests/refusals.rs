//! What a desk refuses of a peer, each by a signed statement with its code; and what it keeps without understanding it.

use bytes::Bytes;
use serde_json::json;

use crate::domain::id::ObjectId;
use crate::node::casework::append::Authorship;
use crate::node::casework::exchange_tests::network::{Town, towns};
use crate::node::peer::{Deliver, DeliverItem, Fields, ItemAnswer};
use crate::node::rng::random;
use crate::node::store::StoreError;
use crate::record::kinds::Facts;
use crate::record::kinds::delivery::DeliveryRefused;
use crate::record::payload::{Payload, PayloadError};
use crate::record::{Fields as RecordFields, Record, Statement, Value};

/// A kind that no version knows yet.
pub(super) struct FromTheFuture;

impl Payload for FromTheFuture {
    const KIND: &'static str = "drone.sighted/1";

    fn fields(&self) -> Facts {
        vec![("height".to_owned(), Value::int(120))]
    }

    fn read(_: &RecordFields) -> Result<Self, PayloadError> {
        Ok(Self)
    }
}

impl Town {
    /// Authors a record without a case, and gives it as it would be delivered.
    pub(super) async fn said<P: Payload>(&self, payload: &P) -> DeliverItem {
        let object = ObjectId::from_random(random(&*self.desk.rng));
        self.said_of(object, payload).await
    }

    /// As [`Town::said`], about this object.
    pub(super) async fn said_of<P: Payload>(&self, object: ObjectId, payload: &P) -> DeliverItem {
        let prepared = self.desk.author(object, Authorship::node(None), payload).await.unwrap();
        let hash = prepared.hash();
        self.desk
            .store
            .write_with("said", prepared, |tx, prepared| {
                Box::pin(async move { prepared.append(tx).await.map_err(|e: StoreError| e) })
            })
            .await
            .unwrap();
        self.desk.committed();
        self.item(hash, None).await
    }
}

/// The code of the signed refusal of the only item.
pub(super) async fn code(from: &Town, to: &Town, item: DeliverItem) -> String {
    let deliver = Deliver { checkpoints: vec![], items: vec![item] };
    let answers = to.desk.receive(from.name(), deliver.clone()).await.unwrap();
    let [ItemAnswer::Refused { statement, fields }] = answers.as_slice() else {
        panic!("not refused: {answers:?}");
    };
    let leaves = fields.iter().map(|leaf| leaf.to_vec()).collect();
    let key = to.card.card.record_keys[0].key;
    let refusal = Record::open(Statement::parse(statement).unwrap(), leaves, &key).unwrap();
    let refusal: DeliveryRefused = refusal.payload().unwrap();
    assert_eq!(to.desk.receive(from.name(), deliver).await.unwrap(), answers);
    refusal.code
}

#[tokio::test]
async fn a_statement_of_another_issuer_is_refused() {
    let [xa, xb, xc] = towns().await;
    let item = xa.said(&FromTheFuture).await;
    assert_eq!(code(&xc, &xb, item).await, "foreign_issuer");
}

#[tokio::test]
async fn a_signature_that_does_not_hold_is_refused() {
    let [xa, xb] = towns().await;
    let mut item = xa.said(&FromTheFuture).await;
    let mut bytes = item.statement.to_vec();
    *bytes.last_mut().unwrap() ^= 1;
    item.statement = bytes.into();
    // The receipt is of the statement as it was signed, so it no longer fits either.
    let code = code(&xa, &xb, item).await;
    assert!(["bad_signature", "bad_receipt"].contains(&code.as_str()), "{code}");
}

#[tokio::test]
async fn a_field_that_was_changed_is_refused() {
    let [xa, xb] = towns().await;
    let mut item = xa.said(&FromTheFuture).await;
    let Fields::All(leaves) = &mut item.fields else { panic!("all leaves are sent") };
    let mut leaf = leaves[8].to_vec();
    let place = leaf.iter().position(|byte| *byte == 120).unwrap();
    leaf[place] = 121;
    leaves[8] = Bytes::from(leaf);
    assert_eq!(code(&xa, &xb, item).await, "bad_fields");
}

#[tokio::test]
async fn a_receipt_of_another_log_is_refused() {
    let [xa, xb] = towns().await;
    let mut item = xa.said(&FromTheFuture).await;
    item.receipt = xb.said(&FromTheFuture).await.receipt;
    let deliver = Deliver { checkpoints: vec![], items: vec![item.clone()] };
    let answers = xb.desk.receive(xa.name(), deliver).await.unwrap();
    // A receipt that names a key of no card of the sender might be of a card on its way.
    assert!(
        matches!(answers.as_slice(), [ItemAnswer::Refused { .. } | ItemAnswer::Later { .. }]),
        "{answers:?}"
    );
    let mut other = xa.said(&json_post()).await;
    item.receipt = std::mem::take(&mut other.receipt);
    assert_eq!(code(&xa, &xb, item).await, "bad_receipt");
}

/// Another record, for its receipt.
fn json_post() -> DeliveryRefused {
    let statement = crate::record::StatementHash([1; 32]);
    DeliveryRefused { statement, code: "x".to_owned(), reason: json!("y").to_string() }
}

#[tokio::test]
async fn a_kind_that_is_not_known_is_kept_and_receipted() {
    let [xa, xb] = towns().await;
    let item = xa.said(&FromTheFuture).await;
    let hash = crate::record::StatementHash::of(&item.statement);
    let deliver = Deliver { checkpoints: vec![], items: vec![item] };
    let answers = xb.desk.receive(xa.name(), deliver).await.unwrap();
    assert!(matches!(answers.as_slice(), [ItemAnswer::Receipt(_)]), "{answers:?}");
    let held = xb.desk.held(hash).await.unwrap();
    assert_eq!(held.fields().get("height"), Some(&Value::int(120)));
}

#[tokio::test]
async fn an_act_for_another_authority_is_refused() {
    let [xa, xb, xc] = towns().await;
    let draft = xa.drafted(&xb).await;
    xa.does(&draft.id, json!({"act": "submit"})).await;
    let carried = xa.send(&xb).await;
    let item = carried.frames[0].items[0].clone();
    assert_eq!(code(&xa, &xc, item).await, "not_recipient");
}
