//! Released evidence from desk to desk, and the court pack that holds it.

use std::io::Cursor;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use async_trait::async_trait;
use bytes::Bytes;
use serde_json::json;

use crate::domain::id::{AuthorityName, ObjectId};
use crate::node::casework::exchange_tests::network::{Town, towns};
use crate::node::casework::{Desk, Error, EvidenceInput, FetchInput};
use crate::node::peer::{
    Anchors, BlobRequest, BlobStream, Courier, Deliver, Hello, ItemAnswer, RefusalCode, SendError,
    WitnessAnswer,
};
use crate::node::store::StoreError;
use crate::node::store::cases::{self, CaseMember};
use crate::policy::Action;

/// A way to one peer that carries blob requests and nothing else.
struct BlobCourier {
    own: AuthorityName,
    peer: Arc<Desk>,
}

impl BlobCourier {
    fn nothing<T>(&self) -> Result<T, SendError> {
        Err(SendError::NotPaired(self.own.clone()))
    }
}

#[async_trait]
impl Courier for BlobCourier {
    async fn hello(&self, _: &AuthorityName) -> Result<Hello, SendError> {
        self.nothing()
    }

    async fn deliver(&self, _: &AuthorityName, _: &Deliver) -> Result<Vec<ItemAnswer>, SendError> {
        self.nothing()
    }

    async fn anchors(&self, _: &AuthorityName, _: &Anchors) -> Result<(), SendError> {
        self.nothing()
    }

    async fn blob(&self, _: &AuthorityName, r: &BlobRequest) -> Result<BlobStream, SendError> {
        let peer = self.peer.authority.clone();
        let stream = self.peer.serve_blob(&self.own, r.clone()).await;
        stream.map_err(|refusal| SendError::Refused { peer, refusal })
    }

    async fn push_card(&self, _: &AuthorityName, _: Bytes) -> Result<(), SendError> {
        self.nothing()
    }

    async fn query_card(&self, _: &AuthorityName) -> Result<Bytes, SendError> {
        self.nothing()
    }

    async fn add_checkpoint(
        &self,
        _: &AuthorityName,
        _: Bytes,
    ) -> Result<WitnessAnswer, SendError> {
        self.nothing()
    }

    async fn witness_state(&self, _: &AuthorityName, _: &str) -> Result<Option<Bytes>, SendError> {
        self.nothing()
    }
}

/// Bytes of several chunks and groups, and an odd end.
fn photo() -> Vec<u8> {
    (0..300_001_u32).map(|at| u8::try_from(at * 7 % 251).unwrap()).collect()
}

/// XB answers a request of XA with a file; gives the request and the file's id at XB.
async fn answered(xa: &Town, xb: &Town) -> (String, String) {
    let id = xa.drafted(xb).await.id;
    xa.does(&id, json!({"act": "submit"})).await;
    xa.send(xb).await;
    xb.does(&id, json!({"act": "acknowledge"})).await;
    xb.does(&id, json!({"act": "accept"})).await;
    let permit = xb.permit(1, Action::EvidenceAdd, Some(&id));
    let input: EvidenceInput = serde_json::from_value(json!({"description": "photo.jpg"})).unwrap();
    let bytes = photo();
    let added = xb.desk.add_evidence(&permit, input, Cursor::new(bytes), &|_| ()).await.unwrap();
    let added = serde_json::to_value(added).unwrap();
    let file = added.get("id").unwrap().as_str().unwrap().to_owned();
    let marking = "H1 TLP:AMBER A1";
    xb.does(&id, json!({"act": "final_reply", "marking": marking, "documents": [file]})).await;
    xb.send(xa).await;
    (id, file)
}

/// A case of officer 1, to which a copy can belong.
async fn case_of_officer(town: &Town) -> FetchInput {
    let case = town.case().await;
    let user_id = uuid::Uuid::from_bytes([1; 16]).to_string();
    let member = CaseMember { case_id: case.clone(), user_id };
    town.desk
        .store
        .write_with("team", member, |tx, member| {
            Box::pin(async move { cases::add_member(tx, member).await.map(drop) })
        })
        .await
        .map_err(|error: StoreError| error)
        .unwrap();
    FetchInput { case: Some(case) }
}

#[tokio::test]
async fn a_released_file_is_fetched_verified_and_registered_once() {
    let [xa, xb, xc] = towns().await;
    let (id, file) = answered(&xa, &xb).await;
    let seen = xa.sees(&id).await;
    assert_eq!(seen.documents.first().unwrap().evidence, file);
    let courier = BlobCourier { own: xa.name().clone(), peer: Arc::clone(&xb.desk) };
    xa.desk.set_courier(Arc::new(courier));
    let document: ObjectId = file.parse().unwrap();
    let permit = xa.permit(1, Action::EvidenceAdd, Some(&id));
    let elsewhere = xa.desk.fetch_evidence(&permit, document, FetchInput::default()).await;
    assert!(matches!(elsewhere, Err(Error::NotFound(_))), "no case of the officer's");
    let case = case_of_officer(&xa).await;
    xa.disk.0.store(4, Ordering::Relaxed);
    let crowded = xa.desk.fetch_evidence(&permit, document, case.clone()).await;
    assert!(matches!(crowded, Err(Error::NoRoom(_))), "{crowded:?}");
    xa.disk.0.store(5, Ordering::Relaxed);
    let fetched = xa.desk.fetch_evidence(&permit, document, case.clone()).await.unwrap();
    assert_eq!((fetched.state.as_str(), fetched.size), ("complete", 300_001));
    let again = xa.desk.fetch_evidence(&permit, document, case).await.unwrap();
    assert_eq!(again, fetched);
    let unknown = xc.desk.fetch_evidence(&permit, document, FetchInput::default()).await;
    assert!(matches!(unknown, Err(Error::NotFound(_))));

    let permit = xa.permit(1, Action::PackExport, None);
    let objects = vec![id.parse().unwrap(), fetched.evidence.parse().unwrap()];
    xa.sealed().await;
    let pack = xa.desk.export_pack(&permit, objects, Cursor::new(Vec::new()));
    let pack = Box::pin(pack).await.unwrap();
    let archive = zip::ZipArchive::new(pack).unwrap();
    let names: Vec<_> = archive.file_names().filter_map(Result::ok).collect();
    assert!(names.iter().any(|name| name.contains(&fetched.sha256)), "{names:?}");
}

#[tokio::test]
async fn evidence_is_released_by_another_officer_than_registered_it() {
    let [xa, xb] = towns().await;
    let id = xa.drafted(&xb).await.id;
    xa.does(&id, json!({"act": "submit"})).await;
    xa.send(&xb).await;
    xb.does(&id, json!({"act": "acknowledge"})).await;
    xb.does(&id, json!({"act": "accept"})).await;
    let permit = xb.permit(2, Action::EvidenceAdd, Some(&id));
    let input: EvidenceInput = serde_json::from_value(json!({"description": "photo.jpg"})).unwrap();
    let added = xb.desk.add_evidence(&permit, input, Cursor::new(photo()), &|_| ()).await.unwrap();
    let file = serde_json::to_value(added).unwrap().get("id").unwrap().clone();
    let reply = json!({"act": "final_reply", "marking": "H1 TLP:AMBER A1", "documents": [file]});
    let own = xb.try_to(&id, reply).await;
    assert!(matches!(&own, Err(Error::NotPermitted(why)) if why.contains("second officer")));
}

#[tokio::test]
async fn what_another_authority_released_is_not_passed_on() {
    let [xa, xb, xc] = towns().await;
    let (id, file) = answered(&xa, &xb).await;
    let courier = BlobCourier { own: xa.name().clone(), peer: Arc::clone(&xb.desk) };
    xa.desk.set_courier(Arc::new(courier));
    let permit = xa.permit(1, Action::EvidenceAdd, Some(&id));
    let document: ObjectId = file.parse().unwrap();
    let case = case_of_officer(&xa).await;
    let fetched = xa.desk.fetch_evidence(&permit, document, case).await.unwrap();
    let other = xa.drafted(&xc).await.id;
    let passed = xa.try_to(&other, json!({"act": "submit", "documents": [fetched.evidence]})).await;
    let Err(Error::Invalid(findings)) = passed else { panic!("{passed:?}") };
    assert!(findings[0].message.contains("another authority"), "{findings:?}");
}

#[tokio::test]
async fn a_blob_is_given_to_nobody_without_a_grant() {
    let [xa, xb, xc] = towns().await;
    let (id, file) = answered(&xa, &xb).await;
    let held = xa.desk.held_of(id.parse().unwrap()).await.unwrap();
    let blob = held
        .iter()
        .filter_map(|held| held.payload::<crate::record::kinds::request::RequestAct>().ok())
        .find_map(|act| act.documents.into_iter().next())
        .unwrap()
        .blob;
    let about = file.parse().unwrap();
    let request = BlobRequest { blob, offset: 0, length: 100, about };
    let refused = xb.desk.serve_blob(xc.name(), request.clone()).await;
    assert_eq!(refused.err().map(|refusal| refusal.code), Some(RefusalCode::NotFound));
    let other = BlobRequest { about: id.parse().unwrap(), ..request.clone() };
    assert!(xb.desk.serve_blob(xa.name(), other).await.is_err());
    assert!(xb.desk.serve_blob(xa.name(), request).await.is_ok());
}
