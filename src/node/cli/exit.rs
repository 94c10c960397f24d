//! How a command ends: what went wrong for whom, as an exit code and one message on standard error.

use std::io::{self, Write as _};
use std::process::ExitCode;

/// A way to end other than well. Anything else that fails ends with exit code 1.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// The store failed, so the node stopped: exit code 70.
    #[error("{0}")]
    Halted(String),
    /// Refused or not found: exit code 1.
    #[error("{0}")]
    Refused(String),
    /// The node could not be reached: exit code 4.
    #[error("{0}")]
    Unreachable(String),
    /// Something was checked and is not as it should be: exit code 3.
    #[error("{0}")]
    Unverified(String),
    /// Wrong usage: exit code 2.
    #[error("{0}")]
    Usage(String),
}

impl Failure {
    /// The exit code of the process.
    #[must_use]
    pub const fn code(&self) -> u8 {
        match self {
            Self::Refused(_) => 1,
            Self::Usage(_) => 2,
            Self::Unverified(_) => 3,
            Self::Unreachable(_) => 4,
            Self::Halted(_) => 70,
        }
    }
}

/// Says on standard error why a command failed, and gives the exit code for it.
pub(super) fn report(error: &anyhow::Error) -> ExitCode {
    let nobody_reads = error
        .downcast_ref::<io::Error>()
        .is_some_and(|cause| cause.kind() == io::ErrorKind::BrokenPipe);
    if nobody_reads {
        return ExitCode::SUCCESS;
    }
    let code = error.downcast_ref::<Failure>().map_or(1, Failure::code);
    // If standard error is closed too, the exit code must do.
    let _ = writeln!(io::stderr(), "sealane: {}", told(error));
    ExitCode::from(code)
}

/// The error and its causes, each said once: many messages hold what the system said already.
fn told(error: &anyhow::Error) -> String {
    error.chain().fold(String::new(), |mut text, cause| {
        let cause = cause.to_string();
        if text.is_empty() {
            text = cause;
        } else if !text.contains(&cause) {
            text.push_str(": ");
            text.push_str(&cause);
        }
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cause_that_stands_in_the_message_is_not_repeated() {
        #[derive(Debug, thiserror::Error)]
        #[error("cannot read the file: {source}; check its mode")]
        struct Said {
            source: io::Error,
        }
        let error = anyhow::Error::new(Said { source: io::Error::other("denied") });
        assert_eq!(told(&error), "cannot read the file: denied; check its mode");
        let error = anyhow::Error::new(io::Error::other("denied")).context("cannot start");
        assert_eq!(told(&error), "cannot start: denied");
    }

    #[test]
    fn a_failure_keeps_its_exit_code_under_context() {
        let error = anyhow::Error::new(Failure::Unreachable("no".into())).context("asking");
        assert_eq!(format!("{:?}", report(&error)), format!("{:?}", ExitCode::from(4)));
        let other = anyhow::anyhow!("what else");
        assert_eq!(format!("{:?}", report(&other)), format!("{:?}", ExitCode::from(1)));
        let closed = anyhow::Error::new(io::Error::from(io::ErrorKind::BrokenPipe));
        assert_eq!(format!("{:?}", report(&closed)), format!("{:?}", ExitCode::SUCCESS));
    }
}
