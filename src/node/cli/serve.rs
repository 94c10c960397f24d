//! `sealane serve`: runs a node until it is told to stop.

use std::path::PathBuf;

use clap::Args;
use tokio::signal::unix::{SignalKind, signal};

use crate::node::Node;
use crate::node::cli::exit::Failure;
use crate::node::cli::output::line;
use crate::node::config::{Config, LogFormat};
use crate::node::telemetry::{Form, start_logs};

/// The command line of `sealane serve`.
#[derive(Debug, Args)]
pub(super) struct Serve {
    /// The node's configuration
    #[arg(long, value_name = "FILE", default_value = "sealane.toml")]
    pub(super) config: PathBuf,
}

impl Serve {
    /// Runs the node.
    pub(super) async fn run(self) -> anyhow::Result<()> {
        let config = Config::load(&self.config)?;
        let form = match config.telemetry.format {
            LogFormat::Json => Form::Json,
            LogFormat::Text => Form::Text,
        };
        start_logs(form, &config.telemetry.filter)?;
        let scheme = if config.http.tls_certificate.is_some() { "https" } else { "http" };
        // Before the start, so that a signal that comes early is not lost.
        let mut terminated = signal(SignalKind::terminate())?;
        let mut interrupted = signal(SignalKind::interrupt())?;
        let node = Node::start(config).await?;
        let at = node.addresses();
        line(&format!(
            "{} is ready: API {scheme}://{}, peers {} (UDP), health http://{}/readyz",
            node.authority(),
            at.http,
            at.peers,
            at.management,
        ))?;
        if node.authority().is_training() {
            line("TRAINING: this node is for training; it pairs with training nodes only")?;
        }
        let is_halted = tokio::select! {
            () = node.halted() => true,
            _ = terminated.recv() => false,
            _ = interrupted.recv() => false,
        };
        if is_halted {
            // Nothing more can be made durable: ending at once loses nothing that was acknowledged.
            let text =
                "the store stopped after a disk error: check the disk, then start the node again";
            return Err(Failure::Halted(text.to_owned()).into());
        }
        node.stop().await;
        Ok(line("stopped")?)
    }
}
