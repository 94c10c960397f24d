//! The append-only log as mathematics: trees, proofs, notes, checkpoints; knows bytes, not cases, and does no IO.
//!
//! | file | is | written down in |
//! |---|---|---|
//! | [`tree`] | hashes, roots, the frontier of a growing tree | RFC 9162 2.1 |
//! | [`proof`] | verification of inclusion and consistency | RFC 9162 2.1.3.2, 2.1.4.2 |
//! | [`tile`] | tiles and entry bundles, their paths and bytes | c2sp.org/tlog-tiles |
//! | [`prove`], [`append`] | proofs made from tiles, tiles made from leaves | c2sp.org/tlog-tiles |
//! | [`small_tree`] | all proofs of a tree in memory | RFC 9162 2.1 |
//! | [`ed25519`], [`key`] | the one signature check, named keys | c2sp.org/signed-note |
//! | [`cosignature`], [`note`], [`checkpoint`] | what logs and witnesses sign | c2sp.org/tlog-checkpoint, tlog-cosignature |
//! | [`tlog_policy`], [`tlog_proof`] | what an offline verifier trusts and checks | c2sp.org/tlog-policy, tlog-proof |
//! | [`witness`] | what a witness must refuse | c2sp.org/tlog-witness |
//!
//! Out of scope: storage, transport, time (the caller gives it), the meaning of entries, and signatures other than
//! Ed25519; signature lines of other kinds are kept and ignored.

pub mod tree;

pub mod proof;
pub mod tile;

pub mod append;
pub mod prove;
pub mod small_tree;

pub mod ed25519;
pub mod key;

pub mod cosignature;
pub mod note;

pub mod checkpoint;
pub mod tlog_policy;
pub mod tlog_proof;
pub mod witness;

mod text;
