//! Who calls: a handler that takes a [`Caller`] cannot run for somebody unknown; what he may do is `policy`'s to say.

use std::net::SocketAddr;
use std::sync::Arc;

use async_trait::async_trait;
use axum::extract::{ConnectInfo, FromRef, FromRequestParts};
use axum::http::header;
use axum::http::request::Parts;
use sha2::{Digest, Sha256};
use tokio::time::Instant;

use crate::node::http::pace::{Pace, TooFast};
use crate::node::http::problem::{Kind, Problem};

/// The longest token that is looked up, in bytes.
const TOKEN_BYTES_MAX: usize = 256;

/// Who knows the tokens. `A` is the actor that `policy` decides about.
#[async_trait]
pub trait Authenticate<A>: Send + Sync + 'static {
    /// The actor whose valid token this is; `None` for an unknown, expired or revoked one, without saying which.
    ///
    /// # Errors
    /// A problem if the node cannot look now.
    async fn actor(&self, token: &str) -> Result<Option<A>, Problem>;
}

/// The officer or tool that a bearer token speaks for (RFC 6750 2.1). Read again from the store for each request.
#[derive(Clone, Debug)]
pub struct Caller<A>(pub A);

impl<S, A> FromRequestParts<S> for Caller<A>
where
    S: Send + Sync,
    A: Clone + Send + Sync + 'static,
    Arc<dyn Authenticate<A>>: FromRef<S>,
    Arc<Pace>: FromRef<S>,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        // What came before the handler may have asked already; a request is counted once.
        if let Some(known) = parts.extensions.get::<Self>() {
            return Ok(known.clone());
        }
        let token = bearer_token(parts).ok_or_else(|| {
            Problem::new(
                Kind::NotSignedIn,
                "Send a token: Authorization: Bearer TOKEN. `sealane token new` makes one.",
            )
        })?;
        let authenticate = Arc::<dyn Authenticate<A>>::from_ref(state);
        let pace = Arc::<Pace>::from_ref(state);
        let digest: [u8; 32] = Sha256::digest(token.as_bytes()).into();
        let address = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip());
        pace.admit(address, &digest, Instant::now()).map_err(|wait| {
            too_fast(
                wait,
                "Too many requests with tokens that are not valid came from your network",
            )
        })?;
        let Some(actor) = authenticate.actor(token).await? else {
            pace.failed(address, &digest, Instant::now());
            return Err(Problem::new(
                Kind::NotSignedIn,
                "The token is not valid, or not any more; `sealane token new` makes another.",
            ));
        };
        pace.count(&digest, Instant::now())
            .map_err(|wait| too_fast(wait, "This token asks faster than this node allows"))?;
        let caller = Self(actor);
        parts.extensions.insert(caller.clone());
        Ok(caller)
    }
}

fn too_fast(TooFast(secs): TooFast, why: &str) -> Problem {
    metrics::counter!("http_requests_too_fast_total").increment(1);
    Problem::new(Kind::TooMany, format!("{why}; ask again in {secs} s.")).after_secs(secs)
}

/// The one bearer token of a request; a second Authorization header makes it none.
pub(crate) fn bearer_token(parts: &Parts) -> Option<&str> {
    let mut values = parts.headers.get_all(header::AUTHORIZATION).iter();
    let value = values.next()?.to_str().ok()?;
    if values.next().is_some() {
        return None;
    }
    let (scheme, token) = value.split_once(' ')?;
    let is_sound = scheme.eq_ignore_ascii_case("bearer")
        && !token.is_empty()
        && token.len() <= TOKEN_BYTES_MAX
        && token.bytes().all(|b| b.is_ascii_graphic());
    is_sound.then_some(token)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::node::http::pace::Paces;
    use axum::http::Request;

    struct OneToken;

    #[async_trait]
    impl Authenticate<u8> for OneToken {
        async fn actor(&self, token: &str) -> Result<Option<u8>, Problem> {
            Ok((token == "sesame").then_some(7))
        }
    }

    #[derive(Clone)]
    struct State(Arc<dyn Authenticate<u8>>);

    impl FromRef<State> for Arc<Pace> {
        fn from_ref(_: &State) -> Self {
            let paces = Paces { token_requests_per_sec: 9, sign_in_failures_per_min: 9 };
            Self::new(Pace::new(paces))
        }
    }

    impl FromRef<State> for Arc<dyn Authenticate<u8>> {
        fn from_ref(state: &State) -> Self {
            Self::clone(&state.0)
        }
    }

    async fn call(headers: &[&str]) -> Result<u8, Kind> {
        let mut request = Request::builder();
        for value in headers {
            request = request.header(header::AUTHORIZATION, *value);
        }
        let (mut parts, ()) = request.body(()).unwrap().into_parts();
        let caller = Caller::from_request_parts(&mut parts, &State(Arc::new(OneToken))).await;
        caller.map(|Caller(actor)| actor).map_err(|problem| problem.kind())
    }

    #[tokio::test]
    async fn only_one_sound_known_token_makes_a_caller() {
        assert_eq!(call(&["Bearer sesame"]).await, Ok(7));
        assert_eq!(call(&["bearer sesame"]).await, Ok(7));
        let long = format!("Bearer {}", "a".repeat(TOKEN_BYTES_MAX + 1));
        let refused: [&[&str]; 6] = [
            &[],
            &["Bearer "],
            &["Basic sesame"],
            &["Bearer other"],
            &["Bearer sesame", "Bearer sesame"],
            &[&long],
        ];
        for headers in refused {
            assert_eq!(call(headers).await, Err(Kind::NotSignedIn), "{headers:?}");
        }
    }
}
