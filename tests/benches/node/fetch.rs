//! Evidence released by one whole node and fetched by another: sealed on both disks, verified on arrival, registered;
//! beside quinn, SHA-256 and one fdatasync, and with the peak memory of the process that is both of them.

use std::path::Path;

use sealane::domain::id::ObjectId;
use sealane::node::casework::{EvidenceInput, FetchInput};
use sealane::policy::Action;
use serde_json::json;

use crate::blobs::GB;
use crate::meter::{Meter, Pair};
use crate::nodes::{self, Party};
use crate::raw_quinn::RawPair;
use crate::{Options, disk};

pub(crate) async fn run(options: &Options) {
    let folder = options.folder();
    let source = folder.path().join("source");
    disk::sample(&source, options.mib);
    let raw = RawPair::new(source.clone()).await;
    let [applicant, requested] = nodes::pair(folder.path()).await;
    let (mut pair, mut peak) = (Pair::default(), Memory { now: 0, peak: 0 });
    for _ in 0..options.rounds {
        let meter = Meter::start();
        let bytes = raw.evidence(&folder.path().join("received")).await;
        pair.limit.push(meter.stop(bytes));
        let (request, document) = release(&applicant, &requested, &source).await;
        reset_peak();
        let before = Memory::read().now;
        let permit = Party::drafts(Action::EvidenceAdd, Some(request));
        let meter = Meter::start();
        let desk = applicant.node.desk();
        let fetched = desk.fetch_evidence(&permit, document, FetchInput::default()).await.unwrap();
        pair.ours.push(meter.stop(u64::try_from(fetched.size).unwrap()));
        let after = Memory { now: before, ..Memory::read() };
        peak = if after.peak > peak.peak { after } else { peak };
    }
    let what = format!("GB of evidence fetched by a node, {} MiB", options.mib);
    pair.print(&what, "GB: read, quinn, SHA-256, write, fdatasync", GB);
    peak.print();
    applicant.stop().await;
    requested.stop().await;
}

/// The requested authority answers a request with the file; gives the request and the document.
async fn release(applicant: &Party, requested: &Party, file: &Path) -> (ObjectId, ObjectId) {
    let request = applicant.asks(requested).await;
    requested.sees(request, "RECEIVED").await;
    requested.does(request, json!({"act": "acknowledge"})).await;
    requested.does(request, json!({"act": "accept"})).await;
    let input: EvidenceInput = serde_json::from_value(json!({"description": "image"})).unwrap();
    let permit = Party::drafts(Action::EvidenceAdd, Some(request));
    let file = tokio::fs::File::open(file).await.unwrap();
    let added = requested.node.desk().add_evidence(&permit, input, file, &|_| {}).await.unwrap();
    let reply = json!({
        "act": "final_reply", "marking": "H1 TLP:AMBER A1", "documents": [&added.row.id],
    });
    requested.does(request, reply).await;
    applicant.sees(request, "ANSWERED").await;
    (request, added.row.id.parse().unwrap())
}

/// Resident memory of the process, in KiB.
struct Memory {
    now: u64,
    peak: u64,
}

impl Memory {
    fn read() -> Self {
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        let kib = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
            line.split_whitespace().next().and_then(|kib| kib.parse().ok()).unwrap_or(0)
        };
        Self { now: kib("VmRSS:"), peak: kib("VmHWM:") }
    }

    #[expect(clippy::print_stdout, reason = "the table is what the bench is for")]
    fn print(&self) {
        let (peak, now) = (self.peak / 1024, self.now / 1024);
        println!("    peak memory of both nodes: {peak} MiB, {now} MiB before the fetch");
    }
}

/// Makes the peak that of what follows; where the kernel does not let us, the peak is that of the whole run.
fn reset_peak() {
    std::fs::write("/proc/self/clear_refs", "5").ok();
}
