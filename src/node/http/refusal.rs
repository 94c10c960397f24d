//! How each refusal of a use case is answered over HTTP: one exhaustive match; decides nothing itself.

use serde_json::{Value, json};

use crate::domain::finding::{Finding, Severity};
use crate::node::casework::Error;
use crate::node::http::problem::{Kind, Problem};

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match error {
            Error::NotFound(what) => Self::new(
                Kind::NotFound,
                format!("There is no such {what}, or none that you may know of."),
            ),
            Error::NotPermitted(reason) => Self::new(Kind::NotPermitted, reason),
            Error::Invalid(findings) => unsound(&findings),
            Error::IllegalStep(reason) | Error::Conflict(reason) => {
                Self::new(Kind::Conflict, reason)
            }
            Error::Erased(reason) => Self::new(Kind::Erased, reason),
            Error::Peer(reason) => Self::new(Kind::PeerFailed, reason),
            Error::Full => Self::new(Kind::StorageFull, Error::Full.to_string()),
            Error::NoRoom(reason) => Self::new(Kind::StorageFull, reason),
            Error::Unavailable(reason) => Self::new(Kind::Unavailable, reason),
            Error::Internal(cause) => Self::internal(&*cause),
        }
    }
}

/// The input is not sound: every finding is told, so that one answer is enough to mend it.
#[must_use]
pub fn unsound(findings: &[Finding]) -> Problem {
    let lines: Vec<String> = findings.iter().map(told).collect();
    let findings: Vec<Value> = findings.iter().map(finding).collect();
    Problem::new(Kind::Invalid, lines.join("; ")).with("findings", findings)
}

fn told(finding: &Finding) -> String {
    match finding.path.as_str() {
        "" => finding.message.clone(),
        path => format!("{path}: {}", finding.message),
    }
}

fn finding(finding: &Finding) -> Value {
    let severity = match finding.severity {
        Severity::Error => "error",
        Severity::Info => "info",
        Severity::Warning => "warning",
    };
    json!({ "path": finding.path, "severity": severity, "message": finding.message })
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::to_bytes;
    use axum::http::header;
    use axum::response::IntoResponse as _;

    async fn answer(error: Error) -> (u16, Value, Option<String>) {
        let answer = Problem::from(error).into_response();
        let status = answer.status().as_u16();
        let after = answer.headers().get(header::RETRY_AFTER);
        let after = after.map(|value| value.to_str().unwrap().to_owned());
        let body = to_bytes(answer.into_body(), 65_536).await.unwrap();
        (status, serde_json::from_slice(&body).unwrap(), after)
    }

    #[tokio::test]
    async fn every_refusal_has_its_status() {
        for (error, status) in [
            (Error::NotFound("case"), 404),
            (Error::NotPermitted("no".into()), 403),
            (Error::invalid("title", "is empty"), 422),
            (Error::IllegalStep("closed".into()), 409),
            (Error::Conflict("faster".into()), 409),
            (Error::Erased("gone".into()), 410),
            (Error::Peer("silent".into()), 502),
            (Error::Full, 507),
            (Error::NoRoom("2 % are free".into()), 507),
            (Error::Unavailable("halted".into()), 503),
            (Error::internal("table damaged"), 500),
        ] {
            let (found, body, after) = answer(error).await;
            assert_eq!(found, status, "{body}");
            assert_eq!(after.is_some(), status == 503, "{body}");
            assert!(!body.to_string().contains("damaged"), "{body}");
        }
    }

    #[tokio::test]
    async fn an_unsound_input_is_told_finding_by_finding() {
        let findings =
            vec![Finding::error("title", "is empty"), Finding::warning("goods/0/hs", "is short")];
        let (_, body, _) = answer(Error::Invalid(findings)).await;
        assert_eq!(body["findings"][1]["path"], "goods/0/hs");
        assert_eq!(body["findings"][1]["severity"], "warning");
        assert!(body["detail"].as_str().unwrap().contains("title: is empty"));
    }
}
