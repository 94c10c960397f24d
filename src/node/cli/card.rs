//! `sealane peers card`: this authority's card, to be given to a peer, from the running node or from the store of one
//! that is not running.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clap::Args;
use serde_json::{Value, json};

use crate::node::cli::client::Local;
use crate::node::cli::exit::Failure;
use crate::node::cli::output::{Form, line, plain, word};
use crate::node::clock::{Clock as _, SystemClock};
use crate::node::config::Config;
use crate::node::init::{CONFIG_FILE, CardFacts, sign_card};
use crate::node::keys::KeyDir;
use crate::node::rng::OsRng;
use crate::node::start;
use crate::node::store::{Store, peers};
use crate::node::trust::card_row;
use crate::record::card::SignedCard;

/// The command line of `sealane peers card`.
#[derive(Debug, Args)]
pub(super) struct Card {
    /// The file to write; without it, the card's facts, its fingerprint words and the card itself are printed
    #[arg(long, value_name = "FILE")]
    pub(super) out: Option<PathBuf>,
    /// The root key file; with it, a new card is signed with a higher version
    #[arg(long, value_name = "FILE")]
    pub(super) root: Option<PathBuf>,
    #[command(flatten)]
    pub(super) form: Form,
}

impl Card {
    /// Writes or prints the card of the node in that folder.
    pub(super) async fn run(self, local: &Local) -> anyhow::Result<()> {
        let view = match self.root {
            Some(root) => renewed(local, &root).await?,
            None => in_force(local).await?,
        };
        let Some(file) = self.out else { return print(self.form, view) };
        let text = view.get("card").and_then(Value::as_str).unwrap_or_default();
        std::fs::write(&file, text).with_context(|| format!("cannot write {}", file.display()))?;
        line(&format!("card of {} written to {}", word(view.get("authority")), file.display()))?;
        let words = word(view.get("words"));
        Ok(line(&format!("fingerprint words, to be told apart from it: {words}"))?)
    }
}

/// Prints facts and words, then the card as the file has it, so that it can be copied from the screen.
fn print(form: Form, mut view: Value) -> anyhow::Result<()> {
    if form.is_json() {
        return Ok(form.facts(&view)?);
    }
    let card = view.as_object_mut().and_then(|members| members.remove("card"));
    form.facts(&view)?;
    for row in card.as_ref().and_then(Value::as_str).unwrap_or_default().lines() {
        line(&plain(row))?;
    }
    Ok(())
}

/// The card in force.
async fn in_force(local: &Local) -> anyhow::Result<Value> {
    match local.client().get("/admin/card").await {
        Ok(view) => Ok(view),
        Err(Failure::Unreachable(_)) => view(&stored(&config(local)?).await?),
        Err(other) => Err(other.into()),
    }
}

/// A new card with the next version, signed by the root key in that file, put in force.
async fn renewed(local: &Local, root: &Path) -> anyhow::Result<Value> {
    let config = config(local)?;
    let current = stored(&config).await?;
    let root = KeyDir::root_key_from(root)?;
    let keys = KeyDir::at(&config.node.data_dir);
    let facts = CardFacts {
        config: &config,
        keys: &keys.signing_keys()?,
        tls: &keys.tls()?,
        version: current.card.version.saturating_add(1),
        previous: Some(&current.card),
        now: SystemClock.now(),
    };
    let new = sign_card(&facts, &root, &OsRng)?;
    if new.card.root_key != current.card.root_key {
        let text = "this is not the root key of this node: its peers would refuse the card";
        return Err(Failure::Refused(text.to_owned()).into());
    }
    let body = json!({ "card": STANDARD.encode(new.encode()) });
    match local.client().post("/admin/card", &body).await {
        Ok(view) => Ok(view),
        Err(Failure::Unreachable(_)) => {
            keep(&config, &new).await?;
            view(&new)
        }
        Err(other) => Err(other.into()),
    }
}

fn view(card: &SignedCard) -> anyhow::Result<Value> {
    Ok(serde_json::to_value(crate::node::pairing::card_view(card))?)
}

/// The configuration in the node's folder; a data directory has it in the folder above.
fn config(local: &Local) -> anyhow::Result<Config> {
    let here = local.dir().join(CONFIG_FILE);
    let above = local.dir().join("..").join(CONFIG_FILE);
    let file: PathBuf = if here.exists() || !above.exists() { here } else { above };
    Ok(Config::load(&file)?)
}

async fn stored(config: &Config) -> anyhow::Result<SignedCard> {
    let store = open(config).await?;
    let own = config.node.authority.to_string();
    let row = store
        .read("own_card", move |tx| Box::pin(async move { peers::card(tx, &own).await }))
        .await;
    store.close().await;
    let row = row?.ok_or_else(|| Failure::Refused("this node has no card yet".to_owned()))?;
    Ok(SignedCard::decode(&row.card)?)
}

/// Only beside no running node, which would not notice.
async fn keep(config: &Config, card: &SignedCard) -> anyhow::Result<()> {
    let _lock = start::lock(&config.node.data_dir)?;
    let store = open(config).await?;
    let row = card_row(card, SystemClock.now().0);
    let kept = store
        .write_with("card_add", row, |tx, row| {
            Box::pin(async move { peers::add_card(tx, row).await.map(drop) })
        })
        .await;
    store.close().await;
    Ok(kept?)
}

async fn open(config: &Config) -> anyhow::Result<Store> {
    let (main, _) = start::store_configs(config)?;
    Ok(Store::open(&main, Arc::new(SystemClock)).await?)
}
