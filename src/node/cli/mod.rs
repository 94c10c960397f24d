//! The command line; talks to a running node or to its data directory.
