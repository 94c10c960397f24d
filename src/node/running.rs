//! The assembled node: starts its parts in order and stops them in the reverse one; decides nothing about cases.

use std::fs::File;
use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::domain::id::AuthorityName;
use crate::node::casework::Desk;
use crate::node::config::Config;
use crate::node::drill::Drill;
use crate::node::health::Health;
use crate::node::inbound::Door;
use crate::node::jobs::cards::Cards;
use crate::node::jobs::deliver::{DeliverParts, Deliverer};
use crate::node::jobs::notices;
use crate::node::jobs::post;
use crate::node::jobs::publish::{PublishParts, Publisher};
use crate::node::jobs::renew::{self, Renew};
use crate::node::jobs::resting::Resting;
use crate::node::jobs::roster::Roster;
use crate::node::jobs::start_check::{PeerWitnesses, StartCheck};
use crate::node::keys::{KeyDir, SigningKeys};
use crate::node::listeners::Listeners;
use crate::node::log::{
    HighWaterFile, LogFiles, LogKeys, Sequencer, SequencerParts, Signing, SigningGate, Witness,
};
use crate::node::mail::MailServer;
use crate::node::pairing::TrustRoutes;
use crate::node::peer::{Courier, Endpoint, OwnCertificate};
use crate::node::signals::Signals;
use crate::node::standing::Standing;
use crate::node::start::{self, Opened, OwnCardError, Seams, StartError};
use crate::node::store::{KeyVault, Store};
use crate::node::trust::Trust;
use crate::node::wiring::{Adoption, Correspondence, Delivery, Post, Reminders};
use crate::record::Signer;
use crate::transparency::cosignature::Cosigner;
use crate::transparency::key::{KeyKind, VerifierKey};

/// The front (API and peers) may take this long to answer what it was asked.
const FRONT_DRAIN: Duration = Duration::from_secs(5);
/// Jobs may take this long to come to the end of a step.
const JOBS_DRAIN: Duration = Duration::from_secs(2);
/// Between two looks whether the port for peers is free.
const PORT_PAUSE: Duration = Duration::from_millis(5);
/// Looks whether the port for peers is free: for half a second.
const PORT_LOOKS_MAX: usize = 100;
/// Waiting questions for newer cards; more are asked again at the next hello.
const NEWER_CARDS_MAX: usize = 256;

/// Where a running node listens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Addresses {
    /// UDP, for peers.
    pub peers: SocketAddr,
    /// TCP, for the API.
    pub http: SocketAddr,
    /// TCP, for health and metrics.
    pub management: SocketAddr,
}

/// A running node.
pub struct Node {
    authority: AuthorityName,
    desk: Arc<Desk>,
    store: Store,
    vault: KeyVault,
    signals: Arc<Signals>,
    trust: Arc<Trust>,
    gate: Arc<SigningGate>,
    courier: Arc<dyn Courier>,
    endpoint: Endpoint,
    addresses: Addresses,
    front: Stage,
    jobs: Stage,
    sequencer: Stage,
    socket: std::path::PathBuf,
    lock: File,
}

/// Tasks that are told to stop together.
#[derive(Default)]
struct Stage {
    stop: CancellationToken,
    tasks: TaskTracker,
}

impl Stage {
    async fn end(&self, within: Duration, what: &str) {
        self.stop.cancel();
        self.tasks.close();
        if timeout(within, self.tasks.wait()).await.is_err() {
            tracing::warn!(
                part = what,
                "did not end in time; what it had not finished is done at the next start"
            );
        }
    }
}

impl Node {
    /// Starts a node with the system's clock and randomness.
    ///
    /// # Errors
    /// A [`StartError`] that says what to do; nothing goes on running then.
    pub async fn start(config: Config) -> Result<Self, StartError> {
        Self::start_with(config, Seams::default()).await
    }

    /// Starts a node with the clock and randomness of a test.
    ///
    /// # Errors
    /// As [`Node::start`].
    pub async fn start_with(config: Config, seams: Seams) -> Result<Self, StartError> {
        // Refused before anything runs; a second look, when letters begin, meets the same files.
        drop(MailServer::of(&config.mail)?);
        let opened = start::open(&config, &seams).await?;
        let (store, vault) = (opened.store.clone(), opened.vault.clone());
        match Self::assemble(&config, &seams, opened).await {
            Ok(node) => Ok(node),
            Err(error) => {
                store.close().await;
                vault.close().await;
                Err(error)
            }
        }
    }

    async fn assemble(config: &Config, seams: &Seams, opened: Opened) -> Result<Self, StartError> {
        let trust = trust_of(config, seams, &opened).await?;
        check_keys(&trust, &opened).await?;
        let endpoint = opened.exchange.endpoint.clone();
        let courier = Arc::clone(&opened.exchange.courier);
        let gate = Arc::new(SigningGate::new(Signing::Unknown));
        let front = Stage::default();
        let witness = witness(config, seams, &opened)?;
        let listeners = Listeners {
            config,
            desk: Arc::clone(&opened.desk),
            readiness: Arc::new(Health {
                store: opened.store.clone(),
                gate: Arc::clone(&gate),
                own: Arc::clone(&opened.own),
                clock: Arc::clone(&seams.clock),
                room: opened.desk.room.clone(),
            }),
            pairing: Arc::new(TrustRoutes {
                trust: Arc::clone(&trust),
                courier: Arc::clone(&courier),
                contacts: Arc::clone(&opened.exchange.contacts),
            }),
            witness: Arc::clone(&witness) as Arc<_>,
        };
        let addresses = listeners.serve(&front.tasks, &front.stop, endpoint.local_addr()).await?;
        let node = Self {
            authority: config.node.authority.clone(),
            desk: Arc::clone(&opened.desk),
            store: opened.store.clone(),
            vault: opened.vault.clone(),
            signals: Arc::clone(&opened.signals),
            trust,
            gate,
            courier,
            endpoint,
            addresses,
            front,
            jobs: Stage::default(),
            sequencer: Stage::default(),
            socket: config.admin_socket(),
            lock: opened.lock,
        };
        let opened = Rest {
            signing: opened.signing,
            drill: opened.drill,
            own: opened.own,
            keys: opened.keys,
            witness,
        };
        node.run_parts(config, seams, opened).await?;
        Ok(node)
    }

    /// Starts sequencer, witness, exchange and jobs.
    async fn run_parts(
        &self,
        config: &Config,
        seams: &Seams,
        rest: Rest,
    ) -> Result<(), StartError> {
        let authority = &self.authority;
        let log_public = rest.signing.log.public();
        let log_key: LogKeys =
            Arc::new(move |origin: &str| VerifierKey::new(origin, KeyKind::Log, &log_public).ok());
        let high_water = HighWaterFile::open(&config.node.data_dir)?;
        let check = StartCheck {
            store: self.store.clone(),
            high_water: high_water.clone(),
            gate: Arc::clone(&self.gate),
            log_key: Arc::clone(&log_key),
            quorum: config.log.witness_quorum,
        };
        self.gate.set(check.first_look().await?);
        let sequencer = Sequencer::new(SequencerParts {
            authority: authority.clone(),
            store: self.store.clone(),
            clock: Arc::clone(&seams.clock),
            signals: Arc::clone(&self.signals),
            log_key: rest.signing.log.signing_key().clone(),
            receipt_key: Arc::new(Signer::new(rest.signing.receipt.signing_key().clone())),
            high_water,
            gate: Arc::clone(&self.gate),
            opening: Arc::clone(&self.desk) as Arc<_>,
            drill: rest.drill.clone(),
        });
        let (newer_cards, asked) = mpsc::channel(NEWER_CARDS_MAX);
        let resting = Arc::new(Resting::default());
        let door = Arc::new(Door {
            trust: Arc::clone(&self.trust),
            witness: Arc::clone(&rest.witness),
            desk: Arc::clone(&self.desk),
            newer_cards,
            resting: Arc::clone(&resting),
        });
        let endpoint = self.endpoint.clone();
        self.front.tasks.spawn(async move { endpoint.run(door).await });
        self.sequencer.tasks.spawn(sequencer.run(self.sequencer.stop.clone()));
        let witnesses = PeerWitnesses {
            roster: Arc::clone(&self.trust.roster),
            courier: Arc::clone(&self.courier),
        };
        self.jobs.tasks.spawn(check.run(witnesses, self.jobs.stop.clone()));
        let standing = Standing {
            desk: Arc::clone(&self.desk),
            trust: Arc::clone(&self.trust),
            quorum: config.log.witness_quorum,
        };
        self.jobs.tasks.spawn(standing.run(self.jobs.stop.clone()));
        let jobs = JobsParts { rest, log_key, resting, asked };
        self.run_jobs(config, seams, jobs).await
    }

    /// Starts delivery, publishing, cards, notices and renewal.
    async fn run_jobs(
        &self,
        config: &Config,
        seams: &Seams,
        parts: JobsParts,
    ) -> Result<(), StartError> {
        let JobsParts { rest, log_key, resting, asked } = parts;
        let stop = || self.jobs.stop.clone();
        let delivery = Arc::new(Delivery(Arc::clone(&self.desk)));
        let deliverer = Deliverer::take_over(DeliverParts {
            authority: self.authority.clone(),
            store: self.store.clone(),
            clock: Arc::clone(&seams.clock),
            rng: Arc::clone(&seams.rng),
            signals: Arc::clone(&self.signals),
            roster: Arc::clone(&self.trust.roster),
            courier: Arc::clone(&self.courier),
            leaves: Arc::clone(&delivery) as Arc<_>,
            outcomes: delivery,
            resting: Arc::clone(&resting),
            drill: rest.drill,
        });
        self.jobs.tasks.spawn(deliverer.await?.run(stop()));
        let publisher = Publisher::new(PublishParts {
            authority: self.authority.clone(),
            store: self.store.clone(),
            clock: Arc::clone(&seams.clock),
            signals: Arc::clone(&self.signals),
            roster: Arc::clone(&self.trust.roster),
            courier: Arc::clone(&self.courier),
            resting,
            files: LogFiles::at(&config.node.data_dir),
            gate: Arc::clone(&self.gate),
            quorum: config.log.witness_quorum,
            interval: Duration::from_millis(config.log.publish_interval_ms),
            log_key,
        });
        self.jobs.tasks.spawn(publisher.run(stop()));
        let cards = Cards {
            authority: self.authority.clone(),
            store: self.store.clone(),
            clock: Arc::clone(&seams.clock),
            signals: Arc::clone(&self.signals),
            roster: Arc::clone(&self.trust.roster),
            trust: Arc::clone(&self.trust.peers),
            courier: Arc::clone(&self.courier),
            adopt: Arc::new(Adoption(Arc::clone(&self.trust))),
        };
        self.jobs.tasks.spawn(cards.run(asked, stop()));
        let renew = Renew {
            authority: self.authority.clone(),
            keys: rest.keys,
            own: rest.own,
            clock: Arc::clone(&seams.clock),
            rng: Arc::clone(&seams.rng),
        };
        self.jobs.tasks.spawn(renew.run(stop()));
        self.run_notices(config, seams)?;
        self.jobs.tasks.spawn(renew::tidy(self.store.clone(), Arc::clone(&seams.clock), stop()));
        Ok(())
    }

    /// Starts notices, and letters where there is a mail server.
    fn run_notices(&self, config: &Config, seams: &Seams) -> Result<(), StartError> {
        let stop = || self.jobs.stop.clone();
        let reminders = Arc::new(Reminders(Arc::clone(&self.desk)));
        self.jobs.tasks.spawn(notices::run(reminders, stop()));
        if let Some(server) = MailServer::of(&config.mail)? {
            let letters = Correspondence {
                desk: Arc::clone(&self.desk),
                digest_hour: config.mail.digest_hour,
            };
            let post = Arc::new(Post(server));
            let wakes = (Arc::clone(&seams.rng), Arc::clone(&self.signals));
            self.jobs.tasks.spawn(post::run(letters, post, wakes, stop()));
        }
        Ok(())
    }

    /// The use cases.
    #[must_use]
    pub const fn desk(&self) -> &Arc<Desk> {
        &self.desk
    }

    /// Whom the node trusts.
    #[must_use]
    pub const fn trust(&self) -> &Arc<Trust> {
        &self.trust
    }

    /// Wake-ups, for those who wait for a seal or a delivery.
    #[must_use]
    pub const fn signals(&self) -> &Arc<Signals> {
        &self.signals
    }

    /// The way to the peers.
    #[must_use]
    pub const fn courier(&self) -> &Arc<dyn Courier> {
        &self.courier
    }

    /// Whether checkpoints are signed.
    #[must_use]
    pub fn signing(&self) -> Signing {
        self.gate.state()
    }

    /// The node's name.
    #[must_use]
    pub const fn authority(&self) -> &AuthorityName {
        &self.authority
    }

    /// Where the node listens.
    #[must_use]
    pub const fn addresses(&self) -> Addresses {
        self.addresses
    }

    /// Waits until a disk error stopped the store; the process should then end with exit code 70.
    pub async fn halted(&self) {
        tokio::select! {
            () = self.store.halted() => {}
            () = self.vault.halted() => {}
        }
    }

    /// Stops within ten seconds: first what comes in, then the jobs, then the sequencer, then the store.
    pub async fn stop(self) {
        self.front.stop.cancel();
        self.signals.hush();
        if timeout(FRONT_DRAIN, self.endpoint.shutdown()).await.is_err() {
            tracing::warn!("some peers did not take their leave");
        }
        self.front.end(Duration::from_secs(2), "the API").await;
        self.jobs.end(JOBS_DRAIN, "the jobs").await;
        self.sequencer.end(JOBS_DRAIN, "the sequencer").await;
        self.store.close().await;
        self.vault.close().await;
        // A socket of a dead node confuses people; the next start would replace it.
        drop(std::fs::remove_file(&self.socket));
        let (peers, lock) = (self.addresses.peers, self.lock);
        drop((self.desk, self.courier, self.endpoint));
        until_free(peers).await;
        drop(lock);
    }
}

/// The UDP socket goes with a task of its own, a moment after its last user: who is told that the node stopped may
/// start it again at once.
async fn until_free(address: SocketAddr) {
    for _ in 0..PORT_LOOKS_MAX {
        if UdpSocket::bind(address).is_ok() {
            return;
        }
        tokio::time::sleep(PORT_PAUSE).await;
    }
    tracing::debug!(%address, "the port for peers is not free yet");
}

impl std::fmt::Debug for Node {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Node")
            .field("authority", &self.authority)
            .field("addresses", &self.addresses)
            .finish_non_exhaustive()
    }
}

/// What is left of the opened parts once the node holds its own.
struct Rest {
    signing: SigningKeys,
    drill: Drill,
    own: Arc<OwnCertificate>,
    keys: KeyDir,
    witness: Arc<Witness>,
}

fn witness(config: &Config, seams: &Seams, opened: &Opened) -> Result<Arc<Witness>, StartError> {
    let authority = &config.node.authority;
    let key = opened.signing.witness.signing_key().clone();
    Ok(Arc::new(Witness::new(
        authority.clone(),
        opened.store.clone(),
        Arc::clone(&seams.clock),
        Cosigner::new(&authority.witness_name(), key)?,
    )))
}

/// What the jobs share with the parts started before them.
struct JobsParts {
    rest: Rest,
    log_key: LogKeys,
    resting: Arc<Resting>,
    asked: mpsc::Receiver<AuthorityName>,
}

/// Trust as the store has it.
async fn trust_of(
    config: &Config,
    seams: &Seams,
    opened: &Opened,
) -> Result<Arc<Trust>, StartError> {
    let trust = Trust {
        authority: config.node.authority.clone(),
        store: opened.store.clone(),
        clock: Arc::clone(&seams.clock),
        signals: Arc::clone(&opened.signals),
        roster: Arc::new(Roster::default()),
        book: Arc::clone(&opened.desk.cards),
        peers: Arc::clone(&opened.exchange.peers),
        hello: Arc::clone(&opened.exchange.hello),
    };
    trust.refresh().await?;
    Ok(Arc::new(trust))
}

/// The card must name the keys that this node signs with.
async fn check_keys(trust: &Trust, opened: &Opened) -> Result<(), StartError> {
    let card = trust.own_card().await?.ok_or(OwnCardError::Missing)?.card;
    let keys = &opened.signing;
    let is_known = card.record_keys.iter().any(|known| known.key == keys.record.public())
        && card.receipt_key == keys.receipt.public();
    if is_known { Ok(()) } else { Err(OwnCardError::OtherKeys.into()) }
}
