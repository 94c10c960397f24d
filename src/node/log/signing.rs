//! Whether the node may sign checkpoints: never while it may know less than its witnesses.

use tokio::sync::watch;

/// What is known of the log's place among its witnesses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Signing {
    /// Nothing speaks against it.
    Allowed,
    /// There is no high-water file for the log in the store, and too few witnesses have answered yet.
    Unknown,
    /// The high-water file or a witness knows more than the store holds: it was restored from an older copy.
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
                "no checkpoint is signed: there is no high-water file, and too few witnesses have answered yet to say how far the log was; see whether the peers can be reached",
            ),
            Self::Behind { ours, theirs } => write!(
                f,
                "no checkpoint is signed: the store holds {ours} log entries, but {theirs} were signed before; restore a newer copy of the store, and read \"behind its witnesses\" in OPERATIONS before you touch the high-water file"
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
