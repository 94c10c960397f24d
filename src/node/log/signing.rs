//! Whether the node may sign checkpoints: never while it may know less than its witnesses.

use tokio::sync::watch;

/// What is known of the log's place among its witnesses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Signing {
    /// Nothing speaks against it.
    Allowed,
    /// The store and the high-water file differ, and no witness has answered yet.
    Unknown,
    /// Witnesses have cosigned more than the store holds: it was restored from an older copy.
    Behind {
        /// The size that the store holds.
        ours: u64,
        /// The size that a witness cosigned, or that the high-water file names.
        theirs: u64,
    },
}

impl std::fmt::Display for Signing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Allowed => f.write_str("checkpoints may be signed"),
            Self::Unknown => f.write_str(
                "no checkpoint is signed: the store differs from the high-water file and no witness has answered yet",
            ),
            Self::Behind { ours, theirs } => write!(
                f,
                "no checkpoint is signed: the store holds {ours} log entries, but {theirs} were signed before; restore a newer copy of the store"
            ),
        }
    }
}

/// The switch that the sequencer waits at.
#[derive(Debug)]
pub struct SigningGate(watch::Sender<Signing>);

impl SigningGate {
    /// A gate in a state.
    #[must_use]
    pub fn new(state: Signing) -> Self {
        Self(watch::Sender::new(state))
    }

    /// Changes the state.
    pub fn set(&self, state: Signing) {
        self.0.send_replace(state);
    }

    /// The state.
    #[must_use]
    pub fn state(&self) -> Signing {
        self.0.borrow().clone()
    }

    /// Waits until checkpoints may be signed.
    pub async fn wait_allowed(&self) {
        // The sender lives in `self`, so the wait ends only when the condition holds.
        drop(self.0.subscribe().wait_for(|state| *state == Signing::Allowed).await);
    }
}
