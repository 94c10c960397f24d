//! What several integration tests need: finding the shared test data; holds no tests.

pub(crate) mod node;
pub(crate) mod postgres;

use std::path::{Path, PathBuf};

/// A folder of test data made by others (`vectors/<set>` of the shared folder).
///
/// The folder is named by `SEALANE_SHARED`, else it lies beside the repository. It is too large and too differently
/// licensed to be part of it, so a test without it says that it did not run.
pub(crate) fn shared(set: &str) -> Option<PathBuf> {
    #[expect(clippy::disallowed_methods, reason = "tests have no Config")]
    let root = std::env::var("SEALANE_SHARED")
        .map_or_else(|_| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared"), PathBuf::from);
    let folder = root.join("vectors").join(set);
    if folder.is_dir() {
        return Some(folder);
    }
    #[expect(clippy::print_stdout, reason = "the reader of a test log must see what was left out")]
    {
        println!("NOT RUN: vectors/{set} (shared folder absent)");
    }
    None
}
