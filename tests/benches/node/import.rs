//! A file of declarations taken in by a whole node: read, mapped, scored, kept; beside a bare insert of the same rows.

use std::fmt::Write as _;
use std::io::Cursor;

use sealane::node::casework::NewImport;
use sealane::node::store::StoreError;
use sealane::node::store::declarations::{self, Declaration, DeclarationFilter};
use sealane::policy::Action;
use sha2::{Digest as _, Sha256};

use crate::Options;
use crate::meter::{Figure, Meter, Pair};
use crate::nodes::Party;
use crate::store::open;

const ROWS: u32 = 100_000;

/// Rows of one bare insert, as many as the node writes together.
const BATCH_ROWS: usize = 1_000;

pub(crate) async fn run(options: &Options) {
    let file = file();
    let mut pair = Pair::default();
    for _ in 0..options.rounds {
        let folder = options.folder();
        let party = Party::start(folder.path(), "xa").await;
        pair.ours.push(import(&party, &file).await);
        let rows = rows(&party).await;
        party.stop().await;
        pair.limit.push(insert(options, rows).await);
    }
    pair.print("declarations imported by a node", "the same rows inserted, 1,000 at a time", 1.0);
}

/// Declarations of 500 commodities, in the columns of the mapping that ships.
fn file() -> Vec<u8> {
    let mut text = "Declaration ID,Date,Office ID,Process Type,Import Type,Import Use,Payment Type,Mode of Transport,Declarant ID,Importer ID,Seller ID,Courier ID,HS6 Code,Country of Departure,Country of Origin,Tax Rate,Tax Type,Country of Origin Indicator,Net Mass,Item Price,Fraud,Critical Fraud\n".to_owned();
    for number in 0..ROWS {
        let mixed = number.wrapping_mul(2_654_435_761);
        let (code, mass) = (100_000 + mixed % 500 * 1_700, 1 + mixed % 9_000);
        let price = u64::from(mass) * u64::from(90 + mixed % 21);
        writeln!(
            text,
            "{number:08},2026-11-24,40,B,11,11,11,40,D{},I{mixed},S{},,{code},CN,VN,8.0,A,E,{mass}.5,{price},0,0",
            mixed % 97,
            mixed % 1_009
        )
        .unwrap();
    }
    text.into_bytes()
}

async fn import(party: &Party, file: &[u8]) -> Figure {
    let desk = party.node.desk();
    let permit = Party::drafts(Action::Import, None);
    let input = NewImport {
        source: "bench.csv".to_owned(),
        sha256: hex::encode(Sha256::digest(file)),
        bytes: file.len() as u64,
        ..NewImport::default()
    };
    let meter = Meter::start();
    let begun = desk.begin_import(&permit, input).await.unwrap();
    let file = Cursor::new(file.to_vec());
    let report = desk.import_rows(&permit, begun.id.parse().unwrap(), file).await.unwrap();
    assert_eq!(report.import.accepted, i64::from(ROWS));
    meter.stop(u64::from(ROWS))
}

/// What the node kept, in the order of the file.
async fn rows(party: &Party) -> Vec<Declaration> {
    let all = DeclarationFilter::default();
    let rows: Result<Vec<Declaration>, StoreError> = party
        .store
        .read("bench_rows", move |tx| {
            Box::pin(async move { declarations::list(tx, &all, None, i64::from(ROWS)).await })
        })
        .await;
    let mut rows = rows.unwrap();
    rows.sort_by_key(|row| row.line);
    rows
}

async fn insert(options: &Options, rows: Vec<Declaration>) -> Figure {
    let folder = options.folder();
    let store = open(folder.path()).await;
    let batches: Vec<Vec<Declaration>> =
        rows.chunks(BATCH_ROWS).map(<[Declaration]>::to_vec).collect();
    let meter = Meter::start();
    for batch in batches {
        let kept: Result<(), StoreError> = store
            .write_with("bench_insert", batch, |tx, batch| {
                Box::pin(async move { tx.insert_all(batch).await })
            })
            .await;
        kept.unwrap();
    }
    let figure = meter.stop(u64::from(ROWS));
    store.close().await;
    figure
}
