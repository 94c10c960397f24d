//! Warnings that are acknowledged or not, how good data are, and the versions of a case.

use serde_json::{Value, json};

use crate::node::casework::cases::{
    Acknowledgement, CaseChange, CaseView, DifferenceQuery, DifferenceView, Movement, NewCase,
};
use crate::node::casework::testing::{TestDesk, desk};
use crate::node::casework::{Error, FindingView};
use crate::policy::{Action, Actor};

/// A container number with a wrong check digit.
const FORGED: &str = "CSQU3054384";

struct Bench {
    test: TestDesk,
    ada: Actor,
    case: String,
}

async fn bench() -> Bench {
    let test = desk().await;
    let ada = test.officer("Ada", "case_officer", "north").await;
    let input: NewCase = serde_json::from_value(json!({
        "title": "Tea that is none", "case_type": "revenue", "fields": {
            "consignments/0/mode": "sea", "consignments/0/container": FORGED,
            "subjects/0/name": "Tea House Ltd", "subjects/0/kind": "organisation",
            "subjects/0/role": "suspect",
        }
    }))
    .expect("as the API reads it");
    let permit = test.may(&ada, Action::CaseOpen, None).await;
    let case = test.desk.open_case(&permit, input).await.expect("a sound case").row.id;
    Bench { test, ada, case }
}

impl Bench {
    async fn sets(&self, fields: Value) -> CaseView {
        let change: CaseChange = serde_json::from_value(json!({ "fields": fields })).expect("read");
        let permit = self.test.may(&self.ada, Action::CaseUpdate, Some(&self.case)).await;
        self.test.desk.update_case(&permit, change).await.expect("a sound change")
    }

    async fn acknowledges(&self, path: &str) -> Result<CaseView, Error> {
        let input =
            Acknowledgement { paths: vec![path.to_owned()], reason: "as on the paper".to_owned() };
        let permit = self.test.may(&self.ada, Action::CaseUpdate, Some(&self.case)).await;
        self.test.desk.acknowledge_warnings(&permit, input).await
    }

    async fn shown(&self) -> CaseView {
        let permit = self.test.may(&self.ada, Action::CaseRead, Some(&self.case)).await;
        self.test.desk.case(&permit).await.expect("it is there")
    }

    async fn difference(
        &self,
        from: Option<i64>,
        to: Option<i64>,
    ) -> Result<DifferenceView, Error> {
        let permit = self.test.may(&self.ada, Action::CaseRead, Some(&self.case)).await;
        self.test.desk.case_difference(&permit, DifferenceQuery { from, to }).await
    }
}

fn open(case: &CaseView) -> Vec<&FindingView> {
    let open = case.warnings.iter().filter(|warning| warning.acknowledged.is_none());
    open.map(|warning| &warning.finding).collect()
}

#[tokio::test]
async fn a_warning_is_open_until_it_is_acknowledged_and_again_when_the_value_changes() {
    let bench = bench().await;
    let case = bench.shown().await;
    assert_eq!(open(&case)[0].path, "consignments/0/container");
    assert_eq!((case.quality.open, case.quality.acknowledged, case.quality.fields), (1, 0, 5));
    let before = case.quality.percent.unwrap();
    assert!(before < 100);
    assert!(matches!(bench.acknowledges("subjects/0/name").await, Err(Error::Invalid(_))));

    let case = bench.acknowledges("consignments/0/container").await.unwrap();
    let who = case.warnings[0].acknowledged.clone().unwrap();
    assert_eq!(
        (who.by.as_str(), who.reason.as_str()),
        (bench.ada.pseudonym.as_str(), "as on the paper")
    );
    assert_eq!((case.quality.open, case.quality.acknowledged), (0, 1));
    assert!(case.quality.percent.unwrap() > before);
    assert_eq!(case.quality.fields, 5);
    assert_eq!(case.history.last().unwrap().kind, "case.acknowledged/1");
    let id = bench.case.parse().unwrap();
    assert_eq!(bench.test.desk.case_differences(id).await.unwrap(), Vec::<String>::new());

    // A field that a warning misses is lacking, and takes nothing from those that are there.
    let case = bench.sets(json!({"seizures/0/description": "tea"})).await;
    let missing = case.warnings.len() - 1;
    assert_eq!((case.quality.open, case.quality.lacking), (missing, missing));
    let (fields, judged) = (case.quality.fields, case.quality.fields + missing);
    assert_eq!(case.quality.percent.unwrap(), u32::try_from(fields * 100 / judged).unwrap());
    bench.sets(json!({"seizures/0/description": null})).await;

    // Another forged number is another warning, though it says the same.
    let case = bench.sets(json!({"consignments/0/container": "CSQU3054385"})).await;
    assert_eq!(open(&case).len(), 1);
    let case = bench.sets(json!({"consignments/0/container": FORGED})).await;
    assert_eq!(open(&case).len(), 0);
}

#[tokio::test]
async fn an_acknowledgement_is_not_written_by_hand_and_goes_with_its_item() {
    let bench = bench().await;
    bench.acknowledges("consignments/0/container").await.unwrap();
    let permit = bench.test.may(&bench.ada, Action::CaseUpdate, Some(&bench.case)).await;
    for path in ["consignments/0/acknowledged/container/reason", "facts/a/acknowledged/x"] {
        let change = serde_json::from_value(json!({"fields": {path: "x"}})).unwrap();
        let refused = bench.test.desk.update_case(&permit, change).await;
        assert!(refused.unwrap_err().to_string().contains("acknowledging a warning"));
    }
    let gone = json!({"consignments/0/mode": null, "consignments/0/container": null});
    let case = bench.sets(gone).await;
    assert!(
        case.content.keys().all(|path| !path.starts_with("consignments/")),
        "{:?}",
        case.content
    );
}

#[tokio::test]
async fn a_case_with_an_open_warning_is_not_closed() {
    let bench = bench().await;
    let permit = bench.test.may(&bench.ada, Action::CaseMove, Some(&bench.case)).await;
    let close = async || {
        let close: Movement =
            serde_json::from_value(json!({"to": "closed", "reason": "no breach"})).unwrap();
        match bench.test.desk.move_case(&permit, close).await {
            Err(Error::Invalid(findings)) => findings.iter().any(|finding| {
                finding.path == "consignments/0/container"
                    && finding.message.contains("acknowledge the warning")
            }),
            _ => false,
        }
    };
    let triage = serde_json::from_value(json!({"to": "triage"})).unwrap();
    bench.test.desk.move_case(&permit, triage).await.unwrap();
    assert!(close().await);
    bench.acknowledges("consignments/0/container").await.unwrap();
    assert!(!close().await);
}

#[tokio::test]
async fn every_version_of_a_case_can_be_read_and_compared() {
    let bench = bench().await;
    bench.sets(json!({"facts/vessel": "MV Example", "title": "Tea"})).await;
    bench.sets(json!({"facts/vessel": "MV Other", "subjects/0/role": null})).await;
    let permit = bench.test.may(&bench.ada, Action::CaseRead, Some(&bench.case)).await;
    let first = bench.test.desk.case_version(&permit, 1).await.unwrap();
    assert_eq!((first.title.as_str(), first.versions), ("Tea that is none", 3));
    assert_eq!(first.content.get("facts/vessel"), None);
    let second = bench.test.desk.case_version(&permit, 2).await.unwrap();
    assert_eq!(second.title, "Tea");
    assert_eq!(second.content["facts/vessel"], "MV Example");
    assert_eq!(second.content["subjects/0/role"], "suspect");
    for none in [0, -1, 4, i64::MAX] {
        let absent = bench.test.desk.case_version(&permit, none).await;
        assert!(matches!(absent, Err(Error::NotFound(_))), "{none}");
    }
    let now = bench.shown().await;
    let third = bench.test.desk.case_version(&permit, 3).await.unwrap();
    assert_eq!((third.content, third.record), (now.content, now.head));

    let last = bench.difference(None, None).await.unwrap();
    assert_eq!((last.from, last.to), (2, 3));
    let paths: Vec<_> = last.changes.iter().map(|change| change.path.as_str()).collect();
    assert_eq!(paths, ["facts/vessel", "subjects/0/role"]);
    assert_eq!(
        (&last.changes[0].before, &last.changes[0].after),
        (&json!("MV Example"), &json!("MV Other"))
    );
    assert_eq!((&last.changes[1].after, last.changes[1].version), (&Value::Null, 3));
    assert_eq!(last.changes[1].actor, bench.ada.pseudonym.as_str());
    let all = bench.difference(Some(0), Some(2)).await.unwrap();
    let vessel = all.changes.iter().find(|change| change.path == "facts/vessel").unwrap();
    assert_eq!((&vessel.before, vessel.version), (&Value::Null, 2));
    assert!(matches!(bench.difference(Some(3), Some(3)).await, Err(Error::Invalid(_))));
    assert!(matches!(bench.difference(None, Some(9)).await, Err(Error::NotFound(_))));
}
