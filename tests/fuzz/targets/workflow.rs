//! Workflows, which an officer sends as text and one authority may hand to another as files.

use sealane::node::workflows;

pub(crate) fn workflow(input: &[u8]) {
    if let Ok(text) = std::str::from_utf8(input) {
        // What is accepted holds together: no case gets stuck under it.
        if let Ok(loaded) = workflows::load(text) {
            assert_eq!(loaded.workflow.check(), Ok(()));
        }
    }
}
