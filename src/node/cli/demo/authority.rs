//! One authority of the demo: its folder, its node process, its officers; restarts the process when it dies.

use std::net::{Ipv4Addr, SocketAddr, TcpListener, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use anyhow::Context as _;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use tokio::process::{Child, Command};
use tokio::task::JoinHandle;

use crate::node::cli::client::Client;
use crate::node::cli::demo::PATIENCE;
use crate::node::cli::demo::desk::Desk;
use crate::node::cli::exit::Failure;
use crate::node::cli::output::{items, word};
use crate::node::clock::SystemClock;
use crate::node::config::admin_socket;
use crate::node::init::{NewNode, init};
use crate::node::rng::OsRng;

/// How long to wait before asking again.
const PAUSE: Duration = Duration::from_millis(50);

/// An invented authority with a running node.
pub(super) struct Authority {
    /// Its name.
    pub(super) name: &'static str,
    /// The name that officers use.
    pub(super) title: &'static str,
    /// Its folder.
    pub(super) dir: PathBuf,
    /// Where its API is.
    pub(super) http: SocketAddr,
    /// Its fingerprint words, as its administrator would say them on the telephone.
    pub(super) words: String,
    admin: Client,
    keeper: JoinHandle<()>,
    stop: Arc<AtomicBool>,
    restarts: Arc<AtomicU32>,
}

impl Authority {
    /// Sets a node up in a folder of its own and starts it.
    pub(super) async fn begin(
        dir: &Path,
        (name, title, country): (&'static str, &'static str, &str),
        addresses: Addresses,
        crash_at: Option<&str>,
    ) -> anyhow::Result<Self> {
        let dir = dir.join(name);
        let Addresses { peers, http, management } = addresses;
        let node = NewNode {
            dir: dir.clone(),
            authority: name.parse()?,
            title: title.to_owned(),
            country: country.to_owned(),
            listen: peers.to_string(),
            http: http.to_string(),
            management: management.to_string(),
            advertise: vec![peers.to_string()],
        };
        let set_up = init(&node, Arc::new(SystemClock), &OsRng).await?;
        let stop = Arc::new(AtomicBool::new(false));
        let restarts = Arc::new(AtomicU32::new(0));
        let mut child = serve(&set_up.config, &dir, crash_at)?;
        let (is_stopping, count) = (Arc::clone(&stop), Arc::clone(&restarts));
        let (config, folder, point) =
            (set_up.config.clone(), dir.clone(), crash_at.map(str::to_owned));
        let keeper = tokio::spawn(async move {
            loop {
                if is_stopping.load(Ordering::SeqCst) {
                    terminate(&mut child).await;
                    return;
                }
                match tokio::time::timeout(Duration::from_millis(100), child.wait()).await {
                    Err(_) => {}
                    Ok(_) if is_stopping.load(Ordering::SeqCst) => return,
                    // What a supervisor such as systemd does, after a pause.
                    Ok(_) => match serve(&config, &folder, point.as_deref()) {
                        Ok(again) => {
                            count.fetch_add(1, Ordering::SeqCst);
                            child = again;
                            tokio::time::sleep(Duration::from_millis(200)).await;
                        }
                        Err(_) => tokio::time::sleep(Duration::from_millis(200)).await,
                    },
                }
            }
        });
        let admin = Client::local(&admin_socket(&dir.join("data")));
        let authority =
            Self { name, title, dir, http, words: set_up.words, admin, keeper, stop, restarts };
        authority.wait_ready().await?;
        Ok(authority)
    }

    async fn wait_ready(&self) -> anyhow::Result<()> {
        let ready = async {
            while self.admin.get("/admin/users").await.is_err() {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        tokio::time::timeout(PATIENCE, ready).await.with_context(|| {
            format!("the node of {} did not start; its log is {}", self.name, self.log().display())
        })
    }

    /// Pairs with another authority: its card, and the words that were compared.
    pub(super) async fn pair(&self, other: &Self) -> anyhow::Result<()> {
        let file = other.dir.join("authority.card");
        if !file.exists() {
            other.write_card(&file).await?;
        }
        let card = STANDARD.encode(std::fs::read(&file)?);
        let preview = self.administer("/admin/peers", &json!({ "card": card })).await?;
        let shown = word(preview.get("words"));
        anyhow::ensure!(shown == other.words, "the card of {} shows other words", other.name);
        let confirmed = json!({ "card": card, "confirm": other.words });
        self.administer("/admin/peers", &confirmed).await?;
        Ok(())
    }

    /// Asks the node at its local socket for something that may be asked twice; waits while the node starts again.
    async fn administer(&self, path: &str, body: &Value) -> anyhow::Result<Value> {
        let asked = async {
            loop {
                match self.admin.post(path, body).await {
                    Err(Failure::Unreachable(_)) => tokio::time::sleep(PAUSE).await,
                    other => return other,
                }
            }
        };
        let answer = tokio::time::timeout(PATIENCE, asked).await;
        Ok(answer.with_context(|| format!("waited in vain for {}", self.name))??)
    }

    async fn write_card(&self, file: &Path) -> anyhow::Result<()> {
        // The node may be starting again; its administrator would then try once more, too.
        for _ in 0..100 {
            let written = Command::new(std::env::current_exe()?)
                .args(["peers", "card", "--dir"])
                .arg(&self.dir)
                .arg("--out")
                .arg(file)
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .status()
                .await?;
            if written.success() {
                return Ok(());
            }
            tokio::time::sleep(PAUSE).await;
        }
        anyhow::bail!("the card of {} could not be written", self.name)
    }

    /// Makes an officer with a token, and gives the desk they work at.
    pub(super) async fn officer(&self, name: &str, roles: &[&str]) -> anyhow::Result<Desk> {
        let user = json!({ "name": name, "roles": roles, "unit": "enforcement", "clearance": 1 });
        let made = async {
            loop {
                if let Some(pseudonym) = self.pseudonym(name).await {
                    return Ok(pseudonym);
                }
                match self.admin.post("/admin/users", &user).await {
                    Ok(_) | Err(Failure::Unreachable(_)) => tokio::time::sleep(PAUSE).await,
                    Err(other) => return Err(other),
                }
            }
        };
        let pseudonym = tokio::time::timeout(PATIENCE, made)
            .await
            .with_context(|| format!("waited in vain for {}", self.name))??;
        let token = json!({ "user": name, "label": "demo", "days": 1 });
        let token = word(self.administer("/admin/tokens", &token).await?.get("token"));
        let client = Client::officer(&format!("http://{}", self.http), &token)?;
        Ok(Desk::new(client, pseudonym))
    }

    /// What peers see of an officer, if the officer is there.
    async fn pseudonym(&self, name: &str) -> Option<String> {
        let users = self.admin.get("/admin/users").await.ok()?;
        let user = items(&users).iter().find(|user| word(user.get("name")) == name)?;
        Some(word(user.get("pseudonym")))
    }

    /// How often the node was started again.
    pub(super) fn restarts(&self) -> u32 {
        self.restarts.load(Ordering::SeqCst)
    }

    /// The node's log.
    pub(super) fn log(&self) -> PathBuf {
        self.dir.join("node.log")
    }

    /// Ends the node in order.
    pub(super) async fn stop(self) {
        self.stop.store(true, Ordering::SeqCst);
        // An error would mean that the keeper panicked; there is nothing left to stop then.
        drop(self.keeper.await);
    }
}

fn serve(config: &Path, dir: &Path, crash_at: Option<&str>) -> anyhow::Result<Child> {
    let log = std::fs::OpenOptions::new().create(true).append(true).open(dir.join("node.log"))?;
    let mut command = Command::new(std::env::current_exe()?);
    command.arg("serve").arg("--config").arg(config);
    command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log).kill_on_drop(true);
    if let Some(point) = crash_at {
        command.env("SEALANE_CRASH_AT", point);
    }
    Ok(command.spawn()?)
}

async fn terminate(child: &mut Child) {
    if let Some(pid) = child.id().and_then(|id| i32::try_from(id).ok())
        && let Some(pid) = rustix::process::Pid::from_raw(pid)
    {
        // An error means that it has ended already.
        let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
    }
    if tokio::time::timeout(Duration::from_secs(12), child.wait()).await.is_err() {
        drop(child.kill().await);
    }
}

/// The addresses of one node.
#[derive(Clone, Copy)]
pub(super) struct Addresses {
    peers: SocketAddr,
    http: SocketAddr,
    management: SocketAddr,
}

/// Free addresses for so many nodes. All are held until the last is found, so that no two are the same; another program
/// may still take one before its node does, which the node then says.
pub(super) fn free_addresses<const N: usize>() -> std::io::Result<[Addresses; N]> {
    let mut held = Vec::new();
    let mut found = Vec::new();
    for _ in 0..N {
        let peers = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
        let http = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let management = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        found.push(Addresses {
            peers: peers.local_addr()?,
            http: http.local_addr()?,
            management: management.local_addr()?,
        });
        held.push((peers, http, management));
    }
    found.try_into().map_err(|_| std::io::Error::other("as many addresses as were asked for"))
}
