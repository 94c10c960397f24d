//! Search over many cases on SQLite and PostgreSQL, beside plain SQL with an index on the same data and the same
//! connections: the first page of what all officers together may read, and of one unit.
//!
//! The tables are filled through the functions of the store in big batches; nothing is signed. Terms are made as the node
//! makes them, in number and length; what stands in a case is invented (see `made`). What an answer costs beside the
//! store is left out: the line in the audit trail, and the opening and comparing of the names that may be meant.

mod fill;
mod made;
mod plain;

use std::time::Instant;

use sealane::node::store::search::{self, Found, Sought};
use sealane::node::store::{Store, StoreConfig, StoreError};

use crate::Options;
use crate::postgres::PostgresServer;
use made::Made;

/// The rows of a page, and the one that says that there are more.
const PAGE: i64 = 51;
/// The cases that are compared by name for a page, and one more.
const COMPARED: i64 = 201;
/// How often each question is asked, with other values each time.
const ASKED: u64 = 200;
/// The questions before those that count.
const WARM: u64 = 20;

/// What is asked.
#[derive(Clone, Copy)]
enum Question {
    Identifier,
    Words,
    Name,
    Filters,
    WordsOfUnit,
}

const QUESTIONS: [(Question, &str); 5] = [
    (Question::Identifier, "by identifier (container or HS code)"),
    (Question::Words, "by a word and the beginning of one"),
    (Question::Name, "by name: 200 to be compared / the exact name"),
    (Question::Filters, "by type, state and HS chapter / type and state"),
    (Question::WordsOfUnit, "by words, in one of 20 units / in all"),
];

#[expect(clippy::print_stdout, reason = "the table is what the bench is for")]
pub(crate) async fn run(options: &Options) {
    let cases = options.cases;
    println!(
        "{:52}{:>9}{:>9}{:>9}{:>9}{:>9}",
        "milliseconds", "p50", "p95", "SQL p50", "SQL p95", "x p95"
    );
    let folder = options.folder();
    let config = StoreConfig::Sqlite { path: folder.path().join("store.sqlite") };
    on("SQLite", &config, cases).await;
    drop(folder);
    let server = PostgresServer::start().await;
    let config = StoreConfig::Postgres { url: server.database("search").await };
    on("PostgreSQL", &config, cases).await;
}

#[expect(clippy::print_stdout, reason = "the table is what the bench is for")]
async fn on(database: &str, config: &StoreConfig, cases: u64) {
    let store = crate::store::open_at(config).await;
    let start = Instant::now();
    fill::fill(&store, cases).await;
    println!("{database}: {cases} cases, filled in {:.0} s", start.elapsed().as_secs_f64());
    for (question, name) in QUESTIONS {
        let (mut ours, mut bare, mut found) = (Vec::new(), Vec::new(), 0);
        for number in 0..WARM + ASKED {
            let made = Made::case(number.wrapping_mul(7_919) % cases);
            let start = Instant::now();
            let rows = ask(&store, sought(question, &made), limit(question)).await.len();
            let took = start.elapsed().as_secs_f64() * 1e3;
            let start = Instant::now();
            plain::ask(&store, question, &made).await;
            let plain = start.elapsed().as_secs_f64() * 1e3;
            if number >= WARM {
                ours.push(took);
                bare.push(plain);
                found += rows;
            }
        }
        let figures = [at(&ours, 50), at(&ours, 95), at(&bare, 50), at(&bare, 95)];
        let [p50, p95, bare50, bare95] = figures;
        println!("{name:52}{p50:>9.2}{p95:>9.2}{bare50:>9.2}{bare95:>9.2}{:>9.2}", p95 / bare95);
        assert!(found > 0, "{name}: nothing was found");
    }
    let written = fill::change(&store, cases).await;
    println!(
        "{:52}{:>9.2}{:>9.2}",
        "a case whose words change, durably",
        at(&written, 50),
        at(&written, 95)
    );
    store.close().await;
}

const fn limit(question: Question) -> i64 {
    match question {
        Question::Name => COMPARED,
        Question::Identifier | Question::Words | Question::Filters | Question::WordsOfUnit => PAGE,
    }
}

async fn ask(store: &Store, sought: Sought, limit: i64) -> Vec<Found> {
    store
        .read("bench_search", move |tx| {
            Box::pin(async move {
                search::find(tx, &sought, limit).await.map_err(|error: StoreError| error)
            })
        })
        .await
        .unwrap()
}

fn sought(question: Question, made: &Made) -> Sought {
    let groups = match question {
        Question::Identifier => vec![made.identifier_terms()],
        Question::Words => made.word_groups(),
        Question::Name => vec![made.name_terms()],
        Question::Filters => made.filter_groups(),
        Question::WordsOfUnit => [made.word_groups(), vec![made.unit_terms()]].concat(),
    };
    Sought { groups, ..Sought::default() }
}

/// The value below which so many of a hundred lie.
fn at(values: &[f64], percent: usize) -> f64 {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    let last = values.len().saturating_sub(1);
    values.get((values.len() * percent / 100).min(last)).copied().unwrap_or(f64::NAN)
}
