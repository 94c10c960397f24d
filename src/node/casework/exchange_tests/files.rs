//! Released evidence from desk to desk, and the court pack that holds it.

use std::io::Cursor;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bytes::Bytes;
use serde_json::json;
use tokio::io::AsyncReadExt as _;

use crate::domain::id::{AuthorityName, ObjectId};
use crate::node::casework::exchange_tests::network::{Town, towns};
use crate::node::casework::{Desk, Error, EvidenceInput, FetchInput, Lifting, NewRestriction};
use crate::node::peer::{
    Anchors, BlobRequest, BlobStream, Courier, Deliver, Hello, ItemAnswer, RefusalCode, SendError,
    WitnessAnswer,
};
use crate::node::store::StoreError;
use crate::node::store::cases::{self, CaseMember};
use crate::node::store::evidence::{self, CustodyEvent, EvidenceItem};
use crate::node::store::requests::{self, Request};
use crate::policy::Action;

/// A way to peers that carries blob requests and nothing else.
struct BlobCourier {
    own: AuthorityName,
    peers: Vec<Arc<Desk>>,
    /// After so many bytes of a stream the line is dead.
    breaks_after: Mutex<Option<u64>>,
    /// From where it was asked for.
    offsets: Mutex<Vec<u64>>,
}

impl BlobCourier {
    fn between(own: &Town, peers: &[&Town]) -> Arc<Self> {
        let courier = Arc::new(Self {
            own: own.name().clone(),
            peers: peers.iter().map(|peer| Arc::clone(&peer.desk)).collect(),
            breaks_after: Mutex::default(),
            offsets: Mutex::default(),
        });
        own.desk.set_courier(Arc::<Self>::clone(&courier));
        courier
    }

    fn breaks_after(&self, bytes: Option<u64>) {
        *self.breaks_after.lock().unwrap() = bytes;
    }

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

    async fn blob(&self, to: &AuthorityName, r: &BlobRequest) -> Result<BlobStream, SendError> {
        let Some(desk) = self.peers.iter().find(|desk| desk.authority == *to) else {
            return self.nothing();
        };
        self.offsets.lock().unwrap().push(r.offset);
        let left = *self.breaks_after.lock().unwrap();
        if left == Some(0) {
            return self.nothing();
        }
        let stream = desk.serve_blob(&self.own, r.clone()).await;
        let mut stream =
            stream.map_err(|refusal| SendError::Refused { peer: to.clone(), refusal })?;
        if let Some(left) = left {
            self.breaks_after(Some(0));
            stream.reader = Box::new(stream.reader.take(left));
        }
        Ok(stream)
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
    let id = accepted(xa, xb).await;
    let file = added(xb).await;
    released(xa, xb, &id, &file).await;
    (id, file)
}

/// A request of XA that XB has accepted.
async fn accepted(xa: &Town, xb: &Town) -> String {
    let id = xa.drafted(xb).await.id;
    xa.does(&id, json!({"act": "submit"})).await;
    xa.send(xb).await;
    xb.does(&id, json!({"act": "acknowledge"})).await;
    xb.does(&id, json!({"act": "accept"})).await;
    id
}

/// A file of XB, in a case of its own.
async fn added(xb: &Town) -> String {
    let case = xb.case().await;
    let permit = xb.permit(1, Action::EvidenceAdd, Some(&case));
    let input: EvidenceInput = serde_json::from_value(json!({"description": "photo.jpg"})).unwrap();
    let bytes = photo();
    let added = xb.desk.add_evidence(&permit, input, Cursor::new(bytes), &|_| ()).await.unwrap();
    let added = serde_json::to_value(added).unwrap();
    added.get("id").unwrap().as_str().unwrap().to_owned()
}

/// XB answers with that file.
async fn released(xa: &Town, xb: &Town, id: &str, file: &str) {
    let marking = "H1 TLP:AMBER A1";
    xb.does(id, json!({"act": "final_reply", "marking": marking, "documents": [file]})).await;
    xb.send(xa).await;
}

impl Town {
    /// Has an item under another id too, as if chance or malice had given it that one.
    async fn has_under(&self, item: &str, id: &str) {
        let ids = (item.to_owned(), id.to_owned());
        let write = self.desk.store.write_with("under", ids, |tx, (item, id)| {
            Box::pin(async move {
                let row = evidence::get(tx, item).await?.expect("the town has it");
                evidence::insert(tx, &EvidenceItem { id: id.clone(), ..row }).await?;
                for event in evidence::custody_of(tx, item).await? {
                    let evidence_id = id.clone();
                    evidence::add_custody(tx, &CustodyEvent { evidence_id, ..event }).await?;
                }
                Ok::<_, StoreError>(())
            })
        });
        write.await.unwrap();
    }

    /// Makes a request one of a case.
    async fn joins_case(&self, request: &str, case: &str) {
        let row = Request { case_id: Some(case.to_owned()), ..self.request_row(request).await };
        let write = self.desk.store.write_with("join", row, |tx, row| {
            Box::pin(async move { requests::put(tx, row).await })
        });
        write.await.map_err(|error: StoreError| error).unwrap();
    }
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
    FetchInput { case: Some(case), ..FetchInput::default() }
}

#[tokio::test]
async fn a_released_file_is_fetched_verified_and_registered_once() {
    let [xa, xb, xc] = towns().await;
    let (id, file) = answered(&xa, &xb).await;
    let seen = xa.sees(&id).await;
    assert_eq!(seen.documents.first().unwrap().evidence, file);
    BlobCourier::between(&xa, &[&xb]);
    let document: ObjectId = file.parse().unwrap();
    let permit = xa.permit(1, Action::EvidenceAdd, Some(&id));
    let elsewhere = xa.desk.fetch_evidence(&permit, document, FetchInput::default()).await;
    let Err(Error::Invalid(findings)) = elsewhere else { panic!("{elsewhere:?}") };
    assert!(findings[0].path == "case" && findings[0].message.contains("--case"), "{findings:?}");
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
    let case = xb.case().await;
    let permit = xb.permit(2, Action::EvidenceAdd, Some(&case));
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
    BlobCourier::between(&xa, &[&xb]);
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

#[tokio::test]
async fn nothing_of_a_restricted_case_is_given_out_until_that_is_lifted() {
    let [xa, xb] = towns().await;
    let (id, file) = answered(&xa, &xb).await;
    BlobCourier::between(&xa, &[&xb]);
    let item = file.clone();
    let read = xb.desk.store.read("item", move |tx| {
        Box::pin(async move { evidence::get(tx, &item).await.map_err(|error: StoreError| error) })
    });
    let of = read.await.unwrap().unwrap().case_id;
    let permit = xb.permit(1, Action::CaseRestrict, Some(&of));
    let order = NewRestriction { reason: "disputed".to_owned(), legal_basis: None };
    xb.desk.restrict_case(&permit, order).await.unwrap();
    let fetch = xa.permit(1, Action::EvidenceAdd, Some(&id));
    let (document, case) = (file.parse().unwrap(), case_of_officer(&xa).await);
    assert!(xa.desk.fetch_evidence(&fetch, document, case.clone()).await.is_err());
    let lifted = Lifting { reason: "settled".to_owned() };
    xb.desk.unrestrict_case(&permit, lifted).await.unwrap();
    xa.desk.fetch_evidence(&fetch, document, case).await.unwrap();
}

#[tokio::test]
async fn a_fetch_that_was_cut_off_goes_on_where_it_stopped() {
    let [xa, xb] = towns().await;
    let (id, file) = answered(&xa, &xb).await;
    let courier = BlobCourier::between(&xa, &[&xb]);
    let document: ObjectId = file.parse().unwrap();
    let permit = xa.permit(1, Action::EvidenceAdd, Some(&id));
    let case = case_of_officer(&xa).await;
    courier.breaks_after(Some(150_000));
    let cut = xa.desk.fetch_evidence(&permit, document, case.clone()).await;
    assert!(matches!(cut, Err(Error::Peer(_))), "{cut:?}");
    let still = xa.desk.fetch_evidence(&permit, document, case.clone()).await;
    assert!(matches!(still, Err(Error::Peer(_))), "{still:?}");
    courier.breaks_after(None);
    let fetched = xa.desk.fetch_evidence(&permit, document, case).await.unwrap();
    assert_eq!((fetched.state.as_str(), fetched.size), ("complete", 300_001));
    let offsets = courier.offsets.lock().unwrap().clone();
    let (first, later) = offsets.split_first().unwrap();
    // What came is not asked for again; the rest of a chunk that was begun is.
    assert_eq!(*first, 0);
    assert!(!later.is_empty() && later.iter().all(|at| *at >= 131_072), "{offsets:?}");
    let item = fetched.evidence.clone();
    let permit = xa.permit(1, Action::EvidenceRead, Some(&item));
    let verdict = serde_json::to_value(xa.desk.verify_evidence(&permit).await.unwrap()).unwrap();
    assert_eq!(verdict["verified"], true, "{verdict}");
}

#[tokio::test]
async fn files_that_two_authorities_released_under_one_id_are_told_apart() {
    let [xa, xb, xc] = towns().await;
    let (_, file) = answered(&xa, &xb).await;
    let other = accepted(&xa, &xc).await;
    let item = added(&xc).await;
    xc.has_under(&item, &file).await;
    released(&xa, &xc, &other, &file).await;
    BlobCourier::between(&xa, &[&xb, &xc]);
    let document: ObjectId = file.parse().unwrap();
    let permit = xa.permit(1, Action::EvidenceAdd, None);
    let case = case_of_officer(&xa).await;
    let bare = xa.desk.fetch_evidence(&permit, document, case.clone()).await;
    let Err(Error::Invalid(findings)) = bare else { panic!("{bare:?}") };
    assert_eq!(findings[0].path, "from");
    for town in [&xb, &xc] {
        assert!(findings[0].message.contains(town.name().as_str()), "{findings:?}");
    }
    let mut copies = Vec::new();
    for town in [&xb, &xc, &xb] {
        let from = Some(town.name().to_string());
        let input = FetchInput { from, ..case.clone() };
        let fetched = xa.desk.fetch_evidence(&permit, document, input).await.unwrap();
        assert_eq!(fetched.from, town.name().as_str());
        copies.push(fetched.evidence);
    }
    assert!(copies[0] != copies[1] && copies[0] == copies[2], "{copies:?}");
    let through = FetchInput { request: Some(other), ..case.clone() };
    let fetched = xa.desk.fetch_evidence(&permit, document, through).await.unwrap();
    assert_eq!(fetched.evidence, copies[1]);
    let nobody = FetchInput { from: Some(xa.name().to_string()), ..case };
    let nothing = xa.desk.fetch_evidence(&permit, document, nobody).await;
    assert!(matches!(nothing, Err(Error::NotFound(_))), "{nothing:?}");
}

#[tokio::test]
async fn a_file_that_was_released_for_two_cases_is_fetched_for_the_one_that_is_meant() {
    let [xa, xb] = towns().await;
    let (first, file) = answered(&xa, &xb).await;
    let second = accepted(&xa, &xb).await;
    released(&xa, &xb, &second, &file).await;
    BlobCourier::between(&xa, &[&xb]);
    let case = case_of_officer(&xa).await.case.unwrap();
    xa.joins_case(&first, &case).await;
    xa.joins_case(&second, &first).await;
    let document: ObjectId = file.parse().unwrap();
    let permit = xa.permit(1, Action::EvidenceAdd, None);
    let bare = xa.desk.fetch_evidence(&permit, document, FetchInput::default()).await;
    let Err(Error::Invalid(findings)) = bare else { panic!("{bare:?}") };
    assert!(findings[0].message.contains("--request"), "{findings:?}");
    // The case of the second one is none that the officer may know of.
    let through =
        |request: &str| FetchInput { request: Some(request.to_owned()), ..FetchInput::default() };
    let closed = xa.desk.fetch_evidence(&permit, document, through(&second)).await;
    assert!(matches!(closed, Err(Error::NotFound(_))), "{closed:?}");
    let fetched = xa.desk.fetch_evidence(&permit, document, through(&first)).await.unwrap();
    let row = xa.desk.store.read("copy", move |tx| {
        Box::pin(async move { evidence::get(tx, &fetched.evidence).await })
    });
    let row = row.await.map_err(|error: StoreError| error).unwrap().unwrap();
    assert_eq!(row.case_id, case);
}
