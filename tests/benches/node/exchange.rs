//! Exchange of acts between two whole nodes: signed, stored, sealed, delivered, verified, stored and sealed over there,
//! the receipt verified and stored here; beside durable appends and beside what its steps cost alone.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use sealane::domain::id::ObjectId;
use sealane::node::clock::{Clock, SystemClock};
use sealane::node::store::receipts;
use serde_json::{Map, Value};
use tokio::sync::{mpsc, oneshot};

use crate::meter::{Figure, Meter, Pair, line};
use crate::nodes::{self, Party};
use crate::{Options, disk, ideal};

/// Requests that acts are made on, in turn.
const REQUESTS: usize = 512;
/// Fields of an act beside the fixed ones, and the length of each: 2 KB of fields altogether, with names and salts.
const FIELDS: usize = 24;
const FIELD_BYTES: usize = 48;

pub(crate) async fn run(options: &Options) {
    let folder = options.folder();
    let parties = Arc::new(nodes::pair(folder.path()).await);
    let desk = Arc::new(Desk::new(Arc::clone(&parties)));
    let requests = prepare(&desk).await;
    for in_flight in [1, 16, 256] {
        let mut pair = Pair::default();
        let (mut ideals, mut took) = (Vec::new(), Vec::new());
        for _ in 0..options.rounds {
            let floor = disk::floor(folder.path(), options.seconds / 2.0);
            let ideal = ideal::exchange(folder.path()).await;
            // In wall time the disk is the limit, in CPU time what the steps cost alone.
            pair.limit.push(Figure { rate: floor.rate, per_cpu: ideal.per_cpu });
            ideals.push(ideal);
            pair.ours.push(act(&desk, &requests, in_flight, options.seconds, &mut took).await);
        }
        line("ideal on one core: 2 signed, 2 checked, 3 rows, quinn", &ideals, 1.0, None);
        let what = format!("acts exchanged, {in_flight} in flight");
        pair.print(&what, "durable appends of 4 KB (a second); ideal (CPU)", 1.0);
        print_times(&mut took);
    }
    drop(desk);
    for party in Arc::into_inner(parties).expect("nobody acts any more") {
        party.stop().await;
    }
}

#[expect(clippy::print_stdout, reason = "the table is what the bench is for")]
fn print_times(took: &mut [f64]) {
    took.sort_by(f64::total_cmp);
    let at = |share: usize| took.get(took.len() * share / 100).copied().unwrap_or(f64::NAN) * 1e3;
    println!("    {} exchanges: median {:.2} ms, p99 {:.2} ms", took.len(), at(50), at(99));
}

/// The applicant's side of the exchange.
struct Desk {
    parties: Arc<[Party; 2]>,
    receipts: Receipts,
}

impl Desk {
    fn new(parties: Arc<[Party; 2]>) -> Self {
        let receipts = Receipts::watch(&parties);
        Self { parties, receipts }
    }

    /// One exchange.
    async fn exchange(&self, request: ObjectId, act: Value) {
        let [applicant, _] = &*self.parties;
        let hash = applicant.does(request, act).await;
        self.receipts.of(hash).await;
    }
}

/// Requests that were received.
async fn prepare(desk: &Arc<Desk>) -> Vec<ObjectId> {
    let mut asking = tokio::task::JoinSet::new();
    for _ in 0..REQUESTS {
        let desk = Arc::clone(desk);
        asking.spawn(async move {
            let [applicant, requested] = &*desk.parties;
            applicant.asks(requested).await
        });
    }
    let requests = asking.join_all().await;
    for request in &requests {
        desk.parties[0].sees(*request, "RECEIVED").await;
    }
    requests
}

/// Acts on the requests, `in_flight` at a time, each on its own.
async fn act(
    desk: &Arc<Desk>,
    requests: &[ObjectId],
    in_flight: usize,
    seconds: f64,
    took: &mut Vec<f64>,
) -> Figure {
    let act = reminder();
    let meter = Arc::new(Meter::start());
    let mut officers = tokio::task::JoinSet::new();
    for officer in 0..in_flight {
        let own: Vec<_> = requests.iter().copied().skip(officer).step_by(in_flight).collect();
        let (desk, meter, act) = (Arc::clone(desk), Arc::clone(&meter), act.clone());
        officers.spawn(async move {
            let mut took = Vec::new();
            let mut requests = own.iter().cycle();
            while meter.seconds() < seconds {
                let begun = Instant::now();
                desk.exchange(*requests.next().unwrap(), act.clone()).await;
                took.push(begun.elapsed().as_secs_f64());
            }
            took
        });
    }
    let all: Vec<f64> = officers.join_all().await.into_iter().flatten().collect();
    let figure = meter.stop(all.len() as u64);
    took.extend(all);
    figure
}

/// A note act: it is exchanged like any other and changes no state.
fn reminder() -> Value {
    let field = |at| (format!("remark_{at}"), Value::String("x".repeat(FIELD_BYTES)));
    let mut act: Map<String, Value> = (0..FIELDS).map(field).collect();
    act.insert("act".to_owned(), Value::String("remind".to_owned()));
    Value::Object(act)
}

/// A record, and who waits for the other side's receipt of it.
type Awaited = ([u8; 32], oneshot::Sender<()>);

/// Tells who waits as soon as the receipt of the other side is stored.
struct Receipts {
    awaited: mpsc::UnboundedSender<Awaited>,
    watching: tokio::task::JoinHandle<()>,
}

impl Drop for Receipts {
    fn drop(&mut self) {
        self.watching.abort();
    }
}

impl Receipts {
    fn watch(parties: &[Party; 2]) -> Self {
        let (awaited, asked) = mpsc::unbounded_channel();
        let origin = parties[1].name().log_origin(SystemClock.now().year());
        let deliveries = parties[0].node.signals().deliveries();
        let store = parties[0].store.clone();
        let watching = tokio::spawn(watch(store, origin, deliveries, asked));
        Self { awaited, watching }
    }

    async fn of(&self, record: [u8; 32]) {
        let (arrived, wait) = oneshot::channel();
        self.awaited.send((record, arrived)).unwrap();
        wait.await.unwrap();
    }
}

async fn watch(
    store: sealane::node::store::Store,
    origin: String,
    mut deliveries: tokio::sync::watch::Receiver<u64>,
    mut asked: mpsc::UnboundedReceiver<Awaited>,
) {
    let mut waiting: HashMap<[u8; 32], oneshot::Sender<()>> = HashMap::new();
    loop {
        let mut new = Vec::new();
        let look: Vec<[u8; 32]> = tokio::select! {
            _ = deliveries.changed() => waiting.keys().copied().collect(),
            // The receipt may have been faster than the question.
            _ = asked.recv_many(&mut new, 1024) => {
                let hashes = new.iter().map(|(hash, _)| *hash).collect();
                waiting.extend(new);
                hashes
            }
        };
        let origin = origin.clone();
        let found = store.read("bench_receipts", move |tx| {
            Box::pin(async move { receipts::get_many(tx, &origin, &look).await })
        });
        for receipt in found.await.unwrap() {
            if let Some(arrived) = waiting.remove(&receipt.record_hash) {
                arrived.send(()).unwrap();
            }
        }
    }
}
