//! The exchange with other authorities over QUIC with mutual TLS; knows no casework and no store.
//!
//! - [`Endpoint`] binds the UDP socket, accepts paired authorities and hands their requests to an [`Inbound`].
//! - [`QuicCourier`] sends requests; the rest of the node sees the trait [`Courier`].
//! - [`PeerTrust`] says who is paired, [`OwnCertificate`] what the node shows; both change while the node runs.
//! - [`message`] has what is said, [`frame`] how it is framed, [`identity`] how a certificate becomes an authority.

mod blob;
mod certificate;
mod close;
mod contacts;
mod courier;
mod dial;
mod inbound;
mod judge;
mod limits;
mod live;
mod server;
mod socket;
mod streams;
mod tls;
mod trust;

mod client;

pub mod frame;
pub mod identity;
pub mod message;

#[cfg(test)]
mod tests;

pub use certificate::{OwnCertificate, OwnCertificateError};
pub use client::QuicCourier;
pub use close::CloseCode;
pub use contacts::{Contact, Contacts};
pub use courier::{Courier, SendError, SendErrorClass};
pub use inbound::{BlobReader, BlobStream, Inbound};
pub use judge::JudgeError;
pub use limits::PeerLimits;
pub use message::{
    AnchorItem, Anchors, BlobRequest, Deliver, DeliverItem, DisclosedLeaf, Fields, Hello,
    ItemAnswer, LaterReason, Refusal, RefusalCode, WitnessAnswer,
};
pub use server::{BindError, Endpoint, EndpointSetup};
pub use tls::ALPN;
pub use trust::{PeerTrust, Snapshot, TrustedPeer};
