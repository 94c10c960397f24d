//! The integration tests, one program with a module a subject; unit tests are beside the code.

mod support;

mod audit;
mod store;
mod vectors;
