//! The states of a case and the steps between them (R04a); entry conditions of a workflow stand elsewhere.

use std::fmt;
use std::str::FromStr;

/// Where a case stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CaseStatus {
    /// Something was noticed.
    Suspicion,
    /// Somebody judges whether it is worth a case.
    Triage,
    /// Accepted as a case, not yet worked on.
    Open,
    /// Being investigated.
    Investigation,
    /// Waiting for another authority.
    PendingExternal,
    /// The facts are in; a decision is due.
    Decision,
    /// Before an administrative or judicial body.
    Proceedings,
    /// The outcome is known.
    Resolved,
    /// Filed away.
    Closed,
    /// Taken up again.
    Reopened,
}

use CaseStatus::{
    Closed, Decision, Investigation, Open, PendingExternal, Proceedings, Reopened, Resolved,
    Suspicion, Triage,
};

impl CaseStatus {
    /// Every status.
    pub const ALL: [Self; 10] = [
        Suspicion,
        Triage,
        Open,
        Investigation,
        PendingExternal,
        Decision,
        Proceedings,
        Resolved,
        Closed,
        Reopened,
    ];

    /// Where a case may go from here.
    #[must_use]
    pub const fn next(self) -> &'static [Self] {
        match self {
            Suspicion => &[Triage, Closed],
            Triage => &[Open, Closed],
            Open => &[Investigation, Closed],
            Investigation => &[PendingExternal, Decision],
            PendingExternal => &[Investigation, Decision],
            Decision => &[Investigation, Proceedings, Resolved],
            Proceedings => &[PendingExternal, Decision, Resolved],
            Resolved => &[Closed, Reopened],
            Closed => &[Reopened],
            Reopened => &[Triage, Investigation, Closed],
        }
    }

    /// The stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Suspicion => "suspicion",
            Triage => "triage",
            Open => "open",
            Investigation => "investigation",
            PendingExternal => "pending_external",
            Decision => "decision",
            Proceedings => "proceedings",
            Resolved => "resolved",
            Closed => "closed",
            Reopened => "reopened",
        }
    }
}

impl fmt::Display for CaseStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A text that names no status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "no such case status: use suspicion, triage, open, investigation, pending_external, decision, proceedings, resolved, closed or reopened"
)]
pub struct UnknownCaseStatus;

impl FromStr for CaseStatus {
    type Err = UnknownCaseStatus;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|status| status.name() == text).ok_or(UnknownCaseStatus)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_is_reached_from_suspicion_and_leads_to_closed() {
        let reach = |from: CaseStatus| {
            let mut seen = vec![from];
            let mut at = 0;
            while let Some(status) = seen.get(at).copied() {
                seen.extend(
                    status.next().iter().filter(|to| !seen.contains(to)).collect::<Vec<_>>(),
                );
                at += 1;
            }
            seen
        };
        for status in CaseStatus::ALL {
            assert!(reach(Suspicion).contains(&status), "{status} is never reached");
            assert!(reach(status).contains(&Closed), "{status} never closes");
            assert!(!status.next().contains(&status));
            assert_eq!(CaseStatus::from_str(status.name()), Ok(status));
        }
    }
}
