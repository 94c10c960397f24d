//! The same questions in plain SQL, each with an index made for it: words in clear by FTS5 or `tsvector`, the exact name,
//! the columns of the case.

use sealane::node::store::{Dialect, Param, Store, StoreError, Tx};

use crate::search::Question;
use crate::search::fill::run;
use crate::search::made::Made;

pub(super) fn is_postgres(store: &Store) -> bool {
    store.dialect() == Dialect::Postgres
}

pub(super) async fn begin(tx: &mut Tx) -> Result<(), StoreError> {
    run(tx, "-- bench.names\nCREATE TABLE bench_names (doc BIGINT NOT NULL, name TEXT NOT NULL)")
        .await?;
    run(
        tx,
        match tx.dialect() {
            Dialect::Sqlite => {
                "-- bench.words\nCREATE VIRTUAL TABLE bench_words USING fts5 (words, content = '', detail = none)"
            }
            Dialect::Postgres => {
                "-- bench.words\nCREATE TABLE bench_words (doc BIGINT PRIMARY KEY, words TSVECTOR NOT NULL)"
            }
        },
    )
    .await?;
    run(tx, "-- bench.kind\nCREATE INDEX bench_kind ON cases (case_type, status, opened_at DESC)")
        .await
}

pub(super) async fn keep(tx: &mut Tx, batch: &[Made]) -> Result<(), StoreError> {
    let names = batch.iter().map(|made| vec![Param::Int(made.opened_at()), name(made)]).collect();
    tx.insert_many("-- bench.name\nINSERT INTO bench_names (doc, name) VALUES", "", names).await?;
    let words = |made: &Made| made.words.join(" ");
    if tx.dialect() == Dialect::Sqlite {
        let rows = batch.iter().map(|made| vec![Param::Int(made.opened_at()), words(made).into()]);
        let head = "-- bench.word\nINSERT INTO bench_words (rowid, words) VALUES";
        return tx.insert_many(head, "", rows.collect()).await.map(drop);
    }
    let joined = |column: &dyn Fn(&Made) -> String| -> Param {
        batch.iter().map(column).collect::<Vec<_>>().join("|").into()
    };
    tx.execute(
        "-- bench.word
         INSERT INTO bench_words SELECT doc::bigint, ARRAY_TO_TSVECTOR(TSVECTOR_TO_ARRAY(words::tsvector))
         FROM UNNEST(STRING_TO_ARRAY($1, '|'), STRING_TO_ARRAY($2, '|')) AS made (doc, words)",
        vec![joined(&|made| made.opened_at().to_string()), joined(&words)],
    )
    .await
    .map(drop)
}

fn name(made: &Made) -> Param {
    made.name.join(" ").into()
}

pub(super) async fn ask(store: &Store, question: Question, made: &Made) {
    let (sql, params) = match question {
        Question::Identifier => (
            "-- bench.by_identifier
             SELECT cases.* FROM identifiers JOIN cases ON cases.id = identifiers.object
             WHERE identifiers.normalised = $1 ORDER BY cases.opened_at DESC LIMIT 51",
            vec![Param::from(made.identifier())],
        ),
        Question::Words | Question::WordsOfUnit => by_words(store, made),
        Question::Name => (
            "-- bench.by_name
             SELECT cases.* FROM bench_names JOIN cases ON cases.opened_at = bench_names.doc
             WHERE name = $1 ORDER BY bench_names.doc DESC LIMIT 51",
            vec![name(made)],
        ),
        Question::Filters => (
            "-- bench.by_columns
             SELECT * FROM cases WHERE case_type = $1 AND status = $2 ORDER BY opened_at DESC LIMIT 51",
            vec![Param::from(made.case_type()), Param::from(made.status())],
        ),
    };
    store
        .read("bench_plain", move |tx| {
            let params = params.clone();
            Box::pin(
                async move { tx.fetch_all(sql, params).await.map_err(|error: StoreError| error) },
            )
        })
        .await
        .unwrap();
}

fn by_words(store: &Store, made: &Made) -> (&'static str, Vec<Param>) {
    let (word, beginning) = made.asked_words();
    if is_postgres(store) {
        let sql = "-- bench.by_words
             SELECT cases.* FROM bench_words JOIN cases ON cases.opened_at = bench_words.doc
             WHERE words @@ $1::tsquery ORDER BY bench_words.doc DESC LIMIT 51";
        return (sql, vec![Param::from(format!("{word} & {beginning}:*"))]);
    }
    let sql = "-- bench.by_words
         SELECT cases.* FROM (
             SELECT rowid AS doc FROM bench_words WHERE bench_words MATCH $1 ORDER BY rowid DESC LIMIT 51
         ) AS found JOIN cases ON cases.opened_at = found.doc";
    (sql, vec![Param::from(format!("{word} AND {beginning}*"))])
}
