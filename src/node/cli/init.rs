//! `sealane init`: sets up a node on this machine.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;

use crate::domain::id::{AuthorityName, InvalidAuthorityName};
use crate::node::cli::exit::Failure;
use crate::node::cli::output::line;
use crate::node::clock::SystemClock;
use crate::node::init::{self, NewNode};
use crate::node::rng::OsRng;

/// The command line of `sealane init`.
#[derive(Debug, Args)]
pub(super) struct Init {
    /// The folder to set the node up in; made if missing, refused if a node is there
    #[arg(long, value_name = "DIR")]
    pub(super) dir: PathBuf,
    /// The authority's name, like a DNS name in lower case: customs.xa.example
    #[arg(long, value_name = "NAME")]
    pub(super) authority: String,
    /// The authority's name as officers of others read it
    #[arg(long)]
    pub(super) title: String,
    /// Its country, two letters of ISO 3166-1
    #[arg(long, value_name = "CC")]
    pub(super) country: String,
    /// The UDP address for peers
    #[arg(long, value_name = "ADDRESS", default_value = "0.0.0.0:4710")]
    pub(super) listen: SocketAddr,
    /// The TCP address of the API
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8710")]
    pub(super) http: SocketAddr,
    /// The TCP address of health and metrics
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:9480")]
    pub(super) management: SocketAddr,
    /// A host:port at which peers reach this node; may be repeated
    #[arg(long, value_name = "HOST:PORT")]
    pub(super) advertise: Vec<String>,
}

impl Init {
    /// Sets the node up.
    pub(super) async fn run(self) -> anyhow::Result<()> {
        let authority: AuthorityName = self
            .authority
            .parse()
            .map_err(|error: InvalidAuthorityName| Failure::Usage(error.to_string()))?;
        let listens_everywhere = self.listen.ip().is_unspecified() && self.advertise.is_empty();
        let node = NewNode {
            dir: self.dir,
            authority,
            title: self.title,
            country: self.country,
            listen: self.listen.to_string(),
            http: self.http.to_string(),
            management: self.management.to_string(),
            advertise: self.advertise,
        };
        let made = init::init(&node, Arc::new(SystemClock), &OsRng).await?;
        line(&format!("{} is set up in {}", node.authority, node.dir.display()))?;
        line(&format!("fingerprint words, to be told to peers: {}", made.words))?;
        line(&format!("take the root key off this machine: {}", made.root_key.display()))?;
        if listens_everywhere {
            line(
                "the card names no address that peers can reach: set peer.advertise, then `sealane peers card --root FILE`",
            )?;
        }
        line(&format!("next: sealane serve --config {}", made.config.display()))?;
        Ok(line(&format!(
            "then: sealane user add NAME --role case_officer --dir {}",
            node.dir.display()
        ))?)
    }
}
