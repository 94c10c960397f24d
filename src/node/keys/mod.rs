//! The node's keys: one file a role, content keys, certificates, cards.
