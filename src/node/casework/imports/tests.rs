//! Use cases of imported files on a real store.

use std::fmt::Write as _;

use crate::node::casework::cases::NewCase;
use crate::node::casework::imports::testing::{HEADER, import, import_as, row};
use crate::node::casework::testing::{TestDesk, desk};
use crate::node::casework::{
    CaseView, DeclarationQuery, Error, ImportQuery, ImportedQuery, NewImport, RefusalQuery,
    SearchQuery,
};
use crate::policy::{Action, Actor};

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
    let stands = &report.import;
    assert_eq!((stands.accepted, stands.warned, stands.refused), (2, 1, 4));
    let permit = test.may(&ada, Action::Import, None).await;
    let id = stands.id.parse().unwrap();
    let refused = test.desk.refused_rows(&permit, id, RefusalQuery::default()).await.unwrap().items;
    let lines: Vec<_> = refused.iter().map(|refusal| refusal.row).collect();
    assert_eq!(lines, [3, 4, 6, 7]);
    assert!(refused[0].reason.contains("HS6 Code"), "{refused:?}");
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
    assert_eq!(import(&test, &ada, file).await.unwrap().import.accepted, 1_201);

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
    assert_eq!(import(&test, &ada, file).await.unwrap().import.accepted, 1);
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

/// What a run does that breaks off in the middle, and the next one with the whole file.
#[tokio::test]
async fn a_broken_import_goes_on_where_it_stopped_and_takes_nothing_in_twice() {
    let test = desk().await;
    let ada = test.officer("Ada", "case_officer", "north").await;
    let mut file = format!("{HEADER}\n");
    for number in 0..2_500 {
        let mass = if number % 100 == 0 { "x" } else { "100" };
        file += &row(&format!("n{number}"), "240220", mass, "1000");
    }
    let (whole, half) = (file.as_bytes(), &file.as_bytes()[..file.len() / 2]);
    let broken = import_as(&test, &ada, NewImport::default(), whole, half).await;
    assert!(matches!(broken, Err(Error::Invalid(_))), "{broken:?}");
    let permit = test.may(&ada, Action::Import, None).await;
    let list = test.desk.imports(&permit, ImportQuery::default()).await.unwrap();
    let stands = &list.items[0];
    // What follows a row that was refused shortly before the end comes again: that end may be its fault.
    assert!(stands.finished_at.is_none() && stands.rows_done >= 1_000, "{stands:?}");
    assert!(stands.rows_done < 1_300);

    let done = import_as(&test, &ada, NewImport::default(), whole, whole).await.unwrap();
    assert_eq!(done.rows_new, 2_500 - stands.rows_done);
    let totals = (done.import.rows_done, done.import.accepted, done.import.refused);
    // The row in which the first half ended came whole the second time.
    assert_eq!(totals, (2_500, 2_475, 25));
    let id = done.import.id.parse().unwrap();
    let refused = test.desk.refused_rows(&permit, id, RefusalQuery::default()).await.unwrap();
    assert_eq!(refused.items.len(), usize::try_from(totals.2).unwrap());
    assert_eq!(refused.items[0].row, 2);
    assert_eq!(count(&test).await, totals.1);

    let again = import_as(&test, &ada, NewImport::default(), whole, whole).await.unwrap();
    assert_eq!((again.rows_new, again.import), (0, done.import));
    assert_eq!(count(&test).await, totals.1);
    let told =
        import_as(&test, &ada, NewImport::default(), whole, half).await.unwrap_err().to_string();
    assert!(told.contains("the import is finished"), "{told}");
}

/// Where a file may end, so that nothing that was not sent whole is taken for a row.
#[tokio::test]
async fn a_file_that_was_cut_anywhere_is_taken_in_whole_when_it_is_sent_again() {
    let test = desk().await;
    let ada = test.officer("Ada", "case_officer", "north").await;
    let rows = [row("1", "240220", "100", "1000"), row("2", "240220", "100", "1000")];
    for (number, cut) in [1, 2, 3, rows[1].len(), rows[1].len() + 1].into_iter().enumerate() {
        // Another header makes another file of it.
        let whole = format!("{HEADER},x{number}\n{}", rows.concat().replace('\n', ",z\n"));
        let whole = whole.as_bytes();
        let sent = &whole[..whole.len() - cut];
        let broken = import_as(&test, &ada, NewImport::default(), whole, sent).await;
        assert!(matches!(broken, Err(Error::Invalid(_))), "{cut}: {broken:?}");
        let done = import_as(&test, &ada, NewImport::default(), whole, whole).await.unwrap();
        assert_eq!((done.import.accepted, done.import.refused), (2, 0), "{cut}");
        assert!(done.rows_new >= 1, "{cut}: the row that was cut came again");
    }
}

#[tokio::test]
async fn a_file_that_was_cut_within_a_quoted_text_loses_no_row() {
    let test = desk().await;
    let ada = test.officer("Ada", "case_officer", "north").await;
    let rows = [row("1", "240220", "100", "1000"), row("2", "240220", "100", "1000")];
    let quoted = format!("{}\n{}\n{}", "\"one,", rows[0].trim_end(), "three\"");
    let body = format!("{},z\n{},{quoted}\n", rows[0].trim_end(), rows[1].trim_end());
    for cut in 1..body.len() {
        // Another header makes another file of it.
        let whole = format!("{HEADER},x{cut}\n{body}");
        let sent = &whole.as_bytes()[..whole.len() - cut];
        let broken = import_as(&test, &ada, NewImport::default(), whole.as_bytes(), sent).await;
        assert!(matches!(broken, Err(Error::Invalid(_))), "{cut}: {broken:?}");
        let done = import_as(&test, &ada, NewImport::default(), whole.as_bytes(), whole.as_bytes());
        let done = done.await.unwrap();
        assert_eq!((done.import.accepted, done.import.refused), (2, 0), "{cut}");
    }
}

async fn count(test: &TestDesk) -> i64 {
    use crate::node::store::{StoreError, declarations};
    let all = declarations::DeclarationFilter::default();
    let count = test
        .desk
        .store
        .read("count", move |tx| Box::pin(async move { declarations::count(tx, &all).await }));
    count.await.map_err(|error: StoreError| error).expect("the store counts")
}

#[tokio::test]
async fn bytes_that_were_not_announced_finish_no_import() {
    let test = desk().await;
    let ada = test.officer("Ada", "case_officer", "north").await;
    let announced = format!("{HEADER}\n{}", row("1", "240220", "100", "1000"));
    let sent = format!("{HEADER}\n{}", row("2", "240220", "100", "1000"));
    let input = NewImport::default();
    let other = import_as(&test, &ada, input, announced.as_bytes(), sent.as_bytes()).await;
    let told = other.unwrap_err().to_string();
    assert!(told.contains("not those that were announced"), "{told}");
    let permit = test.may(&ada, Action::Import, None).await;
    let list = test.desk.imports(&permit, ImportQuery::default()).await.unwrap();
    assert_eq!(list.items[0].finished_at, None);
    assert_eq!(list.items[0].rows_done, 1);

    // The row that is done is of other bytes than those of the file: it would be passed over unseen.
    let more = format!("{announced}{}", row("3", "240220", "100", "1000"));
    for sent in [announced.as_str(), &more, HEADER] {
        let input = NewImport::default();
        let other = import_as(&test, &ada, input, announced.as_bytes(), sent.as_bytes()).await;
        let told = other.unwrap_err().to_string();
        assert!(told.contains("does not begin with"), "{told}");
    }
    let list = test.desk.imports(&permit, ImportQuery::default()).await.unwrap();
    assert_eq!((list.items[0].rows_done, list.items[0].refused), (1, 0));
}

#[tokio::test]
async fn a_number_that_stands_twice_is_refused_also_in_a_later_batch_and_a_later_file_replaces() {
    let test = desk().await;
    let ada = test.officer("Ada", "case_officer", "north").await;
    let mut file = format!("{HEADER}\n");
    for number in 0..1_500 {
        file += &row(&format!("n{number}"), "240220", "100", "1000");
    }
    file += &row("n3", "240220", "7", "1000");
    let report = import(&test, &ada, file).await.unwrap();
    assert_eq!((report.import.accepted, report.import.refused), (1_500, 1));
    let permit = test.may(&ada, Action::Import, None).await;
    let id = report.import.id.parse().unwrap();
    let refused = test.desk.refused_rows(&permit, id, RefusalQuery::default()).await.unwrap();
    assert_eq!(
        (refused.items[0].row, refused.items[0].reason.as_str()),
        (1_502, "its number stands in line 5 before")
    );
    let permit = test.may(&ada, Action::DeclarationRead, None).await;
    assert_eq!(test.desk.declaration(&permit, "n3").await.unwrap().net_mass, "100");

    let later = format!("{HEADER}\n{}", row("n3", "240220", "7", "1000"));
    import(&test, &ada, later).await.unwrap();
    assert_eq!(test.desk.declaration(&permit, "n3").await.unwrap().net_mass, "7");
    assert_eq!(count(&test).await, 1_500);
}

const MANIFEST: &str = "bill_of_lading,container,vessel,vessel_imo,port_of_loading,port_of_discharge,mrn,hs6,goods_as_declared
NHL1,CSQU3054383; MSKU6011672,Quiet Meridian,9277711,HKHKG,ITTRS,26XA002006852160R1,330300,Perfumes
NHL2,,Quiet Meridian,9277711,HKHKG,ITTRS,,330300,Perfumes
NHL3,not a container,Quiet Meridian,9277711,HK,Trieste,,330300,Perfumes
";

async fn open(test: &TestDesk, actor: &Actor, input: NewCase) -> CaseView {
    let permit = test.may(actor, Action::CaseOpen, None).await;
    let input =
        NewCase { title: "What was found".to_owned(), case_type: "revenue".to_owned(), ..input };
    test.desk.open_case(&permit, input).await.expect("the row is sound as a case")
}

#[tokio::test]
async fn a_line_of_a_manifest_is_found_by_its_container_and_a_case_is_opened_on_it() {
    let test = desk().await;
    let ada = test.officer("Ada", "case_officer", "north").await;
    let input = NewImport { kind: Some("manifest".to_owned()), ..NewImport::default() };
    let file = MANIFEST.as_bytes();
    let report = import_as(&test, &ada, input, file, file).await.unwrap();
    assert_eq!((report.import.accepted, report.import.refused), (1, 2), "{report:?}");
    let permit = test.may(&ada, Action::DeclarationRead, None).await;
    let query =
        ImportedQuery { value: Some("csqu 305438-3".to_owned()), ..ImportedQuery::default() };
    let hits = test.desk.imported_rows(&permit, query).await.unwrap().items;
    assert_eq!(hits.len(), 1);
    assert_eq!(
        (hits[0].kind.as_str(), hits[0].row, hits[0].source.as_str()),
        ("manifest", 2, "test.csv")
    );
    let number = hits[0].id.clone();
    let shown = test.desk.imported(&permit, "manifest", &number).await.unwrap();
    assert_eq!(shown.fields["vessel"], "Quiet Meridian");
    assert!(shown.raw.contains("26XA002006852160R1") && shown.identifiers.len() == 5, "{shown:?}");

    let case = open(&test, &ada, NewCase { manifest: Some(number), ..NewCase::default() }).await;
    assert_eq!(case.content["consignments/0/destination"], "ITTRS");
    assert_eq!(case.content["facts/manifest/source"], "test.csv");
    assert_eq!(case.content["facts/manifest/row"], "2");
    assert_eq!(case.content["facts/manifest/file_sha256"].as_str().unwrap().len(), 64);
    let permit = test.may(&ada, Action::CaseRead, None).await;
    let query = SearchQuery {
        scheme: Some("container".to_owned()),
        value: Some("MSKU6011672".to_owned()),
        ..SearchQuery::default()
    };
    assert_eq!(test.desk.search(&permit, query).await.unwrap().items[0].row.id, case.row.id);
}

#[tokio::test]
async fn a_seizure_from_json_becomes_the_seizure_of_a_case() {
    let test = desk().await;
    let ada = test.officer("Ada", "case_officer", "north").await;
    let mapping = "kind = \"seizure\"\n[file]\nformat = \"json\"\n[fields.number]\ncolumn = \"no\"\n\
        [fields.description]\npointer = \"/goods/0/name\"\n[fields.quantity]\npointer = \"/goods/0/kilos\"\n\
        [fields.unit]\nconstant = \"KGM\"\n[fields.date]\ncolumn = \"on\"\ndate = \"%d.%m.%Y\"\n\
        [fields.legal_power]\ncolumn = \"law\"\nunlisted = \"refuse\"\nvalues = { U198 = \"Art. 198 UCC\" }\n\
        [fields.container]\ncolumn = \"boxes\"\noptional = true\n[fields.person]\ncolumn = \"who\"\noptional = true\n";
    let file =
        br#"[{"no": "S1", "goods": [{"name": "cigarettes", "kilos": 12.5}], "on": "24.11.2026",
 "law": "U198", "boxes": ["CSQU3054383", "CSQU3054384"], "who": "Jo Doe"},
{"no": "S2", "goods": [], "on": "24.11.2026", "law": "U198"},
{"no": "S3", "goods": [{"name": "tea", "kilos": 1}], "on": "2026-11-24", "law": "U198"},
{"no": "S4", "goods": [{"name": "tea", "kilos": 1}], "on": "24.11.2026", "law": "X"},
{"no": "S5" "goods": []}]"#;
    let input = NewImport { mapping: Some(mapping.to_owned()), ..NewImport::default() };
    let report = import_as(&test, &ada, input, file, file).await.unwrap();
    assert_eq!((report.import.accepted, report.import.refused), (1, 4), "{report:?}");
    let permit = test.may(&ada, Action::Import, None).await;
    let id = report.import.id.parse().unwrap();
    let refused = test.desk.refused_rows(&permit, id, RefusalQuery::default()).await.unwrap();
    let reasons = [
        "/goods/0/name is missing",
        "no day written as %d.%m.%Y",
        "'X' is not among",
        "is no JSON",
    ];
    for (row, (says, line)) in refused.items.iter().zip(reasons.iter().zip([3, 4, 5, 6])) {
        assert!(row.reason.contains(says) && row.row == line, "{row:?}");
    }
    let case =
        open(&test, &ada, NewCase { seizure: Some("S1".to_owned()), ..NewCase::default() }).await;
    for (path, text) in [
        ("seizures/0/description", "cigarettes"),
        ("seizures/0/quantity", "12.5"),
        ("seizures/0/at", "2026-11-24"),
        ("seizures/0/legal_power", "Art. 198 UCC"),
        ("subjects/0/name", "Jo Doe"),
        ("consignments/0/identifiers/1/check", "fail"),
        ("facts/seizure/row", "1"),
    ] {
        assert_eq!(case.content[path], text, "{path}: {:?}", case.content);
    }
    let permit = test.may(&ada, Action::CaseOpen, None).await;
    let both = NewCase {
        title: "t".to_owned(),
        case_type: "revenue".to_owned(),
        declaration: Some("d".to_owned()),
        seizure: Some("S1".to_owned()),
        ..NewCase::default()
    };
    assert!(matches!(test.desk.open_case(&permit, both).await, Err(Error::Invalid(_))));
}

#[tokio::test]
async fn a_mapping_that_cannot_be_used_is_told_with_its_line_before_any_row_is_sent() {
    let test = desk().await;
    let ada = test.officer("Ada", "case_officer", "north").await;
    for (kind, mapping, says) in [
        (
            None,
            "kind = \"seizure\"\n[fields.nmber]\ncolumn = \"x\"\n",
            "line 2: unknown key 'nmber'; did you mean 'number'",
        ),
        (Some("manifest"), crate::node::mappings::Kind::Seizure.default_mapping(), "kind seizure"),
        (Some("cargo"), "", "declaration, manifest or seizure"),
    ] {
        let input = NewImport {
            kind: kind.map(str::to_owned),
            mapping: Some(mapping.to_owned()),
            ..NewImport::default()
        };
        let told = import_as(&test, &ada, input, b"x", b"x").await.unwrap_err().to_string();
        assert!(told.contains(says), "{told}");
    }
}
