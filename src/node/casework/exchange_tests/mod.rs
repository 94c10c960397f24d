//! Tests of the exchange between desks: real stores, keys and logs; the test carries the frames and is the network.

mod files;
mod foreign;
mod network;
mod refusals;
mod refused_acts;
mod removed;
mod requests;
mod rooms;
mod shares;
