//! The machine's side: disk, key files, certificate, clock, store and the own card.

use crate::domain::time::Timestamp;
use crate::node::blobs::{Disk as _, SystemDisk};
use crate::node::config::Config;
use crate::node::doctor::Finding;
use crate::node::init::addresses;
use crate::node::keys::KeyDir;
use crate::node::keys::certificate::RENEW_BELOW_DAYS;
use crate::node::mail::MailServer;
use crate::node::start::{CLOCK_SLACK_SECS, newest_stored_at};
use crate::node::store::{Store, peers};
use crate::record::card::SignedCard;

const DAY_SECS: i64 = 86_400;

/// Whether there is room on the disk.
pub(super) fn disk(config: &Config) -> Vec<Finding> {
    let data = &config.node.data_dir;
    let found = match SystemDisk.free_percent(data) {
        Ok(Some(percent)) => {
            let text = format!("{percent} % of the disk of {} is free", data.display());
            let least = u64::from(config.limits.disk_free_percent_min);
            if percent < least {
                Finding::fault(
                    "disk",
                    format!(
                        "{text}; less than {least} %: the node takes in no evidence and no declarations until some space is freed"
                    ),
                )
            } else if percent < 2 * least {
                Finding::warning("disk", format!("{text}; free some space soon"))
            } else {
                Finding::sound("disk", text)
            }
        }
        Ok(None) => Finding::warning("disk", "the file system does not tell how much is free"),
        Err(error) => Finding::fault(
            "disk",
            format!(
                "cannot look at {}: {error}; see whether node.data_dir in the configuration is the right folder; if it was lost, restore a backup",
                data.display()
            ),
        ),
    };
    vec![found]
}

/// Whether the mail server can be reached and lets the node in; nothing where none is named.
pub(super) async fn mail(config: &Config) -> Vec<Finding> {
    let found = match MailServer::of(&config.mail) {
        Ok(None) => return Vec::new(),
        Ok(Some(server)) => match server.try_out().await {
            Ok(()) => Finding::sound("mail", "the mail server answers"),
            Err(error) => Finding::warning(
                "mail",
                format!("no letters are sent now: {error}; see to [mail] in the configuration"),
            ),
        },
        Err(error) => Finding::fault("mail", error.to_string()),
    };
    vec![found]
}

/// Key files and the node certificate.
pub(super) fn keys(config: &Config, now: Timestamp) -> Vec<Finding> {
    let keys = KeyDir::at(&config.node.data_dir);
    let files = keys.signing_keys().map(drop).and_then(|()| keys.store_key().map(drop));
    let files = files.map(|()| "all there, and nobody else can read them".to_owned());
    let mut findings = vec![Finding::of("keys", files.map_err(|error| error.to_string()))];
    if keys.root_key_path().exists() {
        let path = keys.root_key_path();
        findings.push(Finding::warning(
            "root key",
            format!(
                "it still lies at {}: take it off this machine; a node needs it for new cards only",
                path.display()
            ),
        ));
    }
    findings.push(match keys.tls() {
        Err(error) => Finding::fault("certificate", error.to_string()),
        Ok(tls) => {
            let days = (tls.not_after.as_secs() - now.as_secs()).div_euclid(DAY_SECS);
            let text = format!("the node certificate ends on {}", tls.not_after);
            if days < 0 {
                Finding::fault("certificate", format!("{text}: restart the node, which renews it"))
            } else if days < RENEW_BELOW_DAYS - 2 {
                Finding::warning(
                    "certificate",
                    format!("{text} and was not renewed: look into the node's log"),
                )
            } else {
                Finding::sound("certificate", text)
            }
        }
    });
    findings
}

/// The clock against the newest record, and the database's own check.
pub(super) async fn store(store: &Store, now: Timestamp) -> Vec<Finding> {
    let newest =
        store.read("doctor_newest", |tx| Box::pin(async move { newest_stored_at(tx).await })).await;
    let clock = match newest {
        Ok(Some(newest)) if now.plus_secs(CLOCK_SLACK_SECS) < newest => Err(format!(
            "the clock says {now}, but the newest record was stored at {newest}: set the clock of this machine"
        )),
        Ok(Some(newest)) => Ok(format!("{now}; the newest record is of {newest}")),
        Ok(None) => Ok(format!("{now}; there is no record yet")),
        Err(error) => Err(error.to_string()),
    };
    let checked = match store.check().await {
        Ok(faults) if faults.is_empty() => Ok("the database finds no fault in itself".to_owned()),
        Ok(faults) => Err(format!(
            "the database finds faults in itself: {}; restore it from a backup",
            faults.join("; ")
        )),
        Err(error) => Err(error.to_string()),
    };
    vec![Finding::of("clock", clock), Finding::of("store", checked)]
}

/// Whether the own card still says what is true.
pub(super) async fn card(config: &Config, store: &Store) -> Vec<Finding> {
    let own = config.node.authority.to_string();
    let row = store
        .read("doctor_card", move |tx| Box::pin(async move { peers::card(tx, &own).await }))
        .await;
    let card = match row {
        Ok(Some(row)) => SignedCard::decode(&row.card).map_err(|error| error.to_string()),
        Ok(None) => {
            Err("the store holds no card of this node, so it belongs to another one: restore store, keys and configuration from one backup"
                .to_owned())
        }
        Err(error) => Err(error.to_string()),
    };
    let card = match card {
        Ok(card) => card.card,
        Err(why) => return vec![Finding::fault("card", why)],
    };
    let renew = "run `sealane peers card --root FILE`, which peers then learn by themselves";
    // Keys that cannot be read are told of by `keys`; nothing follows from that for the card.
    let keys = KeyDir::at(&config.node.data_dir).signing_keys();
    let is_known = keys.as_ref().map_or(true, |keys| {
        card.receipt_key == keys.receipt.public()
            && card.record_keys.iter().any(|known| known.key == keys.record.public())
    });
    let wanted = addresses(config);
    vec![if !is_known {
        Finding::fault(
            "card",
            format!(
                "it does not name the keys of this node: restore keys and store from one backup, or, if the keys were replaced on purpose, {renew}"
            ),
        )
    } else if card.addresses != wanted {
        Finding::warning(
            "card",
            format!(
                "it says {}, the configuration {}: {renew}",
                card.addresses.join(", "),
                wanted.join(", ")
            ),
        )
    } else if card.addresses.iter().any(|address| address.starts_with("0.0.0.0:")) {
        Finding::warning(
            "card",
            format!("it names no address that peers can reach: set peer.advertise, then {renew}"),
        )
    } else {
        let keys = if keys.is_ok() { "" } else { "; not compared with the keys" };
        Finding::sound(
            "card",
            format!("version {}, reached at {}{keys}", card.version, card.addresses.join(", ")),
        )
    }]
}
