//! The node's own transparency log: sequencing, sealing, tiles and witness state.
