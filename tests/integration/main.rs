//! The integration tests, one program with a module a subject; unit tests are beside the code.

mod support;

mod api;
mod architecture;
mod audit;
mod command_line;
mod day;
mod demo;
mod foreign;
mod fuzz;
mod identifiers;
mod log;
mod node;
mod store;
mod supply;
mod upkeep;
mod vectors;
