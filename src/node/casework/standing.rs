//! What the log says about itself: the witness policy in force and the authority's own card, each once a version.

use crate::domain::id::ObjectId;
use crate::node::casework::append::Authorship;
use crate::node::casework::{Desk, Error};
use crate::node::rng::random;
use crate::node::store::outbox::{self, NewOutgoing, OutboxFrame};
use crate::node::store::{StoreError, Tx, chains, peers, records};
use crate::record::card::SignedCard;
use crate::record::kinds::log::WitnessPolicy;
use crate::record::{Payload, StatementHash};

/// Records of a kind that are read at once; there are as many policies as there were changes of peers.
const POLICIES_READ: i64 = 10_000;

/// How often a policy is signed again because another one came first.
const ROUNDS_MAX: usize = 5;

/// The newest policy record: its hash, its object, and the head of that object's chain.
struct Newest {
    hash: StatementHash,
    object: String,
    head: Option<StatementHash>,
}

impl Desk {
    /// Logs a witness policy unless it is the one in force, and sends it to every peer: whoever holds a proof of this
    /// log needs the policy to judge it. True if it is new.
    ///
    /// # Errors
    /// What the store says; a conflict if other policies were logged meanwhile again and again.
    pub async fn log_witness_policy(&self, policy: String) -> Result<bool, Error> {
        for _ in 1..ROUNDS_MAX {
            match self.try_log_witness_policy(policy.clone()).await {
                // Another policy came first: this one follows it.
                Err(Error::Conflict(_)) => {}
                done => return done,
            }
        }
        self.try_log_witness_policy(policy).await
    }

    async fn try_log_witness_policy(&self, policy: String) -> Result<bool, Error> {
        let own = self.authority.to_string();
        let newest = self
            .store
            .read("witness_policy_newest", move |tx| {
                Box::pin(async move { newest_policy(tx, &own).await })
            })
            .await?;
        let payload = WitnessPolicy { policy };
        let (object, prev) = match newest {
            Some(newest) => {
                if self.held(newest.hash).await?.payload::<WitnessPolicy>()? == payload {
                    return Ok(false);
                }
                (newest.object.parse().map_err(Error::internal)?, newest.head)
            }
            None => (ObjectId::from_random(random(&*self.rng)), None),
        };
        let prepared = self.author(object, Authorship::node(prev), &payload).await?;
        let now = self.clock.now().0;
        self.store
            .write_with("log_witness_policy", prepared, move |tx, prepared| {
                Box::pin(async move {
                    prepared.append(tx).await?;
                    let rows: Vec<_> = peers::list(tx)
                        .await?
                        .into_iter()
                        .map(|peer| NewOutgoing {
                            peer: peer.authority,
                            conversation: prepared.held.common().object.to_string(),
                            record_hash: prepared.hash().0,
                            frame: OutboxFrame::Deliver,
                            disclosure: None,
                            queued_at: now,
                        })
                        .collect();
                    outbox::enqueue(tx, &rows).await?;
                    Ok::<_, StoreError>(())
                })
            })
            .await?;
        self.committed();
        Ok(true)
    }

    /// Logs the authority's own card, which its root key signed, unless that version is logged; true if it is new.
    ///
    /// # Errors
    /// What the store says.
    pub async fn log_card(&self, card: SignedCard) -> Result<bool, Error> {
        let prepared = self.prepare(card.record).await?;
        let is_new = self
            .store
            .write_with("log_card", prepared, |tx, prepared| {
                Box::pin(async move {
                    if records::exists(tx, &prepared.hash().0).await? {
                        return Ok::<_, StoreError>(false);
                    }
                    prepared.insert(tx).await?;
                    Ok(true)
                })
            })
            .await?;
        if is_new {
            self.committed();
        }
        Ok(is_new)
    }
}

async fn newest_policy(tx: &mut Tx, own: &str) -> Result<Option<Newest>, StoreError> {
    let policies = records::of_kind(tx, WitnessPolicy::KIND, 0, POLICIES_READ).await?;
    let Some(last) = policies.into_iter().rfind(|record| record.own == 1) else { return Ok(None) };
    let chain = chains::get(tx, &last.object, own).await?;
    let head = chain.map(|chain| StatementHash(chain.head));
    Ok(Some(Newest { hash: StatementHash(last.hash), object: last.object, head }))
}

#[cfg(test)]
mod tests {
    use crate::node::casework::testing::desk;

    #[tokio::test]
    async fn policies_that_are_logged_at_once_follow_each_other() {
        let test = desk().await;
        assert!(test.desk.log_witness_policy("first".to_owned()).await.unwrap());
        let log = |policy: &str| test.desk.log_witness_policy(policy.to_owned());
        let (second, third) = tokio::join!(log("second"), log("third"));
        assert_eq!((second.unwrap(), third.unwrap()), (true, true));
    }
}
