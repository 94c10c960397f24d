//! The parts of a node, and whole nodes, at work on a real disk and real sockets, each beside its limit measured in the same run; has no
//! threshold, since the machine is not alone.
//!
//! `cargo bench --bench node -- [PART..] [--seconds N] [--rounds N] [--mib N] [--dir FOLDER]`, where a part is `store`,
//! `log`, `blobs`, `wire`, `exchange`, `fetch`, `search` or `import` (all, if none is named; `search` is over `--cases N`, 100,000 if
//! nothing is said). A ratio compares two figures of one run; the median of the rounds
//! is shown. "per CPU-s" divides by the CPU time of the whole process: both ends, where there are two.

#![expect(clippy::unwrap_used, reason = "a bench may panic")]
#![expect(clippy::disallowed_methods, reason = "a bench measures time and is no part of the node")]
#![expect(clippy::cast_precision_loss, reason = "rates are shown rounded")]

#[path = "../cpu.rs"]
mod cpu;
#[path = "../../integration/support/postgres.rs"]
mod postgres;

mod blobs;
mod disk;
mod exchange;
mod fetch;
mod ideal;
mod import;
mod log;
mod meter;
mod nodes;
mod peers;
mod raw_quinn;
mod search;
mod store;
mod wire;

use std::path::PathBuf;

/// What the command line asks for.
struct Options {
    parts: Vec<String>,
    seconds: f64,
    rounds: usize,
    mib: u64,
    cases: u64,
    dir: PathBuf,
}

const PARTS: [&str; 8] = ["store", "log", "blobs", "wire", "exchange", "fetch", "search", "import"];

#[expect(clippy::print_stdout, reason = "the table is what the bench is for")]
fn main() {
    // `cargo test --all-targets` runs this too, without `--bench`: then there is nothing to do.
    let Some(options) = Options::read(std::env::args().skip(1).collect()) else { return };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    println!(
        "{cores} cores, {} rounds of {} s, {} MiB",
        options.rounds, options.seconds, options.mib
    );
    meter::print_head();
    runtime.block_on(async {
        for part in &options.parts {
            match part.as_str() {
                "store" => store::run(&options).await,
                "log" => log::run(&options).await,
                "blobs" => blobs::run(&options).await,
                "wire" => wire::run(&options).await,
                "exchange" => exchange::run(&options).await,
                "fetch" => fetch::run(&options).await,
                "search" => search::run(&options).await,
                "import" => import::run(&options).await,
                other => println!("no part {other}: one of {}", PARTS.join(", ")),
            }
        }
    });
}

impl Options {
    fn read(arguments: Vec<String>) -> Option<Self> {
        let mut options = Self {
            parts: Vec::new(),
            seconds: 2.0,
            rounds: 3,
            mib: 1024,
            cases: 100_000,
            dir: PathBuf::from(env!("CARGO_TARGET_TMPDIR")),
        };
        let mut is_bench = false;
        let mut arguments = arguments.into_iter();
        while let Some(argument) = arguments.next() {
            let mut value = || arguments.next().expect("the option has a value");
            match argument.as_str() {
                "--bench" => is_bench = true,
                "--seconds" => options.seconds = value().parse().unwrap(),
                "--rounds" => options.rounds = value().parse().unwrap(),
                "--mib" => options.mib = value().parse().unwrap(),
                "--cases" => options.cases = value().parse().unwrap(),
                "--dir" => options.dir = value().into(),
                part => options.parts.push(part.to_owned()),
            }
        }
        if options.parts.is_empty() {
            options.parts = PARTS.map(str::to_owned).into();
        }
        is_bench.then_some(options)
    }

    /// A folder on the disk that is measured, removed at the end.
    fn folder(&self) -> tempfile::TempDir {
        std::fs::create_dir_all(&self.dir).unwrap();
        tempfile::tempdir_in(&self.dir).unwrap()
    }
}
