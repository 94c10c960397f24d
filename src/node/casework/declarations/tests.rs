//! Use cases of declarations on a real store.

use std::fmt::Write as _;
use std::io::Cursor;

use crate::node::casework::cases::NewCase;
use crate::node::casework::declarations::{DeclarationQuery, ImportReport};
use crate::node::casework::testing::{TestDesk, desk};
use crate::node::casework::{Error, SearchQuery};
use crate::policy::{Action, Actor};

const HEADER: &str = "Declaration ID,Date,Office ID,Process Type,Import Type,Import Use,Payment Type,Mode of Transport,Declarant ID,Importer ID,Seller ID,Courier ID,HS6 Code,Country of Departure,Country of Origin,Tax Rate,Tax Type,Country of Origin Indicator,Net Mass,Item Price,Fraud,Critical Fraud";

fn row(id: &str, hs6: &str, mass: &str, price: &str) -> String {
    format!("{id},2021-01-01,40,B,11,11,11,40,D1,I1,S1,,{hs6},CN,CN,7.2,A,E,{mass},{price},0,0\n")
}

async fn import(test: &TestDesk, actor: &Actor, file: String) -> Result<ImportReport, Error> {
    let permit = test.may(actor, Action::Import, None).await;
    test.desk.import_declarations(&permit, "test.csv", Cursor::new(file.into_bytes())).await
}

#[tokio::test]
async fn an_import_keeps_what_it_can_and_names_line_and_reason_of_the_rest() {
    let test = desk().await;
    let ada = test.officer("Ada", "case_officer", "north").await;
    let mut file = format!("{HEADER}\n");
    file += &row("1", "240220", "100", "1000");
    file += &row("2", "abc", "100", "1000");
    file += "3,only,three\n";
    file += &row("4", "240220", "0", "1000");
    file += &row("1", "240220", "100", "1000");
    file += &row("6", "240220", "-1", "1000");
    let report = import(&test, &ada, file).await.unwrap();
    assert_eq!((report.accepted, report.warned, report.refused), (2, 1, 4));
    let lines: Vec<_> = report.refusals.iter().map(|remark| remark.row).collect();
    assert_eq!(lines, [3, 4, 6, 7]);
    assert!(report.refusals[0].reason.contains("HS6 Code"), "{report:?}");
    assert_eq!(report.warnings[0].row, 5);
}

#[tokio::test]
async fn the_most_suspicious_comes_first_with_its_reason_and_a_case_takes_its_values_over() {
    let test = desk().await;
    let ada = test.officer("Ada", "case_officer", "north").await;
    let mut file = format!("{HEADER}\n");
    for number in 0..1_200 {
        let price = 990 + number % 20;
        write!(file, "{}", row(&format!("n{number}"), "240220", "100", &price.to_string()))
            .unwrap();
    }
    file += &row("odd", "240220", "100", "20");
    assert_eq!(import(&test, &ada, file).await.unwrap().accepted, 1_201);

    let permit = test.may(&ada, Action::DeclarationRead, None).await;
    let query = DeclarationQuery { limit: Some(3), ..DeclarationQuery::default() };
    let page = test.desk.declarations(&permit, query.clone()).await.unwrap();
    assert_eq!(page.items[0].id, "odd");
    assert!(page.items[0].score >= 50);
    assert!(page.items[0].reasons.contains("times below the median"), "{:?}", page.items[0]);
    assert_eq!(page.items[1].score, 0);
    let next = DeclarationQuery { after: page.next, ..query };
    let next = test.desk.declarations(&permit, next).await.unwrap();
    assert!(next.items.iter().all(|item| !page.items.iter().any(|seen| seen.id == item.id)));
    let missing = test.desk.declaration(&permit, "nowhere").await;
    assert!(matches!(missing, Err(Error::NotFound(_))));

    let permit = test.may(&ada, Action::CaseOpen, None).await;
    let input = NewCase {
        title: "Undervalued cigarettes".to_owned(),
        case_type: "revenue".to_owned(),
        declaration: Some("odd".to_owned()),
        ..NewCase::default()
    };
    let case = test.desk.open_case(&permit, input).await.unwrap();
    assert_eq!(case.content["goods/0/hs"], "240220");
    assert_eq!(case.content["consignments/0/declaration"], "odd");
    assert_eq!(case.content["facts/declaration/source"], "test.csv");
    assert_eq!(test.desk.case_differences(case.row.id.parse().unwrap()).await.unwrap(), [""; 0]);
}

#[tokio::test]
async fn columns_named_after_a_scheme_are_found_by_their_identifiers() {
    let test = desk().await;
    let ada = test.officer("Ada", "case_officer", "north").await;
    let mut file = format!("{HEADER},Container,Container Type,Bill of Lading,IMO,Currency,HS\n");
    let columns = "csqu 305438-3,22G1,NHL-1,not on it,EUR,240220";
    writeln!(file, "{},{columns}", row("25NL000456001234J3", "240220", "100", "10").trim())
        .unwrap();
    assert_eq!(import(&test, &ada, file).await.unwrap().accepted, 1);
    let permit = test.may(&ada, Action::CaseOpen, None).await;
    let input = NewCase {
        title: "Cigarettes".to_owned(),
        case_type: "revenue".to_owned(),
        declaration: Some("25NL000456001234J3".to_owned()),
        ..NewCase::default()
    };
    let case = test.desk.open_case(&permit, input).await.unwrap();
    assert_eq!(case.warnings, []);

    let permit = test.may(&ada, Action::CaseRead, None).await;
    for (scheme, value) in [
        ("container", "ＣＳＱＵ３０５４３８３"),
        ("container_type", "22g1"),
        ("bill_of_lading", "NHL1"),
        ("mrn", "25 NL 000456001234 J3"),
        ("declaration", "25NL000456001234J3"),
        ("other", "not on it"),
    ] {
        let query = SearchQuery {
            scheme: Some(scheme.to_owned()),
            value: Some(value.to_owned()),
            ..SearchQuery::default()
        };
        let hits = test.desk.search(&permit, query).await.unwrap().items;
        assert_eq!(hits.len(), 1, "{scheme}");
        assert_eq!(hits[0].row.id, case.row.id);
    }
}

#[tokio::test]
async fn a_later_import_is_judged_by_the_prices_of_the_one_before() {
    let test = desk().await;
    let ada = test.officer("Ada", "case_officer", "north").await;
    let mut file = format!("{HEADER}\n");
    for number in 0..20 {
        file += &row(&format!("n{number}"), "240220", "100", "1000");
    }
    import(&test, &ada, file).await.unwrap();
    import(&test, &ada, format!("{HEADER}\n{}", row("odd", "240220", "100", "20"))).await.unwrap();
    let permit = test.may(&ada, Action::DeclarationRead, None).await;
    assert!(test.desk.declaration(&permit, "odd").await.unwrap().score >= 50);
}

#[tokio::test]
async fn a_file_that_is_no_declaration_file_is_refused() {
    let test = desk().await;
    let ada = test.officer("Ada", "case_officer", "north").await;
    let refused = import(&test, &ada, "a,b\n1,2\n".to_owned()).await;
    assert!(matches!(refused, Err(Error::Invalid(findings)) if findings[0].path == "header"));
}
