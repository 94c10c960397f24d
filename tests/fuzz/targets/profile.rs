//! Instrument profiles, which one authority may hand to another as files.

use sealane::node::profiles;

pub(crate) fn profile(input: &[u8]) {
    if let Ok(text) = std::str::from_utf8(input) {
        let _ = profiles::load(text);
    }
}
