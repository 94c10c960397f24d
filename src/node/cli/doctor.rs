//! `sealane doctor`: looks at a node from its machine and says what to do.

use std::io;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use serde_json::json;

use crate::node::cli::client::Client;
use crate::node::cli::exit::Failure;
use crate::node::cli::output::Form;
use crate::node::clock::SystemClock;
use crate::node::config::Config;
use crate::node::doctor::{Finding, Gravity, examine, not_dialled, peers};
use crate::node::http::pairing::PeerView;

/// Lets the running node dial its peers, since only it has the socket and the connections.
async fn dial_peers(config: &Config) -> anyhow::Result<Vec<Finding>> {
    let node = Client::local(&config.admin_socket());
    match node.post("/admin/peers/dial", &json!({})).await {
        Ok(views) => Ok(peers(&serde_json::from_value::<Vec<PeerView>>(views)?)),
        Err(Failure::Unreachable(_)) if !is_served(&config.admin_socket()) => {
            let why = "the node is not running: start it with `sealane serve` and ask again";
            Ok(vec![not_dialled(why)])
        }
        Err(Failure::Unreachable(why)) => Ok(vec![not_dialled(&why)]),
        Err(failure) => Ok(vec![not_dialled(&format!("the node refused ({failure})"))]),
    }
}

/// Whether somebody listens at the administrator's socket. A socket that this user may not open has somebody, too.
fn is_served(socket: &Path) -> bool {
    let gone = [io::ErrorKind::NotFound, io::ErrorKind::ConnectionRefused];
    UnixStream::connect(socket).err().is_none_or(|error| !gone.contains(&error.kind()))
}

/// The command line of `sealane doctor`.
#[derive(Debug, Args)]
pub(super) struct Doctor {
    /// The node's configuration
    #[arg(long, value_name = "FILE", default_value = "sealane.toml")]
    pub(super) config: PathBuf,
    #[command(flatten)]
    pub(super) form: Form,
}

impl Doctor {
    /// Examines.
    pub(super) async fn run(self) -> anyhow::Result<()> {
        let config = Config::load(&self.config)?;
        let mut findings = examine(&config, Arc::new(SystemClock)).await;
        findings.extend(dial_peers(&config).await?);
        let columns = [("CHECK", "check"), ("STATE", "gravity"), ("DETAIL", "detail")];
        self.form.list(&serde_json::to_value(&findings)?, &columns, "nothing was looked at")?;
        let faults = findings.iter().filter(|one| one.gravity == Gravity::Fault).count();
        match faults {
            0 => Ok(()),
            1 => Err(Failure::Unverified("one fault".to_owned()).into()),
            several => Err(Failure::Unverified(format!("{several} faults")).into()),
        }
    }
}
