//! Real nodes for tests: set up in a temporary folder, run in this process or as processes of their own, paired in one
//! line. States no rule itself.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::hash_map::RandomState;
use std::fs::{self, File};
use std::hash::BuildHasher as _;
use std::io::{BufRead as _, BufReader};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use sealane::domain::id::AuthorityName;
use sealane::node::blobs::{Disk, SystemDisk};
use sealane::node::clock::{Clock, SystemClock};
use sealane::node::config::Config;
use sealane::node::init::{NewNode, init};
use sealane::node::keys::KeyDir;
use sealane::node::keys::words::Fingerprint;
use sealane::node::rng::OsRng;
use sealane::node::store::{Store, StoreConfig};
use sealane::node::{Node, Seams, StartError};
use sealane::record::card::SignedCard;
use tempfile::TempDir;

/// A node in a folder of its own.
pub(crate) struct TestNode {
    pub(crate) folder: TempDir,
    pub(crate) name: AuthorityName,
    clock: Arc<dyn Clock>,
    disk: Arc<dyn Disk>,
    running: Option<Node>,
    process: Option<Child>,
}

impl TestNode {
    /// Sets up `customs.NAME.example` on free ports, with the system's clock.
    pub(crate) async fn new(name: &str) -> Self {
        Self::with_clock(name, Arc::new(SystemClock)).await
    }

    /// As [`TestNode::new`], with a clock of the test; for nodes that run in this process.
    pub(crate) async fn with_clock(name: &str, clock: Arc<dyn Clock>) -> Self {
        Self::named(&format!("customs.{name}.example"), name, clock).await
    }

    /// As [`TestNode::with_clock`], under a name of the test's choice.
    pub(crate) async fn named(authority: &str, name: &str, clock: Arc<dyn Clock>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let authority: AuthorityName = authority.parse().unwrap();
        let node = NewNode {
            dir: folder.path().join("node"),
            authority: authority.clone(),
            title: format!("Customs of {name}"),
            country: name.to_uppercase(),
            listen: free_port().to_string(),
            http: free_port().to_string(),
            management: free_port().to_string(),
            advertise: Vec::new(),
        };
        init(&node, Arc::clone(&clock), &OsRng).await.unwrap();
        Self {
            folder,
            name: authority,
            clock,
            disk: Arc::new(SystemDisk),
            running: None,
            process: None,
        }
    }

    /// Gives nodes that run in this process another disk.
    pub(crate) fn set_disk(&mut self, disk: Arc<dyn Disk>) {
        self.disk = disk;
    }

    /// The folder that `init` made.
    pub(crate) fn dir(&self) -> PathBuf {
        self.folder.path().join("node")
    }

    /// The data directory.
    pub(crate) fn data(&self) -> PathBuf {
        self.dir().join("data")
    }

    /// The configuration file.
    pub(crate) fn config_file(&self) -> PathBuf {
        self.dir().join("sealane.toml")
    }

    /// The configuration, without this process's environment.
    pub(crate) fn config(&self) -> Config {
        let text = fs::read_to_string(self.config_file()).unwrap();
        Config::parse(&text, &self.dir(), []).unwrap()
    }

    /// The keys.
    pub(crate) fn keys(&self) -> KeyDir {
        KeyDir::at(&self.data())
    }

    /// Opens the store of a node that does not run.
    pub(crate) async fn store(&self) -> Store {
        let place = StoreConfig::Sqlite { path: self.data().join("store.db") };
        Store::open(&place, Arc::clone(&self.clock)).await.unwrap()
    }

    /// Starts the node in this process.
    pub(crate) async fn start(&mut self) -> &Node {
        let node = self.try_start().await.unwrap();
        self.running.insert(node)
    }

    /// Tries to start another node of this folder in this process.
    pub(crate) async fn try_start(&self) -> Result<Node, StartError> {
        let seams = Seams {
            clock: Arc::clone(&self.clock),
            disk: Arc::clone(&self.disk),
            ..Seams::default()
        };
        Node::start_with(self.config(), seams).await
    }

    /// The node that runs in this process.
    pub(crate) fn node(&self) -> &Node {
        self.running.as_ref().expect("the test started this node")
    }

    /// Stops the node, in this process or another, in order.
    pub(crate) async fn stop(&mut self) {
        if let Some(node) = self.running.take() {
            node.stop().await;
        }
        if let Some(mut process) = self.process.take() {
            signal(process.id(), "TERM");
            assert!(process.wait().unwrap().success(), "{} did not end in order", self.name);
        }
    }

    /// Starts the node as a process of its own and waits until it says that it is ready.
    pub(crate) fn spawn(&mut self, environment: &[(&str, &str)]) {
        let mut child = Command::new(env!("CARGO_BIN_EXE_sealane"))
            .args(["serve", "--config"])
            .arg(self.config_file())
            .env_remove("SEALANE_CRASH_AT")
            .envs(environment.iter().copied())
            .stdout(Stdio::piped())
            .stderr(File::create(self.folder.path().join("log")).unwrap())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert!(line.contains("is ready"), "{line}{}", self.log_lines());
        self.process = Some(child);
    }

    /// Ends the process without any warning, as a power cut would.
    pub(crate) fn kill(&mut self) {
        let mut process = self.process.take().expect("the test spawned this node");
        process.kill().unwrap();
        process.wait().unwrap();
    }

    /// Waits until the process ended by itself; true if it ended well.
    pub(crate) async fn ended(&mut self) -> bool {
        let mut process = self.process.take().expect("the test spawned this node");
        tokio::task::spawn_blocking(move || process.wait().unwrap().success()).await.unwrap()
    }

    /// What the process wrote to standard error.
    pub(crate) fn log_lines(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    /// Runs `sealane` with these arguments; gives what it printed and whether it ended well.
    pub(crate) fn command(arguments: &[&str]) -> (String, bool) {
        let output = Command::new(env!("CARGO_BIN_EXE_sealane")).args(arguments).output().unwrap();
        let text = [output.stdout, output.stderr].concat();
        (String::from_utf8_lossy(&text).into_owned(), output.status.success())
    }

    /// The card in force and its fingerprint words, from a node that runs in this process.
    pub(crate) async fn card(&self) -> (SignedCard, String) {
        let card = self.node().trust().own_card().await.unwrap().unwrap();
        let words = Fingerprint::of(&card.card.authority, &card.card.root_key).to_string();
        (card, words)
    }

    /// Whether the node has sent its peers all that it has for them, and they cosigned all that it sealed.
    pub(crate) async fn is_settled(&self) -> bool {
        let status = self.node().desk().status().await.unwrap();
        let log = status.log.unwrap();
        let peers = self.node().trust().list().await.unwrap();
        let waits = peers.is_empty() || peers.iter().any(|peer| peer.queued > 0);
        status.unsealed == 0 && log.cosigned == log.size && !waits
    }

    /// Waits until `condition` holds, for at most twenty seconds.
    pub(crate) async fn until(what: &str, mut condition: impl AsyncFnMut() -> bool) {
        for _ in 0..400 {
            if condition().await {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("waited in vain: {what}");
    }

    /// The published checkpoint of the newest log, if there is one.
    pub(crate) fn checkpoint(&self) -> String {
        let mut years: Vec<_> = fs::read_dir(self.data().join("log"))
            .map(|years| years.map(|year| year.unwrap().path()).collect())
            .unwrap_or_default();
        years.sort();
        let newest = years.last().map(|year: &PathBuf| year.join("checkpoint"));
        newest.and_then(|file| fs::read_to_string(file).ok()).unwrap_or_default()
    }
}

impl Drop for TestNode {
    fn drop(&mut self) {
        if let Some(process) = &mut self.process {
            drop(process.kill());
            drop(process.wait());
        }
    }
}

/// Pairs nodes that run in this process, each with each other.
pub(crate) async fn pair(nodes: &[&TestNode]) {
    for one in nodes {
        for other in nodes {
            if one.name != other.name {
                let (card, words) = other.card().await;
                one.node().trust().add_peer(&card.encode(), &words).await.unwrap();
            }
        }
    }
}

/// Every file below a folder with its bytes, by its path.
pub(crate) fn files(folder: &Path) -> std::collections::BTreeMap<PathBuf, Vec<u8>> {
    let mut found = std::collections::BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let bytes = fs::read(&path).unwrap();
                found.insert(path, bytes);
            }
        }
    }
    found
}

fn signal(process: u32, name: &str) {
    let sent = Command::new("kill").arg(format!("-{name}")).arg(process.to_string()).status();
    assert!(sent.unwrap().success());
}

/// Ports of this process, each with a locked file, so that tests in other processes leave them alone.
static RESERVED: Mutex<Vec<File>> = Mutex::new(Vec::new());

/// A port that nothing uses, and that is this process's to the end. It is below those from which systems serve outgoing
/// connections: none of them takes it before the node does.
fn free_port() -> SocketAddr {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("ports");
    fs::create_dir_all(&folder).unwrap();
    for attempt in 0..1000 {
        let random = RandomState::new().hash_one(attempt);
        let port = 10_000 + u16::try_from(random % 20_000).unwrap();
        let file = File::create(folder.join(port.to_string())).unwrap();
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        if file.try_lock().is_ok()
            && TcpListener::bind(address).is_ok()
            && UdpSocket::bind(address).is_ok()
        {
            RESERVED.lock().unwrap().push(file);
            return address;
        }
    }
    panic!("no port is free");
}
