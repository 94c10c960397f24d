//! The newest record that a caller has seen of what they change (If-Match, RFC 9110 13.1.1); compares nothing itself.

use axum::extract::FromRequestParts;
use axum::http::header;
use axum::http::request::Parts;

use crate::node::casework::Error;
use crate::node::http::problem::{Kind, Problem};
use crate::record::StatementHash;

/// The head that `If-Match` names, alone or within the tag of what was read; none without the header.
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
                "If-Match must be one tag: the ETag of what you read, or its member 'head' in quotes.",
            )
        })?;
        Ok(Self(Some(hash)))
    }
}

fn parsed(tag: &str) -> Option<StatementHash> {
    let tag = tag.strip_prefix('"')?.strip_suffix('"')?;
    let (hash, digest) = tag.split_once('-').unwrap_or((tag, ""));
    if !digest.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    Some(StatementHash(hex::decode(hash).ok()?.try_into().ok()?))
}

/// As [`SeenHead`], for a path on which every caller must say what they have seen (428, RFC 6585 3).
#[derive(Clone, Copy, Debug)]
pub struct SeenFirst(pub SeenHead);

impl<S: Send + Sync> FromRequestParts<S> for SeenFirst {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let seen = SeenHead::from_request_parts(parts, state).await?;
        if seen.hash().is_none() {
            return Err(Problem::new(
                Kind::SeenNothing,
                "Read it first, and send the ETag of that answer back as If-Match: so nobody's change is overwritten \
                 unseen.",
            ));
        }
        Ok(Self(seen))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_one_quoted_hash() {
        let hash = "0a".repeat(32);
        for good in [format!("\"{hash}\""), format!("\"{hash}-0123456789abcdef\"")] {
            assert_eq!(parsed(&good), Some(StatementHash([10; 32])), "{good}");
        }
        assert_eq!(parsed(&format!("\"{hash}-x\"")), None);
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
