//! The running node: builds its parts from the configuration, starts them and stops them in order.

pub mod clock;
pub mod config;
pub mod drill;
pub mod rng;
pub mod signals;
pub mod telemetry;
mod throttle;

pub mod blobs;
pub mod inbound;
pub mod keys;
pub mod log;
pub mod mail;
pub mod peer;
pub mod store;

pub mod casework;
pub mod jobs;

pub mod doctor;
pub mod init;
pub mod mappings;
pub mod profiles;
pub mod start;
pub mod trust;
pub mod upkeep;
pub mod workflows;

mod health;
mod listeners;
mod pairing;
mod running;
mod standing;
mod wiring;
mod witnessing;

pub mod cli;
pub mod http;

pub use crate::node::running::{Addresses, Node};
pub use crate::node::start::{Seams, StartError};
