//! Hands letters to the mail server, looking once a minute and when officers were told something; decides neither what they say nor who gets one.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio_util::sync::CancellationToken;

use crate::node::jobs::backoff::delay_ms;
use crate::node::mail::{Letter, Undelivered};
use crate::node::rng::{Rng, random};
use crate::node::signals::Signals;

/// Between two looks. What was taken by the server is noted, so a missed look is made up for by the next one.
const PAUSE: Duration = Duration::from_mins(1);

/// After so many letters in a row that must wait the others are not tried.
const WAITING_MAX: u32 = 3;

/// Who writes letters. `Drafted` is what is to be noted when one is gone.
#[async_trait]
pub trait Letters: Send + Sync {
    /// A letter and what it tells.
    type Drafted: Send + Sync;

    /// The letters that are called for now, or what stands in the way.
    async fn letters(&self) -> Result<Vec<Self::Drafted>, String>;

    /// The letter itself.
    fn letter<'a>(&self, drafted: &'a Self::Drafted) -> &'a Letter;

    /// Whose it is, in a word that log lines may hold.
    fn officer<'a>(&self, drafted: &'a Self::Drafted) -> &'a str;

    /// Notes that it needs not be sent again.
    async fn done(&self, drafted: Self::Drafted) -> Result<(), String>;
}

/// Who carries letters.
#[async_trait]
pub trait Carrier: Send + Sync {
    /// Hands a letter over.
    async fn carry(&self, letter: &Letter) -> Result<(), Undelivered>;
}

/// Looks and hands over until told to stop; waits longer each time the server takes nothing.
pub async fn run<L: Letters>(
    letters: L,
    carrier: Arc<dyn Carrier>,
    (rng, signals): (Arc<dyn Rng>, Arc<Signals>),
    stop: CancellationToken,
) {
    let (mut failures, mut told) = (0, signals.notices());
    loop {
        told.mark_unchanged();
        let result = tokio::select! {
            () = stop.cancelled() => return,
            result = round(&letters, &*carrier) => result,
        };
        let pause = match result {
            Ok(()) => {
                failures = 0;
                PAUSE
            }
            Err(error) => {
                tracing::warn!(error, "letters wait; they stay in the officers' inboxes meanwhile");
                let [a, b, c, d] = random(&*rng);
                let wait = delay_ms(failures, u32::from_be_bytes([a, b, c, d]));
                failures += 1;
                PAUSE.max(Duration::from_millis(wait.unsigned_abs()))
            }
        };
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(pause) => {}
            // A server that takes nothing is left alone until the pause is over.
            Ok(()) = told.changed(), if failures == 0 => {}
        }
    }
}

/// Hands over what waits. Where letter after letter must wait, the server is at fault, and the rest is not tried.
async fn round<L: Letters>(letters: &L, carrier: &dyn Carrier) -> Result<(), String> {
    let (mut in_a_row, mut waits) = (0, None);
    for drafted in letters.letters().await? {
        let officer = letters.officer(&drafted).to_owned();
        match carrier.carry(letters.letter(&drafted)).await {
            Ok(()) => {
                in_a_row = 0;
                tracing::info!(officer, "a letter was handed over");
            }
            Err(Undelivered::Refused(reason)) => {
                tracing::warn!(
                    officer,
                    reason,
                    "the mail server refuses the letter; see to the address with `sealane user mail`"
                );
            }
            Err(Undelivered::Later(reason)) => {
                in_a_row += 1;
                if in_a_row == WAITING_MAX {
                    return Err(reason);
                }
                waits = Some(reason);
                continue;
            }
        }
        letters.done(drafted).await?;
    }
    waits.map_or(Ok(()), Err)
}
