//! The court pack: its layout, writing one as a stream, and reading one that may be hostile; judges nothing.
//!
//! A pack is a BagIt bag (RFC 8493) in a zip archive with one folder at its top. [`PackWriter`] makes one,
//! [`PackReader`] gives its files; what they prove is for [`check`](crate::audit::check) to say.

pub mod layout;

mod directory;
pub mod read;

mod claims;
mod page;
mod readme;
mod trust_files;
pub mod write;

pub(crate) use claims::{Claim, claims};
pub(crate) use trust_files::trust_files;

pub use page::escape;
pub use read::{PackError, PackReader};
pub use write::{Content, PackInfo, PackRecord, PackWriteError, PackWriter};
