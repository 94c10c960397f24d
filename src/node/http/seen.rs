//! The newest record that a caller has seen of what he changes (If-Match, RFC 9110 13.1.1); compares nothing itself.

use axum::extract::FromRequestParts;
use axum::http::header;
use axum::http::request::Parts;

use crate::node::casework::Error;
use crate::node::http::problem::{Kind, Problem};
use crate::record::StatementHash;

/// The head that `If-Match` names, in quotes as every entity tag; none without the header.
#[derive(Clone, Copy, Debug)]
pub struct SeenHead(Option<StatementHash>);

impl SeenHead {
    /// The head.
    #[must_use]
    pub const fn hash(&self) -> Option<StatementHash> {
        self.0
    }

    /// The problem of a change that failed: a conflict is a stale head if the caller named one.
    #[must_use]
    pub fn problem(&self, error: Error) -> Problem {
        match error {
            Error::Conflict(reason) if self.0.is_some() => Problem::new(Kind::Stale, reason),
            other => other.into(),
        }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for SeenHead {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let Some(value) = parts.headers.get(header::IF_MATCH) else { return Ok(Self(None)) };
        let hash = value.to_str().ok().and_then(parsed).ok_or_else(|| {
            Problem::new(
                Kind::Malformed,
                "If-Match must be one record hash in quotes: the member 'head' of what you read.",
            )
        })?;
        Ok(Self(Some(hash)))
    }
}

fn parsed(tag: &str) -> Option<StatementHash> {
    let hash = tag.strip_prefix('"')?.strip_suffix('"')?;
    Some(StatementHash(hex::decode(hash).ok()?.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_one_quoted_hash() {
        let hash = "0a".repeat(32);
        assert_eq!(parsed(&format!("\"{hash}\"")), Some(StatementHash([10; 32])));
        for bad in ["", "*", &hash, "\"0a\"", &format!("W/\"{hash}\""), &format!("\"{hash}")] {
            assert_eq!(parsed(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_conflict_is_stale_only_for_who_named_a_head() {
        let conflict = || Error::Conflict("changed".into());
        assert_eq!(SeenHead(None).problem(conflict()).kind(), Kind::Conflict);
        let named = SeenHead(Some(StatementHash([0; 32])));
        assert_eq!(named.problem(conflict()).kind(), Kind::Stale);
        assert_eq!(named.problem(Error::NotFound("case")).kind(), Kind::NotFound);
    }
}
