//! Every parser of foreign bytes as a function that must not panic; run by `fuzz.rs` on stable and by cargo-fuzz.

mod audit;
mod blobs;
mod config;
mod domain;
mod node;
mod peer;
mod profile;
mod record;
mod transparency;
mod workflow;

/// A parser under test.
pub(crate) struct Target {
    /// The name of its program and of its corpus.
    pub(crate) name: &'static str,
    /// Reads an input, and panics if what it read is not what it should be.
    pub(crate) run: fn(&[u8]),
}

const fn target(name: &'static str, run: fn(&[u8])) -> Target {
    Target { name, run }
}

/// All of them.
pub(crate) const TARGETS: &[Target] = &[
    target("add_checkpoint", transparency::add_checkpoint),
    target("blob_range", blobs::blob_range),
    target("card", record::card),
    target("card_file", audit::card_file),
    target("certificate_leaf", node::certificate_leaf),
    target("checkpoint", transparency::checkpoint),
    target("config", config::config),
    target("declarations", node::declarations),
    target("entry_bundle", transparency::entry_bundle),
    target("field", record::field),
    target("frame", peer::frame),
    target("identifier", domain::identifier),
    target("json_rows", node::json_rows),
    target("mapping", node::mapping),
    target("marking", domain::marking),
    target("message", peer::message),
    target("note", transparency::note),
    target("pack", audit::pack),
    target("profile", profile::profile),
    target("receipt", record::receipt),
    target("restore_archive", node::restore_archive),
    target("statement", record::statement),
    target("tile_path", transparency::tile_path),
    target("tlog_policy", transparency::tlog_policy),
    target("tlog_proof", transparency::tlog_proof),
    target("value", record::value),
    target("workflow", workflow::workflow),
];
