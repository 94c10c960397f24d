//! The HTTP face: API, log tiles, witness endpoint, health; decides nothing.
//!
//! Every answer passes [`frame()`]: request id, bounds, security headers, and problems (RFC 9457) for whatever failed.

pub mod admin;
pub mod api;
pub mod caller;
pub mod document;
mod download;
pub mod escape;
pub mod frame;
pub mod health;
pub mod log;
pub mod officer;
pub mod openapi;
pub mod pace;
pub mod pairing;
pub mod problem;
pub mod refusal;
pub mod repeat;
pub mod router;
mod scratch;
pub mod seen;
pub mod server;
pub mod state;
mod tag;
pub mod tls;
mod upload;
pub mod witness;

pub use axum::Router;

pub use crate::node::http::caller::{Authenticate, Caller};
pub use crate::node::http::frame::{Bounds, frame};
pub use crate::node::http::officer::Officer;
pub use crate::node::http::openapi::document;
pub use crate::node::http::problem::{Kind, Problem};
pub use crate::node::http::router::{PATHS, TRAINING, router};
pub use crate::node::http::state::ApiState;
