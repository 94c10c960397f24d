//! A drill for administrators and the kill harness: the node ends itself once at a named point; decides nothing else.
//!
//! The points stand where a crash is hardest to repair. Without `SEALANE_CRASH_AT` each is a comparison with nothing.

use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};

/// A record is committed and not sealed.
pub const AFTER_COMMIT: &str = "after_commit";
/// A record is sealed and not sent.
pub const AFTER_SEAL: &str = "after_seal";
/// A peer's receipt is stored and its outbox row not settled.
pub const AFTER_RECEIPT: &str = "after_receipt";

/// Every point at which a drill can end the node.
pub const POINTS: [&str; 3] = [AFTER_COMMIT, AFTER_SEAL, AFTER_RECEIPT];

/// Where, if anywhere, the node ends itself.
#[derive(Clone, Debug, Default)]
pub struct Drill(Option<Armed>);

#[derive(Clone, Debug)]
struct Armed {
    point: String,
    done: PathBuf,
}

/// A point that there is not.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("SEALANE_CRASH_AT is '{0}': the points are after_commit, after_seal and after_receipt")]
pub struct UnknownPoint(String);

impl Drill {
    /// The drill that the configuration asks for. One that was done before in that data directory is not done again.
    ///
    /// # Errors
    /// If there is no such point.
    pub fn of(point: Option<&str>, data_dir: &Path) -> Result<Self, UnknownPoint> {
        let Some(point) = point.filter(|point| !point.is_empty()) else { return Ok(Self(None)) };
        if !POINTS.contains(&point) {
            return Err(UnknownPoint(point.to_owned()));
        }
        let done = data_dir.join(format!("drill-{point}.done"));
        if done.exists() {
            return Ok(Self(None));
        }
        tracing::warn!(point, "a drill: this node will end itself once");
        Ok(Self(Some(Armed { point: point.to_owned(), done })))
    }

    /// Ends the process without any tidying, as a power cut would, if the drill is for this point.
    pub fn point(&self, name: &str) {
        if let Some(armed) = &self.0
            && armed.point == name
            && mark(&armed.done)
        {
            tracing::warn!(point = name, "the drill ends this node now");
            std::process::abort();
        }
    }
}

/// Makes the mark durable; false if it was there, or cannot be made, so that no node ends itself again and again.
fn mark(done: &Path) -> bool {
    let made = OpenOptions::new().write(true).create_new(true).open(done);
    let Ok(file) = made else { return false };
    let folder = done.parent().map(File::open);
    file.sync_all().is_ok()
        && folder.is_none_or(|folder| folder.is_ok_and(|f| f.sync_all().is_ok()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_point_is_refused_and_a_done_drill_is_not_repeated() {
        let dir = tempfile::tempdir().unwrap();
        assert!(Drill::of(Some("now"), dir.path()).is_err());
        assert!(Drill::of(None, dir.path()).unwrap().0.is_none());
        let armed = Drill::of(Some(AFTER_SEAL), dir.path()).unwrap();
        armed.point(AFTER_COMMIT);
        let done = armed.0.unwrap().done;
        assert!(mark(&done));
        assert!(!mark(&done));
        assert!(Drill::of(Some(AFTER_SEAL), dir.path()).unwrap().0.is_none());
    }
}
