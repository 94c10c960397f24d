//! What a handler takes apart from the caller: a JSON body, a query, an id in the path; each failure is a problem.

use axum::extract::{FromRequest, FromRequestParts, Path};
use axum::http::request::Parts;

use crate::domain::id::ObjectId;
use crate::node::http::problem::{Kind, Problem};

/// A JSON body. One that is JSON but not what the path takes is told like an unsound field (422).
#[derive(Clone, Copy, Debug, FromRequest)]
#[from_request(via(axum::Json), rejection(Problem))]
pub struct Document<T>(pub T);

/// The parameters of a query.
#[derive(Clone, Copy, Debug, FromRequestParts)]
#[from_request(via(axum::extract::Query), rejection(Problem))]
pub struct Params<T>(pub T);

/// The one id in a path. A text that is no id names nothing, so it is answered as an unknown one.
#[derive(Clone, Copy, Debug)]
pub struct Id(pub ObjectId);

impl<S: Send + Sync> FromRequestParts<S> for Id {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Path(text) = Path::<String>::from_request_parts(parts, state).await?;
        text.parse().map(Self).map_err(|_| {
            Problem::new(
                Kind::NotFound,
                "There is nothing of that id, or nothing that you may know of.",
            )
        })
    }
}
