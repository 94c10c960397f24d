//! An officer at the API of their node: asks, waits and, when the node was away, looks before asking again.

use std::future::Future;
use std::time::Duration;

use anyhow::Context as _;
use serde_json::Value;

use crate::node::cli::client::Client;
use crate::node::cli::demo::PATIENCE;
use crate::node::cli::exit::Failure;
use crate::node::cli::output::{items, word};

/// How long to wait before looking again.
const PAUSE: Duration = Duration::from_millis(50);

/// An officer's desk.
#[derive(Clone)]
pub(super) struct Desk {
    /// The API as this officer.
    pub(super) client: Client,
    /// What peers see of the officer.
    pub(super) pseudonym: String,
}

impl Desk {
    pub(super) const fn new(client: Client, pseudonym: String) -> Self {
        Self { client, pseudonym }
    }

    /// Reads; a node that is just starting again is waited for.
    pub(super) async fn get(&self, path: &str) -> anyhow::Result<Value> {
        within(path, async {
            loop {
                match self.client.get(path).await {
                    Err(Failure::Unreachable(_)) => tokio::time::sleep(PAUSE).await,
                    other => return other,
                }
            }
        })
        .await
    }

    /// Asks for what is the same however often it is asked for; a node that is just starting again is waited for.
    pub(super) async fn post_again(&self, path: &str, body: &Value) -> anyhow::Result<Value> {
        within(path, async {
            loop {
                match self.client.post(path, body).await {
                    Err(Failure::Unreachable(_)) => tokio::time::sleep(PAUSE).await,
                    other => return other,
                }
            }
        })
        .await
    }

    /// Does something once. `look` finds what it would make; if the node dies meanwhile, `look` tells whether it was
    /// done, and it is done again only if not.
    pub(super) async fn ensure<L, D>(
        &self,
        what: &str,
        mut look: impl FnMut() -> L,
        mut act: impl FnMut() -> D,
    ) -> anyhow::Result<Value>
    where
        L: Future<Output = anyhow::Result<Option<Value>>>,
        D: Future<Output = Result<Value, Failure>>,
    {
        within(what, async {
            loop {
                if let Some(found) = look().await.map_err(|e| Failure::Refused(e.to_string()))? {
                    return Ok(found);
                }
                match act().await {
                    Ok(_) => {}
                    Err(Failure::Unreachable(_)) => tokio::time::sleep(PAUSE).await,
                    Err(other) => return Err(other),
                }
            }
        })
        .await
    }

    /// Waits until what is read satisfies `until`.
    pub(super) async fn wait(
        &self,
        path: &str,
        until: impl Fn(&Value) -> bool,
    ) -> anyhow::Result<Value> {
        within(path, async {
            loop {
                let value =
                    self.get(path).await.map_err(|error| Failure::Refused(error.to_string()))?;
                if until(&value) {
                    return Ok(value);
                }
                tokio::time::sleep(PAUSE).await;
            }
        })
        .await
    }

    /// The item of a list whose member has that value, if it is there.
    pub(super) async fn find(
        &self,
        path: &str,
        key: &str,
        value: &str,
    ) -> anyhow::Result<Option<Value>> {
        let list = self.get(path).await?;
        Ok(items(&list).iter().find(|item| word(item.get(key)) == value).cloned())
    }

    /// Waits until a list has an item whose member has that value.
    pub(super) async fn await_item(
        &self,
        path: &str,
        key: &str,
        value: &str,
    ) -> anyhow::Result<Value> {
        let has =
            |list: &Value| items(list).iter().find(|item| word(item.get(key)) == value).cloned();
        let list = self.wait(path, |list| has(list).is_some()).await?;
        has(&list).context("the item was there a moment ago")
    }
}

async fn within<T>(
    what: &str,
    work: impl Future<Output = Result<T, Failure>>,
) -> anyhow::Result<T> {
    let done = tokio::time::timeout(PATIENCE, work)
        .await
        .with_context(|| format!("waited {} s in vain: {what}", PATIENCE.as_secs()))?;
    done.with_context(|| what.to_owned())
}
