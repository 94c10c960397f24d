//! Imported files and their rows: how far each file is, what replaces what, what is found by an identifier.

use sealane::node::store::case_origins::{self, CaseOrigin};
use sealane::node::store::declarations::{self, Declaration, DeclarationFilter};
use sealane::node::store::imported_rows::{self, ImportedIdentifier, ImportedRow, Stands};
use sealane::node::store::imports::{self, Import, Refusal};
use sealane::node::store::{Page, Param, StoreError, Tx};

use crate::store::{Place, hash, read, write};

fn declaration(number: i64, import: &str, score: i64) -> Declaration {
    Declaration {
        id: format!("d{number}"),
        import: import.into(),
        line: number + 2,
        source: "file.csv".into(),
        imported_at: 1,
        date: "2026-11-24".into(),
        hs6: "240220".into(),
        origin: "XQ".into(),
        departure: "XR".into(),
        importer: "i1".into(),
        seller: "s1".into(),
        net_mass: "10.5".into(),
        item_price: "99.90".into(),
        currency: "EUR".into(),
        score,
        reasons: String::new(),
        raw: "row".into(),
    }
}

pub(crate) async fn declarations_are_listed_by_score(place: Place) {
    let store = place.open().await;
    let kept: Result<(), StoreError> = write!(store, |tx| {
        let rows: Vec<_> = (0..6).map(|number| declaration(number, "i", number % 3)).collect();
        declarations::put_new(tx, &rows).await?;
        declarations::set_score(tx, "d0", 9, "price").await
    })
    .await;
    kept.unwrap();
    let all = DeclarationFilter::default;
    let first = read!(store, |tx| declarations::list(tx, &all(), None, 2).await);
    let ids: Vec<_> = first.iter().map(|row| row.id.as_str()).collect();
    assert_eq!(ids, ["d0", "d5"]);
    let rest = read!(store, |tx| declarations::list(tx, &all(), Some((2, "d5")), 9).await);
    assert_eq!(rest.len(), 4);
    let high = DeclarationFilter {
        score_min: Some(2),
        hs6: Some("240220".into()),
        origin: Some("XQ".into()),
        importer: Some("i1".into()),
    };
    assert_eq!(read!(store, |tx| declarations::count(tx, &high).await), 3);
    assert_eq!(read!(store, |tx| declarations::get(tx, "d0").await).unwrap().reasons, "price");
}

pub(crate) async fn a_row_replaces_that_of_another_import_and_not_of_its_own(place: Place) {
    let store = place.open().await;
    let kept: Result<Vec<u64>, StoreError> = write!(store, |tx| {
        let rows =
            |import: &str, score| [declaration(1, import, score), declaration(2, import, score)];
        let mut kept = vec![declarations::put_new(tx, &rows("a", 1)).await?];
        kept.push(declarations::put_new(tx, &rows("a", 2)).await?);
        kept.push(declarations::put_new(tx, &rows("b", 3)[..1]).await?);
        let row = |import: &str, title: &str| ImportedRow {
            kind: "manifest".into(),
            id: "m1".into(),
            import: import.into(),
            line: 2,
            source: "m.csv".into(),
            imported_at: 1,
            title: title.into(),
            fields: "{}".into(),
            raw: "row".into(),
        };
        kept.push(imported_rows::put_new(tx, &[row("a", "first")]).await?);
        kept.push(imported_rows::put_new(tx, &[row("a", "again")]).await?);
        kept.push(imported_rows::put_new(tx, &[row("b", "later")]).await?);
        Ok(kept)
    })
    .await;
    assert_eq!(kept.unwrap(), [2, 0, 1, 1, 0, 1]);
    let ids = || vec![Param::from("d1"), Param::from("d2"), Param::from("d3")];
    let stands = read!(store, |tx| declarations::standing(tx, "a", ids()).await);
    assert_eq!(stands, [Stands { id: "d2".into(), line: 4 }]);
    assert_eq!(read!(store, |tx| declarations::get(tx, "d1").await).unwrap().score, 3);
    let stands = read!(store, |tx| {
        imported_rows::standing(tx, "manifest", "b", vec![Param::from("m1")]).await
    });
    assert_eq!(stands.len(), 1);
    let row = read!(store, |tx| imported_rows::get(tx, "manifest", "m1").await).unwrap();
    assert_eq!((row.title.as_str(), row.import.as_str()), ("later", "b"));
    let listed = read!(store, |tx| imported_rows::list(tx, "manifest", &Page::first(5)).await);
    assert_eq!(listed, [row]);
    let none = Page::after_row(1, "m1".into(), 5);
    assert!(read!(store, |tx| imported_rows::list(tx, "manifest", &none).await).is_empty());
    assert!(
        read!(store, |tx| imported_rows::list(tx, "seizure", &Page::first(5)).await).is_empty()
    );
}

pub(crate) async fn an_import_moves_on_from_where_it_stands_and_ends_once(place: Place) {
    let store = place.open().await;
    let import = |rows: i64| Import {
        id: "i1".into(),
        kind: "declaration".into(),
        source: "file.csv".into(),
        sha256: hash(1),
        bytes: 99,
        mapping: "kind".into(),
        officer: "u1".into(),
        started_at: 1,
        finished_at: None,
        rows_done: rows,
        accepted: rows,
        warned: 0,
        refused: 0,
        taken_bytes: 7 * rows,
        taken_sha256: hash(u8::try_from(rows).expect("few rows")),
    };
    let begun: Result<_, StoreError> = write!(store, |tx| {
        let first = imports::begin(tx, &import(0)).await?;
        imports::advance(tx, 0, &import(10)).await?;
        let again = Import { source: "renamed.csv".into(), ..import(0) };
        Ok((first, imports::begin(tx, &again).await?))
    })
    .await;
    let (first, again) = begun.unwrap();
    assert_eq!((first.rows_done, again), (0, import(10)));
    let stale: Result<(), StoreError> =
        write!(store, |tx| imports::advance(tx, 0, &import(20)).await).await;
    assert!(matches!(stale, Err(StoreError::Conflict(_))), "{stale:?}");
    let ended: Result<(), StoreError> = write!(store, |tx| {
        imports::advance(tx, 10, &import(12)).await?;
        imports::finish(tx, "i1", 12, 7).await
    })
    .await;
    ended.unwrap();
    for late in [
        write!(store, |tx| imports::finish(tx, "i1", 12, 8).await).await,
        write!(store, |tx| imports::advance(tx, 12, &import(13)).await).await,
    ] {
        let late: Result<(), StoreError> = late;
        assert!(matches!(late, Err(StoreError::Conflict(_))), "{late:?}");
    }
    let ended = Import { finished_at: Some(7), ..import(12) };
    assert_eq!(read!(store, |tx| imports::get(tx, "i1").await), Some(ended.clone()));
    assert_eq!(read!(store, |tx| imports::list(tx, &Page::first(5)).await), [ended]);
}

pub(crate) async fn refused_rows_come_back_in_the_order_of_the_file(place: Place) {
    let store = place.open().await;
    let refusal = |number: i64| Refusal {
        import: "i1".into(),
        first_byte: number * 10,
        end_byte: number * 10 + 9,
        line: number + 1,
        reason: "no".into(),
    };
    let kept: Result<(), StoreError> = write!(store, |tx| {
        imports::refuse_all(tx, &[refusal(2), refusal(0), refusal(1)]).await?;
        imports::refuse_all(tx, &[]).await
    })
    .await;
    kept.unwrap();
    let first = read!(store, |tx| imports::refusals(tx, "i1", None, 2).await);
    assert_eq!(first, [refusal(0), refusal(1)]);
    let rest = read!(store, |tx| imports::refusals(tx, "i1", Some(10), 2).await);
    assert_eq!(rest, [refusal(2)]);
    assert!(read!(store, |tx| imports::refusals(tx, "i2", None, 2).await).is_empty());
}

pub(crate) async fn imported_rows_are_found_by_what_identifies_them_now(place: Place) {
    let store = place.open().await;
    let seen = |id: &str, number: i64, normalised: &str| ImportedIdentifier {
        kind: "manifest".into(),
        id: id.into(),
        number,
        scheme: "container".into(),
        observed: format!("{normalised} "),
        normalised: normalised.into(),
    };
    let kept: Result<(), StoreError> = write!(store, |tx| {
        let ids = || vec![Param::from("m1"), Param::from("m2")];
        let rows = [seen("m1", 0, "A"), seen("m1", 1, "B"), seen("m2", 0, "A")];
        imported_rows::identify(tx, "manifest", ids(), &rows).await?;
        let rows = [seen("m1", 0, "C"), seen("m2", 0, "A")];
        imported_rows::identify(tx, "manifest", ids(), &rows).await
    })
    .await;
    kept.unwrap();
    let found = read!(store, |tx| imported_rows::find(tx, None, None, "A", 9).await);
    assert_eq!(found, [seen("m2", 0, "A")]);
    for (kind, scheme, count) in [
        (Some("manifest"), Some("container"), 1),
        (Some("seizure"), None, 0),
        (None, Some("imo"), 0),
    ] {
        let found = read!(store, |tx| imported_rows::find(tx, kind, scheme, "C", 9).await);
        assert_eq!(found.len(), count);
    }
    let of_row = read!(store, |tx| imported_rows::identifiers(tx, "manifest", "m1").await);
    assert_eq!(of_row, [seen("m1", 0, "C")]);
}

fn other(kind: &str, id: &str, import: &str) -> ImportedRow {
    ImportedRow {
        id: id.into(),
        kind: kind.into(),
        import: import.into(),
        line: 3,
        source: "file.csv".into(),
        imported_at: 1,
        title: "t".into(),
        fields: "{}".into(),
        raw: "row".into(),
    }
}

fn seen(kind: &str, id: &str) -> ImportedIdentifier {
    ImportedIdentifier {
        kind: kind.into(),
        id: id.into(),
        number: 0,
        scheme: "container".into(),
        observed: "A".into(),
        normalised: "A".into(),
    }
}

fn origin(case: &str, kind: &str, row: &str) -> CaseOrigin {
    CaseOrigin { case_id: case.into(), kind: kind.into(), row_id: row.into() }
}

/// Rows of the imports `a` and `b`, with the cases that were opened on them.
async fn furnish(tx: &mut Tx) -> Result<(), StoreError> {
    declarations::put_new(tx, &[declaration(1, "a", 1), declaration(2, "b", 1)]).await?;
    let rows =
        [other("manifest", "d1", "a"), other("seizure", "s1", "a"), other("seizure", "s2", "b")];
    imported_rows::put_new(tx, &rows).await?;
    for (kind, id) in
        [("declaration", "d1"), ("manifest", "d1"), ("seizure", "s1"), ("seizure", "s2")]
    {
        imported_rows::identify(tx, kind, vec![Param::from(id)], &[seen(kind, id)]).await?;
    }
    for (case, kind, row) in [
        ("c1", "declaration", "d1"),
        ("c2", "declaration", "d1"),
        ("c3", "seizure", "s1"),
        ("c4", "seizure", "s2"),
    ] {
        case_origins::set(tx, case, &[origin(case, "seizure", "gone")]).await?;
        case_origins::set(tx, case, &[origin(case, kind, row)]).await?;
    }
    Ok(())
}

pub(crate) async fn rows_know_their_place_and_the_cases_that_were_opened_on_them(place: Place) {
    let store = place.open().await;
    let kept: Result<(), StoreError> = write!(store, |tx| furnish(tx).await).await;
    kept.unwrap();
    let of_import = read!(store, |tx| case_origins::of_import(tx, "a").await);
    let expected = [
        origin("c1", "declaration", "d1"),
        origin("c2", "declaration", "d1"),
        origin("c3", "seizure", "s1"),
    ];
    assert_eq!(of_import, expected);
    assert_eq!(read!(store, |tx| case_origins::of_case(tx, "c3").await), expected[2..]);
    let of_row = read!(store, |tx| case_origins::of_row(tx, "declaration", "d1").await);
    assert_eq!(of_row, expected[..2]);
    let places = read!(store, |tx| {
        Ok([
            imported_rows::place(tx, "declaration", "d1").await?,
            imported_rows::place(tx, "seizure", "s2").await?,
            imported_rows::place(tx, "seizure", "d1").await?,
        ])
    });
    assert_eq!(places, [Some(("a".to_owned(), 3)), Some(("b".to_owned(), 3)), None]);
}

pub(crate) async fn a_row_and_an_import_are_erased_and_no_other(place: Place) {
    let store = place.open().await;
    let erased: Result<(), StoreError> = write!(store, |tx| {
        furnish(tx).await?;
        imported_rows::erase(tx, "declaration", "d1").await
    })
    .await;
    erased.unwrap();
    assert!(read!(store, |tx| declarations::get(tx, "d1").await).is_none());
    // A row of another kind with the same number stays.
    let found = read!(store, |tx| imported_rows::find(tx, None, None, "A", 9).await);
    assert_eq!(found, [seen("manifest", "d1"), seen("seizure", "s1"), seen("seizure", "s2")]);
    let erased: Result<(), StoreError> =
        write!(store, |tx| imported_rows::erase_import(tx, "a").await).await;
    erased.unwrap();
    let found = read!(store, |tx| imported_rows::find(tx, None, None, "A", 9).await);
    assert_eq!(found, [seen("seizure", "s2")]);
    assert!(read!(store, |tx| imported_rows::get(tx, "manifest", "d1").await).is_none());
    assert!(read!(store, |tx| declarations::get(tx, "d2").await).is_some());
}
