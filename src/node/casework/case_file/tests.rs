//! The case file on a real store.

use serde_json::json;

use crate::node::casework::case_file::{CASE_FILE_SCHEMA, CaseFileAccess};
use crate::node::casework::cases::{CaseChange, NewCase};
use crate::node::casework::evidence::EvidenceInput;
use crate::node::casework::testing::desk;
use crate::policy::Action;

#[tokio::test]
async fn a_file_holds_the_case_and_its_evidence_and_names_what_it_leaves_out() {
    let test = desk().await;
    let ada = test.officer("Ada", "case_officer", "north").await;
    let permit = test.may(&ada, Action::CaseOpen, None).await;
    let input = NewCase {
        title: "<b>Cash</b>".to_owned(),
        case_type: "cash".to_owned(),
        ..NewCase::default()
    };
    let id = test.desk.open_case(&permit, input).await.unwrap().row.id;
    let permit = test.may(&ada, Action::CaseUpdate, Some(&id)).await;
    let fields = json!({"subjects/0/name": "Rowan Tree", "subjects/0/kind": "person", "subjects/0/role": "suspect"});
    let change = CaseChange { fields: serde_json::from_value(fields).unwrap() };
    test.desk.update_case(&permit, change).await.unwrap();
    let permit = test.may(&ada, Action::EvidenceAdd, Some(&id)).await;
    let item = EvidenceInput { description: "Ledger".to_owned(), ..EvidenceInput::default() };
    test.desk.add_evidence(&permit, item, b"page one".as_slice(), &|_| {}).await.unwrap();

    let access = async |evidence: Result<(), String>| CaseFileAccess {
        case: test.may(&ada, Action::CaseRead, Some(&id)).await,
        evidence: match evidence {
            Ok(()) => Ok(test.may(&ada, Action::EvidenceRead, Some(&id)).await),
            Err(why) => Err(why),
        },
        requests: Ok(test.may(&ada, Action::RequestRead, None).await),
    };
    let file = test.desk.case_file(access(Ok(())).await).await.unwrap();
    assert_eq!(file.schema, CASE_FILE_SCHEMA);
    assert_eq!(file.case.content["subjects/0/name"], "Rowan Tree");
    assert_eq!(file.evidence[0].custody[0].event, "collect");
    assert!(file.left_out.is_empty() && file.requests.is_empty());
    let page = test.desk.case_report(access(Ok(())).await).await.unwrap();
    for part in ["Rowan Tree", "Evidence: Ledger", &file.case.head, "&lt;b&gt;Cash"] {
        assert!(page.contains(part), "no {part} in {page}");
    }
    let trail = test.trail().await;
    let read = trail.iter().filter(|(action, _)| action == "case.read").count();
    assert_eq!(read, 2, "{trail:?}");
    // The list of the items and the one item, each time.
    let items = trail.iter().filter(|(action, _)| action == "evidence.read").count();
    assert_eq!(items, 4, "{trail:?}");

    let less = test.desk.case_file(access(Err("not yours".to_owned())).await).await.unwrap();
    assert_eq!(less.left_out, ["evidence: not yours"]);
    assert!(less.evidence.is_empty());
}
