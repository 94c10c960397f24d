//! Examines a node from its machine, running or not: each finding says what is wrong and what to do. Changes nothing.

mod local;
mod log;
mod peers;

use std::sync::Arc;

use serde::Serialize;

use crate::node::clock::Clock;
use crate::node::config::Config;
use crate::node::start;
use crate::node::store::Store;

pub use crate::node::doctor::peers::{not_dialled, peers};

/// How grave a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Gravity {
    /// As it should be.
    Sound,
    /// It works, and should be looked at.
    Warning,
    /// It does not work, or will not for long.
    Fault,
}

/// What one check found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What was looked at.
    pub check: &'static str,
    /// How grave it is.
    pub gravity: Gravity,
    /// What was found and what to do.
    pub detail: String,
}

impl Finding {
    fn sound(check: &'static str, detail: impl Into<String>) -> Self {
        Self { check, gravity: Gravity::Sound, detail: detail.into() }
    }

    fn warning(check: &'static str, detail: impl Into<String>) -> Self {
        Self { check, gravity: Gravity::Warning, detail: detail.into() }
    }

    fn fault(check: &'static str, detail: impl Into<String>) -> Self {
        Self { check, gravity: Gravity::Fault, detail: detail.into() }
    }

    fn of(check: &'static str, result: Result<String, String>) -> Self {
        match result {
            Ok(detail) => Self::sound(check, detail),
            Err(detail) => Self::fault(check, detail),
        }
    }
}

/// Looks at disk, keys, certificate, mail server, card, clock, store, log, witnesses and what waits for peers.
pub async fn examine(config: &Config, clock: Arc<dyn Clock>) -> Vec<Finding> {
    let now = clock.now();
    let mut findings = local::disk(config);
    findings.extend(local::keys(config, now));
    findings.extend(local::mail(config).await);
    let place = match start::store_configs(config) {
        Ok((place, _)) => place,
        Err(error) => {
            findings.push(Finding::fault("store", error.to_string()));
            return findings;
        }
    };
    match Store::open(&place, clock).await {
        Ok(store) => {
            findings.extend(local::store(&store, now).await);
            findings.extend(local::card(config, &store).await);
            findings.extend(log::examine(config, &store).await);
            store.close().await;
        }
        Err(error) => findings.push(Finding::fault("store", error.to_string())),
    }
    findings
}
