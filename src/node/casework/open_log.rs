//! Opens the log of a year: its genesis record is leaf 0 and names what came before.

use async_trait::async_trait;

use crate::domain::id::ObjectId;
use crate::node::casework::append::Authorship;
use crate::node::casework::{Desk, Error};
use crate::node::log::{LogError, LogOpening};
use crate::node::rng::random;
use crate::node::store::logs::{self, Log};
use crate::node::store::{StoreError, peers, records};
use crate::record::kinds::log::Genesis;
use crate::transparency::key::{KeyKind, VerifierKey};
use crate::transparency::tree::empty_root;

#[async_trait]
impl LogOpening for Desk {
    async fn open_log(&self, year: i32, previous: Option<Log>) -> Result<(), LogError> {
        self.open_year(year, previous).await.map_err(|error| match error {
            Error::Conflict(_) => LogError::Store(StoreError::Conflict("open_log")),
            other => LogError::Opening(other.to_string()),
        })
    }
}

impl Desk {
    async fn open_year(&self, year: i32, previous: Option<Log>) -> Result<(), Error> {
        let origin = self.authority.log_origin(year);
        let (previous_checkpoint, card) = self.before(previous.as_ref()).await?;
        let genesis = Genesis {
            origin: origin.clone(),
            vkey: VerifierKey::new(&origin, KeyKind::Log, &self.log_key)
                .map_err(Error::internal)?
                .to_string(),
            previous_checkpoint,
            card,
        };
        let object = ObjectId::from_random(random(&*self.rng));
        let prepared = self.author(object, Authorship::node(None), &genesis).await?;
        let sealed_seq = previous.as_ref().map_or(0, |log| log.sealed_seq);
        let opened = Log {
            origin,
            year: year.into(),
            size: 0,
            root: empty_root().0,
            frontier: Vec::new(),
            sealed_seq,
            opened_at: self.clock.now().0,
            closed_at: None,
        };
        self.store
            .write_with("open_log", (prepared, previous, opened), |tx, (genesis, old, new)| {
                Box::pin(async move {
                    // Whatever was committed before belongs into the old log; the genesis must be the first of the new.
                    if records::last_seq(tx).await? != new.sealed_seq {
                        return Err(Error::Conflict("records wait for the old log".to_owned()));
                    }
                    if let Some(old) = old {
                        logs::close(tx, &old.origin, new.opened_at).await?;
                    }
                    genesis.append(tx).await?;
                    logs::open(tx, new).await?;
                    Ok::<_, Error>(())
                })
            })
            .await
    }

    /// The last witnessed checkpoint of the log before, and the hash of the own card in force.
    async fn before(
        &self,
        previous: Option<&Log>,
    ) -> Result<(Option<String>, Option<[u8; 32]>), Error> {
        let (origin, own) = (previous.map(|log| log.origin.clone()), self.authority.to_string());
        self.store
            .read("open_log_before", move |tx| {
                Box::pin(async move {
                    let checkpoint = match &origin {
                        Some(origin) => match logs::last_witnessed(tx, origin).await? {
                            Some(witnessed) => witnessed.cosigned,
                            None => logs::last_checkpoint(tx, origin).await?.map(|c| c.note),
                        },
                        None => None,
                    };
                    let card = peers::card(tx, &own).await?;
                    Ok::<_, Error>((
                        checkpoint.map(|note| String::from_utf8_lossy(&note).into_owned()),
                        card.and_then(|card| card_hash(&card.card)),
                    ))
                })
            })
            .await
    }
}

fn card_hash(card: &[u8]) -> Option<[u8; 32]> {
    let signed = crate::record::card::SignedCard::decode(card).ok()?;
    Some(signed.record.hash().0)
}
