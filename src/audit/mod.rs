//! What an auditor can check with a file and public keys alone; asks no node, opens no file by name and reads no clock.
//!
//! A court pack ([`pack`]) is a BagIt bag in a zip archive: records with their fields, receipts and proofs, checkpoints,
//! cards and evidence files. [`check`] goes through one by a list of rules ([`rule`]) and collects every finding in a
//! [`Report`]. A part of the audit trail ([`trail`]) is a file of lines that is checked alike. `sealane-verify` is a thin shell around it.

pub mod card_file;
pub mod rule;

pub mod pack;
pub mod report;

pub mod check;
pub mod trail;

pub use check::{Options, Progress, check_pack};
pub use report::{Finding, Report, Severity, Verdict};
pub use trail::check_trail;
