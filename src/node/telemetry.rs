//! Log lines and metrics of the process: where they go and in which form; decides nothing about what is measured.
//!
//! What may be printed: ids, counts, durations, names of authorities. Never personal data, evidence or secrets.

use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::ParseError;
use tracing_subscriber::util::TryInitError;

/// The form of log lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// One JSON object a line, for collectors.
    Json,
    /// Lines for people.
    Text,
}

/// Why telemetry cannot be started.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// The filter cannot be read.
    #[error("the log filter cannot be read: {0}")]
    Filter(#[from] ParseError),
    /// Something in this process logs already.
    #[error("log lines of this process already go somewhere else")]
    Logs(#[from] TryInitError),
    /// Something in this process measures already.
    #[error("the metrics of this process cannot be recorded: {0}")]
    Metrics(#[from] BuildError),
}

/// Sends log lines to standard error. Control characters in values are escaped by the formatter.
///
/// # Errors
/// If the filter cannot be read, or lines already go somewhere else.
pub fn start_logs(form: Form, filter: &str) -> Result<(), TelemetryError> {
    use tracing_subscriber::util::SubscriberInitExt as _;
    let lines = tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::try_new(filter)?)
        .with_writer(std::io::stderr)
        .with_target(true);
    match form {
        Form::Json => lines.json().flatten_event(true).finish().try_init()?,
        Form::Text => lines.with_ansi(false).finish().try_init()?,
    }
    Ok(())
}

/// The metrics of this process, for `/metrics`.
#[derive(Clone, Debug)]
pub struct Metrics(PrometheusHandle);

impl Metrics {
    /// Makes this process's metrics readable; once a process.
    ///
    /// # Errors
    /// If metrics already go somewhere else.
    pub fn start() -> Result<Self, TelemetryError> {
        let seconds = Matcher::Suffix("_seconds".to_owned());
        let recorder = PrometheusBuilder::new().set_buckets_for_metric(seconds, &SECONDS)?;
        Ok(Self(recorder.install_recorder()?))
    }

    /// All metrics in the text format of Prometheus.
    #[must_use]
    pub fn render(&self) -> String {
        self.0.render()
    }

    /// Sorts what was measured since the last call into its buckets; to be called every few seconds.
    pub fn tidy(&self) {
        self.0.run_upkeep();
    }
}

/// From a commit on a fast disk to a request that runs into its deadline.
const SECONDS: [f64; 12] =
    [0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0, 30.0];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_that_cannot_be_read_is_refused() {
        assert!(matches!(start_logs(Form::Json, "a=b=c"), Err(TelemetryError::Filter(_))));
    }
}
