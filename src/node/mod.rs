//! The running node: builds its parts from the configuration, starts them and stops them in order.

pub mod clock;
pub mod config;
pub mod drill;
pub mod rng;
pub mod signals;
pub mod telemetry;

pub mod blobs;
pub mod keys;
pub mod log;
pub mod peer;
pub mod store;

pub mod casework;
pub mod jobs;

pub mod profiles;

pub mod cli;
pub mod http;

