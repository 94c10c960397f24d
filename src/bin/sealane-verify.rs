//! `sealane-verify`: checks a court pack, or an exported part of an audit trail, with nothing but the file and the cards that
//! the auditor trusts; a thin shell around `sealane::audit`.

use std::fs::File;
use std::io::{BufRead as _, BufReader, IsTerminal as _, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Parser;

use sealane::audit::{Options, Progress, Report, Verdict, card_file, check_pack, check_trail};
use sealane::record::card::SignedCard;
use sealane::transparency::tlog_policy::{POLICY_BYTES_MAX, TlogPolicy};

/// Exit code when the pack was not checked at all: wrong arguments, an unreadable card or policy.
const EXIT_USAGE: u8 = 2;

/// Checks a court pack (*.sealane.zip) or an exported audit trail (*.jsonl) without a node and without a network.
///
/// Exit code 0: verified. 3: not verified, or consistent but signed by authorities that you have not said you trust.
/// 2: the check could not be made.
#[derive(Debug, Parser)]
#[command(name = "sealane-verify", version)]
struct Arguments {
    /// The court pack or the exported audit trail
    pack: PathBuf,

    /// Card of an authority, as that authority gave it to you; may be repeated
    #[arg(long, value_name = "CARD")]
    trust: Vec<PathBuf>,

    /// Witness policy (tlog-policy) to judge checkpoints by, in place of those in the pack
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,

    /// Print the report as JSON
    #[arg(long)]
    json: bool,

    /// List also what holds, item by item
    #[arg(long, short)]
    verbose: bool,

    /// Show progress even if standard error is no terminal
    #[arg(long)]
    progress: bool,
}

fn main() -> ExitCode {
    sigpipe::reset();
    let arguments = Arguments::parse();
    match run(&arguments) {
        Ok(report) => {
            if print(&arguments, &report).is_err() {
                return ExitCode::from(EXIT_USAGE);
            }
            ExitCode::from(report.verdict().exit_code())
        }
        Err(error) => {
            eprintln!("sealane-verify: {error:#}");
            ExitCode::from(EXIT_USAGE)
        }
    }
}

fn run(arguments: &Arguments) -> anyhow::Result<Report> {
    let trust =
        arguments.trust.iter().map(|path| read_card(path)).collect::<anyhow::Result<_>>()?;
    let policy = arguments.policy.as_deref().map(read_policy).transpose()?;
    let pack = File::open(&arguments.pack)
        .with_context(|| format!("cannot open the file {}", arguments.pack.display()))?;
    let mut pack = BufReader::new(pack);
    // A line of JSON begins so, and no zip archive does.
    let is_trail = pack.fill_buf().context("cannot read the file")?.starts_with(b"{");
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let options = Options { trust, policy, threads, keep_ok: arguments.verbose };
    if is_trail {
        return Ok(check_trail(pack, &options));
    }
    let mut bar = Bar::new(arguments.progress || std::io::stderr().is_terminal());
    let report = check_pack(pack, &options, &mut |progress| bar.show(progress));
    bar.clear();
    Ok(report)
}

fn read_card(path: &Path) -> anyhow::Result<SignedCard> {
    let bytes = read_at_most(path, card_file::CARD_FILE_BYTES_MAX)?;
    card_file::read(&bytes).with_context(|| format!("cannot use the card {}", path.display()))
}

fn read_policy(path: &Path) -> anyhow::Result<TlogPolicy> {
    let bytes = read_at_most(path, POLICY_BYTES_MAX)?;
    let text = String::from_utf8(bytes).context("the policy is not text")?;
    TlogPolicy::parse(&text).with_context(|| format!("cannot use the policy {}", path.display()))
}

/// Reads a file, and one byte more than it may have, so that the parser says that it is too large.
fn read_at_most(path: &Path, limit: usize) -> anyhow::Result<Vec<u8>> {
    let file = File::open(path).with_context(|| format!("cannot open {}", path.display()))?;
    let mut bytes = Vec::new();
    file.take(limit as u64 + 1)
        .read_to_end(&mut bytes)
        .with_context(|| format!("cannot read {}", path.display()))?;
    Ok(bytes)
}

fn print(arguments: &Arguments, report: &Report) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    if arguments.json {
        writeln!(out, "{}", report.to_json())?;
    } else {
        write!(out, "{report}")?;
        if report.verdict() == Verdict::ConsistentUntrusted {
            writeln!(
                out,
                "To verify, get the card of each authority from that authority and give it with --trust."
            )?;
        }
    }
    out.flush()
}

/// A line on standard error that is written over, a hundred times a step at most.
struct Bar {
    shown: bool,
    last: Option<(&'static str, u64)>,
}

impl Bar {
    const fn new(shown: bool) -> Self {
        Self { shown, last: None }
    }

    fn show(&mut self, progress: Progress) {
        let Progress { step, done, total } = progress;
        let percent = done.saturating_mul(100).checked_div(total).unwrap_or(100);
        if !self.shown || self.last == Some((step, percent)) {
            return;
        }
        self.last = Some((step, percent));
        eprint!("\rchecking {step}: {percent:3} %  ");
    }

    fn clear(&self) {
        if self.last.is_some() {
            eprint!("\r{:40}\r", "");
        }
    }
}
